"""Possible duplicates over HTTP: flagged, decided by people, never merged by themselves."""

from typing import Any

import httpx
import pytest

from tests.world import JSON, PILOT, PUBLIC_SOURCE, World, form

PAIRS = f"/v1/editions/{PILOT}/possible-duplicates"
NAMESAKE: JSON = {"school": {"name": "Het Lyceum", "city": "Almere"}}
REASON = "Gebeld op 6 juli."


def _twins(world: World) -> tuple[str, str]:
    """Two registrations under one name at one school, through two partners."""
    return world.complete(world.fleck, **NAMESAKE)["id"], world.complete(world.mocca, **NAMESAKE)["id"]


def _decide(world: World, *pair: str, verdict: str = "different-people", **change: Any) -> httpx.Response:
    body = {"registrations": list(pair), "verdict": verdict, "reason": REASON, **change}
    return world.admin.post(f"{PAIRS}/_decide", body)


def _refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def _status(world: World, registration: str) -> str:
    return str(world.admin.get(f"/v1/registrations/{registration}").json()["status"])


def test_a_draw_waits_until_every_pair_is_decided(world: World) -> None:
    first, second = _twins(world)
    tagged = [
        world.complete(world.mocca, applicant={"givenName": name, "email": email})["id"]
        for name, email in (("Daan", "daan@lyceum.example"), ("D.", "Daan+1@lyceum.example"))
    ]
    pairs = world.admin.get(PAIRS).json()["items"]
    assert [(one["registrations"], one["grounds"], one["verdict"]) for one in pairs] == [
        ([first, second], ["name-and-school"], None),
        (tagged, ["e-mail"], None),
    ]
    assert {_status(world, one) for one in (first, second, *tagged)} == {"complete"}

    world.at("2021-07-06T09:00+02:00")
    for undecided in (pairs, pairs[1:]):
        answer = world.admin.post(f"/v1/editions/{PILOT}/draws", {"beacon": PUBLIC_SOURCE})
        assert _refused(answer) == (409, "duplicates-undecided")
        named = [one["registrations"] for one in answer.json()["possibleDuplicates"]]
        assert named == [one["registrations"] for one in undecided]
        assert _decide(world, *undecided[0]["registrations"][::-1]).status_code == 200  # in any order
    assert world.announce()["drawNeeded"] is False
    assert len(world.admin.get("/v1/registrations?status=complete").json()["items"]) == 4


def test_of_the_same_person_one_stays_and_the_other_is_rejected(world: World) -> None:
    first, second = _twins(world)
    answer = _decide(world, first, second, verdict="same-person", keep=second)
    assert (answer.status_code, answer.json()["verdict"]) == (200, "same-person")
    assert (_status(world, first), _status(world, second)) == ("rejected", "complete")
    [rejected] = world.events("registration.rejected")
    assert (rejected["subject"], rejected["data"]["reason"]) == (first, REASON)
    assert world.admin.get(PAIRS).json()["items"] == []
    again = _decide(world, first, second, verdict="same-person", keep=second)
    assert _refused(again) == (409, "no-possible-duplicate")
    assert len(world.announce()["list"]["candidates"]) == 1


def test_a_later_decision_replaces_the_first_and_both_stay_in_the_audit_trail(world: World) -> None:
    first, second = _twins(world)
    world.at("2021-06-20T12:00+02:00")
    decided = _decide(world, first, second).json()
    assert decided == {
        "registrations": [first, second],
        "grounds": ["name-and-school"],
        "verdict": "different-people",
        "reason": REASON,
        "decidedBy": world.admin.id,
        "decidedAt": "2021-06-20T10:00:00Z",
    }
    assert world.admin.get(PAIRS).json()["items"] == [decided]
    assert _decide(world, first, second, reason="Nog eens gebeld.").status_code == 200
    assert [one["reason"] for one in world.admin.get(PAIRS).json()["items"]] == ["Nog eens gebeld."]
    found = [
        (one["subject"], one["actor"], one["data"]["second"], one["data"]["reason"])
        for one in world.events("duplicate.decided")
    ]
    assert found == [
        (first, world.admin.id, second, REASON),
        (first, world.admin.id, second, "Nog eens gebeld."),
    ]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"verdict": "same-person"}, "#/keep"),
        ({"verdict": "same-person", "keep": "01900000-0000-7000-8000-000000000000"}, "#/keep"),
        ({"keep": "first"}, "#/keep"),
        ({"reason": " "}, "#/reason"),
        ({"reason": None}, "#/reason"),
        ({"verdict": "merged"}, "#/verdict"),
    ],
)
def test_a_decision_says_who_stays_and_why(world: World, change: JSON, pointer: str) -> None:
    first, second = _twins(world)
    change = {**change, **({"keep": first} if change.get("keep") == "first" else {})}
    answer = _decide(world, first, second, **change)
    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (400, [pointer])
    assert [one["verdict"] for one in world.admin.get(PAIRS).json()["items"]] == [None]


