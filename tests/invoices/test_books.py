"""The table for the books: read back as it was, with nothing in it that a spreadsheet would reckon with."""

import csv
import io

import pytest

from app.core import sheets
from app.invoices.books import HEADER, Euros
from tests.invoices.test_invoices import REASON
from tests.world import ADDRESS, JSON, PILOT, STANDARD_RATE, World

PATH = f"/v1/editions/{PILOT}/invoices.csv"
NASTY = {
    "name": '=HYPERLINK("https://evil.example";"x")',
    "street": "+31 20",
    "city": "@SUM(A1)",
    "reference": "-2+3",
    "costCentre": "'=1",
    "orderNumber": 'a;b "c"',
}


@pytest.fixture
def rows(world: World) -> list[JSON]:
    """The table of an invoice that was credited, and of one that is open, to somebody nasty."""
    people = world.participants(2)
    world.invoices_by("mocca", vat=STANDARD_RATE)
    world.at("2021-09-01T12:00+02:00")
    for one in people:
        path = f"/v1/registrations/{one['id']}/invoice-address"
        assert world.provider.put(path, {**ADDRESS, **NASTY}).status_code == 200
        world.invoice(one["id"])
    world.provider.post("/v1/invoices/MOCCA-2021-00001/_pay", {"paidOn": "2021-09-01", "amountCents": 5})
    world.provider.post("/v1/invoices/MOCCA-2021-00001/_credit", REASON)
    answer = world.provider.get(PATH)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="facturen-{PILOT}.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbfnummer;soort;datum;")
    for cell in [cell for row in _raw(answer.content) for cell in row]:
        assert not cell.startswith(("=", "+", "@")), cell
        assert not cell.startswith("-") or cell[1].isdigit(), cell
    header, *body = sheets.read(answer.content)
    return [dict(zip(header, row, strict=True)) for row in body]


def _raw(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_every_text_is_read_back_as_it_was(rows: list[JSON]) -> None:
    for row in rows:
        assert (row["debiteur"], row["straat"], row["plaats"]) == (NASTY["name"], "+31 20", "@SUM(A1)")
        assert (row["kenmerk"], row["kostenplaats"], row["ordernummer"]) == ("-2+3", "'=1", 'a;b "c"')
        assert row["deelnemer"] == "Noor van der Meer"


def test_credit_notes_count_below_zero_so_that_columns_add_up(rows: list[JSON]) -> None:
    told = [
        (row["nummer"], row["soort"], row["status"], row["netto"], row["btw"], row["totaal"], row["open"])
        for row in rows
    ]
    assert told == [
        ("MOCCA-2021-00001", "factuur", "gecrediteerd", "750,00", "157,50", "907,50", "0,00"),
        ("MOCCA-2021-00002", "factuur", "open", "750,00", "157,50", "907,50", "907,50"),
        ("MOCCA-2021-00003", "creditnota", "open", "-750,00", "-157,50", "-907,50", "-0,05"),
    ]
    cents = [int(row["totaal"].replace(",", "")) for row in rows]
    assert sum(cents) == 90_750
    assert [row["bij factuur"] for row in rows] == ["", "", "MOCCA-2021-00001"]
    assert [row["gecrediteerd door"] for row in rows] == ["MOCCA-2021-00003", "", ""]
    assert (rows[1]["datum"], rows[1]["vervaldatum"], rows[1]["kvk"]) == (
        "2021-09-01",
        "2021-10-01",
        "87654321",
    )


def test_each_gets_the_rows_that_are_its_own(world: World) -> None:
    world.participant(world.mocca)
    world.invoices_by("mocca")
    assert world.provider.post(f"/v1/editions/{PILOT}/invoices").json()["issued"]
    counts = [len(_raw(party.get(PATH).content)) for party in (world.mocca, world.provider, world.fleck)]
    assert counts == [2, 2, 1]
    assert _raw(world.fleck.get(PATH).content) == [list(HEADER)]
    assert world.lkca.get(PATH).status_code == 403
    assert world.admin.get("/v1/editions/nergens/invoices.csv").status_code == 404


def test_amounts_are_written_with_a_comma() -> None:
    assert [str(Euros(text)) for text in ("0.00", "-0.05", "1234.50")] == ["0,00", "-0,05", "1234,50"]
