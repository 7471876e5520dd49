"""The background work: what falls due by itself. More than one worker at a time does no harm."""

import asyncio
import time
from datetime import timedelta

import structlog
from anyio import to_thread

from app.attendance import files
from app.core import idempotency
from app.core.clock import Clock
from app.core.database import Database
from app.core.problems import Unavailable
from app.core.storage import Storage
from app.draws import service as draws
from app.registrations import service as registrations

SWEEP_SECONDS, DAY, BATCH = 3600.0, timedelta(days=1), 1000

log = structlog.get_logger(__name__)


async def work(database: Database, clock: Clock, storage: Storage, seconds: float) -> None:
    """Do what is due, every `seconds`, until cancelled; a failure is logged and tried again."""
    swept_at = -SWEEP_SECONDS
    while True:
        try:
            await once(database, clock)
            if time.monotonic() - swept_at > SWEEP_SECONDS:
                await sweep(database, storage)
                swept_at = time.monotonic()
        except Unavailable:
            log.warning("background work waits for the database")
        except Exception:  #  whatever went wrong, the next round must come
            log.exception("background work failed")
        await asyncio.sleep(seconds)


async def once(database: Database, clock: Clock) -> int:
    """Do all that is due now, an edition or a draw a transaction; gives how many registrations lapsed.

    Results of draws are published at their moment, forms and offers that were not answered lapse, seats
    that an edition has gained are offered to its waiting list, and answers kept for repeats are forgotten.
    """
    now, lapsed = clock.now(), 0
    async with database.transaction() as db:
        due = await draws.due(db, now)
        editions = await registrations.overdue_editions(db, now)
        waiting = await registrations.waiting_editions(db)
    for draw in due:
        async with database.transaction() as db:
            await draws.publish_due(db, draw, now)
    for edition in editions:
        async with database.transaction() as db:
            lapsed += await registrations.lapse_overdue(db, edition, now)
    for edition in waiting:
        async with database.transaction() as db:
            await registrations.offer_free_seats(db, edition, now)
    async with database.transaction() as db:
        await idempotency.purge(db, now)
    if lapsed:
        log.info("lapsed", registrations=lapsed)
    return lapsed


async def sweep(database: Database, storage: Storage, age: timedelta = DAY) -> int:
    """Take out of storage what no file has and is older than any upload lasts; gives its number.

    Such content is left by a process that died between storage and database, whichever way it went.
    """
    keys = await to_thread.run_sync(lambda: list(storage.older_than(age)))
    swept = 0
    for begin in range(0, len(keys), BATCH):
        async with database.transaction() as db:
            orphans = await files.orphans(db, keys[begin : begin + BATCH])
        for key in orphans:
            await to_thread.run_sync(storage.delete, key)
        swept += len(orphans)
    if swept:
        log.info("swept", files=swept)
    return swept
