"""Contact hours and their forecast: read at any moment, judged whenever something changes or time passes.

What changes a forecast leaves an event: attendance, make-up hours, a session, an edition's minimum, a seat
that is taken. `settle` looks at the events of a transaction before it is committed, and judges those whom
they concern, in that transaction. So nobody who changes such a thing has to know of forecasts.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance.hours import GRACE, Forecast, Meeting, Outlook, certain_at, forecast
from app.attendance.models import Attendance, ForecastRound, MakeUp, OutOfReach
from app.attendance.schemas import ContactHoursPage, ContactHoursRead
from app.core.paging import Window
from app.events import service as events
from app.events.models import Event
from app.identity.caller import SYSTEM, Caller
from app.registrations.lifecycle import PARTICIPANT, Status
from app.registrations.models import Applicant, Registration
from app.registrations.service import own, visible
from app.trainings import service as trainings
from app.trainings.models import Edition, Session, SessionEdition, Training

_CHUNK = 200  # participants whose sessions are read at once
_OF_ONE = ("attendance.", "make-up.", "registration.confirmed")


@dataclass(frozen=True)
class _Participant:
    """What a forecast is made of, and whether the participant was flagged, since when."""

    registration: Registration
    minimum: int
    made_up: int
    flagged_at: datetime | None
    applicant: Applicant
    meetings: Sequence[Meeting]

    def at(self, now: datetime) -> Forecast:
        return forecast(self.meetings, self.made_up, self.minimum, now)

    def certain_at(self, now: datetime) -> datetime | None:
        return certain_at(self.meetings, self.made_up, self.minimum, now)


async def read(db: AsyncSession, caller: Caller, registration_id: UUID, now: datetime) -> ContactHoursRead:
    """How contact time stands for a registration that the caller may see, or NotFound."""
    [found] = await _participants(db, [(await own(db, caller, registration_id)).id])
    return _shown(found, now)


async def standing(db: AsyncSession, registration_id: UUID, now: datetime) -> Forecast:
    """How contact time stands for a registration, whoever asks."""
    [found] = await _participants(db, [registration_id])
    return found.at(now)


async def listed(
    db: AsyncSession, caller: Caller, edition: str, window: Window, outlook: Outlook | None, now: datetime
) -> ContactHoursPage:
    """The participants of an edition whom the caller may see, those with `outlook` alone if so wanted.

    NotFound when there is no such edition.
    """
    await trainings.edition(db, edition)
    query = select(Registration.id).where(
        Registration.edition == edition, col(Registration.status).in_(PARTICIPANT), visible(caller)
    )
    after, found = window.after(UUID), list[ContactHoursRead]()
    while len(found) <= window.limit:
        part = query if after is None else query.where(col(Registration.id) > after)
        ids = (await db.exec(part.order_by(col(Registration.id)).limit(_CHUNK))).all()
        shown = [_shown(one, now) for one in await _participants(db, ids)]
        found += [one for one in shown if outlook in (None, one.outlook)]
        if len(ids) < _CHUNK:
            break
        after = ids[-1]
    items, next_cursor = window.cut(found, lambda one: one.registration)
    return ContactHoursPage(items=items, next_cursor=next_cursor)


async def settle(db: AsyncSession) -> None:
    """Judge those whose forecast the running transaction may have changed, as part of it."""
    ids, editions, now = set[UUID](), set[str](), None
    for event in events.recorded(db):
        if event.type.startswith(_OF_ONE):
            ids.add(UUID(event.subject))
        elif concerned := await _editions_concerned(db, event):
            editions.update(concerned)
        else:
            continue
        now = event.at
    if now:
        whom = sa.or_(col(Registration.id).in_(ids), col(Registration.edition).in_(editions))
        await _judge(db, whom, now)


async def due_editions(db: AsyncSession, now: datetime) -> Sequence[str]:
    """The editions with participants for whom a session has passed, one way or the other, unjudged."""
    until, ends_at = col(ForecastRound.judged_until), col(Session.ends_at)
    never = until.is_(None)
    passed = sa.or_(
        sa.and_(ends_at <= now, sa.or_(never, ends_at > until)),
        sa.and_(ends_at <= now - GRACE, sa.or_(never, ends_at > until - GRACE)),
    )
    confirmed = sa.exists().where(
        col(Registration.edition) == SessionEdition.edition, col(Registration.status) == Status.CONFIRMED
    )
    query = (
        select(SessionEdition.edition)
        .join(Session, col(Session.id) == SessionEdition.session)
        .outerjoin(ForecastRound, col(ForecastRound.edition) == SessionEdition.edition)
        .where(passed, confirmed)
        .distinct()
        .order_by(SessionEdition.edition)
    )
    return (await db.exec(query)).all()


async def judge_time(db: AsyncSession, edition: str, now: datetime) -> None:
    """Judge the participants of an edition by the time that has passed, and remember until when."""
    await _judge(db, col(Registration.edition) == edition, now, by_time=True)
    judged = insert(ForecastRound).values(edition=edition, judged_until=now)
    await db.exec(
        judged.on_conflict_do_update(
            index_elements=["edition"], set_={"judged_until": judged.excluded.judged_until}
        )
    )


async def _editions_concerned(db: AsyncSession, event: Event) -> Sequence[str]:
    """The editions all of whose participants an event may concern."""
    if event.type.startswith("session."):
        query = select(SessionEdition.edition).where(SessionEdition.session == UUID(event.subject))
        # An event may name the edition that the session no longer counts for.
        return [*(await db.exec(query)).all(), *filter(None, (event.edition,))]
    if event.type == "edition.changed" and "minimumContactMinutes" in event.data.get("fields", ()):
        return [event.subject]
    return []


async def _judge(db: AsyncSession, whom: Any, now: datetime, *, by_time: bool = False) -> None:
    """Flag those of `whom` who cannot get there any more, unflag those who can again; each leaves an event.

    Participants without a certificate alone: who has one is past this. Their rows are locked first, so that
    of two changes at once the later sees both.
    """
    query = (
        select(Registration.id)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .where(whom, col(Registration.status) == Status.CONFIRMED, col(Applicant.erased_at).is_(None))
        .order_by(col(Registration.id))
        .with_for_update(of=Registration, key_share=True)
    )
    await db.flush()
    for one in await _participants(db, (await db.exec(query)).all()):
        known = one.at(now)
        out = known.outlook is Outlook.OUT_OF_REACH
        if out == (one.flagged_at is not None):
            continue
        if out:
            since = (one.certain_at(now) if by_time else None) or now
            db.add(OutOfReach(registration=one.registration.id, became_certain_at=since))
        else:
            await db.exec(sa.delete(OutOfReach).where(col(OutOfReach.registration) == one.registration.id))
        events.record(
            db,
            "participant.out-of-reach" if out else "participant.within-reach",
            subject=one.registration.id,
            actor=SYSTEM.client_id,
            at=now,
            edition=one.registration.edition,
            partner=one.registration.partner,
            attended=known.attended,
            makeUp=known.made_up,
            possible=known.possible,
            needed=known.needed,
            minimum=known.minimum,
        )
    await db.flush()


async def _participants(db: AsyncSession, ids: Sequence[UUID]) -> list[_Participant]:
    """Those registrations, by id, with all that their forecast is made of."""
    if not ids:
        return []
    made_up = (
        sa.select(sa.func.coalesce(sa.func.sum(MakeUp.minutes), 0))
        .where(col(MakeUp.registration) == Registration.id, col(MakeUp.revoked_at).is_(None))
        .scalar_subquery()
    )
    query: Any = (
        sa.select(
            Registration,
            trainings.minimum_contact_minutes(),
            made_up,
            col(OutOfReach.became_certain_at),
            Applicant,
        )
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .join(Training, col(Training.slug) == Edition.training)
        .outerjoin(OutOfReach, col(OutOfReach.registration) == Registration.id)
        .where(col(Registration.id).in_(ids))
        .order_by(col(Registration.id))
    )
    rows = (await db.exec(query)).all()
    sessions = await _sessions(db, {row[0].edition for row in rows})
    recorded = await _recorded(db, ids)
    return [
        _Participant(
            one, minimum, made_up, flagged_at, applicant, _meetings(sessions[one.edition], recorded[one.id])
        )
        for one, minimum, made_up, flagged_at, applicant in rows
    ]


def _meetings(sessions: Sequence[Session], recorded: dict[UUID, tuple[Session, int]]) -> list[Meeting]:
    """The sessions of the edition, and others at which something is recorded, for one participant."""
    counted = {session.id: session for session in sessions}
    counted |= {session.id: session for session, _ in recorded.values()}
    meetings = []
    for session in counted.values():
        minutes = recorded[session.id][1] if session.id in recorded else None
        attended = None if minutes is None else min(minutes, session.minutes)
        meetings.append(Meeting(session.expected_minutes, session.ends_at, attended))
    return meetings


async def _sessions(db: AsyncSession, editions: set[str]) -> dict[str, list[Session]]:
    """The sessions of each edition that are not cancelled."""
    query = (
        select(SessionEdition.edition, Session)
        .join(Session, col(Session.id) == SessionEdition.session)
        .where(col(SessionEdition.edition).in_(editions), col(Session.cancelled_at).is_(None))
    )
    found: dict[str, list[Session]] = defaultdict(list)
    for edition, session in (await db.exec(query.execution_options(populate_existing=True))).all():
        found[edition].append(session)
    return found


async def _recorded(db: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, dict[UUID, tuple[Session, int]]]:
    """What is recorded of each registration, by session; of those that are not cancelled."""
    query = (
        select(Attendance.registration, Session, Attendance.minutes)
        .join(Session, col(Session.id) == Attendance.session)
        .where(col(Attendance.registration).in_(ids), col(Session.cancelled_at).is_(None))
    )
    found: dict[UUID, dict[UUID, tuple[Session, int]]] = defaultdict(dict)
    for registration, session, minutes in (
        await db.exec(query.execution_options(populate_existing=True))
    ).all():
        found[registration][session.id] = (session, minutes)
    return found


def _shown(one: _Participant, now: datetime) -> ContactHoursRead:
    known = one.at(now)
    out = known.outlook is Outlook.OUT_OF_REACH
    return ContactHoursRead(
        registration=one.registration.id,
        edition=one.registration.edition,
        partner=one.registration.partner,
        applicant_name=one.applicant.full_name,
        attended=known.attended,
        make_up=known.made_up,
        possible=known.possible,
        needed=known.needed,
        minimum=known.minimum,
        unknown_sessions=known.unknown,
        outlook=known.outlook,
        became_certain_at=(one.flagged_at or one.certain_at(now)) if out else None,
    )
