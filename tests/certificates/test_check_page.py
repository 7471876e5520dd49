"""Somebody checks a file on the public page: what they send, and what they read."""

import io
import json
import tempfile
from typing import Any

import httpx
import pypdfium2
import pytest

from app.certificates.check_page_router import LARGEST
from tests.certificates.test_checks import held
from tests.samples import PDF
from tests.world import World

PATH = "/v1/verifications/_check"
BROWSER = {"Accept": "text/html,*/*;q=0.8"}
VALID, REVOKED, SUPERSEDED, ALTERED, UNKNOWN, RESAVED = (
    "Dit certificaat is echt en geldig",
    "Dit certificaat is ingetrokken",
    "Dit certificaat is vervangen door een nieuw",
    "Dit certificaat is veranderd",
    "Dit is geen certificaat uit dit register",
    "Let op: deze pdf is niet zoals wij hem uitgeven",
)


def _send(
    world: World, file: bytes | str = b"", text: str = "", query: str = "", **headers: str
) -> httpx.Response:
    """What a browser sends: both fields, always, and a file without a name when none was chosen."""
    content = file.encode() if isinstance(file, str) else file
    name = "een bestand" if file else ""
    body = b"\r\n".join(
        (
            b"--grens",
            f'Content-Disposition: form-data; name="file"; filename="{name}"'.encode(),
            b"Content-Type: application/octet-stream",
            b"",
            content,
            b"--grens",
            b'Content-Disposition: form-data; name="text"',
            b"",
            text.encode(),
            b"--grens--",
            b"",
        )
    )
    form = {"Content-Type": "multipart/form-data; boundary=grens"}
    return world.http.post(f"{PATH}{query}", content=body, headers={**BROWSER, **form, **headers})


def _read(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return answer.text


def test_what_was_issued_is_genuine_in_every_form(world: World) -> None:
    made = world.certified(applicant={"familyName": "<b>Meer</b>"})
    credential, token, pdf = held(world, made)
    for page in (
        _send(world, pdf),
        _send(world, json.dumps(credential)),
        _send(world, b"\xef\xbb\xbf" + json.dumps(credential).encode()),
        _send(world, token),
        _send(world, text=f" {json.dumps(credential, indent=2)}\r\n"),
        _send(world, text=token),
    ):
        said = _read(page)
        for words in (VALID, "Noor van der &lt;b&gt;Meer&lt;/b&gt;", "20 april 2022", "LKCA", "24</dd>"):
            assert words in said
        assert (page.headers["content-language"], page.headers["cache-control"]) == ("nl", "no-store")
        assert "form-action 'self'" in page.headers["content-security-policy"]


def test_what_no_longer_counts_is_told_apart(world: World) -> None:
    old = world.certified()
    new = world.lkca.post(f"/v1/certificates/{old['number']}/_reissue", {"reason": "Andere naam"}).json()
    first, second = held(world, old), held(world, new)
    said = _read(_send(world, first[2]))
    assert (SUPERSEDED in said, new["verificationUrl"] in said) == (True, False)
    assert world.lkca.post(f"/v1/certificates/{new['number']}/_revoke", {"reason": "Proef"}).is_success
    said = _read(_send(world, text=second[1]))
    assert (REVOKED in said, "Ingetrokken op" in said, "Proef" in said) == (True, True, False)


def test_what_was_changed_is_told(world: World) -> None:
    credential, token, pdf = held(world, world.certified())
    credential["credentialSubject"]["identifier"][0]["identityHash"] = "Iemand Anders"
    changed = json.dumps(credential)
    for page in (_send(world, changed), _send(world, text=changed), _send(world, text=token[:-9] + "A" * 9)):
        assert ALTERED in _read(page)
        assert "Noor" not in page.text
    said = _read(_send(world, pdf + b"\n"))
    assert (RESAVED in said, VALID in said, "Noor van der Meer" in said) == (True, False, True)


def test_what_is_not_ours_is_told(world: World) -> None:
    credential, _, _ = held(world, world.certified())
    elsewhere = json.dumps({**credential, "id": "https://elsewhere.example/v1/verifications/abc"})
    blank = io.BytesIO()
    document = pypdfium2.PdfDocument.new()
    document.new_page(595, 842).close()
    document.save(blank)
    for page in (_send(world, blank.getvalue()), _send(world, elsewhere), _send(world, text="{}")):
        assert UNKNOWN in _read(page)


@pytest.mark.parametrize(
    ("file", "text", "status", "said"),
    [
        (b"", "", 400, "Kies een bestand of plak een tekst."),
        (b"", " \n", 400, "Kies een bestand of plak een tekst."),
        (b"{}", "{}", 400, "niet allebei"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "", 400, "Dit is geen pdf en geen Open Badge."),
        (b"", "CCVO-2022-000001", 400, "Dit is geen pdf en geen Open Badge."),
        (b'{"a": "' + b"b" * 100_000 + b'"}', "", 400, "Dit is geen pdf en geen Open Badge."),
        (b"%PDF-1.7\n%%EOF", "", 400, "Deze pdf gaat niet open"),
        (PDF + b"x" * LARGEST, "", 413, "te groot"),
        (b"", "x" * LARGEST, 413, "te groot"),
    ],
)
def test_what_cannot_be_checked_is_told_in_words(
    world: World, file: bytes, text: str, status: int, said: str
) -> None:
    answer = _send(world, file, text)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "Fout: Certificaat controleren" in answer.text
    assert '<input type="file"' in answer.text


@pytest.mark.parametrize(
    "sent",
    [
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=a"}},
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
        {"files": [("file", ("a", b"{}")), ("file", ("b", b"{}"))]},
        {"content": b"{}", "headers": {"Content-Type": "application/json"}},
        {},
    ],
)
def test_what_no_browser_sends_is_refused(world: World, sent: dict[str, Any]) -> None:
    answer = world.http.post(PATH, **sent)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    sent = {**sent, "headers": {**BROWSER, **sent.get("headers", {})}}
    answer = world.http.post(PATH, **sent)
    assert (answer.status_code, "Niet gecontroleerd" in answer.text) == (400, True)


def test_the_address_of_a_check_leads_there_and_nowhere_else(world: World) -> None:
    address = world.certified()["verificationUrl"]
    for pasted in (address, f"  {address}?utm_source=mail#x"):
        answer = _send(world, text=pasted, query="?lang=en")
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            address.removeprefix("https://register.example") + "?lang=en",
        )
    away = _send(world, text="https://register.example/v1/verifications//elsewhere.example/x")
    assert away.headers["location"] == "/v1/verifications/%2Felsewhere.example%2Fx?lang=nl"


