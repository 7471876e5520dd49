"""The outbox: every event that was committed is acted upon, once, whoever is killed and however many work."""

import asyncio
from typing import Any
from unittest import mock

import asyncpg
import pytest
import structlog
from sqlalchemy import event as listening

from app.events import outbox as events
from app.events import service as recording
from app.notifications import outbox
from tests.conftest import sql
from tests.notifications.post_office import Postman
from tests.world import PILOT, World


@pytest.fixture
def postman(world: World) -> Postman:
    return Postman(world, None)


def _pending(world: World) -> int:
    return int(sql(world.database_url, "SELECT count(*) FROM event_pending")[0][0])


def _count(world: World) -> int:
    return int(sql(world.database_url, "SELECT count(*) FROM message")[0][0])


def test_what_is_committed_is_pending_and_what_is_rolled_back_is_not(world: World) -> None:
    before = _pending(world)
    made = world.register()
    assert _pending(world) == before + 1
    # 409: nothing was written, so nothing is pending.
    assert world.fleck.post(f"/v1/registrations/{made['id']}/_confirm").status_code == 409
    assert _pending(world) == before + 1


def test_a_statement_with_many_events_makes_them_pending_in_one(world: World, postman: Postman) -> None:
    for _ in range(5):
        world.complete()
    postman.collect()
    draw = world.announce()
    world.run(draw)
    statements: list[str] = []
    engine = world.app.state.database.engine.sync_engine

    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    listening.listen(engine, "before_cursor_execute", keep)
    world.publish(draw)
    listening.remove(engine, "before_cursor_execute", keep)
    assert sum("registration" in one and "INSERT INTO event" in one for one in statements) == 2
    # Five outcomes, and the draw's own two events.
    assert _pending(world) == 8
    assert postman.collect() == 8
    assert _pending(world) == 0


def test_it_makes_no_difference_to_do_it_again(world: World, postman: Postman) -> None:
    world.register()
    postman.collect()
    sql(world.database_url, "INSERT INTO event_pending (event) SELECT id FROM event")
    postman.collect()
    assert (_pending(world), _count(world)) == (0, 1)


def test_a_worker_that_dies_before_the_commit_has_done_nothing(world: World, postman: Postman) -> None:
    postman.collect()
    world.register()
    state = world.app.state

    class Killed(Exception):
        pass

    async def die() -> None:
        async with state.database.transaction() as db:
            claimed = await events.claim(db, state.clock.now(), 10)
            await outbox.tell(db, claimed, postman.post.timing, state.clock.now())
            raise Killed

    with pytest.raises(Killed):
        world.http.portal.call(die)
    assert (_pending(world), _count(world)) == (1, 0)
    postman.collect()
    assert (_pending(world), _count(world)) == (0, 1)


def test_events_that_commit_late_are_not_passed_by(world: World, postman: Postman) -> None:
    """An event may have a lower number than one that was seen before it: numbers come before the commit."""
    postman.collect()

    async def late() -> None:
        url = world.database_url.replace("+asyncpg", "")
        slow, quick = await asyncpg.connect(url), await asyncpg.connect(url)
        insert = (
            "INSERT INTO event (type, subject, actor, at, data) VALUES ('pilot.seeded', $1, 'x', now(), '{}')"
        )
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute(insert, "late")
        await quick.execute(insert, "early")
        await asyncio.to_thread(postman.collect)
        assert await quick.fetchval("SELECT count(*) FROM event_pending") == 0
        await transaction.commit()
        assert await quick.fetchval("SELECT count(*) FROM event_pending") == 1
        await slow.close()
        await quick.close()

    asyncio.run(late())
    assert postman.collect() == 1


def test_several_workers_share_what_there_is(world: World, postman: Postman) -> None:
    for _ in range(9):
        world.register()
    before = _pending(world)
    with mock.patch("app.acting.BATCH", 2):
        acted = world.http.together([postman.collect] * 3)
    assert sum(acted) == before
    assert (_pending(world), _count(world)) == (0, 9)


def test_an_event_that_cannot_be_acted_upon_holds_nothing_up(world: World, postman: Postman) -> None:
    postman.collect()
    world.register()

    async def record() -> None:
        async with world.app.state.database.transaction() as db:
            recording.record(
                db, "registration.withdrawn", subject="no id", actor="x", at=postman.now, edition=PILOT
            )

    world.http.portal.call(record)
    world.register()
    # By the real log: what it refuses to write would end the round.
    with structlog.testing.capture_logs() as lines:
        assert postman.collect() == 3
    assert [line["event"] for line in lines if line["log_level"] == "error"] == [
        "a batch of events failed",
        "an event was set aside",
    ]
    assert (_pending(world), _count(world)) == (1, 2)
    assert postman.collect() == 0
    # Once it can be, it is.
    sql(world.database_url, "UPDATE event SET type = 'pilot.seeded' WHERE subject = 'no id'")
    postman.later(minutes=11)
    assert postman.collect() == 1
    assert _pending(world) == 0


def test_a_draw_of_many_is_told_to_each_in_bounded_statements(world: World, postman: Postman) -> None:
    for _ in range(3):
        world.complete()
    postman.collect()
    before = _count(world)
    world.announce()
    statements: list[str] = []
    engine = world.app.state.database.engine.sync_engine

    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    listening.listen(engine, "before_cursor_execute", keep)
    postman.collect()
    listening.remove(engine, "before_cursor_execute", keep)
    assert _count(world) == before + 3
    assert sum("INSERT INTO message" in one for one in statements) == 1
