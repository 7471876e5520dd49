"""Contact hours and their forecast: who falls short is flagged on the day that it becomes certain, once."""

import asyncio
from functools import partial
from typing import Any

import pytest

from app import worker
from tests.world import JSON, PILOT, Party, World


def _work(world: World) -> None:
    """One round of the background work at the world's moment."""
    state = world.app.state
    world.http.portal.call(partial(worker.once, state.database, state.clock))


def _hours(world: World, id: str, party: Party | None = None) -> JSON:
    answer = (party or world.provider).get(f"/v1/registrations/{id}/contact-hours")
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


def _put(world: World, session: JSON, id: str, **body: Any) -> None:
    answer = world.provider.put(f"/v1/sessions/{session['id']}/attendance/{id}", body)
    assert answer.status_code == 200, answer.text


def _make_up(world: World, id: str, **change: Any) -> JSON:
    body = {"kind": "assignment", "title": "Verslag", "minutes": 180, "reason": "Ziekte", **change}
    answer = world.provider.post(f"/v1/registrations/{id}/make-up-hours", body)
    assert answer.status_code == 201, answer.text
    made: JSON = answer.json()
    return made


@pytest.fixture
def participant(world: World) -> str:
    """A participant of the pilot, whose eight sessions of three hours are all scheduled."""
    made = world.participant()
    world.schedule_national()
    return str(made["id"])


def _flags(world: World) -> list[tuple[str, str, str]]:
    return [
        (event["type"].removeprefix("participant."), event["subject"], event["at"])
        for event in world.events()
        if event["type"].startswith("participant.")
    ]


def test_at_first_everything_is_possible(world: World, participant: str) -> None:
    found = _hours(world, participant)
    numbers = {name: found[name] for name in ("attended", "makeUp", "possible", "needed", "minimum")}
    assert numbers == {"attended": 0, "makeUp": 0, "possible": 1440, "needed": 1200, "minimum": 1200}
    assert (found["outlook"], found["becameCertainAt"], found["unknownSessions"]) == ("reachable", None, 0)


def test_a_session_of_unknown_length_keeps_the_minimum_within_reach(world: World) -> None:
    """The pilot's national sessions had no date: six of three hours alone would never be twenty."""
    made = world.participant()
    found = _hours(world, made["id"])
    assert (found["possible"], found["outlook"], found["unknownSessions"]) == (1080, "reachable", 2)
    for session in world.sessions()[6:]:
        path = f"/v1/sessions/{session['id']}"
        assert world.provider.patch(path, {"contactMinutes": 50}).status_code == 200
    found = _hours(world, made["id"])
    assert (found["possible"], found["outlook"], found["unknownSessions"]) == (1180, "out-of-reach", 0)
    assert [kind for kind, _, _ in _flags(world)] == ["out-of-reach"]


def test_who_falls_below_twenty_hours_is_flagged_that_day_once_and_make_up_hours_restore_it(
    world: World, participant: str
) -> None:
    first, second, third, *others = world.sessions()
    world.at("2021-10-07T17:31+02:00")
    _put(world, first, participant, minutes=180)
    for session, moment in ((second, "2021-11-04T17:31+01:00"), (third, "2021-11-18T18:01+01:00")):
        world.at(moment)
        _put(world, session, participant, presence="absent")
    assert _flags(world) == [("out-of-reach", participant, "2021-11-18T17:01:00Z")]
    found = _hours(world, participant, world.fleck)
    assert (found["outlook"], found["becameCertainAt"]) == ("out-of-reach", "2021-11-18T17:01:00Z")
    assert (found["attended"], found["possible"], found["needed"]) == (180, 900, 1020)

    world.at("2021-12-09T17:31+01:00")
    _put(world, others[0], participant, presence="excused")
    _work(world)
    assert len(_flags(world)) == 1
    make_up = _make_up(world, participant, minutes=300)
    assert _flags(world)[1:] == [("within-reach", participant, "2021-12-09T16:31:00Z")]
    assert _hours(world, participant)["outlook"] == "reachable"

    world.at("2021-12-10T09:00+01:00")
    path = f"/v1/registrations/{participant}/make-up-hours/{make_up['id']}/_revoke"
    assert world.provider.post(path, {"reason": "Niet ingeleverd"}).status_code == 200
    assert _hours(world, participant)["becameCertainAt"] == "2021-12-10T08:00:00Z"
    assert len(_flags(world)) == 3


