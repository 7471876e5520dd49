"""UBL 2.1: the document for the buyer's bookkeeping, by EN 16931 and its Dutch profile NLCIUS. Pure.

The Dutch profile asks for the number under which a Dutch buyer is registered (BR-NL-10). Where it is not
known, as for somebody who pays as a person, the document says that it follows EN 16931 alone: it never
claims a profile that it does not keep. The same document gives the same bytes.
"""

import re
from enum import StrEnum
from xml.etree import ElementTree as ET

from app.invoices.amounts import euros
from app.invoices.document import COUNTRY, Buyer, Document, Seller
from app.invoices.standing import InvoiceKind

NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:"
CURRENCY = "EUR"
PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
ONE = "C62"  # a piece, of UN/ECE Recommendation 20
SEPA_TRANSFER, BY_AGREEMENT = "58", "57"  # UNTDID 4461
# What XML 1.0 has no place for and our texts may hold.
_UNWRITABLE = re.compile("[\ufffe\uffff]")


class UblProfile(StrEnum):
    """What a document claims to follow."""

    NLCIUS = "nlcius"
    EN_16931 = "en16931"


CUSTOMIZATIONS = {
    UblProfile.NLCIUS: "urn:cen.eu:en16931:2017#compliant#urn:fdc:nen.nl:nlcius:v1.0",
    UblProfile.EN_16931: "urn:cen.eu:en16931:2017",
}


def profile(buyer: Buyer) -> UblProfile:
    """The strictest profile that an invoice to this buyer keeps."""
    dutch = buyer.country_code == COUNTRY
    return UblProfile.EN_16931 if dutch and buyer.legal_id is None else UblProfile.NLCIUS


def render(document: Document) -> bytes:
    """The document as XML, UTF-8."""
    credit = document.kind is InvoiceKind.CREDIT_NOTE
    name = "CreditNote" if credit else "Invoice"
    root = ET.Element(
        name,
        {
            "xmlns": f"{NAMESPACE}{name}-2",
            "xmlns:cac": f"{NAMESPACE}CommonAggregateComponents-2",
            "xmlns:cbc": f"{NAMESPACE}CommonBasicComponents-2",
        },
    )
    _head(root, document)
    _supplier(root, document.seller)
    _customer(root, document.buyer)
    _payment(root, document)
    _tax(root, document)
    _totals(root, document)
    _lines(root, document)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"


def _head(root: ET.Element, document: Document) -> None:
    credit = document.kind is InvoiceKind.CREDIT_NOTE
    _text(root, "CustomizationID", CUSTOMIZATIONS[profile(document.buyer)])
    _text(root, "ProfileID", PROCESS)
    _text(root, "ID", document.number)
    _text(root, "IssueDate", document.issued_on.isoformat())
    if document.due_on and not credit:
        _text(root, "DueDate", document.due_on.isoformat())
    _text(root, "CreditNoteTypeCode" if credit else "InvoiceTypeCode", "381" if credit else "380")
    _text(root, "Note", document.reason)
    _text(root, "DocumentCurrencyCode", CURRENCY)
    _text(root, "AccountingCost", document.buyer.cost_centre)
    _text(root, "BuyerReference", document.buyer_reference)
    if document.period:
        period = _part(root, "InvoicePeriod")
        _text(period, "StartDate", document.period[0].isoformat())
        _text(period, "EndDate", document.period[1].isoformat())
    if document.buyer.order_number:
        _text(_part(root, "OrderReference"), "ID", document.buyer.order_number)
    if document.credits:
        # Without its date, which the Dutch profile advises against (BR-NL-24).
        _text(_part(root, "BillingReference", "InvoiceDocumentReference"), "ID", document.credits)


def _supplier(root: ET.Element, seller: Seller) -> None:
    party = _part(root, "AccountingSupplierParty", "Party")
    _text(party, "EndpointID", seller.kvk_number, schemeID="0106")
    _address(party, seller.street, seller.city, seller.postal_code, COUNTRY)
    scheme = _part(party, "PartyTaxScheme")
    _text(scheme, "CompanyID", seller.vat_number)
    _text(_part(scheme, "TaxScheme"), "ID", "VAT")
    entity = _part(party, "PartyLegalEntity")
    _text(entity, "RegistrationName", seller.legal_name)
    _text(entity, "CompanyID", seller.kvk_number, schemeID="0106")
    _text(_part(party, "Contact"), "ElectronicMail", seller.email)


