"""Where files are kept: a folder, and a bucket of a real S3 server (OpenStack Swift), by the same tests."""

import io
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.core import storage as storages
from app.core.settings import Settings
from app.core.storage import KEY, Folder, Missing, Storage, new_key
from tests.samples import opened

NOW = timedelta(seconds=-60)  # a minute ahead: whatever has been put
LARGE = 12 * 1024**2 + 1  # more than two parts of an upload to S3


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of an S3 server of the tests' own."""
    folder = tempfile.mkdtemp(prefix="swift-")
    script = Path(__file__).with_name("object_store.py")
    server = subprocess.Popen([sys.executable, script, folder], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()
        shutil.rmtree(folder)


def bucket(endpoint: str, **other: Any) -> Storage:
    """The bucket, as it is configured."""
    settings = {
        "files_url": "s3://files/register/evidence",
        "files_s3_endpoint": endpoint,
        "files_s3_access_key_id": "test:tester",
        "files_s3_secret_access_key": "testing",
        **other,
    }
    return storages.of(Settings(_env_file=None, **settings))


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return storages.of(Settings(data_dir=tmp_path, _env_file=None))
    return bucket(request.getfixturevalue("endpoint"), files_url=f"s3://files/{new_key()}")


def put(storage: Storage, content: bytes) -> str:
    """The key of what was put."""
    key = new_key()
    storage.put(key, opened(content))
    return key


@pytest.mark.parametrize("content", [b"x", os.urandom(LARGE)], ids=["small", "large"])
def test_what_was_put_is_there_until_it_is_deleted(storage: Storage, content: bytes) -> None:
    key = put(storage, content)
    assert storage.exists(key)
    pieces = list(storage.get(key))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= 1024**2
    storage.delete(key)
    assert not storage.exists(key)
    with pytest.raises(Missing):
        storage.get(key)
    storage.delete(key)


def test_what_is_older_is_listed(storage: Storage) -> None:
    assert list(storage.older_than(NOW)) == []
    keys = {put(storage, b"x") for _ in range(3)}
    assert set(storage.older_than(NOW)) == keys
    assert list(storage.older_than(timedelta(hours=1))) == []


def test_records_stand_beside_the_files_and_no_sweep_sees_them(storage: Storage) -> None:
    assert list(storage.notes()) == []
    names = [uuid4(), uuid4()]
    for name in (*names, names[0]):  # once more is the same
        storage.note(name, str(name).encode())
    assert sorted(storage.notes()) == sorted(str(name).encode() for name in names)
    assert list(storage.older_than(NOW)) == []


def test_content_is_put_from_where_it_stands(storage: Storage) -> None:
    content = opened(b"0123456789")
    content.seek(4)
    key = new_key()
    storage.put(key, content)
    assert b"".join(storage.get(key)) == b"456789"


class Broken(io.BytesIO):
    """Large content that breaks off after `good` reads."""

    def __init__(self, good: int) -> None:
        super().__init__(bytes(LARGE))
        self.good = good

    def read(self, size: int | None = -1, /) -> bytes:
        if self.good == 0:
            raise OSError("the disk is full")
        self.good -= 1
        return super().read(size)


@pytest.mark.parametrize("good", [0, 1, 2])
def test_what_breaks_off_leaves_nothing(storage: Storage, good: int) -> None:
    key = new_key()
    with pytest.raises(OSError, match="disk is full"):
        storage.put(key, Broken(good))
    assert not storage.exists(key)
    assert list(storage.older_than(NOW)) == []


def test_several_put_at_once(storage: Storage) -> None:
    contents = [os.urandom(300_000) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda content: put(storage, content), contents))
    assert [b"".join(storage.get(key)) for key in keys] == contents


def test_what_is_read_can_be_read_to_its_end_while_it_is_deleted(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    key = put(folder, os.urandom(1_000_000))
    pieces = folder.get(key)
    first = next(pieces)
    folder.delete(key)
    assert len(first) + sum(map(len, pieces)) == 1_000_000


def test_a_folder_is_its_owners_and_named_by_chance(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "files")
    keys = [put(folder, b"x") for _ in range(20)]
    for key in keys:
        path = tmp_path / "files" / key[:2] / key
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(set(keys)) == 20
    assert all(re.fullmatch("[0-9a-f]{32}", key) for key in keys)


@pytest.mark.parametrize(
    "key", ["", "../../etc/passwd", "ab/cd", "A" * 32, "0" * 31, f"{'0' * 32}\n", "/etc"]
)
def test_nothing_but_a_key_becomes_a_path(tmp_path: Path, key: str) -> None:
    for call in (Folder(tmp_path).get, Folder(tmp_path).delete, Folder(tmp_path).exists):
        with pytest.raises(ValueError, match="a key is one of"):
            call(key)


def test_what_a_killed_process_left_in_a_folder_is_listed_and_deleted(tmp_path: Path) -> None:
    folder, key = Folder(tmp_path), new_key()
    (tmp_path / key[:2]).mkdir()
    left = tmp_path / key[:2] / f"{key}.part"
    left.write_bytes(b"half")
    (tmp_path / key[:2] / "notes.txt").write_bytes(b"somebody else's")
    assert list(folder.older_than(timedelta(days=1))) == []
    yesterday = time.time() - 25 * 3600
    for path in left.parent.iterdir():
        os.utime(path, (yesterday, yesterday))
    assert list(folder.older_than(timedelta(days=1))) == [left.name]
    folder.delete(left.name)
    assert [path.name for path in left.parent.iterdir()] == ["notes.txt"]


def test_a_secret_that_is_wrong_is_an_error_and_nothing_is_missing(endpoint: str) -> None:
    key = put(bucket(endpoint), b"x")
    wrong = bucket(endpoint, files_s3_secret_access_key="wrong")
    for call in (wrong.get, wrong.exists, wrong.delete):
        with pytest.raises(Exception, match="403 Forbidden") as refused:
            call(key)
        assert not isinstance(refused.value, Missing)
    assert bucket(endpoint).exists(key)


def test_a_bucket_holds_files_below_its_prefix_only(endpoint: str) -> None:
    one, other = bucket(endpoint, files_url="s3://files/one"), bucket(endpoint, files_url="s3://files/other")
    key = put(one, b"x")
    assert (one.exists(key), other.exists(key)) == (True, False)
    assert key not in set(other.older_than(NOW))


def test_another_key_is_no_key() -> None:
    assert KEY.fullmatch(new_key())
    assert new_key() != new_key()
