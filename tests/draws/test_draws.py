"""Draws over HTTP: announce, run, publish, rehearse, void, and the public record."""

import json
from functools import partial
from itertools import product
from typing import Any

import pytest

from app.draws.schemas import DrawRead
from app.worker import once
from tests.draws.test_beacon import SIGNATURES
from tests.world import JSON, PILOT, PUBLIC_SOURCE, World, form

# Round 1000 of drand comes at 15:59:24 UTC.
EARLY, IN_TIME, LATE = "2023-08-23T17:00+02:00", "2023-08-23T16:30+02:00", "2023-08-23T18:00+02:00"


def _fill(world: World, flevoland: int, amsterdam: int) -> None:
    for _ in range(flevoland):
        world.complete(world.fleck)
    for _ in range(amsterdam):
        world.complete(world.mocca)


def _seats(world: World, capacity: int, quotas: list[JSON] | None = None, **change: Any) -> None:
    body = {"capacity": capacity, "quotas": [] if quotas is None else quotas, **change}
    assert world.admin.patch(f"/v1/editions/{PILOT}", body).status_code == 200


def _quota(organisation: str, minimum: int, maximum: int) -> JSON:
    return {"organisation": organisation, "minimum": minimum, "maximum": maximum}


def _refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def _by_drand(world: World) -> JSON:
    """A draw of five candidates for two seats, announced for round 1000 of drand."""
    _seats(world, 2)
    _fill(world, 0, 5)
    world.at(IN_TIME)
    answer = world.admin.post(f"/v1/editions/{PILOT}/draws", {"beacon": {"kind": "drand", "round": 1000}})
    assert answer.status_code == 201, answer.text
    announced: JSON = answer.json()
    return announced


def test_a_draw_by_drand(world: World) -> None:
    announced = _by_drand(world)
    assert announced["list"]["beacon"] == {
        "kind": "drand",
        "chain": "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
        "round": 1000,
        "roundAt": "2023-08-23T15:59:24Z",
    }
    assert (announced["status"], announced["outcome"], announced["machineChecked"]) == (
        "announced",
        None,
        True,
    )
    assert {one["chance"] for one in announced["list"]["candidates"]} == {"2/5"}
    path = f"/v1/draws/{announced['id']}"

    early = world.admin.post(f"{path}/_run", {"signature": SIGNATURES[1000]})
    assert _refused(early) == (409, "draw-too-early")
    world.at(LATE)
    for wrong in ({"signature": SIGNATURES[1001]}, {"signature": "00" * 48}, {}, {"value": "1"}):
        assert world.admin.post(f"{path}/_run", wrong).status_code == 400, wrong
    run = world.admin.post(f"{path}/_run", {"signature": SIGNATURES[1000]})
    assert run.status_code == 200, run.text
    random = run.json()["outcome"]["random"]
    assert random["randomness"] == "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd"
    assert [one["seats"] for one in run.json()["outcome"]["seats"]] == [2]


def test_nobody_hears_a_result_before_it_is_published(world: World) -> None:
    announced = _by_drand(world)
    world.at(LATE)
    world.admin.post(f"/v1/draws/{announced['id']}/_run", {"signature": SIGNATURES[1000]})
    public = world.http.get(f"/v1/draws/{announced['id']}").json()
    assert (public["status"], public["outcome"], public["outcomeHash"]) == ("run", None, None)
    assert {one["status"] for one in world.mocca.get("/v1/registrations").json()["items"]} == {"complete"}
    assert world.events("registration.placed") == []

    record = world.publish(announced)
    assert (record["status"], record["publishedAt"]) == ("completed", "2023-08-23T16:00:00Z")
    outcomes = [one["outcome"] for one in record["outcome"]["lots"]]
    assert sorted(outcomes) == ["placed"] * 2 + ["waitlisted"] * 3
    found = [one["status"] for one in world.mocca.get("/v1/registrations").json()["items"]]
    assert sorted(found) == ["placed"] * 2 + ["waitlisted"] * 3
    assert {one["at"] for one in world.events() if one["type"].startswith("registration.placed")} == {
        "2023-08-23T16:00:00Z"
    }
    assert record == world.http.get(f"/v1/draws/{announced['id']}").json()


