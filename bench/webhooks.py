"""Webhooks: events per second and delay, with workers of their own, and what waking them costs a commit."""

import argparse
import asyncio
import contextlib
import os
import platform
import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
from pydantic import SecretStr

from app import seed
from app.core import embedded
from app.core.database import Database
from app.core.settings import Settings
from app.identity.caller import Caller, Role
from app.webhooks import service
from app.webhooks.schemas import WebhookCreate
from app.webhooks.service import Means
from app.webhooks.signing import Seal
from bench import servers
from bench.prepare import migrated

SECRET = "a key to measure with, of more than 32 characters"  # noqa: S105  and so it is none
CONNECTIONS = 16
SILENT = """CREATE OR REPLACE FUNCTION keep_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO event_pending (event) SELECT id FROM inserted; RETURN NULL; END $$"""
EACH = SILENT.replace("RETURN NULL;", "PERFORM pg_notify('cultuurcoordinator_events', ''); RETURN NULL;")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer events, in under a minute")
    quick = options.parse_args().quick
    burst, seconds = (1000, 5.0) if quick else (5000, 20.0)
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as server:
        migrated(server.url)
        asyncio.run(_plant(server.url))
        url = server.url.replace("+asyncpg", "")
        print(f"{os.cpu_count()} cores, Python {platform.python_version()}, embedded PostgreSQL\n")
        _print_commits(url, 2.0 if quick else 5.0)
        with _receiver() as port:
            print("| receivers | workers | deliveries of one burst | deliveries/s |\n|---|---|---|---|")
            for receivers, workers in ((1, 1), (3, 1), (3, 2)):
                asyncio.run(_subscribe(server.url, port, receivers))
                with _workers(server.url, folder, workers):
                    _settle_down(port)
                    rate = asyncio.run(_burst(url, port, burst, receivers))
                print(f"| {receivers} | {workers} | {burst * receivers} | {rate:.0f} |")
            print("\n| events/s, evenly | receivers | delay p50, ms | p99, ms |\n|---|---|---|---|")
            for per_second in (10, 50):
                with _workers(server.url, folder, 1):
                    _settle_down(port)
                    delays = asyncio.run(_evenly(url, port, per_second, seconds))
                cut = statistics.quantiles(delays, n=100)
                print(f"| {per_second} | 3 | {cut[49] * 1000:.0f} | {cut[98] * 1000:.0f} |")


async def _plant(url: str) -> None:
    database = Database(url)
    async with database.transaction() as db:
        await seed.plant(db, datetime.now(UTC))
    await database.close()


async def _subscribe(url: str, port: int, receivers: int) -> None:
    """So many webhooks in all, and nothing that waits for them."""
    database = Database(url)
    caller = Caller("bench", "lkca", Role.ADMIN, frozenset())
    means = Means(Seal(_settings(url).key("webhook secrets")), secrets.token_bytes, local=True)
    async with database.transaction() as db:
        connection = await db.connection()
        for table in ("webhook_attempt", "webhook_delivery", "webhook", "event_pending"):
            await connection.exec_driver_sql(f"DELETE FROM {table}")
        for number in range(receivers):
            wanted = WebhookCreate(url=f"http://127.0.0.1:{port}/hook/{number}", types=["registration.*"])
            await service.add(db, caller, wanted, means, datetime.now(UTC))
    await database.close()


def _settings(url: str) -> Settings:
    return Settings(database_url=url, secret_key=SecretStr(SECRET), _env_file=None)


@contextlib.contextmanager
def _receiver() -> Iterator[int]:
    port = servers.free_port()
    quiet = ["--log-level", "error", "--no-access-log", "--loop", "uvloop", "--http", "httptools"]
    command: list[Path | str] = [servers.BIN / "uvicorn", "bench.receiver:app", "--port", str(port), *quiet]
    with servers.serving(command, dict(os.environ), port):
        yield port


