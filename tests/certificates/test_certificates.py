"""Certificates over HTTP: issued when everything is met, revoked with a reason, checked by anyone."""

import base64
import hashlib
import re
from functools import partial

import pypdfium2
import pytest

from tests.world import World


def _code(certificate: dict[str, str]) -> str:
    return certificate["verificationUrl"].rpartition("/")[2]


def test_a_certificate_is_issued_and_checked(world: World) -> None:
    made = world.certified()
    assert (made["number"], made["status"], made["holderName"]) == (
        "CCVO-2022-000001",
        "valid",
        "Noor van der Meer",
    )
    assert (made["contactMinutes"], made["issuer"], made["issuedOn"]) == (1440, "LKCA", "2022-04-20")
    registration = world.fleck.get(f"/v1/registrations/{made['registration']}").json()
    assert registration["status"] == "certified"
    checked = world.http.get(f"/v1/verifications/{_code(made)}")
    assert checked.json() == {
        "status": "valid",
        "holderName": "Noor van der Meer",
        "trainingTitle": "Cultuurcoördinator Voortgezet Onderwijs",
        "issuer": "LKCA",
        "issuedOn": "2022-04-20",
        "contactHours": 24.0,
        "revokedOn": None,
        "supersededOn": None,
    }


def test_the_code_cannot_be_guessed(world: World) -> None:
    assert re.fullmatch(r"[a-z2-7]{26}", _code(world.certified()))


def test_who_misses_hours_gets_none_and_reads_why(world: World) -> None:
    made = world.participant()
    world.attend(made["id"], 6)
    world.pass_phases(made["id"])
    answer = world.lkca.post(
        "/v1/certificates", {"registration": made["id"]}, headers={"Accept-Language": "nl"}
    )
    problem = answer.json()
    assert (answer.status_code, problem["type"].rpartition(":")[2]) == (409, "not-eligible")
    assert problem["title"] == "Niet aan de eisen voldaan"
    assert problem["detail"] == "Nog 2 uur contacttijd nodig: 18 uur gevolgd van de gevraagde 20 uur."
    assert [one["met"] for one in problem["requirements"]] == [False, True, True]
    assert world.lkca.get("/v1/certificates").json()["items"] == []


def test_a_second_certificate_is_refused(world: World) -> None:
    made = world.certified()
    answer = world.lkca.post("/v1/certificates", {"registration": made["registration"]})
    assert (answer.status_code, answer.json()["currentStatus"]) == (409, "certified")


def test_who_is_no_participant_gets_none(world: World) -> None:
    made = world.register()
    answer = world.lkca.post("/v1/certificates", {"registration": made["id"]})
    assert (answer.status_code, answer.json()["currentStatus"]) == (409, "received")


def test_numbers_have_no_gaps_even_when_issued_at_once(world: World) -> None:
    people = [world.complete(world.mocca)["id"] for _ in range(4)]
    world.draw()
    world.schedule_national()
    for id in people:
        world.mocca.post(f"/v1/registrations/{id}/_confirm")
        world.attend(id, 8)
    for id in people[:3]:
        world.pass_phases(id)
    issues = [partial(world.lkca.post, "/v1/certificates", {"registration": id}) for id in people * 2]
    answers = world.http.together(issues)
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    numbers = [one["number"] for one in world.lkca.get("/v1/certificates").json()["items"]]
    assert numbers == ["CCVO-2022-000001", "CCVO-2022-000002", "CCVO-2022-000003"]


def test_only_the_certifier_issues(world: World) -> None:
    made = world.participant()
    for party in (world.fleck, world.provider, world.admin):
        assert party.post("/v1/certificates", {"registration": made["id"]}).status_code == 403


def test_a_revoked_certificate_says_so_without_the_reason(world: World) -> None:
    made = world.certified()
    path = f"/v1/certificates/{made['number']}"
    revoked = world.lkca.post(f"{path}/_revoke", {"reason": "Verkeerde persoon"})
    assert (revoked.status_code, revoked.json()["revokeReason"]) == (200, "Verkeerde persoon")
    checked = world.http.get(f"/v1/verifications/{_code(made)}")
    assert (checked.json()["status"], checked.json()["revokedOn"]) == ("revoked", "2022-04-20")
    assert "Verkeerde" not in checked.text
    assert world.fleck.get(f"/v1/registrations/{made['registration']}").json()["status"] == "confirmed"
    assert world.lkca.post(f"{path}/_revoke", {"reason": "Nog eens"}).status_code == 409
    again = world.lkca.post("/v1/certificates", {"registration": made["registration"]})
    assert again.json()["number"] == "CCVO-2022-000002"


def test_a_certificate_stands_whatever_is_corrected_later(world: World) -> None:
    made = world.certified()
    before = world.lkca.get(f"/v1/certificates/{made['number']}/pdf").content
    session = world.sessions()[0]["id"]
    path = f"/v1/sessions/{session}/attendance/{made['registration']}"
    assert world.provider.put(path, {"minutes": 0}).status_code == 200
    applicant = world.fleck.get(f"/v1/registrations/{made['registration']}").json()["applicant"]["id"]
    world.fleck.patch(f"/v1/applicants/{applicant}", {"familyName": "Anders"})
    assert world.lkca.get(f"/v1/certificates/{made['number']}").json() == made
    assert world.lkca.get(f"/v1/certificates/{made['number']}/pdf").content == before
    assert world.events("attendance.corrected")[-1]["data"]["certified"] is True


def test_the_pdf_is_for_those_who_may_see_the_certificate(world: World) -> None:
    made = world.certified()
    path = f"/v1/certificates/{made['number']}/pdf"
    answer = world.fleck.get(path)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="{made["number"]}.pdf"'
    assert len(pypdfium2.PdfDocument(answer.content)) == 2
    assert world.mocca.get(path).status_code == 404
    assert world.mocca.get(f"/v1/certificates/{made['number']}").status_code == 404
    assert world.mocca.get("/v1/certificates").json()["items"] == []


@pytest.mark.parametrize("code", ["x", "a" * 26, "%00", "a' OR 1=1", "..%2f.."])
def test_an_unknown_code_is_not_found(world: World, code: str) -> None:
    assert world.http.get(f"/v1/verifications/{code}").status_code == 404


@pytest.mark.parametrize(
    ("language", "valid", "revoked"),
    [
        ("nl", "Dit certificaat is geldig", "Dit certificaat is ingetrokken"),
        ("en", "This certificate is valid", "This certificate has been revoked"),
    ],
)
def test_people_see_a_page(world: World, language: str, valid: str, revoked: str) -> None:
    made = world.certified(applicant={"familyName": "<b>Meer</b>"})
    headers = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": language}
    page = world.http.get(f"/v1/verifications/{_code(made)}", headers=headers)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    [style] = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    fingerprint = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{fingerprint}'" in page.headers["content-security-policy"]
    assert valid in page.text
    assert "Noor van der &lt;b&gt;Meer&lt;/b&gt;" in page.text
    world.lkca.post(f"/v1/certificates/{made['number']}/_revoke", {"reason": "Fout"})
    assert revoked in world.http.get(f"/v1/verifications/{_code(made)}", headers=headers).text
    unknown = world.http.get("/v1/verifications/nope", headers=headers)
    assert (unknown.status_code, "text/html" in unknown.headers["content-type"]) == (404, True)
