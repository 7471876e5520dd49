"""Backup and restore: everything is there again, to the row and the byte, or nothing is."""

import hashlib
import io
import json
import os
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from app import backup
from app.backup import BackupError
from app.core.settings import Settings
from app.core.storage import Folder, new_key
from tests.conftest import at_database, sql
from tests.test_cli import command
from tests.world import World

NOW = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
CONTENT = b"%PDF-1.7\n" + os.urandom(300_000)


@pytest.fixture
def storage(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "files")


@pytest.fixture
def filled(world: World, storage: Folder) -> str:
    """The address of a register in which everything has happened, with two files; and one of them stored."""
    registration = world.certified(world.fleck)["registration"]
    key, gone = new_key(), new_key()
    storage.put(key, io.BytesIO(CONTENT))
    for name in (key, gone):
        sql(
            world.database_url,
            f"""INSERT INTO "file" (id, registration, phase, name, media_type, size, sha256, storage_key,
                  added_by, added_at)
                VALUES ('{uuid4()}', '{registration}', 'orientatie', 'Verslag é', 'application/pdf',
                  {len(CONTENT)}, '{name * 2}', '{name}', 'test', now())""",
        )
    return world.database_url


def _rows(url: str) -> dict[str, list[str]]:
    """Every row of every table as text, by another way than the backup's."""
    tables = [
        row[0]
        for row in sql(
            url,
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
        )
    ]
    return {
        name: sorted(row[0] for row in sql(url, f'SELECT to_jsonb(t)::text FROM "{name}" t'))
        for name in tables
    }


def test_what_is_restored_is_what_was_backed_up_row_by_row(
    filled: str, empty_database: str, storage: Folder, tmp_path: Path
) -> None:
    made = backup.make(filled, storage, tmp_path / "backup", NOW)
    assert made.at == "2026-02-03T04:05:00Z"
    assert len(made.absent) == 1
    assert len(made.files) == 2

    elsewhere = Folder(tmp_path / "elsewhere")
    assert backup.restore(empty_database, elsewhere, tmp_path / "backup") == made
    there, here = _rows(filled), _rows(empty_database)
    assert {"certificate", "event", "register_entry", "alembic_version"} <= here.keys()
    assert here == there
    assert sum(len(rows) for rows in here.values()) == made.rows > 100
    (key,) = [name.removeprefix("files/") for name in made.files if name.startswith("files/")]
    assert b"".join(elsewhere.get(key)) == CONTENT


def test_what_counts_itself_goes_on_where_it_was(
    filled: str, empty_database: str, storage: Folder, tmp_path: Path
) -> None:
    backup.make(filled, storage, tmp_path / "backup", NOW)
    backup.restore(empty_database, storage, tmp_path / "backup")
    (last,) = sql(empty_database, "SELECT max(id) AS id FROM event")
    (following,) = sql(
        empty_database,
        "INSERT INTO event (type, subject, actor, at, data) "
        "VALUES ('a.test', 'x', 'test', now(), '{}') RETURNING id",
    )
    assert following["id"] > last["id"]
    (pending,) = sql(
        empty_database, f"SELECT count(*) AS n FROM event_pending WHERE event = {following['id']}"
    )
    assert pending["n"] == 1


def test_a_backup_is_of_one_moment_whatever_is_written_meanwhile(
    filled: str, empty_database: str, storage: Folder, tmp_path: Path
) -> None:
    """Two rows are always written together; in the backup there are as many of one as of the other."""
    sql(filled, "CREATE TABLE one (n int)", "CREATE TABLE other (n int)")
    done = threading.Event()

    def write() -> None:
        n = 0
        while not done.is_set():
            n += 1
            sql(filled, f"WITH a AS (INSERT INTO one VALUES ({n})) INSERT INTO other VALUES ({n})")

    writing = threading.Thread(target=write)
    writing.start()
    try:
        made = backup.make(filled, storage, tmp_path / "backup", NOW)
    finally:
        done.set()
        writing.join()
    assert made.tables["one"] == made.tables["other"]
    backup.restore(empty_database, storage, tmp_path / "backup")
    assert sql(empty_database, "SELECT n FROM one ORDER BY n") == sql(
        empty_database, "SELECT n FROM other ORDER BY n"
    )


def test_only_its_owner_can_read_a_backup(filled: str, storage: Folder, tmp_path: Path) -> None:
    backup.make(filled, storage, tmp_path / "backup", NOW)
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0


def test_a_backup_is_never_written_over(filled: str, storage: Folder, tmp_path: Path) -> None:
    backup.make(filled, storage, tmp_path / "backup", NOW)
    with pytest.raises(BackupError, match="never written over"):
        backup.make(filled, storage, tmp_path / "backup", NOW)


def test_a_backup_that_fails_leaves_nothing(storage: Folder, tmp_path: Path, database_url: str) -> None:
    sql(database_url, 'DROP TABLE "file" CASCADE')
    with pytest.raises(asyncpg.UndefinedTableError):
        backup.make(database_url, storage, tmp_path / "backup", NOW)
    assert not list(tmp_path.glob("backup*"))


