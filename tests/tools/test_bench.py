"""What the benches write into the tables by hand fits the tables as they are now."""

import asyncio

import asyncpg

from bench import certificates, floor
from tests.conftest import sql
from tests.world import World


def test_certificates_are_measured_on_rows_that_fit(database_url: str) -> None:
    ready = certificates.READY.format(edition="first", count=2)
    earlier = certificates.EARLIER.format(size=20)
    rows = sql(
        database_url,
        *(one for text in (ready, earlier) for one in text.split(";\n") if one.strip()),
        "SELECT count(*) certificates, min(s.entry) first, max(c.number) last,"
        " (SELECT count(*) FROM attendance) attended"
        " FROM certificate c JOIN register_salt s ON s.certificate = c.number",
    )
    assert dict(rows[0]) == {"certificates": 20, "first": 1, "last": "CCVO-2012-000020", "attended": 16}


def test_the_floor_reads_and_writes_the_tables_as_they_are(world: World) -> None:
    participant, session = world.participant()["id"], world.sessions()[0]["id"]

    async def run() -> int:
        connection = await asyncpg.connect(world.database_url.replace("+asyncpg", ""))
        for statement in (floor.READ, floor.LIST, floor.REGISTER, floor.REGISTER_ONCE, floor.VERIFY):
            await connection.prepare(statement)
        for minutes in (60, 90):
            await connection.execute(floor.ATTEND, session, participant, minutes)
        versions = await connection.fetchval("SELECT count(*) FROM attendance_version")
        await connection.close()
        return int(versions)

    assert asyncio.run(run()) == 2
