"""Invoices: issued for participants, singly or a whole edition's, and taken back by credit notes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import flush
from app.core.etags import Expected
from app.core.problems import Problem
from app.events import service as events
from app.identity.caller import SYSTEM, Caller, Forbidden, Role
from app.invoices import addresses, amounts
from app.invoices.document import Buyer
from app.invoices.lists import own, shown
from app.invoices.models import Invoice, InvoiceCounter, SellerDetails
from app.invoices.schemas import InvoiceRead, InvoicesIssued, NotInvoiced
from app.invoices.standing import InvoiceKind
from app.registrations import service as registrations
from app.registrations.lifecycle import PARTICIPANT
from app.registrations.models import Applicant, Registration
from app.trainings import service as trainings
from app.trainings.models import Edition, Session, SessionEdition
from app.trainings.prices import Vat

LEFT_AT_ONCE = 1000


class NotInvoiceable(Problem):
    """Only who takes part is invoiced, and only where the edition says by whom and for how much."""

    status, code = 409, "not-invoiceable"
    title, title_nl = "Cannot be invoiced", "Kan niet worden gefactureerd"


class InvoiceExists(Problem):
    """There is an invoice that counts; `number` says which."""

    status, code = 409, "invoice-exists"
    title, title_nl = "There is an invoice", "Er is al een factuur"


class InvoiceCredited(Problem):
    """The invoice was taken back before."""

    status, code = 409, "invoice-credited"
    title, title_nl = "Invoice is credited", "Factuur is gecrediteerd"


class NotAnInvoice(Problem):
    """It is a credit note."""

    status, code = 409, "not-an-invoice"
    title, title_nl = "Not an invoice", "Geen factuur"


@dataclass(frozen=True)
class Terms:
    """What all invoices of an edition have in common."""

    edition: Edition
    seller: SellerDetails
    training_title: str
    price: int
    vat: Vat
    period: tuple[date, date] | None

    def today(self, now: datetime) -> date:
        """The date where the edition is."""
        return now.astimezone(ZoneInfo(self.edition.time_zone)).date()


async def issue(db: AsyncSession, caller: Caller, registration_id: UUID, now: datetime) -> InvoiceRead:
    """Issue the invoice of a participant.

    Raises NotFound, Forbidden for a provider that does not invoice the edition, NotInvoiceable (no
    participant, no address, no seller, no price) and InvoiceExists.
    """
    registration = await registrations.own(db, caller, registration_id, lock=True)
    terms = await _terms(db, caller, registration.edition)
    if registration.status not in PARTICIPANT:
        raise NotInvoiceable("Only a participant is invoiced: a registration that is confirmed.")
    live = (await _live(db, [registration_id])).get(registration_id)
    if live is not None:
        raise InvoiceExists(f"There is an invoice for this registration: {live}.", number=live)
    buyer = (await addresses.buyers(db, [registration_id])).get(registration_id)
    if buyer is None:
        raise NotInvoiceable("There is no whole invoice address: give it first.")
    [number] = await _next_numbers(db, terms.seller.number_prefix, terms.today(now).year, 1)
    applicant = await db.get_one(Applicant, registration.applicant)
    issued = _add(db, caller, terms, number, (registration, applicant.full_name, buyer), now)
    taken = InvoiceExists("There is an invoice for this registration.")
    await flush(db, {"uq_invoice_registration_live": taken})
    return await shown(db, issued, now)


async def issue_all(db: AsyncSession, caller: Caller, edition_slug: str, now: datetime) -> InvoicesIssued:
    """Issue the invoices of all participants of an edition who have none, all or none of them.

    Who has no whole address is left, and told of; asked again, only who was left is looked at.
    Raises as `issue` does.
    """
    terms = await _terms(db, caller, edition_slug)
    query = (
        select(Registration, Applicant)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .where(Registration.edition == edition_slug, col(Registration.status).in_(PARTICIPANT))
        .order_by(col(Registration.id))
        .with_for_update(of=Registration, key_share=True)
        .execution_options(populate_existing=True)
    )
    participants = (await db.exec(query)).all()
    ids = [registration.id for registration, _ in participants]
    # Asked once they are locked: what others issued meanwhile is seen.
    live, known = await _live(db, ids), await addresses.buyers(db, ids)
    without = [(one, person.full_name) for one, person in participants if one.id not in live]
    able = [(one, name, known[one.id]) for one, name in without if one.id in known]
    numbers = await _next_numbers(db, terms.seller.number_prefix, terms.today(now).year, len(able))
    for number, whom in zip(numbers, able, strict=True):
        _add(db, caller, terms, number, whom, now)
    await db.flush()
    left = [NotInvoiced(registration=one.id, why="no-address") for one, _ in without if one.id not in known]
    return InvoicesIssued(issued=numbers, left=left)


async def credit(
    db: AsyncSession, caller: Caller, number: str, reason: str, now: datetime, expected: Expected
) -> InvoiceRead:
    """Take an invoice back whole, by a credit note with a number of its own; another may be issued then.

    What had been paid on it is to be given back. Raises NotFound, Forbidden, PreconditionFailed, NotAnInvoice
    and InvoiceCredited.
    """
    found = await own(db, caller, number)
    require_seller(caller, found.seller)
    registration = await registrations.own(db, caller, found.registration, lock=True, erased=True)
    await db.refresh(found, with_for_update=True)
    if expected:
        expected.require(await shown(db, found, now))
    if found.kind is InvoiceKind.CREDIT_NOTE:
        raise NotAnInvoice(f"{number} is a credit note, which takes an invoice back.")
    if found.credited_at is not None:
        raise InvoiceCredited(f"{number} was credited before.")
    seller = await db.get_one(SellerDetails, found.seller)
    edition = await trainings.edition(db, registration.edition)
    today = now.astimezone(ZoneInfo(edition.time_zone)).date()
    [own_number] = await _next_numbers(db, seller.number_prefix, today.year, 1)
    same = found.model_dump(exclude={"number", "credited_at", "left_noted_at", "paid_cents", "payment_days"})
    note = Invoice(**same, number=own_number)
    note.kind, note.credits, note.reason = InvoiceKind.CREDIT_NOTE, number, reason
    note.issued_at, note.issued_on, note.due_on, note.due_cents = now, today, None, found.paid_cents
    found.credited_at = now
    db.add(note)
    record(db, caller.client_id, found, registration, "invoice.credited", now, creditNote=own_number)
    await db.flush()
    return await shown(db, note, now)


async def note_left(db: AsyncSession, now: datetime) -> int:
    """Leave an event of each invoice whose participant has left since; the invoice stays as it is.

    Gives their number; each is told of once.
    """
    query = (
        select(Invoice, Registration)
        .join(Registration, col(Registration.id) == Invoice.registration)
        .where(Invoice.kind == InvoiceKind.INVOICE, col(Invoice.credited_at).is_(None))
        .where(col(Invoice.left_noted_at).is_(None), col(Registration.status).not_in(PARTICIPANT))
        .order_by(col(Invoice.number))
        .limit(LEFT_AT_ONCE)
        .with_for_update(of=Invoice, skip_locked=True)
    )
    found = (await db.exec(query)).all()
    for invoice, registration in found:
        invoice.left_noted_at = now
        status = registration.status.value
        record(db, SYSTEM.client_id, invoice, registration, "invoice.participant-left", now, became=status)
    await db.flush()
    return len(found)


def require_seller(caller: Caller, seller: str) -> None:
    """Forbidden for a provider that is not the one who invoices: the books are the seller's own."""
    if caller.role is Role.PROVIDER and caller.organisation != seller:
        raise Forbidden(f"The invoices of this edition are sent by {seller}.")


