"""The year of one participant over real HTTP: sessions change, a check-in, a correction, missing hours."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.server import HTTP, JSON, Caller, Server
from tests.world import PILOT, form, registration


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as server:
        yield server


def test_a_participants_year(server: Server) -> None:
    server.at("2021-06-15T09:00+02:00")
    fleck, provider = server.client("fleck", "partner"), server.client("mocca", "provider")
    admin = server.client("lkca", "admin")
    made = fleck.post("/v1/registrations", registration(), status=201)
    link = f"{server.url}/v1/enrolment-forms/{made['enrolmentForm']['token']}"
    assert HTTP.put(link, json=form()).status_code == 200

    server.at("2021-07-06T10:00+02:00")
    draw = admin.post(f"/v1/editions/{PILOT}/draws", {}, status=201)
    admin.post(f"/v1/draws/{draw['id']}/_run", {})
    admin.post(f"/v1/draws/{draw['id']}/_publish")
    fleck.post(f"/v1/registrations/{made['id']}/_confirm")
    links = fleck.get(f"/v1/registrations/{made['id']}/personal-links")
    _schedule_national_meetings(server, provider)

    server.at("2021-10-07T14:45+02:00")
    _check_in(provider, links, _sessions(server)[0])

    server.at("2021-12-10T12:00+01:00")
    _correct(provider, made["id"], _sessions(server)[0])
    _change_sessions(server, provider, links)
    _fall_short(provider, admin, made["id"], _sessions(server))


def _sessions(server: Server) -> list[JSON]:
    items: list[JSON] = HTTP.get(f"{server.url}/v1/sessions", params={"edition": PILOT}).json()["items"]
    return items


def _schedule_national_meetings(server: Server, provider: Caller) -> None:
    days = iter(("2021-11-18", "2022-03-31"))
    for session in _sessions(server):
        if session["status"] == "unscheduled":
            day = next(days)
            times = {"startsAt": f"{day}T14:00:00+00:00", "endsAt": f"{day}T17:00:00+00:00"}
            provider.patch(f"/v1/sessions/{session['id']}", times)


def _check_in(provider: Caller, links: JSON, session: JSON) -> None:
    """With the code that the trainer shows, a quarter of an hour late; a wrong code does nothing."""
    shown = provider.get(f"/v1/sessions/{session['id']}/check-in-code")
    wrong = {"session": session["id"], "code": f"{(int(shown['code']) + 1) % 10**6:06d}"}
    assert HTTP.post(f"{links['page']}/check-ins", json=wrong).status_code in (400, 409)
    right = HTTP.post(f"{links['page']}/check-ins", json={**wrong, "code": shown["code"]})
    assert right.status_code == 200, right.text
    assert (right.json()["presence"], right.json()["minutes"]) == ("present", 165)


def _correct(provider: Caller, registration_id: str, session: JSON) -> None:
    path = f"/v1/sessions/{session['id']}/attendance/{registration_id}"
    provider.put(path, {"minutes": 180, "reason": "Was op tijd, de code liet op zich wachten"})
    assert [one["minutes"] for one in provider.get(f"{path}/history")["items"]] == [165, 180]


def _change_sessions(server: Server, provider: Caller, links: JSON) -> None:
    """One is cancelled, one moves, one goes online: everybody's calendar and the participant's own follow."""
    fourth, fifth, sixth = (
        one for one in _sessions(server) if one["startsAt"] > "2022" and one["mode"] == "physical"
    )
    provider.post(f"/v1/sessions/{fourth['id']}/_cancel", {"reason": "Zaal is gesloten"})
    moved = {"startsAt": "2022-03-24T14:30:00+01:00", "endsAt": "2022-03-24T17:30:00+01:00"}
    provider.patch(f"/v1/sessions/{fifth['id']}", moved)
    provider.patch(f"/v1/sessions/{sixth['id']}", {"mode": "online", "onlineUrl": "https://meet.example/x"})
    overlapping = {"title": "Extra", "mode": "online", "editions": [PILOT], **moved}
    assert provider.request("POST", "/v1/sessions", overlapping).status_code == 409
    public = HTTP.get(f"{server.url}/v1/editions/{PILOT}/calendar.ics").text
    own = HTTP.get(links["calendar"]).text
    for feed in (public, own):
        assert feed.count("STATUS:CANCELLED") == 1
        assert "DTSTART;TZID=Europe/Amsterdam:20220324T143000" in feed
    assert "meet.example" not in public
    assert "meet.example" in own.replace("\r\n ", "")


def _fall_short(provider: Caller, admin: Caller, registration_id: str, sessions: list[JSON]) -> None:
    """Of 21 hours that were left, three are missed: it is certain that day, and told once."""
    held = [one for one in sessions if one["startsAt"] < "2021-12-10"]
    before = provider.get(f"/v1/registrations/{registration_id}/contact-hours")
    for session in held[1:]:
        path = f"/v1/sessions/{session['id']}/attendance/{registration_id}"
        provider.put(path, {"minutes": 0 if session == held[1] else 180})
    after = provider.get(f"/v1/registrations/{registration_id}/contact-hours")
    assert (before["minimum"], after["outlook"]) == (1200, "out-of-reach")
    assert after["attended"] + after["possible"] == 18 * 60
    listed = provider.get(f"/v1/editions/{PILOT}/contact-hours?outlook=out-of-reach")["items"]
    assert [one["registration"] for one in listed] == [registration_id]
    hours = {"kind": "assignment", "title": "Verslag", "minutes": 120, "reason": "Miste bijeenkomst 2"}
    provider.post(f"/v1/registrations/{registration_id}/make-up-hours", hours, status=201)
    again = provider.get(f"/v1/registrations/{registration_id}/contact-hours")
    assert (again["makeUp"], again["outlook"]) == (120, "reachable")
    told = [one["type"] for one in admin.get(f"/v1/events?subject={registration_id}&limit=100")["items"]]
    assert told[-1] == "participant.within-reach"
