"""PostgreSQL away, no connection left, locks that others hold: 503 with Retry-After, in time, and then on."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy.engine import make_url

from app.core.listening import WORKERS
from tests.conftest import sql
from tests.faults.conftest import Processes, Shared, Stand
from tests.faults.stand import JSON, Process, say, superuser, until
from tests.world import registration

AWAY = 10.0  # seconds
AT_ONCE = 3.0  # seconds in which an answer comes while the database is away
FOR_A_CONNECTION, FOR_A_LOCK = 5.0 + 3.0, 10.0 + 3.0


@dataclass(frozen=True)
class Said:
    """What came of one request, and after how many seconds; 0 for no answer at all."""

    status: int
    seconds: float
    headers: httpx.Headers
    content: bytes

    def json(self) -> JSON:
        """The document that was answered."""
        said: JSON = json.loads(self.content)
        return said


class Caller:
    """Calls one API with a token, and times it."""

    def __init__(self, api: Process, credentials: JSON) -> None:
        self.client = httpx.Client(base_url=api.address, timeout=40, trust_env=False)
        basic = (credentials["clientId"], credentials["clientSecret"])
        grant = {"grant_type": "client_credentials"}
        token = self.client.post("/v1/oauth/token", data=grant, auth=basic).raise_for_status().json()
        self.client.headers["Authorization"] = f"Bearer {token['access_token']}"

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def call(self, method: str, path: str, body: JSON | None = None, **more: Any) -> Said:
        begun = time.monotonic()
        answer = self.client.request(method, path, json=body, **more)
        return Said(answer.status_code, time.monotonic() - begun, answer.headers, answer.content)

    def upload(self, path: str, content: bytes) -> Said:
        return self.call("POST", path, files={"file": ("plan.pdf", content, "application/pdf")})

    def register(self) -> Said:
        return self.call("POST", "/v1/registrations", registration(edition="voorbeeld"))


@pytest.fixture
def caller(shared: Shared, stand: Stand) -> Iterator[Caller]:
    with Caller(shared.api, stand.prepared.clients["fleck", "partner"]) as caller:
        yield caller


def is_try_again(said: Said) -> bool:
    """Whether it is a refusal that says when to try again, as a problem document."""
    kind = said.headers.get("content-type")
    return (said.status, kind) == (503, "application/problem+json") and int(said.headers["retry-after"]) > 0


def test_a_database_that_is_away_is_told_and_waited_for(stand: Stand, shared: Shared, caller: Caller) -> None:
    assert caller.register().status == 201
    assert shared.api.process
    running = shared.api.process.pid
    said: list[Said] = []
    back = threading.Event()

    def ask() -> None:
        while not back.is_set():
            said.append(caller.register())
            said.append(caller.call("GET", "/v1/registrations?limit=1"))
            said.append(caller.call("GET", "/health/ready"))
            assert caller.call("GET", "/health/live").status == 200
            time.sleep(0.1)

    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(ask)
        stand.cluster.kill()
        away = time.monotonic()
        time.sleep(AWAY)
        stand.cluster.start()
        seconds = time.monotonic() - away
        # Within a moment of its own, without a restart: no dead connection is given to anybody.
        until(lambda: [one.status for one in said[-3:]] == [201, 200, 200], 5)
        back.set()
        asking.result()
    refused = [one for one in said if one.status not in (200, 201)]
    assert len(refused) > AWAY, Counter(one.status for one in said)
    assert [one for one in refused if not is_try_again(one)] == []
    assert max(one.seconds for one in refused) < AT_ONCE
    assert (shared.api.process.poll(), shared.api.process.pid) == (None, running)
    say(
        f"away for {seconds:.1f} s: {dict(Counter(one.status for one in said))}, "
        f"503 after at most {max(one.seconds for one in refused):.2f} s"
    )


def test_what_is_started_while_the_database_is_away_waits_for_it(
    stand: Stand, processes: Processes, url: str
) -> None:
    """An API and a worker; the control is a worker that may not wait."""
    stand.cluster.kill()
    api, worker = processes.start(), processes.start("worker")
    hasty = processes.start("worker", START_SECONDS="0")
    until(lambda: api.said("waits for the database") == worker.said("waits for the database") == 1)
    assert hasty.process
    assert hasty.process.wait(30) == 1
    assert hasty.said("cannot be reached") == 1
    stand.cluster.start()
    begun = time.monotonic()
    api.wait()
    at_work = f"SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = {WORKERS}"
    until(lambda: len(sql(url, at_work)) == 1)
    say(f"an API and a worker that waited for the database serve {time.monotonic() - begun:.1f} s after it")


def test_locks_of_another_and_a_full_pool_are_waited_for_so_long_and_no_longer(
    caller: Caller, shared: Shared
) -> None:
    """Who waits for a lock, with a token and without, on the pool's connections; and who finds none left."""
    assert caller.register().status == 201
    with ThreadPoolExecutor(6) as threads:
        with holding(shared.url, "LOCK TABLE registration, certificate IN ACCESS EXCLUSIVE MODE"):
            locked = [threads.submit(caller.register) for _ in range(2)]
            locked.append(threads.submit(caller.call, "GET", f"/v1/verifications/{'a' * 26}"))
            time.sleep(0.5)
            late = [threads.submit(caller.call, "GET", "/v1/organisations") for _ in range(3)]
            said = [one.result() for one in (*late, *locked)]
        after = caller.register()
    assert [one for one in said if not is_try_again(one)] == []
    assert max(one.seconds for one in said[:3]) < FOR_A_CONNECTION
    assert max(one.seconds for one in said[3:]) < FOR_A_LOCK
    assert after.status == 201
    say(f"503 after {', '.join(f'{one.seconds:.1f} s' for one in said)}: a full pool, then locks")


def test_connections_that_the_server_has_not_got_are_asked_for_later(
    stand: Stand, caller: Caller, shared: Shared
) -> None:
    name = make_url(shared.url).database
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    superuser(stand.cluster.url, f"ALTER DATABASE {name} CONNECTION LIMIT 0", cut)
    try:
        said = [
            caller.register(),
            caller.call("GET", "/v1/organisations"),
            caller.call("GET", "/health/ready"),
        ]
    finally:
        superuser(stand.cluster.url, f"ALTER DATABASE {name} CONNECTION LIMIT -1")
    assert [one for one in said if not is_try_again(one)] == []
    assert max(one.seconds for one in said) < AT_ONCE
    assert caller.register().status == 201


@contextmanager
def holding(url: str, statement: str) -> Iterator[None]:
    """Hold the locks of a statement, in a transaction of another's, until the end of the block."""
    taken, ended = threading.Event(), threading.Event()

    async def hold() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        async with connection.transaction():
            await connection.execute(statement)
            taken.set()
            await asyncio.to_thread(ended.wait)
        await connection.close()

    holder = threading.Thread(target=lambda: asyncio.run(hold()))
    holder.start()
    assert taken.wait(10)
    try:
        yield
    finally:
        ended.set()
        holder.join()
