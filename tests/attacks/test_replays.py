"""Attempts to use again what was for once: links, keys, secrets, codes and tags that have had their time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from app.attendance.check_in import Codes
from app.core import tokens
from app.registrations.links import Links, Purpose
from app.trainings.models import Session
from app.trainings.terms import Mode
from tests.attacks.siege import OPEN, Siege
from tests.world import JSON, form, registration


def _form(made: JSON) -> str:
    return f"/v1/enrolment-forms/{made['enrolmentForm']['token']}"


def _made(siege: Siege) -> JSON:
    made: JSON = siege.world.fleck.post("/v1/registrations", registration(OPEN)).json()
    return made


def _write(siege: Siege, path: str) -> set[int]:
    """The statuses of every way to write by a form's link."""
    http = siege.world.http
    return {
        http.put(path, json=form(learningQuestion="Opnieuw")).status_code,
        http.request("PATCH", path, json={"learningQuestion": "Opnieuw"}).status_code,
        http.post(path, data={"learningQuestion": "Opnieuw"}).status_code,
    }


def test_a_form_that_was_returned_is_not_returned_again(siege: Siege) -> None:
    made = _made(siege)
    path = _form(made)
    assert siege.world.http.put(path, json=form()).status_code == 200
    with siege.untouched():
        assert _write(siege, path) == {409}


@pytest.mark.parametrize("verb", ["withdraw", "reject"])
def test_a_form_of_who_has_left_is_closed(siege: Siege, verb: str) -> None:
    made = _made(siege)
    assert siege.world.fleck.post(f"/v1/registrations/{made['id']}/_{verb}").status_code == 200
    with siege.untouched():
        assert _write(siege, _form(made)) <= {404, 409}


def test_a_form_of_an_edition_that_is_over_is_closed(untouched: Siege) -> None:
    """The victim's: returned, drawn, certified a year ago."""
    path = f"/v1/enrolment-forms/{untouched.spoils.theirs['token']}"
    assert _write(untouched, path) == {409}


def test_a_form_that_comes_too_late_is_closed(siege: Siege) -> None:
    made = _made(siege)
    siege.look(
        "UPDATE enrolment_form SET due_at = '2022-04-01T00:00:00Z' "
        f"WHERE registration = '{made['id']}' RETURNING registration"
    )
    with siege.untouched():
        assert _write(siege, _form(made)) <= {404, 409, 410}


def test_a_form_opens_nothing_for_another_registration(siege: Siege) -> None:
    """A link is made of the registration's id and a key that nobody has: the right id is not enough."""
    made, other = _made(siege), _made(siege)
    for guess in (
        other["id"],
        tokens.link_token(b"guess", "enrolment-form", other["id"]),
        tokens.link_token(b"", "enrolment-form", other["id"]),
        made["enrolmentForm"]["token"][:20] + other["enrolmentForm"]["token"][20:],
    ):
        with siege.untouched():
            assert _write(siege, f"/v1/enrolment-forms/{guess}") == {404}


PURPOSES = {
    "personal-pages": Purpose.PAGE,
    "personal-calendars": Purpose.CALENDAR,
    "holder-pages": Purpose.HOLDER,
}


@pytest.mark.parametrize("folder", PURPOSES)
def test_a_personal_link_that_was_renewed_opens_nothing(siege: Siege, folder: str) -> None:
    id = siege.take("placed") if folder != "holder-pages" else siege.spoils.own["registrationId"]
    party = siege.world.mocca if folder != "holder-pages" else siege.world.fleck
    name = {"personal-pages": "page", "personal-calendars": "calendar", "holder-pages": "holder"}[folder]
    path = f"/v1/registrations/{id}/personal-links"
    before = party.get(path).json()[name].rpartition("/")[2]
    assert party.post(f"{path}/_renew").status_code == 200
    with siege.untouched():
        assert siege.world.http.get(f"/v1/{folder}/{before}").status_code == 404
        # Nor does one that is made with another key, for the generation that now counts.
        forged = Links("https://register.example", b"guess").personal_token(PURPOSES[folder], UUID(id), 2)
        assert siege.world.http.get(f"/v1/{folder}/{forged}").status_code == 404


