"""Operations that will go: said in every answer, beforehand (RFC 9745 Deprecation, RFC 8594 Sunset)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# How long an operation stays after it was deprecated (docs/decisions/0012).
SHORTEST = timedelta(days=365)


@dataclass(frozen=True)
class Deprecation:
    """Since when an operation is deprecated, until when it stays, and where it is told what to do instead.

    `policy` is the page that tells; `successor` the address of what comes in its place, when there is one.
    Raises ValueError for an operation that would go too soon.
    """

    since: datetime
    sunset: datetime
    policy: str
    successor: str | None = None

    def __post_init__(self) -> None:
        if self.sunset - self.since < SHORTEST:
            raise ValueError(f"An operation stays {SHORTEST.days} days after it was deprecated.")

    def links(self) -> list[str]:
        """The Link headers (RFC 8288; successor-version is RFC 5829's)."""
        links = [f'<{self.policy}>; rel="deprecation"; type="text/html"', f'<{self.policy}>; rel="sunset"']
        return links + ([f'<{self.successor}>; rel="successor-version"'] if self.successor else [])


def mark(routes: Iterable[BaseRoute], deprecated: Mapping[str, Deprecation]) -> None:
    """Show the `deprecated` operations, by their ids, as such in the OpenAPI document."""
    known = {route.operation_id: route for route in routes if isinstance(route, APIRoute)}
    for name in deprecated:
        known[name].deprecated = True


class Deprecations:
    """ASGI middleware that tells of the `deprecated` operations, by their ids, in whatever they answer."""

    def __init__(self, app: ASGIApp, deprecated: Mapping[str, Deprecation]) -> None:
        self.app, self.deprecated = app, deprecated

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = self.deprecated.get(getattr(scope.get("route"), "operation_id", None) or "")
                if told:
                    _tell(MutableHeaders(scope=message), told)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _tell(headers: MutableHeaders, told: Deprecation) -> None:
    headers["Deprecation"] = f"@{int(told.since.timestamp())}"
    headers["Sunset"] = format_datetime(told.sunset.astimezone(UTC), usegmt=True)
    for link in told.links():
        headers.append("Link", link)
