"""The certificate's PDF: opens, says the right things, and leads to the public check."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import hypothesis
import pypdfium2
import pytest
import zxingcpp
from hypothesis import example, given
from hypothesis import strategies as st

from app.certificates.pdf import CertificateSheet, HeldSession, PassedPhase, render
from app.core.typesetting import STAND_IN, in_dutch

ROOT = Path(__file__).parents[2]
URL = "https://register.example/v1/verifications/abcdefghijklmnopqrstuvwxyz"
SHEET = CertificateSheet(
    number="CCVO-2022-000123",
    holder_name="Noor van der Meer",
    training_title="Cultuurcoördinator Voortgezet Onderwijs",
    edition_title="Pilot Noord/Midden 2021-2022",
    issuer="LKCA",
    issued_on=date(2022, 4, 14),
    contact_minutes=1170,
    study_load_hours=40,
    product_title="Cultuurbeleidsplan Het Lyceum",
    sessions=(
        HeldSession(date(2021, 10, 7), "Bijeenkomst 1", "Amsterdam", "physical", 180),
        HeldSession(date(2022, 3, 31), "Landelijke bijeenkomst", None, "online", 90),
    ),
    phases=tuple(
        PassedPhase(number, title)
        for number, title in enumerate(("Oriëntatie", "Onderzoek", "Uitvoering", "Evaluatie"), start=1)
    ),
    verification_url=URL,
)


def _words(page: pypdfium2.PdfPage) -> str:
    return " ".join(page.get_textpage().get_text_range().split())


def test_it_is_two_pages_of_a4_in_archival_and_accessible_form() -> None:
    made = render(SHEET)
    pages = pypdfium2.PdfDocument(made)
    assert [tuple(round(edge) for edge in page.get_size()) for page in pages] == [(595, 842)] * 2
    assert b"<pdfaid:part>3</pdfaid:part>" in made
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made


def test_it_says_what_was_achieved_in_dutch() -> None:
    front, back = (_words(page) for page in pypdfium2.PdfDocument(render(SHEET)))
    for text in (
        "Noor van der Meer",
        "19,5 uur contacttijd",
        "14 april 2022",
        "CCVO-2022-000123",
        "LKCA",
        URL,
    ):
        assert text in front
    for text in (
        "7 oktober 2021 Bijeenkomst 1 Amsterdam, op locatie 3 uur",
        "31 maart 2022 Landelijke bijeenkomst online 1,5 uur",
        "1. Oriëntatie",
        "4. Evaluatie",
        "Cultuurbeleidsplan Het Lyceum",
    ):
        assert text in back


def test_the_qr_code_holds_the_address_of_the_public_check() -> None:
    image = pypdfium2.PdfDocument(render(SHEET))[0].render(scale=2).to_pil()
    [code] = zxingcpp.read_barcodes(image)
    assert code.text == URL


@pytest.mark.parametrize("name", ["Noor van der Meer", "王小明 محمد สมชาย 🎨"])
def test_the_same_sheet_gives_the_same_bytes_in_another_process(name: str) -> None:
    sheet = replace(SHEET, holder_name=name)
    script = f"""
import datetime, hashlib
from app.certificates.pdf import CertificateSheet, HeldSession, PassedPhase, render
print(hashlib.sha256(render({sheet!r})).hexdigest())
"""
    made = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert made.stdout.strip() == hashlib.sha256(render(sheet)).hexdigest()


@pytest.mark.parametrize(
    "name",
    [
        "#strong[x] *a* _b_ $c$ \\ @d <e> `f`",
        "Daan ’t Hooft",
        "Željko Đurić",
        "Ἀριστοτέλης",
        "Евгения Ђорђевић",
        "Suharto",
        "Nguyễn Thị Phượng Đặng",
        "Ṣọlá Ẹ̀bùn Łukasz Iğdır",
        "Արամ Խաչատրյան",
        "გიორგი",
        "王小明",
        "山田 たろう タロウ",
        "김민준",
        "สมชาย",
        '"}], "holder_name": "x',
    ],
)
def test_a_name_stands_there_literally(name: str) -> None:
    assert name in _words(pypdfium2.PdfDocument(render(replace(SHEET, holder_name=name)))[0])


@pytest.mark.parametrize("name", ["محمد عبد الله", "יוסף בן דוד", "राहुल शर्मा"])
def test_letters_that_join_or_run_to_the_left_are_set_too(name: str) -> None:
    front = _words(pypdfium2.PdfDocument(render(replace(SHEET, holder_name=name)))[0])
    assert STAND_IN not in front
    assert set(name) <= set(front)  # a reader of PDF gives them in an order of its own


@pytest.mark.parametrize(
    ("name", "set_as"), [("Noor 🎨", f"Noor {STAND_IN}"), ("அம்மா Meer", f"{STAND_IN * 3} Meer")]
)
def test_what_no_font_has_is_replaced_visibly_and_a_note_says_so(name: str, set_as: str) -> None:
    made = render(replace(SHEET, holder_name=name))
    front, back = map(_words, pypdfium2.PdfDocument(made))
    assert set_as in front
    assert f"Waar {STAND_IN} staat" in back
    assert f"Waar {STAND_IN}" not in _words(pypdfium2.PdfDocument(render(SHEET))[1])
    assert b"<pdfaid:part>3</pdfaid:part>" in made


def test_what_is_attached_keeps_the_characters_that_no_font_has() -> None:
    credential = '{"name": "Noor 🎨 বাংলা"}'
    made = pypdfium2.PdfDocument(render(replace(SHEET, holder_name="Noor 🎨 বাংলা", credential=credential)))
    assert bytes(made.get_attachment(0).get_data()) == credential.encode()


@hypothesis.settings(max_examples=15, deadline=None)
@example("a\U0001f1f3\u065db")
@example("\ufeffNoor\ue000c\u0745")
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12))
def test_every_name_that_may_be_kept_gives_a_certificate(name: str) -> None:
    sheet = replace(SHEET, holder_name=name, product_title=name, edition_title=name)
    assert render(sheet) == render(sheet)


@pytest.mark.parametrize("name", ["M" * 60, "Wilhelmina " * 27, "ij" * 150, "W"])
def test_a_name_of_any_length_stays_within_the_margins(name: str) -> None:
    front = pypdfium2.PdfDocument(render(replace(SHEET, holder_name=name)))[0]
    page = front.get_textpage()
    boxes = [page.get_rect(number) for number in range(page.count_rects())]
    assert min(box[0] for box in boxes) > 42  # the frame is 15 mm from the edge
    assert max(box[2] for box in boxes) < 595 - 42


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2022, 4, 14), "14 april 2022"),
        (date(2021, 1, 1), "1 januari 2021"),
        (date(2023, 8, 31), "31 augustus 2023"),
    ],
)
def test_dates_are_written_in_dutch(day: date, words: str) -> None:
    assert in_dutch(day) == words