def test_a_database_that_refuses_is_told_in_a_sentence(tmp_path: Path, database_url: str) -> None:
    nowhere = _plain(at_database(database_url, "no_such_database"))
    refused = command("backup", str(tmp_path / "backup"), DATABASE_URL=nowhere, DATA_DIR=str(tmp_path))
    assert (refused.returncode, refused.stdout) == (1, "")
    said = r'The database no_such_database on .* cannot be used: .*"no_such_database" does not exist\.\n'
    assert re.fullmatch(said, refused.stderr)


@pytest.fixture
def kept(filled: str, storage: Folder, tmp_path: Path) -> Path:
    """A backup, from which nothing that is damaged is restored."""
    backup.make(filled, storage, tmp_path / "backup", NOW)
    return tmp_path / "backup"


@pytest.mark.parametrize("what", ["database.dump", "files", "manifest.json"])
def test_one_byte_that_changed_is_told_before_anything_is_written(
    what: str, kept: Path, empty_database: str, tmp_path: Path
) -> None:
    path = kept / what
    if path.is_dir():
        (path,) = path.iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BackupError, match=r"damaged|missing|differs"):
        backup.restore(empty_database, Folder(tmp_path / "other"), kept)
    if what != "manifest.json":
        assert not sql(empty_database, backup.TABLES)
        assert not (tmp_path / "other").exists()


def test_a_dump_that_cannot_be_read_to_its_end_restores_nothing(
    kept: Path, empty_database: str, storage: Folder
) -> None:
    """Its checksum fits, so only pg_restore can tell; what it had read until then is not committed."""
    content = (kept / "database.dump").read_bytes()[:-20_000]
    (kept / "database.dump").write_bytes(content)
    manifest = json.loads((kept / "manifest.json").read_text())
    manifest["files"]["database.dump"] = hashlib.sha256(content).hexdigest()
    (kept / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BackupError, match="pg_restore failed"):
        backup.restore(empty_database, storage, kept)
    assert not sql(empty_database, backup.TABLES)


def test_a_file_that_is_missing_is_told(kept: Path, empty_database: str, storage: Folder) -> None:
    next((kept / "files").iterdir()).unlink()
    with pytest.raises(BackupError, match="is missing"):
        backup.restore(empty_database, storage, kept)


def test_a_folder_without_a_backup_is_told(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="holds no backup"):
        backup.read(tmp_path)


def test_a_backup_of_a_later_version_is_told(kept: Path) -> None:
    manifest = json.loads((kept / "manifest.json").read_text())
    (kept / "manifest.json").write_text(json.dumps({**manifest, "format": 2}))
    with pytest.raises(BackupError, match="later version"):
        backup.read(kept)


def test_a_database_that_holds_something_is_left_as_it_is(kept: Path, filled: str, storage: Folder) -> None:
    before = _rows(filled)
    with pytest.raises(BackupError, match="empty one only"):
        backup.restore(filled, storage, kept)
    assert _rows(filled) == before


def test_the_commands_say_what_they_did(
    filled: str, empty_database: str, storage: Folder, tmp_path: Path
) -> None:
    surroundings = {"FILES_DIR": str(storage.root), "DATA_DIR": str(tmp_path), "SECRET_KEY": "x" * 40}
    before = _rows(filled)
    made = command("backup", str(tmp_path / "backup"), DATABASE_URL=_plain(filled), **surroundings)
    assert made.returncode == 0, made.stderr
    # What the copy is of leaves an event, which is not in it.
    assert len(sql(filled, "SELECT FROM event WHERE subject = 'backup' AND type = 'backup.made'")) == 1
    assert " tables and 1 files. 1 were removed meanwhile." in made.stdout
    again = command("restore", str(tmp_path / "backup"), DATABASE_URL=_plain(empty_database), **surroundings)
    assert again.returncode == 0, again.stderr
    assert "1 files, as of 20" in again.stdout
    assert _rows(empty_database) == before
    refused = command("restore", str(tmp_path / "backup"), DATABASE_URL=_plain(filled), **surroundings)
    assert (refused.returncode, "empty one only" in refused.stderr) == (1, True)


@pytest.mark.skipif("TEST_POSTGRES_URL" not in os.environ, reason="asks for a PostgreSQL of another version")
def test_a_backup_goes_to_and_from_the_oldest_postgresql(
    filled: str, storage: Folder, tmp_path: Path
) -> None:
    server = Settings(database_url=os.environ["TEST_POSTGRES_URL"], _env_file=None).database_url
    assert server
    names = [f"test_{uuid4().hex}" for _ in range(2)]
    sql(server, *(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'" for name in names))
    try:
        one, other = (at_database(server, name) for name in names)
        backup.make(filled, storage, tmp_path / "first", NOW)
        backup.restore(one, Folder(tmp_path / "one"), tmp_path / "first")
        backup.make(one, storage, tmp_path / "second", NOW)
        backup.restore(other, Folder(tmp_path / "other"), tmp_path / "second")
        assert _rows(other) == _rows(filled)
    finally:
        sql(server, *(f"DROP DATABASE {name} WITH (FORCE)" for name in names))


def _plain(url: str) -> str:
    return url.replace("+asyncpg", "")
