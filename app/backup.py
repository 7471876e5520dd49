"""A copy of the whole register, database and files, and a register made of it again.

A backup is a folder: `database.dump` (pg_dump's custom format), `files/` with the content of every upload,
and `manifest.json`, which says of what moment it is and holds the SHA-256 of each file and, of each table,
how many rows there were and a sum over them. All of it is of one snapshot of the database. The secret key is
no part of it: it is kept elsewhere, and without it signing keys and secrets of webhooks cannot be read.
"""

import asyncio
import hashlib
import json
import os
import shutil
from asyncio import subprocess
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.engine import URL, make_url

from app import __version__
from app.core import embedded, tenancy
from app.core.storage import PIECE, Missing, Storage
from app.core.values import utc

FORMAT = 1
# In the head of each script; PostgreSQL knows it from version 17 on.
UNKNOWN_TO_OLDER = b"SET transaction_timeout = 0;\n"
DUMP, FILES, MANIFEST = "database.dump", "files", "manifest.json"
# A row as text is the same wherever it is read.
AS_TEXT = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
}
TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY c.relname
"""
# The order of rows does not matter, and a row that is there twice counts twice.
SUM = """
SELECT count(*) AS rows,
       coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0)::text AS sum
  FROM "{table}" AS t
"""


class BackupError(Exception):
    """The backup cannot be made, or not be used; the message says why, for people."""


@dataclass(frozen=True)
class Counts:
    """A table as it was: the number of its rows, and a sum over them."""

    rows: int
    sum: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds."""

    at: str
    version: str
    tables: dict[str, Counts]
    files: dict[str, str]
    absent: list[str]

    @property
    def rows(self) -> int:
        """How many rows there are, of all tables together."""
        return sum(table.rows for table in self.tables.values())


def make(url: str, storage: Storage, target: Path, now: datetime) -> Manifest:
    """Copy the register to the folder `target`, which is not there yet: whole, or not at all.

    The application may go on meanwhile. An upload that is removed while the copy is made is named as absent.
    Raises BackupError.
    """
    if target.exists():
        raise BackupError(f"{target} is there already; a backup is never written over.")
    draft = target.with_name(f"{target.name}.part")
    try:
        if draft.exists():  # of a backup that was ended
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700, parents=True)
        (draft / FILES).mkdir(mode=0o700)
        manifest = _copy(url, storage, draft, now)
        _write(draft / MANIFEST, [json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1).encode()])
        draft.rename(target)
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return manifest


def _copy(url: str, storage: Storage, draft: Path, now: datetime) -> Manifest:
    tables, keys = asyncio.run(_dump(url, draft / DUMP))
    sums, absent = {DUMP: _sum_of(draft / DUMP)}, []
    for key in keys:
        try:
            sums[f"{FILES}/{key}"] = _write(draft / FILES / key, storage.get(key))
        except Missing:
            absent.append(key)
    return Manifest(utc(now), __version__, tables, sums, absent)


