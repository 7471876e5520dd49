"""Files that come in: one a request, as a form sends it (RFC 7578), never whole in memory.

A route for them lets its caller in first and reads the body itself: the framework would read all of it, from
anybody, before it asked who sends it.
"""

import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, BinaryIO

from anyio import to_thread
from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.routing import BaseRoute

from app.core.faults import pointer
from app.core.filenames import safe_name
from app.core.filetypes import NotTaken, Refusal, file_type
from app.core.http.accept import is_for_people
from app.core.problems import BodyTooLarge, Fault, InvalidInput, UnsupportedMediaType
from app.core.storage import Kept, Storage, new_key

MULTIPART = "multipart/form-data"
FIELD = "file"
WRAPPING = 16 * 1024  # bytes that the form may have around its file
WRITE = 256 * 1024  # bytes that are gathered before they are written
DETAILS = {
    Refusal.EMPTY: "There is nothing in the file, or none was chosen.",
    Refusal.UNKNOWN: "The file should be a PDF, Word (.docx), OpenDocument text (.odt), JPEG, PNG or WebP "
    "file; its content says that it is not, whatever its name.",
    Refusal.HEIC: "A HEIC photo cannot be opened everywhere; save it as JPEG.",
    Refusal.OLD_OR_LOCKED: "The file is of an old kind of Word (.doc) or has a password; save it as .docx "
    "or PDF, without one.",
    Refusal.DAMAGED: "The file is not whole, or damaged; save it again.",
    Refusal.TWO_IN_ONE: "The file is two kinds of file at once; save it again.",
    Refusal.MACROS: "The document holds macros; save it without them, or as PDF.",
    Refusal.LOCKED: "The document has a password; save it without one.",
    Refusal.UNSAFE: "The document cannot be unpacked safely; save it again, or as PDF.",
}


class Upload(APIRoute):
    """The class of routes that take in a file: `Envelope` lets their bodies be as large as a file may be."""


def limits(routes: Iterable[BaseRoute], max_file_bytes: int) -> list[tuple[APIRoute, int, BodyTooLarge]]:
    """The routes whose bodies may be larger, with how large, and what is said of a larger one still."""
    refusal = _too_large(max_file_bytes)
    return [(route, max_file_bytes + WRAPPING, refusal) for route in routes if isinstance(route, Upload)]


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"A file may have {max_bytes / 1024**2:.4g} MB at most.")


# What the contract says of the body, which no parameter of the route does.
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "title": "FileUpload",
                    "required": [FIELD],
                    "properties": {FIELD: {"type": "string", "format": "binary"}},
                    "additionalProperties": False,
                },
            }
        },
    }
}


def boundary_of(request: Request) -> str:
    """What stands between the parts of the form; refuses a body of another type, and none."""
    if _is_empty(request):
        raise InvalidInput([_no_file()])
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != MULTIPART.encode():
        detail = f"Send the body as {MULTIPART}, with that Content-Type."
        raise UnsupportedMediaType(detail, headers={"Accept": MULTIPART})
    if not 0 < len(options.get(b"boundary", b"")) <= 70:  # noqa: PLR2004  RFC 2046, section 5.1.1
        raise _unreadable()
    return options[b"boundary"].decode("latin-1")


def _is_empty(request: Request) -> bool:
    """Whether no body comes with the request, nor a word of what it would be."""
    headers = request.headers
    announced = {"content-type", "transfer-encoding"} & set(headers)
    return not announced and headers.get("content-length", "0") == "0"


@asynccontextmanager
async def received(
    request: Request, boundary: str, max_bytes: int, storage: Storage
) -> AsyncIterator["Received"]:
    """The file in the request's body, in storage; gone from there again when anything is raised inside.

    Raises BodyTooLarge, and InvalidInput for what is no form with one file, or none of the kinds taken.
    """
    # A file without a name, which goes with the process whatever happens.
    with tempfile.TemporaryFile(buffering=0) as staged:
        form = _Form(boundary, max_bytes, staged)
        async for chunk in request.stream():
            await form.read(chunk)
        await form.end()
        kept = await to_thread.run_sync(_keep, form, storage)
    came = Received(kept, storage)
    try:
        yield came
    except BaseException:
        await came.forget()
        raise


@dataclass
class Received:
    """A file that came in and stands in storage."""

    kept: Kept
    storage: Storage

    async def forget(self) -> None:
        """Take it out of storage: there is no place for it after all."""
        await to_thread.run_sync(self.storage.delete, self.kept.key)


def _keep(form: "_Form", storage: Storage) -> Kept:
    staged = form.staged
    try:
        kind = file_type(staged)
    except NotTaken as refused:
        detail = DETAILS[refused.refusal]
        raise InvalidInput([Fault(pointer=f"#/{FIELD}", code=refused.refusal, detail=detail)]) from refused
    staged.seek(0)
    key = new_key()
    storage.put(key, staged)
    return Kept(key, safe_name(form.name, kind), kind, form.size, form.sha256.hexdigest())


def _no_file() -> Fault:
    detail = f"Send one file, as the part {FIELD}."
    return Fault(pointer=f"#/{FIELD}", code="missing", detail=detail)


def _unreadable() -> InvalidInput:
    detail = f"The body is not readable as {MULTIPART}."
    return InvalidInput([Fault(pointer="#", code="multipart-invalid", detail=detail)])


@dataclass
class _Form:
    """A form as it comes in: its one file goes to `staged`, by the piece; anything else is a fault."""

    boundary: str
    max_bytes: int
    staged: BinaryIO
    size: int = 0
    name: bytes = b""
    sha256: Any = field(default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        self._parser = MultipartParser(
            self.boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._take,
                "on_end": self._finish,
            },
        )
        self._pending, self._header = bytearray(), (bytearray(), bytearray())
        self._disposition, self._files, self._is_file, self._finished = b"", 0, False, False
        self._faults: list[Fault] = []

    async def read(self, chunk: bytes) -> None:
        """Take in the next bytes of the body."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _unreadable() from error
        if self.size > self.max_bytes:
            raise _too_large(self.max_bytes)
        if len(self._pending) >= WRITE:
            await self._write()

    async def end(self) -> None:
        """See to it that the form was whole and held one file."""
        if not self._finished:
            raise _unreadable()
        if not self._files:
            self._faults.append(_no_file())
        if self._faults:
            raise InvalidInput(self._faults)
        await self._write()

    async def _write(self) -> None:
        pending, self._pending = self._pending, bytearray()
        await to_thread.run_sync(self._write_down, pending)

    def _write_down(self, pending: bytearray) -> None:
        self.sha256.update(pending)
        self.staged.write(pending)

    def _begin(self) -> None:
        self._disposition, self._is_file = b"", False

    def _end_header(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"")
        self._is_file = name == FIELD.encode() and not self._files
        if self._is_file:
            self._files, self.name = 1, options.get(b"filename", b"")
        elif name == FIELD.encode():
            detail = "Send one file at a time."
            self._faults.append(Fault(pointer=f"#/{FIELD}", code="too-many", detail=detail))
        else:
            shown = name[:100].decode("utf-8", "replace")
            detail = f"Only the part {FIELD} is read."
            self._faults.append(Fault(pointer=pointer([shown]), code="extra-forbidden", detail=detail))

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self.size += end - start
            self._pending += memoryview(data)[start:end]

    def _finish(self) -> None:
        self._finished = True


def back(request: Request, path: str) -> Response | None:
    """The way back to a page for a browser that sent a form (303); None for who reads JSON."""
    if is_for_people(request):
        return RedirectResponse(path, HTTPStatus.SEE_OTHER, headers={"Vary": "Accept"})
    return None
