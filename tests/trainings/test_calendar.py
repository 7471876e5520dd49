"""Stories of sessions: moved, put online, unscheduled, shared; and what attendance holds still."""

from functools import partial
from typing import Any

import pytest

from tests.trainings.test_sessions import outsider, planned
from tests.world import JSON, PILOT, World

OTHER = "voorbeeld"
MEETING = "https://meet.example/abc-defg?pwd=Geheim"
UNDATED = {"startsAt": None, "endsAt": None}


def changed(world: World, session: JSON, **change: object) -> JSON:
    answer = world.provider.patch(f"/v1/sessions/{session['id']}", change)
    assert answer.status_code == 200, answer.text
    made: JSON = answer.json()
    return made


def refused(world: World, session: JSON, **change: object) -> JSON:
    answer = world.provider.patch(f"/v1/sessions/{session['id']}", change)
    assert answer.status_code in (400, 409), answer.text
    made: JSON = answer.json()
    return made


def told(world: World, type: str = "session.changed") -> list[tuple[str, JSON]]:
    return [(event["edition"], event["data"]) for event in world.events(type)]


def test_a_move_is_told_with_the_times_before_and_after(world: World) -> None:
    session = world.sessions()[2]
    times = {"startsAt": "2021-12-16T14:30:00+01:00", "endsAt": "2021-12-16T17:30:00+01:00"}
    changed(world, session, **times, location={"city": "Almere"}, reason="Het gebouw is dicht")
    held = {"status": "planned", "mode": "physical", "contactMinutes": 180}
    assert told(world) == [
        (
            PILOT,
            {
                "editions": [PILOT],
                "sequence": 1,
                "membership": "kept",
                "fields": ["endsAt", "location", "startsAt"],
                "reason": "Het gebouw is dicht",
                "before": {
                    **held,
                    "city": "Utrecht",
                    "startsAt": "2021-12-09T13:30:00Z",
                    "endsAt": "2021-12-09T16:30:00Z",
                },
                "after": {
                    **held,
                    "city": "Almere",
                    "startsAt": "2021-12-16T13:30:00Z",
                    "endsAt": "2021-12-16T16:30:00Z",
                },
            },
        )
    ]


def test_a_session_is_put_online_and_its_address_is_not_public(world: World) -> None:
    session = world.sessions()[0]
    made = changed(world, session, mode="online", location=None, onlineUrl=MEETING)
    path = f"/v1/sessions/{session['id']}"
    assert (made["mode"], made["location"], "onlineUrl" in made) == ("online", None, False)
    for public in (path, "/v1/sessions", f"/v1/editions/{PILOT}/calendar.ics"):
        assert "meet.example" not in world.http.get(public).text
    trail = world.admin.get("/v1/events?limit=100").text
    assert "meet.example" not in trail
    [(_, data)] = told(world)
    assert (data["fields"], data["after"]["mode"]) == (["location", "mode", "onlineUrl"], "online")


def test_the_address_is_for_who_gives_the_session(world: World) -> None:
    other, session = outsider(world), planned(world, mode="online", onlineUrl=MEETING)
    path = f"/v1/sessions/{session['id']}/online-meeting"
    for party in (world.provider, world.admin):
        assert party.get(path).json() == {"session": session["id"], "onlineUrl": MEETING}
    assert other.get(path).status_code == 404
    for party in (world.fleck, world.lkca):
        assert party.get(path).status_code == 403
    changed(world, session, onlineUrl=None)
    assert world.provider.get(path).json()["onlineUrl"] is None


@pytest.mark.parametrize(
    "address",
    [
        "http://meet.example/a",
        "https://",
        "https://-x.example",
        "https://user:secret@meet.example/a",
        "https://meet.example/a b",
        "https://meet.example/\u00e9",
        'https://meet.example/"><script>',
        "https://meet.example/a\r\nSTATUS:CANCELLED",
        "javascript:alert(1)",
        "https://meet.example/" + "x" * 2000,
        7,
    ],
)
def test_what_is_no_address_is_refused(world: World, address: object) -> None:
    problem = refused(world, world.sessions()[0], mode="online", onlineUrl=address)
    assert [fault["pointer"] for fault in problem["errors"]] == ["#/onlineUrl"]


