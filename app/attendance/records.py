"""The one place where a row of attendance is written: it keeps every version, and leaves an event of each."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance.models import Attendance, AttendanceVersion
from app.attendance.presence import Attended, Channel
from app.attendance.schemas import AttendanceRead
from app.core.problems import Problem
from app.events import service as events
from app.registrations.lifecycle import PARTICIPANT, Status
from app.registrations.models import Registration
from app.trainings.models import Session
from app.trainings.terms import Mode

# How a session can be attended; the first is taken when nobody says.
CHANNELS: Mapping[Mode, Sequence[Channel]] = {
    Mode.PHYSICAL: (Channel.IN_PERSON,),
    Mode.ONLINE: (Channel.ONLINE,),
    Mode.HYBRID: (Channel.IN_PERSON, Channel.ONLINE),
}


class NotParticipant(Problem):
    """The registration is not confirmed for an edition of this session."""

    status, code = 409, "not-a-participant"
    title, title_nl = "Not a participant", "Geen deelnemer"


@dataclass(frozen=True)
class Writing:
    """Who records at a session, when; `actor` is the id of a client, or what acts in its place."""

    session: Session
    actor: str
    now: datetime


def takes_part(registration: Registration, editions: Sequence[str]) -> bool:
    """Whether it is a participant's, of one of these editions."""
    return registration.status in PARTICIPANT and registration.edition in editions


async def standing(db: AsyncSession, session_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Attendance]:
    """What stands of these registrations, as it is once their rows are locked."""
    query = select(Attendance).where(Attendance.session == session_id, col(Attendance.registration).in_(ids))
    rows = (await db.exec(query.with_for_update().execution_options(populate_existing=True))).all()
    return {row.registration: row for row in rows}


def attended_of(row: Attendance | AttendanceRead) -> Attended:
    """What a row says."""
    return Attended(row.presence, row.minutes, row.late_minutes, row.early_minutes, row.channel)


def write(
    db: AsyncSession,
    by: Writing,
    registration: Registration,
    row: Attendance | None,
    wanted: Attended,
    reason: str | None,
) -> Attendance:
    """Insert a row, or correct it; the same again changes nothing. The registration is locked."""
    before = attended_of(row) if row else None
    if row and before == wanted:
        return row
    stamp: dict[str, Any] = {**asdict(wanted), "recorded_by": by.actor, "recorded_at": by.now}
    if row is None:
        row = Attendance(session=by.session.id, registration=registration.id, version=1, **stamp)
        db.add(row)
    else:
        row.version += 1
        for name, value in stamp.items():
            setattr(row, name, value)
    db.add(AttendanceVersion(**row.model_dump(), reason=reason))
    events.record(
        db,
        "attendance.corrected" if before else "attendance.recorded",
        subject=registration.id,
        actor=by.actor,
        at=by.now,
        edition=registration.edition,
        partner=registration.partner,
        session=str(by.session.id),
        before=_told(before, by.session) if before else None,
        after=_told(wanted, by.session),
        reason=reason,
        certified=registration.status is Status.CERTIFIED,
    )
    return row


def _told(one: Attended, session: Session) -> dict[str, Any]:
    """What an event says of it: beside presence and minutes, only what is out of the ordinary."""
    told: dict[str, Any] = {"minutes": one.minutes, "presence": one.presence}
    if one.late_minutes is not None:
        told |= {"lateMinutes": one.late_minutes, "earlyMinutes": one.early_minutes}
    if one.channel not in (None, CHANNELS[session.mode][0]):
        told["channel"] = one.channel
    return told
