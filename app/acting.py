"""What becomes of events: messages and deliveries to webhooks, of one claim, in one transaction."""

from datetime import timedelta

import structlog

from app.core.clock import Clock
from app.core.database import Database
from app.core.patience import is_away
from app.events import outbox as events
from app.notifications import outbox
from app.notifications.posting import Post
from app.webhooks import making

log = structlog.get_logger(__name__)

BATCH = 500  # events in one transaction
SET_ASIDE = timedelta(minutes=10)


async def empty_outbox(database: Database, clock: Clock, post: Post) -> int:
    """Act upon every event that is pending, in batches; gives how many there were.

    An event that cannot be acted upon is set aside, so that it holds nothing up.
    """
    acted = 0
    while count := await _act_upon_some(database, clock, post):
        acted += count
    return acted


async def _act_upon_some(database: Database, clock: Clock, post: Post) -> int:
    ids: list[int] = []
    try:
        return await _act_upon(database, clock, post, BATCH, taken=ids)
    except Exception as failure:  # one of these events is at fault: take them one by one
        if is_away(failure):
            raise
        log.exception("a batch of events failed", events=len(ids))
    for id in ids:
        try:
            await _act_upon(database, clock, post, 1, only=[id])
        except Exception as failure:
            if is_away(failure):
                raise
            log.exception("an event was set aside", id=id)
            async with database.transaction() as db:
                await events.set_aside(db, id, clock.now() + SET_ASIDE)
    return len(ids)


async def _act_upon(
    database: Database,
    clock: Clock,
    post: Post,
    limit: int,
    *,
    only: list[int] | None = None,
    taken: list[int] | None = None,
) -> int:
    """Claim events and make of them what follows, all in one transaction; gives their number."""
    now = clock.now()
    async with database.transaction() as db:
        claimed = await events.claim(db, now, limit, only)
        if taken is not None:
            taken += [event.id for event in claimed if event.id is not None]
        await outbox.tell(db, claimed, post.timing, now)
        await making.make(db, claimed, now)
    return len(claimed)
