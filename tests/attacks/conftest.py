"""The besieged worlds: prepared once for the run, and copied for each process that attacks one."""

import fcntl
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.core.clock import Clock
from app.core.settings import Settings
from app.main import create_app
from tests.attacks import server as servers
from tests.attacks import siege as besieged
from tests.attacks.siege import Siege, Spoils, Watched
from tests.conftest import TEMPLATE, at_database, sql
from tests.world import World

FIRST_WEEK = datetime(2021, 6, 15, 7, tzinfo=UTC)
PREPARED = "template_of_the_siege"
Prepared = tuple[Path, Spoils, datetime]


@contextmanager
def _database(postgres: str, template: str) -> Iterator[str]:
    """The address of a copy of a database."""
    name = f"test_{uuid4().hex}"
    sql(postgres, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield at_database(postgres, name)
    sql(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _world(url: str, settings: Settings, shared: Path, at: datetime) -> Iterator[World]:
    clients = json.loads((shared / "clients.json").read_text())
    app = create_app(settings, url)
    app.state.clock = Clock(at)
    with Watched(app) as http:
        yield World(app, http, clients, url)


def _tallied(rows: Sequence[Any]) -> list[Any]:
    servers.Tally.made += 1
    return list(rows)


@contextmanager
def _looking(http: servers.Distant, url: str) -> Iterator[Callable[[str], list[Any]]]:
    """Looks into a database over one connection, which many attacks share."""
    connection = http.portal.call(asyncpg.connect, url.replace("+asyncpg", ""))
    try:
        yield lambda statement: _tallied(http.portal.call(connection.fetch, statement))
    finally:
        http.portal.call(connection.close)


@pytest.fixture(scope="session")
def prepared(postgres: str, shared: Path) -> Prepared:
    """The database in which everything happened that can be attacked, with its files and moment.

    Whichever of the run's parallel processes is first prepares it.
    """
    folder, told = shared / "siege", shared / "siege.json"
    with (shared / "siege.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            sql(postgres, f"CREATE DATABASE {PREPARED} TEMPLATE {TEMPLATE} STRATEGY file_copy")
            url = at_database(postgres, PREPARED)
            with _world(url, besieged.settings_in(folder), shared, FIRST_WEEK) as world:
                spoils, now = besieged.prepare(world), world.app.state.clock.now()
            told.write_text(json.dumps({"spoils": asdict(spoils), "now": now.isoformat()}))
    said = json.loads(told.read_text())
    return folder, Spoils(**said["spoils"]), datetime.fromisoformat(said["now"])


@pytest.fixture(scope="session")
def siege(
    postgres: str, shared: Path, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Siege]:
    """The besieged server: a process that all attacks of a test process are made on, over HTTP.

    Its log is read when it has ended: it never failed.
    """
    files, spoils, now = prepared
    folder = tmp_path_factory.mktemp("siege")
    settings = besieged.settings_in(besieged.copied(files, folder / "data"))
    assert settings.secret_key is not None
    secrets = {"SECRET_KEY": settings.secret_key.get_secret_value(), "PUBLIC_URL": besieged.BASE}
    clients = json.loads((shared / "clients.json").read_text())
    with _database(postgres, PREPARED) as url:
        app = create_app(settings, url)
        app.state.clock = Clock(now)
        with (
            servers.started(folder, url, now.isoformat(), **secrets) as server,
            servers.Distant(app, server) as http,
            _looking(http, url) as look,
        ):
            yield Siege(World(app, http, clients, url), spoils, look)
        assert servers.failures(server.printed.read_text()) == []


@pytest.fixture
def untouched(siege: Siege) -> Iterator[Siege]:
    """The besieged server, no row of which is another when the attack is over."""
    with siege.untouched():
        yield siege


@pytest.fixture(scope="module")
def module_untouched(siege: Siege) -> Iterator[None]:
    """No row is another when the attacks of one file are over, none of which may change any."""
    with siege.untouched():
        yield


@pytest.fixture
def breach(postgres: str, shared: Path, prepared: Prepared, tmp_path: Path) -> Iterator[Siege]:
    """A besieged world of one attack's own, in this process, whose clock can be set."""
    files, spoils, now = prepared
    settings = besieged.settings_in(besieged.copied(files, tmp_path))
    with (
        _database(postgres, PREPARED) as copy,
        _world(copy, settings, shared, now) as world,
    ):
        yield Siege(world, spoils, lambda statement: _tallied(sql(copy, statement)))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return besieged.settings_in(tmp_path)


@pytest.fixture
def world(database_url: str, settings: Settings, shared: Path) -> Iterator[World]:
    """The pilot in its first week, in this process, whose every answer is watched."""
    with _world(database_url, settings, shared, FIRST_WEEK) as world:
        yield world