def test_publishing_leaves_an_event_of_every_move(world: World) -> None:
    """All are moved at once; each event is what moving that one alone would leave."""
    _seats(world, 3, answerDays=14)
    _fill(world, 2, 3)
    announced = world.announce()
    leaver = world.fleck.get("/v1/registrations").json()["items"][0]["id"]
    assert world.fleck.post(f"/v1/registrations/{leaver}/_withdraw", {}).status_code == 200
    world.run(announced)
    world.publish(announced)
    rows = [one for one in world.admin.get("/v1/registrations").json()["items"] if one["id"] != leaver]
    by_id = sorted(rows, key=lambda one: str(one["id"]))
    first = [one for one in by_id if one["status"] == "placed" and not one["waitingNumber"]]
    for verb, moved, told in (
        ("placed", first, {"before": "complete", "answerBy": "2021-07-20T08:00:00Z"}),
        ("waitlisted", [one for one in by_id if one["waitingNumber"]], {"before": "complete"}),
    ):
        events = world.events(f"registration.{verb}")[: len(moved)]
        assert [(one["subject"], one["partner"], one["data"]) for one in events] == [
            (one["id"], one["partner"], told) for one in moved
        ]
        assert {(one["actor"], one["at"]) for one in events} == {(world.admin.id, "2021-07-06T08:00:00Z")}
    assert {one["answerBy"] for one in first} == {"2021-07-20T08:00:00Z"}


def test_the_worker_publishes_at_the_announced_moment(world: World) -> None:
    _seats(world, 2)
    _fill(world, 0, 5)
    announced = world.announce(publishAt="2021-07-06T12:00:00+02:00")
    world.run(announced)
    state = world.app.state
    world.http.portal.call(once, state.database, state.clock)
    assert world.http.get(f"/v1/draws/{announced['id']}").json()["status"] == "run"
    world.at("2021-07-06T12:00+02:00")
    for _ in range(2):
        world.http.portal.call(once, state.database, world.app.state.clock)
    record = world.http.get(f"/v1/draws/{announced['id']}").json()
    assert (record["status"], record["publishedAt"]) == ("completed", "2021-07-06T10:00:00Z")
    assert len(world.events("draw.completed")) == 1


def test_what_is_served_is_what_the_contract_says(world: World) -> None:
    """The record is sent as text that was put together, so its shape is checked here."""
    _seats(world, 3, [_quota("fleck", 2, 4), _quota("mocca", 1, 1)])
    _fill(world, 1, 4)
    announced = world.announce()
    for record in (announced, world.run(announced), world.publish(announced)):
        text = json.dumps(record)
        assert json.loads(DrawRead.model_validate_json(text).model_dump_json()) == record
    assert announced["shortages"] == [{"organisation": "fleck", "seats": 1, "became": "released"}]


def test_everybody_is_placed_when_there_are_seats_for_all(world: World) -> None:
    _fill(world, 2, 3)
    announced = world.announce()
    assert (announced["drawNeeded"], announced["list"]["beacon"]) == (False, None)
    refused = world.admin.post(f"/v1/draws/{announced['id']}/_run", {"value": "1"})
    assert refused.status_code == 400
    world.run(announced)
    record = world.publish(announced)
    assert {one["chance"] for one in record["list"]["candidates"]} == {"1"}
    assert [(one["lot"], one["outcome"]) for one in record["outcome"]["lots"]] == [(None, "placed")] * 5
    seats = world.http.get(f"/v1/editions/{PILOT}").json()["seats"]
    assert seats == {"capacity": 20, "taken": 5, "free": 15, "waiting": 0}
    assert world.events("draw.completed")[0]["data"]["drawNeeded"] is False


def test_a_draw_keeps_the_quotas_and_puts_the_rest_in_line(world: World) -> None:
    _seats(world, 6, [_quota("fleck", 2, 4)])
    _fill(world, 6, 4)
    record = world.draw()
    assert {one["partner"]: one["chance"] for one in record["groups"]} == {"fleck": "3/5", "mocca": "3/5"}
    placed = world.admin.get("/v1/registrations?status=placed").json()["items"]
    waiting = world.admin.get("/v1/registrations?status=waitlisted").json()["items"]
    assert (len(placed), len(waiting)) == (6, 4)
    assert 2 <= sum(one["partner"] == "fleck" for one in placed) <= 4
    assert sorted(one["waitingNumber"] for one in waiting) == [1, 2, 3, 4]


def test_the_record_names_nobody(world: World) -> None:
    made = world.complete()
    text = json.dumps(world.draw())
    assert made["id"] not in text
    assert "Meer" not in text


