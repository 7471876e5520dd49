"""From events to messages: what happened, told to each person whom it concerns, once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import new_id
from app.core.language import Language
from app.draws.models import DrawCandidate
from app.events.models import Event
from app.notifications import kinds
from app.notifications.kinds import Audience, Kind, Telling
from app.notifications.models import Message, MessageStatus
from app.registrations.lifecycle import PARTICIPANT
from app.registrations.models import Applicant, Registration
from app.trainings.models import Edition

Recipients = dict[UUID, Language]


@dataclass(frozen=True)
class Timing:
    """How long messages may be kept, and how long one of a kind that is often changed waits for more."""

    keep: timedelta
    quiet: timedelta


async def tell(db: AsyncSession, happened: Sequence[Event], timing: Timing, now: datetime) -> None:
    """Make a message of each event for each person whom it concerns.

    Only for editions in which the register sends messages. Doing it again adds nothing.
    """
    told = [
        (event, telling)
        for event in happened
        if (telling := kinds.telling(event.type, event.data, event.actor))
    ]
    people = await _people(db, [one for event, telling in told for one in _named(event, telling)])
    plain: list[dict[str, Any]] = []
    for event, telling in told:
        if telling.audience is Audience.ORGANISATION:
            plain.append(_row(event, telling.kind, timing, now, organisation=event.data["organisation"]))
            continue
        recipients = {one: people[one] for one in _named(event, telling) if one in people}
        recipients |= await _of_audience(db, event, telling.audience)
        rows = await _rows(db, event, telling.kind, recipients, timing, now)
        if kinds.family(telling.kind):
            await _insert(db, rows)  # the next event may be about the same
        else:
            plain += rows
    await _insert(db, plain)


def _named(event: Event, telling: Telling) -> list[UUID]:
    """The registration that the event itself is about, or names."""
    match telling.audience:
        case Audience.SUBJECT:
            return [UUID(event.subject)]
        case Audience.NAMED:
            return [UUID(event.data["registration"])]
        case _:
            return []


async def _of_audience(db: AsyncSession, event: Event, audience: Audience) -> Recipients:
    """The many whom an event of a draw or a session concerns."""
    match audience:
        case Audience.CANDIDATES:
            candidates = select(DrawCandidate.registration).where(DrawCandidate.draw == UUID(event.subject))
            return await _recipients(db, col(Registration.id).in_(candidates))
        case Audience.PARTICIPANTS:
            takes_part = col(Registration.status).in_(PARTICIPANT)
            return await _recipients(db, sa.and_(col(Registration.edition) == event.edition, takes_part))
        case _:
            return {}


async def _people(db: AsyncSession, registrations: Iterable[UUID]) -> Recipients:
    wanted = set(registrations)
    return await _recipients(db, col(Registration.id).in_(wanted)) if wanted else {}


async def _recipients(db: AsyncSession, condition: Any) -> Recipients:
    query = (
        select(Registration.id, Applicant.language)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .where(condition, col(Edition.mails_applicants), col(Applicant.erased_at).is_(None))
        .order_by(col(Registration.id))
    )
    found: Sequence[tuple[UUID, Any]] = (await db.exec(query)).all()
    return dict(found)


async def _rows(
    db: AsyncSession, event: Event, kind: Kind, recipients: Recipients, timing: Timing, now: datetime
) -> list[dict[str, Any]]:
    """The messages of one event, each in the place of those that still waited to say less."""
    earlier = await _superseded(db, event, kind, recipients) if kinds.family(kind) else {}
    waits = timing.quiet if kinds.waits(kind) else timedelta(0)
    rows = []
    for registration, language in recipients.items():
        unsent = earlier.get(registration, [])
        said: Kind | None = kind
        for one in unsent:
            said = said and kinds.merged(one.kind, said)
        if said is not None:
            row = _row(event, said, timing, now, registration=registration, language=language)
            first = unsent[0].first_event if unsent else event.id
            rows.append({**row, "first_event": first, "next_attempt_at": now + waits})
    return rows


def _row(
    event: Event,
    kind: Kind,
    timing: Timing,
    now: datetime,
    *,
    registration: UUID | None = None,
    organisation: str | None = None,
    language: Language = "nl",
) -> dict[str, Any]:
    """A message that is sent as soon as can be."""
    return {
        "id": new_id(),
        "event": event.id,
        "first_event": event.id,
        "registration": registration,
        "organisation": organisation,
        "about": event.subject,
        "kind": kind,
        "language": language,
        "status": MessageStatus.PENDING,
        "created_at": now,
        "attempts": 0,
        "next_attempt_at": now,
        "give_up_at": now + timing.keep,
    }


async def _superseded(
    db: AsyncSession, event: Event, kind: Kind, recipients: Recipients
) -> dict[UUID, list[Message]]:
    """Cancel what is pending about the same thing; gives what had never been tried, by registration."""
    pending = (
        select(Message)
        .where(
            Message.about == event.subject,
            col(Message.registration) == sa.any_(sa.cast(list(recipients), ARRAY(sa.Uuid))),
            col(Message.kind).in_(kinds.family(kind)),
            Message.status == MessageStatus.PENDING,
            col(Message.event) < event.id,
        )
        .order_by(col(Message.event))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    unsent: dict[UUID, list[Message]] = {}
    for one in (await db.exec(pending)).all():
        one.status = MessageStatus.CANCELLED
        if one.attempts == 0 and one.registration is not None:
            unsent.setdefault(one.registration, []).append(one)
    await db.flush()
    return unsent


async def _insert(db: AsyncSession, rows: list[dict[str, Any]]) -> None:
    if rows:
        statement = insert(SQLModel.metadata.tables["message"]).on_conflict_do_nothing()
        await (await db.connection()).execute(statement, rows)