async def _dump(url: str, dump: Path) -> tuple[dict[str, Counts], list[str]]:
    """Write the dump; gives the tables and the keys of the files, of the same snapshot."""
    async with (
        _connected(url) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
        await _run("pg_dump", url, "--format=custom", f"--snapshot={snapshot}", f"--file={dump}")
        keys = await connection.fetch('SELECT storage_key FROM "file" ORDER BY storage_key')
        return await _counts(connection), [key for (key,) in keys]


def read(source: Path) -> Manifest:
    """What the backup in the folder `source` holds, each of its files checked; raises BackupError."""
    try:
        said = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
        if said.pop("format") != FORMAT:
            raise BackupError(f"{source} was written by a later version; restore it with that.")
        said["tables"] = {name: Counts(**counts) for name, counts in said["tables"].items()}
        manifest = Manifest(**said)
    except FileNotFoundError:
        raise BackupError(f"{source} holds no backup: there is no {MANIFEST} in it.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{source / MANIFEST} is damaged.") from error
    for name, expected in manifest.files.items():
        path = source / name
        if not path.is_file():
            raise BackupError(f"{path} is missing.")
        if _sum_of(path) != expected:
            raise BackupError(f"{path} is damaged: it is not what was written.")
    return manifest


def restore(url: str, storage: Storage, source: Path) -> Manifest:
    """Make the register of the backup in `source` in the empty database at `url`, and its files in `storage`.

    Everything is checked before anything is written; the database is filled in one transaction, and compared
    with the backup table by table. Raises BackupError.
    """
    manifest = read(source)
    asyncio.run(_prepare(url))
    for name in manifest.files:
        key = name.removeprefix(f"{FILES}/")
        if name != DUMP and not storage.exists(key):
            with (source / name).open("rb") as content:
                storage.put(key, content)
    found = asyncio.run(_fill(url, source / DUMP))
    names = sorted(found.keys() | manifest.tables)
    if other := [name for name in names if found.get(name) != manifest.tables.get(name)]:
        raise BackupError(f"What was restored differs from the backup in: {', '.join(other)}.")
    return manifest


async def _prepare(url: str) -> None:
    async with _connected(url) as connection:
        if there := len(await connection.fetch(TABLES)):
            raise BackupError(f"The database holds {there} tables; a backup goes into an empty one only.")
        for role in (tenancy.PARTNER, tenancy.REGISTER):
            await _make(connection, role)


async def _make(connection: asyncpg.Connection, role: str) -> None:
    """Make a role that the dump gives rights to, where there is none: roles are the server's."""
    if not await connection.fetchval("SELECT to_regrole($1) IS NOT NULL", role):
        try:
            await connection.execute(f"CREATE ROLE {role} NOLOGIN; GRANT {role} TO CURRENT_USER")
        except asyncpg.InsufficientPrivilegeError as refused:
            raise BackupError(
                f"Let an administrator of the server run first: CREATE ROLE {role}; and GRANT {role} TO "
                "the user in DATABASE_URL."
            ) from refused


async def _fill(url: str, dump: Path) -> dict[str, Counts]:
    """Restore the dump in one transaction; gives the tables as they are then.

    As a script, since pg_restore by itself asks older servers for what they do not know.
    """
    psql = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null")
    async with _started("psql", url, *psql, stdin=subprocess.PIPE) as filling:
        assert filling.stdin
        with suppress(ConnectionError):  # psql has ended, and says why
            await _pour(url, dump, filling.stdin)
        filling.stdin.close()  # not before the dump was read to its end: now psql commits
    async with _connected(url) as connection:
        return await _counts(connection)


async def _pour(url: str, dump: Path, into: asyncio.StreamWriter) -> None:
    arguments = ("--no-owner", "--file=-", str(dump))
    async with _started("pg_restore", url, *arguments, stdout=subprocess.PIPE) as reading:
        assert reading.stdout
        while piece := await reading.stdout.readline():
            into.write(b"" if piece == UNKNOWN_TO_OLDER else piece)
            await into.drain()
            if piece.startswith(b"SELECT"):
                break
        while piece := await reading.stdout.read(PIECE):
            into.write(piece)
            await into.drain()


async def _counts(connection: asyncpg.Connection) -> dict[str, Counts]:
    """Every table of the register, as this connection's transaction sees it."""
    found = {}
    for (table,) in await connection.fetch(TABLES):
        row = await connection.fetchrow(SUM.format(table=table))
        assert row is not None
        found[table] = Counts(row["rows"], row["sum"])
    return found


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), server_settings=AS_TEXT)
    try:
        yield connection
    finally:
        await connection.close()


async def _run(program: str, url: str, *arguments: str) -> None:
    async with _started(program, url, *arguments):
        pass


@asynccontextmanager
async def _started(
    program: str,
    url: str,
    *arguments: str,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> AsyncIterator[subprocess.Process]:
    """One of PostgreSQL's own programs, on the database at `url`; its password is on no command line.

    Waits for its end, and raises BackupError with what it said unless it went well.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    started = await asyncio.create_subprocess_exec(
        embedded.find(program),
        "--no-password",
        *arguments,
        env=environment | _address(make_url(url)) | {"LC_ALL": "C"},
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    try:
        yield started
        _, said = await started.communicate()
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()
    if started.returncode:
        raise BackupError(f"{program} failed: {' '.join(said.decode(errors='replace').split())}")


def _address(url: URL) -> dict[str, str]:
    """Where the database is, as PostgreSQL's own programs read it from their environment."""
    query: dict[str, Any] = dict(url.query)
    said = {
        "PGHOST": query.pop("host", None) or url.host,
        "PGPORT": query.pop("port", None) or url.port,
        "PGSSLMODE": query.pop("ssl", None),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    return {name: str(value) for name, value in said.items() if value}


def _write(path: Path, pieces: Iterable[bytes]) -> str:
    """Write what comes in pieces, to the disk, for the owner alone; gives its SHA-256."""
    summed = hashlib.sha256()
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as written:
        for piece in pieces:
            summed.update(piece)
            written.write(piece)
        written.flush()
        os.fsync(written.fileno())
    return summed.hexdigest()


def _sum_of(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
