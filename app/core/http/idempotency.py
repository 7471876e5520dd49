"""Requests that may be repeated safely: the Idempotency-Key header.

As the IETF's draft-ietf-httpapi-idempotency-key-header-07 describes it; the key is also taken without quotes.
"""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import idempotency
from app.core.http.strictness import conditions_are_short, query_is_known
from app.core.idempotency import Attempt
from app.core.problems import Problem

KEY = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"

# A String (RFC 9651, section 3.3.3), or visible ASCII that cannot be taken for one, or for a list of several.
_STRING = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255}"'
_BARE = r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,255}"
_PATTERN = f"^(?:{_STRING}|{_BARE})$"


def read_key(lines: list[str]) -> list[str]:
    """The key that the header's lines give, and it alone; PydanticCustomError when that is none."""
    if len(lines) > 1:
        raise PydanticCustomError("several", "Send one Idempotency-Key.")
    value = lines[0].strip(" \t")
    if re.fullmatch(_PATTERN, value) is None:
        raise PydanticCustomError(
            "malformed", "Send 1 to 255 characters of visible ASCII, in quotes on both sides or in none."
        )
    return [re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value]


# A list for the framework, which would take one of several lines otherwise; one text for who sends it.
KeyHeader = Annotated[
    Annotated[list[str], AfterValidator(read_key), WithJsonSchema({"type": "string", "pattern": _PATTERN})]
    | None,
    Header(
        alias=KEY,
        description="Your own name for this request, such as a UUID: 1 to 255 characters of visible ASCII, "
        "in quotes (a String of Structured Fields) or without. Repeated within 24 hours, with the same body, "
        "the request has no second effect and gets the first answer again",
        examples=['"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
    ),
]


class Repeatable(APIRoute):
    """The class of routes that take the key: a successful answer is kept in the transaction it belongs to.

    A route says so by asking for its caller with `once(scope)` (app/identity/access.py).
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, which runs inside the request's transaction, and what goes around it."""
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            try:
                response = await handle(request)
            except _Repeated as repeated:
                return repeated.answer
            except Problem as problem:
                if problem.keeps_record and (claimed := _claimed(request)):
                    await idempotency.release(*claimed)
                raise
            if claimed := _claimed(request):
                await idempotency.keep(*claimed, packed(response))
            return response

        return handle_once


class _Repeated(Exception):
    """There is an answer already, which takes the place of everything that would have followed."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


def _claimed(request: Request) -> tuple[AsyncSession, Attempt] | None:
    claimed: tuple[AsyncSession, Attempt] | None = getattr(request.state, "claimed", None)
    return claimed


async def claim(
    request: Request,
    db: AsyncSession,
    secret: bytes,
    client: str,
    given: list[str] | None,
    content: bytes | None = None,
) -> None:
    """Claim the key, if one is given, for `client`; nothing after this happens on a repeat.

    `content` is what makes the request this one, where the body is no JSON to read whole. A request whose
    query or condition is going to be refused repeats nothing. Raises KeyReused and KeyInUse.
    """
    if not given or not query_is_known(request) or not conditions_are_short(request):
        return
    (key,) = given
    if content is None:
        content = _canonical(await request.body())
    # Not request.url, which the Host header has a say in.
    operation = f"{request.method} {request.scope['path']}"
    attempt = Attempt.of(secret, client, operation, key, content)
    kept = await idempotency.claim(db, attempt, request.app.state.clock.now())
    if kept is not None:
        raise _Repeated(_unpacked(kept))
    request.state.claimed = (db, attempt)


def canonical(said: Any) -> bytes:
    """JSON in one way of writing it, for the same members and values."""
    return json.dumps(said, sort_keys=True).encode()


def _canonical(body: bytes) -> bytes:
    """The body; JSON without what makes no difference: order of members, white space, escapes."""
    try:
        return canonical(json.loads(body))
    except (ValueError, RecursionError):
        return body


def packed(response: Response) -> bytes:
    """Status, headers and content of an answer as bytes."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
    return json.dumps([response.status_code, headers]).encode() + b"\n" + bytes(response.body)


def _unpacked(packed: bytes) -> Response:
    """The answer that was packed, marked as a repeat."""
    head, _, body = packed.partition(b"\n")
    status, headers = json.loads(head)
    response = Response(body, status)
    response.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    response.headers[REPLAYED] = "true"
    return response
