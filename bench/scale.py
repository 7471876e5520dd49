"""What many registrations cost: disk, indexes, a backup, and how long what people wait for takes.

`python -m bench.scale --participants 100000` plays one participant from registration to certificate, as the
tests do, makes so many more of the very rows that this left, and measures. What is said of more than that is
computed from it, and says so (docs/scale.md).
"""

import argparse
import asyncio
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from app.core import embedded
from tests.faults.stand import Cluster, prepare, world_on
from tests.notifications.post_office import Postman, PostOffice

# What each copy has of its own; the rest is as the participant who was played left it. `n` is the copy.
ID = "md5(r.id::text || n)::uuid"
REGISTRATION = "md5(r.registration::text || n)::uuid"
NUMBER = "'CCVO-2022-' || lpad((100000 + n)::text, 6, '0')"
COPIES: dict[str, tuple[str, dict[str, str]]] = {
    "applicant": (
        "r.id = (SELECT applicant FROM registration WHERE id = $1)",
        {"id": ID, "email": "n || '@scale.example'", "family_name": "'Meer ' || n"},
    ),
    "registration": (
        "r.id = $1",
        {"id": ID, "applicant": "md5(r.applicant::text || n)::uuid", "email_key": "n || '@scale.example'"},
    ),
    "enrolment_form": (
        "r.registration = $1",
        {"registration": REGISTRATION, "token_digest": "'\\x' || encode(sha256(n::text::bytea), 'hex')"},
    ),
    "attendance": ("r.registration = $1", {"registration": REGISTRATION}),
    "attendance_version": ("r.registration = $1", {"registration": REGISTRATION}),
    "progress": ("r.registration = $1", {"registration": REGISTRATION}),
    "event": (
        "r.subject = $1::text",
        {"id": "nextval('event_id_seq')", "subject": "md5(r.subject || n)::uuid"},
    ),
    "message": ("r.registration = $1", {"id": ID, "registration": REGISTRATION}),
    "certificate": (
        "r.registration = $1",
        {
            "number": NUMBER,
            "code": "md5('c' || n)",
            "code_digest": "'\\x' || encode(sha256(md5('c' || n)::bytea), 'hex')",
            "registration": REGISTRATION,
            "holder_name": "'Noor van der Meer ' || n",
            "status_list": "1000 + n",
            # Half of a credential is its own: signature and identifiers do not compress.
            "credential_jwt": "left(r.credential_jwt, 2000) || "
            "(SELECT string_agg(md5(n || 'x' || i), '') FROM generate_series(1, 32) i)",
        },
    ),
    "register_entry": (
        "r.number = 1",
        {
            "number": "1000 + n",
            "hash": "'\\x' || encode(sha256(n::text::bytea), 'hex')",
            "previous": "'\\x' || encode(sha256((n - 1)::text::bytea), 'hex')",
        },
    ),
    "register_salt": ("r.entry = 1", {"entry": "1000 + n", "certificate": NUMBER}),
}
SIZES = """
SELECT c.relname AS name, pg_table_size(c.oid) AS table, pg_indexes_size(c.oid) AS index, c.reltuples AS rows
  FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
   AND c.relname = ANY($1::text[]) ORDER BY pg_total_relation_size(c.oid) DESC
"""


async def copy(url: str, registration: str, number: int) -> None:
    """Make the rows of `number` more participants."""
    connection = await asyncpg.connect(_as_superuser(url))
    try:
        # Without triggers, and so without checks of foreign keys: what is copied has passed them.
        await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        for table, (of, own) in COPIES.items():
            begun = time.monotonic()
            changes = ", ".join(f"'{name}', {value}" for name, value in own.items())
            one = [registration] if "$1" in of else []
            await connection.execute(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(r, jsonb_build_object({changes}))).* "
                f"FROM {table} r, generate_series(1, {number}) n WHERE {of}",
                *one,
            )
            print(f"{table:<20} filled in {time.monotonic() - begun:.0f} s", flush=True)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def sizes(url: str) -> list[asyncpg.Record]:
    """Bytes of each table and of its indexes."""
    connection = await asyncpg.connect(_as_superuser(url))
    try:
        return list(await connection.fetch(SIZES, list(COPIES)))
    finally:
        await connection.close()


def _as_superuser(url: str) -> str:
    plain = make_url(url).set(drivername="postgresql", username="postgres")
    return plain.render_as_string(hide_password=False)


def dumped(url: str, folder: Path) -> tuple[float, int]:
    """Seconds and bytes of PostgreSQL's own dump, which a backup is made of."""
    begun, target = time.monotonic(), folder / "dump"
    command: list[str | Path] = [
        embedded.find("pg_dump"),
        "--format=custom",
        f"--file={target}",
        _as_superuser(url),
    ]

    subprocess.run(command, check=True)
    return time.monotonic() - begun, target.stat().st_size


def waits(world: Any, registration: str) -> dict[str, float]:
    """Milliseconds that a caller waits, the median of twenty, one at a time."""
    page = world.mocca.get("/v1/registrations?limit=50").json()
    deep = page
    for _ in range(200):
        if deep["nextCursor"] is None:
            break
        last, deep = deep, world.mocca.get(f"/v1/registrations?limit=100&cursor={deep['nextCursor']}").json()
    asked = {
        "first page of 50": "/v1/registrations?limit=50",
        "page 200": f"/v1/registrations?limit=50&cursor={last['nextCursor']}",
        "one registration": f"/v1/registrations/{registration}",
        "search by a name": "/v1/registrations?q=meer+77&limit=50",
        "first page of events": "/v1/events?limit=50",
    }
    found = {}
    for what, path in asked.items():
        taken = []
        for _ in range(20):
            begun = time.perf_counter()
            answer = world.mocca.get(path)
            taken.append((time.perf_counter() - begun) * 1000)
            assert answer.status_code == 200, answer.text
        found[what] = statistics.median(taken)
    return found


def main() -> None:
    """Fill, measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--participants", type=int, default=100_000)
    number = options.parse_args().participants
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        cluster = Cluster(folder / "pg")
        try:
            prepared = prepare(cluster, folder)
            url, one = cluster.database(), prepared.certifiable[0]
            with world_on(url, prepared, folder) as world:
                assert world.lkca.post("/v1/certificates", {"registration": one}).status_code == 201
                with PostOffice() as office:
                    Postman(world, office.port).round()
                asyncio.run(copy(url, one, number))
                milliseconds = waits(world, one)
            _print(number, asyncio.run(sizes(url)), dumped(url, folder), milliseconds)
        finally:
            cluster.stop()


def _print(
    number: int, rows: list[asyncpg.Record], dump: tuple[float, int], milliseconds: dict[str, float]
) -> None:
    print(f"\n| table | rows | table, MB | indexes, MB | bytes per participant |\n|{'---|' * 5}")
    for row in rows:
        both = row["table"] + row["index"]
        print(
            f"| {row['name']} | {row['rows']:,.0f} | {row['table'] / 1e6:.0f} | {row['index'] / 1e6:.0f} "
            f"| {both / number:.0f} |"
        )
    tables, indexes = sum(row["table"] for row in rows), sum(row["index"] for row in rows)
    print(
        f"| **together** | | {tables / 1e6:.0f} | {indexes / 1e6:.0f} | {(tables + indexes) / number:.0f} |"
    )
    print(f"\npg_dump: {dump[0]:.0f} s, {dump[1] / 1e6:.0f} MB")
    print("\n".join(f"{what}: {value:.1f} ms" for what, value in milliseconds.items()))


if __name__ == "__main__":
    main()
