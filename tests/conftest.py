"""One embedded PostgreSQL for the whole run, and for each test a copy of the seeded pilot in it."""

import asyncio
import fcntl
import gc
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app import migrate, seed
from app.core import embedded, logs
from app.core.clock import Clock
from app.core.database import Database
from app.core.settings import Settings
from app.main import create_app
from tests.world import Http, World

TEMPLATE = "template_of_the_pilot"
# The variable that tells the run's parallel processes which folder they share.
SHARED = "TESTS_SHARED_FOLDER"
MEMORY, ENOUGH = Path("/dev/shm"), 2 * 1024**3
logs.configure("error")


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of the run's database, in memory where there is room: it is copied a thousand times."""
    if SHARED not in os.environ:
        roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH
        os.environ[SHARED] = tempfile.mkdtemp(prefix="cultuurcoordinator-", dir=MEMORY if roomy else None)
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(SHARED)))


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays: looking through it takes a quarter of a run."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the run, which its parallel processes share."""
    return Path(os.environ[SHARED])


@pytest.fixture(scope="session")
def postgres(shared: Path) -> Iterator[str]:
    """The address of the run's PostgreSQL, which its parallel processes share."""
    with embedded.start(shared / "data", durable=False) as server:
        _make_template(server.url, shared)
        yield server.url


def _make_template(url: str, folder: Path) -> None:
    """Migrate and seed the database that each test's is copied from; whoever is first does it."""
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "clients.json"
        if not done.exists():
            sql(url, f"CREATE DATABASE {TEMPLATE}")
            template = at_database(url, TEMPLATE)
            migrate.upgrade(template)
            done.write_text(json.dumps(asyncio.run(_seed(template))))


async def _seed(url: str) -> list[dict[str, str]]:
    database, now = Database(url), datetime(2021, 6, 1, tzinfo=UTC)
    async with database.transaction() as db:
        await seed.plant(db, now)
        clients = await seed.add_demo_clients(db, now)
    await database.close()
    return [client.model_dump(mode="json", by_alias=True) for client in clients]


def at_database(url: str, name: str) -> str:
    """The same server, another database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def sql(url: str, *statements: str) -> list[asyncpg.Record]:
    """Run statements one by one, outside the application; gives the rows of the last."""

    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            rows: list[asyncpg.Record] = []
            for statement in statements:
                rows = await connection.fetch(statement)
            return rows
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """The address of an empty database of the test's own."""
    name = f"test_{uuid4().hex}"
    sql(postgres, f"CREATE DATABASE {name}")
    yield at_database(postgres, name)
    sql(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(postgres: str) -> Iterator[str]:
    """The address of a database of the test's own, with the pilot's data."""
    name = f"test_{uuid4().hex}"
    sql(postgres, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    yield at_database(postgres, name)
    sql(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    long_ways = request.node.get_closest_marker("long_ways") is not None
    return Settings(
        fast_connections=0 if long_ways else 8,
        secret_key="a key for tests, of more than 32 characters",
        data_dir=tmp_path,
        public_url="https://register.example",
        worker=False,
        _env_file=None,
    )


@pytest.fixture
def world(database_url: str, settings: Settings, shared: Path) -> Iterator[World]:
    """The application on the pilot's data, at 15 June 2021, with everybody who calls it."""
    clients = json.loads((shared / "clients.json").read_text())
    app = create_app(settings, database_url)
    app.state.clock = Clock(datetime(2021, 6, 15, 7, tzinfo=UTC))
    with Http(app) as http:
        yield World(app, http, clients, database_url)
