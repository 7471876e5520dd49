"""Sessions: planned, moved and cancelled by those who give the edition."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.core.paging import Window, fetch
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.events import service as events
from app.identity.caller import Caller, Role
from app.trainings import overlaps
from app.trainings import service as trainings
from app.trainings.changes import Snapshot, changed_fields, clashes_anew, is_rescheduled, memberships
from app.trainings.held import Recorded, require_agreement
from app.trainings.models import Edition, Phase, Session, SessionEdition
from app.trainings.schemas import (
    LocationBody,
    LocationChange,
    LocationRead,
    OnlineMeetingRead,
    SessionChange,
    SessionCreate,
    SessionPage,
    SessionRead,
)
from app.trainings.terms import Mode

# Unscheduled sessions come after every scheduled one.
_LAST = datetime(9999, 12, 31, tzinfo=UTC)
_STARTS = sa.func.coalesce(col(Session.starts_at), _LAST)


class SessionCancelled(Problem):
    """The session was cancelled; nothing more can be done with it."""

    status, code = 409, "session-cancelled"
    title, title_nl = "Session is cancelled", "Bijeenkomst is vervallen"


async def session(db: AsyncSession, session_id: UUID, *, lock: bool = False, hold: bool = False) -> Session:
    """The session's row, or NotFound; locked to change it, or held so that it does not change meanwhile."""
    locking = True if lock else {"read": True} if hold else None
    found = await db.get(Session, session_id, with_for_update=locking, populate_existing=lock or hold)
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
    """Plan a session for editions that the caller gives; InvalidInput names every other edition.

    Raises SessionOverlap when another session of these editions is held then, unless that is allowed.
    """
    kept = wanted.model_dump(exclude={"editions", "location", "allow_overlap"})
    planned, editions = Session(**kept, changed_at=now), sorted(set(wanted.editions))
    _place(planned, wanted.location)
    faults = await _reference_faults(db, caller, wanted.editions, wanted.phase)
    if faults := faults + _time_faults(planned) + _online_faults(planned):
        raise InvalidInput(faults)
    if planned.starts_at:
        await overlaps.require_none(db, planned, editions, allowed=wanted.allow_overlap)
    db.add(planned)
    await db.flush()
    db.add_all(SessionEdition(session=planned.id, edition=slug) for slug in editions)
    for slug in editions:
        _record(
            db, caller, planned, "planned", now, slug, editions, after=_snapshot(planned, editions).told()
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
    recorded: Recorded,
) -> SessionRead:
    """Move or otherwise change a session, if it still carries the tag `expected`.

    Raises SessionOverlap as `plan` does, and SessionAttended for what would contradict the attendance that
    `recorded` knows of.
    """
    changed = await _given(db, caller, session_id)
    expected.require((await _shown(db, [changed]))[0])
    if changed.cancelled_at:
        raise SessionCancelled("A cancelled session cannot be changed; plan a new one.")
    before = _snapshot(changed, await editions_of(db, session_id))
    editions = sorted(set(wanted.editions)) if "editions" in wanted.model_fields_set else before.editions
    unknown = await _reference_faults(db, caller, wanted.editions, wanted.phase, before.editions)

    faults = _apply(changed, wanted)
    if faults := unknown + _time_faults(changed) + _online_faults(changed) + faults:
        raise InvalidInput(faults)
    after = _snapshot(changed, editions)
    require_agreement(await recorded(db, session_id), before, after, now)
    if clashes_anew(before, after):
        await overlaps.require_none(db, changed, editions, allowed=wanted.allow_overlap)
    await _set_editions(db, session_id, before.editions, editions)
    fields = changed_fields(before, after)
    if fields:
        changed.changed_at = now
    changed.sequence += is_rescheduled(before, after)
    _record_change(db, caller, changed, before, after, now, fields=fields, reason=wanted.reason)
    await db.flush()
    return (await _shown(db, [changed]))[0]


async def cancel(
    db: AsyncSession,
    caller: Caller,
    session_id: UUID,
    reason: str | None,
    now: datetime,
    expected: Expected,
) -> SessionRead:
    """Cancel a session, if it still carries the tag `expected`; it stays in the lists, marked."""
    cancelled = await _given(db, caller, session_id)
    if expected:
        expected.require(await read_session(db, session_id))
    if cancelled.cancelled_at:
        raise SessionCancelled("The session was cancelled before.")
    editions = await editions_of(db, session_id)
    before = _snapshot(cancelled, editions).told()
    cancelled.cancelled_at = cancelled.changed_at = now
    cancelled.sequence += 1
    for slug in editions:
        _record(db, caller, cancelled, "cancelled", now, slug, editions, before=before, reason=reason)
    await db.flush()
    return (await _shown(db, [cancelled]))[0]


async def online_meeting(db: AsyncSession, caller: Caller, session_id: UUID) -> OnlineMeetingRead:
    """Where a session is held online, for who gives one of its editions; NotFound for others."""
    found = await session(db, session_id)
    await _require_given(db, caller, session_id)
    return OnlineMeetingRead(session=found.id, online_url=found.online_url)


