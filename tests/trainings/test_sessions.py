"""Sessions: those of the pilot, and planned, moved and cancelled by who gives them."""

import json
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.world import JSON, PILOT, Party, World

SESSION: JSON = {
    "title": "Bijeenkomst 7",
    "mode": "hybrid",
    "editions": [PILOT],
    "startsAt": "2021-11-25T14:30:00+01:00",
    "endsAt": "2021-11-25T17:30:00+01:00",
    "contactMinutes": 150,
    "phase": "onderzoek",
    "location": {
        "name": "Het Theater",
        "city": "Utrecht",
        "address": "Cultuurplein 1",
        "travelNote": "10 minuten lopen",
    },
}
NOBODY = "01890000-0000-7000-8000-000000000000"


def planned(world: World, party: Party | None = None, **change: object) -> JSON:
    """A session that was planned, whatever else is held then; None leaves a member out."""
    wanted = {**SESSION, "allowOverlap": True, **change}
    body = {name: value for name, value in wanted.items() if value is not None}
    answer = (party or world.provider).post("/v1/sessions", body)
    assert answer.status_code == 201, answer.text
    made: JSON = answer.json()
    return made


def outsider(world: World) -> Party:
    """A provider that gives another edition, and not the pilot."""
    for path, change in (("voorbeeld", ["mocca", "neos"]), (PILOT, ["mocca", "kunst-centraal"])):
        assert world.admin.patch(f"/v1/editions/{path}", {"providers": change}).status_code == 200
    made = world.admin.post("/v1/clients", {"organisation": "neos", "role": "provider"})
    return Party(world, made.json())


def test_the_pilot_has_eight_sessions_as_they_were_announced(world: World) -> None:
    found = [
        (
            item["title"],
            item["mode"],
            item["status"],
            item["startsAt"],
            item["endsAt"],
            item["contactMinutes"],
        )
        for item in world.sessions()
    ]
    assert found[:6] == [
        (f"Bijeenkomst {n}", "physical", "planned", f"{day}:30:00Z", f"{end}:30:00Z", 180)
        for n, day, end in (
            (1, "2021-10-07T12", "2021-10-07T15"),
            (2, "2021-11-04T13", "2021-11-04T16"),
            (3, "2021-12-09T13", "2021-12-09T16"),
            (4, "2022-01-27T13", "2022-01-27T16"),
            (5, "2022-03-17T13", "2022-03-17T16"),
            (6, "2022-04-07T12", "2022-04-07T15"),
        )
    ]
    assert sorted(found[6:]) == [
        (f"Landelijke onlinebijeenkomst {n}", "online", "unscheduled", None, None, 0) for n in (1, 2)
    ]


def test_the_pilots_sessions_are_in_their_cities(world: World) -> None:
    cities = [(item["location"] or {}).get("city") for item in world.sessions()]
    assert cities == ["Amsterdam", "Amersfoort", "Utrecht", "Almere", "Amsterdam", "Utrecht", None, None]
    assert {tuple(item["editions"]) for item in world.sessions()} == {(PILOT,)}


def test_the_physical_ones_alone_are_not_enough_hours(world: World) -> None:
    assert sum(item["contactMinutes"] for item in world.sessions()) == 18 * 60
    world.schedule_national()
    assert sum(item["contactMinutes"] for item in world.sessions()) >= 20 * 60


def test_pages_hold_every_session_once_in_order(world: World) -> None:
    """Also where some begin at the same moment, and some at none."""
    for number in range(3):
        planned(world, title=f"Gelijk {number}")
        planned(world, title=f"Ongepland {number}", startsAt=None, endsAt=None, editions=[PILOT, "voorbeeld"])
    for query, count in ((f"edition={PILOT}&", 14), ("edition=voorbeeld&", 6), ("", 17)):
        whole = [item["id"] for item in world.http.get(f"/v1/sessions?{query}limit=100").json()["items"]]
        assert len(set(whole)) == count
        for limit in (1, 2, 3):
            seen, path = [], f"/v1/sessions?{query}limit={limit}"
            while path:
                answer = world.http.get(path)
                seen += [item["id"] for item in answer.json()["items"]]
                path = answer.links.get("next", {}).get("url", "")
            assert seen == whole


def test_unscheduled_sessions_come_last(world: World) -> None:
    planned(world, startsAt=None, endsAt=None)
    planned(world, startsAt="2099-01-01T00:00:00Z", endsAt="2099-01-01T01:00:00Z")
    starts = [item["startsAt"] for item in world.sessions()]
    assert starts[-3:] == [None] * 3
    assert starts[:-3] == sorted(starts[:-3])


