"""How an invoice stands, from what it was and what was paid. Pure: no database, no clock."""

from datetime import date
from enum import StrEnum


class InvoiceKind(StrEnum):
    """What the document is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit-note"


class InvoiceStatus(StrEnum):
    """How it stands."""

    OPEN = "open"
    OVERDUE = "overdue"  # open, and its day has passed
    PAID = "paid"  # of a credit note: nothing is to be given back any more
    CREDITED = "credited"  # taken back whole, by a credit note


def open_cents(due: int, paid: int, *, credited: bool) -> int:
    """What is still to be paid (of a credit note: to be given back)."""
    return 0 if credited else due - paid


def status(due: int, paid: int, due_on: date | None, today: date, *, credited: bool) -> InvoiceStatus:
    """How a document stands on the day `today`; it may be paid on the day `due_on` itself."""
    if credited:
        return InvoiceStatus.CREDITED
    if paid >= due:
        return InvoiceStatus.PAID
    if due_on is not None and today > due_on:
        return InvoiceStatus.OVERDUE
    return InvoiceStatus.OPEN
