"""The certificate's PDF as archives and screen readers need it (PDF/A-3, PDF/UA-1), read by qpdf.

No validator of the whole standards is at hand; these are rules of theirs that show in the file's structure.
"""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import pikepdf
import pypdfium2
import pytest

from app.certificates.pdf import CertificateSheet, HeldSession, render
from tests.certificates.test_pdf import SHEET

CREDENTIAL = json.dumps({"name": "Cultuurcoördinator", "n": list(range(2000))}, ensure_ascii=False)
NAMES = (
    "Noor van der Meer",
    "Suharto",
    "Žaneta-Ngọc Đặng Ørnulfsdóttir Łukaszewicz-Şahin Ğüneş Ířðþæß",
    "Maria Wilhelmina Johanna van Wijngaarden-Oude Kotte tot Elst!",
    "Ξένια Παπαδοπούλου Євгенія Ђорђевић",
    "王小明 محمد יוסף สมชาย",
    "W" * 60,
    "Wilhelmina " * 27,
)
XMP = {
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "pdfuaid": "http://www.aiim.org/pdfua/ns/id/",
    "dc": "http://purl.org/dc/elements/1.1/",
}
# What could run, or fetch something, when the file is opened.
ACTIVE = {
    *(
        "/JS",
        "/JavaScript",
        "/AA",
        "/OpenAction",
        "/Launch",
        "/SubmitForm",
        "/ImportData",
        "/GoToR",
        "/GoToE",
    ),
    *("/AcroForm", "/XFA", "/RichMedia", "/Movie", "/Sound", "/Rendition", "/Ref", "/OPI", "/Encrypt"),
}
INSIDE = 42  # points; the frame is 15 mm from the edge


@pytest.fixture(scope="module")
def made() -> bytes:
    held = tuple(replace(SHEET.sessions[0], title=f"Bijeenkomst {n}") for n in range(1, 9))
    return render(replace(SHEET, holder_name="Noor 王小明 محمد", sessions=held, credential=CREDENTIAL))


@pytest.fixture
def document(made: bytes) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(io.BytesIO(made)) as document:
        yield document


def _dictionaries(document: pikepdf.Pdf) -> Iterator[Any]:
    """Every dictionary in the file, also those inside others."""
    waiting: list[Any] = [document.trailer, *document.objects]
    while waiting:
        one = waiting.pop()
        if isinstance(one, pikepdf.Array):
            below = list(one)
        elif isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
            yield one
            below = [value for _, value in one.items()]
        else:
            continue
        # What is indirect stands among the objects by itself.
        waiting += [value for value in below if isinstance(value, pikepdf.Object) and not value.is_indirect]


def test_qpdf_finds_nothing_wrong(document: pikepdf.Pdf) -> None:
    assert document.check_pdf_syntax() == []
    assert document.get_warnings() == []
    assert len(document.pages) == 2


def test_it_says_which_standards_it_keeps_to(document: pikepdf.Pdf) -> None:
    xmp = ET.fromstring(document.Root.Metadata.read_bytes())
    assert xmp.findtext(".//pdfaid:part", namespaces=XMP) == "3"
    assert xmp.findtext(".//pdfaid:conformance", namespaces=XMP) == "A"
    assert xmp.findtext(".//pdfuaid:part", namespaces=XMP) == "1"
    title = xmp.find(".//dc:title", XMP)
    assert title is not None
    assert "Noor 王小明" in "".join(title.itertext())
    first, second = (bytes(part) for part in document.trailer.ID)
    assert (len(first) >= 16, len(second) >= 16) == (True, True)
    [intent] = document.Root.OutputIntents
    assert (str(intent.S), int(intent.DestOutputProfile.N)) == ("/GTS_PDFA1", 3)
    assert len(intent.DestOutputProfile.read_bytes()) > 128  # the header of an ICC profile


