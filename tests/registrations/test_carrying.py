"""Carry-over: those who were drawn out move to the list of a next edition, if that edition wants it."""

from functools import partial
from typing import Any

import httpx
import pytest

from tests.conftest import sql
from tests.world import JSON, PILOT, PUBLIC_SOURCE, World

NEXT = "noord-midden-2022"
CARRY = f"/v1/editions/{NEXT}/_carry"


def _next_edition(world: World, slug: str = NEXT, **change: Any) -> None:
    body = {
        "slug": slug,
        "training": "cultuurcoordinator-vo",
        "title": "Noord/Midden 2022-2023",
        "region": "Noord/Midden",
        "window": {"opensAt": "2021-07-06T00:00:00+02:00", "closesAt": "2022-07-05T00:00:00+02:00"},
        "capacity": 2,
        **change,
    }
    answer = world.admin.post("/v1/editions", body)
    assert answer.status_code == 201, answer.text


def _drawn_out(world: World, number: int = 2) -> list[JSON]:
    """So many who were drawn out of the pilot, with their tokens, in the order of the waiting list."""
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 1, "quotas": []})
    made = {one["id"]: one for one in (world.complete(world.mocca) for _ in range(number + 1))}
    world.draw()
    items = world.mocca.get("/v1/registrations?status=waitlisted").json()["items"]
    return [
        {**one, "token": made[one["id"]]["enrolmentForm"]["token"]}
        for one in sorted(items, key=lambda one: one["waitingNumber"])
    ]


def _carried(world: World) -> JSON:
    answer = world.admin.post(CARRY, {"from": PILOT})
    assert answer.status_code == 200, answer.text
    carried: JSON = answer.json()
    return carried


def _announced(world: World) -> JSON:
    """The next edition's draw, with two newcomers beside those who were carried over."""
    for _ in range(2):
        world.complete(world.mocca, edition=NEXT)
    world.at("2022-07-06T09:00+02:00")
    beacon = {**PUBLIC_SOURCE, "availableAt": "2022-07-06T10:00:00+02:00"}
    answer = world.admin.post(f"/v1/editions/{NEXT}/draws", {"beacon": beacon})
    assert answer.status_code == 201, answer.text
    announced: JSON = answer.json()
    return announced


def _refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_the_waiting_list_moves_with_its_forms(world: World) -> None:
    waiting = _drawn_out(world)
    _next_edition(world)
    carried = _carried(world)
    assert (len(carried["registrations"]), carried["left"]) == (2, [])
    for old, id in zip(waiting, carried["registrations"], strict=True):
        new = world.mocca.get(f"/v1/registrations/{id}").json()
        assert (new["status"], new["edition"], new["carriedOverFrom"]) == ("complete", NEXT, old["id"])
        same = ("partner", "school", "position", "motivation")
        assert {name: new[name] for name in same} == {name: old[name] for name in same}
        assert {**new["applicant"], "id": ""} == {**old["applicant"], "id": ""}
        assert new["enrolmentForm"]["submittedAt"] == old["enrolmentForm"]["submittedAt"]
        before = world.mocca.get(f"/v1/registrations/{old['id']}").json()
        assert before["status"] == "withdrawn"
        receipt = world.http.get(f"/v1/draw-receipts/{old['token']}").json()
        assert receipt["why"][-1].endswith("volgende editie: Noord/Midden 2022-2023.")
    answers = "SELECT count(*) FROM enrolment_form GROUP BY answers"
    assert [one["count"] for one in sql(world.database_url, answers)] == [5]
    reasons = {one["data"]["reason"] for one in world.events("registration.withdrawn")}
    assert reasons == {f"carried over to {NEXT}"}
    assert world.http.get(f"/v1/editions/{PILOT}").json()["seats"]["waiting"] == 0

    assert _carried(world) == {"registrations": [], "left": []}  # once more is nothing more


