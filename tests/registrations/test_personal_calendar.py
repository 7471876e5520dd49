"""A participant's own calendar: what concerns them, for as long as it does, by a link that can be renewed."""

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from app.registrations.attending import Standing, certainty
from app.registrations.lifecycle import Status
from tests.trainings.test_feeds import read
from tests.world import JSON, World

MEETING = "https://meet.example/geheim"
NOON = datetime(2022, 1, 1, 12, tzinfo=UTC)
EARLIER, LATER = NOON.replace(hour=9), NOON.replace(hour=15)
SEATED = (Status.PLACED, Status.CONFIRMED, Status.CERTIFIED)
GONE = (Status.WITHDRAWN, Status.DECLINED, Status.LAPSED)


def address(world: World, registration: JSON) -> str:
    link: str = world.admin.get(f"/v1/registrations/{registration['id']}/personal-links").json()["calendar"]
    return link


def calendar(world: World, registration: JSON) -> dict[str, Any]:
    return read(world.http.get(address(world, registration)))


def statuses(entries: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one.status.value, one.sequence.value) for one in entries.values()}


def verb(world: World, registration: JSON, verb: str) -> None:
    assert world.admin.post(f"/v1/registrations/{registration['id']}/_{verb}").status_code == 200


def test_it_fills_with_the_seat_and_empties_when_somebody_leaves(world: World) -> None:
    made = world.complete(world.mocca)
    assert calendar(world, made) == {}
    world.draw()
    offered = calendar(world, made)
    assert (len(offered), statuses(offered)) == (6, {("TENTATIVE", "0")})
    verb(world, made, "confirm")
    assert statuses(calendar(world, made)) == {("CONFIRMED", "1")}
    world.at("2021-11-20T12:00+01:00")
    verb(world, made, "withdraw")
    left = calendar(world, made)
    assert [(one.status.value, one.sequence.value) for one in left.values()] == [("CONFIRMED", "2")] * 2 + [
        ("CANCELLED", "2")
    ] * 4
    assert {one.uid.value for one in left.values()} == {one.uid.value for one in offered.values()}
    text = world.http.get(address(world, made)).text
    assert text.count("DTSTAMP:20211120T110000Z") == 6
    assert "Nog zonder datum" not in text


def test_only_who_takes_part_finds_where_to_meet_online(world: World) -> None:
    session = world.sessions()[5]["id"]
    change = {"mode": "online", "onlineUrl": MEETING, "location": None}
    assert world.provider.patch(f"/v1/sessions/{session}", change).status_code == 200
    made = world.complete(world.mocca)
    world.draw()
    assert calendar(world, made)["Bijeenkomst 6"].location.value == "Online"
    verb(world, made, "confirm")
    online = calendar(world, made)["Bijeenkomst 6"]
    assert (online.location.value, online.conference.value) == (MEETING, MEETING)
    assert MEETING in online.description.value
    verb(world, made, "withdraw")
    assert "meet.example" not in world.http.get(address(world, made)).text


def test_a_change_reaches_the_participant(world: World) -> None:
    made = world.participant(world.mocca)
    first, second, third = (session["id"] for session in world.sessions()[:3])
    times = {"startsAt": "2021-10-14T14:30:00+02:00", "endsAt": "2021-10-14T17:30:00+02:00"}
    world.provider.patch(f"/v1/sessions/{first}", times)
    world.provider.post(f"/v1/sessions/{second}/_cancel")
    world.provider.patch(f"/v1/sessions/{third}", {"startsAt": None, "endsAt": None})
    found = calendar(world, made)
    assert found["Bijeenkomst 1"].dtstart.value.astimezone(UTC).day == 14
    assert found["Vervallen: Bijeenkomst 2"].sequence.value == "2"
    assert len(found) == 5


def test_a_renewed_link_ends_the_old_one(world: World) -> None:
    made = world.participant(world.mocca)
    old = address(world, made)
    assert len(read(world.http.get(old))) == 6
    world.mocca.post(f"/v1/registrations/{made['id']}/personal-links/_renew")
    assert world.http.get(old).status_code == 404
    assert len(read(world.http.get(address(world, made)))) == 6


def test_no_other_link_opens_it(world: World) -> None:
    made = world.participant(world.mocca)
    links = world.mocca.get(f"/v1/registrations/{made['id']}/personal-links").json()
    page, token = (links[name].rpartition("/")[2] for name in ("page", "calendar"))
    for other in (page, token[:-1], token[:-1] + ("A" if token[-1] != "A" else "B"), "x", "é" * 43):
        assert world.http.get(f"/v1/personal-calendars/{other}").status_code == 404, other
    assert world.http.get(f"/v1/personal-pages/{token}").status_code == 404


def test_the_calendar_does_not_hold_its_own_address(world: World) -> None:
    """What somebody sends on of it is not the link."""
    made = world.participant(world.mocca)
    link = address(world, made)
    answer = world.http.get(link)
    assert link.rpartition("/")[2] not in answer.text.replace("\r\n ", "")
    assert answer.headers["cache-control"] == "no-store"
    headers = {"If-None-Match": answer.headers["etag"]}
    assert world.http.get(link, headers=headers).status_code == 304


def test_it_speaks_english_when_that_is_asked_for(world: World) -> None:
    made = world.participant(world.mocca)
    answer = world.http.get(address(world, made), headers={"Accept-Language": "en"})
    assert "Contact time: 180 minutes" in answer.text


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        # of a session before the moment that they left, after it, without a date
        (Standing(Status.RECEIVED), (None, None, None)),
        (Standing(Status.WAITLISTED, Status.COMPLETE, NOON), (None, None, None)),
        (Standing(Status.PLACED, Status.WAITLISTED, NOON), ("TENTATIVE",) * 3),
        (Standing(Status.CONFIRMED, Status.PLACED, NOON), ("CONFIRMED",) * 3),
        (Standing(Status.CERTIFIED, Status.CONFIRMED, NOON), ("CONFIRMED",) * 3),
        (Standing(Status.WITHDRAWN, Status.CONFIRMED, NOON), ("CONFIRMED", "CANCELLED", "CANCELLED")),
        (Standing(Status.WITHDRAWN, Status.PLACED, NOON), ("CANCELLED",) * 3),
        (Standing(Status.DECLINED, Status.PLACED, NOON), ("CANCELLED",) * 3),
        (Standing(Status.LAPSED, Status.PLACED, NOON), ("CANCELLED",) * 3),
        (Standing(Status.LAPSED, Status.RECEIVED, NOON), (None, None, None)),
        (Standing(Status.WITHDRAWN, Status.WAITLISTED, NOON), (None, None, None)),
        (Standing(Status.REJECTED, Status.COMPLETE, NOON), (None, None, None)),
        (Standing(Status.WITHDRAWN), (None, None, None)),
    ],
)
def test_how_sessions_stand_by_where_somebody_stands(
    standing: Standing, expected: tuple[str | None, ...]
) -> None:
    moments = (EARLIER, LATER, None)
    assert tuple(certainty(standing, at, cancelled=False) for at in moments) == expected
    for at in moments:
        stands = certainty(standing, at, cancelled=True)
        assert stands == (None if certainty(standing, at, cancelled=False) is None else "CANCELLED")


def test_the_sequence_never_counts_down() -> None:
    for before, after in product(SEATED, SEATED):
        if SEATED.index(before) <= SEATED.index(after):
            assert Standing(before).changes <= Standing(after, before).changes
    for before, after in product(SEATED, GONE):
        assert Standing(before).changes < Standing(after, before).changes