def test_it_is_tagged_for_who_listens(document: pikepdf.Pdf) -> None:
    root = document.Root
    assert root.MarkInfo.Marked
    assert str(root.Lang).startswith("nl")
    assert root.ViewerPreferences.DisplayDocTitle
    kinds = [str(one.S) for one in _dictionaries(document) if one.get("/Type") == "/StructElem"]
    assert root.StructTreeRoot.K is not None
    for kind in ("/H1", "/H2", "/Table", "/TH", "/TD", "/L", "/LI", "/Figure", "/Link", "/P"):
        assert kind in kinds, kind
    for one in _dictionaries(document):
        if one.get("/S") == "/Figure":
            assert SHEET.verification_url in str(one.Alt)
        if one.get("/Subtype") == "/Link":
            assert "/Contents" in one
    assert all(page.get("/Tabs") == "/S" and "/StructParents" in page for page in document.pages)


def test_every_font_is_in_it_with_its_letters(document: pikepdf.Pdf) -> None:
    fonts = [one for one in _dictionaries(document) if one.get("/Type") == "/Font"]
    assert {str(one.BaseFont).partition("+")[2].partition("-")[0] for one in fonts} >= {
        *("LibertinusSerif", "FiraGO", "NotoSansCJKsc", "DejaVuSansMono")
    }
    for font in fonts:
        if font.Subtype == "/Type0":
            assert "/ToUnicode" in font
        else:
            assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(font.FontDescriptor.keys()), font.BaseFont


def test_nothing_in_it_runs_or_comes_from_elsewhere(document: pikepdf.Pdf) -> None:
    for one in _dictionaries(document):
        assert not ACTIVE & set(one.keys())
        assert one.get("/S") not in ACTIVE
        if "/URI" in one and one.get("/S") == "/URI":
            assert str(one.URI) == SHEET.verification_url
        if "/F" in one and one.get("/Type") != "/Filespec":
            assert isinstance(one.F, int | pikepdf.Stream), "a stream in another file"


def test_the_credential_is_in_it_byte_for_byte(document: pikepdf.Pdf) -> None:
    [(name, attached)] = document.attachments.items()
    assert name == f"{SHEET.number}.json"
    file = attached.get_file()
    assert (file.read_bytes(), file.mime_type) == (CREDENTIAL.encode(), "application/json")
    assert [one.AFRelationship for one in document.Root.AF] == ["/Supplement"]
    assert [one.UF for one in document.Root.AF] == [name]


def test_a_second_rendering_is_the_same_byte_for_byte(made: bytes, document: pikepdf.Pdf) -> None:
    attached = document.attachments[f"{SHEET.number}.json"].get_file().read_bytes().decode()
    held = tuple(replace(SHEET.sessions[0], title=f"Bijeenkomst {n}") for n in range(1, 9))
    assert render(replace(SHEET, holder_name="Noor 王小明 محمد", sessions=held, credential=attached)) == made


def _sheets() -> Iterator[CertificateSheet]:
    for name in NAMES:
        yield replace(SHEET, holder_name=name)
    long = "Cultuurcoördinator " * 10
    held = HeldSession(date(2021, 10, 7), long, "Llanfairpwllgwyngyll" * 4, "hybrid", 45)
    yield replace(
        SHEET,
        holder_name=NAMES[-1],
        training_title=long,
        edition_title=long,
        issuer="Landelijk Kennisinstituut Cultuureducatie en Amateurkunst",
        product_title="Beleidsplan" * 18,
        sessions=(held,) * 12,
    )


@pytest.mark.parametrize("sheet", list(_sheets()), ids=lambda sheet: sheet.holder_name[:12])
def test_everything_stays_inside_the_frame_and_can_be_copied(sheet: CertificateSheet) -> None:
    document = pypdfium2.PdfDocument(render(sheet))
    for number, page in enumerate(document):
        width, height = page.get_size()
        text = page.get_textpage()
        boxes = [text.get_rect(n) for n in range(text.count_rects())]
        assert boxes
        for left, bottom, right, top in boxes:
            assert INSIDE < left < right < width - INSIDE, (number, left, right)
            assert INSIDE < bottom < top < height - INSIDE, (number, bottom, top)
    front = document[0].get_textpage().get_text_range()
    assert set(sheet.holder_name.replace(" ", "")) <= set(front)
    # Name, training and QR code stand together on the first page, whatever their length.
    assert sheet.verification_url in front
    assert "Bij certificaat" in document[1].get_textpage().get_text_range()
