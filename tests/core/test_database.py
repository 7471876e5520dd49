"""The database: one transaction, and what is left of it; and no database at all."""

import asyncio
import errno
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa
import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from app import migrate, worker
from app.core import embedded
from app.core.database import Database, constraint_of, flush, new_id
from app.core.http.dependencies import Db
from app.core.problems import NotFound, Problem, Unavailable
from app.core.settings import Settings
from app.events import service as events
from app.identity.models import Organisation
from app.main import create_app
from tests.conftest import at_database, sql
from tests.world import Http, World, registration

NOW = datetime(2021, 6, 15, 7, tzinfo=UTC)
WAITS = "background work waits for the database"


class Noted(Problem):
    """A refusal whose record stays."""

    status, code = 409, "noted"
    keeps_record = True


def in_transaction(url: str, work: Callable[[AsyncSession], Awaitable[None]]) -> None:
    async def run() -> None:
        database = Database(url)
        try:
            async with database.transaction() as db:
                await work(db)
        finally:
            await database.close()

    asyncio.run(run())


def test_a_transaction_commits_at_its_end(database_url: str) -> None:
    async def work(db: AsyncSession) -> None:
        events.record(db, "test.done", subject="x", actor="test", at=NOW)

    in_transaction(database_url, work)
    assert _tests(database_url) == ["test.done"]


@pytest.mark.parametrize(
    ("raised", "kept"),
    [
        (ValueError("broken"), []),
        (NotFound("nothing there"), []),
        (asyncio.CancelledError(), []),
        (Noted("refused"), ["test.done"]),
    ],
)
def test_what_is_raised_undoes_everything_but_the_record_that_stays(
    database_url: str, raised: BaseException, kept: list[str]
) -> None:
    async def work(db: AsyncSession) -> None:
        events.record(db, "test.done", subject="x", actor="test", at=NOW)
        await db.flush()
        raise raised

    with pytest.raises(type(raised)):
        in_transaction(database_url, work)
    assert _tests(database_url) == kept


def test_a_commit_that_fails_is_raised(database_url: str) -> None:
    async def work(db: AsyncSession) -> None:
        db.add(Organisation(slug="fleck", name="Another", roles=[]))

    with pytest.raises(IntegrityError):
        in_transaction(database_url, work)


def test_a_violated_constraint_becomes_its_problem_and_another_does_not(database_url: str) -> None:
    taken = NotFound("taken")

    async def same_slug(db: AsyncSession) -> None:
        db.add(Organisation(slug="fleck", name="Another", roles=[]))
        await flush(db, {"pk_organisation": taken})

    async def same_name(db: AsyncSession) -> None:
        db.add(Organisation(slug="another", name="FleCk", roles=[]))
        await flush(db, {"pk_organisation": taken})

    with pytest.raises(NotFound, match="taken"):
        in_transaction(database_url, same_slug)
    with pytest.raises(IntegrityError) as raised:
        in_transaction(database_url, same_name)
    assert constraint_of(raised.value) == "uq_organisation_name"


def test_keys_come_in_the_order_in_which_they_are_made() -> None:
    keys = [new_id() for _ in range(1000)]
    assert keys == sorted(keys)
    assert {(key.version, key.variant) for key in keys} == {(7, "specified in RFC 4122")}
    assert len(set(keys)) == 1000


def test_an_answer_of_a_problem_undoes_the_change_too(world: World) -> None:
    body = {"window": {"closesAt": "2021-01-01T00:00:00Z"}, "title": "Anders"}
    assert world.admin.patch("/v1/editions/noord-midden-2021", body).status_code == 400
    assert world.http.get("/v1/editions/noord-midden-2021").json()["title"] == "Pilot Noord/Midden 2021-2022"
    assert world.events("edition.changed") == []


def test_without_a_database_the_answer_is_to_try_again(settings: Settings) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    app = create_app(settings, f"postgresql+asyncpg://nobody@127.0.0.1:{port}/nothing")
    with Http(app) as http:
        for path in ("/v1/organisations", "/v1/sessions", "/health/ready"):
            answer = http.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), path
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["type"].endswith(":unavailable")
        assert http.get("/health/live").status_code == 200
        assert http.get("/v1/openapi.json").status_code == 200


def test_without_tables_the_process_is_not_ready(settings: Settings, empty_database: str) -> None:
    with Http(create_app(settings, empty_database)) as http:
        assert http.get("/health/ready").status_code == 503
        assert http.get("/health/live").status_code == 200


def test_with_database_and_tables_the_process_is_ready(world: World) -> None:
    assert world.http.get("/health/ready").status_code == 200


def test_a_connection_that_was_cut_is_made_again(world: World) -> None:
    assert world.http.get("/v1/organisations").status_code == 200
    name = make_url(world.database_url).database
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    assert sql(at_database(world.database_url, "postgres"), cut)
    assert world.http.get("/v1/organisations").status_code == 200


