"""Real receivers on loopback, and a courier that brings what the register has for them."""

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from standardwebhooks import Webhook, WebhookVerificationError

from app import acting
from app.core.clock import Clock
from app.core.listening import WORKERS
from app.notifications.posting import Post
from app.webhooks import connecting, courier
from app.webhooks.courier import Courier
from app.webhooks.sending import Way
from tests.world import JSON, Party, World


@dataclass(frozen=True)
class Received:
    """One delivery as it came in."""

    headers: Mapping[str, str]
    content: bytes
    at: float

    @property
    def id(self) -> str:
        """Its webhook-id."""
        return self.headers["webhook-id"]


@dataclass(frozen=True)
class Answer:
    """What a receiver says, and after how many seconds."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    after: float = 0.0


class _Server(ThreadingHTTPServer):
    """Says nothing of workers that hang up: they are killed on purpose."""

    def handle_error(self, *_: object) -> None:
        """Nothing is printed."""


class Receiver:
    """Keeps what it is sent, in the order in which it came in, and answers as it is told to."""

    def __init__(
        self,
        answer: Callable[[Received], Answer] = lambda _: Answer(),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.answer, self.received = answer, list[Received]()
        self.most_at_once = self._at_once = 0
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                content = self.rfile.read(length)
                if len(content) < length:  # the worker was killed while it sent: nothing was delivered
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.take(self, Received(headers, content, time.time()))

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def take(self, line: BaseHTTPRequestHandler, one: Received) -> None:
        """Keep and answer one delivery."""
        with self._lock:
            self.received.append(one)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            said = self.answer(one)
            time.sleep(said.after)
            line.send_response(said.status)
            for name, value in said.headers.items():
                line.send_header(name, value)
            line.send_header("content-length", str(len(said.content)))
            line.end_headers()
            line.wfile.write(said.content)
        except OSError:
            line.close_connection = True  # the register did not wait
        finally:
            with self._lock:
                self._at_once -= 1

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._server.server_address[1]
        return port

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def types(self) -> list[str]:
        """What it was told, in order."""
        return [said["type"] for said in map(_json, self.received)]


def _json(one: Received) -> JSON:
    said: JSON = json.loads(one.content)
    return said


def verified(secret: str, one: Received) -> JSON:
    """What a delivery says, by the independent library; it raises when the signature is not right."""
    said: JSON = Webhook(secret).verify(one.content, dict(one.headers))
    return said


def is_signed(secret: str, one: Received) -> bool:
    """Whether a delivery was signed with a secret."""
    try:
        verified(secret, one)
    except WebhookVerificationError:
        return False
    return True


class Deliverer:
    """The background work on webhooks, by hand: what is due at the world's moment."""

    NUMBER = 7

    def __init__(self, world: World, way: Way | None = None, **settings: Any) -> None:
        self.world = world
        self.settings = world.app.state.settings.model_copy(update=settings)
        self._post = Post.of(self.settings)
        self._way = way

    def collect(self) -> None:
        """Make deliveries of what happened."""
        state = self.world.app.state
        self.world.http.portal.call(acting.empty_outbox, state.database, state.clock, self._post)

    def round(self) -> int:
        """Collect, and deliver all that is due; gives how many attempts were made."""
        self.collect()
        sent: int = self.world.http.portal.call(self._deliver)
        return sent

    async def _deliver(self) -> int:
        state = self.world.app.state
        names = connecting.System()
        way = self._way or courier.way_of(self.settings, names)
        async with state.database.line() as line:
            await line.execute("SELECT pg_advisory_lock($1, $2)", WORKERS, self.NUMBER)
            made = Courier(
                state.database,
                state.clock,
                way,
                self.settings.webhook_concurrency,
                lambda: self.NUMBER,
                asyncio.Event(),
            )
            sent = await made.once()
        if self._way is None:
            await way.pool.aclose()
        names.close()
        return sent

    def later(self, **by: float) -> None:
        """Let time pass."""
        state = self.world.app.state
        state.clock = Clock(state.clock.now() + timedelta(**by))


def subscribe(party: Party, receiver: Receiver | str, *types: str, **more: Any) -> JSON:
    """A webhook, as it was answered."""
    url = receiver if isinstance(receiver, str) else receiver.url
    answer = party.post("/v1/webhooks", {"url": url, "types": list(types) or ["*"], **more})
    assert answer.status_code == 201, answer.text
    made: JSON = answer.json()
    return made
