"""A clock that goes back and forth between requests: nothing is lost, mixed up, done twice, or stuck."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from app.certificates import audit
from app.core.clock import Clock
from tests.conftest import sql
from tests.faults.conftest import Stand
from tests.faults.stand import world_on
from tests.notifications.post_office import Postman, PostOffice
from tests.webhooks.receivers import Answer, Deliverer, Received, Receiver, subscribe
from tests.world import World, registration

NOON = datetime(2022, 5, 2, 12, tzinfo=UTC)
# Back by a second, an hour and a day, forth again, and over it: what a clock that is set does.
STEPS = [timedelta(seconds=seconds) for seconds in (0, -1, 3600, 0, -3600, 86400, -86400, 1, 0)]


@pytest.fixture
def world(stand: Stand, url: str, tmp_path: Path) -> Iterator[World]:
    with world_on(url, stand.prepared, tmp_path) as world:
        step(world, timedelta())
        yield world


def step(world: World, by: timedelta) -> None:
    """Set the clock to so long after noon."""
    world.app.state.clock = Clock(NOON + by)


def test_a_token_counts_in_its_own_time_alone_wherever_the_clock_has_been(world: World) -> None:
    step(world, timedelta())
    token = {"Authorization": f"Bearer {world.fleck.token()}"}

    def said() -> int:
        return world.http.get("/v1/registrations?limit=1", headers=token).status_code

    answers = {}
    for by in STEPS:
        step(world, by)
        answers[by] = said()
    # It lasts five minutes from noon: not long before, not after, and again when the clock is back. Hosts
    # whose clocks are a second apart take each other's.
    assert {by.total_seconds() for by, status in answers.items() if status == 200} == {-1, 0, 1}
    assert set(answers.values()) == {200, 401}


def test_a_key_that_was_used_stays_used(world: World) -> None:
    body, headers = registration(edition="voorbeeld"), {"Idempotency-Key": str(uuid4())}
    first = world.fleck.post("/v1/registrations", body, headers=headers)
    assert first.status_code == 201, first.text
    for by in STEPS:
        if by >= timedelta(days=1):
            continue  # by then it may be used again, and the person is registered
        step(world, by)
        again = world.fleck.post("/v1/registrations", body, headers=headers)
        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
        assert again.json() == first.json()


def test_events_are_read_in_the_order_in_which_they_were_written(world: World) -> None:
    before = len(world.events("registration.received"))
    made = []
    for by in STEPS:
        step(world, by)
        made.append(world.register(edition="voorbeeld")["id"])
    step(world, timedelta())
    received = world.events("registration.received")[before:]
    assert [one["subject"] for one in received] == made
    assert [one["id"] for one in received] == sorted(one["id"] for one in received)
    # Whoever reads on after the last one misses nothing, however the moments go.
    moments = [one["at"] for one in received]
    assert moments != sorted(moments)
    listed: list[str] = []
    cursor = None
    while True:
        query = {"edition": "voorbeeld", "limit": "4", **({"cursor": cursor} if cursor else {})}
        page = world.fleck.get("/v1/registrations", params=query).json()
        listed += [one["id"] for one in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert sorted(listed) == sorted(made)


def test_a_delivery_is_tried_again_though_the_clock_was_set_back(world: World) -> None:
    """A pause ends by the clock: set back, it lasts that much longer and no more; nothing comes twice."""
    answers = [Answer(503), Answer(503)]

    def answer(_: Received) -> Answer:
        return answers.pop() if answers else Answer()

    with Receiver(answer) as receiver:
        webhook = subscribe(world.admin, receiver, "registration.received")
        deliverer = Deliverer(world)
        deliverer.round()
        world.register(edition="voorbeeld")
        for by in (*STEPS, timedelta(days=1), timedelta(days=2)):
            step(world, by)
            deliverer.round()
        step(world, timedelta(days=2))
        deliverer.round()
    ids = {one.id for one in receiver.received}
    events = [json.loads(one.content)["data"]["event"] for one in receiver.received]
    assert (len(ids), len(set(events)), len(events)) == (1, 1, 3)
    [row] = sql(world.database_url, f"SELECT status FROM webhook_delivery WHERE webhook = '{webhook['id']}'")
    assert row["status"] == "delivered"


def test_a_message_is_sent_once_though_the_clock_was_set_back(world: World) -> None:
    with PostOffice() as office:
        office.at_data = ["451 4.3.0 later"]
        postman = Postman(world, office.port)
        world.register(edition="voorbeeld")
        for by in (*STEPS, timedelta(hours=2), timedelta(hours=2)):
            step(world, by)
            postman.round()
        assert len(office.received) == 1
    rows = sql(world.database_url, "SELECT status, attempts FROM message")
    assert [(row["status"], row["attempts"]) for row in rows] == [("sent", 2)]


def test_a_certificate_after_a_step_back_still_follows_in_the_chain(world: World, stand: Stand) -> None:
    for by, id in zip(STEPS[:4], stand.prepared.certifiable, strict=False):
        step(world, by)
        assert world.lkca.post("/v1/certificates", {"registration": id}).status_code == 201
    step(world, timedelta())
    numbers = [one["number"] for one in world.lkca.get("/v1/certificates").json()["items"]]
    assert numbers == [f"CCVO-2022-{place:06d}" for place in range(1, 5)]
    entries = [row["number"] for row in sql(world.database_url, "SELECT number FROM register_entry")]
    assert sorted(entries) == [1, 2, 3, 4]
    state = world.app.state

    async def audited() -> list[str]:
        async with state.database.transaction() as db:
            return (await audit.verify(db, state.clock.now(), [])).faults

    assert world.http.portal.call(audited) == []
