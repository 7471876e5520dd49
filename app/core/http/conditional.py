"""Conditional reading (RFC 9110, section 13): who has the current answer gets 304, without its content."""

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import etags
from app.core.http import refusals
from app.core.problems import PreconditionFailed

# What describes content that a 304 does not have (section 15.4.5).
OF_CONTENT = ("content-length", "content-type", "content-language", "content-encoding", "content-disposition")


class Conditional:
    """ASGI middleware for every GET, and so for every HEAD, which is asked as one.

    An answer of 200 without an entity tag gets one from its content. `If-None-Match` makes 304 of it when
    it names that tag, `If-Match` makes it 412 when it does not.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] == "GET":
            send = _Sender(scope, receive, send)
        await self.app(scope, receive, send)


class _Sender:
    """Holds the first line of an answer until its content has begun, and decides then."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.start: Message | None = None
        self.answered = False

    async def __call__(self, message: Message) -> None:
        """Send one message of the answer on, or something in its place."""
        if message["type"] == "http.response.start" and message["status"] == 200:  # noqa: PLR2004  OK
            self.start = message
        elif self.start is not None:
            start, self.start = self.start, None
            await self._begin(start, message)
        elif not self.answered:
            await self.send(message)

    async def _begin(self, start: Message, content: Message) -> None:
        headers = MutableHeaders(raw=start["headers"])
        tag = headers.get("etag")
        if tag is None and content["type"] == "http.response.body" and not content.get("more_body"):
            tag = headers["etag"] = etags.of_bytes(content.get("body", b""))
        self.answered = await self._answer_instead(start, headers, tag)
        if not self.answered:
            await self.send(start)
            await self.send(content)

    async def _answer_instead(self, start: Message, headers: MutableHeaders, tag: str | None) -> bool:
        """Whether a condition of the request was answered, in the order of section 13.2.2."""
        asked = Headers(scope=self.scope)
        match, none_match = listed(asked, "if-match"), listed(asked, "if-none-match")
        if match is not None and not etags.strong_match(match, tag):
            changed = PreconditionFailed("This is not what If-Match names.")
            await refusals.respond(Request(self.scope), changed)(self.scope, self.receive, self.send)
            return True
        if none_match is None or not etags.weak_match(none_match, tag):
            return False
        for name in OF_CONTENT:
            if name in headers:
                del headers[name]
        await self.send({**start, "status": 304, "headers": headers.raw})
        await self.send({"type": "http.response.body", "body": b""})
        return True


def listed(headers: Headers, name: str) -> str | None:
    """A header that is a list, its lines joined (section 5.3); None when it is absent."""
    lines = headers.getlist(name)
    return ", ".join(lines) if lines else None
