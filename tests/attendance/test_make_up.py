"""Make-up hours: approved and revoked, counted for the certificate, and what cannot be made up."""

from typing import Any

import httpx
import pypdfium2
import pytest

from tests.world import JSON, PILOT, World

ASSIGNMENT = {
    "kind": "assignment",
    "title": "Verslag studiedag",
    "minutes": 120,
    "reason": "Ziek op 9 december",
}


@pytest.fixture
def participant(world: World) -> str:
    made = world.participant()
    world.at("2022-04-20T12:00+02:00")
    return str(made["id"])


def _approve(world: World, id: str, **change: Any) -> httpx.Response:
    body = {name: value for name, value in {**ASSIGNMENT, **change}.items() if value is not None}
    return world.provider.post(f"/v1/registrations/{id}/make-up-hours", body)


def _elsewhere(world: World, **change: Any) -> JSON:
    """A session of another region's edition."""
    edition = world.http.get(f"/v1/editions/{PILOT}").json()
    zuid = {name: edition[name] for name in ("training", "title", "window", "capacity")}
    world.admin.post("/v1/editions", {**zuid, "slug": "zuid-2021", "region": "Zuid", "providers": ["neos"]})
    session = {
        "title": "Studiedag Zuid",
        "mode": "physical",
        "editions": ["zuid-2021"],
        "startsAt": "2022-03-01T23:30:00+01:00",
        "endsAt": "2022-03-02T01:30:00+01:00",
        "location": {"city": "Maastricht"},
        **change,
    }
    made: JSON = world.admin.post("/v1/sessions", session).json()
    return made


def test_hours_that_were_made_up_count_until_they_are_revoked(world: World, participant: str) -> None:
    world.attend(participant, 6)
    answer = _approve(world, participant)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"].endswith(f"/make-up-hours/{made['id']}")
    known = (made["approvedBy"], made["approvedAt"], made["doneOn"], made["revokedAt"])
    assert known == (world.provider.id, "2022-04-20T10:00:00Z", "2022-04-20", None)
    read = world.fleck.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (made, answer.headers["etag"])

    eligibility = f"/v1/registrations/{participant}/eligibility"
    hours = world.lkca.get(eligibility, headers={"Accept-Language": "nl"}).json()
    assert (hours["contactMinutes"], hours["requirements"][0]["met"]) == (1200, True)
    assert "(waarvan 2 uur ingehaald)" in hours["requirements"][0]["explanation"]
    assert world.fleck.get(f"/v1/registrations/{participant}/progress").json()["contactMinutes"] == 1200

    path = f"{answer.headers['location']}/_revoke"
    assert world.provider.post(path, {}).status_code == 400
    revoked = world.provider.post(path, {"reason": "Niet ingeleverd"}).json()
    assert (revoked["revokedBy"], revoked["revokeReason"]) == (world.provider.id, "Niet ingeleverd")
    assert world.provider.post(path, {"reason": "Nog eens"}).status_code == 409
    assert world.lkca.get(eligibility).json()["contactMinutes"] == 1080
    listed = world.fleck.get(f"/v1/registrations/{participant}/make-up-hours").json()["items"]
    assert listed == [revoked]
    assert [event["type"] for event in world.events() if event["type"].startswith("make-up.")] == [
        "make-up.approved",
        "make-up.revoked",
    ]


def test_the_certificate_tells_what_was_made_up(world: World, participant: str) -> None:
    elsewhere = _elsewhere(world)
    world.attend(participant, 6)
    assert _approve(world, participant, doneOn="2021-12-24", minutes=30).status_code == 201
    assert (
        _approve(world, participant, kind="session", session=elsewhere["id"], title=None).status_code == 201
    )
    world.pass_phases(participant)
    issued = world.lkca.post("/v1/certificates", {"registration": participant})
    assert (issued.status_code, issued.json()["contactMinutes"]) == (201, 1230)
    document = world.lkca.get(f"/v1/certificates/{issued.json()['number']}/pdf").content
    words = " ".join(pypdfium2.PdfDocument(document)[1].get_textpage().get_text_range().split())
    assert "24 december 2021 Verslag studiedag ingehaald 0,5 uur" in words
    assert "1 maart 2022 Studiedag Zuid Maastricht, op locatie 2 uur" in words
    assert "Samen 20,5 uur" in words


def test_a_session_elsewhere_gives_its_title_and_day_and_counts_once(world: World, participant: str) -> None:
    session = _elsewhere(world)["id"]
    first = _approve(world, participant, kind="session", session=session, title=None)
    assert first.status_code == 201, first.text
    assert (first.json()["title"], first.json()["doneOn"]) == ("Studiedag Zuid", "2022-03-01")
    again = _approve(world, participant, kind="session", session=session)
    assert [fault["code"] for fault in again.json()["errors"]] == ["approved-before"]
    path = f"/v1/registrations/{participant}/make-up-hours/{first.json()['id']}/_revoke"
    world.provider.post(path, {"reason": "Verkeerde persoon"})
    assert _approve(world, participant, kind="session", session=session).status_code == 201


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"minutes": 0}, {("#/minutes", "greater-than-equal")}),
        ({"reason": None}, {("#/reason", "missing")}),
        ({"title": None}, {("#/title", "missing")}),
        ({"kind": "session", "title": None}, {("#/title", "missing")}),
        ({"doneOn": "2022-04-21"}, {("#/doneOn", "in-the-future")}),
        ({"session": "01890000-0000-7000-8000-000000000000"}, {("#/session", "no-session-here")}),
        (
            {"kind": "session", "session": "01890000-0000-7000-8000-000000000000"},
            {("#/session", "unknown-session")},
        ),
    ],
)
def test_what_cannot_be_made_up_is_refused(
    world: World, participant: str, change: JSON, faults: set[tuple[str, str]]
) -> None:
    answer = _approve(world, participant, **change)
    assert answer.status_code == 400
    assert {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]} == faults


def test_a_session_of_ones_own_is_attended_and_one_to_come_is_awaited(world: World, participant: str) -> None:
    own = _approve(world, participant, kind="session", session=world.sessions()[0]["id"])
    assert [fault["code"] for fault in own.json()["errors"]] == ["own-session"]
    later = {"startsAt": "2022-05-01T10:00:00+02:00", "endsAt": "2022-05-01T11:00:00+02:00"}
    answer = _approve(world, participant, kind="session", session=_elsewhere(world, **later)["id"])
    assert [fault["code"] for fault in answer.json()["errors"]] == ["not-held", "too-many-minutes"]


def test_only_who_gives_the_edition_approves_for_its_participants(world: World, participant: str) -> None:
    path = f"/v1/registrations/{participant}/make-up-hours"
    assert world.fleck.post(path, ASSIGNMENT).status_code == 403
    made = world.provider.post(path, ASSIGNMENT).json()
    for hidden in (path, f"{path}/{made['id']}", f"/v1/registrations/{participant}/contact-hours"):
        assert world.mocca.get(hidden).status_code == 404
    other = world.register(world.mocca, edition="voorbeeld")
    wrong = f"/v1/registrations/{other['id']}/make-up-hours"
    assert world.mocca.get(f"{wrong}/{made['id']}").status_code == 404
    assert world.provider.post(f"{wrong}/{made['id']}/_revoke", {"reason": "x"}).status_code == 404
    assert world.provider.post(wrong, ASSIGNMENT).status_code == 409
    world.admin.patch(f"/v1/editions/{PILOT}", {"providers": ["neos"]})
    assert world.provider.post(path, ASSIGNMENT).status_code == 404
