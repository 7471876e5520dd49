"""The background work: what falls due by itself. More than one worker at a time does no harm."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog
from anyio import to_thread

from app import acting
from app.attendance import files, outlook
from app.certificates import batches, register
from app.core import idempotency
from app.core.clock import Clock
from app.core.database import Database
from app.core.listening import Listener, heard
from app.core.problems import Problem, Unavailable
from app.core.settings import Settings
from app.core.storage import Storage
from app.credentials.keys import Vault
from app.draws import service as draws
from app.events.models import CHANNEL as EVENTS
from app.imports import service as imports
from app.invoices import service as invoices
from app.notifications import posting
from app.notifications.posting import Post
from app.notifications.smtp import ServerUnavailable
from app.privacy import ledger, purging
from app.privacy.erasing import Means
from app.registrations import reminders, wishes
from app.registrations import service as registrations
from app.registrations.links import Links
from app.webhooks import connecting, courier, making
from app.webhooks.courier import Courier

SWEEP_SECONDS, DAY, BATCH = 3600.0, timedelta(days=1), 1000
PURGE_SECONDS = DAY.total_seconds()
IMPORT_SECONDS = 1.0  # somebody waits for what comes of a file
# For so many seconds after a bell, the outbox is looked at again, so often.
LINGER, LOOK_AGAIN = 1.0, 0.1
Result = TypeVar("Result")

log = structlog.get_logger(__name__)


async def work(database: Database, clock: Clock, storage: Storage, settings: Settings) -> None:
    """Do what is due until cancelled: when the database says so, and round after round in any case.

    Lines of work beside each other: a mail server or a receiver that is slow, or a storage with much in it,
    delays neither what falls due nor what is made of events.
    """
    post, seconds = Post.of(settings), settings.worker_seconds
    happened, deliverable, written = asyncio.Event(), asyncio.Event(), asyncio.Event()
    listener = Listener(database, {EVENTS: happened, making.CHANNEL: deliverable})
    names = connecting.System()
    way = courier.way_of(settings, names)
    delivering = Courier(
        database, clock, way, settings.webhook_concurrency, lambda: listener.number, deliverable
    )
    register_files = partial(
        take_imports, database, clock, Links(settings.base_url, settings.key("personal links"))
    )
    forget = partial(courier.purge, database, clock, settings.webhook_log_days)
    # The listener ends last: while it listens, what this worker has claimed is not taken over.
    async with asyncio.TaskGroup() as outer, contextlib.AsyncExitStack() as last:
        listening_task = outer.create_task(listener.run())
        last.callback(listening_task.cancel)
        last.callback(names.close)
        last.push_async_callback(way.pool.aclose)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_rounds(partial(_what_is_due, database, clock, Vault.of(settings)), seconds))
            tasks.create_task(
                _act(partial(acting.empty_outbox, database, clock, post), happened, written, seconds)
            )
            tasks.create_task(_rounds(partial(posting.send, database, clock, post), seconds, written))
            tasks.create_task(delivering.run())
            tasks.create_task(_rounds(register_files, min(IMPORT_SECONDS, seconds)))
            tasks.create_task(_rounds(partial(sweep, database, storage), SWEEP_SECONDS))
            tasks.create_task(_rounds(forget, SWEEP_SECONDS))
            tasks.create_task(_rounds(partial(ledger.copy, database, storage), SWEEP_SECONDS))
            tasks.create_task(_rounds(partial(purge, database, clock, storage, settings), PURGE_SECONDS))


async def _what_is_due(database: Database, clock: Clock, vault: Vault) -> None:
    """What falls due by itself, and what certificates wait for."""
    await once(database, clock)
    await issue_certificates(database, clock, vault)
    await publish_heads(database, clock, vault)


async def _rounds(
    work: Callable[[], Awaitable[object]], seconds: float, bell: asyncio.Event | None = None
) -> None:
    """Do one line of work every `seconds`, and when the bell rings; a failure is logged and tried again."""
    while True:
        await _tried(work)
        await heard(bell or asyncio.Event(), seconds)


async def _act(
    empty: Callable[[], Awaitable[int]], happened: asyncio.Event, written: asyncio.Event, seconds: float
) -> None:
    """Empty the outbox when something happened, and every `seconds`; ring `written` for what came of it.

    Of transactions that commit at about the same moment one alone rings (events/models.py): so for a moment
    after each, it looks again by itself.
    """
    loop = asyncio.get_running_loop()
    until = loop.time()
    while True:
        if await _tried(empty):
            written.set()
            until = loop.time() + LINGER
        if await heard(happened, LOOK_AGAIN if loop.time() < until else seconds):
            until = loop.time() + LINGER


async def _tried(work: Callable[[], Awaitable[Result]]) -> Result | None:
    """What `work` gives; None when it failed, which is logged."""
    try:
        return await work()
    except Unavailable:
        log.warning("background work waits for the database")
    except ServerUnavailable as away:
        log.warning("messages wait for the mail server", why=str(away))
    except Exception:  #  whatever went wrong, the next round must come
        log.exception("background work failed")
    return None


async def once(database: Database, clock: Clock) -> int:
    """Do all that is due now, an edition or a draw a transaction; gives how many registrations lapsed.

    Results of draws are published at their moment, forms and offers that were not answered lapse, forms
    that are not returned are reminded of, seats that an edition has gained are offered to its waiting list,
    wishes that have served are erased, participants for whom too little is left are flagged, invoices of
    who has left are told of, and what refused rows of a file said and answers kept for repeats are forgotten.
    """
    now, lapsed = clock.now(), 0
    async with database.transaction() as db:
        due = await draws.due(db, now)
        editions = await registrations.overdue_editions(db, now)
        waiting = await registrations.waiting_editions(db)
        unreturned = await reminders.editions_to_remind(db, now)
        served = await wishes.editions_to_erase(db, now)
    for draw in due:
        async with database.transaction() as db:
            await draws.publish_due(db, draw, now)
    for edition in editions:
        async with database.transaction() as db:
            lapsed += await registrations.lapse_overdue(db, edition, now)
    for edition in waiting:
        async with database.transaction() as db:
            await registrations.offer_free_seats(db, edition, now)
    for edition in unreturned:
        async with database.transaction() as db:
            await reminders.remind_due(db, edition, now)
    for edition in served:
        async with database.transaction() as db:
            await wishes.erase(db, edition, now)
    async with database.transaction() as db:
        passed = await outlook.due_editions(db, now)
    for edition in passed:
        async with database.transaction() as db:
            await outlook.judge_time(db, edition, now)
    async with database.transaction() as db:
        await invoices.note_left(db, now)
    async with database.transaction() as db:
        await imports.forget(db, now)
    async with database.transaction() as db:
        await idempotency.purge(db, now)
    if lapsed:
        log.info("lapsed", registrations=lapsed)
    return lapsed


async def publish_heads(database: Database, clock: Clock, vault: Vault) -> int:
    """Publish how the register of certificates stood at the end of each day that is over; gives how many."""
    async with database.transaction() as db:
        return await register.publish_heads(db, vault, clock.now())


async def issue_certificates(database: Database, clock: Clock, vault: Vault) -> int:
    """Issue every certificate that a batch waits for, a transaction each; gives their number."""
    count = 0
    while True:
        async with database.transaction() as db:
            if not await batches.issue_next(db, vault, clock.now()):
                return count
        count += 1


async def take_imports(database: Database, clock: Clock, links: Links) -> int:
    """Take in every file of registrations that waits, step by step, a transaction each; gives the steps.

    One that fails is left for the next round, and delays no other.
    """
    steps, failed = 0, set[UUID]()
    while True:
        one = None
        try:
            async with database.transaction() as db:
                if (one := await imports.claim(db, failed)) is None:
                    return steps
                await imports.advance(db, one, links, clock.now())
        except Problem:
            raise
        except Exception:
            if one is None:
                raise
            log.exception("an import failed", subject=str(one.id))
            failed.add(one.id)
        steps += 1


async def purge(database: Database, clock: Clock, storage: Storage, settings: Settings) -> None:
    """Erase what has served by the terms of its edition."""
    for report in await purging.purge(database, storage, Means.of(settings), clock.now()):
        log.info("purged", edition=report.edition, rows=sum(c.total() for c in report.rows.values()))


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
