"""Files that go out: in pieces, to be saved and never shown as a page of ours."""

from collections.abc import Mapping
from typing import Any

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
