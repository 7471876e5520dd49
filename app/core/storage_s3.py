"""Files in a bucket of S3, or of what speaks its language (decision 0017).

Only the blocking half of `obstore` is used: its asynchronous half leaves a thread behind that can abort the
process when it ends.
"""

from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from uuid import UUID

import obstore
from obstore.store import S3Store

from app.core.settings import Settings
from app.core.storage import KEY, NOTES, Missing, Pieces

PIECE = 1024**2  # bytes asked for at a time; each is a request of its own, so that a slow reader holds none
PART = 5 * 1024**2  # bytes sent at a time: the least that S3 allows


class Bucket:
    """Files below the prefix in FILES_URL, as `ab/abcdef…`."""

    def __init__(self, settings: Settings) -> None:
        address = urlsplit(settings.files_url or "")
        secret = settings.files_s3_secret_access_key
        known: dict[str, Any] = {
            "endpoint": settings.files_s3_endpoint,
            "access_key_id": settings.files_s3_access_key_id,
            "secret_access_key": secret.get_secret_value() if secret else None,
        }
        self._store = S3Store(
            address.netloc,
            prefix=address.path.strip("/") or None,
            region=settings.files_s3_region,
            # A server of one's own seldom has a name for each bucket.
            virtual_hosted_style_request=settings.files_s3_endpoint is None,
            client_options={
                "allow_http": (settings.files_s3_endpoint or "").startswith("http://"),
                "timeout": timedelta(seconds=60),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
            **{name: value for name, value in known.items() if value is not None},
        )

    def put(self, key: str, content: BinaryIO) -> None:
        """Send it in parts; S3 shows nothing before the last has come."""
        obstore.put(self._store, _path(key), content, chunk_size=PART, max_concurrency=1)

    def get(self, key: str) -> Pieces:
        """Ask for it piece by piece."""
        try:
            size = obstore.head(self._store, _path(key))["size"]
        except FileNotFoundError:
            raise Missing(key) from None
        return self._pieces(key, size)

    def delete(self, key: str) -> None:
        """Delete the object."""
        try:
            obstore.delete(self._store, _path(key))
        except FileNotFoundError:
            return

    def exists(self, key: str) -> bool:
        """Whether the object is there."""
        try:
            obstore.head(self._store, _path(key))
        except FileNotFoundError:
            return False
        return True

    def older_than(self, age: timedelta) -> Iterator[str]:
        """By the bucket's own times; what was not sent whole is for a rule of the bucket to clear."""
        before = datetime.now(UTC) - age
        for listed in obstore.list(self._store):
            for one in listed:
                key = one["path"].rpartition("/")[2]
                if KEY.fullmatch(key) and one["path"] == _path(key) and one["last_modified"] < before:
                    yield key

    def note(self, name: UUID, content: bytes) -> None:
        """One small object."""
        obstore.put(self._store, f"{NOTES}/{name}.json", content)

    def notes(self) -> Iterator[bytes]:
        """As the bucket lists them."""
        for listed in obstore.list(self._store, prefix=NOTES):
            for one in listed:
                yield bytes(obstore.get(self._store, one["path"]).bytes())

    def _pieces(self, key: str, size: int) -> Generator[bytes, None, None]:
        for start in range(0, size, PIECE):
            end = min(start + PIECE, size)
            yield obstore.get_range(self._store, _path(key), start=start, end=end).to_bytes()


def _path(key: str) -> str:
    return f"{key[:2]}/{key}"
