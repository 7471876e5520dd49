"""How the application is served: uvicorn, with bounds before it is asked, and an end that loses nothing."""

import json
import math
import signal
import socket
import time
from asyncio import TimerHandle, Transport
from collections.abc import Callable
from http import HTTPStatus
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app import __version__
from app.core.http.envelope import SECURITY_HEADERS
from app.core.http.refusals import MEDIA_TYPE
from app.core.problems import TYPE_PREFIX
from app.core.settings import Settings

CLOSE = (b"connection", b"close")
LONGEST_URL = 48 * 1024  # bytes; the longest parameters, each byte written as %XX, come to half of that
LARGEST_HEAD = 64 * 1024  # bytes of request line and headers
# In English alone: which language the reader asks for is not known yet.
REASONS = {
    HTTPStatus.BAD_REQUEST: "This is not a request by HTTP/1.1.",
    HTTPStatus.REQUEST_TIMEOUT: "The request line and headers did not come in time.",
    HTTPStatus.REQUEST_URI_TOO_LONG: f"The address may have {LONGEST_URL} bytes at most.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"The headers may have {LARGEST_HEAD} bytes at most.",
}


def config(app: Any, settings: Settings) -> uvicorn.Config:
    """What uvicorn is told, so that it serves `app` as the settings say."""
    return uvicorn.Config(
        app,
        http=protocol(settings.head_seconds),
        log_config=None,
        access_log=False,
        server_header=False,
        # Nobody's word on who calls is taken but that of the proxies that were named.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=10,
    )


class Server(uvicorn.Server):
    """A server that says so once it takes requests, and that ends without losing any.

    Uvicorn closes what is idle at once, and a request that is on its way there is lost. So for DRAIN_SECONDS
    after SIGTERM everything is still answered: /health/ready with 503, so that the proxy sends no more, and
    each answer with `Connection: close`, so that nobody is left to send more.
    """

    def __init__(self, config: uvicorn.Config, greet: Callable[[], None]) -> None:
        super().__init__(config)
        self._greet, self._end_at = greet, math.inf

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; a second signal ends it at once."""
        state: Any = getattr(self.config.app, "state", None)
        seconds = state.settings.drain_seconds if state else 0
        if not self.started or sig != signal.SIGTERM or not seconds or self._end_at < math.inf:
            super().handle_exit(sig, frame)
            return
        state.ending = True
        self._end_at = time.monotonic() + seconds
        self.config.encoded_headers.append(CLOSE)
        self.server_state.default_headers = [*self.server_state.default_headers, CLOSE]

    async def on_tick(self, counter: int) -> bool:
        """End when it is time."""
        if time.monotonic() >= self._end_at and not self.should_exit:
            super().handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take requests; traces begin outside of what takes a proxy's word on who calls."""
        if traces := getattr(getattr(self.config.app, "state", None), "tracing", None):
            self.config.loaded_app = traces.around(self.config.loaded_app)
        await super().startup(sockets)
        if self.started:
            self._greet()


def protocol(head_seconds: float) -> type[HttpToolsProtocol]:
    """The class of connections whose requests' heads come within `head_seconds`."""
    return type("Connection", (_Connection,), {"head_seconds": head_seconds})


class _Refused(Exception):
    """What comes is not read any further."""


class _Connection(HttpToolsProtocol):
    """One connection; uvicorn's own knows no bound for the head of a request, in size or in time."""

    head_seconds: float
    _head, _in_head, _status = 0, False, HTTPStatus.BAD_REQUEST
    _timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Wait for the first request, and no longer than for its head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing to wait for any more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what comes; a head that grows too large without an end is refused here."""
        went_on = self._in_head
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and went_on:
            self._head += len(data)  # all of it: the piece in which a head begins may hold a body before it
        if self._head > LARGEST_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._timer is None and (self._in_head or self._is_idle()):
            self._wait()

    def _is_idle(self) -> bool:
        """Whether nothing is under way, and uvicorn does not wait either: empty lines came."""
        answered = self.cycle is not None and self.cycle.response_complete
        return answered and self.timeout_keep_alive_task is None

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._in_head, self._head = True, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take in an address, or a piece of one."""
        super().on_url(url)
        if len(self.url) > LONGEST_URL:
            self._stop(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_headers_complete(self) -> None:
        """Hand the request to the application, when its head is no larger than it may be."""
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > LARGEST_HEAD:
            self._stop(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        self._in_head, self._head = False, 0
        self._wait_no_more()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong, as a problem document, and end the connection; `msg` is uvicorn's word."""
        _ = msg
        self._refuse(self._status)

    def _stop(self, status: HTTPStatus) -> None:
        """End the reading, from inside the parser."""
        self._status = status
        raise _Refused

    def _refuse(self, status: HTTPStatus) -> None:
        if self.transport.is_closing():
            return
        # An answer that is under way would be mixed up with this one.
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(_refusal(status))
        self.transport.close()

    def _wait(self) -> None:
        late: Callable[[], None] = self._too_late
        self._timer = self.loop.call_later(self.head_seconds, late)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        if self._in_head:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:  # nothing was asked, so nothing is said
            self.transport.close()


def _refusal(status: HTTPStatus) -> bytes:
    """A whole answer, as it goes over the line."""
    code = status.phrase.lower().replace(" ", "-")
    document = {
        "type": f"{TYPE_PREFIX}{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": REASONS[status],
    }
    content = json.dumps(document).encode()
    headers = {
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(content)),
        "Content-Language": "en",
        "Connection": "close",
        "API-Version": __version__,
        **SECURITY_HEADERS,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return STATUS_LINE[status] + lines.encode() + b"\r\n" + content
