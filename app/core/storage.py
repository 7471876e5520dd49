"""Where files are kept: a folder, or S3 (`storage_s3.py`), behind one small interface.

Keys are made here, at random: nothing that anybody sends becomes a part of a path. What is put is there whole
or not at all. Everything blocks: callers run it in threads.
"""

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

from app.core.filetypes import FileType
from app.core.settings import Settings

PIECE = 256 * 1024  # bytes that are read at a time
# A key, or what is left of one that was being put when the process died.
KEY = re.compile(r"[0-9a-f]{32}(\.part)?")
NOTES = "erasures"  # the folder of records, which no sweep looks into: who was erased


class Missing(Exception):
    """There is nothing under this key."""


class Pieces(Protocol):
    """Content by the piece; whoever does not read it to its end closes it."""

    def __iter__(self) -> Iterator[bytes]:
        """Itself."""

    def __next__(self) -> bytes:
        """The next piece."""

    def close(self) -> None:
        """Let go of it."""


class Storage(Protocol):
    """What a place for files can do."""

    def put(self, key: str, content: BinaryIO) -> None:
        """Keep all of `content`, from where it stands, under a key that is new."""

    def get(self, key: str) -> Pieces:
        """The content; raises Missing at once when there is none."""

    def delete(self, key: str) -> None:
        """Forget it; that it is gone already is no fault."""

    def exists(self, key: str) -> bool:
        """Whether there is anything under this key."""

    def older_than(self, age: timedelta) -> Iterator[str]:
        """The keys of all that was put longer ago than `age`."""

    def note(self, name: UUID, content: bytes) -> None:
        """Keep a small record beside the files, under a name of its own; the same again changes nothing."""

    def notes(self) -> Iterator[bytes]:
        """All records that were kept."""


@dataclass(frozen=True)
class Kept:
    """A file that is in storage: where, what it was called, and what it is."""

    key: str
    name: str
    kind: FileType
    size: int
    sha256: str

    @property
    def tag(self) -> str:
        """The strong entity tag of its content (RFC 9110, section 8.8.3)."""
        return f'"{self.sha256}"'


def new_key() -> str:
    """A key that nobody can guess and that is used once."""
    return secrets.token_hex(16)


def of(settings: Settings) -> Storage:
    """The storage that is configured; a folder that is not there is made when something is put."""
    if settings.files_url is None:
        return Folder(settings.files_dir or settings.data_dir / "files")
    from app.core.storage_s3 import Bucket  # noqa: PLC0415  a large library, which few commands need

    return Bucket(settings)


class Folder:
    """Files below one folder, in subfolders by the first two letters of their keys."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, content: BinaryIO) -> None:
        """Write beside, to the disk, and rename: so a name stands for a whole file."""
        path, part = self._path(key), self._path(f"{key}.part")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with open(part, "xb", opener=_for_the_owner) as written:
                shutil.copyfileobj(content, written, PIECE)
                written.flush()
                os.fsync(written.fileno())
            part.rename(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync(path.parent)

    def get(self, key: str) -> Pieces:
        """Open it now, so that it can be read to its end even if it is deleted meanwhile."""
        try:
            opened = self._path(key).open("rb")
        except FileNotFoundError:
            raise Missing(key) from None
        return _Opened(opened)

    def delete(self, key: str) -> None:
        """Take the file away."""
        self._path(key).unlink(missing_ok=True)

    def exists(self, key: str) -> bool:
        """Whether the file is there."""
        return self._path(key).is_file()

    def older_than(self, age: timedelta) -> Iterator[str]:
        """By the time at which it was written, unfinished ones too."""
        before = time.time() - age.total_seconds()
        for path in self.root.glob("[0-9a-f][0-9a-f]/*"):
            if KEY.fullmatch(path.name) and path.stat().st_mtime < before:
                yield path.name

    def note(self, name: UUID, content: bytes) -> None:
        """Write beside and rename, as `put` does."""
        path = self.root / NOTES / f"{name}.json"
        part = path.with_suffix(".part")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(part, "wb", opener=_for_the_owner) as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        part.rename(path)
        _sync(path.parent)

    def notes(self) -> Iterator[bytes]:
        """By name."""
        for path in sorted((self.root / NOTES).glob("*.json")):
            yield path.read_bytes()

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise ValueError("a key is one of new_key()")
        return self.root / key[:2] / key


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    """Bring the folder's list of names to the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Opened:
    """The pieces of an open file, which is closed after the last."""

    def __init__(self, opened: BinaryIO) -> None:
        self._opened = opened

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = b"" if self._opened.closed else self._opened.read(PIECE)
        if not piece:
            self.close()
            raise StopIteration
        return piece

    def close(self) -> None:
        """Close the file."""
        self._opened.close()
