"""Deliveries: order, limits, failures, pauses; and what becomes of them when workers are killed."""

import asyncio
import json
from collections import Counter
from typing import Any
from uuid import uuid4

from app.core.listening import WORKERS
from app.webhooks import claims, courier, outcomes
from tests.conftest import sql
from tests.notifications.post_office import Postman, PostOffice, text_of
from tests.webhooks.receivers import Answer, Deliverer, Received, Receiver, subscribe
from tests.world import JSON, World


def _event(world: World, *subjects: str, type: str = "registration.changed") -> None:
    """Events, as if something had happened."""
    rows = ", ".join(f"('{type}', '{one}', 'x', 'fleck', '2021-06-15T07:00Z', '{{}}')" for one in subjects)
    sql(world.database_url, f"INSERT INTO event (type, subject, actor, partner, at, data) VALUES {rows}")


def _subjects(receiver: Receiver) -> list[str]:
    return [_data(one)["subject"] for one in receiver.received]


def _data(one: Received) -> JSON:
    data: JSON = json.loads(one.content)["data"]
    return data


def _webhook(world: World, made: JSON) -> JSON:
    read: JSON = world.fleck.get(f"/v1/webhooks/{made['id']}").json()
    return read


def test_of_one_subject_a_later_event_waits_for_an_earlier_one(world: World) -> None:
    a, b, bad = str(uuid4()), str(uuid4()), set[str]()
    deliverer = Deliverer(world)
    with Receiver(lambda one: Answer(503 if one.id in bad else 204, after=0.02)) as receiver:
        made = subscribe(world.fleck, receiver, "registration.*")
        _event(world, a, a, b, a, b)
        first = int(sql(world.database_url, "SELECT min(id) FROM event WHERE subject = $$" + a + "$$")[0][0])
        bad.add(f"evt_{first}")
        deliverer.round()
        assert Counter(_subjects(receiver)) == {a: 1, b: 2}
        # It is tried again, and only when it has been taken do those behind it go.
        deliverer.later(seconds=4)
        assert [deliverer.round(), len(receiver.received)] in ([0, 3], [1, 4])
        bad.clear()
        deliverer.later(minutes=5)
        deliverer.round()
        assert [_data(one)["event"] for one in receiver.received if _data(one)["subject"] == a][-3:] == [
            first,
            first + 1,
            first + 3,
        ]
    assert _webhook(world, made)["failingSince"] is None


def test_what_is_given_up_no_longer_holds_up_what_follows(world: World) -> None:
    a = str(uuid4())
    deliverer = Deliverer(world)
    with Receiver(lambda one: Answer(500 if one is receiver.received[0] else 204)) as receiver:
        made = subscribe(world.fleck, receiver, "registration.*")
        _event(world, a)
        deliverer.round()
        deliverer.later(days=3)
        _event(world, a)
        sql(world.database_url, "UPDATE webhook_delivery SET next_attempt_at = '2030-01-01T00:00Z'")
        deliverer.round()
        statuses = [
            one["status"] for one in world.fleck.get(f"/v1/webhooks/{made['id']}/deliveries").json()["items"]
        ]
    assert statuses == ["failed", "delivered"]


def test_nothing_goes_while_an_earlier_event_of_its_subject_is_in_the_outbox(world: World) -> None:
    """Another worker may have claimed that, and be slower; or it could not be acted upon, and waits."""
    a = str(uuid4())
    deliverer = Deliverer(world)
    with Receiver() as receiver:
        subscribe(world.fleck, receiver, "registration.*")
        deliverer.round()
        _event(world, a, a)
        sql(
            world.database_url,
            "UPDATE event_pending SET not_before = '2021-06-15T08:00Z' "
            "WHERE event = (SELECT min(event) FROM event_pending)",
        )
        assert deliverer.round() == 0
        deliverer.later(hours=2)
        assert deliverer.round() == 2
        assert [_data(one)["event"] for one in receiver.received] == sorted(
            _data(one)["event"] for one in receiver.received
        )


def test_a_slow_receiver_has_its_own_room_and_keeps_nobody_waiting(world: World) -> None:
    deliverer = Deliverer(world, webhook_concurrency=3, webhook_seconds=0.5)
    finished: list[float] = []
    with (
        Receiver(lambda _: Answer(after=0.15)) as slow,
        Receiver(lambda _: Answer(after=2)) as dead,
        Receiver() as fast,
    ):
        for receiver in (slow, dead, fast):
            subscribe(world.fleck, receiver, "registration.*")
        _event(world, *(str(uuid4()) for _ in range(12)))
        deliverer.round()
        finished += [max(one.at for one in receiver.received) for receiver in (fast, slow)]
    assert len({one.id for one in fast.received}) == len({one.id for one in slow.received}) == 12
    assert (slow.most_at_once, fast.most_at_once <= 3) == (3, True)
    assert finished[0] < finished[1]
    # Who does not answer in time is soon asked no more, and then one at a time.
    assert outcomes.TRIPS <= len(dead.received) <= outcomes.TRIPS + 3