def test_a_key_of_another_client_gives_nothing_away(siege: Siege) -> None:
    """Whoever sends the same key and body as somebody else gets an answer of its own."""
    body, headers = registration(OPEN), {"Idempotency-Key": "dezelfde"}
    first = siege.world.fleck.post("/v1/registrations", body, headers=headers)
    assert first.status_code == 201
    for party in (siege.world.mocca, siege.world.kunst_centraal):
        answer = party.post("/v1/registrations", body, headers=headers)
        assert answer.status_code == 409, answer.text
        assert "idempotency-replayed" not in answer.headers
        assert first.json()["id"] not in answer.text
        assert first.json()["enrolmentForm"]["token"] not in answer.text


CHANGED = {
    "another body": {"position": "teamleider"},
    "a member more": {"motivation": "Nog iets."},
    "another edition": {"edition": "noord-midden-2021"},
    "another partner": {"partner": "mocca"},
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_key_is_for_one_request(siege: Siege, name: str) -> None:
    body, headers = registration(OPEN), {"Idempotency-Key": f'"voor {name}"'}
    first = siege.world.fleck.post("/v1/registrations", body, headers=headers)
    assert first.status_code == 201
    with siege.untouched():
        answer = siege.world.fleck.post("/v1/registrations", {**body, **CHANGED[name]}, headers=headers)
        assert answer.status_code == 422, answer.text
        assert answer.json()["type"].endswith(":idempotency-key-reused")
        # The same request is repeated, and has no second effect.
        again = siege.world.fleck.post("/v1/registrations", body, headers=headers)
        assert (again.status_code, again.json()) == (201, first.json())


def test_a_key_gives_no_answer_to_a_client_that_was_ended(siege: Siege) -> None:
    body = {"organisation": "fleck", "role": "partner", "name": "kort"}
    client = siege.world.admin.post("/v1/clients", body).json()
    siege.spoils.clients["short"] = client
    party, headers, sent = (
        siege.party("short"),
        {"Idempotency-Key": "mijn-sleutel"},
        registration(OPEN),
    )
    assert party.post("/v1/registrations", sent, headers=headers).status_code == 201
    assert siege.world.admin.delete(f"/v1/clients/{client['clientId']}").status_code == 204
    with siege.untouched():
        assert party.post("/v1/registrations", sent, headers=headers).status_code == 401


def test_a_secret_that_was_replaced_opens_nothing(siege: Siege) -> None:
    body = {"organisation": "buiten", "role": "provider", "name": "wisselt"}
    client = siege.world.admin.post("/v1/clients", body).json()
    new = siege.world.admin.post(f"/v1/clients/{client['clientId']}/_rotate").json()
    told = {}
    for name, secret in (("old", client["clientSecret"]), ("new", new["clientSecret"])):
        grant = {"grant_type": "client_credentials", "client_id": client["clientId"], "client_secret": secret}
        told[name] = siege.world.http.post("/v1/oauth/token", data=grant).status_code
    assert told == {"old": 401, "new": 200}


def test_a_webhooks_secret_is_its_own_and_shown_once(siege: Siege) -> None:
    body = {"url": "https://fleck.example/haak", "types": ["registration.*"]}
    made = [siege.world.fleck.post("/v1/webhooks", body).json() for _ in range(2)]
    secrets = [one["secret"] for one in made]
    assert len(set(secrets)) == 2
    rotated = siege.world.fleck.post(f"/v1/webhooks/{made[0]['id']}/_rotate").json()["secret"]
    assert rotated not in secrets
    for party in (siege.world.fleck, siege.world.admin):
        for one in made:
            read = party.get(f"/v1/webhooks/{one['id']}")
            assert not [secret for secret in (*secrets, rotated) if secret in read.text]
        listed = party.get("/v1/webhooks")
        assert not [secret for secret in (*secrets, rotated) if secret in listed.text]
    for one in made:
        assert siege.world.fleck.delete(f"/v1/webhooks/{one['id']}").status_code == 204


# A code of check-in that was right at another time or place, or would be with another key: from the codes,
# the session, another session and the moment.
CODES: dict[str, Callable[[Codes, Session, Session, datetime], str]] = {
    "ten minutes old": lambda codes, this, _, now: codes.at(this, now - timedelta(minutes=10)),
    "two minutes old": lambda codes, this, _, now: codes.at(this, now - timedelta(minutes=2)),
    "of the next minute": lambda codes, this, _, now: codes.at(this, now + timedelta(minutes=1)),
    "of another session": lambda codes, _, other, now: codes.at(other, now),
    "made with another key": lambda codes, this, _, now: Codes(b"guess", codes.opens, codes.grace).at(
        this, now
    ),
    "nought": lambda *_: "000000",
}


def _session(id: str) -> Session:
    return Session(id=UUID(id), title="x", mode=Mode.ONLINE)


@pytest.mark.parametrize("name", CODES)
def test_a_code_of_another_moment_checks_nobody_in(siege: Siege, name: str) -> None:
    settings, now = siege.world.app.state.settings, siege.world.app.state.clock.now()
    codes = Codes(settings.key("check-in codes"), timedelta(minutes=15), timedelta(minutes=10))
    id = siege.spoils.pools["session"][0]
    right = siege.world.provider.get(f"/v1/sessions/{id}/check-in-code").json()["code"]
    code = CODES[name](codes, _session(id), _session(siege.world.sessions()[0]["id"]), now)
    if code == right:
        pytest.skip("one in a million: the code is the right one")
    victim = siege.spoils.pools["eligible"][-1]
    link = siege.world.admin.get(f"/v1/registrations/{victim}/personal-links").json()["page"]
    page = link.removeprefix("https://register.example")
    siege.look(f"DELETE FROM check_in_guess WHERE registration = '{victim}' RETURNING 1")
    with siege.untouched("check_in_guess"):
        answer = siege.world.http.post(f"{page}/check-ins", json={"session": id, "code": code})
        assert answer.status_code in (400, 409), answer.text


def test_the_code_of_this_minute_would_have(siege: Siege) -> None:
    """So the attempts above were near enough: the codes made here are those of the server."""
    settings, now = siege.world.app.state.settings, siege.world.app.state.clock.now()
    codes = Codes(settings.key("check-in codes"), timedelta(minutes=15), timedelta(minutes=10))
    id = siege.spoils.pools["session"][0]
    right = siege.world.provider.get(f"/v1/sessions/{id}/check-in-code").json()["code"]
    assert codes.at(_session(id), now) == right


def test_a_tag_that_is_no_longer_current_changes_nothing(siege: Siege) -> None:
    path = f"/v1/registrations/{siege.spoils.own['registrationId']}"
    old = siege.world.fleck.get(path).headers["etag"]
    assert siege.world.fleck.patch(path, {"position": "docent drama"}).status_code == 200
    with siege.untouched():
        answer = siege.world.fleck.patch(path, {"position": "x"}, headers={"If-Match": old})
        assert answer.status_code == 412, answer.text


def test_a_draw_that_is_over_is_neither_run_nor_published_again(untouched: Siege) -> None:
    """The pilot's, with a value that would have been better for somebody."""
    draw = str(untouched.look("SELECT id FROM draw WHERE edition = 'noord-midden-2021'")[0][0])
    for verb, body in (("run", {"value": "812.01"}), ("void", {"reason": "Beter"}), ("rehearse", {})):
        answer = untouched.world.admin.post(f"/v1/draws/{draw}/_{verb}", body)
        assert answer.status_code in (400, 409, 200), answer.text
        assert answer.status_code != 200 or verb == "rehearse"


def test_a_certificate_that_was_revoked_is_not_shown_as_valid(breach: Siege) -> None:
    world, theirs = breach.world, breach.spoils.theirs
    held = world.http.get(
        f"/v1/holder-pages/{theirs['holderToken']}/certificates/{theirs['number']}/credential"
    )
    assert (
        world.lkca.post(f"/v1/certificates/{theirs['number']}/_revoke", {"reason": "Fout"}).status_code == 200
    )
    assert world.http.get(f"/v1/verifications/{theirs['code']}").json()["status"] == "revoked"
    checked = world.http.post("/v1/verifications", json={"credential": held.text})
    assert checked.json()["verdict"] == "revoked"
