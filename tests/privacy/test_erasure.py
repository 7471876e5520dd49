"""Erasure: after a full year nothing is left of a person but what the answer says."""

import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app.certificates import audit
from tests.conftest import sql
from tests.notifications.post_office import Postman
from tests.privacy.lives import (
    EMAIL,
    KEPT,
    NAMES,
    WORDS,
    Life,
    elsewhere,
    found,
    lived,
    places,
    rows_with,
    stored,
)
from tests.world import JSON, PILOT, World

# Where the certificate and the invoice stand: what their public check and the law ask for.
KEPT_IN = {
    "certificate.holder_name",
    "invoice.buyer",
    "invoice.participant_name",
    "invoice.lines",
    "invoice_payment.note",
}


@pytest.fixture
def life(world: World) -> Life:
    return lived(world)


def erased(world: World, life: Life, **body: object) -> JSON:
    answer = world.admin.post(f"/v1/applicants/{life.applicant}/_erase", body or None)
    assert answer.status_code == 200, answer.text
    told: JSON = answer.json()
    return told


def audited(world: World) -> list[str]:
    """What is wrong with the register of certificates."""
    state = world.app.state

    async def verify() -> list[str]:
        async with state.database.transaction() as db:
            return (await audit.verify(db, state.clock.now() + timedelta(minutes=1))).faults

    faults: list[str] = world.http.portal.call(verify)
    return faults


def test_after_a_year_nothing_is_left_but_what_the_answer_says(world: World, life: Life) -> None:
    elsewhere(world, world.mocca)
    before = found(world)
    # Every word is somewhere before, the one way or the other: the search misses none.
    assert {one.word for one in before} == {word.casefold() for word in WORDS}
    assert rows_with(world.database_url, *WORDS)
    assert "idempotent_answer.sealed" in places(before)
    assert "file" in places(before)

    told = erased(world, life)
    assert places(found(world)) <= KEPT_IN
    assert {one.word for one in found(world)} <= {word.casefold() for word in KEPT}
    assert rows_with(world.database_url, *WORDS) == {"certificate", "invoice", "invoice_payment"}
    assert stored(Path(world.app.state.settings.data_dir) / "files", *WORDS) == []
    kept = [(one["what"], one["id"], one["until"]) for one in told["kept"]]
    assert kept == [
        ("certificates", life.certificate, None),
        ("invoices", life.invoice, "2028-12-31"),
        ("audit", None, None),
    ]
    assert "52" in told["kept"][1]["ground"]
    assert audited(world) == []


def test_a_certificate_stays_checkable_with_the_least_data(world: World, life: Life) -> None:
    before = world.http.get(f"/v1/verifications/{life.code}").json()
    credential = world.lkca.get(f"/v1/certificates/{life.certificate}/credential").json()
    erased(world, life)
    assert world.http.get(f"/v1/verifications/{life.code}").json() == before
    assert before["holderName"] == " ".join(NAMES)
    # The holder's own copy is still ours and still counts, though nothing of it is kept here.
    checked = world.http.post("/v1/verifications", json={"credential": json.dumps(credential)}).json()
    assert (checked["verdict"], checked["certificate"]["status"]) == ("valid", "valid")
    for form in ("pdf", "credential"):
        assert world.lkca.get(f"/v1/certificates/{life.certificate}/{form}").status_code == 404
    read = world.lkca.get(f"/v1/certificates/{life.certificate}").json()
    assert (read["holderName"], read["productTitle"]) == (" ".join(NAMES), "")
    again = world.lkca.post(f"/v1/certificates/{life.certificate}/_reissue", {"reason": "Andere naam"})
    assert problem(again) == (409, "holder-erased")
    # It may still be revoked, and the register says so, whole.
    gone = world.lkca.post(f"/v1/certificates/{life.certificate}/_revoke", {"reason": "Vergissing"})
    assert gone.status_code == 200, gone.text
    assert world.http.get(f"/v1/verifications/{life.code}").json()["status"] == "revoked"
    assert audited(world) == []


def test_an_administrator_may_have_certificates_forgotten_too(world: World, life: Life) -> None:
    credential = world.lkca.get(f"/v1/certificates/{life.certificate}/credential").json()
    erased(world, life)
    told = erased(world, life, forgetCertificates=True)
    assert [one["what"] for one in told["kept"]] == ["invoices", "audit"]
    assert "certificate" not in {place.partition(".")[0] for place in places(found(world))}
    assert "certificate" not in rows_with(world.database_url, *WORDS)
    assert world.http.get(f"/v1/verifications/{life.code}").status_code == 404
    checked = world.http.post("/v1/verifications", json={"credential": json.dumps(credential)}).json()
    assert (checked["verdict"], checked["certificate"]) == ("unknown", None)
    assert world.lkca.get(f"/v1/certificates/{life.certificate}").json()["status"] == "revoked"
    assert audited(world) == []
    # Numbers stay taken, and whoever tampers with what is left is found out.
    number = f"number = '{life.certificate}'"
    sql(world.database_url, f"UPDATE certificate SET contact_minutes = 9999 WHERE {number}")
    assert any(life.certificate in fault for fault in audited(world))