def test_a_receiver_that_comes_back_gets_everything_at_once(world: World) -> None:
    deliverer = Deliverer(world)
    down = [True]
    with Receiver(lambda _: Answer(500 if down[0] else 204)) as receiver:
        made = subscribe(world.fleck, receiver, "registration.*")
        _event(world, *(str(uuid4()) for _ in range(20)))
        deliverer.round()
        assert _webhook(world, made)["failingSince"] == "2021-06-15T07:00:00Z"
        deliverer.later(seconds=1)
        assert deliverer.round() == 0  # it rests
        down[0] = False
        deliverer.later(hours=7)
        receiver.received.clear()
        assert deliverer.round() == 20
        assert len({one.id for one in receiver.received}) == 20
    assert _webhook(world, made)["failingSince"] is None


def test_who_takes_nothing_for_a_day_is_paused_and_its_owner_told(world: World) -> None:
    deliverer = Deliverer(world)
    down = [True]
    world.admin.patch("/v1/organisations/fleck", {"email": "systemen@fleck.example"})
    with Receiver(lambda _: Answer(500 if down[0] else 204)) as receiver, PostOffice() as office:
        made = subscribe(world.fleck, receiver, "registration.*")
        _event(world, *(str(uuid4()) for _ in range(12)))
        for _ in range(14):
            deliverer.round()
            deliverer.later(hours=2)
        paused = _webhook(world, made)
        assert paused["status"] == "paused"
        # What happens meanwhile waits, for three days.
        seen = len(receiver.received)
        _event(world, str(uuid4()))
        assert deliverer.round() == 0
        postman = Postman(world, office.port)
        postman.round()
        [mail] = office.received
        assert office.envelopes[0][1] == "systemen@fleck.example"
        assert made["id"] in text_of(mail)
        assert f"/v1/webhooks/{made['id']}/_resume" in text_of(mail)
        postman.round()
        assert len(office.received) == 1
        for path in (f"/v1/webhooks/{made['id']}/_ping", f"/v1/webhooks/{made['id']}/_resend"):
            answer = world.fleck.post(path, {"afterEvent": 0} if "resend" in path else None)
            assert answer.status_code == 409, answer.text
        down[0] = False
        resumed = world.fleck.post(f"/v1/webhooks/{made['id']}/_resume").json()
        assert (resumed["status"], resumed["failingSince"]) == ("active", None)
        assert world.fleck.post(f"/v1/webhooks/{made['id']}/_resume").status_code == 409
        assert deliverer.round() == 13
        assert len({one.id for one in receiver.received[seen:]}) == 13
    types = [event["type"] for event in world.fleck.get("/v1/events").json()["items"]]
    assert types.count("webhook.paused") == types.count("webhook.resumed") == 1


def test_410_switches_a_webhook_off(world: World) -> None:
    deliverer = Deliverer(world)
    with Receiver(lambda _: Answer(410)) as receiver:
        made = subscribe(world.fleck, receiver, "registration.*")
        _event(world, *(str(uuid4()) for _ in range(30)))
        deliverer.round()
        assert len(receiver.received) <= 8
        assert _webhook(world, made)["status"] == "off"
        _event(world, str(uuid4()))
        assert deliverer.round() == 0
    listed = world.fleck.get(f"/v1/webhooks/{made['id']}/deliveries?limit=100").json()["items"]
    assert {one["status"] for one in listed} == {"failed"}
    assert len(listed) == 30
    assert [one["data"]["organisation"] for one in world.events("webhook.ended")] == ["fleck"]
    messages = sql(world.database_url, "SELECT kind FROM message WHERE organisation = 'fleck'")
    assert [one["kind"] for one in messages] == ["webhook-paused"]
    assert world.fleck.post(f"/v1/webhooks/{made['id']}/_resume").json()["status"] == "active"


def test_an_answer_is_read_no_further_than_it_says_something(world: World) -> None:
    deliverer = Deliverer(world)
    with Receiver(lambda _: Answer(200, content=b"x" * 5_000_000)) as receiver:
        made = subscribe(world.fleck, receiver, "registration.*")
        _event(world, str(uuid4()))
        assert deliverer.round() == 1
    [one] = world.fleck.get(f"/v1/webhooks/{made['id']}/deliveries").json()["items"]
    assert (one["status"], one["lastAttempt"]["responseStart"]) == ("delivered", "x" * 500)


def test_a_redirect_is_not_followed(world: World) -> None:
    with Receiver() as elsewhere, Receiver(lambda _: Answer(307, {"location": elsewhere.url})) as receiver:
        made = subscribe(world.fleck, receiver, "registration.*")
        _event(world, str(uuid4()))
        Deliverer(world).round()
        assert elsewhere.received == []
    [one] = world.fleck.get(f"/v1/webhooks/{made['id']}/deliveries").json()["items"]
    assert one["lastAttempt"]["error"] == "307: redirects are not followed"
    assert one["lastAttempt"]["responseHeaders"]["location"] == elsewhere.url


