"""Tables: seller, invoice_address, invoice, invoice_payment, invoice_counter."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import moment, new_id, one_of
from app.invoices.standing import InvoiceKind


class SellerDetails(SQLModel, table=True):
    """What an organisation needs to invoice: who it is in law, where to pay, how VAT is charged."""

    __tablename__ = "seller"
    __table_args__ = (sa.CheckConstraint("payment_days >= 0", name="payment_days"),)

    organisation: str = Field(primary_key=True, foreign_key="organisation.slug", max_length=63)
    legal_name: str = Field(max_length=200)
    street: str = Field(max_length=200)
    postal_code: str = Field(max_length=100)
    city: str = Field(max_length=100)
    kvk_number: str = Field(max_length=8)
    vat_number: str = Field(max_length=14)
    iban: str = Field(max_length=34)
    bic: str | None = Field(default=None, max_length=11)
    email: str = Field(max_length=254)
    payment_days: int
    number_prefix: str = Field(unique=True, max_length=20)
    vat: dict[str, Any] = Field(sa_type=JSONB, description="a prices.Vat")


class CorrectedAddress(SQLModel, table=True):
    """Where the next invoice of a registration goes, put in the place of the form's answer, which stays."""

    __tablename__ = "invoice_address"

    registration: UUID = Field(primary_key=True, foreign_key="registration.id")
    buyer: dict[str, Any] = Field(sa_type=JSONB, description="a document.Buyer")
    corrected_at: datetime = moment()


class Invoice(SQLModel, table=True):
    """An invoice or credit note as it was issued: a snapshot. Only what was paid and credited is added."""

    __table_args__ = (
        # One invoice that counts for a registration; after a credit note there may be another.
        sa.Index(
            "uq_invoice_registration_live",
            "registration",
            unique=True,
            postgresql_where=sa.text("kind = 'invoice' AND credited_at IS NULL"),
        ),
        sa.CheckConstraint("(kind = 'credit-note') = (credits IS NOT NULL)", name="credits"),
        sa.CheckConstraint("net_cents >= 0 AND vat_cents >= 0 AND due_cents >= 0", name="amounts"),
        sa.CheckConstraint("paid_cents BETWEEN 0 AND due_cents", name="paid"),
    )

    number: str = Field(primary_key=True, max_length=40)
    kind: InvoiceKind = Field(sa_type=one_of(InvoiceKind, "kind"))
    registration: UUID = Field(foreign_key="registration.id", index=True)
    seller: str = Field(foreign_key="organisation.slug", index=True, max_length=63)
    credits: str | None = Field(default=None, foreign_key="invoice.number", unique=True, max_length=40)
    issued_at: datetime = moment()
    issued_on: date = Field(description="in the edition's time zone")
    due_on: date | None = None
    payment_days: int | None = None
    period_starts_on: date | None = None
    period_ends_on: date | None = None
    seller_details: dict[str, Any] = Field(sa_type=JSONB, description="a document.Seller")
    buyer: dict[str, Any] = Field(sa_type=JSONB, description="a document.Buyer")
    participant_name: str = Field(max_length=302)
    lines: list[dict[str, Any]] = Field(sa_type=JSONB, description="title, description, net_cents")
    vat: dict[str, Any] = Field(sa_type=JSONB, description="a prices.Vat")
    net_cents: int
    vat_cents: int
    rounding_cents: int
    reason: str | None = Field(default=None, max_length=200)
    # Of a credit note what had been paid on its invoice, which is to be given back.
    due_cents: int
    paid_cents: int = 0
    credited_at: datetime | None = moment(nullable=True)
    left_noted_at: datetime | None = moment(nullable=True)


class InvoicePayment(SQLModel, table=True):
    """A payment on an invoice, or on a credit note what was given back; negative where it was undone."""

    __tablename__ = "invoice_payment"
    __table_args__ = (sa.CheckConstraint("amount_cents <> 0", name="amount"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    invoice: str = Field(foreign_key="invoice.number", index=True, max_length=40)
    paid_on: date
    amount_cents: int
    note: str | None = Field(default=None, max_length=200)
    recorded_by: str = Field(max_length=100)
    recorded_at: datetime = moment()


class InvoiceCounter(SQLModel, table=True):
    """The last number given under a prefix in a year; taken and given in one transaction: none is missing."""

    __tablename__ = "invoice_counter"

    prefix: str = Field(primary_key=True, max_length=20)
    year: int = Field(primary_key=True)
    last: int
