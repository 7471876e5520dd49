"""The pilot's data: whole, the same each time, and never put over what somebody changed."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime

import asyncpg
from sqlmodel import SQLModel

from app import migrate, seed
from app.core.database import Database
from tests.conftest import sql
from tests.world import World

NOW = datetime(2021, 6, 15, 7, tzinfo=UTC)
TABLES = sorted(SQLModel.metadata.tables)


def rows(url: str) -> dict[str, list[asyncpg.Record]]:
    """Every row of every table."""
    return {name: sql(url, f'SELECT * FROM "{name}" AS row ORDER BY row') for name in TABLES}


def plant(url: str) -> bool:
    async def run() -> bool:
        database = Database(url)
        try:
            async with database.transaction() as db:
                return await seed.plant(db, NOW)
        finally:
            await database.close()

    return asyncio.run(run())


def test_seeding_again_changes_nothing(database_url: str) -> None:
    before = rows(database_url)
    assert plant(database_url) is False
    assert rows(database_url) == before
    filled = {name for name in TABLES if before[name]}
    assert filled == {
        *("organisation", "client", "client_secret", "training", "phase", "edition", "edition_provider"),
        *("quota", "session", "session_edition", "event", "event_pending"),
    }


def test_what_somebody_changed_stays(world: World) -> None:
    world.admin.patch("/v1/editions/noord-midden-2021", {"capacity": 30, "title": "Anders"})
    world.admin.patch("/v1/organisations/fleck", {"region": None, "roles": ["partner", "provider"]})
    world.provider.post(f"/v1/sessions/{world.sessions()[0]['id']}/_cancel")
    before = rows(world.database_url)
    assert plant(world.database_url) is False
    assert rows(world.database_url) == before


def test_what_an_administrator_took_away_stays_away(database_url: str) -> None:
    sql(database_url, "DELETE FROM session_edition", "DELETE FROM session", "DELETE FROM quota")
    before = rows(database_url)
    assert plant(database_url) is False
    assert rows(database_url) == before


def test_two_who_seed_at_once_seed_once(empty_database: str) -> None:
    migrate.upgrade(empty_database)
    script = f"from tests.test_seed import plant; print(plant({empty_database!r}))"
    command = [sys.executable, "-c", script]
    both = [subprocess.Popen(command, cwd=migrate.ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(one.communicate(timeout=60)[0].strip() for one in both) == ["False", "True"]


def test_seeding_leaves_one_event(world: World) -> None:
    [event] = world.events("pilot.seeded")
    assert (event["actor"], event["subject"], event["data"]) == ("system", "noord-midden-2021", {})


def test_the_demonstration_has_a_client_for_each_part(world: World) -> None:
    assert set(world.parties) == {
        ("fleck", "partner"),
        ("mocca", "partner"),
        ("kunst-centraal", "partner"),
        ("mocca", "provider"),
        ("lkca", "certifier"),
        ("lkca", "admin"),
    }