def test_the_audit_takes_no_missing_salt_that_no_entry_speaks_of(world: World, life: Life) -> None:
    erased(world, life)
    kept = sql(world.database_url, "SELECT * FROM register_forgotten")
    sql(world.database_url, "DELETE FROM register_forgotten")
    assert any("The salt of entry 1 is gone" in fault for fault in audited(world))
    # Nor does it help to name another entry, or one that came before.
    (last,) = sql(world.database_url, "SELECT max(number) FROM register_entry")[0]
    sql(world.database_url, f"INSERT INTO register_forgotten VALUES (1, {last}), ({last}, 1)")
    assert (audited(world) == []) == ([(one["entry"], one["said_by"]) for one in kept] == [(1, last)])
    sql(world.database_url, f"DELETE FROM register_salt WHERE entry = {last}")
    assert any(f"The salt of entry {last} is gone" in fault for fault in audited(world))


def test_who_still_takes_part_leaves_first(world: World) -> None:
    made = world.complete()
    path = f"/v1/applicants/{made['applicant']['id']}/_erase"
    answer = world.fleck.post(path)
    assert problem(answer) == (409, "still-taking-part")
    (going,) = answer.json()["registrations"]
    assert (going["id"], going["currentStatus"], going["allowed"]) == (
        made["id"],
        "complete",
        ["withdraw", "reject"],
    )
    assert world.fleck.post(f"/v1/registrations/{made['id']}/_withdraw").status_code == 200
    answer = world.fleck.post(path)
    assert answer.status_code == 200, answer.text
    assert [one["what"] for one in answer.json()["kept"]] == ["audit"]
    # Once more is the same, and nothing can be written about the person any more.
    again = world.fleck.post(path)
    assert again.json()["erased"] == {}
    assert again.json()["erasedAt"] == answer.json()["erasedAt"]
    changed = world.fleck.patch(f"/v1/applicants/{made['applicant']['id']}", {"phone": "+31612345678"})
    assert problem(changed) == (409, "applicant-erased")
    changed = world.fleck.patch(f"/v1/registrations/{made['id']}", {"motivation": "Toch"})
    assert problem(changed) == (409, "applicant-erased")
    read = world.fleck.get(f"/v1/applicants/{made['applicant']['id']}").json()
    assert (read["familyName"], read["erasedAt"]) == ("[gewist]", answer.json()["erasedAt"])


def test_a_partner_erases_its_own_and_an_administrator_all(world: World, life: Life) -> None:
    theirs = elsewhere(world, world.mocca)
    assert world.mocca.post(f"/v1/applicants/{life.applicant}/_erase").status_code == 404
    asked = world.mocca.post(f"/v1/applicants/{theirs}/_erase", {"forgetCertificates": True})
    assert problem(asked) == (403, "forbidden")
    told = world.mocca.post(f"/v1/applicants/{theirs}/_erase").json()
    assert len(told["registrations"]) == 1
    assert "Afwijsredenspecht".casefold() not in {one.word for one in found(world)}
    assert world.fleck.get(f"/v1/applicants/{life.applicant}").json()["email"] == EMAIL
    # What is left of the address is FleCk's; an administrator erases that.
    assert len(erased(world, life)["registrations"]) == 2
    assert places(found(world)) <= KEPT_IN


def test_an_administrator_erases_what_came_through_every_partner_at_once(world: World, life: Life) -> None:
    theirs = elsewhere(world, world.mocca)
    told = erased(world, life)
    # The registration, the namesake that was judged the same, and that of the next edition.
    assert len(told["registrations"]) == 3
    assert world.mocca.get(f"/v1/applicants/{theirs}").json()["erasedAt"] == told["erasedAt"]


def test_who_is_erased_gets_no_mail_and_stands_in_no_list(world: World, life: Life) -> None:
    erased(world, life)
    postman = Postman(world, None)
    postman.collect()
    count = "SELECT count(*) FROM message WHERE registration IS NOT NULL"
    assert sql(world.database_url, count)[0][0] == 0
    session = world.sessions()[-1]["id"]
    assert world.provider.post(f"/v1/sessions/{session}/_cancel", {"reason": "Zaal dicht"}).status_code == 200
    postman.collect()
    assert sql(world.database_url, count)[0][0] == 0
    assert world.admin.get(f"/v1/editions/{PILOT}/untold-outcomes").json()["items"] == []
    assert world.lkca.get("/v1/certificate-reviews", params={"status": "open"}).json()["items"] == []
    assert world.fleck.get("/v1/registrations", params={"q": NAMES[1]}).json()["items"] == []


def test_the_words_of_a_reason_are_gone_and_the_event_stays(world: World, life: Life) -> None:
    reasons = [one["data"]["reason"] for one in world.events() if "reason" in one["data"]]
    assert "Linkredenboomvalk" in reasons
    erased(world, life)
    after = world.events()
    assert [one["data"]["reason"] for one in after if one["type"] == "registration.links-renewed"] == [None]
    (told, *_) = [one for one in after if one["data"].get("fields") == ["erasedAt"]]
    assert told["data"]["certificates"] == "keep"


def test_personal_links_end(world: World, life: Life) -> None:
    links = world.admin.get(f"/v1/registrations/{life.registration}/personal-links").json()
    pages = [links[name].removeprefix("https://register.example") for name in ("page", "calendar", "holder")]
    assert [world.http.get(page).status_code for page in pages] == [200, 200, 200]
    erased(world, life)
    assert [world.http.get(page).status_code for page in pages] == [404, 404, 404]


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]
