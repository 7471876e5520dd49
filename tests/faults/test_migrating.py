"""Migrations while everybody writes: no write waits for longer than a second."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from app import migrate
from tests.conftest import sql
from tests.faults.conftest import Stand
from tests.faults.stand import say
from tests.faults.test_away import holding

# From before the policies, which take each table's strongest lock, to the newest.
BEFORE = "0018"
ROWS, WRITERS = 5_000, 4
FILL = (
    f"""
    INSERT INTO applicant (id, partner, given_name, family_name, email, search_text)
    SELECT md5('a' || n)::uuid, 'fleck', 'Noor', 'Meer', n || '@faults.example', ''
      FROM generate_series(1, {ROWS}) n
    """,
    f"""
    INSERT INTO registration (id, edition, partner, applicant, email_key, school_name, school_city, position,
      motivation, status, received_at, name_key)
    SELECT md5('r' || n)::uuid, 'voorbeeld', 'fleck', md5('a' || n)::uuid, n || '@faults.example', 'Lyceum',
      'Almere', 'docent', 'Cultuur', 'received', now(), 'meer' FROM generate_series(1, {ROWS}) n
    """,
)


@dataclass
class Writes:
    """What the writers did: how long each write took."""

    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@pytest.fixture
def old(stand: Stand) -> str:
    """A database as it was some migrations ago, with rows in it."""
    url = stand.cluster.database()
    scripts = ScriptDirectory.from_config(migrate.config(url))
    [before] = [one for one in scripts.walk_revisions() if one.path.rpartition("/")[2].startswith(BEFORE)]
    migrate.downgrade(url, before.revision)
    sql(url, *FILL)
    return url


def test_migrations_hold_up_no_write_for_longer_than_a_second(old: str) -> None:
    with writing(old) as writes:
        time.sleep(0.5)
        begun = time.monotonic()
        migrate.upgrade(old)
        taken = time.monotonic() - begun
        time.sleep(0.3)
    _is_at_head(old)
    assert writes.faults == []
    assert len(writes.seconds) > 100
    assert max(writes.seconds) < 1.0
    say(
        f"{taken:.1f} s of migrating under {len(writes.seconds)} writes, of which the longest took "
        f"{max(writes.seconds):.2f} s"
    )


def test_a_migration_gives_way_to_a_long_transaction_and_is_tried_again(old: str) -> None:
    """Somebody reads for three seconds: the migration waits for them, and nobody waits for the migration."""
    with writing(old) as writes, ThreadPoolExecutor(1) as threads:
        with holding(old, "SELECT count(*) FROM registration"):
            migrating = threads.submit(migrate.upgrade, old)
            time.sleep(3)
            assert not migrating.done()
        migrating.result(30)
    _is_at_head(old)
    assert writes.faults == []
    assert max(writes.seconds) < 1.0
    say(f"{len(writes.seconds)} writes, of which the longest took {max(writes.seconds):.2f} s")


def test_without_giving_way_writes_stand_in_line_behind_it(old: str) -> None:
    """The control: one statement that waits for its lock, and everybody behind it."""
    with writing(old) as writes, ThreadPoolExecutor(1) as threads:
        with holding(old, "SELECT count(*) FROM registration"):
            altering = threads.submit(sql, old, "ALTER TABLE registration ADD COLUMN waits int")
            time.sleep(2)
        altering.result(30)
    assert max(writes.seconds) > 1.0


def _is_at_head(url: str) -> None:
    scripts = ScriptDirectory.from_config(migrate.config(url))
    assert [row[0] for row in sql(url, "SELECT version_num FROM alembic_version")] == scripts.get_heads()


@contextmanager
def writing(url: str) -> Iterator[Writes]:
    """Meanwhile write, on several connections, what a registration writes and what a change does."""
    writes, ended = Writes(), threading.Event()
    threads = [
        threading.Thread(target=lambda n=n: asyncio.run(_write(url, n, writes, ended)))
        for n in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield writes
    finally:
        ended.set()
        for thread in threads:
            thread.join()


async def _write(url: str, number: int, writes: Writes, ended: threading.Event) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    turn = number
    while not ended.is_set():
        turn += WRITERS
        begun = time.monotonic()
        try:
            async with connection.transaction():
                await connection.execute(
                    "UPDATE registration SET position = $2 WHERE id = md5('r' || $1::int)::uuid",
                    1 + turn % ROWS,
                    f"docent {turn}",
                )
                await connection.execute(
                    "INSERT INTO event (type, subject, actor, at, data) "
                    "VALUES ('test.written', $1, 'test', now(), '{}')",
                    str(turn),
                )
        except asyncpg.PostgresError as error:
            writes.faults.append(f"{type(error).__name__}: {error}")
        writes.seconds.append(time.monotonic() - begun)
        await asyncio.sleep(0.01)
    await connection.close()
