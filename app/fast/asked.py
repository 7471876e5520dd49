"""What the short ways read of a request, and what they answer."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from app.core.http import addresses
from app.core.http.strictness import JSON
from app.core.settings import Settings
from app.fast.callers import Tokens
from app.fast.lines import Lines
from app.identity.caller import Caller
from app.identity.caller import Scope as Right
from app.registrations.links import Links

LARGEST = 65_536  # bytes of a body
UUID_AS_WRITTEN = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# What makes a request another than the ordinary one: conditions, and bodies that are not as they are.
_UNUSUAL = frozenset(
    (
        *(b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range", b"range"),
        *(b"transfer-encoding", b"content-encoding", b"expect"),
    )
)
_NEEDED = frozenset((b"authorization", b"idempotency-key", b"content-type", b"content-length", b"accept"))


class OutOfTheOrdinary(Exception):
    """The route has to answer this one."""


@dataclass(frozen=True)
class Means:
    """What one application answers with."""

    settings: Settings
    lines: Lines
    tokens: Tokens = field(default_factory=Tokens)
    # When forms are due, by edition, as it was read last.
    form_due_at: dict[str, datetime | None] = field(default_factory=dict)

    @cached_property
    def links(self) -> Links:
        """What personal links are made with."""
        return Links(self.settings.base_url, self.settings.key("personal links"))

    @cached_property
    def token_key(self) -> bytes:
        """What access tokens are signed with."""
        return self.settings.key("access tokens")

    @cached_property
    def answers_key(self) -> bytes:
        """What answers that are kept for repeats are sealed with."""
        return self.settings.key("idempotent answers")


@dataclass(frozen=True)
class Asked:
    """One request: its address without what varies, which stands in `place`, its headers, and the moment."""

    scope: Scope
    receive: Receive
    place: tuple[str, ...]
    headers: Mapping[bytes, bytes]
    now: datetime
    means: Means

    @property
    def path(self) -> str:
        """Where it was sent."""
        path: str = self.scope["path"]
        return path

    @property
    def address(self) -> str:
        """Where it came from, as the proxies that are trusted say; empty when nobody can tell."""
        return addresses.address(self.scope)

    @property
    def settings(self) -> Settings:
        """The application's settings."""
        settings: Settings = self.scope["app"].state.settings
        return settings

    def caller(self, right: Right) -> Caller:
        """Who calls, with `right`, by the token; whether the client has been ended is not looked at."""
        kind, _, token = self.headers.get(b"authorization", b"").partition(b" ")
        if kind != b"Bearer" or not token:
            raise OutOfTheOrdinary
        caller = self.means.tokens.read(
            self.means.token_key, self.settings.base_url, token.decode("latin-1"), self.now
        )
        if caller is None or right not in caller.scopes:
            raise OutOfTheOrdinary
        return caller

    async def body(self) -> Any:
        """The body's JSON, with objects as they stand, no member twice."""
        kind = self.headers.get(b"content-type", b"")
        length = self.headers.get(b"content-length", b"")
        if kind != JSON.encode() or not length.isdigit() or not 0 < int(length) <= LARGEST:
            raise OutOfTheOrdinary
        content, more = b"", True
        while more:
            message = await self.receive()
            content, more = content + message.get("body", b""), message.get("more_body", False)
        try:
            said = json.loads(content.decode(), object_pairs_hook=_members)
        except (ValueError, RecursionError):
            raise OutOfTheOrdinary from None
        if not isinstance(said, dict):
            raise OutOfTheOrdinary
        return said


@dataclass(frozen=True)
class Answer:
    """What goes back: a status, the headers that are this answer's own, and JSON."""

    status: int
    headers: list[tuple[bytes, bytes]]
    content: bytes

    @classmethod
    def of(cls, content: bytes, **headers: str) -> "Answer":
        """An answer of 200 with `content` and headers."""
        told = [(b"content-length", str(len(content)).encode()), (b"content-type", JSON.encode())]
        told += [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        return cls(200, told, content)


def usual(scope: Scope) -> dict[bytes, bytes] | None:
    """The headers of a request in which none is unusual; None otherwise, or when one is there twice."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _UNUSUAL:
            return None
        if name in _NEEDED:
            if name in found:
                return None
            found[name] = value
    return found


class Heard:
    """A request's body, heard once here and, if it goes on, once more by the route."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._messages, self._again = receive, list[Message](), 0
        self._refused: HTTPException | None = None

    async def hear(self) -> Message:
        """The next message, from the request."""
        try:
            message = await self._receive()
        except HTTPException as refused:  # too large, too slow or too tangled: the route says so
            self._refused = refused
            raise OutOfTheOrdinary from refused
        self._messages.append(message)
        if message["type"] != "http.request":
            raise OutOfTheOrdinary
        return message

    async def again(self) -> Message:
        """The next message, from the first on."""
        if self._again < len(self._messages):
            self._again += 1
            return self._messages[self._again - 1]
        if self._refused:
            raise self._refused
        return await self._receive()


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member twice")
    return members
