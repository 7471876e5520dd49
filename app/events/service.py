"""Events: written by every change, read by administrators and, their own, by partners."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from app.core.paging import Window, fetch, whole
from app.core.values import Difference
from app.events.models import Event, EventDetail
from app.events.schemas import EventPage, EventRead

# What everybody in an edition hears: these have the edition, and no partner.
SHARED = ("session.planned", "session.changed", "session.cancelled")

_RECORDED = "recorded events"
# In `data`, the id of what somebody wrote with it; who reads the event finds the words as `reason`.
_REASON = "reasonId"
# And of what was changed of a person, which is found as `before` and `after`.
_CHANGE = "changeId"


def record(
    db: AsyncSession,
    type: str,
    *,
    subject: UUID | str,
    actor: str,
    at: datetime,
    edition: str | None = None,
    partner: str | None = None,
    **data: Any,
) -> None:
    """Add an event to the running transaction: it is there if, and only if, the change is.

    `type` is `noun.participle`; `actor` the id of the client that acts; `partner` the organisation
    whose event it is, None for the administrators' alone, or for all in the edition (SHARED). `data` holds
    JSON values and no personal data; its `reason`, which somebody wrote, is kept apart (EventDetail).
    """
    if data.get("reason"):
        about = data.get("second") or data.get("registration")
        reason = EventDetail(
            type=type, subject=str(subject), about=about, partner=partner, text=data.pop("reason")
        )
        db.add(reason)
        data[_REASON] = str(reason.id)
    event = Event(
        type=type, subject=str(subject), actor=actor, at=at, edition=edition, partner=partner, data=data
    )
    db.add(event)
    db.info.setdefault(_RECORDED, []).append(event)


def record_change(
    db: AsyncSession,
    type: str,
    change: Difference,
    *,
    subject: UUID,
    actor: str,
    at: datetime,
    edition: str,
    partner: str,
    fields: Sequence[str],
) -> None:
    """As `record`, of what was changed of a person: the event refers to it, so that it can be erased."""
    detail = EventDetail(type=type, subject=str(subject), partner=partner, **change._asdict())
    db.add(detail)
    data = {"fields": list(fields), _CHANGE: str(detail.id)}
    record(db, type, subject=subject, actor=actor, at=at, edition=edition, partner=partner, **data)


def recorded(db: AsyncSession) -> Sequence[Event]:
    """What `record` has added to the running transaction so far, for what follows from it."""
    return tuple(db.info.get(_RECORDED, ()))


async def record_each(
    db: AsyncSession,
    type: str,
    rows: sa.CTE,
    *,
    actor: str,
    at: datetime,
    edition: str,
    **data: Any,
) -> int:
    """The same event for every row of `rows`, by `subject`, each for its `partner`; gives their number.

    One statement, however many there are; `rows` may itself be what makes the change.
    """
    query = sa.select(
        sa.literal(type),
        sa.cast(rows.c.subject, sa.Text),
        rows.c.partner,
        sa.literal(edition),
        sa.literal(actor),
        sa.literal(at, sa.DateTime(timezone=True)),
        sa.literal(data, JSONB),
    ).order_by(rows.c.subject)
    names = ["type", "subject", "partner", "edition", "actor", "at", "data"]
    return (await db.exec(sa.insert(Event).from_select(names, query))).rowcount


async def latest(db: AsyncSession, subject: UUID | str, type: str) -> Event | None:
    """The last event of a type about something."""
    query = select(Event).where(Event.subject == str(subject), Event.type == type)
    return (await db.exec(query.order_by(col(Event.id).desc()).limit(1))).first()


async def listed(
    db: AsyncSession,
    window: Window,
    *,
    partner: str | None,
    subject: str | None,
    type: str | None,
    after: int | None = None,
    newest_first: bool = False,
) -> EventPage:
    """Events by their numbers; only those for `partner` unless that is None.

    Oldest first, none comes into view after a higher one did: who reads on after the last misses nothing.
    """
    number = partial(whole, bits=63)
    place = window.after(number)
    settled = None if newest_first else (await db.exec(select(sa.func.events_settled()))).one()

    def page_of(row: Any, *conditions: Any) -> Any:
        """What a page of some events may hold, along an index."""
        query = sa.select(row).where(*conditions)
        if subject is not None:
            query = query.where(row.subject == subject)
        if type is not None:
            query = query.where(row.type == type)
        if after is not None:
            query = query.where(row.id > after)
        if settled is not None:
            query = query.where(row.id <= settled)
        if place is not None:
            query = query.where(row.id < place if newest_first else row.id > place)
        return query.order_by(row.id.desc() if newest_first else row.id).limit(window.limit + 1)

    shown = _both(page_of, partner) if partner else aliased(Event, page_of(Event).subquery())
    query: SelectOfScalar[Event] = select(shown)
    page, next_cursor = await fetch(
        db, query, window, [shown.id], number, lambda event: event.id, descending=newest_first
    )
    found = await _details(db, page)
    items = [_shown(event, found) for event in page]
    if partner is not None:  # where others call from is the administrators' to know
        items = [item.model_copy(update={"origin": None}) for item in items]
    return EventPage(items=items, next_cursor=next_cursor)


async def reasons(db: AsyncSession, happened: Sequence[Event]) -> dict[int, str]:
    """What was written with these events, by their numbers; nothing where it was erased since."""
    found = await _details(db, happened)
    written = {event.id: found.get(event.data.get(_REASON, "")) for event in happened}
    return {id: detail.text for id, detail in written.items() if id and detail and detail.text}


async def _details(db: AsyncSession, happened: Sequence[Event]) -> dict[str, EventDetail]:
    """What stands apart from these events, by its id as they have it."""
    ids = [UUID(event.data[name]) for event in happened for name in (_REASON, _CHANGE) if name in event.data]
    if not ids:
        return {}
    found = await db.exec(select(EventDetail).where(col(EventDetail.id).in_(ids)))
    return {str(detail.id): detail for detail in found.all()}


def _shown(event: Event, found: Mapping[str, EventDetail]) -> EventRead:
    """An event with what stands apart from it in its place; null once that was erased."""
    data = dict(event.data)
    if name := data.pop(_REASON, None):
        data["reason"] = found[name].text if name in found else None
    if name := data.pop(_CHANGE, None):
        change = found.get(name)
        data |= {"before": change and change.before, "after": change and change.after}
    return EventRead.model_validate({**event.model_dump(), "data": data})


def _both(page_of: Callable[..., Any], partner: str) -> Any:
    """A partner's own events, and those that everybody in an edition hears, from its first one there on.

    So what comes into view never comes before what the partner has read. Each is a page of its own: the
    database would sort all that there are of the two together.
    """
    mine, shared = aliased(Event), aliased(Event)
    first = sa.select(sa.func.min(col(mine.id))).where(
        col(mine.partner) == partner, col(mine.edition) == col(shared.edition)
    )
    own = page_of(Event, col(Event.partner) == partner)
    of_all = page_of(
        shared,
        col(shared.partner).is_(None),
        col(shared.type).in_(SHARED),
        col(shared.id) > first.scalar_subquery(),
    )
    both = sa.union_all(own.subquery().select(), of_all.subquery().select())
    return aliased(Event, both.subquery())


async def history(db: AsyncSession, subject: UUID, types: Sequence[str], **data: str) -> list[Event]:
    """What happened to `subject`, of these types and with these members of `data`, oldest first."""
    query = select(Event).where(Event.subject == str(subject), col(Event.type).in_(types))
    for name, value in data.items():
        query = query.where(col(Event.data)[name].as_string() == value)
    return list((await db.exec(query.order_by(col(Event.id)))).all())
