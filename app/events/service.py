"""Events: written by every change, read by administrators and, their own, by partners."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
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


async def history(db: AsyncSession, subject: UUID, types: Sequence[str], **data: str) -> list[Event]:
    """What happened to `subject`, of these types and with these members of `data`, oldest first."""
    query = select(Event).where(Event.subject == str(subject), col(Event.type).in_(types))
    for name, value in data.items():
        query = query.where(col(Event.data)[name].as_string() == value)
    return list((await db.exec(query.order_by(col(Event.id)))).all())
