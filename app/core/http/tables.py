"""Tables that come in: CSV or JSON lines as the body of a request, never whole in memory.

A route for them is of class Takes: its body goes into a temporary file after the caller was let in, and
before an Idempotency-Key is looked at, which it is part of.
"""

import hashlib
import tempfile
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

from fastapi import Request, Response
from fastapi.routing import APIRoute
from python_multipart.multipart import parse_options_header
from starlette.routing import BaseRoute

from app.core.http.idempotency import Repeatable
from app.core.http.strictness import query_is_known
from app.core.problems import BodyTooLarge, UnsupportedMediaType

CSV = "text/csv"
JSON_LINES = "application/jsonl"
# JSON lines have no registered type; these are what programs call them.
KINDS = {CSV: CSV, JSON_LINES: JSON_LINES, "application/x-ndjson": JSON_LINES}


class Takes(Repeatable):
    """The class of routes that take in a table; what was received is gone when the answer is made."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of a route that may be repeated, and the end of its file."""
        handle = super().get_route_handler()

        async def handle_and_close(request: Request) -> Response:
            try:
                return await handle(request)
            finally:
                if table := _received(request):
                    table.file.close()

        return handle_and_close


@dataclass(frozen=True)
class Table:
    """A body that came in: its content, from the beginning, and what its Content-Type says."""

    file: BinaryIO
    kind: str
    charset: str | None


def limits(routes: Iterable[BaseRoute], max_bytes: int) -> list[tuple[APIRoute, int, BodyTooLarge]]:
    """The routes whose bodies may be larger, with how large, and what is said of a larger one still."""
    refusal = BodyTooLarge(f"A file may have {max_bytes / 1024**2:.4g} MB at most.")
    return [(route, max_bytes, refusal) for route in routes if isinstance(route, Takes)]


def are_taken_by(request: Request) -> bool:
    """Whether the request brings a table to a route that takes one; otherwise it is going to be refused."""
    is_known = _type_of(request)[0] in KINDS and query_is_known(request)
    return isinstance(request.scope.get("route"), Takes) and is_known


async def receive(request: Request) -> bytes:
    """Keep the body in a file without a name; gives what makes the request this one: body, type and query."""
    kind, charset = _type_of(request)
    # It goes with the process, whatever happens.
    file = tempfile.TemporaryFile()  # noqa: SIM115  the route's handler closes it
    request.state.table = Table(file, KINDS[kind], charset)
    sha256 = hashlib.sha256()
    async for chunk in request.stream():
        sha256.update(chunk)
        file.write(chunk)
    file.seek(0)
    return b"\n".join((sha256.digest(), kind.encode(), str(charset).encode(), request.scope["query_string"]))


def received(request: Request) -> Table:
    """The table that came with the request; UnsupportedMediaType when it was none."""
    if table := _received(request):
        return table
    accepted = ", ".join(KINDS)
    raise UnsupportedMediaType(
        f"Send the body as one of {accepted}, with that Content-Type.", headers={"Accept": accepted}
    )


def _received(request: Request) -> Table | None:
    table: Table | None = getattr(request.state, "table", None)
    return table


def _type_of(request: Request) -> tuple[str, str | None]:
    """The media type, and the charset that stands with it."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    charset = options.get(b"charset", b"").decode("latin-1")
    return kind.decode("latin-1"), charset or None
