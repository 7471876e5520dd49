"""The public check of a certificate, as whoever scanned its QR code or was given a file meets it."""

import json
from dataclasses import dataclass
from pathlib import Path

import httpx
import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Page

from tests.browser.reader import DESKTOP, PHONE, Reader, hindrances, overflows
from tests.samples import PDF
from tests.stories.server import JSON, Caller, Server
from tests.world import form, registration

EDITION, TITLE = "met-certificaat", "Certificaat controleren"
LONG_NAME = {"givenName": "Željka-Ngọc Maria", "familyName": "Wijngaarden-Łukaszewicz-Ørnulfsdóttir"}


@pytest.fixture(scope="module")
def unknown(server: Server) -> str:
    server.at("2021-07-06T09:00+02:00")
    return f"{server.url}/v1/verifications/AAAA-AAAA-AAAA-AAAA"


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize(
    ("language", "said"),
    [("nl", "Dit certificaat kennen wij niet"), ("en", "We do not know this certificate")],
)
def test_a_certificate_that_nobody_knows(
    reader: Reader, unknown: str, language: str, said: str, width: int
) -> None:
    page = reader.open(unknown, language=language, width=width, status=404)
    assert said in page.inner_text("main")
    _reads_well(page)
    assert said in reader.open(unknown, language=language, javascript=False, status=404).inner_text("main")


@dataclass
class Issued:
    """Three certificates with their files: one that stays, one revoked and one reissued by the tests."""

    lkca: Caller
    fleck: Caller
    certificates: list[JSON]
    folder: Path

    def file(self, n: int, ending: str) -> Path:
        """A file of the certificate, as its holder has it."""
        return self.folder / f"{n}.{ending}"