def test_sessions_of_an_edition_that_is_not_there_are_none(world: World) -> None:
    assert world.http.get("/v1/sessions?edition=nergens").json() == {"items": [], "nextCursor": None}


def test_a_session_is_planned(world: World) -> None:
    answer = world.provider.post("/v1/sessions", SESSION)
    made = answer.json()
    assert answer.status_code == 201, answer.text
    assert {**made, "id": None} == {
        **SESSION,
        "id": None,
        "status": "planned",
        "startsAt": "2021-11-25T13:30:00Z",
        "endsAt": "2021-11-25T16:30:00Z",
    }
    again = world.http.get(answer.headers["location"])
    assert (again.json(), again.headers["etag"]) == (made, answer.headers["etag"])
    assert UUID(made["id"]).version == 7
    [event] = world.events("session.planned")
    assert (event["subject"], event["edition"], event["partner"]) == (made["id"], PILOT, None)
    assert event["data"] == {
        "editions": [PILOT],
        "sequence": 0,
        "after": {
            "status": "planned",
            "startsAt": "2021-11-25T13:30:00Z",
            "endsAt": "2021-11-25T16:30:00Z",
            "mode": "hybrid",
            "city": "Utrecht",
            "contactMinutes": 150,
        },
    }


def test_a_session_needs_no_times_nor_a_place(world: World) -> None:
    made = planned(world, startsAt=None, endsAt=None, contactMinutes=None, phase=None, location=None)
    assert (made["status"], made["contactMinutes"], made["location"]) == ("unscheduled", 0, None)


def test_a_session_counts_for_no_more_than_it_lasts(world: World) -> None:
    counted = {
        sent: planned(world, contactMinutes=sent)["contactMinutes"] for sent in (None, 0, 180, 181, 6000)
    }
    assert counted == {None: 180, 0: 0, 180: 180, 181: 180, 6000: 180}


def test_a_national_session_counts_for_every_edition_once(world: World) -> None:
    made = planned(world, editions=["voorbeeld", PILOT, "voorbeeld"])
    assert made["editions"] == [PILOT, "voorbeeld"]
    for edition in (PILOT, "voorbeeld"):
        assert [item["id"] for item in world.sessions(edition)].count(made["id"]) == 1


def test_a_body_that_is_no_session_names_every_fault(world: World) -> None:
    body = {
        "title": "",
        "mode": "by post",
        "editions": [],
        "startsAt": "2021-11-25",
        "endsAt": 1637857800,
        "contactMinutes": "150",
        "phase": "Onderzoek",
        "location": {"name": "x" * 201},
        "status": "planned",
    }
    answer = world.provider.post("/v1/sessions", body)
    pointers = {fault["pointer"] for fault in answer.json()["errors"]}
    assert answer.status_code == 400
    assert pointers == {f"#/{name}" for name in body if name != "location"} | {
        "#/location/name",
        "#/location/city",
    }


def test_everything_that_does_not_fit_comes_in_one_answer(world: World) -> None:
    change = {
        "editions": [PILOT, "nergens", "ergens"],
        "phase": "nergens",
        "endsAt": "2021-11-25T13:00:00+01:00",
    }
    answer = world.provider.post("/v1/sessions", {**SESSION, **change})
    assert answer.status_code == 400
    assert {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]} == {
        ("#/editions/1", "unknown-edition"),
        ("#/editions/2", "unknown-edition"),
        ("#/phase", "unknown-phase"),
        ("#/endsAt", "times"),
    }


def test_a_session_begins_and_then_ends(world: World) -> None:
    path = f"/v1/sessions/{planned(world)['id']}"
    wrong: list[tuple[JSON, str]] = [
        ({"endsAt": None}, "#/endsAt"),
        ({"startsAt": None}, "#/startsAt"),
        ({"endsAt": "2021-11-25T14:30:00+01:00"}, "#/endsAt"),
        ({"endsAt": "2021-11-25T14:29:59+01:00"}, "#/endsAt"),
        ({"endsAt": "2021-11-25T15:00:00+02:00"}, "#/endsAt"),
    ]
    for times, pointer in wrong:
        for answer in (
            world.provider.post("/v1/sessions", {**SESSION, **times}),
            world.provider.patch(path, times),
        ):
            assert answer.status_code == 400
            [fault] = answer.json()["errors"]
            assert (fault["pointer"], fault["code"]) == (pointer, "times")


