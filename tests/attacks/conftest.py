"""The besieged worlds: prepared once, copied for each file of attacks and for each attack that changes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from app.core.clock import Clock
from app.core.settings import Settings
from app.main import create_app
from tests.attacks import siege as besieged
from tests.attacks.siege import Siege, Spoils, Watched
from tests.conftest import TEMPLATE, at_database, sql
from tests.world import World

Prepared = tuple[str, Path, Spoils, datetime]


@contextmanager
def _database(postgres: str, template: str) -> Iterator[str]:
    """The name of a copy of a database."""
    name = f"test_{uuid4().hex}"
    sql(postgres, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield name
    sql(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _world(url: str, settings: Settings, shared: Path, at: datetime) -> Iterator[World]:
    clients = json.loads((shared / "clients.json").read_text())
    app = create_app(settings, url)
    app.state.clock = Clock(at)
    with Watched(app) as http:
        yield World(app, http, clients, url)


@pytest.fixture(scope="session")
def prepared(postgres: str, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """The database in which everything happened that can be attacked, with its files and moment."""
    folder, begin = tmp_path_factory.mktemp("prepared"), datetime(2021, 6, 15, 7, tzinfo=UTC)
    with _database(postgres, TEMPLATE) as name:
        url = at_database(postgres, name)
        with _world(url, besieged.settings_in(folder), shared, begin) as world:
            spoils, now = besieged.prepare(world), world.app.state.clock.now()
        yield name, folder, spoils, now


@contextmanager
def _siege(postgres: str, shared: Path, prepared: Prepared, folder: Path) -> Iterator[Siege]:
    name, files, spoils, now = prepared
    settings = besieged.settings_in(besieged.copied(files, folder))
    with (
        _database(postgres, name) as copy,
        _world(at_database(postgres, copy), settings, shared, now) as world,
    ):
        yield Siege(world, spoils)


@pytest.fixture(scope="module")
def siege(
    postgres: str, shared: Path, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Siege]:
    """A besieged world that the attacks of one file share, since none of them may change a row of it."""
    with _siege(postgres, shared, prepared, tmp_path_factory.mktemp("siege")) as siege, siege.untouched():
        yield siege


@pytest.fixture
def breach(postgres: str, shared: Path, prepared: Prepared, tmp_path: Path) -> Iterator[Siege]:
    """A besieged world of one attack's own."""
    with _siege(postgres, shared, prepared, tmp_path) as siege:
        yield siege


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return besieged.settings_in(tmp_path)


@pytest.fixture
def world(database_url: str, settings: Settings, shared: Path) -> Iterator[World]:
    """The pilot in its first week, whose every answer is watched."""
    with _world(database_url, settings, shared, datetime(2021, 6, 15, 7, tzinfo=UTC)) as world:
        yield world
