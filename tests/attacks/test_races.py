"""Attempts to be first twice: requests at one moment, of which one may succeed.

Whatever the order in which they come in, what the database then holds is what one after the other would have
left, and the events tell of each that succeeded, and of no other.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest

from app.webhooks.service import MOST
from tests.attacks.siege import OPEN, Siege
from tests.world import JSON, PILOT, Party, form, registration

AT_ONCE = 6


def together(siege: Siege, *asked: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """The answers to requests made at once."""
    return siege.world.http.together(asked)


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def events(siege: Siege, subject: str) -> Counter[str]:
    """How often each thing happened to something."""
    rows = siege.look(f"SELECT type, count(*) FROM event WHERE subject = '{subject}' GROUP BY 1")
    return Counter({str(row[0]): int(row[1]) for row in rows})


def seats_hold(siege: Siege, edition: str) -> None:
    """An edition's seats are those that are held, and no more than there are."""
    [(capacity, taken, held)] = siege.look(
        "SELECT capacity, seats_taken, (SELECT count(*) FROM registration r WHERE r.edition = e.slug "
        f"AND r.status IN ('placed', 'confirmed', 'certified')) FROM edition e WHERE slug = '{edition}'"
    )
    assert taken == held <= capacity


def verb(party: Party, id: str, name: str) -> Callable[[], httpx.Response]:
    return partial(party.post, f"/v1/registrations/{id}/_{name}")


def status_of(siege: Siege, id: str) -> str:
    return str(siege.look(f"SELECT status FROM registration WHERE id = '{id}'")[0][0])


