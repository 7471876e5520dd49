"""Invoices as their readers see them: one, a page of them, a participant's, and the document to send."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.paging import Window, fetch
from app.core.problems import NotFound
from app.identity.caller import Caller
from app.invoices import standing, ubl
from app.invoices.amounts import Totals
from app.invoices.document import Buyer, Document, Line, Seller
from app.invoices.models import Invoice, InvoicePayment
from app.invoices.schemas import (
    BuyerRead,
    InvoiceLine,
    InvoicePage,
    InvoiceRead,
    ParticipantInvoice,
    PaymentRead,
    SoldBy,
)
from app.invoices.standing import InvoiceStatus
from app.registrations import service as registrations
from app.registrations.models import Registration
from app.trainings import service as trainings
from app.trainings.models import Edition
from app.trainings.prices import Vat
from app.trainings.schemas import VatRead

Row = tuple[Invoice, Registration, str]
_NOT_SHOWN = {
    "seller_details",
    "buyer",
    "lines",
    "vat",
    "due_cents",
    "credited_at",
    "left_noted_at",
    "payment_days",
}


async def own(db: AsyncSession, caller: Caller, number: str) -> Invoice:
    """The row of an invoice that the caller may see, or NotFound."""
    found: Row | None = (await db.exec(rows(caller).where(Invoice.number == number))).first()
    if found is None:
        raise NotFound(f"There is no invoice {number}.")
    return found[0]


def rows(caller: Caller) -> Any:
    """The query for the invoices that the caller may see, with what their standing depends on."""
    return (
        select(Invoice, Registration, Edition.time_zone)
        .join(Registration, col(Registration.id) == Invoice.registration)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .where(registrations.visible(caller))
    )


async def read(db: AsyncSession, caller: Caller, number: str, now: datetime) -> InvoiceRead:
    """One invoice that the caller may see, or NotFound."""
    return await shown(db, await own(db, caller, number), now)


async def document(db: AsyncSession, caller: Caller, number: str) -> Document:
    """What stands on an invoice that the caller may see; NotFound otherwise."""
    invoice = await own(db, caller, number)
    starts_on, ends_on = invoice.period_starts_on, invoice.period_ends_on
    return Document(
        kind=invoice.kind,
        number=invoice.number,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        payment_days=invoice.payment_days,
        period=(starts_on, ends_on) if starts_on and ends_on else None,
        seller=Seller(**invoice.seller_details),
        buyer=Buyer(**invoice.buyer),
        participant_name=invoice.participant_name,
        lines=tuple(Line(line["title"], line["description"]) for line in invoice.lines),
        vat=Vat.kept(invoice.vat),
        totals=Totals(
            tuple(line["net_cents"] for line in invoice.lines), invoice.vat_cents, invoice.rounding_cents
        ),
        credits=invoice.credits,
        reason=invoice.reason,
    )


async def list_invoices(
    db: AsyncSession,
    caller: Caller,
    window: Window,
    now: datetime,
    *,
    edition: str | None,
    partner: str | None,
    status: InvoiceStatus | None,
    descending: bool = False,
) -> InvoicePage:
    """The invoices and credit notes that the caller may see, by number."""
    query = rows(caller)
    if edition is not None:
        query = query.where(Registration.edition == edition)
    if partner is not None:
        query = query.where(Registration.partner == partner)
    if status is not None:
        query = query.where(_stands(status, now))
    found, next_cursor = await fetch(
        db, query, window, [col(Invoice.number)], str, lambda row: row[0].number, descending=descending
    )
    return InvoicePage(items=await shown_all(db, found, now), next_cursor=next_cursor)


async def of_participant(
    db: AsyncSession, caller: Caller, registration_id: UUID, now: datetime
) -> ParticipantInvoice:
    """How the invoice of a registration stands: the newest, credited or not.

    NotFound for a registration that the caller may not see.
    """
    registration = await registrations.own(db, caller, registration_id)
    query = (
        rows(caller)
        .where(Invoice.registration == registration_id, col(Invoice.credits).is_(None))
        .order_by(col(Invoice.credited_at).desc().nulls_first())
    )
    found: Row | None = (await db.exec(query)).first()
    newest = (await shown_all(db, [found], now))[0] if found else None
    edition = await trainings.edition(db, registration.edition)
    return ParticipantInvoice(
        registration=registration_id,
        status=newest.status if newest else "not-invoiced",
        price_cents=await trainings.price_cents(db, edition),
        invoice=newest,
    )


async def shown(db: AsyncSession, invoice: Invoice, now: datetime) -> InvoiceRead:
    """An invoice as its readers see it."""
    registration = await db.get_one(Registration, invoice.registration)
    edition = await trainings.edition(db, registration.edition)
    return (await shown_all(db, [(invoice, registration, edition.time_zone)], now))[0]


async def shown_all(db: AsyncSession, found: Sequence[Row], now: datetime) -> list[InvoiceRead]:
    """Invoices as their readers see them, with their payments, in two statements however many there are."""
    numbers = [invoice.number for invoice, _, _ in found]
    notes = select(Invoice.credits, Invoice.number).where(col(Invoice.credits).in_(numbers))
    credited_by = dict((await db.exec(notes)).all())
    paid = (
        select(InvoicePayment)
        .where(col(InvoicePayment.invoice).in_(numbers))
        .order_by(col(InvoicePayment.id))
    )
    payments: dict[str, list[InvoicePayment]] = defaultdict(list)
    for payment in (await db.exec(paid)).all():
        payments[payment.invoice].append(payment)
    return [
        _shown(row, payments[row[0].number], credited_by.get(row[0].number), _today(now, row[2]))
        for row in found
    ]


def _today(now: datetime, time_zone: str) -> date:
    return now.astimezone(ZoneInfo(time_zone)).date()


def _shown(row: Row, payments: Sequence[InvoicePayment], credited_by: str | None, today: date) -> InvoiceRead:
    invoice, registration, _ = row
    due, paid, credited = invoice.due_cents, invoice.paid_cents, invoice.credited_at is not None
    buyer = Buyer(**invoice.buyer)
    return InvoiceRead(
        **invoice.model_dump(exclude=_NOT_SHOWN),
        status=standing.status(due, paid, invoice.due_on, today, credited=credited),
        registration_status=registration.status,
        edition=registration.edition,
        partner=registration.partner,
        seller_details=SoldBy(**invoice.seller_details),
        buyer=BuyerRead.model_validate(buyer),
        lines=[InvoiceLine(**line) for line in invoice.lines],
        vat=VatRead(**invoice.vat),
        total_cents=invoice.net_cents + invoice.vat_cents + invoice.rounding_cents,
        open_cents=standing.open_cents(due, paid, credited=credited),
        payments=[PaymentRead.model_validate(payment) for payment in payments],
        credited_by=credited_by,
        ubl_profile=ubl.profile(buyer),
    )


def _stands(status: InvoiceStatus, now: datetime) -> Any:
    """The condition that an invoice stands so, as `standing.status` says of one."""
    live = col(Invoice.credited_at).is_(None)
    settled = col(Invoice.paid_cents) >= col(Invoice.due_cents)
    there = sa.func.timezone(Edition.time_zone, sa.cast(now, sa.DateTime(timezone=True)))
    late = sa.func.coalesce(col(Invoice.due_on) < sa.cast(there, sa.Date), sa.false())
    return {
        InvoiceStatus.CREDITED: sa.not_(live),
        InvoiceStatus.PAID: sa.and_(live, settled),
        InvoiceStatus.OVERDUE: sa.and_(live, sa.not_(settled), late),
        InvoiceStatus.OPEN: sa.and_(live, sa.not_(settled), sa.not_(late)),
    }[status]
