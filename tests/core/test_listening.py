"""Hearing from the database: bells ring at once, and a line that is lost comes back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from app.core.database import Database
from app.core.listening import WORKERS, Listener, heard
from app.core.tenancy import REGISTER
from app.events.models import CHANNEL
from app.monitoring import lag
from tests.conftest import sql
from tests.world import World


def _listening(world: World, story: Callable[[Listener, asyncio.Event, Database], Awaitable[None]]) -> None:
    async def run() -> None:
        database, bell = Database(world.database_url), asyncio.Event()
        listener = Listener(database, {CHANNEL: bell})
        task = asyncio.create_task(listener.run())
        try:
            assert await heard(bell, 20)  # it has just connected
            await story(listener, bell, database)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await database.close()

    world.http.portal.call(run)


def test_what_is_committed_rings_and_what_is_rolled_back_does_not(world: World) -> None:
    async def story(_listener: Listener, bell: asyncio.Event, _database: Database) -> None:
        await asyncio.to_thread(world.register)
        assert await heard(bell, 20)
        before = await asyncio.to_thread(world.fleck.post, "/v1/registrations", {})
        assert before.status_code == 400
        assert not await heard(bell, 0.2)

    _listening(world, story)


def test_a_line_that_is_lost_comes_back_with_the_same_number(world: World) -> None:
    async def story(listener: Listener, bell: asyncio.Event, database: Database) -> None:
        number = listener.number
        assert number
        async with database.transaction() as db:
            assert (await lag(db, world.app.state.clock.now())).workers == 1
        theirs = f"classid = {WORKERS} AND objid = {number}"
        holder = f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {theirs}"
        await asyncio.to_thread(sql, world.database_url, holder)
        assert await heard(bell, 20)  # whatever was missed meanwhile is looked for
        assert listener.number == number
        await asyncio.to_thread(world.register)
        assert await heard(bell, 20)

    _listening(world, story)


def test_who_is_cancelled_just_after_a_bell_ends() -> None:
    async def end(turns: int) -> bool:
        bell = asyncio.Event()

        async def work() -> None:
            while True:
                await heard(bell, 60)

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        bell.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        return bool(done) and task.cancelled()

    assert [asyncio.run(end(turns)) for turns in range(5)] == [True] * 5


def test_of_transactions_that_run_at_once_one_rings(world: World) -> None:
    """NOTIFY makes commits wait for one another: who comes second leaves it to the first."""
    values = "('pilot.seeded', 'x', 'x', now(), '{}')"
    insert = f"INSERT INTO event (type, subject, actor, at, data) VALUES {values}"

    async def story(_listener: Listener, bell: asyncio.Event, database: Database) -> None:
        async with database.line() as one, database.line() as two:
            first = one.transaction()
            await first.start()
            for line in (one, two):
                await line.execute(f"SET ROLE {REGISTER}")
                await line.execute(insert)
            assert not await heard(bell, 0.2)
            await first.commit()
            assert await heard(bell, 20)

    _listening(world, story)


def test_a_server_that_is_starting_up_is_asked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As PostgreSQL does after a crash: it is there, and refuses every connection for a moment."""
    refused = asyncpg.CannotConnectNowError("the database system is starting up")
    connect, tried = asyncpg.connect, []

    async def starting_up(*arguments: Any, **named: Any) -> Any:
        tried.append(arguments)
        if len(tried) < 3:
            raise refused
        return await connect(*arguments, **named)

    monkeypatch.setattr(asyncpg, "connect", starting_up)

    async def story(listener: Listener, _bell: asyncio.Event, _database: Database) -> None:
        assert listener.number
        assert len(tried) == 3

    _listening(world, story)
