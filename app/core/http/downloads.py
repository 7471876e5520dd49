"""Files that go out: in pieces, to be saved and never shown as a page of ours."""

from typing import Any

import structlog
from anyio import to_thread
from fastapi.responses import StreamingResponse

from app.core.filenames import attachment
from app.core.filetypes import FileType
from app.core.problems import NotFound
from app.core.storage import Kept, Missing, Storage

CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind.value: {"schema": {"type": "string", "format": "binary"}} for kind in FileType}}
}

log = structlog.get_logger(__name__)


async def download(storage: Storage, kept: Kept) -> StreamingResponse:
    """The file's content; NotFound, and a line in the log, when storage has lost it."""
    try:
        pieces = await to_thread.run_sync(storage.get, kept.key)
    except Missing as missing:
        log.exception("content is missing", key=kept.key)
        raise NotFound("The content of this file is missing.") from missing
    headers = {
        "Content-Disposition": attachment(kept.name),
        "Content-Length": str(kept.size),
        "ETag": f'"{kept.sha256}"',
    }
    return StreamingResponse(pieces, media_type=kept.kind, headers=headers)
