"""The UBL document keeps what it claims, and another reader finds in it what was written."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import hypothesis
import pytest
from facturex.parsers import ubl as reader
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from app.invoices.amounts import totals
from app.invoices.document import Buyer, Document
from app.invoices.ubl import UblProfile, profile, render
from app.trainings.prices import Vat, VatCategory
from tests.invoices.documents import (
    BUYER,
    CREDIT_NOTE,
    DOCUMENTS,
    EXEMPT,
    INCLUDED,
    PRIVATE,
    REASON,
    STANDARD,
)
from tests.invoices.norms import (
    NAMES,
    NLCIUS_RULES,
    against_cen,
    against_nlcius,
    against_schema,
    claims_nlcius,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=30).filter(
    lambda text: bool(text.strip())
)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_keeps_the_schema_of_ubl(name: str) -> None:
    assert against_schema(render(DOCUMENTS[name])) == []


def test_it_keeps_every_rule_of_the_norm() -> None:
    found = against_cen(*map(render, DOCUMENTS.values()))
    assert dict(zip(DOCUMENTS, found, strict=True)) == {name: [] for name in DOCUMENTS}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_keeps_the_dutch_profile_when_it_claims_to(name: str) -> None:
    made = render(DOCUMENTS[name])
    assert claims_nlcius(made) == ("person" not in name and "left out" not in name)
    if claims_nlcius(made):
        assert against_nlcius(made) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_says_until_when_or_how_to_pay(name: str) -> None:
    """BR-CO-25, which the published rules no longer try."""
    root = etree.fromstring(render(DOCUMENTS[name]))
    assert root.findtext("cac:PaymentTerms/cbc:Note", namespaces=NAMES)
    assert (root.findtext("cbc:DueDate", namespaces=NAMES) is None) == (DOCUMENTS[name].credits is not None)


def test_it_never_claims_a_profile_that_it_does_not_keep() -> None:
    """Without a number of its register a Dutch buyer's invoice breaks one rule, and says EN 16931 alone."""
    claimed = render(replace(EXEMPT, buyer=PRIVATE))
    assert against_nlcius(claimed) == ["BR-NL-10", "BR-NL-35"]
    assert not claims_nlcius(claimed)
    assert profile(BUYER) is UblProfile.NLCIUS
    assert profile(replace(PRIVATE, country_code="DE")) is UblProfile.NLCIUS


Element = Any  # of lxml, which has no types
Change = Callable[[Element], None]


def _without(path: str) -> Change:
    def change(root: Element) -> None:
        for found in root.xpath(path, namespaces=NAMES):
            found.getparent().remove(found)

    return change


def _with(path: str, text: str) -> Change:
    def change(root: Element) -> None:
        for found in root.xpath(path, namespaces=NAMES):
            found.text = text

    return change


def _adding(path: str, name: str, text: str | None = "x", place: int = 0) -> Change:
    def change(root: Element) -> None:
        for found in root.xpath(path, namespaces=NAMES):
            prefix, _, local = name.partition(":")
            made = etree.Element(f"{{{NAMES[prefix]}}}{local}")
            made.text = text
            found.insert(place, made)

    return change


def _named(path: str, attribute: str, value: str) -> Change:
    def change(root: Element) -> None:
        for found in root.xpath(path, namespaces=NAMES):
            found.set(attribute, value)

    return change


def _changed(document: Document, change: Change) -> bytes:
    root = etree.fromstring(render(document))
    before = etree.tostring(root)
    change(root)
    made: bytes = etree.tostring(root)
    assert made != before
    return made


