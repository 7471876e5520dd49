"""A disk that is full, PostgreSQL's or that of the files: 503, nothing lost, and on when there is room."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import sql
from tests.faults.conftest import Shared, Stand
from tests.faults.stand import say, until
from tests.faults.test_away import Caller, Said, is_try_again
from tests.samples import large_pdf

ENOUGH = 1_000  # registrations, to use up the room that there is inside PostgreSQL's files


def test_a_full_disk_of_the_database_loses_nothing_that_was_acknowledged(
    stand: Stand, shared: Shared
) -> None:
    """Until it is full writes are taken, then none is; reads go on, and so does all when there is room."""
    if not stand.small:
        pytest.skip("no disk of its own: a tmpfs cannot be mounted here")
    sql(shared.url, "CREATE TABLE filler (text text)", "ALTER TABLE filler ALTER text SET STORAGE EXTERNAL")
    with Caller(shared.api, stand.prepared.clients["fleck", "partner"]) as caller:
        taken = [caller.register().json()["id"] for _ in range(5)]
        with filled(stand.folder):
            with pytest.raises(asyncpg.DiskFullError):
                sql(shared.url, *["INSERT INTO filler SELECT repeat('x', 1000000)"] * ENOUGH)
            refused = _register_until_it_is_full(caller, taken)
            reads = caller.call("GET", "/v1/registrations?limit=1")
        assert is_try_again(refused), refused
        assert reads.status == 200
        with suppress(OSError):  # it would have ended if its log had found no room
            stand.cluster.start()
        until(lambda: caller.register().status == 201, 20)
    there = {row["id"] for row in sql(shared.url, "SELECT id::text FROM registration")}
    assert set(taken) <= there
    sql(shared.url, "DROP TABLE filler")
    say(f"{len(taken)} acknowledged on a disk that was filling up, then {refused.status}")


def _register_until_it_is_full(caller: Caller, taken: list[str]) -> Said:
    for _ in range(ENOUGH):
        said = caller.register()
        if said.status != 201:
            return said
        taken.append(said.json()["id"])
    raise AssertionError("the disk is never full")


def test_a_full_disk_of_the_files_is_told_and_leaves_nothing_behind(stand: Stand, shared: Shared) -> None:
    if shared.files is None:
        pytest.skip("no disk of its own: a tmpfs cannot be mounted here")
    path = f"/v1/registrations/{stand.prepared.attending[0]}/progress/orientatie/files"
    with Caller(shared.api, stand.prepared.clients["mocca", "provider"]) as caller:
        refused = caller.upload(path, large_pdf(6_000_000))
        assert is_try_again(refused), refused
        assert b"no room" in refused.content
        assert [one for one in shared.files.rglob("*") if one.is_file()] == []
        assert sql(shared.url, "SELECT FROM file") == []
        assert caller.upload(path, large_pdf(1_000_000)).status == 201


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """The disk of `folder` has 1 MB left, until the end of the block."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(folder).free - 1_000_000)
    try:
        yield
    finally:
        ballast.unlink()