@pytest.fixture(scope="module")
def issued(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """Participants of an edition for which one session is enough, who passed everything."""
    server.at("2021-06-15T09:00+02:00")
    admin, fleck, mocca, lkca = (
        server.client(*who)
        for who in (("lkca", "admin"), ("fleck", "partner"), ("mocca", "provider"), ("lkca", "certifier"))
    )
    edition: JSON = {
        "slug": EDITION,
        "training": "cultuurcoordinator-vo",
        "title": "Noord/Midden, met certificaat",
        "region": "Noord/Midden",
        "window": {"opensAt": "2021-06-01T00:00:00+02:00", "closesAt": "2021-07-01T00:00:00+02:00"},
        "capacity": 3,
        "minimumContactMinutes": 180,
        "providers": ["mocca"],
    }
    admin.post("/v1/editions", edition, status=201)
    people = [
        fleck.post("/v1/registrations", registration(edition=EDITION, applicant=name), status=201)
        for name in ({}, LONG_NAME, {"familyName": "Anders"})
    ]
    for one in people:
        token = one["enrolmentForm"]["token"]
        assert httpx.put(f"{server.url}/v1/enrolment-forms/{token}", json=form()).status_code == 200
    admin.patch(f"/v1/editions/{EDITION}", {"window": {"closesAt": "2021-06-15T08:00:00+02:00"}})
    draw = admin.post(f"/v1/editions/{EDITION}/draws", {}, status=201)["id"]
    admin.post(f"/v1/draws/{draw}/_run", {})
    admin.post(f"/v1/draws/{draw}/_publish")
    held = {"startsAt": "2021-10-07T14:30:00+02:00", "endsAt": "2021-10-07T17:30:00+02:00"}
    body = {**held, "editions": [EDITION], "title": "Bijeenkomst 1", "mode": "online"}
    session = mocca.post("/v1/sessions", body, status=201)["id"]
    for one in people:
        fleck.post(f"/v1/registrations/{one['id']}/_confirm")
    server.at("2022-04-20T12:00+02:00")
    for one in people:
        mocca.put(f"/v1/sessions/{session}/attendance/{one['id']}", {"minutes": 180})
        for phase in ("orientatie", "onderzoek", "uitvoering", "evaluatie"):
            product = {"title": "Cultuurbeleidsplan", "kind": "policy-plan", "approved": True}
            passed = {"verdict": "passed", **({"product": product} if phase == "uitvoering" else {})}
            mocca.put(f"/v1/registrations/{one['id']}/progress/{phase}", passed)
    made = [lkca.post("/v1/certificates", {"registration": one["id"]}, status=201) for one in people]
    found = Issued(lkca, fleck, made, tmp_path_factory.mktemp("files"))
    for n, one in enumerate(made):
        for ending, path in (("pdf", "pdf"), ("json", "credential")):
            answer = lkca.request("GET", f"/v1/certificates/{one['number']}/{path}")
            found.file(n, ending).write_bytes(answer.content)
    return found


def _scanned(pdf: Path) -> str:
    """The address in the QR code, read from the picture of the first page by a reader that is not ours."""
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil()
    picture.save(pdf.with_suffix(".png"))
    [code] = zxingcpp.read_barcodes(picture)
    return code.text


def _reads_well(page: Page) -> None:
    assert not overflows(page)
    assert hindrances(page) == []


def test_a_scanned_code_leads_to_the_certificate_on_a_phone(reader: Reader, issued: Issued) -> None:
    url = _scanned(issued.file(0, "pdf"))
    assert url == issued.certificates[0]["verificationUrl"]
    page = reader.open(url, width=PHONE)
    said = page.inner_text("main")
    for words in (
        "Dit certificaat is geldig",
        "Noor van der Meer",
        "Cultuurcoördinator Voortgezet Onderwijs",
        "20 april 2022",
        "LKCA",
    ):
        assert words in said
    assert page.locator("dt:has-text('Contacturen') + dd").inner_text() == "3"
    _reads_well(page)
    page.get_by_role("link", name="English").click()
    assert "This certificate is valid" in page.inner_text("main")
    _reads_well(page)


def test_a_revoked_one_says_when_and_not_why(reader: Reader, issued: Issued) -> None:
    number = issued.certificates[1]["number"]
    issued.lkca.post(f"/v1/certificates/{number}/_revoke", {"reason": "Plagiaat vastgesteld"})
    page = reader.open(_scanned(issued.file(1, "pdf")), width=PHONE)
    assert page.get_by_role("status").inner_text() == "Dit certificaat is ingetrokken"
    assert page.locator("dt:has-text('Ingetrokken op') + dd").inner_text() == "20 april 2022"
    assert "Plagiaat" not in page.content()
    _reads_well(page)


def test_a_reissued_one_says_so_and_keeps_the_new_name_to_itself(reader: Reader, issued: Issued) -> None:
    old = issued.certificates[2]
    applicant = issued.fleck.get(f"/v1/registrations/{old['registration']}")["applicant"]["id"]
    issued.fleck.patch(f"/v1/applicants/{applicant}", {"familyName": "De Nieuwe"})
    path = f"/v1/certificates/{old['number']}/_reissue"
    new = issued.lkca.post(path, {"reason": "Naamswijziging"}, status=201)
    page = reader.open(_scanned(issued.file(2, "pdf")), width=PHONE)
    assert page.get_by_role("status").inner_text() == "Dit certificaat is vervangen door een nieuw"
    assert "Noor van der Anders" in page.inner_text("main")
    _reads_well(page)
    assert "Vraag om het nieuwe certificaat" in page.inner_text("main")
    code = new["verificationUrl"].rpartition("/")[2]
    assert not [told for told in ("De Nieuwe", new["number"], code) if told in page.content()]


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize(
    ("language", "follow", "press", "said"),
    [
        ("nl", "Een pdf of Open Badge controleren", "Controleren", "Dit certificaat is echt en geldig"),
        ("en", "Check a PDF or Open Badge", "Check", "This certificate is genuine and valid"),
    ],
)
def test_a_file_is_checked_without_a_script(
    reader: Reader, issued: Issued, language: str, follow: str, press: str, said: str, width: int
) -> None:
    start = issued.certificates[0]["verificationUrl"]
    for javascript in (True, False):
        page = reader.open(start, language=language, width=width, javascript=javascript)
        page.get_by_role("link", name=follow).click()
        page.set_input_files("#file", issued.file(0, "pdf"))
        page.get_by_role("button", name=press).click()
        page.get_by_role("status").wait_for()
        assert page.get_by_role("status").inner_text() == said
        assert "Noor van der Meer" in page.inner_text("main")
        if javascript:
            _reads_well(page)
            page.screenshot(path=issued.folder / f"checked-{language}-{width}.png", full_page=True)


def test_every_verdict_reads_well(reader: Reader, issued: Issued, tmp_path: Path) -> None:
    files = {
        "Dit certificaat is echt en geldig": issued.file(0, "json").read_bytes(),
        "Dit certificaat is veranderd": _of_another(issued.file(0, "json")),
        "Let op: deze pdf is niet zoals wij hem uitgeven": issued.file(0, "pdf").read_bytes() + b"\n",
        "Dit is geen certificaat uit dit register": b"{}",
    }
    page = reader.open(f"{issued.lkca.server.url}/v1/verifications/_check", width=PHONE)
    _reads_well(page)
    for said, content in files.items():
        sent = tmp_path / "file"
        sent.write_bytes(content)
        page.set_input_files("#file", sent)
        page.get_by_role("button", name="Controleren").click()
        page.get_by_role("status").get_by_text(said).wait_for()
        _reads_well(page)
    page.fill("#text", issued.file(0, "json").read_text(encoding="utf-8"))
    page.get_by_role("button", name="Controleren").click()
    page.get_by_role("status").get_by_text("Dit certificaat is echt en geldig").wait_for()
    assert page.title() == f"Dit certificaat is echt en geldig – {TITLE}"


def _of_another(credential: Path) -> bytes:
    """A credential, with another name on it."""
    document = json.loads(credential.read_text(encoding="utf-8"))
    document["credentialSubject"]["identifier"][0]["identityHash"] = "Iemand Anders"
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 400, "Kies een bestand of plak een tekst."),
        (b"\x89PNG\r\n", 400, "geen pdf en geen Open Badge"),
        (PDF.replace(b"%%EOF", b"trailer<</Encrypt 3 0 R>>\n%%EOF"), 400, "Deze pdf gaat niet open"),
        (b"%PDF-" + b" " * 5_000_000, 413, "te groot"),
    ],
)
def test_what_cannot_be_checked_is_told(
    reader: Reader, issued: Issued, tmp_path: Path, content: bytes, status: int, said: str
) -> None:
    page = reader.open(f"{issued.lkca.server.url}/v1/verifications/_check", width=PHONE)
    if content:
        sent = tmp_path / "file.pdf"
        sent.write_bytes(content)
        page.set_input_files("#file", sent)
    page.get_by_role("button", name="Controleren").click()
    page.get_by_role("alert").wait_for()
    assert said in page.get_by_role("alert").inner_text()
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    assert page.title() == f"Fout: {TITLE}"
    _reads_well(page)
    reader.forgive(status)
