"""Attendance over HTTP: bulk and single, corrections with history, and what is refused."""

from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from tests.world import PILOT, World


def _people(world: World, count: int) -> list[str]:
    ids = [world.complete(world.mocca)["id"] for _ in range(count)]
    world.draw()
    for id in ids:
        assert world.mocca.post(f"/v1/registrations/{id}/_confirm").status_code == 200
    world.at("2021-10-07T17:30+02:00")
    return ids


def test_a_list_is_saved_and_read_back(world: World) -> None:
    one, two, three = _people(world, 3)
    session = world.sessions()[0]["id"]
    items = [
        {"registration": one, "minutes": 180},
        {"registration": two, "minutes": 0},
        {"registration": three, "minutes": 0, "presence": "excused"},
    ]
    answer = world.provider.put(f"/v1/sessions/{session}/attendance", {"items": items})
    assert answer.status_code == 200
    kept = world.provider.get("/v1/attendance", params={"session": session}).json()["items"]
    found = {row["registration"]: (row["minutes"], row["presence"]) for row in kept}
    assert found == {one: (180, "present"), two: (0, "absent"), three: (0, "excused")}


def test_one_wrong_row_saves_none_and_every_fault_is_named(world: World) -> None:
    one, two, _ = _people(world, 3)
    session = world.sessions()[0]["id"]
    items = [
        {"registration": one, "minutes": 180},
        {"registration": two, "minutes": 181},
        {"registration": str(uuid4()), "minutes": 10},
    ]
    answer = world.provider.put(f"/v1/sessions/{session}/attendance", {"items": items})
    assert answer.status_code == 400
    assert {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]} == {
        ("#/items/1/minutes", "too-many-minutes"),
        ("#/items/2/registration", "unknown-registration"),
    }
    assert world.provider.get("/v1/attendance").json()["items"] == []


def test_a_correction_keeps_what_stood_before(world: World) -> None:
    [one] = _people(world, 1)
    path = f"/v1/sessions/{world.sessions()[0]['id']}/attendance/{one}"
    world.provider.put(path, {"minutes": 180})
    world.provider.put(path, {"minutes": 120, "reason": "Eerder weg"})
    [event] = world.events("attendance.corrected")
    assert event["data"]["before"] == {"minutes": 180, "presence": "present"}
    assert event["data"]["after"] == {"minutes": 120, "presence": "present"}
    assert event["data"]["reason"] == "Eerder weg"


def test_saving_the_same_again_changes_nothing(world: World) -> None:
    [one] = _people(world, 1)
    path = f"/v1/sessions/{world.sessions()[0]['id']}/attendance/{one}"
    first = world.provider.put(path, {"minutes": 180})
    world.at("2021-10-07T18:00+02:00")
    again = world.provider.put(path, {"minutes": 180})
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(world.events("attendance.recorded")) == 1
    assert world.events("attendance.corrected") == []


def test_two_trainers_who_save_at_once_both_succeed(world: World) -> None:
    people = _people(world, 4)
    path = f"/v1/sessions/{world.sessions()[0]['id']}/attendance"
    orders = [people, people[::-1], people, people[::-1]]
    saves = [
        partial(world.provider.put, path, {"items": [{"registration": id, "minutes": 180} for id in order]})
        for order in orders
    ]
    assert [answer.status_code for answer in world.http.together(saves)] == [200] * 4
    assert len(world.events("attendance.recorded")) == 4


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"minutes": -1}, "#/minutes"),
        ({"minutes": 180.5}, "#/minutes"),
        ({"minutes": "180"}, "#/minutes"),
        ({"minutes": True}, "#/minutes"),
        ({"minutes": 181}, "#/minutes"),
        ({"minutes": 10, "presence": "absent"}, "#/minutes"),
        ({"minutes": 10, "presence": "late"}, "#/presence"),
        ({}, "#/minutes"),
    ],
)
def test_what_cannot_be_attended_is_refused(world: World, body: dict[str, object], pointer: str) -> None:
    [one] = _people(world, 1)
    answer = world.provider.put(f"/v1/sessions/{world.sessions()[0]['id']}/attendance/{one}", body)
    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_nobody_attends_before_the_session_begins(world: World) -> None:
    [one] = _people(world, 1)
    sessions = world.sessions()
    world.at("2021-10-07T14:29:59+02:00")
    first = f"/v1/sessions/{sessions[0]['id']}/attendance/{one}"
    assert world.provider.put(first, {"minutes": 1}).status_code == 409
    world.at("2021-10-07T14:30:00+02:00")
    assert world.provider.put(first, {"minutes": 1}).status_code == 200
    unscheduled = f"/v1/sessions/{sessions[-1]['id']}/attendance/{one}"
    assert world.provider.put(unscheduled, {"minutes": 0}).status_code == 409


