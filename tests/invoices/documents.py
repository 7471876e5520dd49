"""Documents that tests begin with: an invoice that is exempt, one with VAT, and a credit note."""

from dataclasses import replace
from datetime import date

from app.invoices.amounts import totals
from app.invoices.document import Buyer, Document, Line, Seller
from app.invoices.standing import InvoiceKind
from app.trainings.prices import Vat, VatCategory

SELLER = Seller(
    legal_name="Stichting Mocca (voorbeeld)",
    street="Cultuurplein 1",
    postal_code="1012 AB",
    city="Amsterdam",
    kvk_number="12345678",
    vat_number="NL123456782B01",
    iban="NL91ABNA0417164300",
    bic="ABNANL2A",
    email="administratie@mocca.example",
)
BUYER = Buyer(
    name="Het Lyceum, administratie",
    street="Schoolstraat 1",
    postal_code="1315 AA",
    city="Almere",
    email="facturen@lyceum.example",
    kvk_number="87654321",
    reference="PO-2021-118",
    cost_centre="4210",
    order_number="INK-77",
)
PRIVATE = Buyer(name="Noor van der Meer", street="Thuisweg 2", postal_code="1315 AB", city="Almere")
REASON = "Vrijgesteld van btw: onderwijs (artikel 11, lid 1, onderdeel o, Wet OB 1968)"
EXEMPT = Document(
    kind=InvoiceKind.INVOICE,
    number="MOCCA-2021-00001",
    issued_on=date(2021, 9, 1),
    due_on=date(2021, 10, 1),
    payment_days=30,
    period=(date(2021, 10, 7), date(2022, 4, 7)),
    seller=SELLER,
    buyer=BUYER,
    participant_name="Noor van der Meer",
    lines=(
        Line(
            "Cultuurcoördinator Voortgezet Onderwijs",
            "Pilot Noord/Midden 2021-2022, deelnemer Noor van der Meer",
        ),
    ),
    vat=Vat(VatCategory.EXEMPT, 0, REASON, "VATEX-EU-132-1I"),
    totals=totals([75_000], 0, includes_vat=False),
)
STANDARD = replace(EXEMPT, vat=Vat(VatCategory.STANDARD, 21), totals=totals([75_000], 21, includes_vat=False))
# 750 euros with VAT in it have no exact net amount.
INCLUDED = replace(
    EXEMPT,
    vat=Vat(VatCategory.STANDARD, 21, price_includes_vat=True),
    totals=totals([75_000], 21, includes_vat=True),
)
CREDIT_NOTE = replace(
    EXEMPT,
    kind=InvoiceKind.CREDIT_NOTE,
    number="MOCCA-2021-00002",
    issued_on=date(2021, 9, 20),
    due_on=None,
    payment_days=None,
    credits="MOCCA-2021-00001",
    reason="Afgemeld voor de eerste bijeenkomst",
)
DOCUMENTS = {
    "exempt": EXEMPT,
    "with VAT": STANDARD,
    "with VAT in its price": INCLUDED,
    "to a person": replace(EXEMPT, buyer=PRIVATE),
    "to a public body": replace(EXEMPT, buyer=replace(BUYER, kvk_number=None, oin="00000001003214345000")),
    "abroad": replace(EXEMPT, buyer=replace(PRIVATE, postal_code="2000", country_code="BE")),
    "without what may be left out": replace(EXEMPT, buyer=PRIVATE, period=None),
    "several lines": replace(
        STANDARD, lines=EXEMPT.lines * 3, totals=totals([33_333, 33_333, 33_334], 21, includes_vat=False)
    ),
    "credit note": CREDIT_NOTE,
    "credit note with VAT": replace(CREDIT_NOTE, vat=STANDARD.vat, totals=STANDARD.totals),
    "credit note to a person": replace(CREDIT_NOTE, buyer=PRIVATE),
}