SUPPLIER, CUSTOMER = "cac:AccountingSupplierParty/cac:Party", "cac:AccountingCustomerParty/cac:Party"
BROKEN: dict[str, tuple[Document, Change]] = {
    "BR-02": (EXEMPT, _without("cbc:ID")),
    "BR-03": (EXEMPT, _without("cbc:IssueDate")),
    "BR-04": (EXEMPT, _without("cbc:InvoiceTypeCode")),
    "BR-05": (EXEMPT, _without("cbc:DocumentCurrencyCode")),
    "BR-06": (EXEMPT, _without(f"{SUPPLIER}/cac:PartyLegalEntity/cbc:RegistrationName")),
    "BR-07": (EXEMPT, _without(f"{CUSTOMER}/cac:PartyLegalEntity/cbc:RegistrationName")),
    "BR-08": (EXEMPT, _without(f"{SUPPLIER}/cac:PostalAddress")),
    "BR-09": (EXEMPT, _without(f"{SUPPLIER}/cac:PostalAddress/cac:Country")),
    "BR-10": (EXEMPT, _without(f"{CUSTOMER}/cac:PostalAddress")),
    "BR-11": (EXEMPT, _without(f"{CUSTOMER}/cac:PostalAddress/cac:Country")),
    "BR-16": (EXEMPT, _without("cac:InvoiceLine")),
    "BR-29": (EXEMPT, _with("cac:InvoicePeriod/cbc:EndDate", "2020-01-01")),
    "BR-50": (EXEMPT, _without("cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID")),
    "BR-61": (EXEMPT, _without("cac:PaymentMeans/cac:PayeeFinancialAccount")),
    "BR-CO-10": (EXEMPT, _with("cac:LegalMonetaryTotal/cbc:LineExtensionAmount", "749.00")),
    "BR-CO-13": (EXEMPT, _with("cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount", "749.00")),
    "BR-CO-14": (STANDARD, _with("cac:TaxTotal/cbc:TaxAmount", "157.49")),
    "BR-CO-15": (STANDARD, _with("cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount", "907.49")),
    "BR-CO-16": (INCLUDED, _without("cac:LegalMonetaryTotal/cbc:PayableRoundingAmount")),
    "BR-CO-17": (STANDARD, _with(".//cac:TaxSubtotal/cbc:TaxAmount", "200.00")),
    "BR-E-01": (EXEMPT, _without(".//cac:TaxSubtotal")),
    "BR-E-02": (EXEMPT, _without(f"{SUPPLIER}/cac:PartyTaxScheme")),
    "BR-E-05": (EXEMPT, _with(".//cac:ClassifiedTaxCategory/cbc:Percent", "21")),
    "BR-E-08": (EXEMPT, _with(".//cac:TaxSubtotal/cbc:TaxableAmount", "700.00")),
    "BR-E-09": (EXEMPT, _with(".//cac:TaxSubtotal/cbc:TaxAmount", "1.00")),
    "BR-E-10": (EXEMPT, _without(".//cbc:TaxExemptionReason")),
    "BR-S-01": (STANDARD, _without(".//cac:TaxSubtotal")),
    "BR-S-02": (STANDARD, _without(f"{SUPPLIER}/cac:PartyTaxScheme")),
    "BR-S-05": (STANDARD, _with(".//cac:ClassifiedTaxCategory/cbc:Percent", "0")),
    "BR-S-08": (STANDARD, _with(".//cac:TaxSubtotal/cbc:TaxableAmount", "700.00")),
    "BR-S-09": (STANDARD, _with(".//cac:TaxSubtotal/cbc:TaxAmount", "1.00")),
    "BR-S-10": (STANDARD, _adding(".//cac:TaxSubtotal/cac:TaxCategory", "cbc:TaxExemptionReason", place=2)),
    "BR-CL-22": (
        replace(EXEMPT, buyer=PRIVATE),
        _with(".//cbc:TaxExemptionReasonCode", "VATEX-NL-ONDERWIJS"),
    ),
}


def test_the_rules_of_the_norm_find_what_is_broken() -> None:
    """Each of those that apply here, by a document that breaks it: so none of them is silent."""
    found = against_cen(*(_changed(*one) for one in BROKEN.values()))
    assert [rule for rule, ids in zip(BROKEN, found, strict=True) if rule not in ids] == []


def _representative(root: Element) -> None:
    """A tax representative in the Netherlands, whose address lacks its street."""
    party = etree.SubElement(root, f"{{{NAMES['cac']}}}TaxRepresentativeParty")
    address = etree.SubElement(party, f"{{{NAMES['cac']}}}PostalAddress")
    country = etree.SubElement(address, f"{{{NAMES['cac']}}}Country")
    etree.SubElement(country, f"{{{NAMES['cbc']}}}IdentificationCode").text = "NL"


