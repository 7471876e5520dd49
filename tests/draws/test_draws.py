"""Draws over HTTP: announce, run, void, and the public record."""

import hashlib
import json
from functools import partial

from app.draws.fairness import Group, allocate, draw_key
from tests.world import PILOT, World, form


def _announce(world: World) -> dict[str, object]:
    world.at("2021-07-06T09:00+02:00")
    answer = world.admin.post(f"/v1/editions/{PILOT}/draws")
    assert answer.status_code == 201, answer.text
    body: dict[str, object] = answer.json()
    assert answer.headers["location"] == f"/v1/draws/{body['id']}"
    return body


def _fill(world: World, flevoland: int, amsterdam: int) -> None:
    for _ in range(flevoland):
        world.complete(world.fleck)
    for _ in range(amsterdam):
        world.complete(world.mocca)


def test_everybody_is_placed_when_there_are_seats_for_all(world: World) -> None:
    _fill(world, 2, 3)
    record = world.draw()
    assert record["drawNeeded"] is False
    assert {candidate["chance"] for candidate in record["candidates"]} == {"1"}
    assert [lot["outcome"] for lot in record["lots"]] == ["placed"] * 5
    seats = world.http.get(f"/v1/editions/{PILOT}").json()["seats"]
    assert seats == {"capacity": 20, "taken": 5, "free": 15, "waiting": 0}


def test_a_draw_keeps_the_quotas_and_puts_the_rest_in_line(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 6})
    _fill(world, 6, 4)
    record = world.draw()
    chances = {candidate["partner"]: candidate["chance"] for candidate in record["candidates"]}
    assert (record["drawNeeded"], chances) == (True, {"fleck": "3/5", "mocca": "3/5"})
    placed = world.admin.get("/v1/registrations?status=placed").json()["items"]
    waiting = world.admin.get("/v1/registrations?status=waitlisted").json()["items"]
    assert (len(placed), len(waiting)) == (6, 4)
    assert 2 <= sum(one["partner"] == "fleck" for one in placed) <= 4
    assert sorted(one["waitingNumber"] for one in waiting) == [1, 2, 3, 4]


def test_anyone_can_recompute_the_draw_from_its_record(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 5})
    _fill(world, 5, 5)
    announced = _announce(world)
    assert (announced["seed"], announced["lots"]) == (None, [])
    world.admin.post(f"/v1/draws/{announced['id']}/_run")
    record = world.http.get(f"/v1/draws/{announced['id']}").json()

    frozen = {
        "method": record["method"],
        "edition": record["edition"],
        "seats": record["seats"],
        "quotas": record["quotas"],
        "candidates": [[one["label"], one["partner"]] for one in record["candidates"]],
    }
    text = json.dumps(frozen, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == record["listHash"] == announced["listHash"]
    seed = bytes.fromhex(record["seed"])
    assert hashlib.sha256(seed).hexdigest() == record["seedHash"] == announced["seedHash"]

    candidates = {one["label"]: one["partner"] for one in record["candidates"]}
    groups = [Group("fleck", 5, 2, 4), Group("mocca", 5, 0, 5)]
    key = draw_key(seed, bytes.fromhex(record["listHash"]))
    order, winners = allocate(candidates, groups, record["seats"], key)
    assert [lot["label"] for lot in record["lots"]] == order
    assert {lot["label"] for lot in record["lots"] if lot["outcome"] == "placed"} == winners


def test_the_record_names_nobody(world: World) -> None:
    made = world.complete()
    record = world.draw()
    text = json.dumps(record)
    assert made["id"] not in text
    assert "Meer" not in text


def test_the_waiting_list_follows_the_order_of_the_draw(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 2, "quotas": []})
    _fill(world, 0, 6)
    record = world.draw()
    lots = [lot["lot"] for lot in record["lots"] if lot["outcome"] == "waitlisted"]
    assert lots == sorted(lots)
    assert [lot["lot"] for lot in record["lots"]] == [1, 2, 3, 4, 5, 6]


def test_no_draw_while_registrations_are_taken_in(world: World) -> None:
    world.complete()
    world.at("2021-07-05T23:59:59+02:00")
    answer = world.admin.post(f"/v1/editions/{PILOT}/draws")
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "window-open")


def test_no_draw_without_candidates(world: World) -> None:
    world.register()
    world.at("2021-07-06T09:00+02:00")
    answer = world.admin.post(f"/v1/editions/{PILOT}/draws")
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "no-candidates")


def test_quotas_that_cannot_be_kept_are_refused_in_words(world: World) -> None:
    quotas = [
        {"organisation": "fleck", "minimum": 2, "maximum": 4},
        {"organisation": "mocca", "minimum": 2, "maximum": 4},
    ]
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 3, "quotas": quotas})
    _fill(world, 3, 3)
    world.at("2021-07-06T09:00+02:00")
    answer = world.admin.post(f"/v1/editions/{PILOT}/draws")
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "quotas-infeasible")
    assert "4 seats and 3 are free; lower the minimums by 1 or add seats" in answer.json()["detail"]


def test_seats_and_quotas_stand_still_once_a_draw_is_announced(world: World) -> None:
    _fill(world, 1, 1)
    announced = _announce(world)
    assert world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 30}).status_code == 409
    assert world.admin.patch(f"/v1/editions/{PILOT}", {"title": "Pilot"}).status_code == 200
    assert world.admin.post(f"/v1/editions/{PILOT}/draws").status_code == 409
    void = world.admin.post(f"/v1/draws/{announced['id']}/_void", {"reason": "Een plaats erbij"})
    assert (void.status_code, void.json()["status"], void.json()["seed"]) == (200, "void", None)
    assert world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 30}).status_code == 200
    assert world.admin.post(f"/v1/editions/{PILOT}/draws").status_code == 201


def test_two_administrators_who_run_at_once_get_one_result(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 2, "quotas": []})
    _fill(world, 0, 5)
    announced = _announce(world)
    run = partial(world.admin.post, f"/v1/draws/{announced['id']}/_run")
    answers = world.http.together([run] * 4)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(world.events("registration.placed")) == 2


def test_a_seat_drawn_for_who_withdrew_passes_on(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 2, "quotas": []})
    _fill(world, 0, 5)
    announced = _announce(world)
    everybody = world.mocca.get("/v1/registrations").json()["items"]
    for one in everybody[:3]:
        world.mocca.post(f"/v1/registrations/{one['id']}/_withdraw")
    record = world.admin.post(f"/v1/draws/{announced['id']}/_run").json()
    assert len(record["lots"]) == 5
    placed = world.mocca.get("/v1/registrations?status=placed").json()["items"]
    assert {one["id"] for one in placed} == {one["id"] for one in everybody[3:]}


def test_a_second_draw_fills_what_was_left_and_keeps_the_line(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 2, "quotas": []})
    _fill(world, 0, 4)
    late = world.register(world.mocca)
    world.draw()
    world.http.put(f"/v1/enrolment-forms/{late['enrolmentForm']['token']}", json=form())
    world.draw()
    after = world.mocca.get(f"/v1/registrations/{late['id']}").json()
    assert (after["status"], after["waitingNumber"]) == ("waitlisted", 3)


def test_only_administrators_draw(world: World) -> None:
    world.complete()
    world.at("2021-07-06T09:00+02:00")
    for party in (world.fleck, world.provider, world.lkca):
        assert party.post(f"/v1/editions/{PILOT}/draws").status_code == 403