def test_absence_that_was_written_down_early_is_certain_at_the_end(world: World, participant: str) -> None:
    first, second, *_ = world.sessions()
    world.at("2021-10-07T14:35+02:00")
    _put(world, first, participant, presence="absent")
    world.at("2021-11-04T14:35+01:00")
    _put(world, second, participant, minutes=119)
    assert _hours(world, participant)["outlook"] == "reachable"
    _work(world)
    assert _flags(world) == []
    world.at("2021-11-04T17:30+01:00")
    assert _hours(world, participant)["becameCertainAt"] == "2021-11-04T16:30:00Z"
    world.at("2021-11-04T17:30:25+01:00")
    _work(world)
    _work(world)
    assert _flags(world) == [("out-of-reach", participant, "2021-11-04T16:30:25Z")]
    assert _hours(world, participant)["becameCertainAt"] == "2021-11-04T16:30:00Z"


def test_what_nobody_recorded_is_missed_after_a_week(world: World, participant: str) -> None:
    world.at("2021-11-11T17:29+01:00")
    _work(world)
    assert _hours(world, participant)["outlook"] == "reachable"
    world.at("2021-11-25T18:00+01:00")
    _work(world)
    assert _flags(world) == [("out-of-reach", participant, "2021-11-25T17:00:00Z")]
    assert _hours(world, participant)["becameCertainAt"] == "2021-11-11T16:30:00Z"  # the worker was late
    for session in world.sessions()[:2]:
        _put(world, session, participant, minutes=180, reason="Lijst teruggevonden")
    assert [kind for kind, _, _ in _flags(world)] == ["out-of-reach", "within-reach"]


def test_cancelled_sessions_and_new_ones_change_what_is_possible(world: World, participant: str) -> None:
    world.at("2021-09-01T09:00+02:00")
    one, two, *_ = world.sessions()
    for session in (one, two):
        assert world.provider.post(f"/v1/sessions/{session['id']}/_cancel").status_code == 200
    assert _flags(world) == [("out-of-reach", participant, "2021-09-01T07:00:00Z")]
    extra = {
        "title": "Extra bijeenkomst",
        "mode": "online",
        "editions": [PILOT],
        "startsAt": "2021-10-14T14:30:00+02:00",
        "endsAt": "2021-10-14T16:30:00+02:00",
    }
    assert world.provider.post("/v1/sessions", extra).status_code == 201
    assert [kind for kind, _, _ in _flags(world)] == ["out-of-reach", "within-reach"]
    shorter = {"contactMinutes": 119}
    made = next(session for session in world.sessions() if session["title"] == "Extra bijeenkomst")
    assert world.provider.patch(f"/v1/sessions/{made['id']}", shorter).status_code == 200
    assert [kind for kind, _, _ in _flags(world)] == ["out-of-reach", "within-reach", "out-of-reach"]


def test_the_editions_minimum_is_data(world: World, participant: str) -> None:
    path = f"/v1/editions/{PILOT}"
    assert world.http.get(path).json()["minimumContactMinutes"] == 1200
    assert world.admin.patch(path, {"minimumContactMinutes": 1441}).json()["minimumContactMinutes"] == 1441
    assert [kind for kind, _, _ in _flags(world)] == ["out-of-reach"]
    eligibility = f"/v1/registrations/{participant}/eligibility"
    assert world.lkca.get(eligibility).json()["minimumContactMinutes"] == 1441
    assert world.admin.patch(path, {"minimumContactMinutes": 60}).status_code == 200
    assert [kind for kind, _, _ in _flags(world)] == ["out-of-reach", "within-reach"]
    world.attend(participant, 1)
    hours = world.lkca.get(eligibility, headers={"Accept-Language": "nl"}).json()["requirements"][0]
    assert (hours["met"], hours["explanation"]) == (True, "3 uur contacttijd gevolgd; 1 uur gevraagd.")
    assert _hours(world, participant)["outlook"] == "met"
    assert world.admin.patch(path, {"minimumContactMinutes": None}).json()["minimumContactMinutes"] == 1200
    assert world.admin.patch(path, {"minimumContactMinutes": -1}).status_code == 400