def test_an_unscheduled_session_is_scheduled_and_unscheduled_again(world: World) -> None:
    session = world.sessions()[-1]
    path = f"/v1/sessions/{session['id']}"
    times = {"startsAt": "2021-11-18T15:00:00+01:00", "endsAt": "2021-11-18T18:00:00+01:00"}
    answer = world.provider.patch(path, times)
    assert answer.json() == {
        **session,
        "status": "planned",
        "startsAt": "2021-11-18T14:00:00Z",
        "endsAt": "2021-11-18T17:00:00Z",
        "contactMinutes": 180,
    }
    assert [item["id"] for item in world.sessions()].index(session["id"]) == 2
    assert world.provider.patch(path, {"startsAt": None, "endsAt": None}).json() == session


def test_a_session_is_moved_and_the_rest_stays(world: World) -> None:
    made = planned(world)
    path = f"/v1/sessions/{made['id']}"
    change = {"location": {"city": "Almere"}, "phase": None, "contactMinutes": None, "title": " Anders "}
    answer = world.provider.patch(path, change)
    after = {
        **made,
        "title": "Anders",
        "phase": None,
        "contactMinutes": 180,
        "location": {**made["location"], "city": "Almere"},
    }
    assert (answer.status_code, answer.json()) == (200, after)
    assert world.provider.patch(path, {}).json() == after
    assert world.provider.patch(path, {"location": None}).json() == {**after, "location": None}
    again = world.http.get(path)
    assert (again.json(), again.headers["etag"]) == (
        {**after, "location": None},
        world.provider.patch(path, {}).headers["etag"],
    )
    fields = [event["data"]["fields"] for event in world.events("session.changed")]
    assert (len(fields[0]), fields[1:]) == (4, [[], ["location"], []])


def test_what_must_be_there_cannot_be_cleared(world: World) -> None:
    path = f"/v1/sessions/{world.sessions()[0]['id']}"
    answer = world.provider.patch(path, {"title": None, "mode": None, "editions": None, "status": "planned"})
    assert answer.status_code == 400
    pointers = {fault["pointer"] for fault in answer.json()["errors"]}
    assert pointers == {"#/title", "#/mode", "#/editions", "#/status"}
    answer = world.provider.patch(path, {"phase": "nergens"})
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/phase"]


def test_a_change_is_made_against_what_was_seen(world: World) -> None:
    path = f"/v1/sessions/{world.sessions()[0]['id']}"
    headers = {"If-Match": world.http.get(path).headers["etag"]}
    requests = [
        partial(world.provider.patch, path, {"title": f"Titel {number}"}, headers=headers)
        for number in range(4)
    ]
    assert sorted(answer.status_code for answer in world.http.together(requests)) == [200] + [412] * 3


def test_a_cancelled_session_stays_marked_and_still(world: World) -> None:
    session = world.sessions()[2]
    path = f"/v1/sessions/{session['id']}"
    answer = world.provider.post(f"{path}/_cancel", {"reason": "Ziekte van de docent"})
    assert (answer.status_code, answer.json()) == (200, {**session, "status": "cancelled"})
    assert world.sessions()[2] == answer.json()
    for refused in (world.provider.post(f"{path}/_cancel"), world.provider.patch(path, {"title": "Toch"})):
        assert refused.status_code == 409
        assert refused.json()["type"].endswith(":session-cancelled")
    [event] = world.events("session.cancelled")
    assert (event["subject"], event["edition"]) == (session["id"], PILOT)
    assert event["data"] == {
        "editions": [PILOT],
        "sequence": 1,
        "before": {
            "status": "planned",
            "startsAt": "2021-12-09T13:30:00Z",
            "endsAt": "2021-12-09T16:30:00Z",
            "mode": "physical",
            "city": "Utrecht",
            "contactMinutes": 180,
        },
        "reason": "Ziekte van de docent",
    }