def test_a_physical_session_has_no_online_meeting(world: World) -> None:
    session = planned(world, mode="hybrid", onlineUrl=MEETING)
    problem = refused(world, session, mode="physical")
    assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [("#/onlineUrl", "mode")]
    assert changed(world, session, mode="physical", onlineUrl=None)["mode"] == "physical"
    assert refused(world, session, onlineUrl=MEETING)["status"] == 400


def test_a_travel_note_comes_with_the_location_and_goes_with_it(world: World) -> None:
    session = world.sessions()[0]
    note = "Lijn 2.\nUitstappen bij het theater."
    made = changed(world, session, location={"travelNote": note})
    assert made["location"] == {"name": None, "city": "Amsterdam", "address": None, "travelNote": note}
    assert changed(world, session, location={"travelNote": None})["location"]["travelNote"] is None
    changed(world, session, location={"travelNote": note})
    changed(world, session, location=None)
    assert changed(world, session, location={"city": "Almere"})["location"]["travelNote"] is None


def test_a_session_is_unscheduled_and_scheduled_again(world: World) -> None:
    session = world.sessions()[0]
    assert changed(world, session, **UNDATED)["status"] == "unscheduled"
    times = {"startsAt": session["startsAt"], "endsAt": session["endsAt"]}
    assert changed(world, session, **times) == session
    first, second = [data for _, data in told(world)]
    assert (first["before"]["status"], first["after"]["status"]) == ("planned", "unscheduled")
    assert first["fields"] == ["contactMinutes", "endsAt", "startsAt"]
    assert (second["before"], second["after"]) == (first["after"], first["before"])
    assert (first["sequence"], second["sequence"]) == (1, 2)


def test_only_time_place_and_status_count_up_the_sequence(world: World) -> None:
    session = world.sessions()[0]
    changes: list[JSON] = [
        {"title": "Anders"},
        {"phase": "orientatie"},
        {"contactMinutes": 120},
        {"location": {"travelNote": "Lijn 2"}},
        {"location": {"name": "Het Theater"}},
        {"mode": "hybrid"},
        {"onlineUrl": MEETING},
        {"endsAt": "2021-10-07T18:00:00+02:00"},
        {},
    ]
    for change in changes:
        changed(world, session, **change)
    world.provider.post(f"/v1/sessions/{session['id']}/_cancel")
    assert [data["sequence"] for _, data in told(world)] == [0, 0, 0, 0, 1, 2, 3, 4, 4]
    assert told(world, "session.cancelled")[0][1]["sequence"] == 5


def test_a_national_session_is_shared_and_both_editions_are_told(world: World) -> None:
    session = planned(world, editions=[PILOT])
    made = changed(world, session, editions=[OTHER, PILOT])
    assert made["editions"] == [PILOT, OTHER]
    assert made["id"] in [one["id"] for one in world.sessions(OTHER)]
    changed(world, session, title="Landelijk")
    changed(world, session, editions=[OTHER])
    assert made["id"] not in [one["id"] for one in world.sessions(PILOT)]
    world.provider.post(f"/v1/sessions/{session['id']}/_cancel")
    assert [(edition, data["membership"], data["fields"]) for edition, data in told(world)] == [
        (PILOT, "kept", ["editions"]),
        (OTHER, "added", ["editions"]),
        (PILOT, "kept", ["title"]),
        (OTHER, "kept", ["title"]),
        (PILOT, "removed", ["editions"]),
        (OTHER, "kept", ["editions"]),
    ]
    assert {tuple(data["editions"]) for _, data in told(world)[4:]} == {(OTHER,)}
    assert [edition for edition, _ in told(world, "session.cancelled")] == [OTHER]