def test_only_who_looks_alike_and_is_still_there_is_a_pair(world: World) -> None:
    first, second = _twins(world)
    other, unreturned = world.complete()["id"], world.register(**NAMESAKE)["id"]
    for pair in ((first, other), (first, unreturned), (first, first)):
        assert _refused(_decide(world, *pair)) == (409, "no-possible-duplicate")
    world.mocca.post(f"/v1/registrations/{second}/_withdraw")
    assert world.admin.get(PAIRS).json()["items"] == []
    assert len(world.announce()["list"]["candidates"]) == 2


def test_partners_are_not_told_of_each_others_people(world: World) -> None:
    first, second = _twins(world)
    for party in (world.fleck, world.mocca, world.provider, world.lkca):
        assert party.get(PAIRS).status_code == 403
        body = {"registrations": [first, second], "verdict": "different-people", "reason": REASON}
        assert party.post(f"{PAIRS}/_decide", body).status_code == 403
    _decide(world, first, second, verdict="same-person", keep=first)
    assert first not in world.mocca.get("/v1/events?limit=100").text
    assert world.mocca.get(f"/v1/registrations/{second}").json()["status"] == "rejected"


def test_a_pair_that_arises_after_the_freeze_waits_for_the_next_draw(world: World) -> None:
    older = world.complete(world.fleck, **NAMESAKE)["id"]
    late = world.register(world.mocca, **NAMESAKE)
    announced = world.announce()
    world.http.put(f"/v1/enrolment-forms/{late['enrolmentForm']['token']}", json=form())
    assert [one["registrations"] for one in world.admin.get(PAIRS).json()["items"]] == [[older, late["id"]]]
    world.run(announced)
    assert len(world.publish(announced)["outcome"]["lots"]) == 1

    again = world.admin.post(f"/v1/editions/{PILOT}/draws", {"beacon": PUBLIC_SOURCE})
    assert _refused(again) == (409, "duplicates-undecided")
    seated = _decide(world, older, late["id"], verdict="same-person", keep=late["id"])
    assert _refused(seated) == (409, "move-not-allowed")  # who has a seat is not rejected
    assert [one["verdict"] for one in world.admin.get(PAIRS).json()["items"]] == [None]
    assert _decide(world, older, late["id"], verdict="same-person", keep=older).status_code == 200
    assert (_status(world, older), _status(world, late["id"])) == ("placed", "rejected")


def test_no_decision_takes_a_candidate_out_of_a_draw_that_is_announced(world: World) -> None:
    first = world.complete(world.fleck, **NAMESAKE)["id"]
    second = world.complete(world.mocca, school={"name": "De Campus", "city": "Almere"})["id"]
    announced = world.announce()
    same = {"school": {"name": "Het Lyceum"}}
    assert world.mocca.patch(f"/v1/registrations/{second}", same).status_code == 200
    for step in (lambda: None, lambda: world.run(announced)):
        step()
        for keep in (first, second):
            decided = _decide(world, first, second, verdict="same-person", keep=keep)
            assert _refused(decided) == (409, "candidates-frozen")
    assert [one["verdict"] for one in world.admin.get(PAIRS).json()["items"]] == [None]
    assert world.events("duplicate.decided") == []
    assert _decide(world, first, second).status_code == 200  # both stay, which takes nobody out
    record = world.publish(announced)
    assert (len(record["outcome"]["lots"]), record["outcome"]["withdrawn"]) == (2, [])
    assert (_status(world, first), _status(world, second)) == ("placed", "placed")


def test_of_three_alike_the_younger_two_are_asked_about_once_the_oldest_is_another(world: World) -> None:
    oldest, second, third = (world.complete(world.fleck, **NAMESAKE)["id"] for _ in range(3))
    assert _decide(world, oldest, second).status_code == 200
    assert _decide(world, oldest, third).status_code == 200
    world.at("2021-07-06T09:00+02:00")
    answer = world.admin.post(f"/v1/editions/{PILOT}/draws", {"beacon": PUBLIC_SOURCE})
    assert [one["registrations"] for one in answer.json()["possibleDuplicates"]] == [[second, third]]
    assert _decide(world, second, third, verdict="same-person", keep=third).status_code == 200
    announced = world.announce()
    assert len(announced["list"]["candidates"]) == 2
