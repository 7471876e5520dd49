"""Which requests take the short way, and how those that turn out to be unusual go on to their route."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

import asyncpg
import structlog
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.http import refusals
from app.core.patience import CONFUSED
from app.core.problems import Unavailable
from app.fast import attendance, registrations, verifications
from app.fast.asked import Answer, Asked, Heard, Means, OutOfTheOrdinary, usual
from app.fast.lines import NoLine

log = structlog.get_logger(__name__)

Work = Callable[[Asked], Awaitable[Answer]]


@dataclass(frozen=True)
class _Way:
    """One operation: what its address looks like in parts (None varies), and what answers it."""

    method: str
    parts: tuple[str | None, ...]
    operation: str
    work: Work


_WAYS = (
    _Way("POST", ("", "v1", "registrations"), "createRegistration", registrations.register),
    _Way("GET", ("", "v1", "registrations"), "listRegistrations", registrations.page),
    _Way("GET", ("", "v1", "registrations", None), "getRegistration", registrations.read),
    _Way("PUT", ("", "v1", "sessions", None, "attendance", None), "saveOneAttendance", attendance.save_one),
    _Way("GET", ("", "v1", "verifications", None), "verifyCertificate", verifications.verify),
)


class Fast:
    """ASGI middleware: the short way where there is one, and the rest of the application otherwise."""

    def __init__(
        self, app: ASGIApp, means: Means, routes: Sequence[object], without: Collection[str] = ()
    ) -> None:
        self.app, self.means = app, means
        known = {route.operation_id: route for route in routes if isinstance(route, APIRoute)}
        self._ways: dict[tuple[str, int], list[tuple[_Way, APIRoute]]] = {}
        for way in _WAYS:
            if way.operation not in without:
                ways = self._ways.setdefault((way.method, len(way.parts)), [])
                ways.append((way, known[way.operation]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        found = self._way(scope) if scope["type"] == "http" else None
        headers = usual(scope) if found else None
        if found is None or headers is None:
            await self.app(scope, receive, send)
            return
        way, route, place = found
        heard = Heard(receive)
        asked = Asked(scope, heard.hear, place, headers, scope["app"].state.clock.now(), self.means)
        try:
            answer = await way.work(asked)
        except (asyncpg.ConnectionDoesNotExistError, CONFUSED) as lost:
            if way.method != "GET":  # it may have been done
                log.warning("the connection was lost", exc_info=lost)
                await refusals.respond(Request(scope), Unavailable())(scope, receive, send)
                return
            await self.app(scope, heard.again, send)
            return
        except (OutOfTheOrdinary, NoLine, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await self.app(scope, heard.again, send)
            return
        scope["route"] = route  # for the log
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.content})

    def _way(self, scope: Scope) -> tuple[_Way, APIRoute, tuple[str, ...]] | None:
        parts = scope["path"].split("/")
        for way, route in self._ways.get((scope["method"], len(parts)), ()):
            place = []
            for expected, part in zip(way.parts, parts, strict=True):
                if expected is None:
                    place.append(part)
                elif expected != part:
                    break
            else:
                return way, route, tuple(place)
        return None