def test_what_a_dead_worker_claimed_is_taken_over_and_what_a_living_one_has_is_not(world: World) -> None:
    state = world.app.state
    with Receiver() as receiver:
        subscribe(world.fleck, receiver, "registration.*")
        _event(world, *(str(uuid4()) for _ in range(3)))
        deliverer = Deliverer(world)
        deliverer.collect()

        async def claim_and_die(number: int, seconds: float) -> None:
            async with state.database.line() as line:
                await line.execute("SELECT pg_advisory_lock($1, $2)", WORKERS, number)
                async with state.database.transaction() as db:
                    claimed, _ = await claims.claim(db, number, state.clock.now(), 2)
                    assert len(claimed) == 2
                async with state.database.transaction() as db:
                    assert await claims.take_back(db, WORKERS, state.clock.now()) == 0
                    assert (await claims.claim(db, number + 1, state.clock.now(), 2))[0] == []
                await asyncio.sleep(seconds)

        world.http.portal.call(claim_and_die, 41, 0.0)
        claimed = "SELECT count(*) FROM webhook_delivery WHERE claimed_by = 41"
        assert sql(world.database_url, claimed)[0][0] == 2
        held = f"SELECT count(*) FROM pg_locks WHERE classid = {WORKERS} AND objid = 41"
        for _ in range(500):  # the server notices when it next looks
            if not sql(world.database_url, held)[0][0]:
                break
        assert deliverer.round() == 3
        assert len({one.id for one in receiver.received}) == 3


def test_a_claim_runs_out_although_its_worker_lives(world: World) -> None:
    state = world.app.state
    with Receiver() as receiver:
        subscribe(world.fleck, receiver, "registration.*")
        _event(world, str(uuid4()))
        Deliverer(world).collect()

        async def hang() -> list[int]:
            async with state.database.line() as line:
                await line.execute("SELECT pg_advisory_lock($1, 41)", WORKERS)
                async with state.database.transaction() as db:
                    await claims.claim(db, 41, state.clock.now(), 2)
                freed = []
                for moment in (state.clock.now(), state.clock.now() + claims.LEASE):
                    async with state.database.transaction() as db:
                        freed.append(await claims.take_back(db, WORKERS, moment))
                return freed

        assert world.http.portal.call(hang) == [0, 1]


def test_who_looks_for_what_waited_too_long_and_what_is_long_done(world: World) -> None:
    state = world.app.state
    with Receiver(lambda one: Answer(204 if one is receiver.received[0] else 500)) as receiver:
        subscribe(world.fleck, receiver, "registration.*")
        _event(world, str(uuid4()))
        deliverer = Deliverer(world)
        deliverer.round()
        _event(world, str(uuid4()))
        deliverer.round()
        deliverer.later(days=29)

        async def expire() -> int:
            async with state.database.transaction() as db:
                return await claims.expire(db, state.clock.now())

        assert world.http.portal.call(expire) == 1
        assert world.http.portal.call(courier.purge, state.database, state.clock, 30) == 0
        deliverer.later(days=2)
        assert world.http.portal.call(courier.purge, state.database, state.clock, 30) == 1
        left = sql(world.database_url, "SELECT status FROM webhook_delivery")
    assert [one["status"] for one in left] == ["failed"]
    attempts: Any = sql(world.database_url, "SELECT count(*) FROM webhook_attempt")[0][0]
    assert attempts == 1


def test_claiming_reads_along_indexes_however_much_there_is(world: World) -> None:
    made = subscribe(world.fleck, "https://systeem.example/", "registration.*")
    sql(
        world.database_url,
        "INSERT INTO event (type, subject, actor, partner, at, data) SELECT 'registration.changed', "
        "gen_random_uuid()::text, 'x', 'fleck', now(), '{}' FROM generate_series(1, 20000)",
        "DELETE FROM event_pending",
        "INSERT INTO webhook_delivery (id, webhook, event, type, subject, status, created_at, attempts, "
        "next_attempt_at, give_up_at, finished_at) "
        f"SELECT gen_random_uuid(), '{made['id']}', id, type, subject, "
        "CASE WHEN id % 20 = 0 THEN 'pending' ELSE 'delivered' END, at, 0, at, at + interval '3 days', "
        "CASE WHEN id % 20 = 0 THEN NULL ELSE at END FROM event WHERE type = 'registration.changed'",
        "ANALYZE webhook_delivery",
        "ANALYZE event",
    )
    statement = claims._CLAIM.text  # noqa: SLF001  its plan is what this is about
    for name, value in {
        "webhooks": f"'{{{made['id']}}}'",
        "rooms": "'{8}'",
        "now": "now()",
        "worker": "1",
        "until": "now()",
    }.items():
        statement = statement.replace(f":{name}", value)
    plan = "\n".join(row[0] for row in sql(world.database_url, f"EXPLAIN {statement}"))
    assert "Seq Scan on webhook_delivery" not in plan
    assert "Seq Scan on event " not in plan
