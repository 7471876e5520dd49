"""What partners can do with a registration, and what then happens to its seat."""

from datetime import datetime

import pytest

from app import worker
from app.core.clock import Clock
from tests.world import PILOT, World


def _seats(world: World) -> dict[str, int]:
    seats: dict[str, int] = world.http.get(f"/v1/editions/{PILOT}").json()["seats"]
    return seats


def _status(world: World, registration_id: str) -> str:
    return str(world.admin.get(f"/v1/registrations/{registration_id}").json()["status"])


def test_a_placed_teacher_confirms_and_is_a_participant(world: World) -> None:
    made = world.participant()
    assert made["status"] == "confirmed"
    assert _seats(world) == {"capacity": 20, "taken": 1, "free": 19, "waiting": 0}


@pytest.mark.parametrize("verb", ["confirm", "decline"])
def test_what_the_status_does_not_allow_names_what_it_does(world: World, verb: str) -> None:
    made = world.register()
    answer = world.fleck.post(f"/v1/registrations/{made['id']}/_{verb}")
    problem = answer.json()
    assert answer.status_code == 409
    assert (problem["currentStatus"], problem["allowed"]) == (
        "received",
        ["complete", "withdraw", "reject", "lapse"],
    )
    assert _status(world, made["id"]) == "received"


def test_the_reason_stands_in_the_event(world: World) -> None:
    made = world.register()
    world.fleck.post(f"/v1/registrations/{made['id']}/_withdraw", {"reason": "Andere baan"})
    [event] = world.events("registration.withdrawn")
    assert event["data"] == {"before": "received", "reason": "Andere baan"}


@pytest.mark.parametrize("verb", ["withdraw", "decline"])
def test_a_seat_that_falls_free_is_offered_to_the_next_in_line(world: World, verb: str) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 2, "quotas": []})
    people = [world.complete(world.mocca)["id"] for _ in range(4)]
    world.draw()
    waiting = sorted(
        (item for item in world.mocca.get("/v1/registrations?status=waitlisted").json()["items"]),
        key=lambda item: item["waitingNumber"],
    )
    placed = next(id for id in people if _status(world, id) == "placed")
    world.mocca.post(f"/v1/registrations/{placed}/_{verb}")
    assert [_status(world, one["id"]) for one in waiting] == ["placed", "waitlisted"]
    assert _seats(world) == {"capacity": 2, "taken": 2, "free": 0, "waiting": 1}
    assert world.events("registration.placed")[-1]["actor"] == "system"


def test_a_partner_under_its_minimum_goes_first(world: World) -> None:
    quotas = [{"organisation": "fleck", "minimum": 1, "maximum": 1}]
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 2, "quotas": quotas})
    flevoland = [world.complete(world.fleck)["id"] for _ in range(3)]
    amsterdam = [world.complete(world.mocca)["id"] for _ in range(3)]
    world.draw()
    seated = next(id for id in flevoland if _status(world, id) == "placed")
    world.fleck.post(f"/v1/registrations/{seated}/_withdraw")
    assert sum(_status(world, id) == "placed" for id in flevoland) == 1
    elsewhere = next(id for id in amsterdam if _status(world, id) == "placed")
    world.mocca.post(f"/v1/registrations/{elsewhere}/_withdraw")
    assert sum(_status(world, id) == "placed" for id in flevoland) == 1
    assert sum(_status(world, id) == "placed" for id in amsterdam) == 1


def test_an_offer_that_is_not_answered_in_time_passes_on(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 1, "quotas": [], "answerDays": 14})
    people = [world.complete(world.mocca)["id"] for _ in range(2)]
    world.draw()
    first = next(id for id in people if _status(world, id) == "placed")
    [second] = [id for id in people if id != first]
    assert world.admin.get(f"/v1/registrations/{first}").json()["answerBy"] == "2021-07-20T08:00:00Z"

    assert _lapsed(world, "2021-07-20T09:59:59+02:00") == 0
    assert _lapsed(world, "2021-07-20T10:00:00+02:00") == 1
    assert (_status(world, first), _status(world, second)) == ("lapsed", "placed")
    assert _lapsed(world, "2021-07-20T10:00:00+02:00") == 0


def test_a_form_that_is_not_returned_in_time_lapses(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"formsDueAt": "2021-07-10T00:00:00+02:00"})
    late, in_time = world.register(), world.complete()
    assert _lapsed(world, "2021-07-10T00:00:00+02:00") == 1
    assert (_status(world, late["id"]), _status(world, in_time["id"])) == ("lapsed", "complete")


def _lapsed(world: World, moment: str) -> int:
    clock = Clock(datetime.fromisoformat(moment))
    lapsed: int = world.http.portal.call(worker.once, world.app.state.database, clock)
    return lapsed
