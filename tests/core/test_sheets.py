"""CSV for spreadsheets: nothing in it is a formula, and everything comes back as it was."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core import sheets

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NASTY = st.builds(str.__add__, st.text("'=+-@\t\r\n ＝|", max_size=4), TEXTS)


@pytest.mark.parametrize(
    "name", ["=1+1", "+31612345678", "-Jansen", "@home", "\t=1", "\r=1", " =1", "＝1", "|x"]
)
def test_what_a_spreadsheet_would_reckon_with_is_text(name: str) -> None:
    assert sheets.neutral(name) == f"'{name}"
    assert sheets.original(f"'{name}") == name


@pytest.mark.parametrize("name", ["Noor van der Meer", "'t Hart", "d'Ancona", "", "3 + 4", "Jan-Willem"])
def test_other_names_stay_as_they_are(name: str) -> None:
    assert sheets.neutral(name) == name
    assert sheets.original(name) == name


@given(NASTY | TEXTS)
@example("'=1")
@example("''=1")
def test_a_cell_comes_back_as_it_was_and_is_no_formula(text: str) -> None:
    cell = sheets.neutral(text)
    assert sheets.original(cell) == text
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


@given(st.lists(st.lists(NASTY | TEXTS, min_size=2, max_size=2), max_size=5))
def test_a_table_comes_back_as_it_was(rows: list[list[str]]) -> None:
    assert sheets.read(sheets.write(["Naam", "School"], rows)) == [["Naam", "School"], *rows]


def test_it_is_what_a_dutch_spreadsheet_opens() -> None:
    written = sheets.write(
        ["naam", "minuten"], [["Zoë; Bos", -5], [None, Decimal("7.50")], ["", date(2021, 10, 7)]]
    )
    assert written.startswith(b"\xef\xbb\xbfnaam;minuten\r\n")
    read = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert read == [["naam", "minuten"], ["Zoë; Bos", "-5"], ["", "7.50"], ["", "2021-10-07"]]
