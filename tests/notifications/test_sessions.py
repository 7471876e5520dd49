"""News of sessions: to everybody who takes part, the newest state once, and only what is news."""

from typing import Any

import pytest

from tests.notifications.post_office import Postman, PostOffice, html_of, kinds, text_of
from tests.world import PILOT, World

DAYS = {"startsAt": "2021-10-14T14:30:00+02:00", "endsAt": "2021-10-14T17:30:00+02:00"}


@pytest.fixture
def first(world: World, office: PostOffice, postman: Postman) -> dict[str, Any]:
    """The first session of the pilot, with one participant who has had all earlier mail."""
    world.participant()
    # Who takes part in no edition of the session's hears nothing of it.
    world.at("2021-06-15T09:00+02:00")
    world.register()
    world.at("2021-07-06T10:00+02:00")
    postman.round()
    office.received.clear()
    return world.sessions()[0]


def _change(world: World, session: dict[str, Any], **body: Any) -> None:
    answer = world.provider.patch(f"/v1/sessions/{session['id']}", body)
    assert answer.status_code == 200, answer.text


def _told(world: World) -> list[tuple[str, str]]:
    items = world.admin.get("/v1/messages", params={"edition": PILOT}).json()["items"]
    return [one for one in kinds(items) if one[0].startswith("session")]


def test_a_session_that_is_moved_is_told_with_what_was_and_what_is(
    world: World, office: PostOffice, postman: Postman, first: dict[str, Any]
) -> None:
    _change(world, first, **DAYS, reason="De zaal is bezet.")
    assert postman.round() == 0  # it waits for what may follow
    postman.later(minutes=16)
    assert postman.round() == 1
    (mail,) = office.received
    assert mail["Subject"] == f"Gewijzigd: {first['title']}"
    words = text_of(mail)
    assert (
        "Het was donderdag 7 oktober 2021, 14.30 tot 17.30 uur, en wordt donderdag 14 oktober 2021" in words
    )
    assert "De reden: De zaal is bezet." in words
    assert "Amsterdam" in words


def test_several_changes_in_a_row_are_told_once_as_they_end(
    world: World, office: PostOffice, postman: Postman, first: dict[str, Any]
) -> None:
    _change(world, first, **DAYS)
    postman.round()
    postman.later(minutes=5)
    _change(world, first, location={"city": "Utrecht"})
    _change(world, first, mode="online", onlineUrl="https://meet.example/abc")
    postman.round()
    postman.later(minutes=16)
    assert postman.round() == 1
    (mail,) = office.received
    words = text_of(mail)
    assert "7 oktober 2021" in words
    assert "en wordt donderdag 14 oktober 2021" in words
    assert "Het was op locatie, en wordt online." in words
    assert "https://meet.example/abc" in words
    assert "https://meet.example/abc" in html_of(mail)
    assert _told(world) == [
        ("session-changed", "cancelled"),
        ("session-changed", "cancelled"),
        ("session-changed", "sent"),
    ]


def test_a_change_that_is_taken_back_in_time_is_no_news(
    world: World, office: PostOffice, postman: Postman, first: dict[str, Any]
) -> None:
    _change(world, first, **DAYS)
    postman.round()
    _change(world, first, startsAt=first["startsAt"], endsAt=first["endsAt"])
    postman.round()
    postman.later(minutes=16)
    postman.round()
    assert office.received == []
    assert _told(world) == [("session-changed", "cancelled")] * 2


def test_what_was_told_before_is_where_the_next_news_begins(
    world: World, office: PostOffice, postman: Postman, first: dict[str, Any]
) -> None:
    _change(world, first, **DAYS)
    postman.round()
    postman.later(minutes=16)
    postman.round()
    _change(world, first, startsAt=first["startsAt"], endsAt=first["endsAt"])
    postman.round()
    postman.later(minutes=16)
    postman.round()
    assert len(office.received) == 2
    assert "Het was donderdag 14 oktober 2021, 14.30 tot 17.30 uur, en wordt donderdag 7 oktober" in text_of(
        office.received[1]
    )


