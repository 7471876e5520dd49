"""A session's list: as CSV that comes back as it was, and as a PDF to sign."""

import re

import pypdfium2
import pytest

from app.core import sheets
from tests.world import PILOT, World

NAMES = [
    ("=HYPERLINK(1)", "Bakker"),
    ("Zoë", "@Đặng"),
    ("+Noor", "'t Hart"),
    (None, "-Suhaila"),
]


def _people(world: World) -> dict[str, str]:
    """Participants with such names, by their id."""
    made = {}
    for given, family in NAMES:
        applicant = {"givenName": given, "familyName": family, "familyNamePrefix": None}
        made[world.complete(world.mocca, applicant=applicant)["id"]] = family
    world.draw()
    for id in made:
        assert world.mocca.post(f"/v1/registrations/{id}/_confirm").status_code == 200
    world.at("2021-10-07T17:30+02:00")
    return made


def test_the_list_is_what_a_dutch_spreadsheet_opens_and_no_name_in_it_is_a_formula(world: World) -> None:
    people = _people(world)
    session = world.sessions()[0]["id"]
    one, two, *_ = people
    world.provider.put(f"/v1/sessions/{session}/attendance/{one}", {"lateMinutes": 15})
    world.provider.put(f"/v1/sessions/{session}/attendance/{two}", {"presence": "excused"})
    answer = world.provider.get(f"/v1/sessions/{session}/attendance.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="attendance-{session}.csv"'
    assert answer.headers["content-language"] == "nl"
    assert answer.content.startswith(b"\xef\xbb\xbfaanmelding;achternaam;")
    lines = answer.content.decode("utf-8-sig").splitlines()[1:]
    assert not [cell for line in lines for cell in line.split(";") if re.match(r'"?[=+\-@]', cell)]

    header, *rows = sheets.read(answer.content)
    found = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert {id: row["achternaam"] for id, row in found.items()} == people
    assert sorted(
        (row["voornaam"] or None, row["achternaam"]) for row in found.values() if row["voornaam"]
    ) == (sorted(name for name in NAMES if name[0]))
    shown = [found[one][name] for name in ("aanwezigheid", "wijze", "minuten", "te laat", "eerder weg")]
    assert shown == ["aanwezig", "op locatie", "165", "15", "0"]
    assert (found[two]["aanwezigheid"], found[two]["minuten"]) == ("afgemeld", "0")
    assert found[list(people)[2]]["aanwezigheid"] == ""
    english = world.admin.get(f"/v1/sessions/{session}/attendance.csv", headers={"Accept-Language": "en"})
    assert sheets.read(english.content)[1][8] in ("present", "excused", "")
    assert sheets.read(english.content)[0][8] == "attendance"


def test_the_list_to_sign_names_everybody_by_name(world: World) -> None:
    _people(world)
    session = world.sessions()[0]["id"]
    place = {"location": {"name": "Het Theater", "address": "Cultuurplein 1", "city": "Amsterdam"}}
    world.provider.patch(f"/v1/sessions/{session}", place)
    answer = world.provider.get(f"/v1/sessions/{session}/attendance.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    [page] = pypdfium2.PdfDocument(answer.content)
    assert tuple(round(edge) for edge in page.get_size()) == (595, 842)
    words = " ".join(page.get_textpage().get_text_range().split())
    for said in (
        "Presentielijst",
        "Bijeenkomst 1",
        "donderdag 7 oktober 2021, 14.30 tot 17.30 uur",
        "Het Theater, Cultuurplein 1, Amsterdam",
        "Pilot Noord/Midden 2021-2022",
        "bladzijde 1 van 1",
        "Handtekening",
        "Het Lyceum",
    ):
        assert said in words
    order = [words.index(name) for name in ("'t Hart", "-Suhaila", "@Đặng", "=HYPERLINK(1) Bakker")]
    assert order == sorted(order)
    again = world.provider.get(f"/v1/sessions/{session}/attendance.pdf")
    assert again.content == answer.content


def test_a_long_list_has_numbered_pages_and_an_empty_one_says_so(world: World) -> None:
    session = world.sessions()[-1]["id"]  # has no date
    answer = world.admin.get(f"/v1/sessions/{session}/attendance.pdf", headers={"Accept-Language": "en"})
    [page] = pypdfium2.PdfDocument(answer.content)
    words = " ".join(page.get_textpage().get_text_range().split())
    assert "There are no participants." in words
    assert "not scheduled yet" in words


@pytest.mark.parametrize("kind", ["csv", "pdf"])
def test_the_lists_are_for_who_gives_the_session(world: World, kind: str) -> None:
    path = f"/v1/sessions/{world.sessions()[0]['id']}/attendance.{kind}"
    assert world.provider.get(path).status_code == 200
    assert world.mocca.get(path).status_code == 403
    world.admin.patch(f"/v1/editions/{PILOT}", {"providers": ["neos"]})
    assert world.provider.get(path).status_code == 404
    assert world.admin.get(path).status_code == 200