async def gives(db: AsyncSession, caller: Caller, editions: Sequence[str]) -> set[str]:
    """Those of `editions` that the caller may act for as the giver of the training."""
    if caller.role is Role.ADMIN:
        return set(editions)
    query = trainings.provided_by(caller.organisation)
    return set(editions) & set((await db.exec(query)).all())


async def _given(db: AsyncSession, caller: Caller, session_id: UUID) -> Session:
    """The session, locked, if the caller gives one of its editions; NotFound otherwise."""
    found = await session(db, session_id, lock=True)
    await _require_given(db, caller, session_id)
    return found


async def _require_given(db: AsyncSession, caller: Caller, session_id: UUID) -> None:
    if not await gives(db, caller, await editions_of(db, session_id)):
        raise NotFound("There is no such session.")


async def _reference_faults(
    db: AsyncSession,
    caller: Caller,
    editions: Sequence[str],
    phase: str | None,
    before: Sequence[str] = (),
) -> list[Fault]:
    """A fault for every edition and phase that does not exist or is not the caller's to plan for.

    Of a session that was there `before`, others' editions stay: they are neither added nor taken away.
    """
    removed = sorted(set(before) - set(editions)) if editions else []
    named = {*editions, *removed}
    known = set((await db.exec(select(Edition.slug).where(col(Edition.slug).in_(named)))).all())
    theirs = await gives(db, caller, sorted(known))
    faults = [
        Fault(pointer=f"#/editions/{n}", code="unknown-edition", detail=f"You give no edition {slug}.")
        for n, slug in enumerate(editions)
        if slug not in theirs and slug not in before
    ]
    faults += [
        Fault(pointer="#/editions", code="not-given", detail=f"You do not give edition {slug}, so it stays.")
        for slug in removed
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


def _online_faults(planned: Session) -> list[Fault]:
    if planned.mode is Mode.PHYSICAL and planned.online_url:
        detail = "A physical session has no online meeting; send onlineUrl null, or another mode."
        return [Fault(pointer="#/onlineUrl", code="mode", detail=detail)]
    return []


def _apply(changed: Session, wanted: SessionChange) -> list[Fault]:
    """Set what a merge patch names; a fault for a place without a city."""
    fields = wanted.model_fields_set
    for name in fields - {"location", "editions", "allow_overlap", "reason"}:
        setattr(changed, name, getattr(wanted, name))
    return _move(changed, wanted.location) if "location" in fields else []


async def _set_editions(
    db: AsyncSession, session_id: UUID, before: Sequence[str], wanted: Sequence[str]
) -> None:
    if removed := set(before) - set(wanted):
        mine = sa.delete(SessionEdition).where(col(SessionEdition.session) == session_id)
        await db.exec(mine.where(col(SessionEdition.edition).in_(removed)))
    db.add_all(SessionEdition(session=session_id, edition=slug) for slug in wanted if slug not in before)


def _snapshot(session: Session, editions: Sequence[str]) -> Snapshot:
    return Snapshot(
        title=session.title,
        status=session.status,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        mode=session.mode,
        minutes=session.minutes,
        phase=session.phase,
        place=(session.place, session.city, session.address),
        travel_note=session.travel_note,
        online_url=session.online_url,
        editions=editions,
    )


def _record(
    db: AsyncSession,
    caller: Caller,
    session: Session,
    what: str,
    now: datetime,
    edition: str,
    editions: Sequence[str],
    **data: Any,
) -> None:
    """Record what happened to a session, for everybody in one of its editions."""
    events.record(
        db,
        f"session.{what}",
        subject=session.id,
        actor=caller.client_id,
        at=now,
        edition=edition,
        editions=list(editions),
        sequence=session.sequence,
        **data,
    )


def _record_change(
    db: AsyncSession,
    caller: Caller,
    session: Session,
    before: Snapshot,
    after: Snapshot,
    now: datetime,
    **data: Any,
) -> None:
    """Record a change in each edition that the session counted for, counts for, or both."""
    told = {"before": before.told(), "after": after.told(), **data}
    for slug, membership in memberships(before.editions, after.editions):
        _record(db, caller, session, "changed", now, slug, after.editions, membership=membership, **told)


def _place(planned: Session, location: LocationBody | None) -> None:
    planned.place = location.name if location else None
    planned.city = location.city if location else None
    planned.address = location.address if location else None
    planned.travel_note = location.travel_note if location else None


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


async def _shown(db: AsyncSession, sessions: Sequence[Session]) -> list[SessionRead]:
    query = select(SessionEdition).where(col(SessionEdition.session).in_([one.id for one in sessions]))
    links = (await db.exec(query.order_by(col(SessionEdition.edition)))).all()
    return [
        SessionRead(
            id=one.id,
            title=one.title,
            mode=one.mode,
            status=one.status,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            contact_minutes=one.minutes,
            phase=one.phase,
            location=LocationRead(
                name=one.place, city=one.city, address=one.address, travel_note=one.travel_note
            )
            if one.place or one.city
            else None,
            editions=[link.edition for link in links if link.session == one.id],
        )
        for one in sessions
    ]
