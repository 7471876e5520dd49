"""The data to measure on: the pilot, ten thousand registrations, participants and a certificate."""

from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from app import migrate, seed
from app.core.database import Database
from app.identity.schemas import ClientWithSecret

ROWS = 10_000
FILL = f"""
INSERT INTO applicant (id, partner, given_name, family_name_prefix, family_name, email, phone, search_text)
SELECT md5('a' || n)::uuid, 'fleck', 'Noor', 'van der', 'Meer ' || n, n || '@bench.example', '+31612345678',
  'noor van der meer ' || n || E'\\n' || n || '@bench.example' || E'\\nhet lyceum\\nalmere'
  FROM generate_series(1, {ROWS}) n;
INSERT INTO registration (id, edition, partner, applicant, email_key, school_name, school_city, position, motivation,
  status, received_at, name_key)
SELECT md5('r' || n)::uuid, 'voorbeeld', 'fleck', md5('a' || n)::uuid, n || '@bench.example', 'Het Lyceum', 'Almere',
  'docent beeldende vorming', 'Cultuur hoort in het schoolplan.', 'confirmed', now(),
  'meer ' || n || E'\\tnoor' FROM generate_series(1, {ROWS}) n;
INSERT INTO enrolment_form (registration, token_digest, submitted_at)
SELECT md5('r' || n)::uuid, sha256(n::text::bytea), now() FROM generate_series(1, {ROWS}) n;
INSERT INTO certificate (number, code, code_digest, registration, status, issued_at, issued_on, issuer, holder_name,
  training_title, edition_title, contact_minutes, study_load_hours, product_title, sessions, phases)
VALUES ('CCVO-2022-000001', 'abcdefghijklmnopqrstuvwxyz', sha256('abcdefghijklmnopqrstuvwxyz'), md5('r1')::uuid, 'valid', now(), current_date, 'LKCA',
  'Noor van der Meer', 'Cultuurcoördinator Voortgezet Onderwijs', 'Voorbeeldeditie', 1260, 40, 'Plan', '[]', '[]');
ANALYZE;
"""


@dataclass(frozen=True)
class Prepared:
    """What the requests need to know."""

    partner: ClientWithSecret
    provider: ClientWithSecret
    registrations: list[str]
    session: str
    version: str


async def prepare(url: str) -> Prepared:
    """Seed and fill the migrated, empty database at `url`."""
    database, now = Database(url), datetime.now(UTC)
    async with database.transaction() as db:
        await seed.plant(db, now)
        clients = {(one.organisation, one.role.value): one for one in await seed.add_demo_clients(db, now)}
    await database.close()
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute(FILL)
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
