"""Attendance over HTTP: bulk and single, corrections with history, and what is refused."""

from functools import partial
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
