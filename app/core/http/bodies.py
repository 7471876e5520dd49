"""Bodies as they come in: no larger, no slower and no more tangled than a request may be."""

import asyncio
import re
from http import HTTPStatus
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from app.core.problems import BodyTooLarge, BodyTooSlow

DEPTH = 32  # objects and lists inside each other; the contract's own bodies have 5
VALUES = 50_000  # values in one body
SLOWEST = 10_000  # bytes a second, after the first seconds

_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NOT_BRACKETS = re.compile(rb"[^][{}]+")


class TooDeep(ValueError):
    """JSON with more inside each other than is read."""


class TooMany(ValueError):
    """JSON with more values than are read."""


class Bounds(NamedTuple):
    """How large a body may be, what is said of a larger one, and how many seconds it may take at first."""

    size: int
    refusal: BodyTooLarge
    seconds: float


def bounded(scope: Scope, receive: Receive, bounds: Bounds) -> Receive:
    """Refuse a body that grows past its size, does not come on, or would explode when it is read.

    It may take `seconds`, and a second more for each SLOWEST bytes that came: who sends little, seldom, is
    cut off, and who sends a large file over a slow line is not. The server's own time
    does not count.
    """
    loop, kept = asyncio.get_running_loop(), _kept(scope)
    received, waited, whole = 0, 0.0, False

    async def receive_bounded() -> Message:
        nonlocal received, waited, whole
        if whole:  # what comes now is that the client has left
            return await receive()
        began = loop.time()
        try:
            async with asyncio.timeout(bounds.seconds + received / SLOWEST - waited):
                message = await receive()
        except TimeoutError as late:
            raise HTTPException(BodyTooSlow.status) from late
        waited += loop.time() - began
        piece = message.get("body", b"")
        received += len(piece)
        if received > bounds.size:
            raise HTTPException(bounds.refusal.status, bounds.refusal.detail)
        whole = not message.get("more_body", False)
        if kept is not None:
            kept.append(piece)
            if whole:
                _refuse_tangled(b"".join(kept) if len(kept) > 1 else piece)
        return message

    return receive_bounded


def _kept(scope: Scope) -> list[bytes] | None:
    """Where the pieces of JSON are gathered, to be looked at as a whole; None for anything else."""
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    return [] if kind.endswith(("/json", "+json")) else None


def _refuse_tangled(body: bytes) -> None:
    try:
        check(body)
    except ValueError as tangled:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from tangled


def check(body: bytes) -> None:
    """Raise TooDeep or TooMany for JSON that should not be read; looks inside only where there is reason to.

    A body has no more levels than it has opening brackets, and no more values than brackets, commas and one.
    """
    opened = body.count(b"[") + body.count(b"{")
    if opened <= DEPTH and body.count(b",") <= VALUES - DEPTH:
        return
    marks = _TEXT.sub(b"", body)
    depth = 0
    for mark in _NOT_BRACKETS.sub(b"", marks):
        depth += 1 if mark in b"[{" else -1
        if depth > DEPTH:
            raise TooDeep
    if marks.count(b",") + marks.count(b"[") + marks.count(b"{") >= VALUES:
        raise TooMany