def test_a_cancelled_session_takes_no_attendance_and_counts_for_nothing(world: World) -> None:
    [one] = _people(world, 1)
    session = world.sessions()[0]["id"]
    world.provider.put(f"/v1/sessions/{session}/attendance/{one}", {"minutes": 180})
    assert world.provider.post(f"/v1/sessions/{session}/_cancel", {"reason": "Ziekte"}).status_code == 200
    assert world.provider.put(f"/v1/sessions/{session}/attendance/{one}", {"minutes": 9}).status_code == 409
    assert world.provider.get(f"/v1/registrations/{one}/progress").json()["contactMinutes"] == 0


def test_only_participants_attend(world: World) -> None:
    made = world.complete(world.mocca)
    world.draw()
    world.at("2021-10-07T17:30+02:00")
    session = world.sessions()[0]["id"]
    answer = world.provider.put(f"/v1/sessions/{session}/attendance/{made['id']}", {"minutes": 180})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "not-a-participant")


def test_a_provider_of_another_edition_finds_nothing(world: World) -> None:
    [one] = _people(world, 1)
    world.admin.patch(f"/v1/editions/{PILOT}", {"providers": ["neos"]})
    session = world.sessions()[0]["id"]
    assert world.provider.put(f"/v1/sessions/{session}/attendance/{one}", {"minutes": 180}).status_code == 404
    assert world.provider.get(f"/v1/registrations/{one}").status_code == 404
    assert world.provider.get("/v1/registrations").json()["items"] == []


def test_a_partner_sees_the_attendance_of_its_own(world: World) -> None:
    [one] = _people(world, 1)
    world.provider.put(f"/v1/sessions/{world.sessions()[0]['id']}/attendance/{one}", {"minutes": 180})
    assert len(world.mocca.get("/v1/attendance").json()["items"]) == 1
    assert world.fleck.get("/v1/attendance").json()["items"] == []


def test_late_and_early_give_the_minutes(world: World) -> None:
    one, two = _people(world, 2)
    session = world.sessions()[0]["id"]
    path = f"/v1/sessions/{session}/attendance"
    items = [
        {"registration": one, "lateMinutes": 20, "earlyMinutes": 10},
        {"registration": two, "presence": "excused", "reason": "Ziek"},
    ]
    first, second = world.provider.put(path, {"items": items}).json()["items"]
    said = (first["minutes"], first["lateMinutes"], first["earlyMinutes"], first["channel"])
    assert said == (150, 20, 10, "in-person")
    said = (second["minutes"], second["lateMinutes"], second["channel"], second["presence"])
    assert said == (0, None, None, "excused")
    wrong = [
        {"registration": one, "lateMinutes": 20, "minutes": 161},
        {"registration": two, "presence": "absent", "channel": "online"},
    ]
    answer = world.provider.put(path, {"items": wrong})
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [
        ("#/items/0/minutes", "contradiction"),
        ("#/items/1/channel", "minutes-without-presence"),
    ]
    online = world.provider.put(f"{path}/{one}", {"minutes": 180, "channel": "online"})
    assert [fault["pointer"] for fault in online.json()["errors"]] == ["#/channel"]


def test_every_version_is_kept_with_its_reason_and_who_gave_it(world: World) -> None:
    [one] = _people(world, 1)
    path = f"/v1/sessions/{world.sessions()[0]['id']}/attendance/{one}"
    assert world.provider.get(path).status_code == 404
    assert world.provider.get(f"{path}/history").status_code == 404
    first = world.provider.put(path, {"minutes": 180})
    world.at("2021-10-08T09:00+02:00")
    body = {"lateMinutes": 60, "reason": "Kwam een uur later"}
    second = world.admin.put(path, body, headers={"If-Match": first.headers["etag"]})
    assert second.status_code == 200
    stale = world.provider.put(path, {"minutes": 90}, headers={"If-Match": first.headers["etag"]})
    assert stale.status_code == 412
    assert world.mocca.get(path).json() == second.json()
    assert world.mocca.get(path).headers["etag"] == second.headers["etag"]
    world.admin.put(path, {"lateMinutes": 60, "reason": "Nog eens"})
    history = world.mocca.get(f"{path}/history").json()["items"]
    known = [(row["version"], row["minutes"], row["recordedBy"], row["reason"]) for row in history]
    assert known == [
        (1, 180, world.provider.id, None),
        (2, 120, world.admin.id, "Kwam een uur later"),
    ]
    assert history[1]["recordedAt"] == "2021-10-08T07:00:00Z"
    page = world.mocca.get(f"{path}/history", params={"limit": "1"})
    following = world.mocca.get(page.headers["link"].partition(">")[0][1:])
    assert [row["version"] for row in page.json()["items"] + following.json()["items"]] == [1, 2]
    for hidden in (path, f"{path}/history"):
        assert world.fleck.get(hidden).status_code == 404


