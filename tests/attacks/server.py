"""The server that is attacked: a process of its own that writes a log; and the calls that reach it."""

import json
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx
from anyio.from_thread import start_blocking_portal

from tests.attacks.watching import INSIDES, watched
from tests.stories.server import Server
from tests.world import Http

SECONDS = 30


class Tally:
    """How often anybody has asked the server or its database for something: else nothing changes."""

    made = 0


# What a server is told, beside where its database and files are: nobody is slowed down or let inside.
UNHURRIED = {
    "PUBLIC_PER_MINUTE": "0",
    "CLIENT_PER_MINUTE": "0",
    "ADDRESS_PER_MINUTE": "0",
    "GUESSES_PER_MINUTE": "0",
    "WEBHOOKS_LOCAL": "false",
    "WORKER": "false",
    "LOG_LEVEL": "info",
}


def started(folder: Path, database_url: str, at: str, **environment: str) -> Server:
    """A server on a database, with its data in `folder`/data and its clock at `at`; it takes requests."""
    server = Server(folder)
    for name in [name for name in server.environment if name.lower().endswith("_proxy")]:
        del server.environment[name]
    server.environment |= {
        **UNHURRIED,
        **environment,
        "DATABASE_URL": database_url,
        "ALLOW_AT_WITH_DATABASE_URL": "true",
    }
    server.start("--no-migrate", "--at", at)
    server.wait()
    return server


def failures(log: str) -> list[str]:
    """The lines of a server's log that tell of a failure of its own."""
    return [line[:2000] for line in log.splitlines() if _tells_of_a_failure(line)]


def _tells_of_a_failure(line: str) -> bool:
    try:
        said = json.loads(line)
    except ValueError:
        # Not one of the log's own lines: the greeting, or what Python prints when something went wrong.
        return any(word in line for word in ("Traceback", "Error", "Exception", "never awaited"))
    if not isinstance(said, dict):
        return False
    return said.get("level") in ("error", "critical") or int(said.get("status") or 0) >= 500


class Distant(Http):
    """Calls over HTTP to the server, of which every answer is watched; from many threads if need be."""

    def __init__(self, app: Any, server: Server) -> None:
        super().__init__(app)
        self.server = server

    def __enter__(self) -> Self:
        self._held = ExitStack()
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        # No proxy of the environment, no encodings but what a test asks for.
        self.wire = self._held.enter_context(
            httpx.Client(base_url=self.server.url, timeout=SECONDS, limits=limits, trust_env=False)
        )
        self.portal = self._held.enter_context(start_blocking_portal())
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """The answer to one request."""
        Tally.made += 1
        return watched(self.wire.request(method, path, **kwargs))


def spoken(server: Server, *said: bytes, hangs_up: bool = False, patience: float = 10.0) -> bytes:
    """All that the server answers to these bytes on one connection, until it closes or is silent too long.

    With `hangs_up` the sending side is closed after the last byte, for a request that has no end: a server
    that waits for more sees that there is none, and need not answer.
    """
    Tally.made += 1
    with socket.create_connection(("127.0.0.1", server.port), timeout=patience) as line:
        answer = bytearray()
        try:
            for part in said:
                line.sendall(part)
            if hangs_up:
                line.shutdown(socket.SHUT_WR)
            while chunk := line.recv(65536):
                answer += chunk
        except OSError:
            # It hung up, or said nothing more: what it had said counts.
            pass
    checked(bytes(answer))
    return bytes(answer)


def statuses(answer: bytes) -> list[int]:
    """The status of each answer in what came over a connection, interim ones left out."""
    found = []
    for line in answer.split(b"\r\n"):
        word, _, rest = line.partition(b" ")
        if word in (b"HTTP/1.1", b"HTTP/1.0") and rest[:3].isdigit() and rest[:1] != b"1":
            found.append(int(rest[:3]))
    return found


def checked(answer: bytes) -> None:
    """See to it that what came over a connection tells of no failure of ours."""
    assert not [status for status in statuses(answer) if status >= 500], answer[:500]
    told = answer.decode("latin-1")
    assert not [word for word in INSIDES if word in told], answer[:500]
