"""Files that go out: in pieces, to be saved and never shown as a page of ours."""

import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, BinaryIO

import structlog
from anyio import to_thread
from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.core.filenames import attachment
from app.core.filetypes import FileType
from app.core.problems import NotFound
from app.core.storage import Kept, Missing, Pieces, Storage

CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind.value: {"schema": {"type": "string", "format": "binary"}} for kind in FileType}}
}

PIECE = 256 * 1024

log = structlog.get_logger(__name__)


async def download(storage: Storage, kept: Kept) -> Response:
    """The file's content; NotFound, and a line in the log, when storage has lost it."""
    try:
        pieces = await to_thread.run_sync(storage.get, kept.key)
    except Missing as missing:
        log.exception("content is missing", key=kept.key)
        raise NotFound("The content of this file is missing.") from missing
    headers = {
        "Content-Disposition": attachment(kept.name),
        "Content-Length": str(kept.size),
        "ETag": kept.tag,
    }
    return _Download(pieces, media_type=kept.kind, headers=headers)


async def spooled(pieces: AsyncIterator[bytes], name: str, media_type: str) -> Response:
    """What is made piece by piece, as an answer: into a temporary file first, and then to the client.

    So memory stays as it is, however much there is; who reads slowly keeps no connection to the database;
    what goes wrong half-way is told as a problem; and the answer has its tag and its length.
    """
    # A file without a name, which goes with the process whatever happens.
    file = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it
    try:
        size, sha256 = 0, hashlib.sha256()
        async for piece in pieces:
            size += len(piece)
            sha256.update(piece)
            file.write(piece)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(size),
        "ETag": f'"{sha256.hexdigest()}"',
    }
    return _Download(_Spooled(file), media_type=media_type, headers=headers)


class _Spooled:
    """The pieces of a file, which is gone when it is closed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if piece := self._file.read(PIECE):
            return piece
        raise StopIteration

    def close(self) -> None:
        self._file.close()


class _Download(StreamingResponse):
    """Pieces as an answer; they are closed whether or not the client stayed to the end."""

    def __init__(self, pieces: Pieces, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(pieces, media_type=media_type, headers=headers)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._pieces.close()
