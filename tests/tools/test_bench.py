"""What the benches write by hand fits the tables as they are now; and both clients load as they should."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import asyncpg
import pytest

from bench import certificates, floor, measuring, wrk
from bench.load import PLACE
from tests.conftest import sql
from tests.world import World


def test_certificates_are_measured_on_rows_that_fit(database_url: str) -> None:
    ready = certificates.READY.format(edition="first", count=2)
    earlier = certificates.EARLIER.format(size=20)
    rows = sql(
        database_url,
        *(one for text in (ready, earlier) for one in text.split(";\n") if one.strip()),
        "SELECT count(*) certificates, min(s.entry) first, max(c.number) last,"
        " (SELECT count(*) FROM attendance) attended"
        " FROM certificate c JOIN register_salt s ON s.certificate = c.number",
    )
    assert dict(rows[0]) == {"certificates": 20, "first": 1, "last": "CCVO-2012-000020", "attended": 16}


def test_the_floor_reads_and_writes_the_tables_as_they_are(world: World) -> None:
    participant, session = world.participant()["id"], world.sessions()[0]["id"]

    async def run() -> int:
        connection = await asyncpg.connect(world.database_url.replace("+asyncpg", ""))
        for statement in (floor.READ, floor.LIST, floor.REGISTER, floor.REGISTER_ONCE, floor.VERIFY):
            await connection.prepare(statement)
        for minutes in (60, 90):
            await connection.execute(floor.ATTEND, session, participant, minutes)
        versions = await connection.fetchval("SELECT count(*) FROM attendance_version")
        await connection.close()
        return int(versions)

    assert asyncio.run(run()) == 2


@contextmanager
def answering(*statuses: int) -> Iterator[tuple[int, list[str]]]:
    """A server that answers with these in turn, and what it was asked for: the keys, or the paths."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.headers.get("Idempotency-Key") or self.path)
            self.send_response(statuses[len(asked) % len(statuses)])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


@pytest.fixture(params=["wrk", "of our own"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which client loads."""
    if request.param == "of our own":
        monkeypatch.setattr(wrk, "is_here", lambda: False)
    elif not wrk.is_here():
        pytest.skip("wrk is not installed, and the bench does without it")


@pytest.mark.usefixtures("client")
def test_a_load_sends_every_request_and_never_the_same_key_twice() -> None:
    keyed = measuring.request("GET", "/a", Idempotency_Key=PLACE.decode())
    plain = [measuring.request("GET", f"/{number}") for number in range(5)]
    with answering(200) as (port, asked):
        found = measuring.load(([keyed, *plain], 200), port, 1.0, connections=3)
    keys = [one for one in asked if not one.startswith("/")]
    assert len(keys) == len(set(keys)) >= 1
    assert {one for one in asked if one.startswith("/")} == {f"/{number}" for number in range(5)}
    # What was under way at the end is not counted.
    assert len(asked) - 3 <= found["count"] <= len(asked)
    assert 0 < found["p50"] <= found["p99"]


@pytest.mark.usefixtures("client")
def test_a_load_ends_when_something_else_is_answered() -> None:
    job = ([measuring.request("GET", "/a")], 200)
    with answering(200, 200, 500) as (port, _), pytest.raises(SystemExit, match="instead of 200"):
        measuring.load(job, port, 1.0)
