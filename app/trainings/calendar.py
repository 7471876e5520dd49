"""Sessions: planned, moved and cancelled by those who give the edition."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.core.paging import Window, fetch
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.core.values import changed_members
from app.events import service as events
from app.identity.caller import Caller, Role
from app.trainings import service as trainings
from app.trainings.models import Edition, Phase, Session, SessionEdition
from app.trainings.schemas import (
    LocationBody,
    LocationChange,
    LocationRead,
    SessionChange,
    SessionCreate,
    SessionPage,
    SessionRead,
)

# Unscheduled sessions come after every scheduled one.
_LAST = datetime(9999, 12, 31, tzinfo=UTC)
_STARTS = sa.func.coalesce(col(Session.starts_at), _LAST)


class SessionCancelled(Problem):
    """The session was cancelled; nothing more can be done with it."""

    status, code = 409, "session-cancelled"
    title, title_nl = "Session is cancelled", "Bijeenkomst is vervallen"


async def session(db: AsyncSession, session_id: UUID, *, lock: bool = False) -> Session:
    """The session's row, or NotFound."""
    found = await db.get(Session, session_id, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such session.")
    return found


async def read_session(db: AsyncSession, session_id: UUID) -> SessionRead:
    """One session, or NotFound."""
    return (await _shown(db, [await session(db, session_id)]))[0]


async def list_sessions(db: AsyncSession, window: Window, edition: str | None) -> SessionPage:
    """Sessions in the order in which they are held, of one edition or of all; unscheduled ones last."""
    query = select(Session)
    if edition is not None:
        query = query.where(col(Session.id).in_(_of(edition)))
    order = [_STARTS, col(Session.id)]
    page, next_cursor = await fetch(db, query, window, order, _start_and_id, _key)
    return SessionPage(items=await _shown(db, page), next_cursor=next_cursor)


async def sessions_of(db: AsyncSession, edition: str) -> Sequence[Session]:
    """Every session that counts for an edition, cancelled ones too, in their order."""
    query = select(Session).where(col(Session.id).in_(_of(edition))).order_by(_STARTS, col(Session.id))
    return (await db.exec(query)).all()


async def editions_of(db: AsyncSession, session_id: UUID) -> list[str]:
    """The slugs of the editions that a session counts for, sorted."""
    query = select(SessionEdition.edition).where(SessionEdition.session == session_id)
    return sorted((await db.exec(query)).all())


async def plan(db: AsyncSession, caller: Caller, wanted: SessionCreate, now: datetime) -> SessionRead:
    """Plan a session for editions that the caller gives; InvalidInput names every other edition."""
    planned = Session(**wanted.model_dump(exclude={"editions", "location"}))
    _place(planned, wanted.location)
    faults = await _reference_faults(db, caller, wanted.editions, wanted.phase) + _time_faults(planned)
    if faults:
        raise InvalidInput(faults)
    db.add(planned)
    await db.flush()
    db.add_all(SessionEdition(session=planned.id, edition=slug) for slug in dict.fromkeys(wanted.editions))
    events.record(
        db, "session.planned", subject=planned.id, actor=caller.client_id, at=now, editions=wanted.editions
    )
    await db.flush()
    return (await _shown(db, [planned]))[0]


async def change(
    db: AsyncSession,
    caller: Caller,
    session_id: UUID,
    wanted: SessionChange,
    now: datetime,
    expected: Expected,
) -> SessionRead:
    """Move or otherwise change a session, if it still carries the tag `expected`."""
    changed = await _given(db, caller, session_id)
    expected.require((await _shown(db, [changed]))[0])
    if changed.cancelled_at:
        raise SessionCancelled("A cancelled session cannot be changed; plan a new one.")
    unknown = await _reference_faults(db, caller, [], wanted.phase)

    fields = wanted.model_fields_set
    for name in fields - {"location"}:
        setattr(changed, name, getattr(wanted, name))
    nowhere = _move(changed, wanted.location) if "location" in fields else []
    if faults := unknown + _time_faults(changed) + nowhere:
        raise InvalidInput(faults)
    events.record(
        db,
        "session.changed",
        subject=session_id,
        actor=caller.client_id,
        at=now,
        fields=changed_members(wanted),
    )
    await db.flush()
    return (await _shown(db, [changed]))[0]


async def cancel(
    db: AsyncSession, caller: Caller, session_id: UUID, reason: str | None, now: datetime
) -> SessionRead:
    """Cancel a session; it stays in the lists, marked."""
    cancelled = await _given(db, caller, session_id)
    if cancelled.cancelled_at:
        raise SessionCancelled("The session was cancelled before.")
    cancelled.cancelled_at = now
    events.record(db, "session.cancelled", subject=session_id, actor=caller.client_id, at=now, reason=reason)
    await db.flush()
    return (await _shown(db, [cancelled]))[0]


async def gives(db: AsyncSession, caller: Caller, editions: Sequence[str]) -> set[str]:
    """Those of `editions` that the caller may act for as the giver of the training."""
    if caller.role is Role.ADMIN:
        return set(editions)
    query = trainings.provided_by(caller.organisation)
    return set(editions) & set((await db.exec(query)).all())


async def _given(db: AsyncSession, caller: Caller, session_id: UUID) -> Session:
    """The session, locked, if the caller gives one of its editions; NotFound otherwise."""
    found = await session(db, session_id, lock=True)
    if not await gives(db, caller, await editions_of(db, session_id)):
        raise NotFound("There is no such session.")
    return found


async def _reference_faults(
    db: AsyncSession, caller: Caller, editions: list[str], phase: str | None
) -> list[Fault]:
    """A fault for every edition and phase that does not exist or is not the caller's to plan for."""
    known = set((await db.exec(select(Edition.slug).where(col(Edition.slug).in_(editions)))).all())
    theirs = await gives(db, caller, sorted(known))
    faults = [
        Fault(pointer=f"#/editions/{n}", code="unknown-edition", detail=f"You give no edition {slug}.")
        for n, slug in enumerate(editions)
        if slug not in theirs
    ]
    if phase is not None and await db.get(Phase, phase) is None:
        faults.append(Fault(pointer="#/phase", code="unknown-phase", detail=f"There is no phase {phase}."))
    return faults


def _time_faults(planned: Session) -> list[Fault]:
    if (planned.starts_at is None) != (planned.ends_at is None):
        missing = "endsAt" if planned.ends_at is None else "startsAt"
        detail = "startsAt and endsAt come together; leave both out for an unscheduled session"
        return [Fault(pointer=f"#/{missing}", code="times", detail=detail)]
    if planned.starts_at and planned.ends_at and planned.ends_at <= planned.starts_at:
        detail = "endsAt should come after startsAt"
        return [Fault(pointer="#/endsAt", code="times", detail=detail)]
    return []


def _place(planned: Session, location: LocationBody | None) -> None:
    planned.place = location.name if location else None
    planned.city = location.city if location else None
    planned.address = location.address if location else None


def _move(changed: Session, wanted: LocationChange | None) -> list[Fault]:
    """Change a location by its members (RFC 7396, section 2), None clears it; a fault without a city."""
    if wanted is None:
        _place(changed, None)
        return []
    for name in wanted.model_fields_set:
        setattr(changed, "place" if name == "name" else name, getattr(wanted, name))
    if changed.city is None and wanted.model_fields_set:
        return [Fault(pointer="#/location/city", code="missing", detail="Field required")]
    return []


def _of(edition: str) -> Any:
    return select(SessionEdition.session).where(SessionEdition.edition == edition)


def _key(session: Session) -> str:
    return f"{(session.starts_at or _LAST).isoformat()} {session.id}"


def _start_and_id(key: str) -> tuple[datetime, UUID]:
    start, _, session_id = key.partition(" ")
    return datetime.fromisoformat(start).astimezone(UTC), UUID(session_id)


def _status(session: Session) -> Literal["planned", "unscheduled", "cancelled"]:
    if session.cancelled_at:
        return "cancelled"
    return "planned" if session.starts_at else "unscheduled"


async def _shown(db: AsyncSession, sessions: Sequence[Session]) -> list[SessionRead]:
    query = select(SessionEdition).where(col(SessionEdition.session).in_([one.id for one in sessions]))
    links = (await db.exec(query.order_by(col(SessionEdition.edition)))).all()
    return [
        SessionRead(
            id=one.id,
            title=one.title,
            mode=one.mode,
            status=_status(one),
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            contact_minutes=one.minutes,
            phase=one.phase,
            location=LocationRead(name=one.place, city=one.city, address=one.address)
            if one.place or one.city
            else None,
            editions=[link.edition for link in links if link.session == one.id],
        )
        for one in sessions
    ]