def test_a_held_minimum_stays_free_and_a_released_one_does_not(world: World) -> None:
    _seats(world, 4, [_quota("fleck", 2, 4)], unfilledMinimum="held")
    _fill(world, 0, 5)
    announced = world.announce()
    assert announced["shortages"] == [{"organisation": "fleck", "seats": 2, "became": "held"}]
    assert announced["groups"][0]["expectedSeats"] == "2"
    world.run(announced)
    world.publish(announced)
    seats = world.http.get(f"/v1/editions/{PILOT}").json()["seats"]
    assert seats == {"capacity": 4, "taken": 2, "free": 2, "waiting": 3}
    world.admin.patch(f"/v1/editions/{PILOT}", {"unfilledMinimum": "released"})
    world.http.portal.call(once, world.app.state.database, world.app.state.clock)
    seats = world.http.get(f"/v1/editions/{PILOT}").json()["seats"]
    assert seats == {"capacity": 4, "taken": 4, "free": 0, "waiting": 1}


def test_no_draw_while_registrations_are_taken_in(world: World) -> None:
    world.complete()
    world.at("2021-07-05T23:59:59+02:00")
    assert _refused(world.admin.post(f"/v1/editions/{PILOT}/draws")) == (409, "window-open")


def test_no_draw_without_candidates(world: World) -> None:
    world.register()
    world.at("2021-07-06T09:00+02:00")
    assert _refused(world.admin.post(f"/v1/editions/{PILOT}/draws")) == (409, "no-candidates")


def test_quotas_that_cannot_be_kept_are_refused_with_the_smallest_change(world: World) -> None:
    _seats(world, 3, [_quota("fleck", 2, 4), _quota("mocca", 3, 4)])
    _fill(world, 3, 3)
    world.at("2021-07-06T09:00+02:00")
    answer = world.admin.post(f"/v1/editions/{PILOT}/draws")
    assert _refused(answer) == (409, "quotas-infeasible")
    assert "5 seats and 3 are free" in answer.json()["detail"]
    assert answer.json()["relaxations"] == [
        {"lowerMinimumsBy": 2, "minimums": {"fleck": 1, "mocca": 2}},
        {"raiseCapacityTo": 5},
    ]
    for enough in (
        {"capacity": 5},
        {"capacity": 3, "quotas": [_quota("fleck", 1, 4), _quota("mocca", 2, 4)]},
    ):
        assert world.admin.patch(f"/v1/editions/{PILOT}", enough).status_code == 200
        announced = world.admin.post(f"/v1/editions/{PILOT}/draws")
        assert announced.status_code == 201, announced.text
        world.admin.post(f"/v1/draws/{announced.json()['id']}/_void", {"reason": "Proef"})


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"beacon": {**PUBLIC_SOURCE, "availableAt": "2021-07-06T09:59:59+02:00"}}, "#/beacon/availableAt"),
        ({"beacon": {"kind": "drand", "round": 1, "at": "2024-01-01T00:00:00Z"}}, "#/beacon/at"),
        ({"beacon": {"kind": "drand", "source": "x"}}, "#/beacon/source"),
        ({"beacon": {**PUBLIC_SOURCE, "round": 1}}, "#/beacon/round"),
        ({"beacon": {**PUBLIC_SOURCE, "field": None}}, "#/beacon/field"),
        (
            {"beacon": {"kind": "drand", "at": "2021-07-06T12:00:00+02:00"}},
            "#/beacon/at",
        ),  # round 1 lies in 2023
        ({"beacon": PUBLIC_SOURCE, "publishAt": "2021-07-06T09:59:59+02:00"}, "#/publishAt"),
        ({"beacon": {"kind": "dice"}}, "#/beacon/kind"),
        ({"beacon": {"kind": "drand", "round": 0}}, "#/beacon/round"),
    ],
)
def test_the_random_value_has_to_lie_an_hour_ahead(world: World, body: JSON, pointer: str | None) -> None:
    _seats(world, 1)
    _fill(world, 0, 2)
    world.at("2021-07-06T09:00+02:00")
    answer = world.admin.post(f"/v1/editions/{PILOT}/draws", body)
    found = [one["pointer"] for one in answer.json().get("errors", [])]
    assert (answer.status_code, found) == ((400, [pointer]) if pointer else (201, []))


def test_a_round_of_drand_that_comes_within_the_hour_is_refused(world: World) -> None:
    _seats(world, 1)
    _fill(world, 0, 2)
    world.at(EARLY)
    answer = world.admin.post(f"/v1/editions/{PILOT}/draws", {"beacon": {"kind": "drand", "round": 1000}})
    assert answer.json()["errors"][0]["pointer"] == "#/beacon/round"
    by_default = world.admin.post(f"/v1/editions/{PILOT}/draws").json()
    assert (by_default["list"]["beacon"]["round"], by_default["drawableAt"]) == (1012, "2023-08-23T16:00:00Z")


