"""Lists and searches read along indexes, under row-level security: no table that grows is read whole.

Among PLAN_ROWS registrations: as many as take a few seconds here, a million with `make plans`. Nothing is
switched off for it, so PostgreSQL is as free to read a table whole as it is elsewhere.
"""

import asyncio
import json
import os
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event

from app.core import tenancy
from app.core.tenancy import Acting
from app.fast.lines import Lines
from bench.prepare import FILL, INDEXED, UNINDEXED
from tests.world import World

ROWS = int(os.environ.get("PLAN_ROWS", "10000"))
EDITION = "noord-midden-2021"
# Of twenty partners, each with its part of all registrations.
PARTNER = "CASE n % 20 WHEN 0 THEN 'fleck' ELSE 'partner-' || n % 20 END"
PARTNERS = """INSERT INTO organisation (slug, name, roles)
SELECT 'partner-' || n, 'Partner ' || n, '{partner}' FROM generate_series(1, 19) n"""
EVENTS = f"""INSERT INTO event (type, subject, edition, partner, actor, at, data)
SELECT 'registration.received', md5('r' || n)::uuid::text, '{EDITION}', {PARTNER}, 'bench', now(), '{{}}'
  FROM generate_series(1, {ROWS}) n"""
ATTENDANCE = f"""INSERT INTO attendance
  (session, registration, presence, channel, minutes, version, recorded_by, recorded_at)
SELECT s.session, md5('r' || n)::uuid, 'present', 'in-person', 180, 1, 'bench', now()
  FROM generate_series(1, {ROWS}) n, (SELECT min(session::text)::uuid AS session FROM session_edition) s"""
GROWING = {"registration", "applicant", "enrolment_form", "event", "attendance"}
SORTS = ("receivedAt", "-receivedAt", "familyName", "-familyName")


@pytest.fixture
def filled(world: World) -> World:
    """The pilot with very many registrations more, attended and told of."""
    fill = FILL.format(first=1, last=ROWS).replace("'fleck'", PARTNER).replace("'voorbeeld'", f"'{EDITION}'")

    async def run() -> None:
        connection = await asyncpg.connect(world.database_url.replace("+asyncpg", ""))
        for statement in (UNINDEXED, PARTNERS, fill, EVENTS, ATTENDANCE, INDEXED, "VACUUM ANALYZE"):
            await connection.execute(statement, timeout=3600)
        await connection.close()

    asyncio.run(run())
    return world


@pytest.fixture
def sent(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Acting | None, str, Any]]]:
    """The statements that are sent: as whom where it is known, and with which values."""
    found: list[tuple[Acting | None, str, Any]] = []
    fetch = Lines.fetch

    async def note(self: Lines, acting: Acting, statement: str, *values: Any) -> list[Any]:
        found.append((acting, statement, values))
        return await fetch(self, acting, statement, *values)

    def note_too(_c: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        found.append((None, statement, values))

    monkeypatch.setattr(Lines, "fetch", note)
    engine = world.app.state.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note_too)
    yield found
    event.remove(engine, "before_cursor_execute", note_too)


def _lists(world: World) -> list[str]:
    session = world.sessions()[0]["id"]
    some = f"/v1/registrations?limit=50&sort={SORTS[0]}"
    paths = [f"/v1/registrations?limit=50&sort={sort}" for sort in SORTS]
    paths += [f"{path}&edition={EDITION}" for path in paths]
    paths += [
        f"{some}&status=confirmed",
        f"{some}&edition={EDITION}&status=received",
        f"{some}&partner=fleck",
    ]
    paths += ["/v1/registrations?limit=50", "/v1/registrations"]
    paths += ["/v1/events?limit=50", "/v1/events?limit=50&type=registration.received"]
    paths += ["/v1/attendance?limit=50", f"/v1/attendance?session={session}"]
    return paths


@pytest.mark.timeout(3600)
def test_no_list_reads_a_growing_table_from_end_to_end(
    filled: World, sent: list[tuple[Acting | None, str, Any]]
) -> None:
    whole, looked = [], 0
    for party, acting in (
        (filled.fleck, tenancy.of_partner("fleck")),
        (filled.admin, tenancy.WHOLE),
        (filled.provider, tenancy.WHOLE),
    ):
        paths = _lists(filled)
        # A word that few have; a partner's search looks through that partner's own.
        paths += [f"/v1/registrations?q=meer%20{ROWS - 19}", f"/v1/registrations?q={ROWS - 19}%40bench"]
        for first in paths:
            path: str | None = first
            for _ in range(2):  # the first page, and the next
                if path is None or (path.startswith("/v1/events") and party is filled.provider):
                    break
                sent.clear()
                answer = party.get(path)
                assert answer.status_code == 200, answer.text
                for as_whom, statement, values in sent:
                    plan = _plan(filled, as_whom or acting, statement, values)
                    looked += bool(plan)
                    if tables := _read_whole(plan):
                        whole.append((party.role, path, sorted(tables), statement))
                path = answer.links.get("next", {}).get("url")
    assert looked > 100
    assert whole == []


def _plan(world: World, acting: Acting, statement: str, values: Any) -> Any:
    """What PostgreSQL would do, acting so; nothing for what reads no table that grows."""
    if not statement.lstrip().startswith("SELECT") or not any(name in statement for name in GROWING):
        return {}

    async def run() -> Any:
        settings = {"role": acting.role, tenancy.TENANT: acting.tenant}
        url = world.database_url.replace("+asyncpg", "")
        connection = await asyncpg.connect(url, server_settings=settings)
        explained = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *values)
        await connection.close()
        return json.loads(explained)[0]["Plan"]

    return asyncio.run(run())


def _read_whole(plan: Any) -> set[str]:
    """The tables that grow of which a plan reads every row."""
    found = {plan["Relation Name"]} & GROWING if plan.get("Node Type") == "Seq Scan" else set()
    return found.union(*(_read_whole(below) for below in plan.get("Plans", ())))


def test_a_table_that_is_read_whole_is_seen(filled: World) -> None:
    """The check finds what it looks for."""
    plan = _plan(filled, tenancy.WHOLE, "SELECT FROM registration WHERE school_city = 'Nergens'", ())
    assert _read_whole(plan) == {"registration"}
