"""Erasure reaches what is about the person, all of it, and nothing of anybody else or of other partners."""

from collections.abc import Sequence

import httpx

from app.imports import judging
from tests.conftest import sql
from tests.core.test_idempotency import check_problem
from tests.imports.files import csv, imported
from tests.privacy.lives import found
from tests.world import JSON, PILOT, Party, World

MINE, LONGER, FORMER = "an@sub.example", "zqjan@sub.example", "ander@sub.example"


def person(email: str) -> JSON:
    return {
        "givenName": "An",
        "familyNamePrefix": None,
        "familyName": "Zandoog",
        "email": email,
        "phone": None,
    }


def asked(party: Party, email: str, key: str, language: str = "en") -> httpx.Response:
    """A registration of somebody with this address, under a key."""
    body = {
        "edition": PILOT,
        "applicant": person(email),
        "school": {"name": "Het Lyceum", "city": "Almere"},
    }
    return party.post(
        "/v1/registrations", body, headers={"Idempotency-Key": key, "Accept-Language": language}
    )


def registered(party: Party, email: str, key: str) -> JSON:
    answer = asked(party, email, key)
    assert answer.status_code == 201, answer.text
    made: JSON = answer.json()
    return made


def refused(party: Party, world: World, *emails: str) -> None:
    """A file of rows that say no family name, each with one of these addresses."""
    done = imported(
        party, world, csv(*(f"{PILOT};An;;;{email};;Het Lyceum;Almere;;{email}." for email in emails))
    )
    assert done["counts"]["refused"] == len(emails)


def contents(world: World) -> Sequence[str]:
    """What is left of rows of files."""
    query = "SELECT content FROM registration_import_row WHERE content IS NOT NULL"
    return [row[0] for row in sql(world.database_url, query)]


def erased(party: Party, made: JSON) -> JSON:
    assert party.post(f"/v1/registrations/{made['id']}/_withdraw").status_code == 200
    answer = party.post(f"/v1/applicants/{made['applicant']['id']}/_erase")
    assert answer.status_code == 200, answer.text
    told: JSON = answer.json()["erased"]
    return told


def test_an_address_that_is_part_of_another_is_nobody_s(world: World) -> None:
    made = registered(world.fleck, MINE, "een")
    other = registered(world.fleck, LONGER, "twee")
    refused(world.fleck, world, LONGER, MINE, f"{MINE}.nl")
    told = erased(world.fleck, made)
    assert (told["idempotent_answer"], told["registration_import_row"]) == (1, 1)
    left = contents(world)
    assert [LONGER in left[0], f"{MINE}.nl" in left[1], len(left)] == [True, True, 2]
    again = asked(world.fleck, LONGER, "twee")
    assert (again.status_code, again.json()["id"]) == (201, other["id"])


def test_a_partner_hears_nothing_of_what_others_know(world: World) -> None:
    made = registered(world.fleck, MINE, "een")
    # The same address elsewhere: in an answer about something else, and in a refused row.
    body = {"slug": "x", "name": f"Vraag {MINE}", "roles": ["partner"]}
    answer = world.admin.post("/v1/organisations", body, headers={"Idempotency-Key": "drie"})
    assert answer.status_code == 201, answer.text
    refused(world.mocca, world, MINE)
    told = erased(world.fleck, made)
    assert told["idempotent_answer"] == 1
    assert "registration_import_row" not in told
    assert len(contents(world)) == 1
    assert "idempotent_answer.sealed" in {one.place for one in found(world, MINE)}


def test_an_administrator_reaches_the_rows_of_all(world: World) -> None:
    made = registered(world.fleck, MINE, "een")
    refused(world.mocca, world, MINE)
    refused(world.fleck, world, MINE)
    assert world.fleck.post(f"/v1/registrations/{made['id']}/_withdraw").status_code == 200
    answer = world.admin.post(f"/v1/applicants/{made['applicant']['id']}/_erase")
    assert answer.json()["erased"]["registration_import_row"] == 2
    assert contents(world) == []


def test_an_address_from_before_a_change_is_looked_for_too(world: World) -> None:
    made = registered(world.fleck, FORMER.title(), "een")
    refused(world.fleck, world, FORMER, f"ver{FORMER}")
    path = f"/v1/applicants/{made['applicant']['id']}"
    for email in ("tussen@sub.example", MINE):
        assert world.fleck.patch(path, {"email": email}).status_code == 200
    told = erased(world.fleck, made)
    assert told["registration_import_row"] == 1
    (left,) = contents(world)
    assert f"ver{FORMER}" in left


def test_a_repeat_brings_nobody_back(world: World) -> None:
    made = registered(world.fleck, MINE, "een")
    erased(world.fleck, made)
    for language, title in (("en", "Answer erased"), ("nl", "Antwoord gewist")):
        again = asked(world.fleck, MINE, "een", language)
        check_problem(again, 409, "answer-erased")
        assert again.json()["title"] == title
        assert "idempotency-replayed" not in again.headers
    assert "er is niets opnieuw gedaan" in again.json()["detail"]
    (count,) = sql(world.database_url, "SELECT count(*) FROM registration")[0]
    assert count == 1
    assert found(world, MINE) == []
    # Another request under the key is refused as ever, as before.
    check_problem(asked(world.fleck, LONGER, "een"), 422, "idempotency-key-reused")


def test_what_is_an_address_by_itself() -> None:
    def names(text: str) -> bool:
        return judging.names_one(f'{{"a": [{{"b": "{text}"}}]}}', [MINE])

    for text in (
        MINE,
        MINE.upper(),
        f"An <{MINE}>",
        f"aan {MINE}.",
        f"{MINE},x@y.nl",
        "\\u0061n@sub.example",
    ):
        assert names(text), text
    for text in (
        LONGER,
        f"x.{MINE}",
        f"x+{MINE}",
        f"x-{MINE}",
        f"{MINE}.nl",
        f"{MINE}s",
        "an@subxexample",
        f"\u00e9{MINE}",
    ):
        assert not names(text), text
