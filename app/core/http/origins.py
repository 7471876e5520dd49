"""Which other origins' pages may call the API (API Design Rules 2.2, /core/transport/cors; Fetch)."""

from collections.abc import Collection
from typing import Any

from fastapi import Depends, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.http.limits import TOLD

# What a page may send, and what it may read, next to what every page may.
REQUEST_HEADERS = "Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match"
ANSWER_HEADERS = (
    "Accept, Accept-Patch, Allow, API-Version, Content-Disposition, Deprecation, ETag, Idempotency-Replayed, "
    "Link, Location, RateLimit, RateLimit-Policy, Retry-After, Sunset, WWW-Authenticate, X-Request-Id"
)
SECONDS = "7200"


class Origins:
    """ASGI middleware that lets the pages of `allowed` origins read answers, and nobody else's.

    There are no cookies, so no credentials are allowed: a page sends its token itself. A route that is for
    every origin says so (`FOR_EVERY_ORIGIN`).
    """

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self.app, self.allowed = app, allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        origin = asked.get("origin", "")
        preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in asked

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.add_vary_header("Origin")
                if origin in self.allowed:
                    headers.setdefault("Access-Control-Allow-Origin", origin)
                if "access-control-allow-origin" in headers:
                    headers["Access-Control-Expose-Headers"] = ANSWER_HEADERS
                    if preflight:
                        _allow(headers)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _allow(headers: MutableHeaders) -> None:
    """Answer a preflight: the methods that the address knows, as its Allow header names them."""
    headers["Access-Control-Allow-Methods"] = headers.get("allow", "")
    headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
    headers["Access-Control-Max-Age"] = SECONDS


async def _for_every_origin(request: Request) -> None:
    request.scope[TOLD]["Access-Control-Allow-Origin"] = "*"


# The dependency of a route of which everybody's pages may read the answer: a public document, nobody's alone.
FOR_EVERY_ORIGIN: Any = Depends(_for_every_origin)