def test_a_session_is_cancelled_once(world: World) -> None:
    path = f"/v1/sessions/{world.sessions()[0]['id']}/_cancel"
    answers = world.http.together([partial(world.provider.post, path) for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 3


def test_a_reason_may_be_left_out_but_is_no_other_thing(world: World) -> None:
    paths = [f"/v1/sessions/{session['id']}/_cancel" for session in world.sessions()]
    refused: list[Any] = [{"reason": ""}, {"reason": 7}, {"because": "x"}, [], "Ziekte", None]
    headers = {"Content-Type": "application/json"}
    for body in refused:
        answer = world.provider.request("POST", paths[0], content=json.dumps(body), headers=headers)
        assert answer.status_code == 400, body
    for path, content in zip(paths, (b"", b"{}", b'{"reason": null}'), strict=False):
        answer = world.provider.request("POST", path, content=content, headers=headers)
        assert answer.status_code == 200, content


def test_another_editions_provider_finds_nothing_to_change(world: World) -> None:
    other, session = outsider(world), world.sessions()[0]
    path = f"/v1/sessions/{session['id']}"
    assert other.patch(path, {"title": "Van ons"}).status_code == 404
    assert other.patch(path, {"title": "Van ons"}, headers={"If-Match": '"x"'}).status_code == 404
    assert other.post(f"{path}/_cancel").status_code == 404
    answer = other.post("/v1/sessions", SESSION)
    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/editions/0"]
    assert world.http.get(path).json() == session
    assert planned(world, other, editions=["voorbeeld"])["editions"] == ["voorbeeld"]


def test_a_national_session_is_changed_by_each_who_gives_it(world: World) -> None:
    other = outsider(world)
    made = planned(world, world.admin, editions=[PILOT, "voorbeeld"])
    path = f"/v1/sessions/{made['id']}"
    for party in (world.provider, other, world.admin):
        assert party.patch(path, {"title": party.id}).json()["title"] == party.id


def test_partners_certifiers_and_the_public_change_nothing(world: World) -> None:
    path = f"/v1/sessions/{world.sessions()[0]['id']}"
    for party in (world.fleck, world.lkca):
        assert party.post("/v1/sessions", SESSION).status_code == 403
        assert party.patch(path, {"title": "x"}).status_code == 403
        assert party.post(f"{path}/_cancel").status_code == 403
    assert world.http.post("/v1/sessions", json=SESSION).status_code == 401
    assert len(world.sessions()) == 8


def test_what_is_not_there_is_not_found(world: World) -> None:
    for id, status in ((NOBODY, 404), (str(uuid4()), 404), ("nergens", 400), ("7", 400)):
        path = f"/v1/sessions/{id}"
        assert world.http.get(path).status_code == status
        assert world.provider.patch(path, {}).status_code == status
        assert world.provider.post(f"{path}/_cancel").status_code == status


def test_the_first_and_the_last_moment_can_be_read_back(world: World) -> None:
    """The database knows two infinities; a moment must not become one of them."""
    times = {"startsAt": "0001-01-01T00:00:00Z", "endsAt": "9999-12-31T23:59:59.999999Z"}
    answer = world.provider.post("/v1/sessions", {**SESSION, **times, "contactMinutes": 60})
    assert answer.status_code in (201, 400)
    assert world.http.get("/v1/sessions").status_code == 200
    if answer.status_code == 201:
        read = world.http.get(answer.headers["location"]).json()
        assert {name: read[name] for name in times} == times


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        ("2021-10-07T14:30:00+02:00", "2021-10-07T17:30:00+02:00"),
        ("2021-03-28T01:30:00+01:00", "2021-03-28T03:30:00+02:00"),  # the hour in between does not exist
        ("2021-10-31T02:30:00+02:00", "2021-10-31T02:30:00+01:00"),  # the same local time, an hour later
        ("2021-10-07T12:30:00.123456Z", "2021-10-07T12:30:00.999999Z"),
        ("1883-11-18T12:00:00-04:56", "1937-06-01T00:00:00+00:20"),
    ],
)
def test_reading_and_writing_back_moves_a_session_by_nothing(
    world: World, starts_at: str, ends_at: str
) -> None:
    made = planned(world, startsAt=starts_at, endsAt=ends_at)
    first = (made["startsAt"], made["endsAt"])
    assert [datetime.fromisoformat(time) for time in first] == [
        datetime.fromisoformat(starts_at),
        datetime.fromisoformat(ends_at),
    ]
    for _ in range(50):
        read = world.http.get(f"/v1/sessions/{made['id']}")
        times = {name: read.json()[name] for name in ("startsAt", "endsAt")}
        headers = {"If-Match": read.headers["etag"]}
        answer = world.provider.patch(f"/v1/sessions/{made['id']}", times, headers=headers)
        assert (answer.status_code, answer.json()) == (200, made)
        assert answer.headers["etag"] == read.headers["etag"]
    told = [event["data"] for event in world.events("session.changed")]
    assert [(one["fields"], one["sequence"]) for one in told] == [([], 0)] * 50


def test_another_offset_moves_a_session_by_nothing(world: World) -> None:
    made = planned(world)
    start, end = (datetime.fromisoformat(made[name]) for name in ("startsAt", "endsAt"))
    for hours in range(-12, 15):
        zone = timezone(timedelta(hours=hours, minutes=15))
        times = {"startsAt": start.astimezone(zone).isoformat(), "endsAt": end.astimezone(zone).isoformat()}
        assert world.provider.patch(f"/v1/sessions/{made['id']}", times).json() == made