def test_whoever_comes_in_halfway_is_judged_when_the_seat_is_taken(world: World) -> None:
    made = world.complete()
    world.draw()
    world.schedule_national()
    world.at("2022-02-01T09:00+01:00")
    assert world.fleck.post(f"/v1/registrations/{made['id']}/_confirm").status_code == 200
    assert [(kind, at) for kind, _, at in _flags(world)] == [("out-of-reach", "2022-02-01T08:00:00Z")]


def test_changes_at_once_leave_one_flag(world: World, participant: str) -> None:
    world.at("2022-04-08T09:00+02:00")
    sessions = world.sessions()
    requests = [
        partial(
            world.provider.put,
            f"/v1/sessions/{session['id']}/attendance/{participant}",
            {"presence": "absent"},
        )
        for session in sessions
    ]
    assert {answer.status_code for answer in world.http.together(requests)} == {200}
    assert [kind for kind, _, _ in _flags(world)] == ["out-of-reach"]
    late = [
        partial(
            world.provider.put,
            f"/v1/sessions/{session['id']}/attendance/{participant}",
            {"minutes": 180, "reason": "Verkeerde lijst"},
        )
        for session in sessions
    ]
    assert {answer.status_code for answer in world.http.together(late)} == {200}
    assert [kind for kind, _, _ in _flags(world)] == ["out-of-reach", "within-reach"]
    assert _hours(world, participant)["outlook"] == "met"


@pytest.mark.usefixtures("participant")
def test_workers_at_once_flag_once(world: World) -> None:
    world.at("2022-06-01T09:00+02:00")
    database, clock = world.app.state.database, world.app.state.clock

    async def together() -> None:
        await asyncio.gather(*(worker.once(database, clock) for _ in range(4)))

    world.http.portal.call(together)
    assert [kind for kind, _, _ in _flags(world)] == ["out-of-reach"]


def test_an_edition_lists_its_participants_by_outlook(world: World) -> None:
    people = [world.complete(partner)["id"] for partner in (world.mocca, world.mocca, world.fleck)]
    world.draw()
    for id, partner in zip(people, (world.mocca, world.mocca, world.fleck), strict=True):
        assert partner.post(f"/v1/registrations/{id}/_confirm").status_code == 200
    world.schedule_national()
    world.at("2022-04-20T12:00+02:00")
    path = f"/v1/editions/{PILOT}/contact-hours"
    for session in world.sessions()[:7]:
        _put(world, session, people[0], minutes=180)
    assert [one["registration"] for one in world.provider.get(path).json()["items"]] == people
    assert [one["registration"] for one in world.fleck.get(path).json()["items"]] == people[2:]
    met = world.admin.get(path, params={"outlook": "met"}).json()["items"]
    assert [(one["registration"], one["attended"]) for one in met] == [(people[0], 1260)]
    first = world.provider.get(path, params={"outlook": "out-of-reach", "limit": "1"})
    assert [one["registration"] for one in first.json()["items"]] == [people[1]]
    second = world.provider.get(first.headers["link"].partition(">")[0][1:])
    assert [one["registration"] for one in second.json()["items"]] == [people[2]]
    assert second.json()["nextCursor"] is None
    assert world.provider.get("/v1/editions/nergens/contact-hours").status_code == 404
    assert world.provider.get(path, params={"outlook": "lost"}).status_code == 400
