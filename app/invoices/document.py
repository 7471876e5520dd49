"""What stands on an invoice or a credit note, whole: the same for the PDF and for UBL. Pure."""

from dataclasses import dataclass
from datetime import date

from app.invoices.amounts import Totals
from app.invoices.standing import InvoiceKind
from app.trainings.prices import Vat

COUNTRY = "NL"  # of every seller: a number of the Dutch trade register is asked of them


@dataclass(frozen=True)
class Seller:
    """Who invoices."""

    legal_name: str
    street: str
    postal_code: str
    city: str
    kvk_number: str
    vat_number: str
    iban: str
    bic: str | None
    email: str


@dataclass(frozen=True)
class Buyer:
    """Who pays; the numbers are its own, to find the invoice back by."""

    name: str
    street: str
    postal_code: str
    city: str
    country_code: str = COUNTRY
    email: str | None = None
    kvk_number: str | None = None
    oin: str | None = None
    reference: str | None = None
    cost_centre: str | None = None
    order_number: str | None = None

    @property
    def legal_id(self) -> tuple[str, str] | None:
        """The scheme (ISO 6523) and number by which the buyer is registered, where one is known."""
        if self.oin:
            return "0190", self.oin
        return ("0106", self.kvk_number) if self.kvk_number else None


@dataclass(frozen=True)
class Line:
    """What is paid for; the amount without VAT stands in the totals."""

    title: str
    description: str


@dataclass(frozen=True)
class Document:
    """An invoice, or the credit note that takes one back."""

    kind: InvoiceKind
    number: str
    issued_on: date
    due_on: date | None
    payment_days: int | None
    period: tuple[date, date] | None
    seller: Seller
    buyer: Buyer
    participant_name: str
    lines: tuple[Line, ...]
    vat: Vat
    totals: Totals
    credits: str | None = None
    reason: str | None = None

    @property
    def buyer_reference(self) -> str:
        """What the buyer knows it by (BT-10), which the Dutch profile always asks for."""
        return self.buyer.reference or self.buyer.cost_centre or self.participant_name
