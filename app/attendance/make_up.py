"""Make-up hours: contact time that a participant made up for elsewhere, approved by who gives the edition."""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance.models import MakeUp, MakeUpKind
from app.attendance.records import NotParticipant
from app.attendance.schemas import MakeUpCreate, MakeUpPage, MakeUpRead
from app.core.etags import Expected
from app.core.paging import Window, fetch
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.events import service as events
from app.identity.caller import Caller
from app.registrations.lifecycle import PARTICIPANT, Status
from app.registrations.models import Registration
from app.registrations.service import own
from app.trainings import calendar
from app.trainings import service as trainings
from app.trainings.models import Session


class MakeUpRevoked(Problem):
    """The make-up hours were revoked before."""

    status, code = 409, "make-up-revoked"
    title, title_nl = "Make-up hours are revoked", "Inhaaluren zijn ingetrokken"


async def approve(
    db: AsyncSession, caller: Caller, registration_id: UUID, wanted: MakeUpCreate, now: datetime
) -> MakeUpRead:
    """Approve contact time that a participant made up for; it counts from now on.

    Raises NotFound, NotParticipant and InvalidInput: a session of the participant's own edition is attended,
    not made up for, and another one counts once.
    """
    registration = await own(db, caller, registration_id, lock=True)
    if registration.status not in PARTICIPANT:
        raise NotParticipant(f"The registration is {registration.status}; only participants make up hours.")
    edition = await trainings.edition(db, registration.edition)
    zone = ZoneInfo(edition.time_zone)
    session = await db.get(Session, wanted.session) if wanted.session else None
    today = now.astimezone(zone).date()
    faults = _faults(wanted, session, today)
    if session:
        faults += await _session_faults(db, registration, session, wanted.minutes, now)
    if faults:
        raise InvalidInput(faults)
    held_on = session.starts_at.astimezone(zone).date() if session and session.starts_at else today
    approved = MakeUp(
        registration=registration_id,
        title=wanted.title or (session.title if session else ""),
        done_on=wanted.done_on or held_on,
        approved_by=caller.client_id,
        approved_at=now,
        **wanted.model_dump(include={"kind", "session", "minutes", "reason"}),
    )
    db.add(approved)
    _record(db, "make-up.approved", approved, registration, caller, now)
    await db.flush()
    return MakeUpRead.model_validate(approved)


async def revoke(
    db: AsyncSession,
    caller: Caller,
    registration_id: UUID,
    make_up_id: UUID,
    reason: str,
    now: datetime,
    expected: Expected,
) -> MakeUpRead:
    """Take approved make-up hours back; they stay in the list.

    Raises NotFound, PreconditionFailed and MakeUpRevoked.
    """
    registration = await own(db, caller, registration_id, lock=True)
    revoked = await _one(db, registration_id, make_up_id)
    expected.require(MakeUpRead.model_validate(revoked))
    if revoked.revoked_at:
        raise MakeUpRevoked("These make-up hours were revoked before.")
    revoked.revoked_at, revoked.revoked_by, revoked.revoke_reason = now, caller.client_id, reason
    _record(db, "make-up.revoked", revoked, registration, caller, now)
    await db.flush()
    return MakeUpRead.model_validate(revoked)


async def read(db: AsyncSession, caller: Caller, registration_id: UUID, make_up_id: UUID) -> MakeUpRead:
    """One approval of make-up hours of a registration that the caller may see, or NotFound."""
    await own(db, caller, registration_id)
    return MakeUpRead.model_validate(await _one(db, registration_id, make_up_id))


async def listed(db: AsyncSession, caller: Caller, registration_id: UUID, window: Window) -> MakeUpPage:
    """The make-up hours of a registration that the caller may see, revoked ones too; or NotFound."""
    await own(db, caller, registration_id)
    query = select(MakeUp).where(MakeUp.registration == registration_id)
    page, next_cursor = await fetch(db, query, window, [col(MakeUp.id)], UUID, lambda one: one.id)
    return MakeUpPage(items=[MakeUpRead.model_validate(one) for one in page], next_cursor=next_cursor)


async def counted(db: AsyncSession, registration_id: UUID) -> list[tuple[MakeUp, Session | None]]:
    """The make-up hours that count for a registration, in the order in which they were done."""
    query = (
        select(MakeUp, Session)
        .outerjoin(Session, col(Session.id) == MakeUp.session)
        .where(MakeUp.registration == registration_id, col(MakeUp.revoked_at).is_(None))
        .order_by(col(MakeUp.done_on), col(MakeUp.id))
    )
    return [(make_up, session) for make_up, session in (await db.exec(query)).all()]


def _faults(wanted: MakeUpCreate, session: Session | None, today: date) -> list[Fault]:
    faults = []
    if wanted.session and wanted.kind is not MakeUpKind.SESSION:
        detail = "An assignment has no session."
        faults.append(Fault(pointer="#/session", code="no-session-here", detail=detail))
    elif wanted.session and session is None:
        detail = "There is no such session."
        faults.append(Fault(pointer="#/session", code="unknown-session", detail=detail))
    if wanted.session is None and wanted.title is None:
        detail = "Say what it was, where no session does."
        faults.append(Fault(pointer="#/title", code="missing", detail=detail))
    if wanted.done_on and wanted.done_on > today:
        detail = "It should have been done by now."
        faults.append(Fault(pointer="#/doneOn", code="in-the-future", detail=detail))
    return faults


async def _session_faults(
    db: AsyncSession, registration: Registration, session: Session, minutes: int, now: datetime
) -> list[Fault]:
    """What keeps a session from being one that hours are made up at."""
    query = select(sa.literal(1)).where(
        MakeUp.registration == registration.id,
        MakeUp.session == session.id,
        col(MakeUp.revoked_at).is_(None),
    )
    made_up_before = (await db.exec(query)).first() is not None
    own_edition = registration.edition in await calendar.editions_of(db, session.id)
    not_held = session.cancelled_at is not None or session.starts_at is None or now < session.starts_at
    faults = []
    if own_edition:
        detail = "This session is one of the participant's own edition; record attendance there."
        faults.append(Fault(pointer="#/session", code="own-session", detail=detail))
    if not_held:
        detail = "This session has not been held."
        faults.append(Fault(pointer="#/session", code="not-held", detail=detail))
    if made_up_before:
        detail = "Hours at this session were approved before."
        faults.append(Fault(pointer="#/session", code="approved-before", detail=detail))
    if minutes > session.minutes:
        detail = f"The session counts for {session.minutes} minutes."
        faults.append(Fault(pointer="#/minutes", code="too-many-minutes", detail=detail))
    return faults


async def _one(db: AsyncSession, registration_id: UUID, make_up_id: UUID) -> MakeUp:
    found = await db.get(MakeUp, make_up_id)
    if found is None or found.registration != registration_id:
        raise NotFound("There are no such make-up hours.")
    return found


def _record(
    db: AsyncSession, type: str, made_up: MakeUp, registration: Registration, caller: Caller, now: datetime
) -> None:
    events.record(
        db,
        type,
        subject=registration.id,
        actor=caller.client_id,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
        makeUp=str(made_up.id),
        kind=made_up.kind,
        minutes=made_up.minutes,
        session=str(made_up.session) if made_up.session else None,
        certified=registration.status is Status.CERTIFIED,
    )
