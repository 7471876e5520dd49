"""The server on a real socket: what is slow, endless or too large is cut off, and holds nothing up."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from app import serving
from app.core.settings import Settings
from app.main import create_app
from tests.conftest import sql
from tests.world import World, registration

BODY = b"POST /v1/registrations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
LAST_EVENT = "SELECT origin FROM event ORDER BY id DESC LIMIT 1"
SLOW = BODY + b'Content-Length: 500\r\n\r\n{"edition": '


@pytest.fixture
def port(database_url: str, settings: Settings) -> Iterator[int]:
    """A server with two connections to the database, that waits half a second for anything."""
    changed = {"pool_size": 2, "body_seconds": 0.5, "head_seconds": 0.5, "client_per_minute": 0}
    with served(database_url, settings.model_copy(update=changed)) as port:
        yield port


@contextlib.contextmanager
def served(database_url: str, settings: Settings) -> Iterator[int]:
    """The port of a server with these settings."""
    server = uvicorn.Server(serving.config(create_app(settings, database_url), settings))
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        running = threading.Thread(target=asyncio.run, args=[server.serve([listener])])
        running.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        running.join()


def talk(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Everything that is answered until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        for piece in pieces:
            with contextlib.suppress(ConnectionError):
                raw.sendall(piece)
            time.sleep(pause)
        return ended(raw)


def ended(raw: socket.socket) -> bytes:
    got = b""
    with contextlib.suppress(ConnectionError):
        while piece := raw.recv(65536):
            got += piece
    return got


def check(answer: bytes, status: int) -> None:
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert b"application/problem+json" in answer
    assert b"connection: close" in answer.lower()
    assert b"strict-transport-security" in answer.lower()


def test_a_body_that_does_not_come_on_is_refused_and_the_connection_ends(port: int) -> None:
    began = time.monotonic()
    check(talk(port, SLOW), 408)
    assert time.monotonic() - began < 5


def test_a_body_that_drips_is_refused_all_the_same(port: int) -> None:
    check(talk(port, SLOW, *[b" "] * 8, pause=0.1), 408)


def test_an_upload_that_comes_steadily_may_take_longer(port: int) -> None:
    kind = b"POST /v1/verifications/_check HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    kind += b"Content-Type: multipart/form-data; boundary=b\r\n"
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    pieces = [b"x" * 4000] * 12  # 40 kB/s, for more than the half second
    length = len(form) + 48_000 + 9
    answer = talk(
        port,
        kind + b"Content-Length: %d\r\n\r\n" % length + form,
        *pieces,
        b"\r\n--b--\r\n",
        pause=0.1,
    )
    assert b" 408 " not in answer[:20], answer[:300]
    assert answer.startswith(b"HTTP/1.1 "), answer[:300]


def test_thirty_slow_clients_hold_nobody_up(port: int) -> None:
    with contextlib.ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(30)
        ]
        for raw in slow:
            raw.sendall(SLOW)
        began = time.monotonic()
        answers = [httpx.get(f"http://127.0.0.1:{port}/v1/editions", timeout=5) for _ in range(5)]
        took = time.monotonic() - began
        assert {one.status_code for one in answers} == {200}
        assert took < 3
        for raw in slow:
            check(ended(raw), 408)


def test_headers_that_do_not_come_on_are_refused(port: int) -> None:
    check(talk(port, b"GET /v1/phases HTTP/1.1\r\nHost: x\r\n", *[b"X-A: b\r\n"] * 8, pause=0.1), 408)


@pytest.mark.parametrize("begun", [b"", b"\r\n"])
def test_who_asks_nothing_is_not_waited_for(port: int, begun: bytes) -> None:
    began = time.monotonic()
    assert talk(port, begun) == b""
    assert time.monotonic() - began < 5


def test_neither_is_who_asks_nothing_more(port: int) -> None:
    """Empty lines end what uvicorn waits for itself, and begin no request."""
    answer = talk(port, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n", pause=0.2)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b" 408 " not in answer


def test_the_second_request_of_a_connection_has_to_come_too(port: int) -> None:
    answer = talk(port, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /health/live HTT", pause=0.3)
    first, _, second = answer.partition(b"HTTP/1.1 408")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert second


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /v1/phases HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n", 431),
        (b"GET /v1/phases HTTP/1.1\r\nHost: x\r\n" + b"X-Many: abc\r\n" * 10_000 + b"\r\n", 431),
        (b"GET /v1/phases HTTP/1.1\r\nHost: x\r\nX-Open: " + b"a" * 700_000, 431),
        (b"GET /v1/phases?q=" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /v1/phases?q=" + b"a" * 700_000, 414),
        (b"GET / nonsense\r\n\r\n", 400),
        (
            b"GET /v1/phases HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"POST /v1/registrations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
    ids=[
        "one header",
        "many headers",
        "an open header",
        "a URL",
        "an open URL",
        "no HTTP",
        "two lengths",
        "no chunk",
    ],
)
def test_what_is_too_large_or_no_http_is_refused(port: int, head: bytes, status: int) -> None:
    check(talk(port, head), status)


@pytest.mark.parametrize(("trusted", "origin"), [("127.0.0.1", "203.0.113.7"), ("192.0.2.1", "127.0.0.1")])
def test_a_proxy_is_believed_when_it_is_named_and_nobody_else_is(
    database_url: str, settings: Settings, world: World, trusted: str, origin: str
) -> None:
    """Where a request comes from is what a named proxy says: what stands before that, anybody may write."""
    changed = {"trusted_proxies": trusted, "at": world.app.state.clock.now()}
    forwarded = {"X-Forwarded-For": "198.51.100.9, 203.0.113.7", "X-Forwarded-Host": "evil.example"}
    headers = {"Authorization": f"Bearer {world.fleck.token()}", **forwarded}
    with served(database_url, settings.model_copy(update=changed)) as port:
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/registrations", json=registration(), headers=headers)
    assert answer.status_code == 201, answer.text
    assert "evil" not in f"{answer.headers}{answer.text}"
    assert [row["origin"] for row in sql(database_url, LAST_EVENT)] == [origin]


def test_what_is_as_large_as_it_may_be_is_answered(port: int) -> None:
    head = (
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: " + b"a" * 60_000 + b"\r\n\r\n"
    )
    assert talk(port, head).startswith(b"HTTP/1.1 200 ")
