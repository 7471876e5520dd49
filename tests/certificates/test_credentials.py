"""Credentials over HTTP: signed when issued, struck off when revoked or replaced, keys that are rotated."""

import base64
import json
from typing import Any

import pypdfium2

from app.certificates.badge import hashed_email
from app.core.settings import Settings
from app.credentials import bits, multikey, proofs
from tests.world import PILOT, World

JSON = dict[str, Any]


def _credential(world: World, certificate: JSON) -> JSON:
    answer = world.lkca.get(f"/v1/certificates/{certificate['number']}/credential")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vc")
    credential: JSON = answer.json()
    return credential


def _raised(world: World, credential: JSON) -> bool:
    status = credential["credentialStatus"]
    published = world.http.get(status["statusListCredential"])
    assert published.headers["content-type"] == "application/vc"
    document = published.json()
    proof = document.pop("proof")[0]
    assert proofs.holds(document, proof, _keys(world)[proof["verificationMethod"]])
    return bits.is_raised(document["credentialSubject"]["encodedList"], int(status["statusListIndex"]))


def _keys(world: World) -> dict[str, bytes]:
    methods = world.http.get("/.well-known/did.json").json()["verificationMethod"]
    return {one["id"]: multikey.from_base58(one["publicKeyMultibase"])[2:] for one in methods}


def test_a_credential_says_what_the_certificate_says_and_no_more(world: World) -> None:
    certificate = world.certified(applicant={"email": "noor@lyceum.example"})
    credential = _credential(world, certificate)
    subject = credential["credentialSubject"]
    assert credential["issuer"]["id"] == "did:web:register.example"
    assert credential["id"] == certificate["verificationUrl"]
    assert subject["licenseNumber"] == certificate["number"]
    assert subject["result"][0]["value"] == "24"
    name, email = subject["identifier"]
    assert name["identityHash"] == "Noor van der Meer"
    assert email["identityHash"] == hashed_email("NOOR@lyceum.example", email["salt"])
    assert credential["evidence"] == [{"type": ["Evidence"], "name": "Cultuurbeleidsplan"}]
    text = json.dumps(credential)
    for hidden in ("noor@lyceum.example", "Het Lyceum", certificate["registration"]):
        assert hidden not in text
    proof = credential.pop("proof")[0]
    assert proofs.holds(credential, proof, _keys(world)[proof["verificationMethod"]])


def test_a_token_is_given_to_who_asks_for_one(world: World) -> None:
    number = world.certified()["number"]
    path = f"/v1/certificates/{number}/credential"
    for wanted in ("application/vc+jwt", "application/jwt"):
        answer = world.lkca.get(path, headers={"Accept": wanted})
        assert answer.headers["content-type"] == "application/vc+jwt"
        assert answer.headers["content-disposition"] == f'attachment; filename="{number}.jwt"'
        kid = json.loads(base64.urlsafe_b64decode(answer.text.split(".")[0] + "=="))["kid"]
        assert kid in {one["kid"] for one in world.http.get("/.well-known/jwks.json").json()["keys"]}


def test_a_revoked_certificate_is_struck_off_its_list(world: World) -> None:
    certificate = world.certified()
    credential = _credential(world, certificate)
    assert not _raised(world, credential)
    assert world.lkca.post(
        f"/v1/certificates/{certificate['number']}/_revoke", {"reason": "Proef"}
    ).is_success
    assert _raised(world, credential)
    assert _credential(world, certificate) == credential


def test_a_certificate_is_issued_anew_in_the_present_name(world: World) -> None:
    old = world.certified()
    person = world.fleck.get(f"/v1/registrations/{old['registration']}").json()["applicant"]["id"]
    assert world.fleck.patch(f"/v1/applicants/{person}", {"familyName": "Zee"}).is_success
    answer = world.lkca.post(f"/v1/certificates/{old['number']}/_reissue", {"reason": "Andere naam"})
    new = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, "/v1/certificates/CCVO-2022-000002")
    assert (new["holderName"], new["status"], new["supersedes"]) == (
        "Noor van der Zee",
        "valid",
        old["number"],
    )
    assert new["contactMinutes"] == old["contactMinutes"]
    replaced = world.lkca.get(f"/v1/certificates/{old['number']}").json()
    assert (replaced["status"], replaced["supersededAt"]) == ("superseded", "2022-04-20T10:00:00Z")
    assert replaced["holderName"] == "Noor van der Meer"
    assert _raised(world, _credential(world, old))
    assert not _raised(world, _credential(world, new))
    checked = [world.http.get(one["verificationUrl"]).json() for one in (old, new)]
    assert [(one["status"], one["supersededOn"]) for one in checked] == [
        ("superseded", "2022-04-20"),
        ("valid", None),
    ]
    page = world.http.get(old["verificationUrl"], headers={"Accept": "text/html"}).text
    assert "Dit certificaat is vervangen door een nieuw" in page
    registration = world.fleck.get(f"/v1/registrations/{old['registration']}").json()
    assert registration["status"] == "certified"
    event = world.events("certificate.reissued")[0]
    assert (event["subject"], event["data"]["supersedes"]) == (new["number"], old["number"])


