"""What every HTTP exchange has: an id, a log line, the standard headers, and an answer whatever happens."""

import time
from collections.abc import Callable, Mapping, Sequence

import structlog
import uuid_utils
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import __version__
from app.core.clock import Clock
from app.core.http import refusals
from app.core.http.bodies import Bounds, bounded
from app.core.http.limits import TOLD
from app.core.http.measures import Measures
from app.core.problems import BodyTooLarge
from app.core.values import utc

log = structlog.get_logger("http")

# API Design Rules 2.2, /core/transport/security-headers; a page may set its own policy.
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Envelope:
    """ASGI middleware around the whole application.

    Gives each request an id (`X-Request-Id`, and `instance` in problems), adds the headers that every
    answer carries, refuses a body over `max_body_bytes` (or what `larger` says of a route) or one
    that takes too long (`bodies.py`), turns a failure into a problem document, and measures it and
    logs one line without the address's secrets: the route's template, never the path itself.
    """

    def __init__(
        self,
        app: ASGIApp,
        clock: Clock,
        max_body_bytes: int,
        body_seconds: float,
        measures: Measures,
        larger: Sequence[tuple[APIRoute, int, BodyTooLarge]] = (),
    ) -> None:
        self.app, self.measures, self.larger, self.seconds = app, measures, larger, body_seconds
        self.usual = max_body_bytes, BodyTooLarge(f"The body may have {max_body_bytes} bytes at most.")
        headers = {"API-Version": __version__, **SECURITY_HEADERS}
        if clock.at:
            headers["Clock-Stands-At"] = utc(clock.at)
        self.headers = _raw(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = scope["request_id"] = str(uuid_utils.uuid4())
        told: dict[str, str] = scope.setdefault(TOLD, {})
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = list(message["headers"])
                names = {name for name, _ in given}
                common = [*_raw({"X-Request-Id": request_id}), *self.headers, *_raw(told)]
                message = {**message, "headers": given + [one for one in common if one[0] not in names]}
            elif scope["method"] == "HEAD" and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            # What can be read can be asked for without its content (RFC 9110, section 9.3.2).
            asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
            limit, refusal = self._limit(scope)
            limited = bounded(asked, receive, Bounds(limit, refusal, self.seconds))
            announced = Headers(scope=scope).get("content-length", "")
            if announced.isdecimal() and announced.isascii() and int(announced) > limit:
                await refusals.respond(Request(asked), refusal)(asked, receive, send_with_headers)
            else:
                await self._answer(asked, limited, send_with_headers, begun=lambda: status > 0)
            seconds, route = time.perf_counter() - started, getattr(asked.get("route"), "path", None)
            self.measures.note(scope["method"], route, status, seconds)
            _log(scope["method"], route, status, seconds)

    def _limit(self, scope: Scope) -> tuple[int, BodyTooLarge]:
        """How large the request's body may be, and what is said of a larger one."""
        if scope["method"] in ("GET", "HEAD"):
            return self.usual
        for route, limit, refusal in self.larger:
            if route.matches(scope)[0] is Match.FULL:
                return limit, refusal
        return self.usual

    async def _answer(self, scope: Scope, receive: Receive, send: Send, begun: Callable[[], bool]) -> None:
        try:
            await self.app(scope, receive, send)
        except ClientDisconnect:
            log.info("client left")
        except Exception as error:
            if begun():
                raise
            await refusals.unexpected(Request(scope), error)(scope, receive, send)


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI has them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def _log(method: str, route: str | None, status: int, seconds: float) -> None:
    log.info("answered", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1))
