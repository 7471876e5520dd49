"""Registrations as a file: a file that was exported is one that can be imported."""

import json

import pytest

from app.imports import exports
from tests.imports.files import counts, imported, rows
from tests.world import JSON, PILOT, World, registration

ODD: list[JSON] = [
    {"givenName": "=1+1", "familyName": "+Plus", "familyNamePrefix": "@home"},
    {"givenName": "-Min", "familyName": "'t Hart", "phone": "+31612345678"},
    {"givenName": "'=een", "familyName": '’s-Gravezande; "Bé", Ĳ'},
    {"givenName": None, "familyName": "صالح", "familyNamePrefix": None, "phone": None},
]
TEXTS = ['=SOM(A1)\n\t"x";y', "a\r\nb\u2028c", "|pijp, komma", None]
KINDS = {"csv": "text/csv", "jsonl": "application/jsonl"}


def _bodies() -> list[JSON]:
    return [
        registration(applicant=names, motivation=text, school={"name": "-School", "city": "+Plaats"})
        for names, text in zip(ODD, TEXTS, strict=True)
    ]


@pytest.mark.parametrize("ending", KINDS)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_file_exported_is_a_file_imported(
    world: World, monkeypatch: pytest.MonkeyPatch, ending: str, language: str
) -> None:
    monkeypatch.setattr(exports, "PAGE", 3)
    made = [world.fleck.post("/v1/registrations", body).json() for body in _bodies()]
    answer = world.fleck.get(
        f"/v1/registration-exports/registrations.{ending}", headers={"Accept-Language": language}
    )
    assert answer.headers["content-type"].startswith(KINDS[ending])
    # Here again: everybody is there already, by name and address.
    again = imported(world.fleck, world, answer.content, KINDS[ending])
    assert counts(again) == {"rows": 4, "present": 4}
    assert [row["registration"] for row in rows(world.fleck, again)] == [one["id"] for one in made]
    # For another edition, as in another register: the same people, to the letter.
    moved = answer.content.replace(PILOT.encode(), b"voorbeeld")
    done = imported(world.fleck, world, moved, KINDS[ending])
    assert counts(done) == {"rows": 4, "registered": 4}, rows(world.fleck, done)
    for before, row in zip(made, rows(world.fleck, done), strict=True):
        after = world.fleck.get(f"/v1/registrations/{row['registration']}").json()
        for name in ("position", "motivation", "school", "partner"):
            assert after[name] == before[name]
        assert {**after["applicant"], "id": None} == {**before["applicant"], "id": None}


@pytest.mark.parametrize("ending", KINDS)
def test_a_file_exported_brings_nobody_back_who_has_withdrawn(world: World, ending: str) -> None:
    gone = world.register()
    assert world.fleck.post(f"/v1/registrations/{gone['id']}/_withdraw").is_success
    file = world.fleck.get(f"/v1/registration-exports/registrations.{ending}").content
    again = imported(world.fleck, world, file, KINDS[ending])
    assert counts(again) == {"rows": 1, "present": 1}
    assert rows(world.fleck, again)[0]["registration"] == gone["id"]
    # An id of another's is none here.
    theirs = file.replace(b"fleck", b"mocca")
    assert counts(imported(world.mocca, world, theirs, KINDS[ending])) == {"rows": 1, "registered": 1}


def test_no_cell_is_a_formula(world: World) -> None:
    for body in _bodies():
        world.fleck.post("/v1/registrations", body)
    text = world.fleck.get("/v1/registration-exports/registrations.csv").content.decode("utf-8-sig")
    for sign in "=+-@|":
        assert f";{sign}" not in text
        assert f'"{sign}' not in text


def test_a_file_has_what_the_list_would_show(world: World) -> None:
    mine, theirs = world.register(), world.register(world.mocca)
    gone = world.register()
    world.fleck.post(f"/v1/registrations/{gone['id']}/_withdraw")
    for party, query, ids in (
        (world.fleck, "", [mine["id"], gone["id"]]),
        (world.fleck, "?status=withdrawn", [gone["id"]]),
        (world.admin, "?sort=-receivedAt&status=received", [theirs["id"], mine["id"]]),
        (world.lkca, "?partner=mocca", [theirs["id"]]),
    ):
        lines = party.get(f"/v1/registration-exports/registrations.jsonl{query}").text.splitlines()
        assert [json.loads(line)["id"] for line in lines] == ids
        table = party.get(f"/v1/registration-exports/registrations.csv{query}").text.splitlines()[1:]
        assert [line.partition(";")[0] for line in table] == ids
    assert "enrolmentForm" not in world.fleck.get("/v1/registration-exports/registrations.jsonl").text
    assert world.fleck.get("/v1/registration-exports/registrations.csv?limit=1").status_code == 400
