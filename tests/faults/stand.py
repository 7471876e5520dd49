"""What the fault stories stand on: a PostgreSQL that can be killed, and processes beside it."""

import asyncio
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
from asyncpg import Record
from sqlalchemy.engine import make_url

from app import migrate, seed
from app.core import embedded
from app.core.database import Database
from app.core.settings import Settings
from app.main import create_app
from app.trainings.terms import Retained
from tests.conftest import at_database, sql
from tests.stories.server import COMMAND, _free_port
from tests.world import PILOT, PUBLIC_SOURCE, Http, World, form

SECRET = "a key for the faults, of more than 32 characters"
TEMPLATE = "template_of_the_faults"
PATIENCE = 180.0  # seconds, for a machine that others use too
JSON = dict[str, Any]


def say(figures: str) -> None:
    """Tell what was measured, to who looks on and to who asked for it (tests/faults/__main__.py)."""
    print(figures)
    if kept := os.environ.get("FAULTS_FIGURES"):
        with Path(kept).open("a") as file:
            file.write(f"{figures}\n")


def until(condition: Callable[[], bool], seconds: float = PATIENCE, every: float = 0.05) -> None:
    """Wait for a condition, and no longer than so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(every)


def superuser(url: str, *statements: str) -> list[Record]:
    """Run statements in the database at `url` as PostgreSQL's own superuser."""
    return sql(make_url(url).set(username="postgres").render_as_string(hide_password=False), *statements)


