"""The calendar of an edition over HTTP, before and after what changes."""

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import vobject

from tests.trainings.test_sessions import planned
from tests.world import PILOT, World

FEED = f"/v1/editions/{PILOT}/calendar.ics"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def read(answer: httpx.Response) -> dict[str, Any]:
    """The entries of a calendar by their summary, as vobject reads them."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    vars(vobject.icalendar)["__tzidMap"].clear()  # it keeps time zones by name, whatever their rules
    entries = vobject.readOne(answer.text).contents.get("vevent", [])
    return {one.summary.value: one for one in entries}


def feed(world: World, edition: str = PILOT, **kwargs: Any) -> dict[str, Any]:
    return read(world.http.get(f"/v1/editions/{edition}/calendar.ics", **kwargs))


def test_the_pilots_calendar_is_the_one_that_was_announced(world: World) -> None:
    """The table in the design, section 1, by the clocks of Amsterdam."""
    found = [
        (
            title,
            one.dtstart.value.astimezone(AMSTERDAM).strftime("%Y-%m-%d %H.%M"),
            one.dtend.value.astimezone(AMSTERDAM).strftime("%H.%M"),
            one.location.value,
        )
        for title, one in feed(world).items()
    ]
    assert found == [
        ("Bijeenkomst 1", "2021-10-07 14.30", "17.30", "Amsterdam"),
        ("Bijeenkomst 2", "2021-11-04 14.30", "17.30", "Amersfoort"),
        ("Bijeenkomst 3", "2021-12-09 14.30", "17.30", "Utrecht"),
        ("Bijeenkomst 4", "2022-01-27 14.30", "17.30", "Almere"),
        ("Bijeenkomst 5", "2022-03-17 14.30", "17.30", "Amsterdam"),
        ("Bijeenkomst 6", "2022-04-07 14.30", "17.30", "Utrecht"),
    ]
    text = world.http.get(FEED).text.replace("\r\n ", "")
    undated = "Landelijke onlinebijeenkomst 1\\, Landelijke onlinebijeenkomst 2"
    assert f"Nog zonder datum: {undated}." in text


def test_a_move_keeps_the_uid_and_counts_up_the_sequence(world: World) -> None:
    before = feed(world)["Bijeenkomst 3"]
    path = f"/v1/sessions/{before.uid.value}"
    world.at("2021-06-16T09:00+02:00")
    times = {"startsAt": "2022-03-27T01:30:00+01:00", "endsAt": "2022-03-27T03:30:00+02:00"}
    assert world.provider.patch(path, {**times, "location": {"city": "Almere"}}).status_code == 200
    after = feed(world)["Bijeenkomst 3"]
    assert (before.sequence.value, after.sequence.value) == ("0", "1")
    assert after.uid.value == before.uid.value
    assert after.location.value == "Almere"
    assert after.dtstart.value.astimezone(UTC).isoformat() == "2022-03-27T00:30:00+00:00"
    assert after.dtend.value.astimezone(UTC).isoformat() == "2022-03-27T01:30:00+00:00"
    text = world.http.get(FEED).text
    # The night in which the clocks go forward: an hour, that reads as two.
    assert (
        "DTSTART;TZID=Europe/Amsterdam:20220327T013000\r\nDTEND;TZID=Europe/Amsterdam:20220327T033000" in text
    )
    assert text.count("LAST-MODIFIED:20210616T070000Z") == text.count("DTSTAMP:20210616T070000Z") == 1


def test_a_cancelled_session_stays_an_unscheduled_one_goes_and_comes_back(world: World) -> None:
    first, second = list(feed(world).values())[:2]
    world.provider.post(f"/v1/sessions/{first.uid.value}/_cancel", {"reason": "Ziekte van de docent"})
    path = f"/v1/sessions/{second.uid.value}"
    world.provider.patch(path, {"startsAt": None, "endsAt": None})
    found = feed(world)
    cancelled = found["Vervallen: Bijeenkomst 1"]
    assert (cancelled.status.value, cancelled.sequence.value) == ("CANCELLED", "1")
    assert cancelled.uid.value == first.uid.value
    assert "Bijeenkomst 2" not in found
    text = world.http.get(FEED).text.replace("\r\n ", "")
    assert "Nog zonder datum: Bijeenkomst 2\\, Landelijke" in text
    assert "Ziekte" not in text  # why is for participants
    times = {"startsAt": "2021-11-11T14:30:00+01:00", "endsAt": "2021-11-11T17:30:00+01:00"}
    world.provider.patch(path, times)
    again = feed(world)["Bijeenkomst 2"]
    assert (again.uid.value, again.sequence.value) == (second.uid.value, "2")


def test_a_session_that_is_put_online_says_so_and_no_more(world: World) -> None:
    session = world.sessions()[0]
    change = {"mode": "online", "onlineUrl": "https://meet.example/geheim", "phase": "orientatie"}
    world.provider.patch(f"/v1/sessions/{session['id']}", change)
    online = feed(world)["Bijeenkomst 1"]
    assert online.location.value == "Online"
    assert online.categories.value == ["Oriëntatie", "Online"]
    assert "geheim" not in world.http.get(FEED).text


def test_a_national_session_is_in_the_calendars_of_both_editions(world: World) -> None:
    made = planned(world, title="Landelijk", editions=[PILOT])
    assert "Landelijk" not in feed(world, "voorbeeld")
    path = f"/v1/sessions/{made['id']}"
    world.admin.patch(path, {"editions": [PILOT, "voorbeeld"]})
    both = [feed(world, edition)["Landelijk"] for edition in (PILOT, "voorbeeld")]
    assert {one.uid.value for one in both} == {made["id"]}
    world.admin.patch(path, {"editions": ["voorbeeld"]})
    assert ["Landelijk" in feed(world, edition) for edition in (PILOT, "voorbeeld")] == [False, True]


def test_the_calendar_goes_by_the_editions_own_clocks(world: World) -> None:
    edition = {
        "slug": "curacao-2021",
        "training": "cultuurcoordinator-vo",
        "title": "Curaçao 2021",
        "region": "Curaçao",
        "timeZone": "America/Curacao",
        "window": {"opensAt": "2021-06-08T00:00:00Z", "closesAt": "2021-07-06T00:00:00Z"},
        "capacity": 5,
    }
    assert world.admin.post("/v1/editions", edition).status_code == 201
    empty = world.http.get("/v1/editions/curacao-2021/calendar.ics")
    assert read(empty) == {}
    assert "BEGIN:VTIMEZONE" in empty.text
    planned(world, world.admin, title="Daar", editions=["curacao-2021"])
    text = world.http.get("/v1/editions/curacao-2021/calendar.ics").text
    assert "DTSTART;TZID=America/Curacao:20211125T093000\r\n" in text
    assert "TZID:America/Curacao\r\nBEGIN:STANDARD\r\n" in text


def test_dutch_unless_english_is_asked_for(world: World) -> None:
    session = world.sessions()[0]["id"]
    world.provider.post(f"/v1/sessions/{session}/_cancel")
    for language, title in (
        (None, "Vervallen"),
        ("nl", "Vervallen"),
        ("fr", "Vervallen"),
        ("en", "Cancelled"),
    ):
        answer = world.http.get(FEED, headers={"Accept-Language": language} if language else {})
        assert f"{title}: Bijeenkomst 1" in answer.text
        assert answer.headers["content-language"] == ("en" if language == "en" else "nl")
        assert "Accept-Language" in answer.headers["vary"]


def test_who_has_the_current_one_gets_no_other(world: World) -> None:
    answer = world.http.get(FEED)
    assert answer.headers["content-disposition"] == f'inline; filename="{PILOT}.ics"'
    headers = {"If-None-Match": answer.headers["etag"]}
    world.at("2021-08-01T09:00+02:00")  # what passes is no change
    assert world.http.get(FEED, headers=headers).status_code == 304
    world.provider.patch(f"/v1/sessions/{world.sessions()[0]['id']}", {"title": "Anders"})
    again = world.http.get(FEED, headers=headers)
    assert (again.status_code, again.headers["etag"] == answer.headers["etag"]) == (200, False)
    head = world.http.request("HEAD", FEED)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", again.headers["etag"])


def test_an_edition_that_is_not_there_has_none(world: World) -> None:
    for path, status in (("nergens", 404), ("Nergens", 400)):
        assert world.http.get(f"/v1/editions/{path}/calendar.ics").status_code == status
