"""Migrations: one head, up and down, and equal to the tables; on every PostgreSQL that there is to test with.

The embedded server always; the one at TEST_POSTGRES_URL too (PostgreSQL 15 in continuous integration).
"""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from app import migrate
from app.core.settings import Settings
from app.tables import metadata
from tests.conftest import at_database, sql

SERVERS = ["embedded"] + (["configured"] if os.environ.get("TEST_POSTGRES_URL") else [])

# What the database itself knows of its tables, as text that can be compared.
CATALOGUE = """
SELECT 'column', c.table_name, c.column_name, c.data_type || coalesce(c.character_maximum_length::text, '')
       || ' ' || c.is_nullable || ' ' || coalesce(c.column_default, '')
  FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name <> 'alembic_version'
UNION ALL
SELECT 'constraint', r.relname, k.conname, pg_get_constraintdef(k.oid)
  FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid
 WHERE k.connamespace = 'public'::regnamespace AND r.relname <> 'alembic_version' AND k.contype <> 'n'
UNION ALL
SELECT 'index', i.tablename, i.indexname, i.indexdef
  FROM pg_indexes i WHERE i.schemaname = 'public' AND i.tablename <> 'alembic_version'
UNION ALL
SELECT 'function', p.proname, '', pg_get_functiondef(p.oid)
  FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger', r.relname, t.tgname, pg_get_triggerdef(t.oid)
  FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid
 WHERE r.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
ORDER BY 1, 2, 3, 4
"""


@pytest.fixture(params=SERVERS)
def databases(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """The addresses of two empty databases on one server."""
    if request.param == "embedded":
        server = request.getfixturevalue("postgres")
    else:
        server = Settings(database_url=os.environ["TEST_POSTGRES_URL"]).database_url
    names = [f"test_{uuid4().hex}" for _ in range(2)]
    for name in names:
        sql(server, f"CREATE DATABASE {name}")
    yield at_database(server, names[0]), at_database(server, names[1])
    for name in names:
        sql(server, f"DROP DATABASE {name} WITH (FORCE)")


def _catalogue(url: str) -> list[tuple[str, ...]]:
    return [tuple(row) for row in sql(url, CATALOGUE)]


async def _create_tables(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()


def test_there_is_one_head() -> None:
    scripts = ScriptDirectory.from_config(migrate.config("postgresql+asyncpg://nowhere/none"))
    assert len(scripts.get_heads()) == 1


def test_migrations_make_the_tables_that_the_models_describe(databases: tuple[str, str]) -> None:
    migrated, created = databases
    migrate.upgrade(migrated)
    asyncio.run(_create_tables(created))
    found = _catalogue(migrated)
    assert len(found) > 100
    assert found == _catalogue(created)


def test_each_migration_goes_up_and_down_and_up_again(databases: tuple[str, str]) -> None:
    url, _ = databases
    scripts = ScriptDirectory.from_config(migrate.config(url))
    for script in reversed(list(scripts.walk_revisions())):
        migrate.upgrade(url, script.revision)
        before = _catalogue(url)
        assert script.down_revision is None or isinstance(script.down_revision, str)
        migrate.downgrade(url, script.down_revision or "base")
        migrate.upgrade(url, script.revision)
        assert _catalogue(url) == before
    migrate.downgrade(url, "base")
    assert _catalogue(url) == []


def test_sessions_know_when_they_were_last_changed(databases: tuple[str, str]) -> None:
    """From their events, where there are any; and nothing is lost on the way back."""
    url, _ = databases
    scripts = ScriptDirectory.from_config(migrate.config(url)).walk_revisions()
    [calendar] = [script for script in scripts if "calendar_of_sessions" in Path(script.path).stem]
    before = str(calendar.down_revision)
    migrate.upgrade(url, before)
    ids = [str(uuid4()) for _ in range(2)]
    sessions = ", ".join(f"('{id}', 'Bijeenkomst', 'online')" for id in ids)
    events = ", ".join(
        f"('{type}', '{subject}', 'x', '2021-06-{day}T00:00Z', '{{}}')"
        for type, subject, day in (
            ("pilot.seeded", "pilot", "01"),
            ("session.changed", ids[1], "03"),
            ("session.changed", ids[1], "02"),
        )
    )
    sql(
        url,
        f"INSERT INTO session (id, title, mode) VALUES {sessions}",
        f"INSERT INTO event (type, subject, actor, at, data) VALUES {events}",
    )
    migrate.upgrade(url, calendar.revision)
    rows = sql(url, "SELECT id::text, changed_at, sequence FROM session")
    found = {row["id"]: (row["changed_at"].day, row["sequence"]) for row in rows}
    assert found == {ids[0]: (1, 0), ids[1]: (3, 0)}
    migrate.downgrade(url, before)
    assert sql(url, "SELECT count(*) FROM session")[0][0] == 2


def test_several_processes_may_migrate_at_once(databases: tuple[str, str]) -> None:
    url, _ = databases
    script = f"from app import migrate; migrate.upgrade({url!r})"
    processes = [subprocess.Popen([sys.executable, "-c", script], cwd=migrate.ROOT) for _ in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert sql(url, "SELECT count(*) FROM alembic_version")[0][0] == 1


def test_a_migration_gives_way_and_is_tried_again(databases: tuple[str, str]) -> None:
    """What waits for a table's lock would hold up everybody behind it, readers too."""
    url, _ = databases
    migrate.upgrade(url)
    migrate.downgrade(url, "-1")
    taken, waits = threading.Event(), list[float]()

    async def read_for_a_while() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        async with connection.transaction():
            await connection.execute("SELECT count(*) FROM registration, event, certificate, webhook")
            taken.set()
            await asyncio.sleep(2)
        await connection.close()

    def read() -> None:
        while reader.is_alive():
            begun = time.monotonic()
            sql(url, "SELECT count(*) FROM registration")
            waits.append(time.monotonic() - begun)
            time.sleep(0.05)

    reader = threading.Thread(target=lambda: asyncio.run(read_for_a_while()))
    reader.start()
    assert taken.wait(10)
    others = threading.Thread(target=read)
    others.start()
    migrate.upgrade(url)
    reader.join()
    others.join()
    assert max(waits) < 1.5
    scripts = ScriptDirectory.from_config(migrate.config(url))
    assert [row[0] for row in sql(url, "SELECT version_num FROM alembic_version")] == scripts.get_heads()


def test_a_migration_that_never_gets_in_says_so(
    databases: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "PATIENCE", 0.0)
    monkeypatch.setattr("alembic.command.upgrade", _never)
    with pytest.raises(DBAPIError, match="lock timeout"):
        migrate.upgrade(databases[0])


def _never(*_: object) -> None:
    error = Exception("canceling statement due to lock timeout")
    error.sqlstate = "55P03"  # type: ignore[attr-defined]  # as the driver's own has it
    raise DBAPIError("ALTER TABLE", None, error)