@pytest.mark.parametrize(
    ("query", "header", "said", "other"),
    [
        ("", "", "Kreeg je een certificaat", "?lang=en"),
        ("?lang=xx&utm_source=mail", "en", "Were you given a certificate", "?lang=nl"),
        ("?lang=nl", "en", "Kreeg je een certificaat", "?lang=en"),
    ],
)
def test_it_is_in_dutch_or_english(world: World, query: str, header: str, said: str, other: str) -> None:
    page = world.http.get(f"{PATH}{query}", headers={"Accept-Language": header})
    assert (page.status_code, said in page.text, f'href="{other}"' in page.text) == (200, True, True)
    check = world.http.get(
        f"/v1/verifications/nothing{query}", headers={**BROWSER, "Accept-Language": header}
    )
    assert f'href="{PATH}{"?lang=nl" if other == "?lang=en" else "?lang=en"}"' in check.text


def test_every_fault_and_verdict_has_words_in_both_languages(world: World) -> None:
    _, token, pdf = held(world, world.certified())
    for file in (pdf, pdf + b"\n", token, token[:-9] + "A" * 9, PDF, b"x", b"%PDF-"):
        titles = {_send(world, file, query=f"?lang={lang}").text.split("<title>")[1] for lang in ("nl", "en")}
        assert len(titles) == 2


def test_nothing_of_it_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, pdf = held(world, world.certified())
    monkeypatch.setattr(tempfile, "_get_default_tempdir", lambda: pytest.fail("a file was made"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    seen = world.events()
    padded = pdf + b" " * (LARGEST - len(pdf) - 2000)
    assert RESAVED in _read(_send(world, padded))
    assert (world.events(), world.stored()) == (seen, [])


def test_it_counts_with_the_other_checks(world: World) -> None:
    world.app.state.settings = world.app.state.settings.model_copy(update={"public_per_minute": 2})
    codes = [_send(world, text="{}").status_code]
    codes += [world.http.get("/v1/verifications/nothing").status_code]
    refused = _send(world, text="{}")
    assert [*codes, refused.status_code] == [200, 404, 429]
    assert ("retry-after" in refused.headers, "Te veel verzoeken" in refused.text) == (True, True)
    assert world.http.get(PATH).status_code == 200
