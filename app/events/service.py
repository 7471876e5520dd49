"""Events: written by every change, read by administrators and, their own, by partners."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.paging import Window, fetch, whole
from app.events.models import Event
from app.events.schemas import EventPage, EventRead


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
    whose event it is, None for the administrators' alone. `data` holds JSON values and no personal data.
    """
    db.add(
        Event(
            type=type, subject=str(subject), actor=actor, at=at, edition=edition, partner=partner, data=data
        )
    )


async def listed(
    db: AsyncSession,
    window: Window,
    *,
    partner: str | None,
    subject: str | None,
    type: str | None,
    newest_first: bool = False,
) -> EventPage:
    """Events in the order in which they were written; only those of `partner` unless that is None."""
    query = select(Event)
    if partner is not None:
        query = query.where(Event.partner == partner)
    if subject is not None:
        query = query.where(Event.subject == subject)
    if type is not None:
        query = query.where(Event.type == type)
    number = partial(whole, bits=63)
    page, next_cursor = await fetch(
        db, query, window, [col(Event.id)], number, lambda event: event.id, descending=newest_first
    )
    return EventPage(items=[EventRead.model_validate(event) for event in page], next_cursor=next_cursor)