def _customer(root: ET.Element, buyer: Buyer) -> None:
    party = _part(root, "AccountingCustomerParty", "Party")
    if buyer.legal_id:
        _text(party, "EndpointID", buyer.legal_id[1], schemeID=buyer.legal_id[0])
    _address(party, buyer.street, buyer.city, buyer.postal_code, buyer.country_code)
    entity = _part(party, "PartyLegalEntity")
    _text(entity, "RegistrationName", buyer.name)
    if buyer.legal_id:
        _text(entity, "CompanyID", buyer.legal_id[1], schemeID=buyer.legal_id[0])
    if buyer.email:
        _text(_part(party, "Contact"), "ElectronicMail", buyer.email)


def _address(party: ET.Element, street: str, city: str, postal_code: str, country: str) -> None:
    address = _part(party, "PostalAddress")
    _text(address, "StreetName", street)
    _text(address, "CityName", city)
    _text(address, "PostalZone", postal_code)
    _text(_part(address, "Country"), "IdentificationCode", country)


def _payment(root: ET.Element, document: Document) -> None:
    means = _part(root, "PaymentMeans")
    if document.kind is InvoiceKind.CREDIT_NOTE:
        _text(means, "PaymentMeansCode", BY_AGREEMENT)
        _text(_part(root, "PaymentTerms"), "Note", "Wordt verrekend of terugbetaald")
        return
    _text(means, "PaymentMeansCode", SEPA_TRANSFER)
    _text(means, "PaymentID", document.number)
    _text(_part(means, "PayeeFinancialAccount"), "ID", document.seller.iban)
    terms = f"Te betalen binnen {document.payment_days} dagen, onder vermelding van {document.number}"
    _text(_part(root, "PaymentTerms"), "Note", terms)


def _tax(root: ET.Element, document: Document) -> None:
    total = _part(root, "TaxTotal")
    _amount(total, "TaxAmount", document.totals.vat)
    part = _part(total, "TaxSubtotal")
    _amount(part, "TaxableAmount", document.totals.net)
    _amount(part, "TaxAmount", document.totals.vat)
    _category(part, "TaxCategory", document, says_why=True)


def _category(above: ET.Element, name: str, document: Document, *, says_why: bool = False) -> None:
    category, vat = _part(above, name), document.vat
    _text(category, "ID", vat.category.value)
    _text(category, "Percent", str(vat.rate_percent))
    if says_why:
        # The Dutch profile advises against the code (BR-NL-35).
        if profile(document.buyer) is UblProfile.EN_16931:
            _text(category, "TaxExemptionReasonCode", vat.exemption_reason_code)
        _text(category, "TaxExemptionReason", vat.exemption_reason)
    _text(_part(category, "TaxScheme"), "ID", "VAT")


def _totals(root: ET.Element, document: Document) -> None:
    total, sums = _part(root, "LegalMonetaryTotal"), document.totals
    _amount(total, "LineExtensionAmount", sums.net)
    _amount(total, "TaxExclusiveAmount", sums.net)
    _amount(total, "TaxInclusiveAmount", sums.with_vat)
    if sums.rounding:
        _amount(total, "PayableRoundingAmount", sums.rounding)
    _amount(total, "PayableAmount", sums.payable)


def _lines(root: ET.Element, document: Document) -> None:
    credit = document.kind is InvoiceKind.CREDIT_NOTE
    for number, (line, net) in enumerate(zip(document.lines, document.totals.lines, strict=True), start=1):
        element = _part(root, "CreditNoteLine" if credit else "InvoiceLine")
        _text(element, "ID", str(number))
        _text(element, "CreditedQuantity" if credit else "InvoicedQuantity", "1", unitCode=ONE)
        _amount(element, "LineExtensionAmount", net)
        item = _part(element, "Item")
        _text(item, "Description", line.description)
        _text(item, "Name", line.title)
        _category(item, "ClassifiedTaxCategory", document)
        _amount(_part(element, "Price"), "PriceAmount", net)


def _part(above: ET.Element, *names: str) -> ET.Element:
    for name in names:
        above = ET.SubElement(above, f"cac:{name}")
    return above


def _text(above: ET.Element, name: str, text: str | None, **attributes: str) -> None:
    """A member with a text; none where there is no text, for no element may be empty."""
    if text:
        ET.SubElement(above, f"cbc:{name}", attributes).text = _UNWRITABLE.sub("\ufffd", text)


def _amount(above: ET.Element, name: str, cents: int) -> None:
    _text(above, name, euros(cents), currencyID=CURRENCY)