def test_what_no_longer_counts_is_neither_revoked_nor_issued_anew(world: World) -> None:
    old = world.certified()
    path = f"/v1/certificates/{old['number']}"
    new = world.lkca.post(f"{path}/_reissue", {"reason": "Andere naam"}).json()
    for verb in ("_reissue", "_revoke"):
        answer = world.lkca.post(f"{path}/{verb}", {"reason": "Nog eens"})
        assert (answer.status_code, answer.json()["supersededBy"]) == (409, new["number"])
    assert world.lkca.post(f"/v1/certificates/{new['number']}/_revoke", {"reason": "Proef"}).is_success
    answer = world.lkca.post(f"/v1/certificates/{new['number']}/_reissue", {"reason": "Te laat"})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "certificate-revoked")


def test_two_who_issue_anew_at_once_make_one(world: World) -> None:
    number = world.certified()["number"]
    post = [lambda: world.lkca.post(f"/v1/certificates/{number}/_reissue", {"reason": "Tegelijk"})] * 6
    codes = sorted(answer.status_code for answer in world.http.together(post))
    assert codes == [201, 409, 409, 409, 409, 409]
    assert [one["number"] for one in world.lkca.get("/v1/certificates").json()["items"]] == [
        "CCVO-2022-000001",
        "CCVO-2022-000002",
    ]


def test_a_rotated_key_stays_published_and_the_new_one_signs(world: World) -> None:
    old = world.certified()
    before = _keys(world)
    name = world.rotate_keys()
    after = _keys(world)
    assert list(after) == [f"did:web:register.example#{name}", *before]
    new = world.lkca.post(f"/v1/certificates/{old['number']}/_reissue", {"reason": "Nieuwe sleutel"}).json()
    assert _credential(world, new)["proof"][0]["verificationMethod"] == f"did:web:register.example#{name}"
    assert world.events("signing-key.rotated")[0]["subject"] == name


def test_another_secret_opens_no_key_until_there_is_a_new_one(world: World) -> None:
    number = world.certified()["number"]
    changed = {**world.app.state.settings.model_dump(), "secret_key": "another secret of the same length"}
    world.app.state.settings = Settings(**changed, _env_file=None)
    answer = world.lkca.post(f"/v1/certificates/{number}/_revoke", {"reason": "Proef"})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (503, "signing-key-unreadable")
    assert world.lkca.get(f"/v1/certificates/{number}").json()["status"] == "valid"
    world.rotate_keys()
    assert world.lkca.post(f"/v1/certificates/{number}/_revoke", {"reason": "Proef"}).status_code == 200


def test_there_is_no_other_list(world: World) -> None:
    assert world.http.get("/v1/status-lists/1").status_code == 404
    assert world.http.get("/v1/status-lists/0").status_code == 400


def test_others_see_no_credential(world: World) -> None:
    number = world.certified()["number"]
    assert world.fleck.get(f"/v1/certificates/{number}/credential").status_code == 200
    assert world.mocca.get(f"/v1/certificates/{number}/credential").status_code == 404


def test_the_credential_is_attached_to_the_pdf(world: World) -> None:
    certificate = world.certified()
    pdf = world.lkca.get(f"/v1/certificates/{certificate['number']}/pdf")
    with pypdfium2.PdfDocument(pdf.content) as document:
        assert document.count_attachments() == 1
        attached = document.get_attachment(0)
        assert attached.get_name() == f"{certificate['number']}.json"
        assert json.loads(bytes(attached.get_data())) == _credential(world, certificate)


def test_its_criteria_are_those_of_the_edition(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"minimumContactMinutes": 1410})
    number = world.certified()["number"]
    achievement = world.lkca.get(f"/v1/certificates/{number}/credential").json()["credentialSubject"][
        "achievement"
    ]
    assert achievement["resultDescription"][0]["requiredValue"] == "23.5"
    assert "Ten minste 23,5 uur" in achievement["criteria"]["narrative"]
    assert "At least 23.5 hours" in achievement["criteria"]["narrative"]
