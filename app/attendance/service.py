"""Attendance: what each participant attended of each session, in minutes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance.models import Attendance, AttendanceVersion
from app.attendance.presence import faults, understood
from app.attendance.records import CHANNELS, NotParticipant, Writing, attended_of, standing, takes_part, write
from app.attendance.schemas import (
    AttendanceBody,
    AttendanceHistory,
    AttendanceItem,
    AttendanceList,
    AttendancePage,
    AttendanceRead,
    AttendanceReplaced,
    AttendanceSaved,
    AttendanceVersionRead,
)
from app.core.etags import Expected
from app.core.paging import Window, fetch, whole
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.core.values import utc
from app.identity.caller import Caller
from app.registrations.applicants import require_all_known
from app.registrations.models import Registration
from app.registrations.service import own, visible
from app.trainings import calendar
from app.trainings.calendar import SessionCancelled
from app.trainings.models import Session


class SessionNotHeld(Problem):
    """The session has not begun, or has no date yet."""

    status, code = 409, "session-not-held"
    title, title_nl = "Session has not been held", "Bijeenkomst is nog niet gehouden"


class AttendanceChanged(Problem):
    """Somebody recorded in the meantime; `rows` says of whom, and what stands."""

    status, code = 409, "attendance-changed"
    title, title_nl = "Attendance was changed in the meantime", "Aanwezigheid is intussen gewijzigd"


async def save(
    db: AsyncSession, caller: Caller, session_id: UUID, wanted: AttendanceList, now: datetime
) -> AttendanceSaved:
    """Save what several participants attended, all or nothing; rows that are not named stay as they are.

    Raises NotFound, SessionCancelled, SessionNotHeld, InvalidInput with every row that is wrong, and
    AttendanceChanged with every row that is not as its item expected and not as it wants either.
    """
    session, editions = await _held(db, caller, session_id, now)
    registrations = await _registrations(db, caller, [item.registration for item in wanted.items])
    wrong = [
        fault
        for n, item in enumerate(wanted.items)
        for fault in _faults(n, item, registrations.get(item.registration), session, editions)
    ]
    if wrong:
        raise InvalidInput(wrong)
    rows = await standing(db, session_id, list(registrations))
    stood = {id: AttendanceRead.model_validate(row) for id, row in rows.items()}
    _require_expected(wanted.items, session, stood)
    bodies = {item.registration: item for item in wanted.items}
    saved = await _write(db, Writing(session, caller.client_id, now), bodies, registrations, rows)
    items = [AttendanceRead.model_validate(row) for row in saved]
    replaced = [
        AttendanceReplaced(registration=row.registration, stood=before)
        for item, row in zip(wanted.items, items, strict=True)
        if "expected" not in item.model_fields_set
        and (before := stood.get(item.registration))
        and before.version != row.version
    ]
    return AttendanceSaved(items=items, replaced=replaced)


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
    if not takes_part(registrations[registration_id], editions):
        raise NotParticipant("The registration is not a participant of an edition of this session.")
    if wrong := faults(wanted.said, session.minutes, CHANNELS[session.mode], "#"):
        raise InvalidInput(wrong)
    rows = await standing(db, session_id, [registration_id])
    row = rows.get(registration_id)
    expected.require(AttendanceRead.model_validate(row) if row else None)
    by = Writing(session, caller.client_id, now)
    saved = await _write(db, by, {registration_id: wanted}, registrations, rows)
    return AttendanceRead.model_validate(saved[0])


async def read(db: AsyncSession, caller: Caller, session_id: UUID, registration_id: UUID) -> AttendanceRead:
    """What one participant attended, of the registrations that the caller may see; or NotFound."""
    await own(db, caller, registration_id)
    found = await db.get(Attendance, (session_id, registration_id))
    if found is None:
        raise NotFound("Nothing is recorded of this participant at this session.")
    return AttendanceRead.model_validate(found)


async def history(
    db: AsyncSession, caller: Caller, session_id: UUID, registration_id: UUID, window: Window
) -> AttendanceHistory:
    """Everything that was recorded of one participant at one session, oldest first; or NotFound."""
    await read(db, caller, session_id, registration_id)
    query = select(AttendanceVersion).where(
        AttendanceVersion.session == session_id, AttendanceVersion.registration == registration_id
    )
    order = [col(AttendanceVersion.version)]
    page, next_cursor = await fetch(db, query, window, order, whole, lambda row: row.version)
    items = [AttendanceVersionRead.model_validate(row) for row in page]
    return AttendanceHistory(items=items, next_cursor=next_cursor)


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
    """Those of the registrations that the caller may see, locked so that their status stays.

    ApplicantErased where one is of somebody who was erased.
    """
    query = (
        select(Registration)
        .where(col(Registration.id).in_(ids), visible(caller))
        .order_by(col(Registration.id))
        .with_for_update(key_share=True)
    )
    found = (await db.exec(query)).all()
    await require_all_known(db, found)
    return {one.id: one for one in found}


def _faults(
    n: int,
    item: AttendanceItem,
    registration: Registration | None,
    session: Session,
    editions: Sequence[str],
) -> list[Fault]:
    pointer = f"#/items/{n}"
    found = faults(item.said, session.minutes, CHANNELS[session.mode], pointer)
    if registration is None:
        detail = "There is no such registration."
        found.append(Fault(pointer=f"{pointer}/registration", code="unknown-registration", detail=detail))
    elif not takes_part(registration, editions):
        detail = "The registration is not a participant of an edition of this session."
        found.append(Fault(pointer=f"{pointer}/registration", code="not-a-participant", detail=detail))
    return found


def _require_expected(
    items: Sequence[AttendanceItem], session: Session, stood: Mapping[UUID, AttendanceRead]
) -> None:
    """Raise AttendanceChanged unless each row is as its item expected, or says what it wants already."""
    changed = []
    for n, item in enumerate(items):
        row = stood.get(item.registration)
        if "expected" not in item.model_fields_set or item.expected == (row.version if row else None):
            continue
        before = attended_of(row) if row else None
        if before is None or before != understood(item.said, session.minutes, CHANNELS[session.mode], before):
            stands = row.model_dump(mode="json", by_alias=True) if row else None
            changed.append(
                {
                    "pointer": f"#/items/{n}/expected",
                    "registration": str(item.registration),
                    "stands": stands,
                }
            )
    if changed:
        raise AttendanceChanged(
            f"{len(changed)} of the rows are not as you saw them; nothing was saved.", rows=changed
        )


async def _write(
    db: AsyncSession,
    by: Writing,
    bodies: Mapping[UUID, AttendanceBody],
    registrations: Mapping[UUID, Registration],
    rows: Mapping[UUID, Attendance],
) -> list[Attendance]:
    """Insert or correct each row; what changes leaves a version and an event."""
    saved = []
    for id, body in bodies.items():
        row = rows.get(id)
        before = attended_of(row) if row else None
        wanted = understood(body.said, by.session.minutes, CHANNELS[by.session.mode], before)
        saved.append(write(db, by, registrations[id], row, wanted, body.reason))
    await db.flush()
    return saved


def _two_ids(key: str) -> tuple[UUID, UUID]:
    registration, _, session = key.partition(" ")
    return UUID(registration), UUID(session)