def test_the_terms_stand_still_until_the_result_is_published_or_voided(world: World) -> None:
    _seats(world, 1)
    _fill(world, 1, 1)
    announced = world.announce()
    changes: list[JSON] = [
        {"capacity": 30},
        {"quotas": []},
        {"unfilledMinimum": "held"},
        {"carryOver": {"mode": "priority"}},
        {"window": {"closesAt": "2021-08-01T00:00:00Z"}},
    ]
    for change in changes:
        assert _refused(world.admin.patch(f"/v1/editions/{PILOT}", change)) == (409, "edition-frozen"), change
    assert world.admin.patch(f"/v1/editions/{PILOT}", {"title": "Pilot"}).status_code == 200
    assert _refused(world.admin.post(f"/v1/editions/{PILOT}/draws")) == (409, "draw-announced")
    void = world.admin.post(f"/v1/draws/{announced['id']}/_void", {"reason": "Een plaats erbij"}).json()
    assert (void["status"], void["voidReason"], void["outcome"]) == ("void", "Een plaats erbij", None)
    assert world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 1}).status_code == 200
    again = world.announce()
    assert again["list"]["earlierDraws"] == [announced["id"]]


def test_a_result_that_was_voided_stays_to_be_seen(world: World) -> None:
    _seats(world, 1)
    _fill(world, 0, 3)
    announced = world.announce()
    run = world.run(announced)
    world.admin.post(f"/v1/draws/{announced['id']}/_void", {"reason": "Vergissing"})
    record = world.http.get(f"/v1/draws/{announced['id']}").json()
    assert record["outcome"] == run["outcome"]
    assert world.events("draw.voided")[0]["data"]["wasRun"] is True
    assert {one["status"] for one in world.mocca.get("/v1/registrations").json()["items"]} == {"complete"}


def test_two_administrators_who_run_at_once_get_one_result(world: World) -> None:
    _seats(world, 2)
    _fill(world, 0, 5)
    announced = world.announce()
    world.at("2021-07-06T10:00+02:00")
    run = partial(world.admin.post, f"/v1/draws/{announced['id']}/_run", {"value": "739.55"})
    answers = world.http.together([run] * 4)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    publish = partial(world.admin.post, f"/v1/draws/{announced['id']}/_publish")
    answers = world.http.together([publish] * 4)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(world.events("registration.placed")) == 2
    assert _refused(run()) == (409, "draw-move-not-allowed")


def test_what_a_draws_status_does_not_allow_names_what_it_does(world: World) -> None:
    _seats(world, 1)
    _fill(world, 0, 2)
    announced = world.announce()
    path = f"/v1/draws/{announced['id']}"
    answer = world.admin.post(f"{path}/_publish")
    assert _refused(answer) == (409, "draw-move-not-allowed")
    assert (answer.json()["currentStatus"], answer.json()["allowed"]) == (
        "announced",
        ["run", "rehearse", "void"],
    )
    world.run(announced)
    world.publish(announced)
    for verb, body in (
        ("run", {"value": "1"}),
        ("publish", None),
        ("rehearse", None),
        ("void", {"reason": "x"}),
    ):
        answer = world.admin.post(f"{path}/_{verb}", body)
        assert (_refused(answer), answer.json()["allowed"]) == ((409, "draw-move-not-allowed"), [])


def test_a_rehearsal_changes_nothing_and_stays_in_the_audit_trail(world: World) -> None:
    _seats(world, 2)
    _fill(world, 0, 6)
    announced = world.announce()
    path = f"/v1/draws/{announced['id']}"
    rehearsals = [
        world.admin.post(f"{path}/_rehearse", body).json()
        for body in ({"value": "739.55"}, {"value": "739.55"}, {"value": "proef 2"}, None)
    ]
    assert [one["status"] for one in rehearsals] == ["rehearsal"] * 4
    assert rehearsals[0]["outcome"] == rehearsals[1]["outcome"]
    assert len({json.dumps(one["outcome"]["lots"]) for one in rehearsals}) == 3
    assert world.http.get(path).json() == announced
    assert [one["data"]["value"] for one in world.events("draw.rehearsed")][:3] == [
        "739.55",
        "739.55",
        "proef 2",
    ]
    run = world.run(announced, "739.55")
    assert run["outcome"]["lots"] != rehearsals[0]["outcome"]["lots"]  # the same value is no forecast


