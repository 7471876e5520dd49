"""The data to measure on: the pilot, many registrations, participants and a certificate."""

from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
from sqlalchemy.engine import make_url

from app import migrate, seed
from app.core.database import Database
from app.identity.schemas import ClientWithSecret

# How long it takes to keep the index of the search up to date row by row is not what is measured.
UNINDEXED = "DROP INDEX ix_applicant_search"
INDEXED = """
SET maintenance_work_mem = '1GB';
CREATE INDEX ix_applicant_search ON applicant USING gin (search_grams(search_text));
RESET maintenance_work_mem
"""
FILL = """
INSERT INTO applicant (id, partner, given_name, family_name_prefix, family_name, email, phone, search_text)
SELECT md5('a' || n)::uuid, 'fleck', 'Noor', 'van der', 'Meer ' || n, n || '@bench.example', '+31612345678',
  'noor van der meer ' || n || E'\\n' || n || '@bench.example' || E'\\nhet lyceum\\nalmere'
  FROM generate_series({first}, {last}) n;
INSERT INTO registration (id, edition, partner, applicant, email_key, school_name, school_city, position, motivation,
  status, received_at, name_key)
SELECT md5('r' || n)::uuid, 'voorbeeld', 'fleck', md5('a' || n)::uuid, n || '@bench.example', 'Het Lyceum', 'Almere',
  'docent beeldende vorming', 'Cultuur hoort in het schoolplan.', 'confirmed', now() - n * interval '1 second',
  'meer ' || n || E'\\tnoor' FROM generate_series({first}, {last}) n;
INSERT INTO enrolment_form (registration, token_digest, submitted_at)
SELECT md5('r' || n)::uuid, sha256(n::text::bytea), now() FROM generate_series({first}, {last}) n;
"""
CERTIFICATE = """
INSERT INTO certificate (number, code, code_digest, registration, status, issued_at, issued_on, issuer, holder_name,
  training_title, edition_title, contact_minutes, study_load_hours, product_title, sessions, phases)
VALUES ('CCVO-2022-000001', 'abcdefghijklmnopqrstuvwxyz', sha256('abcdefghijklmnopqrstuvwxyz'), md5('r1')::uuid, 'valid', now(), current_date, 'LKCA',
  'Noor van der Meer', 'Cultuurcoördinator Voortgezet Onderwijs', 'Voorbeeldeditie', 1260, 40, 'Plan', '[]', '[]')
"""


@dataclass(frozen=True)
class Prepared:
    """What the requests need to know."""

    partner: ClientWithSecret
    provider: ClientWithSecret
    registrations: list[str]
    session: str
    version: str


async def prepare(url: str, rows: int = 10_000) -> Prepared:
    """Seed the migrated, empty database at `url`, and fill it with so many registrations."""
    database, now = Database(url), datetime.now(UTC)
    async with database.transaction() as db:
        await seed.plant(db, now)
        clients = {(one.organisation, one.role.value): one for one in await seed.add_demo_clients(db, now)}
    await database.close()
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute(FILL.format(first=1, last=100))
    await connection.execute(CERTIFICATE)
    await grow(connection, 101, rows)
    ids = await connection.fetch("SELECT id::text FROM registration ORDER BY id LIMIT 200")
    session = await connection.fetchval(
        "SELECT session::text FROM session_edition WHERE edition = 'voorbeeld' LIMIT 1"
    )
    version = await connection.fetchval("SHOW server_version")
    await connection.close()
    return Prepared(
        partner=clients["fleck", "partner"],
        provider=clients["mocca", "provider"],
        registrations=[row[0] for row in ids],
        session=session,
        version=version,
    )


def migrated(url: str) -> None:
    """Bring the empty database at `url` to the newest migration."""
    migrate.upgrade(url)


async def grow(connection: asyncpg.Connection, first: int, last: int) -> None:
    """Add registrations with these numbers, and let PostgreSQL know of them."""
    many = last - first > 50_000
    if many:
        await connection.execute(UNINDEXED)
    for start in range(first, last + 1, 100_000):
        await connection.execute(FILL.format(first=start, last=min(start + 99_999, last)))
    if many:
        await connection.execute(INDEXED)
    await connection.execute("VACUUM ANALYZE")


async def grow_to(url: str, before: int, rows: int) -> str:
    """Bring the database at `url` from `before` to so many registrations; gives the address of a copy from before."""
    address = make_url(url)
    small = address.set(database=f"{address.database}_small")
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), database="postgres")
    await connection.execute(f'CREATE DATABASE "{small.database}" TEMPLATE "{address.database}"')
    await connection.close()
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await grow(connection, before + 1, rows)
    await connection.close()
    return small.render_as_string(hide_password=False)