PROFILE: dict[str, tuple[Document, Change]] = {
    "BR-NL-1": (EXEMPT, _named(f"{SUPPLIER}/cac:PartyLegalEntity/cbc:CompanyID", "schemeID", "0088")),
    "BR-NL-2": (EXEMPT, _without("cbc:BuyerReference|cac:OrderReference")),
    "BR-NL-3": (EXEMPT, _without(f"{SUPPLIER}/cac:PostalAddress/cbc:StreetName")),
    "BR-NL-4": (EXEMPT, _without(f"{CUSTOMER}/cac:PostalAddress/cbc:PostalZone")),
    "BR-NL-5": (EXEMPT, _representative),
    "BR-NL-7": (EXEMPT, _with("cbc:InvoiceTypeCode", "326")),
    "BR-NL-8": (EXEMPT, _with("cbc:InvoiceTypeCode", "381")),
    "BR-NL-9": (CREDIT_NOTE, _without("cac:BillingReference")),
    "BR-NL-10": (EXEMPT, _without(f"{CUSTOMER}/cac:PartyLegalEntity/cbc:CompanyID")),
    "BR-NL-11": (EXEMPT, _without("cac:PaymentMeans")),
    "BR-NL-12": (EXEMPT, _with("cac:PaymentMeans/cbc:PaymentMeansCode", "10")),
    "BR-NL-19": (EXEMPT, _adding(".", "cbc:TaxCurrencyCode", "EUR")),
    "BR-NL-20": (EXEMPT, _adding(".", "cbc:TaxPointDate", "2021-09-01")),
    "BR-NL-21": (EXEMPT, _adding("cac:InvoicePeriod", "cbc:DescriptionCode", "35")),
    "BR-NL-24": (
        CREDIT_NOTE,
        _adding("cac:BillingReference/cac:InvoiceDocumentReference", "cbc:IssueDate", "2021-09-01"),
    ),
    "BR-NL-25": (EXEMPT, _with(f"{SUPPLIER}/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID", "TAX")),
    "BR-NL-26": (EXEMPT, _adding(f"{SUPPLIER}/cac:PartyLegalEntity", "cbc:CompanyLegalForm")),
    "BR-NL-27": (EXEMPT, _adding(f"{CUSTOMER}/cac:PostalAddress", "cac:AddressLine")),
    "BR-NL-28": (EXEMPT, _adding(f"{CUSTOMER}/cac:PostalAddress", "cbc:CountrySubentity")),
    "BR-NL-29": (EXEMPT, _named("cac:PaymentMeans/cbc:PaymentMeansCode", "name", "SEPA")),
    "BR-NL-30": (EXEMPT, _adding("cac:PaymentMeans/cac:PayeeFinancialAccount", "cbc:Name")),
    "BR-NL-31": (
        EXEMPT,
        _adding("cac:PaymentMeans/cac:PayeeFinancialAccount", "cac:FinancialInstitutionBranch"),
    ),
    "BR-NL-32": (EXEMPT, _adding("cac:InvoiceLine", "cbc:AllowanceChargeReasonCode", "95")),
    "BR-NL-33": (EXEMPT, _named("cac:TaxTotal/cbc:TaxAmount", "currencyID", "USD")),
    "BR-NL-35": (EXEMPT, _adding("cac:TaxTotal//cac:TaxCategory", "cbc:TaxExemptionReasonCode")),
    "BR-NL-13": (
        replace(EXEMPT, buyer=replace(BUYER, order_number=None)),
        _adding("cac:InvoiceLine", "cac:OrderLineReference"),
    ),
    "SI-UBL-2": (EXEMPT, _with("cbc:BuyerReference", " ")),
}


@pytest.mark.parametrize("rule", PROFILE)
def test_the_rules_of_the_profile_find_what_is_broken(rule: str) -> None:
    assert rule in against_nlcius(_changed(*PROFILE[rule]))