def test_who_withdraws_after_the_announcement_keeps_the_lot_and_the_seat_passes_on(world: World) -> None:
    _seats(world, 2)
    _fill(world, 0, 5)
    announced = world.announce()
    everybody = world.mocca.get("/v1/registrations").json()["items"]
    for one in everybody[:3]:
        world.mocca.post(f"/v1/registrations/{one['id']}/_withdraw")
    run = world.run(announced)
    assert run["listHash"] == announced["listHash"]
    record = world.publish(announced)
    assert (len(record["outcome"]["lots"]), len(record["outcome"]["withdrawn"])) == (5, 3)
    placed = world.mocca.get("/v1/registrations?status=placed").json()["items"]
    assert {one["id"] for one in placed} == {one["id"] for one in everybody[3:]}


def test_nobody_takes_another_out_of_a_draw_that_is_announced(world: World) -> None:
    """Between run and publication an administrator knows who won; one leaves only of one's own accord."""
    _seats(world, 1)
    _fill(world, 0, 3)
    unreturned = world.register(world.mocca)
    announced = world.announce()
    first, *_ = everybody = world.mocca.get("/v1/registrations?status=complete").json()["items"]
    paths = [f"/v1/registrations/{one['id']}" for one in everybody]
    for step in (lambda: None, lambda: world.run(announced)):
        step()
        for party, path in product((world.admin, world.mocca), paths):
            refused = party.post(f"{path}/_reject", {"reason": "Liever niet"})
            assert _refused(refused) == (409, "candidates-frozen")
    assert world.events("registration.rejected") == []
    # Who returned no form is in no list.
    assert world.mocca.post(f"/v1/registrations/{unreturned['id']}/_reject").status_code == 200
    assert world.mocca.post(f"/v1/registrations/{first['id']}/_withdraw").status_code == 200
    assert len(world.publish(announced)["outcome"]["withdrawn"]) == 1
    assert len(world.mocca.get("/v1/registrations?status=placed").json()["items"]) == 1


def test_a_voided_draw_frees_its_candidates(world: World) -> None:
    made = world.complete(world.mocca)
    announced = world.announce()
    world.admin.post(f"/v1/draws/{announced['id']}/_void", {"reason": "Een kandidaat voldoet niet"})
    assert world.mocca.post(f"/v1/registrations/{made['id']}/_reject").json()["status"] == "rejected"


def test_seats_that_are_promised_to_a_draw_are_not_offered_to_an_older_waiting_list(world: World) -> None:
    """Whoever gives a seat back while a draw is announced gives it to the list when the draw is done."""
    _seats(world, 1)
    _fill(world, 0, 4)
    world.draw()
    placed = world.mocca.get("/v1/registrations?status=placed").json()["items"][0]
    reopened = {"window": {"closesAt": "2021-07-08T00:00:00+02:00"}}
    assert world.admin.patch(f"/v1/editions/{PILOT}", reopened).status_code == 200
    _fill(world, 2, 0)
    _seats(world, 2, [_quota("fleck", 1, 1), _quota("mocca", 1, 1)])
    world.at("2021-07-08T09:00+02:00")
    later = {"beacon": {**PUBLIC_SOURCE, "availableAt": "2021-07-08T10:00:00+02:00"}}
    announced = world.admin.post(f"/v1/editions/{PILOT}/draws", later).json()
    assert announced["list"]["seats"] == 1
    world.mocca.post(f"/v1/registrations/{placed['id']}/_withdraw")
    assert world.http.get(f"/v1/editions/{PILOT}").json()["seats"]["taken"] == 0
    world.at("2021-07-08T10:00+02:00")
    run = world.admin.post(f"/v1/draws/{announced['id']}/_run", {"value": "1"})
    assert run.status_code == 200, run.text
    world.publish(announced)
    seats = world.http.get(f"/v1/editions/{PILOT}").json()["seats"]
    assert (seats["taken"], seats["free"], seats["waiting"]) == (2, 0, 3)


def test_capacity_that_is_added_later_goes_to_the_waiting_list(world: World) -> None:
    _seats(world, 1)
    _fill(world, 0, 3)
    world.draw()
    _seats(world, 2)
    world.http.portal.call(once, world.app.state.database, world.app.state.clock)
    seats = world.http.get(f"/v1/editions/{PILOT}").json()["seats"]
    assert (seats["taken"], seats["waiting"]) == (2, 1)


def test_a_second_draw_fills_what_was_left_and_keeps_the_line(world: World) -> None:
    _seats(world, 2)
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