def test_a_list_against_what_was_seen_is_refused_whole_when_somebody_was_first(world: World) -> None:
    one, two, three = _people(world, 3)
    session = world.sessions()[0]["id"]
    path = f"/v1/sessions/{session}/attendance"
    world.provider.put(f"{path}/{one}", {"minutes": 180})
    world.provider.put(f"{path}/{two}", {"minutes": 90})
    world.provider.put(f"{path}/{two}", {"minutes": 100})
    items = [
        {"registration": one, "minutes": 170, "expected": 1},
        {"registration": two, "minutes": 80, "expected": 1},
        {"registration": three, "minutes": 180, "expected": 1},
    ]
    answer = world.provider.put(path, {"items": items})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "attendance-changed")
    rows = [(row["pointer"], row["registration"]) for row in answer.json()["rows"]]
    assert rows == [("#/items/1/expected", two), ("#/items/2/expected", three)]
    assert answer.json()["rows"][0]["stands"] == world.provider.get(f"{path}/{two}").json()
    assert answer.json()["rows"][1]["stands"] is None
    assert world.provider.get(f"{path}/{one}").json()["minutes"] == 180

    items[1]["expected"], items[2]["expected"] = 2, None
    saved = world.provider.put(path, {"items": items})
    assert (saved.status_code, saved.json()["replaced"]) == (200, [])
    assert [row["version"] for row in saved.json()["items"]] == [2, 3, 1]
    before = world.events()
    again = world.provider.put(path, {"items": items})  # the answer got lost
    assert (again.status_code, again.json()) == (200, saved.json())
    assert world.events() == before


def test_without_what_was_seen_the_answer_lists_what_was_replaced(world: World) -> None:
    one, two = _people(world, 2)
    session = world.sessions()[0]["id"]
    path = f"/v1/sessions/{session}/attendance"
    stood = world.admin.put(f"{path}/{one}", {"minutes": 90}).json()
    world.admin.put(f"{path}/{two}", {"minutes": 180})
    items = [{"registration": id, "minutes": 180} for id in (one, two)]
    saved = world.provider.put(path, {"items": items})
    assert saved.json()["replaced"] == [{"registration": one, "stood": stood}]
    assert (stood["recordedBy"], stood["minutes"]) == (world.admin.id, 90)
    assert world.provider.put(path, {"items": items}).json()["replaced"] == []


def test_of_two_lists_at_once_each_row_is_saved_or_told(world: World) -> None:
    """Each trainer's list crosses the other's: whoever is second is refused, or hears what was replaced."""
    people = _people(world, 6)
    path = f"/v1/sessions/{world.sessions()[0]['id']}/attendance"

    def lists(**seen: object) -> list[partial[Any]]:
        return [
            partial(
                party.put,
                path,
                {"items": [{"registration": id, "minutes": minutes, **seen} for id in people[::step]]},
            )
            for party, minutes, step in ((world.provider, 170, 1), (world.admin, 160, -1))
        ]

    answers = world.http.together(lists(expected=None))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    [refused] = [answer for answer in answers if answer.status_code == 409]
    assert len(refused.json()["rows"]) == 6
    assert len(world.events("attendance.recorded")) == 6

    answers = world.http.together(lists())
    assert [answer.status_code for answer in answers] == [200, 200]
    kept = world.provider.get("/v1/attendance").json()["items"]
    assert len({row["minutes"] for row in kept}) == 1
    told = [row["stood"]["minutes"] for answer in answers for row in answer.json()["replaced"]]
    # Six were as one of the two wants: who comes first changes nothing, or is replaced by who comes second.
    assert len(told) in (6, 12)
    assert len(world.events("attendance.corrected")) == len(told)


@pytest.mark.parametrize("expected", [0, -1, "1", 1.5, True])
def test_a_version_is_a_number_from_one_on(world: World, expected: object) -> None:
    [one] = _people(world, 1)
    item = {"registration": one, "minutes": 180, "expected": expected}
    path = f"/v1/sessions/{world.sessions()[0]['id']}/attendance"
    answer = world.provider.put(path, {"items": [item]})
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/items/0/expected"]
