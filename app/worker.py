"""The background work: what falls due by itself. More than one worker at a time does no harm."""

import asyncio

import structlog

from app.core.clock import Clock
from app.core.database import Database
from app.registrations import service as registrations

log = structlog.get_logger(__name__)


async def work(database: Database, clock: Clock, seconds: float) -> None:
    """Do what is due, every `seconds`, until cancelled; a failure is logged and tried again."""
    while True:
        try:
            await once(database, clock)
        except Exception:  #  whatever went wrong, the next round must come
            log.exception("background work failed")
        await asyncio.sleep(seconds)


async def once(database: Database, clock: Clock) -> int:
    """Lapse forms and offers that were not answered in time, an edition a transaction; gives their number."""
    now, lapsed = clock.now(), 0
    async with database.transaction() as db:
        editions = await registrations.overdue_editions(db, now)
    for edition in editions:
        async with database.transaction() as db:
            lapsed += await registrations.lapse_overdue(db, edition, now)
    if lapsed:
        log.info("lapsed", registrations=lapsed)
    return lapsed
