"""Connections that go on acting as whom they acted last, and what comes of a request when one fails."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest

from app.core import tenancy
from app.core.database import Database
from app.core.tenancy import Acting
from app.fast.lines import NOBODY, Lines, NoLine
from tests.conftest import sql
from tests.world import World, registration

WHO = "SELECT current_user::text, current_setting('register.tenant', true), pg_backend_pid()"


def _with_lines(url: str, size: int, work: Callable[[Lines], Awaitable[None]]) -> None:
    async def run() -> None:
        database = Database(url)
        lines = Lines(database.connect, size)
        try:
            await work(lines)
        finally:
            await lines.close()
            await database.close()

    asyncio.run(run())


def test_each_statement_acts_as_whom_it_says_whoever_was_before(database_url: str) -> None:
    callers = [tenancy.of_partner("fleck"), tenancy.of_partner("mocca"), tenancy.WHOLE, NOBODY]

    async def work(lines: Lines) -> None:
        async def ask(acting: Acting) -> int:
            ((role, tenant, pid),) = await lines.fetch(acting, WHO)
            assert (role, tenant or "") == (acting.role, acting.tenant)
            return int(pid)

        pids = await asyncio.gather(*(ask(callers[n * 7 % 4]) for n in range(200)))
        assert 1 <= len(set(pids)) <= 3

    _with_lines(database_url, 3, work)


def test_who_acted_so_last_is_asked_first(database_url: str) -> None:
    async def work(lines: Lines) -> None:
        first = (await lines.fetch(tenancy.WHOLE, WHO))[0][2]
        second = (await lines.fetch(tenancy.of_partner("fleck"), WHO))[0][2]
        assert first != second
        for _ in range(3):
            assert (await lines.fetch(tenancy.WHOLE, WHO))[0][2] == first
            assert (await lines.fetch(tenancy.of_partner("fleck"), WHO))[0][2] == second

    _with_lines(database_url, 2, work)


def test_a_statement_that_fails_leaves_nothing_and_the_connection_serves_on(database_url: str) -> None:
    async def work(lines: Lines) -> None:
        pid = (await lines.fetch(tenancy.WHOLE, WHO))[0][2]
        with pytest.raises(asyncpg.DivisionByZeroError):
            await lines.fetch(tenancy.WHOLE, "SELECT 1 / 0")
        assert (await lines.fetch(tenancy.WHOLE, WHO))[0][2] == pid

    _with_lines(database_url, 1, work)


def test_a_connection_that_died_is_replaced(database_url: str) -> None:
    async def work(lines: Lines) -> None:
        pid = (await lines.fetch(tenancy.WHOLE, WHO))[0][2]
        other = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        await other.execute(f"SELECT pg_terminate_backend({pid})")
        await other.close()
        for _ in range(100):
            await asyncio.sleep(0.02)  # until it is known here
            try:
                assert (await lines.fetch(tenancy.WHOLE, WHO))[0][2] != pid
                break
            except asyncpg.PostgresError:
                pass
        else:
            pytest.fail("it never came back")

        async def sleep() -> None:
            with pytest.raises(asyncio.CancelledError):
                await lines.fetch(tenancy.WHOLE, "SELECT pg_sleep(30)")

        task = asyncio.create_task(sleep())
        await asyncio.sleep(0.2)
        task.cancel()
        await task
        assert await lines.fetch(tenancy.WHOLE, WHO)

    _with_lines(database_url, 1, work)


def test_who_waits_too_long_for_a_connection_hears_so(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.fast.lines.PATIENCE", 0.05)

    async def work(lines: Lines) -> None:
        busy = asyncio.create_task(lines.fetch(tenancy.WHOLE, "SELECT pg_sleep(0.5)"))
        await asyncio.sleep(0.2)
        with pytest.raises(NoLine):
            await lines.fetch(tenancy.WHOLE, WHO)
        await busy
        assert await lines.fetch(tenancy.WHOLE, WHO)

    _with_lines(database_url, 1, work)


def test_who_would_wait_for_another_transaction_goes_the_long_way(world: World) -> None:
    """The short way gives up after a tenth of a second; the long one waits."""

    async def hold_and_register() -> int:
        other = await asyncpg.connect(world.database_url.replace("+asyncpg", ""))
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT FROM edition WHERE slug = 'noord-midden-2021' FOR UPDATE")
        asked = asyncio.to_thread(world.fleck.post, "/v1/registrations", registration())
        task = asyncio.create_task(asked)
        await asyncio.sleep(0.6)
        assert not task.done()
        await transaction.rollback()
        status = (await task).status_code
        await other.close()
        return status

    assert asyncio.run(hold_and_register()) == 201
    assert len(world.events("registration.received")) == 1


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
    ],
    ids=["in the middle", "between the last words and the loss"],
)
def test_a_write_whose_outcome_is_not_known_is_not_tried_again(
    error: Exception, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been committed: 503 says to try again, and whoever sent a key is told what came of it."""
    id = UUID(world.register()["id"])

    async def lost(*_: object) -> None:
        raise error

    monkeypatch.setattr(Lines, "fetch", lost)
    answer = world.fleck.post("/v1/registrations", registration())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert len(world.events("registration.received")) == 1
    assert world.fleck.get(f"/v1/registrations/{id}").status_code == 200


def test_without_connections_everything_goes_the_long_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(Database, "connect", refused)
    assert world.fleck.get("/v1/registrations").status_code == 200
    assert world.fleck.post("/v1/registrations", registration()).status_code == 201


def test_the_database_keeps_partners_apart_whatever_the_short_way_asks(world: World) -> None:
    """The same statement without its filter gives a partner its own rows alone."""
    world.register(world.fleck)
    world.register(world.mocca)
    assert len(sql(world.database_url, "SELECT FROM registration")) == 2

    async def work(lines: Lines) -> None:
        for partner in ("fleck", "mocca"):
            rows = await lines.fetch(tenancy.of_partner(partner), "SELECT partner FROM registration")
            assert [row[0] for row in rows] == [partner]
        assert await lines.fetch(NOBODY, "SELECT FROM registration") == []

    _with_lines(world.database_url, 1, work)
