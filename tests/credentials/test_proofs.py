"""Proofs, keys and bits by themselves; what others make of them is asked in independent.py."""

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.credentials import bits, did, multikey, proofs

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
SIGNER = proofs.Signer(did.method("did:web:register.example", PUBLIC), KEY)
NOW = datetime(2022, 4, 20, 10, tzinfo=UTC)
DOCUMENT: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "id": "https://register.example/v1/verifications/abc",
    "type": ["VerifiableCredential"],
    "name": "Cultuurcoördinator",
    "issuer": "did:web:register.example",
    "validFrom": "2022-04-20T10:00:00Z",
    "credentialSubject": {"id": "urn:uuid:01890000-0000-7000-8000-000000000000"},
}


def test_a_proof_holds_for_what_it_was_made_over_and_for_nothing_else() -> None:
    proof = proofs.with_proof(DOCUMENT, SIGNER, NOW)["proof"][0]
    assert proofs.holds(DOCUMENT, proof, PUBLIC)
    assert not proofs.holds({**DOCUMENT, "name": "Cultuurcoordinator"}, proof, PUBLIC)
    assert not proofs.holds(DOCUMENT, {**proof, "created": "2022-04-20T10:00:01Z"}, PUBLIC)
    assert not proofs.holds(DOCUMENT, {**proof, "proofValue": proof["proofValue"][:-1]}, PUBLIC)
    assert not proofs.holds(DOCUMENT, proof, bytes(range(32)))
    assert not proofs.holds({**DOCUMENT, "unknown": "x"}, proof, PUBLIC)


def test_a_signature_that_is_too_long_is_not_even_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    proof = proofs.with_proof(DOCUMENT, SIGNER, NOW)["proof"][0]
    assert len(multikey.base58(b"\xff" * 64)) == proofs.LONGEST_VALUE
    monkeypatch.setattr(multikey, "from_base58", lambda _: pytest.fail("decoded"))
    assert not proofs.holds(DOCUMENT, {**proof, "proofValue": "z" + "9" * 98_000}, PUBLIC)


@given(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner)))
def test_what_is_no_proof_does_not_hold(value: Any) -> None:
    assert not proofs.holds(DOCUMENT, {"proofValue": value}, PUBLIC)


def test_a_token_is_a_jws_with_the_credential_in_it() -> None:
    head, claims, signature = (
        base64.urlsafe_b64decode(part + "==") for part in proofs.token(DOCUMENT, SIGNER).split(".")
    )
    assert json.loads(head) == {"alg": "EdDSA", "kid": SIGNER.method, "typ": "JWT"}
    assert json.loads(claims) == {
        **DOCUMENT,
        "iss": "did:web:register.example",
        "jti": DOCUMENT["id"],
        "sub": DOCUMENT["credentialSubject"]["id"],
        "nbf": 1650448800,
    }
    KEY.public_key().verify(signature, proofs.token(DOCUMENT, SIGNER).rpartition(".")[0].encode())


@given(st.binary(max_size=80))
def test_base58_comes_back(data: bytes) -> None:
    assert multikey.from_base58(multikey.base58(data)) == data


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Hello World!", "z2NEpo7TZRRrLZSi2U"),
        (b"\0\0\x28\x7f\xb4\xcd", "z11233QC4"),
    ],  # draft-msporny-base58, section 5
)
def test_base58_is_that_of_the_draft(data: bytes, text: str) -> None:
    assert multikey.base58(data) == text


@pytest.mark.parametrize("text", ["", "2NEpo7", "z0", "zO", "zé"])
def test_what_is_no_base58_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever it says, nothing was read
        multikey.from_base58(text)


def test_a_multikey_is_that_of_the_standard() -> None:
    """Data Integrity EdDSA Cryptosuites 1.0, appendix B.1."""
    key = multikey.from_base58("z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2")[2:]
    assert multikey.public(key) == "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"


@given(st.sets(st.integers(0, bits.LENGTH - 1), max_size=20), st.integers(0, bits.LENGTH - 1))
def test_a_bit_is_1_when_it_was_raised(raised: set[int], asked: int) -> None:
    packed = bits.encoded(raised)
    assert packed == bits.encoded(sorted(raised))
    assert bits.is_raised(packed, asked) is (asked in raised)
    assert all(bits.is_raised(packed, one) for one in raised)
    assert bits.all_raised(packed) == set(raised)


def test_the_first_bit_is_the_leftmost() -> None:
    packed = bits.encoded([0])
    unpacked = gzip.decompress(base64.urlsafe_b64decode(packed[1:] + "=="))
    assert (unpacked[0], len(unpacked)) == (0x80, 16 * 1024)


@pytest.mark.parametrize("index", [-1, bits.LENGTH])
def test_there_is_no_bit_outside_the_list(index: int) -> None:
    with pytest.raises(ValueError, match="no bit"):
        bits.encoded([index])
    with pytest.raises(ValueError, match="no bit"):
        bits.is_raised(bits.encoded([]), index)


def test_a_list_that_unpacks_to_too_much_is_cut_off() -> None:
    bomb = "u" + base64.urlsafe_b64encode(gzip.compress(bytes(50_000_000))).decode().rstrip("=")
    with pytest.raises(ValueError, match="no bit"):
        bits.is_raised(bomb, 20_000_000)


@pytest.mark.parametrize(
    ("address", "identifier"),
    [
        ("https://register.example", "did:web:register.example"),
        ("http://127.0.0.1:8000", "did:web:127.0.0.1%3A8000"),
        ("https://example.org/register", "did:web:example.org:register"),
    ],
)
def test_the_identifier_follows_from_the_address(address: str, identifier: str) -> None:
    assert did.identifier(address) == identifier