def test_editions_are_added_and_taken_away_by_who_gives_them(world: World) -> None:
    """The one gives the pilot, the other the other; an administrator gives both."""
    other = outsider(world)
    assert world.admin.patch(f"/v1/editions/{OTHER}", {"providers": ["neos"]}).status_code == 200
    made = planned(world)
    path = f"/v1/sessions/{made['id']}"

    def faults(party: Any, *editions: str) -> list[tuple[str, str]]:
        answer = party.patch(path, {"editions": editions})
        assert answer.status_code == 400, answer.text
        return [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]

    assert faults(world.provider, PILOT, OTHER) == [("#/editions/1", "unknown-edition")]
    assert faults(world.provider, PILOT, "nergens") == [("#/editions/1", "unknown-edition")]
    assert faults(world.provider) == [("#/editions", "too-short")]
    assert other.patch(path, {"editions": [OTHER]}).status_code == 404
    assert world.admin.patch(path, {"editions": [PILOT, OTHER]}).status_code == 200
    assert faults(world.provider, PILOT) == [("#/editions", "not-given")]
    assert faults(other, OTHER) == [("#/editions", "not-given")]
    # Naming what stays is no change of it.
    assert world.provider.patch(path, {"editions": [OTHER, PILOT], "title": "Van ons"}).status_code == 200
    assert other.patch(path, {"editions": [PILOT]}).json()["editions"] == [PILOT]
    assert other.patch(path, {"editions": [PILOT]}).status_code == 404


def test_what_contradicts_recorded_attendance_is_refused(world: World) -> None:
    people = [world.complete(world.mocca)["id"] for _ in range(2)]
    world.draw()
    for one in people:
        world.mocca.post(f"/v1/registrations/{one}/_confirm")
    session = world.sessions()[0]
    world.at("2021-10-07T18:00+02:00")
    items = [{"registration": one, "minutes": m} for one, m in zip(people, (180, 90), strict=True)]
    path = f"/v1/sessions/{session['id']}"
    assert world.provider.put(f"{path}/attendance", {"items": items}).status_code == 200
    before = world.http.get(path).json()
    cases: list[tuple[JSON, int]] = [
        (UNDATED, 2),
        ({"startsAt": "2021-10-14T14:30:00+02:00", "endsAt": "2021-10-14T17:30:00+02:00"}, 2),
        ({"contactMinutes": 179}, 1),
        ({"contactMinutes": 89}, 2),
        ({"endsAt": "2021-10-07T16:00:00+02:00"}, 1),
        ({"editions": [OTHER]}, 2),
    ]
    for change, participants in cases:
        problem = refused(world, session, **change)
        assert problem["type"].endswith(":session-attended"), change
        assert problem["participants"] == participants, change
        assert str(participants) in problem["detail"]
    assert world.http.get(path).json() == before
    harmless: list[JSON] = [
        {"title": "Anders"},
        {"contactMinutes": 180},
        {"startsAt": "2021-10-07T14:00:00+02:00"},
        {"editions": [PILOT, OTHER]},
        {"location": {"city": "Almere"}},
    ]
    for change in harmless:
        changed(world, session, **change)
    # What was corrected first may follow.
    for one in people:
        assert world.provider.put(f"{path}/attendance/{one}", {"minutes": 90}).status_code == 200
    assert changed(world, session, contactMinutes=90)["contactMinutes"] == 90


def test_attendance_and_a_shorter_session_at_once_never_contradict(world: World) -> None:
    one = world.participant(world.mocca)["id"]
    world.at("2022-04-20T12:00+02:00")
    for session in world.sessions()[:6]:
        path = f"/v1/sessions/{session['id']}"
        attend = partial(world.provider.put, f"{path}/attendance/{one}", {"minutes": 180})
        shorten = partial(world.provider.patch, path, {"contactMinutes": 90})
        statuses = [answer.status_code for answer in world.http.together([attend, shorten])]
        assert statuses in ([200, 409], [400, 200])
    attended = world.provider.get("/v1/attendance").json()["items"]
    minutes = {session["id"]: session["contactMinutes"] for session in world.sessions()}
    assert all(row["minutes"] <= minutes[row["session"]] for row in attended)
