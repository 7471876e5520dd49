"""What goes in and out about invoices, sellers and buyers."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.core.paging import Page
from app.core.values import WHOLE, Day, Email, Flag, Input, Moment, Name, Output, Title
from app.invoices import identifiers
from app.invoices.standing import InvoiceKind, InvoiceStatus
from app.invoices.ubl import UblProfile
from app.registrations.lifecycle import Status
from app.trainings.schemas import VatBody, VatRead

LONGEST_NUMBER = 60  # characters of an account number and the like, with what people write between


def _compact(value: object) -> object:
    """The number without the spaces, points and dashes in it; what is far too long is refused as it came."""
    return identifiers.compact(value) if isinstance(value, str) and len(value) <= LONGEST_NUMBER else value


def _is_iban(value: str) -> str:
    if not identifiers.is_iban(value):
        raise PydanticCustomError("iban", "Input should be an IBAN whose check digits are right")
    return value


def _is_bic(value: str) -> str:
    if not identifiers.is_bic(value):
        raise PydanticCustomError("bic", "Input should be a BIC, such as ABNANL2A")
    return value


def _is_vat_number(value: str) -> str:
    if not identifiers.is_vat_number(value):
        raise PydanticCustomError("vat_number", "Input should be a Dutch VAT number, such as NL123456782B12")
    return value


def _is_kvk_number(value: str) -> str:
    if not identifiers.is_kvk_number(value):
        raise PydanticCustomError("kvk_number", "Input should be a KvK number: 8 digits")
    return value


def _is_oin(value: str) -> str:
    if not identifiers.is_oin(value):
        raise PydanticCustomError("oin", "Input should be an OIN: 20 digits")
    return value


def _is_country(value: str) -> str:
    if not identifiers.is_country(value):
        raise PydanticCustomError("country", "Input should be a country code of ISO 3166-1, such as NL")
    return value


def _shape(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "maxLength": LONGEST_NUMBER, "pattern": pattern})


_COMPACT = BeforeValidator(_compact)
Iban = Annotated[
    str, _COMPACT, AfterValidator(_is_iban), _shape("^[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 .-]{11,56}$")
]
Bic = Annotated[str, _COMPACT, AfterValidator(_is_bic), _shape("^[A-Za-z0-9 .-]{8,60}$")]
VatNumber = Annotated[str, _COMPACT, AfterValidator(_is_vat_number), _shape("^[A-Za-z0-9 .-]{14,60}$")]
KvkNumber = Annotated[str, _COMPACT, AfterValidator(_is_kvk_number), _shape("^[0-9 .-]{8,60}$")]
Oin = Annotated[str, _COMPACT, AfterValidator(_is_oin), _shape("^[0-9 .-]{20,60}$")]
Country = Annotated[
    str, AfterValidator(_is_country), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$"})
]
Prefix = Annotated[str, Field(min_length=1, max_length=20, pattern="^[A-Z][A-Z0-9]*$")]
Days = Annotated[int, Field(strict=True, ge=0, le=365), WHOLE]
Payment = Annotated[int, Field(strict=True, ge=1, le=100_000_000), WHOLE]


class SellerPut(Input):
    """What an organisation needs to invoice, whole."""

    legal_name: Title = Field(examples=["Stichting Mocca"])
    street: Title = Field(examples=["Cultuurplein 1"])
    postal_code: Name = Field(examples=["1012 AB"])
    city: Name = Field(examples=["Amsterdam"])
    kvk_number: KvkNumber = Field(examples=["12345678"])
    vat_number: VatNumber = Field(examples=["NL123456782B12"])
    iban: Iban = Field(examples=["NL91 ABNA 0417 1643 00"])
    bic: Bic | None = Field(default=None, examples=["ABNANL2A"])
    email: Email = Field(description="for questions about invoices", examples=["administratie@mocca.example"])
    payment_days: Days = Field(default=30, description="how long a buyer may take")
    number_prefix: Prefix | None = Field(
        default=None, description="what numbers begin with; the slug unless given", examples=["MOCCA"]
    )
    vat: VatBody


class SellerRead(Output):
    """What an organisation needs to invoice."""

    model_config = ConfigDict(title="Seller", from_attributes=True)

    legal_name: str
    street: str
    postal_code: str
    city: str
    kvk_number: str
    vat_number: str
    iban: str
    bic: str | None
    email: str
    payment_days: int
    number_prefix: str
    vat: VatRead


class InvoicingRead(Output):
    """How an organisation invoices; not public."""

    model_config = ConfigDict(title="OrganisationInvoicing")

    organisation: str = Field(examples=["mocca"])
    details: SellerRead | None = Field(description="null until they have been given")


class BuyerBody(Input):
    """Where an invoice goes, whole; the numbers are the buyer's own."""

    name: Title = Field(examples=["Het Lyceum, administratie"])
    street: Title = Field(examples=["Schoolstraat 1"])
    postal_code: Name = Field(examples=["1315 AA"])
    city: Name = Field(examples=["Almere"])
    country_code: Country = Field(default="NL", examples=["NL"])
    email: Email | None = Field(default=None, examples=["facturen@lyceum.example"])
    kvk_number: KvkNumber | None = Field(
        default=None, description="of the school's board; UBL by NLCIUS asks for it", examples=["87654321"]
    )
    oin: Oin | None = Field(
        default=None, description="of a public body, in the place of the KvK number", examples=[None]
    )
    reference: Title | None = Field(default=None, examples=["PO-2021-118"])
    cost_centre: Title | None = Field(default=None, examples=["4210"])
    order_number: Title | None = Field(default=None, examples=["INK-77"])