class Cluster:
    """A durable PostgreSQL of the stories' own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._uses = [embedded.start(folder, durable=True)]
        self.url = self._uses[0].url

    @property
    def _pid_file(self) -> Path:
        return self.folder.resolve() / "postgresql" / "cluster" / "postmaster.pid"

    def kill(self) -> None:
        """End it with SIGKILL, the postmaster first and then every process of it, as if the power went."""
        postmaster = psutil.Process(int(self._pid_file.read_text().splitlines()[0]))
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(processes, timeout=PATIENCE)

    def start(self) -> None:
        """Start it again where it was; it recovers from its own log."""
        self._uses.append(embedded.start(self.folder, durable=True))

    def stop(self) -> None:
        """End it for good."""
        while self._uses:
            self._uses.pop().stop()

    def database(self, template: str = TEMPLATE) -> str:
        """The address of a new database, a copy of `template`."""
        name = f"faults_{uuid4().hex[:12]}"
        sql(self.url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return at_database(self.url, name)


class Process:
    """A process of the register: `run` (an API, without the background work) or `worker`."""

    def __init__(self, folder: Path, url: str, command: str = "run", **settings: str) -> None:
        self.command, self.port = command, _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.printed = folder / f"{command}-{self.port}.txt"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        self.environment = {
            **kept,
            "DATABASE_URL": url,
            "DATA_DIR": str(folder / "data"),
            "PORT": str(self.port),
            "SECRET_KEY": SECRET,
            # One register behind one address, which its tokens are for, whichever process gives them.
            "PUBLIC_URL": "https://register.example",
            "WORKER": "false",
            "TOKEN_SECONDS": "3600",
            "PUBLIC_PER_MINUTE": "0",
            "ADDRESS_PER_MINUTE": "0",
            "CLIENT_PER_MINUTE": "0",
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, without waiting until it serves."""
        options = ["--no-migrate"] if self.command == "run" else []
        with self.printed.open("ab") as printed:
            self.process = subprocess.Popen(
                [COMMAND, self.command, *options], env=self.environment, stdout=printed, stderr=printed
            )

    def ready(self) -> bool:
        """Whether it would answer requests now."""
        try:
            return httpx.get(f"{self.address}/health/ready", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def wait(self) -> None:
        """Wait until it serves."""
        try:
            until(self.ready)
        except AssertionError:
            raise AssertionError(self.printed.read_text()[-4000:]) from None

    def end(self, by: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait for that."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(by)
            self.process.wait(PATIENCE)

    def said(self, pattern: str) -> int:
        """How often what it logged has the pattern in it."""
        return len(re.findall(pattern, self.printed.read_text()))


class Prepared:
    """A database with people in every state that a story needs, and the clients that may call."""

    def __init__(self, clients: Sequence[JSON], certifiable: list[str], attending: list[str]) -> None:
        self.clients = {(one["organisation"], one["role"]): one for one in clients}
        # Participants who meet every requirement; and some of whom nothing is recorded yet.
        self.certifiable, self.attending = certifiable, attending
        self.draws: list[str] = []  # announced, and drawable
        self.to_announce: list[str] = []  # editions with candidates and no draw yet
        self.sessions: list[str] = []


def prepare(cluster: Cluster, folder: Path) -> Prepared:
    """Make the template: everything happens in 2021 and 2022, so that today nothing of it is too early."""
    sql(cluster.url, f"CREATE DATABASE {TEMPLATE}")
    url = at_database(cluster.url, TEMPLATE)
    migrate.upgrade(url)
    clients = asyncio.run(_seed(url))
    with world_of(url, clients, folder) as world:
        world.at("2021-06-15T09:00+02:00")
        prepared = _play(world, clients)
    # What the worker would have to tell of the past.
    # The clocks of processes go on from today: by then all of 2021 would have served, and be erased.
    terms = json.dumps({term.value: 1200 for term in Retained})
    sql(url, f"UPDATE edition SET retention = '{terms}'")
    sql(url, "DELETE FROM event_pending", "DELETE FROM message", "VACUUM ANALYZE")
    return prepared


@contextmanager
def world_of(url: str, clients: Sequence[JSON], folder: Path, **settings: Any) -> Iterator[World]:
    """The application in this process, on the database at `url`, by the clock of today."""
    given = {"secret_key": SECRET, "data_dir": folder, "public_url": "https://register.example", **settings}
    with Http(create_app(Settings(worker=False, _env_file=None, **given), url)) as http:
        yield World(http.app, http, clients, url)


def world_on(url: str, prepared: Prepared, folder: Path, **settings: Any) -> AbstractContextManager[World]:
    """The same, on a copy of what was prepared."""
    return world_of(url, list(prepared.clients.values()), folder, **settings)


async def _seed(url: str) -> list[JSON]:
    database, now = Database(url), datetime(2021, 6, 1, tzinfo=UTC)
    async with database.transaction() as db:
        await seed.plant(db, now)
        clients = await seed.add_demo_clients(db, now)
    await database.close()
    return [json.loads(client.model_dump_json(by_alias=True)) for client in clients]


def _play(world: World, clients: Sequence[JSON]) -> Prepared:
    people = [world.complete(world.mocca)["id"] for _ in range(18)]
    slugs = [f"proef-{number}" for number in range(10)]
    for slug in slugs:
        _edition(world, slug)
    world.draw()
    for id in people:
        assert world.mocca.post(f"/v1/registrations/{id}/_confirm").status_code == 200
    prepared = Prepared(clients, people[:14], people[14:])
    prepared.draws = [world.announce(slug)["id"] for slug in slugs[:5]]
    prepared.to_announce = slugs[5:]
    world.schedule_national()
    world.at("2022-04-20T12:00+02:00")
    prepared.sessions = [one["id"] for one in world.sessions(PILOT)]
    for session in world.sessions(PILOT):
        items = [{"registration": id, "minutes": session["contactMinutes"]} for id in prepared.certifiable]
        answer = world.provider.put(f"/v1/sessions/{session['id']}/attendance", {"items": items})
        assert answer.status_code == 200, answer.text
    for id in prepared.certifiable:
        world.pass_phases(id)
    world.rotate_keys()
    return prepared


def _edition(world: World, slug: str) -> None:
    """An edition of one seat, with two candidates, whose window closed when the pilot's did."""
    body = {
        "slug": slug,
        "training": "cultuurcoordinator-vo",
        "title": f"Proef {slug}",
        "region": "Overal",
        "window": {"opensAt": "2021-06-01T00:00:00Z", "closesAt": "2021-07-01T00:00:00Z"},
        "capacity": 1,
        "providers": ["mocca"],
    }
    assert world.admin.post("/v1/editions", body).status_code == 201
    for _ in range(2):
        made = world.register(world.fleck, edition=slug)
        answer = world.http.put(f"/v1/enrolment-forms/{made['enrolmentForm']['token']}", json=form())
        assert answer.status_code == 200, answer.text


def announcing() -> JSON:
    """The body that announces a draw now, by a source that is an hour and more ahead."""
    ahead = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200))
    return {"beacon": {**PUBLIC_SOURCE, "availableAt": ahead}}