def record(
    db: AsyncSession,
    actor: str,
    invoice: Invoice,
    registration: Registration,
    type: str,
    now: datetime,
    **data: Any,
) -> None:
    """An event of an invoice, for administrators and the partner whose participant it is."""
    events.record(
        db,
        type,
        subject=invoice.number,
        actor=actor,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
        registration=str(registration.id),
        **data,
    )


async def _terms(db: AsyncSession, caller: Caller, edition_slug: str) -> Terms:
    """What all invoices of an edition have in common, or why there can be none."""
    edition = await trainings.edition(db, edition_slug)
    if edition.invoiced_by is None:
        raise NotInvoiceable("The edition does not say who invoices: set invoicedBy.")
    require_seller(caller, edition.invoiced_by)
    seller = await db.get(SellerDetails, edition.invoiced_by)
    if seller is None:
        raise NotInvoiceable(f"What {edition.invoiced_by} needs to invoice is not known yet.")
    price = await trainings.price_cents(db, edition)
    if price == 0:
        raise NotInvoiceable("The edition is free of charge.")
    training = await trainings.training(db, edition.training)
    vat = Vat.kept(edition.vat or seller.vat)
    return Terms(edition, seller, training.title, price, vat, await _period(db, edition))


async def _period(db: AsyncSession, edition: Edition) -> tuple[date, date] | None:
    """The days of the first and the last session, as far as they are planned."""
    query = (
        select(sa.func.min(Session.starts_at), sa.func.max(Session.ends_at))
        .join(SessionEdition, col(SessionEdition.session) == Session.id)
        .where(SessionEdition.edition == edition.slug, col(Session.cancelled_at).is_(None))
    )
    first, last = (await db.exec(query)).one()
    zone = ZoneInfo(edition.time_zone)
    return (first.astimezone(zone).date(), last.astimezone(zone).date()) if first and last else None