class SoldBy(Output):
    """Who invoices, as it was when the invoice was issued."""

    legal_name: str
    street: str
    postal_code: str
    city: str
    kvk_number: str
    vat_number: str
    iban: str
    bic: str | None
    email: str


class BuyerRead(Output):
    """Who an invoice goes to."""

    model_config = ConfigDict(title="Buyer", from_attributes=True)

    name: str
    street: str
    postal_code: str
    city: str
    country_code: str
    email: str | None
    kvk_number: str | None
    oin: str | None
    reference: str | None
    cost_centre: str | None
    order_number: str | None


class InvoiceAddressRead(Output):
    """Where the next invoice of a registration goes."""

    model_config = ConfigDict(title="RegistrationInvoiceAddress")

    registration: UUID
    source: Literal["form", "corrected"] | None = Field(
        description="the applicant's answer, or what was put in its place; null: there is none"
    )
    address: BuyerRead | None
    ubl_profile: UblProfile | None = Field(
        description="what the UBL document will follow: nlcius, or en16931 while a Dutch buyer's "
        "KvK number or OIN is not known"
    )
    corrected_at: Moment | None


class InvoiceCreate(Input):
    """For whom to issue an invoice."""

    registration: UUID


class PaymentBody(Input):
    """A payment as the bank shows it; on a credit note, what was given back."""

    paid_on: Day = Field(examples=["2021-09-20"])
    amount_cents: Payment | None = Field(
        default=None,
        description="in euro cents; all that is open unless given, or all that was paid if it is undone",
        examples=[75000],
    )
    undone: Flag = Field(
        default=False, description="an earlier payment is undone, such as one that the bank took back"
    )
    note: Title | None = Field(default=None, examples=["Afschrift 118"])


class CreditReason(Input):
    """Why an invoice is taken back; it stands on the credit note."""

    reason: Title = Field(examples=["Afgemeld voor de eerste bijeenkomst"])


class PaymentRead(Output):
    """A payment on an invoice."""

    model_config = ConfigDict(title="InvoicePayment", from_attributes=True)

    paid_on: Day
    amount_cents: int = Field(description="below zero where an earlier payment was undone")
    note: str | None
    recorded_by: str = Field(description="id of the client")
    recorded_at: Moment


class InvoiceLine(Output):
    """What is paid for."""

    title: str
    description: str
    net_cents: int = Field(description="without VAT")


class InvoiceRead(Output):
    """An invoice or credit note as it was issued, and how it stands."""

    model_config = ConfigDict(title="Invoice")

    number: str = Field(examples=["MOCCA-2021-00001"])
    kind: InvoiceKind
    status: InvoiceStatus
    registration: UUID
    registration_status: Status = Field(
        description="as it is now: who has withdrawn keeps the invoice until it is credited"
    )
    edition: str
    partner: str
    seller: str = Field(description="the organisation that invoices")
    seller_details: SoldBy
    buyer: BuyerRead
    participant_name: str
    lines: list[InvoiceLine]
    vat: VatRead
    net_cents: int
    vat_cents: int
    rounding_cents: int = Field(description="where a price with VAT in it has no exact net amount")
    total_cents: int = Field(description="with VAT; of a credit note what is taken back")
    paid_cents: int = Field(description="of a credit note what was given back")
    open_cents: int = Field(description="still to be paid; of a credit note still to be given back")
    payments: list[PaymentRead]
    issued_at: Moment
    issued_on: Day
    due_on: Day | None
    period_starts_on: Day | None
    period_ends_on: Day | None
    credits: str | None = Field(description="of a credit note: the invoice that it takes back")
    credited_by: str | None = Field(description="of an invoice: the credit note that takes it back")
    reason: str | None = Field(description="of a credit note")
    ubl_profile: UblProfile


class InvoicePage(Page[InvoiceRead]):
    """One page of invoices and credit notes, by number."""


class ParticipantInvoice(Output):
    """How the invoice of a registration stands."""

    registration: UUID
    status: InvoiceStatus | Literal["not-invoiced"]
    price_cents: int = Field(description="what the edition costs now")
    invoice: InvoiceRead | None = Field(description="the newest one, credited or not")


class NotInvoiced(Output):
    """A participant for whom no invoice could be made."""

    registration: UUID
    why: Literal["no-address"] = Field(description="neither the form nor anybody gave a whole address")


class InvoicesIssued(Output):
    """What came of invoicing everybody in an edition who had no invoice yet."""

    issued: list[str] = Field(description="numbers, in the order in which people registered")
    left: list[NotInvoiced]