def test_when_every_connection_is_taken_the_answer_is_to_try_again(world: World) -> None:
    database: Database = world.app.state.database
    small = create_async_engine(world.database_url, pool_size=1, max_overflow=0, pool_timeout=0.05)

    async def call_while_taken() -> tuple[int, str | None]:
        usual, database.engine = database.engine, small
        try:
            async with database.transaction() as db:
                await db.connection()
                answer = await world.http.client.get("/v1/organisations")
        finally:
            database.engine = usual
            await small.dispose()
        return answer.status_code, answer.headers.get("retry-after")

    assert world.http.portal.call(call_while_taken) == (503, "5")


def test_a_connection_that_is_cut_under_way_is_no_fault_of_the_caller(world: World) -> None:
    async def cut(db: Db) -> None:
        connection = await db.connection()
        await connection.execute(sa.text("SET LOCAL ROLE NONE"))
        await connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    world.app.add_api_route("/v1/cut", cut)
    answer = world.http.get("/v1/cut")
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5")


def test_more_connections_than_the_server_has_are_no_failure_of_ours(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise asyncpg.TooManyConnectionsError("sorry, too many clients already")

    monkeypatch.setattr(asyncpg, "connect", refuse)
    answer = world.http.get("/v1/organisations")
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5")


def test_a_database_that_is_away_is_no_failure_of_ours(world: World) -> None:
    server, name = at_database(world.database_url, "postgres"), make_url(world.database_url).database
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    sql(server, cut, f"ALTER DATABASE {name} RENAME TO {name}_away")
    try:
        answers = [
            world.http.get("/v1/organisations"),
            world.http.get("/health/ready"),
            world.fleck.post("/v1/registrations"),
        ]
    finally:
        sql(server, f"ALTER DATABASE {name}_away RENAME TO {name}")
    assert [(answer.status_code, answer.headers.get("retry-after")) for answer in answers] == [(503, "5")] * 3
    assert world.http.get("/health/ready").status_code == 200


def test_a_database_that_became_a_copy_for_reading_is_no_failure_of_ours(world: World) -> None:
    server, name = at_database(world.database_url, "postgres"), make_url(world.database_url).database
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    sql(server, f"ALTER DATABASE {name} SET default_transaction_read_only = on", cut)
    assert world.fleck.post("/v1/registrations", registration()).status_code == 503
    assert world.http.get("/v1/organisations").status_code == 200


def test_when_the_server_is_back_everything_goes_on_by_itself(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = tmp_path / "data"
    with embedded.start(data_dir, durable=False) as server:
        url = server.url
        migrate.upgrade(url)
    app = create_app(settings.model_copy(update={"worker_seconds": 0.05}), url, with_worker=True)
    paths = ("/health/ready", "/v1/organisations", "/v1/sessions")
    rounds: list[bool] = []
    logged = structlog.testing.CapturingLogger()
    monkeypatch.setattr(worker, "log", logged)
    with Http(app) as http:
        for _ in range(2):
            answers = [http.get(path) for path in paths]
            assert [(one.status_code, one.headers.get("retry-after")) for one in answers] == [(503, "5")] * 3
            assert {one.json()["type"].rpartition(":")[2] for one in answers} == {"unavailable"}
            _until(lambda: any(call.args == (WAITS,) for call in logged.calls))
            with embedded.start(data_dir, durable=False):
                assert [http.get(path).status_code for path in paths] == [200] * 3
                logged.calls.clear()
                time.sleep(0.3)
                rounds.append(not any(call.args == (WAITS,) for call in logged.calls))
    assert rounds == [True, True]


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _tests(url: str) -> list[str]:
    return [row["type"] for row in sql(url, "SELECT type FROM event WHERE type LIKE 'test.%'")]


def test_what_comes_by_http_has_its_bounds_and_background_work_its_time(world: World) -> None:
    async def bounds(db: Db) -> list[str]:
        return await _bounds(db)

    world.app.add_api_route("/v1/bounds", bounds)
    assert world.http.get("/v1/bounds").json() == ["30s", "10s", "10min"]

    async def background() -> list[str]:
        async with world.app.state.database.transaction() as db:
            return await _bounds(db)

    assert world.http.portal.call(background) == ["0", "10s", "10min"]
    # The connection that it gave back is as it was.
    assert world.http.get("/v1/bounds").json() == ["30s", "10s", "10min"]


async def _bounds(db: AsyncSession) -> list[str]:
    names = "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"
    connection = await db.connection()
    return [(await connection.execute(sa.text(f"SHOW {name}"))).scalar_one() for name in names]


def test_a_full_disk_is_no_failure_of_ours(world: World) -> None:
    async def fill(_: Db) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    world.app.add_api_route("/v1/fill", fill)
    answer = world.http.get("/v1/fill")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["detail"] == "There is no room to keep this; nothing was changed. Try again."


def test_a_database_without_the_roles_is_not_there_yet(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The migrations make them: until then it is as if it were away."""
    monkeypatch.setattr("app.core.tenancy.PARTNER", "no_such_role")

    async def ask() -> None:
        database = Database(database_url)
        try:
            async with database.transaction() as db:
                await db.connection()
        finally:
            await database.close()

    with pytest.raises(Unavailable):
        asyncio.run(ask())