ANSWERS = {
    "confirmed twice": (["confirm"], "confirmed"),
    "declined twice": (["decline"], "declined"),
    "withdrawn twice": (["withdraw"], "withdrawn"),
    "confirmed and declined": (["confirm", "decline"], ""),
    "declined and withdrawn": (["decline", "withdraw"], ""),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_offer_is_answered_once(siege: Siege, name: str) -> None:
    verbs, target = ANSWERS[name]
    id, mocca = siege.take("placed"), siege.world.mocca
    answers = together(siege, *(verb(mocca, id, each) for each in verbs for _ in range(AT_ONCE)))
    assert statuses(answers) == {200: 1, 409: len(answers) - 1}
    (won,) = [answer.json()["status"] for answer in answers if answer.status_code == 200]
    assert status_of(siege, id) == won
    assert won == (target or won)
    assert (
        sum(events(siege, id)[f"registration.{each}"] for each in ("confirmed", "declined", "withdrawn")) == 1
    )
    seats_hold(siege, PILOT)


def test_an_offer_that_is_taken_and_given_up_at_once_is_one_after_the_other(siege: Siege) -> None:
    id, mocca = siege.take("placed"), siege.world.mocca
    answers = together(
        siege, *(verb(mocca, id, each) for each in ("confirm", "withdraw") for _ in range(AT_ONCE))
    )
    done = [answer.json()["status"] for answer in answers if answer.status_code == 200]
    # A participant may withdraw, so both may succeed, once each, and withdrawing is always the last.
    assert sorted(done) in (["confirmed", "withdrawn"], ["withdrawn"])
    assert set(statuses(answers)) <= {200, 409}
    assert status_of(siege, id) == "withdrawn"
    seats_hold(siege, PILOT)


def test_a_draw_is_run_and_published_once_and_no_seat_is_given_twice(siege: Siege) -> None:
    """Two values at once: one counts. Then everybody who has a seat, and who waits, moves at once."""
    draw, world = siege.take("announced"), siege.world
    run = [
        partial(world.admin.post, f"/v1/draws/{draw}/_run", {"value": value})
        for value in ("739.55", "812.01")
        for _ in range(3)
    ]
    answers = together(siege, *run)
    assert set(statuses(answers)) <= {200, 409}
    outcomes = {answer.json()["outcomeHash"] for answer in answers if answer.status_code == 200}
    assert len(outcomes) == 1, outcomes
    answers = together(siege, *[partial(world.admin.post, f"/v1/draws/{draw}/_publish")] * AT_ONCE)
    assert set(statuses(answers)) <= {200, 409}
    assert 200 in statuses(answers)
    edition = str(siege.look(f"SELECT edition FROM draw WHERE id = '{draw}'")[0][0])
    people = siege.look(f"SELECT id, status FROM registration WHERE edition = '{edition}'")
    assert Counter(row[1] for row in people) == {"placed": 2, "waitlisted": 2}
    assert all(events(siege, row[0])["registration.placed"] <= 1 for row in people)
    seats_hold(siege, edition)
    moves: list[Callable[[], httpx.Response]] = [
        verb(world.mocca, str(row[0]), each) for row in people for each in ("confirm", "decline", "withdraw")
    ]
    moves += [partial(world.admin.patch, f"/v1/editions/{edition}", {"capacity": n}) for n in (1, 2, 1, 0)]
    assert set(statuses(together(siege, *moves))) <= {200, 409, 400}
    seats_hold(siege, edition)


def test_a_person_is_registered_once_whoever_registers(siege: Siege) -> None:
    parties = (siege.world.fleck, siege.world.mocca, siege.world.kunst_centraal)
    body = registration(OPEN)
    answers = together(siege, *(partial(party.post, "/v1/registrations", body) for party in parties * 4))
    assert statuses(answers) == {201: 1, 409: 11}
    email = body["applicant"]["email"]
    assert siege.look(f"SELECT count(*) FROM applicant WHERE email = '{email}'")[0][0] == 1


def test_a_person_is_registered_once_however_the_address_is_written(siege: Siege) -> None:
    body = registration(OPEN)
    name, _, domain = body["applicant"]["email"].partition("@")
    written = [
        f"{name}@{domain}",
        f"{name.upper()}@{domain}",
        f"{name}@{domain.upper()}",
        f" {name}@{domain} ",
    ]
    bodies = [{**body, "applicant": {**body["applicant"], "email": one}} for one in written]
    answers = together(
        siege, *(partial(siege.world.fleck.post, "/v1/registrations", one) for one in bodies * 2)
    )
    assert statuses(answers) == {201: 1, 409: 7}, [answer.text for answer in answers]


def test_a_request_with_a_key_is_done_once(siege: Siege) -> None:
    body, headers = registration(OPEN), {"Idempotency-Key": "een-keer"}
    before = siege.look("SELECT count(*) FROM registration")[0][0]
    answers = together(
        siege, *[partial(siege.world.fleck.post, "/v1/registrations", body, headers=headers)] * AT_ONCE
    )
    assert set(statuses(answers)) <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert siege.look("SELECT count(*) FROM registration")[0][0] == before + 1


def test_a_form_is_returned_once(siege: Siege) -> None:
    made = siege.world.fleck.post("/v1/registrations", registration(OPEN)).json()
    path = f"/v1/enrolment-forms/{made['enrolmentForm']['token']}"
    answers = together(siege, *[partial(siege.world.http.put, path, json=form())] * AT_ONCE)
    assert statuses(answers) == {200: 1, 409: AT_ONCE - 1}
    assert events(siege, made["id"])["registration.complete"] == 1


def test_a_form_is_returned_or_its_registration_withdrawn(siege: Siege) -> None:
    made = siege.world.fleck.post("/v1/registrations", registration(OPEN)).json()
    path = f"/v1/enrolment-forms/{made['enrolmentForm']['token']}"
    put: Callable[[], httpx.Response] = partial(siege.world.http.put, path, json=form())
    answers = together(siege, *[put, verb(siege.world.fleck, made["id"], "withdraw")] * 3)
    assert set(statuses(answers)) <= {200, 409, 404}
    assert status_of(siege, made["id"]) == "withdrawn"
    assert events(siege, made["id"])["registration.withdrawn"] == 1
    assert events(siege, made["id"])["registration.complete"] <= 1


def test_a_certificate_is_issued_once_and_revoked_once(siege: Siege) -> None:
    id, lkca = siege.take("eligible"), siege.world.lkca
    issue = partial(lkca.post, "/v1/certificates", {"registration": id})
    batch = partial(lkca.post, "/v1/certificate-batches", {"edition": PILOT})
    answers = together(siege, *[issue] * AT_ONCE, batch)
    made = [answer.json() for answer in answers[:-1] if answer.status_code == 201]
    assert statuses(answers[:-1]) == {201: 1, 409: AT_ONCE - 1}
    rows = siege.look(f"SELECT number FROM certificate WHERE registration = '{id}'")
    assert [row[0] for row in rows] == [made[0]["number"]]
    path = f"/v1/certificates/{made[0]['number']}"
    answers = together(
        siege,
        *[partial(lkca.post, f"{path}/_revoke", {"reason": "Fout"})] * 3,
        *[partial(lkca.post, f"{path}/_reissue", {"reason": "Naam"})] * 3,
    )
    assert set(statuses(answers)) <= {200, 201, 409}
    assert sum(answer.is_success for answer in answers) <= 2
    valid = siege.look(
        f"SELECT count(*) FROM certificate WHERE registration = '{id}' AND revoked_at IS NULL "
        "AND number NOT IN (SELECT supersedes FROM certificate WHERE supersedes IS NOT NULL)"
    )
    assert valid[0][0] <= 1


def test_a_participant_is_invoiced_once_and_credited_once(siege: Siege) -> None:
    id, provider = siege.take("placed"), siege.world.provider
    assert verb(siege.world.mocca, id, "confirm")().status_code == 200
    issue = partial(provider.post, "/v1/invoices", {"registration": id})
    answers = together(siege, *[issue] * AT_ONCE, partial(provider.post, f"/v1/editions/{PILOT}/invoices"))
    assert sum(answer.status_code == 201 for answer in answers[:-1]) <= 1
    counted = f"SELECT number FROM invoice WHERE registration = '{id}' AND credits IS NULL"
    (invoice,) = siege.look(counted)
    credit = partial(provider.post, f"/v1/invoices/{invoice[0]}/_credit", {"reason": "Fout"})
    assert statuses(together(siege, *[credit] * AT_ONCE)) == {201: 1, 409: AT_ONCE - 1}


def test_a_payment_with_one_key_is_booked_once(siege: Siege) -> None:
    number = siege.spoils.own["invoiceNumber"]
    body: JSON = {"amountCents": 100, "paidOn": "2022-01-10"}
    before = siege.look(f"SELECT count(*) FROM invoice_payment WHERE invoice = '{number}'")[0][0]
    headers = {"Idempotency-Key": "een-betaling"}
    pay = partial(siege.world.provider.post, f"/v1/invoices/{number}/_pay", body, headers=headers)
    answers = together(siege, *[pay] * AT_ONCE)
    assert set(statuses(answers)) <= {200, 201, 409}, [answer.text for answer in answers]
    assert siege.look(f"SELECT count(*) FROM invoice_payment WHERE invoice = '{number}'")[0][0] == before + 1


def _page(siege: Siege, id: str) -> str:
    links = siege.world.admin.get(f"/v1/registrations/{id}/personal-links").json()
    return str(links["page"]).removeprefix("https://register.example")


def test_a_participant_checks_in_once(siege: Siege) -> None:
    id, session = siege.spoils.pools["eligible"][0], siege.spoils.pools["session"][0]
    code = siege.world.provider.get(f"/v1/sessions/{session}/check-in-code").json()["code"]
    call = partial(
        siege.world.http.post, f"{_page(siege, id)}/check-ins", json={"session": session, "code": code}
    )
    answers = together(siege, *[call] * AT_ONCE)
    assert set(statuses(answers)) <= {200, 201}, [answer.text for answer in answers]
    where = f"WHERE session = '{session}' AND registration = '{id}'"
    assert siege.look(f"SELECT count(*) FROM attendance {where}")[0][0] == 1
    assert siege.look(f"SELECT count(*) FROM attendance_version {where}")[0][0] == 1


def test_codes_are_not_guessed_by_asking_all_at_once(siege: Siege) -> None:
    """Five wrong ones count, however many come at one moment; the right one then has to wait as well."""
    id, session = siege.spoils.own["registrationId"], siege.spoils.pools["session"][0]
    right = siege.world.provider.get(f"/v1/sessions/{session}/check-in-code").json()["code"]
    wrong = [f"{(int(right) + n) % 1_000_000:06}" for n in range(1, 21)]
    page = _page(siege, id)
    answers = together(
        siege,
        *(
            partial(siege.world.http.post, f"{page}/check-ins", json={"session": session, "code": code})
            for code in wrong
        ),
    )
    assert statuses(answers)[429] == 15, [answer.text for answer in answers]
    answer = siege.world.http.post(f"{page}/check-ins", json={"session": session, "code": right})
    assert answer.status_code == 429
    assert (
        siege.look(f"SELECT count(*) FROM attendance WHERE session = '{session}' AND registration = '{id}'")[
            0
        ][0]
        == 0
    )


def test_of_secrets_given_at_once_one_opens(siege: Siege) -> None:
    id = siege.spoils.clients["stranger"]["clientId"]
    answers = together(siege, *[partial(siege.world.admin.post, f"/v1/clients/{id}/_rotate")] * AT_ONCE)
    secrets = [answer.json()["clientSecret"] for answer in answers if answer.status_code == 200]
    assert secrets
    assert len(set(secrets)) == len(secrets)
    live = f"SELECT count(*) FROM client_secret WHERE client = '{id}' AND ended_at IS NULL"
    assert siege.look(live)[0][0] == 1
    told = [
        _grant(siege, id, secret) for secret in (*secrets, siege.spoils.clients["stranger"]["clientSecret"])
    ]
    assert told.count(200) == 1
    assert told.count(401) == len(told) - 1


def _grant(siege: Siege, id: str, secret: str) -> int:
    form = {"grant_type": "client_credentials", "client_id": id, "client_secret": secret}
    return siege.world.http.post("/v1/oauth/token", data=form).status_code


def test_a_client_that_is_ended_gets_no_secret_at_that_moment(siege: Siege) -> None:
    body = {"organisation": "buiten", "role": "partner", "name": "kort"}
    client = siege.world.admin.post("/v1/clients", body).json()
    rotate = partial(siege.world.admin.post, f"/v1/clients/{client['clientId']}/_rotate")
    end = partial(siege.world.admin.delete, f"/v1/clients/{client['clientId']}")
    answers = together(siege, *[rotate, end] * 3)
    assert set(statuses(answers)) <= {200, 204, 404}
    for secret in [
        client["clientSecret"],
        *(one.json()["clientSecret"] for one in answers if one.status_code == 200),
    ]:
        assert _grant(siege, client["clientId"], secret) == 401


SAME: dict[str, tuple[str, JSON, str]] = {
    "an organisation": (
        "/v1/organisations",
        {"slug": "dubbel", "name": "Dubbel", "roles": ["partner"]},
        "SELECT count(*) FROM organisation WHERE slug = 'dubbel'",
    ),
    "an edition": (
        "/v1/editions",
        {
            "slug": "dubbel-2022",
            "training": "cultuurcoordinator-vo",
            "title": "Dubbel",
            "region": "Dubbel",
            "window": {"opensAt": "2022-05-01T00:00:00+02:00", "closesAt": "2022-06-01T00:00:00+02:00"},
            "capacity": 1,
        },
        "SELECT count(*) FROM edition WHERE slug = 'dubbel-2022'",
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_what_has_a_name_of_its_own_is_there_once(siege: Siege, name: str) -> None:
    path, body, count = SAME[name]
    answers = together(siege, *[partial(siege.world.admin.post, path, body)] * AT_ONCE)
    assert statuses(answers) == {201: 1, 409: AT_ONCE - 1}
    assert siege.look(count)[0][0] == 1


def test_an_organisation_has_no_more_webhooks_than_it_may_have(siege: Siege) -> None:
    party = siege.world.kunst_centraal
    body: Any = {"url": "https://kunst.example/haak", "types": ["registration.*"]}
    answers = together(siege, *[partial(party.post, "/v1/webhooks", body)] * (MOST + 4))
    assert statuses(answers) == {201: MOST, 409: 4}
    there = siege.look("SELECT count(*) FROM webhook WHERE organisation = 'kunst-centraal'")[0][0]
    assert there == MOST
    for answer in answers:
        if answer.status_code == 201:
            assert party.delete(answer.headers["location"]).status_code == 204


def test_two_changes_against_one_tag_are_one(siege: Siege) -> None:
    path = f"/v1/registrations/{siege.spoils.own['registrationId']}"
    seen = {"If-Match": siege.world.fleck.get(path).headers["etag"]}
    changes = [
        partial(siege.world.fleck.patch, path, {"position": f"docent {n}"}, headers=seen)
        for n in range(AT_ONCE)
    ]
    assert statuses(together(siege, *changes)) == {200: 1, 412: AT_ONCE - 1}
