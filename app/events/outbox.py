"""The outbox: what happened and was not acted upon yet, claimed by one worker at a time."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.events.models import Event, EventPending


async def claim(
    db: AsyncSession, now: datetime, limit: int, ids: Sequence[int] | None = None
) -> Sequence[Event]:
    """Take the oldest events that are pending and that no other worker has, or of `ids` those.

    They leave the outbox when this transaction commits, together with what was made of them; when it
    does not commit, they are pending as before.
    """
    waits = sa.or_(col(EventPending.not_before).is_(None), col(EventPending.not_before) <= now)
    free = select(EventPending.event).where(waits).order_by(col(EventPending.event)).limit(limit)
    if ids is not None:
        free = free.where(col(EventPending.event).in_(ids))
    claimed = (await db.exec(free.with_for_update(skip_locked=True))).all()
    await db.exec(sa.delete(EventPending).where(col(EventPending.event).in_(claimed)))
    query = select(Event).where(col(Event.id).in_(claimed)).order_by(col(Event.id))
    return (await db.exec(query)).all()


async def set_aside(db: AsyncSession, event_id: int, until: datetime) -> None:
    """Leave an event that could not be acted upon for later, so that those after it have their turn."""
    await db.exec(sa.update(EventPending).where(col(EventPending.event) == event_id).values(not_before=until))