@contextlib.contextmanager
def _workers(url: str, folder: str, number: int) -> Iterator[None]:
    environment = {**os.environ, "DATABASE_URL": url, "DATA_DIR": folder, "SECRET_KEY": SECRET}
    command = [str(servers.BIN / "cultuurcoordinator"), "worker"]
    quiet = subprocess.DEVNULL
    processes = [
        subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) for _ in range(number)
    ]
    time.sleep(6)  # until they listen
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)


def _settle_down(port: int) -> None:
    """Forget what came in before."""
    time.sleep(0.5)
    httpx.get(f"http://127.0.0.1:{port}/figures")


_INSERT = (
    "INSERT INTO event (type, subject, actor, partner, at, data) "
    "SELECT 'registration.changed', gen_random_uuid()::text, 'bench', 'fleck', clock_timestamp(), '{}' "
    "FROM generate_series(1, $1::int)"
)


async def _burst(url: str, port: int, events: int, receivers: int) -> float:
    """Deliveries per second, of events that all happen at once, until the last has arrived."""
    connection = await asyncpg.connect(url)
    begun = time.time()
    await connection.execute(_INSERT, events)
    await connection.close()
    came = await _all_of(port, events * receivers)
    return len(came) / (max(arrived for _, arrived in came) - begun)


async def _evenly(url: str, port: int, per_second: int, seconds: float) -> list[float]:
    """How long each delivery of events that happen one by one took, from the event on."""
    connection = await asyncpg.connect(url)
    begun, count = time.time(), int(per_second * seconds)
    for number in range(count):
        await asyncio.sleep(max(0.0, begun + number / per_second - time.time()))
        await connection.execute(_INSERT, 1)
    await connection.close()
    return [arrived - happened for happened, arrived in await _all_of(port, count * 3)]


async def _all_of(port: int, count: int) -> list[tuple[float, float]]:
    """What came in, when it is all there."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        for _ in range(1200):
            if (await client.get("/count")).json() >= count:
                break
            await asyncio.sleep(0.1)
        found = (await client.get("/figures")).json()
    assert len(found) >= count, (len(found), count)
    return [(happened, arrived) for happened, arrived in found]


def _print_commits(url: str, seconds: float) -> None:
    """What it costs those who write that workers are woken: medians of interleaved runs."""
    [[ours]] = asyncio.run(_fetch(url, "SELECT pg_get_functiondef('keep_pending'::regproc)"))
    ways = {"no NOTIFY": SILENT, "NOTIFY by every transaction": EACH, "NOTIFY by one at a time": ours}
    runs: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(3):
        for name, function in ways.items():
            asyncio.run(_execute(url, function))
            runs[name].append(asyncio.run(_commits(url, seconds / 3)))
    print(f"| {CONNECTIONS} connections, a transaction per event | commits/s |\n|---|---|")
    for name, found in runs.items():
        print(f"| {name} | {statistics.median(found):.0f} |")
    asyncio.run(_execute(url, "DELETE FROM event_pending"))
    print()


async def _commits(url: str, seconds: float) -> float:
    """Transactions per second that write one event each, with somebody listening."""
    count, until = 0, time.time() + seconds
    listening = await asyncpg.connect(url)
    await listening.add_listener("cultuurcoordinator_events", _nothing)

    async def write() -> None:
        nonlocal count
        connection = await asyncpg.connect(url)
        while time.time() < until:
            await connection.execute(_INSERT, 1)
            count += 1
        await connection.close()

    begun = time.time()
    await asyncio.gather(*(write() for _ in range(CONNECTIONS)))
    await listening.close()
    return count / (time.time() - begun)


def _nothing(*_: object) -> None:
    """Hear it, and do nothing."""


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def _fetch(url: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    rows: list[asyncpg.Record] = await connection.fetch(statement)
    await connection.close()
    return rows


if __name__ == "__main__":
    main()