def test_it_brings_nothing_unless_the_edition_says_so(world: World) -> None:
    _drawn_out(world)
    _next_edition(world)
    _carried(world)
    announced = _announced(world)
    assert announced["list"]["carryOver"] == {"mode": "none", "weight": None}
    assert {(one["carriedOver"], one["chance"]) for one in announced["list"]["candidates"]} == {
        (False, "1/2")
    }


@pytest.mark.parametrize(
    ("terms", "drawn_out", "others"),
    [
        ({"mode": "priority"}, "1", "0"),
        ({"mode": "weight", "weight": 3}, "3/4", "1/4"),
    ],
)
def test_what_it_brings_is_announced_and_in_the_chances(
    world: World, terms: JSON, drawn_out: str, others: str
) -> None:
    tokens = [one["token"] for one in _drawn_out(world)]
    _next_edition(world, carryOver=terms)
    _carried(world)
    announced = _announced(world)
    assert announced["list"]["carryOver"] == {"weight": None, **terms}
    chances = sorted((one["carriedOver"], one["chance"]) for one in announced["list"]["candidates"])
    assert chances == [(False, others)] * 2 + [(True, drawn_out)] * 2
    receipts = [world.http.get(f"/v1/draw-receipts/{token}").json() for token in tokens]
    assert [(one["edition"], one["chance"], one["why"][-1]) for one in receipts] == [
        (
            NEXT,
            drawn_out,
            f"De loting is aangekondigd en nog niet gepubliceerd; je kans op een plaats is {drawn_out}.",
        )
    ] * 2


def test_who_is_registered_for_the_next_edition_already_stays_where_they_are(world: World) -> None:
    first, second = _drawn_out(world)
    _next_edition(world)
    email = second["applicant"]["email"]
    own = world.complete(world.fleck, edition=NEXT, applicant={"email": email.upper()})
    carried = _carried(world)
    assert carried["left"] == [{"registration": second["id"], "why": "already-registered"}]
    assert len(carried["registrations"]) == 1
    assert world.mocca.get(f"/v1/registrations/{second['id']}").json()["status"] == "waitlisted"
    world.fleck.post(f"/v1/registrations/{own['id']}/_withdraw")
    assert len(_carried(world)["registrations"]) == 1
    assert world.mocca.get(f"/v1/registrations/{first['id']}").json()["status"] == "withdrawn"


def test_carried_over_twice_at_once_each_is_carried_once(world: World) -> None:
    _drawn_out(world)
    _next_edition(world)
    answers = world.http.together([partial(world.admin.post, CARRY, {"from": PILOT})] * 4)
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(len(answer.json()["registrations"]) for answer in answers) == [0, 0, 0, 2]


def test_what_cannot_be_carried_over(world: World) -> None:
    _drawn_out(world)
    _next_edition(world)
    for body, pointer in (({"from": NEXT}, "#/from"), ({}, "#/from"), ({"from": "Niet"}, "#/from")):
        answer = world.admin.post(CARRY, body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)
    assert _refused(world.admin.post(CARRY, {"from": "nergens"})) == (404, "not-found")
    assert _refused(world.mocca.post(CARRY, {"from": PILOT})) == (403, "forbidden")
    sql(
        world.database_url,
        'INSERT INTO training SELECT (jsonb_populate_record(t, \'{"slug": "andere"}\')).* FROM training t',
        f"UPDATE edition SET training = 'andere' WHERE slug = '{NEXT}'",
    )
    answer = world.admin.post(CARRY, {"from": PILOT})
    assert [one["code"] for one in answer.json()["errors"]] == ["other-training"]


def test_nobody_moves_while_either_editions_draw_is_announced(world: World) -> None:
    _drawn_out(world)
    _next_edition(world)
    announced = _announced(world)
    assert _refused(world.admin.post(CARRY, {"from": PILOT})) == (409, "edition-frozen")
    assert _refused(world.admin.post(f"/v1/editions/{PILOT}/_carry", {"from": NEXT})) == (
        409,
        "edition-frozen",
    )
    world.admin.post(f"/v1/draws/{announced['id']}/_void", {"reason": "Eerst overhevelen"})
    assert len(_carried(world)["registrations"]) == 2