def test_a_cancelled_session_is_told_in_the_place_of_its_move(
    world: World, office: PostOffice, postman: Postman, first: dict[str, Any]
) -> None:
    _change(world, first, **DAYS)
    postman.round()
    world.provider.post(f"/v1/sessions/{first['id']}/_cancel", {"reason": "Ziekte van de docent."})
    postman.round()
    postman.later(minutes=16)
    postman.round()
    (mail,) = office.received
    assert mail["Subject"] == f"Vervallen: {first['title']}"
    assert "De reden: Ziekte van de docent." in text_of(mail)


def test_a_session_that_is_new_is_told_and_one_that_went_again_is_not(
    world: World, office: PostOffice, postman: Postman, first: dict[str, Any]
) -> None:
    assert first
    body = {"mode": "physical", "editions": [PILOT], "location": {"city": "Almere"}}
    extra = {"startsAt": "2021-11-11T14:30:00+01:00", "endsAt": "2021-11-11T17:30:00+01:00"}
    kept = world.provider.post("/v1/sessions", {**body, **extra, "title": "Extra"}).json()
    _change(world, kept, location={"address": "Esplanade 10"})
    gone = {"startsAt": "2021-11-18T10:00:00+01:00", "endsAt": "2021-11-18T11:00:00+01:00"}
    brief = world.provider.post("/v1/sessions", {**body, **gone, "title": "Kort"}).json()
    world.provider.post(f"/v1/sessions/{brief['id']}/_cancel")
    postman.round()
    postman.later(minutes=16)
    postman.round()
    (mail,) = office.received
    assert mail["Subject"] == "Nieuwe bijeenkomst: Extra"
    assert "Waar: Esplanade 10, Almere" in text_of(mail)


def test_a_date_that_was_not_announced_is_told_when_it_is(
    world: World, office: PostOffice, postman: Postman, first: dict[str, Any]
) -> None:
    assert first
    national = next(one for one in world.sessions() if one["status"] == "unscheduled")
    _change(world, national, title="Landelijke bijeenkomst A")
    postman.round()
    postman.later(minutes=16)
    postman.round()
    assert "De titel is anders." in text_of(office.received[-1])
    _change(world, national, startsAt="2021-11-18T15:00:00+01:00", endsAt="2021-11-18T18:00:00+01:00")
    postman.round()
    postman.later(minutes=16)
    postman.round()
    assert office.received[-1]["Subject"] == "Nieuwe bijeenkomst: Landelijke bijeenkomst A"


def test_what_does_not_matter_to_a_participant_is_not_told(
    world: World, office: PostOffice, postman: Postman, first: dict[str, Any]
) -> None:
    _change(world, first, contactMinutes=150)
    _change(world, first, title=first["title"])
    postman.round()
    postman.later(minutes=16)
    postman.round()
    assert office.received == []
    assert _told(world) == []


def test_what_has_begun_is_no_news(
    world: World, office: PostOffice, postman: Postman, first: dict[str, Any]
) -> None:
    world.at("2021-10-07T14:20+02:00")
    _change(world, first, location={"city": "Utrecht"})
    postman.round()
    postman.later(minutes=16)
    assert postman.round() == 1
    assert office.received == []
    assert _told(world) == [("session-changed", "cancelled")]


def test_a_participant_who_reads_english_gets_the_news_in_english(
    world: World, office: PostOffice, postman: Postman, first: dict[str, Any]
) -> None:
    person = world.admin.get("/v1/registrations", params={"edition": PILOT}).json()["items"][0]["applicant"]
    world.admin.patch(f"/v1/applicants/{person['id']}", {"language": "en"})
    _change(world, first, **DAYS, mode="hybrid")
    postman.round()
    postman.later(minutes=16)
    postman.round()
    words = text_of(office.received[0])
    assert "It was Thursday 7 October 2021, 14:30 to 17:30, and becomes Thursday 14 October 2021" in words
    assert "It was on location, and becomes on location and online." in words


def test_out_of_many_editions_each_participant_is_told_of_the_own(
    world: World, office: PostOffice, postman: Postman, first: dict[str, Any]
) -> None:
    assert first
    national = next(one for one in world.sessions() if one["status"] == "unscheduled")
    _change(world, national, startsAt="2021-11-18T15:00:00+01:00", endsAt="2021-11-18T18:00:00+01:00")
    postman.round()
    postman.later(minutes=16)
    postman.round()
    assert len(office.received) == 1