async def _live(db: AsyncSession, wanted: Sequence[UUID]) -> dict[UUID, str]:
    """The number of the invoice that counts, for each of these registrations that has one."""
    query = select(Invoice.registration, Invoice.number).where(
        col(Invoice.registration).in_(wanted),
        Invoice.kind == InvoiceKind.INVOICE,
        col(Invoice.credited_at).is_(None),
    )
    return dict((await db.exec(query)).all())


async def _next_numbers(db: AsyncSession, prefix: str, year: int, count: int) -> list[str]:
    """The next numbers of the year; others who ask wait for this transaction, so that none is missing."""
    if count == 0:
        return []
    counter = insert(InvoiceCounter).values(prefix=prefix, year=year, last=count)
    counter = counter.on_conflict_do_update(
        index_elements=["prefix", "year"], set_={"last": col(InvoiceCounter.last) + count}
    )
    last = (await db.exec(counter.returning(col(InvoiceCounter.last)))).scalar_one()
    return [f"{prefix}-{year}-{number:05d}" for number in range(last - count + 1, last + 1)]


def _add(
    db: AsyncSession,
    caller: Caller,
    terms: Terms,
    number: str,
    whom: tuple[Registration, str, Buyer],
    now: datetime,
) -> Invoice:
    """Add one invoice to the running transaction, with everything that stands on it."""
    registration, name, buyer = whom
    sums = amounts.totals([terms.price], terms.vat.rate_percent, includes_vat=terms.vat.price_includes_vat)
    today, days = terms.today(now), terms.seller.payment_days
    line = {"title": terms.training_title, "description": f"{terms.edition.title}, deelnemer {name}"}
    starts_on, ends_on = terms.period or (None, None)
    added = Invoice(
        number=number,
        kind=InvoiceKind.INVOICE,
        registration=registration.id,
        seller=terms.seller.organisation,
        issued_at=now,
        issued_on=today,
        due_on=today + timedelta(days=days),
        payment_days=days,
        period_starts_on=starts_on,
        period_ends_on=ends_on,
        seller_details=terms.seller.model_dump(
            exclude={"organisation", "payment_days", "number_prefix", "vat"}
        ),
        buyer=asdict(buyer),
        participant_name=name,
        lines=[{**line, "net_cents": net} for net in sums.lines],
        vat=asdict(terms.vat),
        net_cents=sums.net,
        vat_cents=sums.vat,
        rounding_cents=sums.rounding,
        due_cents=sums.payable,
    )
    db.add(added)
    record(db, caller.client_id, added, registration, "invoice.issued", now, totalCents=sums.payable)
    return added
