"""Somebody holds a credential or a PDF, and asks the register about it."""

import asyncio
import base64
import io
import json
import tracemalloc
import zlib
from typing import Any

import pikepdf
import pytest

from app.certificates import pdf as certificate_pdf
from app.certificates.checks import DEEPEST
from app.credentials import proofs
from tests.world import World

JSON = dict[str, Any]


def _check(world: World, **body: str) -> JSON:
    answer = world.http.post("/v1/verifications", json=body)
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


def held(world: World, certificate: JSON) -> tuple[JSON, str, bytes]:
    """The credential, the token and the PDF, as the holder has them."""
    path = f"/v1/certificates/{certificate['number']}"
    return (
        world.lkca.get(f"{path}/credential").json(),
        world.lkca.get(f"{path}/credential", headers={"Accept": "application/jwt"}).text,
        world.lkca.get(f"{path}/pdf").content,
    )


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_what_was_issued_is_valid_in_every_form(world: World) -> None:
    credential, token, pdf = held(world, world.certified())
    for found in (
        _check(world, credential=json.dumps(credential)),
        _check(world, credential=json.dumps(credential, indent=4, ensure_ascii=False)),
        _check(world, credential=f" {token}\n"),
        _check(world, pdf=_base64(pdf)),
    ):
        assert (found["verdict"], found["certificate"]["holderName"]) == ("valid", "Noor van der Meer")
    assert _check(world, pdf=_base64(pdf))["asIssued"] is True
    assert _check(world, credential=token)["asIssued"] is None


def test_what_no_longer_counts_is_told_apart(world: World) -> None:
    old = world.certified()
    new = world.lkca.post(f"/v1/certificates/{old['number']}/_reissue", {"reason": "Andere naam"}).json()
    first, second = held(world, old), held(world, new)
    assert world.lkca.post(f"/v1/certificates/{new['number']}/_revoke", {"reason": "Proef"}).is_success
    for (credential, token, pdf), verdict in ((first, "superseded"), (second, "revoked")):
        for found in (
            _check(world, credential=json.dumps(credential)),
            _check(world, credential=token),
            _check(world, pdf=_base64(pdf)),
        ):
            assert found["verdict"] == found["certificate"]["status"] == verdict


def test_one_changed_letter_is_seen_and_nothing_is_told_about_the_holder(world: World) -> None:
    credential, token, pdf = held(world, world.certified())
    changed = json.loads(json.dumps(credential))
    changed["credentialSubject"]["identifier"][0]["identityHash"] = "Iemand Anders"
    head, claims, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    said["credentialSubject"]["licenseNumber"] = "CCVO-2022-000002"
    other = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    unsigned = {name: value for name, value in credential.items() if name != "proof"}
    for text in (
        json.dumps(changed),
        json.dumps(unsigned),
        json.dumps({**unsigned, "proof": [{**credential["proof"][0], "proofValue": "z1"}]}),
        json.dumps({**unsigned, "proof": 7}),
        f"{head}.{other}.{signature}",
    ):
        assert _check(world, credential=text) == {"verdict": "altered", "certificate": None, "asIssued": None}
    # Everything but the picture of a page is as it was.
    touched = _check(world, pdf=_base64(pdf + b"\n"))
    assert (touched["verdict"], touched["asIssued"]) == ("valid", False)


