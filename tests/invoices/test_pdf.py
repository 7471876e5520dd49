"""The invoice's PDF: opens, says everything in Dutch, and holds whatever name is on it."""

from dataclasses import replace

import hypothesis
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.typesetting import STAND_IN
from app.invoices.document import Document
from app.invoices.pdf import grouped, render
from tests.invoices.documents import BUYER, CREDIT_NOTE, DOCUMENTS, EXEMPT, INCLUDED, REASON, STANDARD


def _words(document: Document) -> str:
    pages = pypdfium2.PdfDocument(render(document))
    return " ".join(" ".join(page.get_textpage().get_text_range().split()) for page in pages)


def test_it_is_one_page_of_a4_in_archival_and_accessible_form() -> None:
    made = render(EXEMPT)
    [page] = pypdfium2.PdfDocument(made)
    assert tuple(round(edge) for edge in page.get_size()) == (595, 842)
    assert b"<pdfaid:part>3</pdfaid:part>" in made
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made


def test_it_says_who_what_and_until_when() -> None:
    words = _words(EXEMPT)
    for text in (
        "Factuur",
        "MOCCA-2021-00001",
        "1 september 2021",
        "1 oktober 2021",
        "7 oktober 2021 t/m 7 april 2022",
        "Stichting Mocca (voorbeeld)",
        "KvK 12345678",
        "Btw-nummer NL123456782B01",
        "NL91 ABNA 0417 1643 00",
        "Het Lyceum, administratie",
        "1315 AA Almere",
        "PO-2021-118",
        "4210",
        "INK-77",
        "deelnemer Noor van der Meer",
        "Totaal zonder btw € 750,00",
        "Btw (vrijgesteld) € 0,00",
        "Te betalen € 750,00",
        REASON,
    ):
        assert text in words, text
    assert "Afronding" not in words


def test_it_says_how_much_vat_there_is() -> None:
    words = _words(STANDARD)
    assert "Btw 21% over € 750,00 € 157,50" in words
    assert "Te betalen € 907,50" in words
    words = _words(INCLUDED)
    assert "Btw 21% over € 619,83 € 130,16" in words
    assert "Afronding € 0,01" in words
    assert "Te betalen € 750,00" in words


def test_a_credit_note_says_what_it_takes_back_and_why() -> None:
    words = _words(CREDIT_NOTE)
    for text in ("Creditnota", "Bij factuur MOCCA-2021-00001", "Afgemeld voor de eerste bijeenkomst"):
        assert text in words
    assert "Wordt verrekend of terugbetaald € 750,00" in words
    assert "Vervaldatum" not in words
    assert "uiterlijk" not in words


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_same_document_gives_the_same_bytes(name: str) -> None:
    assert render(DOCUMENTS[name]) == render(replace(DOCUMENTS[name]))


@pytest.mark.parametrize(
    "name", ["#strong[x] *a* _b_ $c$ \\ @d <e> `f`", "Željko Đurić", "王小明", '"}], "x": "']
)
def test_a_name_stands_there_literally(name: str) -> None:
    words = _words(replace(EXEMPT, buyer=replace(BUYER, name=name, reference=name)))
    assert words.count(name) == 2


@pytest.mark.parametrize("name", ["M" * 200, "Wilhelmina " * 18, "W"])
def test_a_name_of_any_length_stays_within_the_margins(name: str) -> None:
    document = replace(
        EXEMPT,
        buyer=replace(BUYER, name=name, street=name, reference=name),
        seller=replace(EXEMPT.seller, legal_name=name, email=f"{'m' * 60}@{'x' * 60}.example"),
        lines=(replace(EXEMPT.lines[0], description=name),),
        vat=replace(EXEMPT.vat, exemption_reason=name),
    )
    for page in pypdfium2.PdfDocument(render(document)):
        text = page.get_textpage()
        boxes = [text.get_rect(number) for number in range(text.count_rects())]
        assert min(box[0] for box in boxes) > 60
        assert max(box[2] for box in boxes) < 595 - 60


def test_what_no_font_has_is_replaced_visibly_and_a_note_says_so() -> None:
    words = _words(replace(EXEMPT, buyer=replace(BUYER, name="School 🎨")))
    assert f"School {STAND_IN}" in words
    assert f"Waar {STAND_IN} staat" in words


@hypothesis.settings(max_examples=10, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12))
def test_every_name_that_may_be_kept_gives_an_invoice(name: str) -> None:
    document = replace(EXEMPT, buyer=replace(BUYER, name=name, city=name), participant_name=name)
    assert render(document).startswith(b"%PDF-")


def test_an_account_is_read_in_fours() -> None:
    assert grouped("NL91ABNA0417164300") == "NL91 ABNA 0417 1643 00"
