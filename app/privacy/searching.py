"""Searching everything for given words: every column of every table, what is sealed, and every file.

For administrators who want to see for themselves what is left of somebody, and for the tests of erasure.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from anyio import to_thread
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import idempotency
from app.core.storage import Storage

_BATCH = 500
_TOKEN_PART = re.compile(r"eyJ[\w-]+|(?<=\.)[\w-]{20,}")
_OVERLAP = 4096  # bytes that two pieces of a file have in common


@dataclass(frozen=True, order=True)
class Found:
    """Where a word stands, and how often."""

    place: str
    word: str
    times: int


async def search(db: AsyncSession, storage: Storage, answers: bytes, words: Sequence[str]) -> list[Found]:
    """Where these words stand, without regard to case; `answers` opens what is kept for repeats.

    JSON, tokens and sealed answers are looked into; what is compressed inside a file, such as the text of a
    PDF, is not.
    """
    wanted = [word.casefold() for word in words]
    found: dict[tuple[str, str], int] = {}

    def look(place: str, texts: Iterator[str]) -> None:
        for text in texts:
            folded = text.casefold()
            for word in wanted:
                if word in folded:
                    found[place, word] = found.get((place, word), 0) + 1

    for table in SQLModel.metadata.sorted_tables:
        query = sa.select(table).execution_options(yield_per=_BATCH)
        async for row in (await (await db.connection()).stream(query)).mappings():
            for name, value in row.items():
                look(f"{table.name}.{name}", _texts(value))
    async for _, answer in idempotency.opened(db, answers):
        look("idempotent_answer.sealed", _texts(answer.decode(errors="replace")))
    places = await to_thread.run_sync(lambda: list(_files(storage, wanted)))
    for place, word in places:
        found[place, word] = found.get((place, word), 0) + 1
    return sorted(Found(place, word, times) for (place, word), times in found.items())


def _texts(value: Any) -> Iterator[str]:
    """What a value says: itself, and what is packed in it."""
    if value is None:
        return
    if isinstance(value, bytes):
        yield value.decode(errors="replace")
        return
    if isinstance(value, dict | list):
        yield json.dumps(value, ensure_ascii=False)
        return
    text = str(value)
    yield text
    if "\\u" in text:
        yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    for part in _TOKEN_PART.findall(text):
        try:
            yield base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode(errors="replace")
        except (ValueError, binascii.Error):
            continue


def _files(storage: Storage, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The contents in storage, and the records beside them, in which a word stands."""
    for content in storage.notes():
        yield from (("erasures", word) for word in words if word in content.decode().casefold())
    for key in storage.older_than(-timedelta(hours=1)):  # whenever they were put
        yield from ((f"file {key}", word) for word in words if _holds(storage, key, word))


def _holds(storage: Storage, key: str, word: str) -> bool:
    wanted, before = word.encode(), b""
    pieces = storage.get(key)
    try:
        for piece in pieces:
            text = (before + piece).decode(errors="ignore").casefold().encode()
            if wanted in text:
                return True
            before = piece[-_OVERLAP:]
    finally:
        pieces.close()
    return False