def _attaching(made: bytes, **texts: str) -> bytes:
    """A PDF with these texts attached too, by the names of their files."""
    with pikepdf.open(io.BytesIO(made)) as document:
        for name, text in texts.items():
            document.attachments[f"{name}.json"] = text.encode()
        saved = io.BytesIO()
        document.save(saved, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return saved.getvalue()


def _repacked(made: bytes, *filters: str) -> bytes:
    """A PDF whose attachments are deflated once for each of these filters."""
    with pikepdf.open(io.BytesIO(made)) as document:
        for one in document.attachments.values():
            stream = one.obj.EF.F
            data = stream.read_bytes()
            for _ in filters:
                data = zlib.compress(data)
            stream.write(data, filter=pikepdf.Array(map(pikepdf.Name, filters)) if filters else None)
        saved = io.BytesIO()
        document.save(saved, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return saved.getvalue()


def test_our_credential_is_found_among_other_attachments(world: World) -> None:
    _, _, pdf = held(world, world.certified())
    others = {f"A{n}": text for n, text in enumerate(("[", "{}", '{"id": 7}', "tekst", "{}", "{}"))}
    found = _check(world, pdf=_base64(_attaching(pdf, **others)))
    assert (found["verdict"], found["asIssued"]) == ("valid", False)


def test_an_attachment_is_unpacked_once_and_no_further_than_ours_go(world: World) -> None:
    _, _, pdf = held(world, world.certified())
    for filters, verdict in (
        ((), "valid"),
        (("/FlateDecode",), "valid"),
        (("/FlateDecode", "/FlateDecode"), "unknown"),
    ):
        assert _check(world, pdf=_base64(_repacked(pdf, *filters)))["verdict"] == verdict
    bomb = _repacked(_attaching(pdf, A="0" * 30_000_000), "/FlateDecode")
    tracemalloc.start()
    try:
        [ours] = certificate_pdf.attachments(bomb)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert json.loads(ours)["type"] == ["VerifiableCredential", "OpenBadgeCredential"]


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_in_another_algorithm_is_not_taken_for_ours(world: World, algorithm: str) -> None:
    _, token, _ = held(world, world.certified())
    head, claims, signature = token.split(".")
    header = {**json.loads(base64.urlsafe_b64decode(head + "==")), "alg": algorithm}
    other = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    assert _check(world, credential=f"{other}.{claims}.{signature}")["verdict"] == "altered"
    assert _check(world, credential=f"{other}.{claims}.")["verdict"] == "altered"


def test_a_text_that_states_the_same_in_other_words_is_altered(world: World) -> None:
    credential, token, _ = held(world, world.certified())
    text, subject = json.dumps(credential), credential["credentialSubject"]
    named, mailed = subject["identifier"]
    texts = [
        json.dumps({**credential, "@context": ["https://evil.example"]}),
        json.dumps({name: value for name, value in credential.items() if name != "@context"}),
        '{"credentialSubject": {"name": "Fake"}, ' + text[1:],
        json.dumps({**credential, "description": []}),
        json.dumps({**credential, "proof": [*credential["proof"], {"type": "DataIntegrityProof"}]}),
        *(
            json.dumps(
                {
                    **credential,
                    "credentialSubject": {**subject, "identifier": [{**named, "hashed": no}, mailed]},
                }
            )
            for no in ("false", 0)
        ),
        f"{token[:-1]}{'B' if token[-1] == 'A' else chr(ord(token[-1]) + 1)}",  # in bits that no byte has
        f"{token}=",
    ]
    assert [_check(world, credential=one)["verdict"] for one in texts] == ["altered"] * len(texts)
    single = _check(world, credential=json.dumps({**credential, "proof": credential["proof"][0]}))
    assert single["verdict"] == "valid"


def test_what_an_older_key_signed_stays_valid(world: World) -> None:
    credential, token, pdf = held(world, world.certified())
    world.rotate_keys()
    for body in ({"credential": json.dumps(credential)}, {"credential": token}, {"pdf": _base64(pdf)}):
        assert _check(world, **body)["verdict"] == "valid"


def test_only_what_we_wrote_is_canonicalised_and_never_where_others_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential, _, _ = held(world, world.certified())
    checked: list[bool] = []

    def holds(*proof: Any) -> bool:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        checked.append(True)
        return really(*proof)

    really = proofs.holds
    monkeypatch.setattr(proofs, "holds", holds)
    many = {**credential, "evidence": [{}] * 10_000}
    for document in (many, {**many, "proof": credential["proof"] * 2}):
        assert _check(world, credential=json.dumps(document))["verdict"] == "altered"
    assert checked == []
    assert _check(world, credential=json.dumps(credential))["verdict"] == "valid"
    assert checked == [True]


@pytest.mark.parametrize(
    "text",
    [
        '{"proof": [{"verificationMethod": [1]}]}',
        '{"proof": {"verificationMethod": {}}}',
        '{"id": "https://register.example/v1/verifications/\\ud800"}',
        '{"id": "https://register.example/v1/verifications/%s"}' % ("a" * 9000),
    ],
)
def test_what_cannot_be_ours_gets_a_verdict(world: World, text: str) -> None:
    assert _check(world, credential=text)["verdict"] == "unknown"
    page = world.http.post("/v1/verifications/_check", files={"file": ("a.json", text)})
    assert page.status_code == 200


def test_what_is_not_ours_is_unknown(world: World) -> None:
    credential, _, _ = held(world, world.certified())
    for document in (
        {},
        {"id": 7},
        {**credential, "id": "https://elsewhere.example/v1/verifications/abc"},
        {**credential, "id": "https://register.example/v1/verifications/abc"},
    ):
        assert _check(world, credential=json.dumps(document))["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"credential": "x"}, "#/credential"),
        ({"credential": "[]"}, "#/credential"),
        ({"credential": '{"a":' * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1)}, "#/credential"),
        ({"credential": "[" * 50_000}, "#/credential"),
        ({"credential": '{"a":' * 900 + "1" + "}" * 900}, "#/credential"),
        ({"credential": "a.b.c"}, "#/credential"),
        ({"pdf": "YWJj"}, "#/pdf"),
        ({"pdf": "YWJ"}, "#/pdf"),
        ({"pdf": _base64(b"%PDF-1.7\n%%EOF")}, "#/pdf"),
        ({}, "#"),
        ({"credential": "{}", "pdf": "YWJj"}, "#"),
    ],
)
def test_what_is_neither_is_refused(world: World, body: JSON, pointer: str) -> None:
    answer = world.http.post("/v1/verifications", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)
