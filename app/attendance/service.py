"""Attendance: what each participant attended of each session, in minutes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance.models import Attendance, Presence
from app.attendance.schemas import (
    AttendanceBody,
    AttendanceItem,
    AttendanceList,
    AttendancePage,
    AttendanceRead,
    AttendanceSaved,
)
from app.core.etags import ANYTHING, Expected
from app.core.paging import Window, fetch
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.core.values import utc
from app.events import service as events
from app.identity.caller import Caller
from app.registrations.lifecycle import PARTICIPANT, Status
from app.registrations.models import Registration
from app.registrations.service import visible
from app.trainings import calendar
from app.trainings.calendar import SessionCancelled
from app.trainings.models import Session


class SessionNotHeld(Problem):
    """The session has not begun, or has no date yet."""

    status, code = 409, "session-not-held"
    title, title_nl = "Session has not been held", "Bijeenkomst is nog niet gehouden"


class NotParticipant(Problem):
    """The registration is not confirmed for an edition of this session."""

    status, code = 409, "not-a-participant"
    title, title_nl = "Not a participant", "Geen deelnemer"


async def save(
    db: AsyncSession, caller: Caller, session_id: UUID, wanted: AttendanceList, now: datetime
) -> AttendanceSaved:
    """Save what several participants attended, all or nothing; rows that are not named stay as they are.

    Raises NotFound, SessionCancelled, SessionNotHeld, and InvalidInput with every row that is wrong.
    """
    session, editions = await _held(db, caller, session_id, now)
    registrations = await _registrations(db, caller, [item.registration for item in wanted.items])
    faults = [
        fault
        for n, item in enumerate(wanted.items)
        for fault in _faults(n, item, registrations.get(item.registration), session, editions)
    ]
    if faults:
        raise InvalidInput(faults)
    rows = {item.registration: item for item in wanted.items}
    saved = await _write(db, caller, session, rows, registrations, now)
    return AttendanceSaved(items=[AttendanceRead.model_validate(row) for row in saved])


async def save_one(
    db: AsyncSession,
    caller: Caller,
    session_id: UUID,
    registration_id: UUID,
    wanted: AttendanceBody,
    now: datetime,
    expected: Expected,
) -> AttendanceRead:
    """Save what one participant attended, if what stands is as `expected`; the same again changes nothing.

    Raises NotFound, NotParticipant, SessionCancelled, SessionNotHeld and, for too many minutes, InvalidInput.
    """
    session, editions = await _held(db, caller, session_id, now)
    registrations = await _registrations(db, caller, [registration_id])
    if registration_id not in registrations:
        raise NotFound("There is no such registration.")
    if not _takes_part(registrations[registration_id], editions):
        raise NotParticipant("The registration is not a participant of an edition of this session.")
    if faults := _minute_faults("#", wanted, session):
        raise InvalidInput(faults)
    saved = await _write(db, caller, session, {registration_id: wanted}, registrations, now, expected)
    return AttendanceRead.model_validate(saved[0])


async def list_attendance(
    db: AsyncSession, caller: Caller, window: Window, *, session: UUID | None, registration: UUID | None
) -> AttendancePage:
    """The attendance that the caller may see, of one session, one registration or all."""
    query = (
        select(Attendance)
        .join(Registration, col(Registration.id) == Attendance.registration)
        .where(visible(caller))
    )
    if session is not None:
        query = query.where(Attendance.session == session)
    if registration is not None:
        query = query.where(Attendance.registration == registration)
    order = [col(Attendance.registration), col(Attendance.session)]
    page, next_cursor = await fetch(
        db, query, window, order, _two_ids, lambda row: f"{row.registration} {row.session}"
    )
    return AttendancePage(items=[AttendanceRead.model_validate(row) for row in page], next_cursor=next_cursor)


async def attended(db: AsyncSession, registration_id: UUID) -> Sequence[tuple[Session, int]]:
    """The sessions that a participant was at, in their order, with the minutes; no cancelled ones."""
    query = (
        select(Session, Attendance.minutes)
        .join(Attendance, col(Attendance.session) == Session.id)
        .where(Attendance.registration == registration_id, col(Attendance.minutes) > 0)
        .where(col(Session.cancelled_at).is_(None))
        .order_by(col(Session.starts_at), col(Session.id))
    )
    return [(session, min(minutes, session.minutes)) for session, minutes in (await db.exec(query)).all()]


async def recorded(db: AsyncSession, session_id: UUID) -> Sequence[tuple[str, int]]:
    """What is on record of a session: of each participant the edition and the minutes."""
    query = (
        select(Registration.edition, Attendance.minutes)
        .join(Attendance, col(Attendance.registration) == Registration.id)
        .where(Attendance.session == session_id)
    )
    return (await db.exec(query)).all()


async def _held(
    db: AsyncSession, caller: Caller, session_id: UUID, now: datetime
) -> tuple[Session, list[str]]:
    """The session and those of its editions that the caller gives; it must have begun.

    It stays as it is until the commit, so that what is recorded fits it.
    """
    session = await calendar.session(db, session_id, hold=True)
    editions = await calendar.gives(db, caller, await calendar.editions_of(db, session_id))
    if not editions:
        raise NotFound("There is no such session.")
    if session.cancelled_at:
        raise SessionCancelled("The session was cancelled.")
    if session.starts_at is None:
        raise SessionNotHeld("The session has no date yet.")
    if now < session.starts_at:
        raise SessionNotHeld(f"The session begins at {utc(session.starts_at)}.")
    return session, sorted(editions)


async def _registrations(db: AsyncSession, caller: Caller, ids: Sequence[UUID]) -> dict[UUID, Registration]:
    """Those of the registrations that the caller may see, locked so that their status stays."""
    query = (
        select(Registration)
        .where(col(Registration.id).in_(ids), visible(caller))
        .order_by(col(Registration.id))
        .with_for_update(key_share=True)
    )
    return {one.id: one for one in (await db.exec(query)).all()}


def _takes_part(registration: Registration, editions: Sequence[str]) -> bool:
    return registration.status in PARTICIPANT and registration.edition in editions


def _faults(
    n: int,
    item: AttendanceItem,
    registration: Registration | None,
    session: Session,
    editions: Sequence[str],
) -> list[Fault]:
    pointer = f"#/items/{n}"
    faults = _minute_faults(pointer, item, session)
    if registration is None:
        detail = "There is no such registration."
        faults.append(Fault(pointer=f"{pointer}/registration", code="unknown-registration", detail=detail))
    elif not _takes_part(registration, editions):
        detail = "The registration is not a participant of an edition of this session."
        faults.append(Fault(pointer=f"{pointer}/registration", code="not-a-participant", detail=detail))
    return faults


def _minute_faults(pointer: str, wanted: AttendanceBody, session: Session) -> list[Fault]:
    faults = []
    if wanted.minutes > session.minutes:
        detail = f"The session counts for {session.minutes} minutes."
        faults.append(Fault(pointer=f"{pointer}/minutes", code="too-many-minutes", detail=detail))
    if wanted.minutes and wanted.presence not in (None, Presence.PRESENT):
        detail = f"Who is {wanted.presence} has 0 minutes."
        faults.append(Fault(pointer=f"{pointer}/minutes", code="minutes-without-presence", detail=detail))
    return faults


async def _write(
    db: AsyncSession,
    caller: Caller,
    session: Session,
    wanted: Mapping[UUID, AttendanceBody],
    registrations: Mapping[UUID, Registration],
    now: datetime,
    expected: Expected = ANYTHING,
) -> list[Attendance]:
    """Insert or correct each row, if it is as `expected`; what changes leaves an event, before and after."""
    query = select(Attendance).where(
        Attendance.session == session.id, col(Attendance.registration).in_(wanted)
    )
    existing = {row.registration: row for row in (await db.exec(query.with_for_update())).all()}
    saved = []
    for registration_id, body in wanted.items():
        row, registration = existing.get(registration_id), registrations[registration_id]
        expected.require(AttendanceRead.model_validate(row) if row else None)
        presence = body.presence or (Presence.PRESENT if body.minutes else Presence.ABSENT)
        saved.append(await _write_one(db, caller, session, row, registration, body, presence, now))
    await db.flush()
    return saved


async def _write_one(
    db: AsyncSession,
    caller: Caller,
    session: Session,
    row: Attendance | None,
    registration: Registration,
    body: AttendanceBody,
    presence: Presence,
    now: datetime,
) -> Attendance:
    if row and (row.minutes, row.presence) == (body.minutes, presence):
        return row
    before = {"minutes": row.minutes, "presence": row.presence} if row else None
    if row is None:
        row = Attendance(
            session=session.id,
            registration=registration.id,
            presence=presence,
            minutes=body.minutes,
            recorded_by=caller.client_id,
            recorded_at=now,
        )
        db.add(row)
    else:
        row.presence, row.minutes = presence, body.minutes
        row.recorded_by, row.recorded_at = caller.client_id, now
    events.record(
        db,
        "attendance.corrected" if before else "attendance.recorded",
        subject=registration.id,
        actor=caller.client_id,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
        session=str(session.id),
        before=before,
        after={"minutes": body.minutes, "presence": presence},
        reason=body.reason,
        certified=registration.status is Status.CERTIFIED,
    )
    return row


def _two_ids(key: str) -> tuple[UUID, UUID]:
    registration, _, session = key.partition(" ")
    return UUID(registration), UUID(session)
