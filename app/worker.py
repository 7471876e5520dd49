"""The background work: what falls due by itself. More than one worker at a time does no harm."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from anyio import to_thread

from app.attendance import files, outlook
from app.certificates import batches, register
from app.core import idempotency
from app.core.clock import Clock
from app.core.database import Database
from app.core.problems import Problem, Unavailable
from app.core.settings import Settings
from app.core.storage import Storage
from app.credentials.keys import Vault
from app.draws import service as draws
from app.imports import service as imports
from app.invoices import service as invoices
from app.notifications import posting
from app.notifications.posting import Post
from app.notifications.smtp import ServerUnavailable
from app.registrations import reminders, wishes
from app.registrations import service as registrations
from app.registrations.links import Links

SWEEP_SECONDS, DAY, BATCH = 3600.0, timedelta(days=1), 1000
IMPORT_SECONDS = 1.0  # somebody waits for what comes of a file

log = structlog.get_logger(__name__)


async def work(database: Database, clock: Clock, storage: Storage, settings: Settings) -> None:
    """Do what is due, round after round, until cancelled.

    Lines of work beside each other: a mail server that is slow, or a storage with much in it, delays neither
    what falls due nor what is made of events.
    """
    post, seconds = Post.of(settings), settings.worker_seconds
    links = Links(settings.base_url, settings.key("personal links"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_rounds(partial(_what_is_due, database, clock, Vault.of(settings)), seconds))
        tasks.create_task(_rounds(partial(posting.empty_outbox, database, clock, post), seconds))
        tasks.create_task(_rounds(partial(posting.send, database, clock, post), seconds))
        tasks.create_task(
            _rounds(partial(take_imports, database, clock, links), min(IMPORT_SECONDS, seconds))
        )
        tasks.create_task(_rounds(partial(sweep, database, storage), SWEEP_SECONDS))


async def _what_is_due(database: Database, clock: Clock, vault: Vault) -> None:
    """What falls due by itself, and what certificates wait for."""
    await once(database, clock)
    await issue_certificates(database, clock, vault)
    await publish_head(database, clock, vault)


async def _rounds(work: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Do one line of work every `seconds`; a failure is logged and tried again."""
    while True:
        try:
            await work()
        except Unavailable:
            log.warning("background work waits for the database")
        except ServerUnavailable as away:
            log.warning("messages wait for the mail server", why=str(away))
        except Exception:  #  whatever went wrong, the next round must come
            log.exception("background work failed")
        await asyncio.sleep(seconds)


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


async def publish_head(database: Database, clock: Clock, vault: Vault) -> bool:
    """Publish how the register of certificates stood at the end of yesterday, once."""
    async with database.transaction() as db:
        return await register.publish_head(db, vault, clock.now())


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
