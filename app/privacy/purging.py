"""Retention: what has served is erased by itself, by the terms that each edition sets."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from anyio import to_thread
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import Database
from app.core.storage import Storage
from app.events import service as events
from app.events.models import Event
from app.identity.caller import SYSTEM
from app.invoices.models import Invoice, InvoicePayment
from app.notifications.models import Message, MessageStatus
from app.privacy import erasing, people, terms
from app.privacy.erasing import Erased, Means
from app.privacy.uses import Certificates
from app.registrations.lifecycle import Status
from app.registrations.models import Applicant, Registration
from app.registrations.moves import move
from app.trainings import service as trainings
from app.trainings.models import Edition
from app.trainings.terms import Retained

# These go from rows of whoever took part, at a term of their own.
_PARTS = (Retained.MOTIVATION, Retained.FORMS, Retained.ATTENDANCE, Retained.EVIDENCE)
_CAME_TO_NOTHING = (Status.WITHDRAWN, Status.REJECTED, Status.DECLINED, Status.LAPSED)
# Who was still waiting when the edition was over; they are withdrawn first.
_LEFT_WAITING = (Status.RECEIVED, Status.COMPLETE, Status.WAITLISTED, Status.PLACED)
_TOOK_PART = (Status.CONFIRMED, Status.CERTIFIED)


@dataclass
class Purged:
    """What went of one edition, or would have gone: rows by table, by what the term is of."""

    edition: str
    rows: dict[str, Counter[str]] = field(default_factory=dict)
    contents: list[str] = field(default_factory=list)

    def add(self, kind: Retained, erased: Erased) -> None:
        """Count what went at one term."""
        if erased.rows.total():
            self.rows[kind.value] = self.rows.get(kind.value, Counter()) + erased.rows
        self.contents += erased.contents

    def said(self) -> dict[str, Any]:
        """The report of it, as JSON."""
        return {
            "edition": self.edition,
            "erased": {kind: dict(sorted(counts.items())) for kind, counts in sorted(self.rows.items())},
            "files": len(self.contents),
        }


class _Rehearsed(Exception):
    """A dry run has come to its end, and is to be rolled back."""


async def purge(
    database: Database, storage: Storage, means: Means, now: datetime, *, dry_run: bool = False
) -> list[Purged]:
    """Erase in every edition what has served; a transaction each. A dry run does the same, and undoes it.

    Gives what went, of the editions where anything did.
    """
    async with database.transaction() as db:
        slugs = (await db.exec(select(Edition.slug).order_by(col(Edition.slug)))).all()
    reports = []
    for slug in slugs:
        report = Purged(slug)
        try:
            async with database.transaction() as db:
                await _of_edition(db, means, slug, report, now)
                if dry_run:
                    raise _Rehearsed  # noqa: TRY301  what rolls a transaction back is an exception
        except _Rehearsed:
            pass
        else:
            for key in report.contents:
                await to_thread.run_sync(storage.delete, key)
        if report.rows:
            reports.append(report)
    return reports


async def _of_edition(db: AsyncSession, means: Means, slug: str, report: Purged, now: datetime) -> None:
    edition = await trainings.edition(db, slug, lock=True)
    if edition.frozen:
        return  # a draw is announced: nobody leaves, and it is not long
    months, since = trainings.months(edition), await terms.served_since(db, edition)

    def is_past(kind: Retained) -> bool:
        return since <= terms.before(now, months[kind])

    await _unsuccessful(
        db, means, edition, terms.before(now, months[Retained.UNSUCCESSFUL]), is_past, report, now
    )
    if is_past(Retained.PARTICIPANTS):
        ids = await _ids(db, edition, col(Registration.status).in_(_TOOK_PART))
        report.add(Retained.PARTICIPANTS, await _whole(db, means, ids, None, now))
    everybody = await people.of_registrations(db, await _everybody(db, edition))
    for kind in filter(is_past, _PARTS):
        report.add(kind, await erasing.rows(db, everybody, kind))
    report.add(Retained.MESSAGES, await _messages(db, edition, terms.before(now, months[Retained.MESSAGES])))
    report.add(Retained.INVOICES, await _invoices(db, edition, months[Retained.INVOICES], now))
    if report.rows:
        _record(db, edition, report, now)


async def _unsuccessful(
    db: AsyncSession,
    means: Means,
    edition: Edition,
    before: datetime,
    is_past: Callable[[Retained], bool],
    report: Purged,
    now: datetime,
) -> None:
    """Who left, was refused or let it lapse, and after the edition who was never placed."""
    moved = sa.select(sa.func.max(col(Event.at))).where(
        col(Event.subject) == sa.cast(Registration.id, sa.Text), col(Event.type).startswith("registration.")
    )
    last_step = sa.func.greatest(moved.correlate(Registration).scalar_subquery(), edition.closes_at)
    ids = await _ids(db, edition, col(Registration.status).in_(_CAME_TO_NOTHING), last_step <= before)
    if is_past(Retained.UNSUCCESSFUL):
        waiting = await _ids(db, edition, col(Registration.status).in_(_LEFT_WAITING))
        for id in waiting:
            move(db, await db.get_one(Registration, id), edition, "withdraw", SYSTEM.client_id, now)
        ids += waiting
    report.add(Retained.UNSUCCESSFUL, await _whole(db, means, ids, Certificates.KEEP, now))


async def _ids(db: AsyncSession, edition: Edition, *conditions: sa.ColumnElement[bool]) -> list[UUID]:
    """The registrations of an edition whose person is not erased yet, locked."""
    query = (
        select(Registration)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .where(Registration.edition == edition.slug, col(Applicant.erased_at).is_(None), *conditions)
        .order_by(col(Registration.id))
        .with_for_update(of=Registration)
        .execution_options(populate_existing=True)
    )
    return [one.id for one in (await db.exec(query)).all()]


async def _everybody(db: AsyncSession, edition: Edition) -> Sequence[UUID]:
    return (await db.exec(select(Registration.id).where(Registration.edition == edition.slug))).all()


async def _whole(
    db: AsyncSession, means: Means, ids: list[UUID], certificates: Certificates | None, now: datetime
) -> Erased:
    if not ids:
        return Erased()
    person = await people.of_registrations(db, ids)
    return await erasing.everything(db, means, person, certificates, SYSTEM.client_id, now)


async def _messages(db: AsyncSession, edition: Edition, before: datetime) -> Erased:
    mine = select(Registration.id).where(Registration.edition == edition.slug)
    gone = sa.delete(Message).where(
        col(Message.registration).in_(mine),
        col(Message.created_at) <= before,
        col(Message.status) != MessageStatus.PENDING,
    )
    return Erased(Counter(message=(await db.exec(gone)).rowcount))


async def _invoices(db: AsyncSession, edition: Edition, months: int, now: datetime) -> Erased:
    """Invoices whose years are over, each only together with the note that credits it."""
    query = (
        select(Invoice)
        .join(Registration, col(Registration.id) == Invoice.registration)
        .where(Registration.edition == edition.slug)
    )
    found = (await db.exec(query)).all()
    past = {one.number for one in found if terms.end_of_invoices(one.issued_on, months) < now.date()}
    past -= {one.credits for one in found if one.credits and one.number not in past}
    payments = await db.exec(sa.delete(InvoicePayment).where(col(InvoicePayment.invoice).in_(past)))
    invoices = await db.exec(sa.delete(Invoice).where(col(Invoice.number).in_(past)))
    return Erased(Counter(invoice_payment=payments.rowcount, invoice=invoices.rowcount))


def _record(db: AsyncSession, edition: Edition, report: Purged, now: datetime) -> None:
    events.record(
        db,
        "edition.changed",
        subject=edition.slug,
        actor=SYSTEM.client_id,
        at=now,
        edition=edition.slug,
        fields=[],
        purged={kind: sum(counts.values()) for kind, counts in sorted(report.rows.items())},
    )