def test_every_rule_of_the_profile_is_tried() -> None:
    assert {rule.id for rule in NLCIUS_RULES} == set(PROFILE)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_another_reader_finds_what_was_written(name: str) -> None:
    document = DOCUMENTS[name]
    read = reader.parse_root(ET.fromstring(render(document)))
    sums = document.totals
    assert (read.number, read.issue_date, read.due_date) == (
        document.number,
        document.issued_on,
        document.due_on,
    )
    assert read.type_code == ("381" if document.credits else "380")
    assert read.currency == "EUR"
    assert read.seller
    assert read.buyer
    assert (read.seller.vat_id, read.seller.legal_id, read.seller.email) == (
        "NL123456782B01",
        "12345678",
        "administratie@mocca.example",
    )
    assert read.buyer.address
    address = read.buyer.address
    assert (address.line1, address.postcode, address.city, address.country_code) == (
        document.buyer.street,
        document.buyer.postal_code,
        document.buyer.city,
        document.buyer.country_code,
    )
    assert read.buyer.legal_id == (document.buyer.oin or document.buyer.kvk_number)
    assert read.buyer_reference == document.buyer_reference
    assert read.purchase_order_ref == document.buyer.order_number
    assert read.iban == (None if document.credits else "NL91ABNA0417164300")
    assert [line.net_amount for line in read.lines] == [Decimal(net) / 100 for net in sums.lines]
    [vat] = read.vat_breakdown
    assert (vat.category, vat.rate, vat.vat_amount) == (
        document.vat.category.value,
        Decimal(document.vat.rate_percent),
        Decimal(sums.vat) / 100,
    )
    assert vat.exemption_reason == document.vat.exemption_reason
    assert read.computed_line_net_sum() == read.total_net == Decimal(sums.net) / 100
    assert read.total_gross == Decimal(sums.with_vat) / 100
    assert read.amount_due == Decimal(sums.payable) / 100


def test_the_same_document_gives_the_same_bytes() -> None:
    assert render(EXEMPT) == render(replace(EXEMPT))
    assert render(EXEMPT).startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<Invoice ")


@hypothesis.settings(max_examples=25, deadline=None)
@given(
    name=TEXTS,
    street=TEXTS,
    reference=st.none() | TEXTS,
    price=st.integers(1, 10_000_000),
    rate=st.integers(1, 100),
    included=st.booleans(),
)
def test_whatever_may_be_kept_gives_a_valid_document(
    name: str, street: str, reference: str | None, price: int, rate: int, included: bool
) -> None:
    document = replace(
        STANDARD,
        buyer=replace(BUYER, name=name, street=street, reference=reference),
        participant_name=name,
        vat=Vat(VatCategory.STANDARD, rate, price_includes_vat=included),
        totals=totals([price], rate, includes_vat=included),
    )
    made = render(document)
    assert against_schema(made) == []
    assert against_nlcius(made) == []
    root = etree.fromstring(made)
    written = root.findtext(f"{CUSTOMER}/cac:PartyLegalEntity/cbc:RegistrationName", namespaces=NAMES)
    assert written == re.sub("[\ufffe\uffff]", "\ufffd", name)


def test_markup_in_a_name_is_text() -> None:
    name = '</cbc:RegistrationName><x a="&amp;">]]>'
    made = render(replace(EXEMPT, buyer=replace(BUYER, name=name)))
    root = etree.fromstring(made)
    assert root.findtext(f"{CUSTOMER}/cac:PartyLegalEntity/cbc:RegistrationName", namespaces=NAMES) == name


def test_the_buyer_finds_it_back_by_what_it_gave() -> None:
    def reference(buyer: Buyer) -> str:
        return replace(EXEMPT, buyer=buyer).buyer_reference

    assert reference(BUYER) == "PO-2021-118"
    assert reference(replace(BUYER, reference=None)) == "4210"
    assert reference(PRIVATE) == "Noor van der Meer"


def test_the_code_of_the_exemption_is_there_where_the_profile_does_not_advise_against_it() -> None:
    code = b"VATEX-EU-132-1I"
    assert code in render(replace(EXEMPT, buyer=PRIVATE))
    assert code not in render(EXEMPT)
    for made in (render(EXEMPT), render(replace(EXEMPT, buyer=PRIVATE))):
        assert REASON.encode() in made
