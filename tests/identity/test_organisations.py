"""Organisations: read by all, added and changed by an administrator."""

from functools import partial
from typing import Any

import pytest

from tests.world import JSON, World

FLECK = {"slug": "fleck", "name": "FleCk", "region": "Flevoland", "roles": ["partner"], "email": None}
SCHAKEL = {
    "slug": "cultuurschakel",
    "name": "CultuurSchakel",
    "region": "Den Haag",
    "roles": ["partner"],
    "email": None,
}
PATH = "/v1/organisations/fleck"


def test_everybody_sees_who_takes_part(world: World) -> None:
    items = world.http.get("/v1/organisations").json()["items"]
    assert {item["slug"]: (item["name"], item["region"], item["roles"]) for item in items} == {
        "fleck": ("FleCk", "Flevoland", ["partner"]),
        "kunst-centraal": ("Kunst Centraal", "Utrecht", ["partner", "provider"]),
        "lkca": ("LKCA", None, ["certifier", "support"]),
        "mocca": ("Mocca", "Amsterdam", ["partner", "provider"]),
        "neos": ("NEOS", None, ["provider"]),
    }
    assert [item["slug"] for item in items] == sorted(item["slug"] for item in items)


def test_everybody_reads_one(world: World) -> None:
    answer = world.http.get(PATH)
    assert (answer.status_code, answer.json()) == (200, FLECK)
    assert answer.headers["etag"]


@pytest.mark.parametrize(
    ("slug", "status"), [("nergens", 404), ("FLECK", 400), ("a--b", 400), ("x" * 64, 400)]
)
def test_what_is_not_there_is_not_found(world: World, slug: str, status: int) -> None:
    assert world.http.get(f"/v1/organisations/{slug}").status_code == status


def test_an_organisation_is_added(world: World) -> None:
    answer = world.admin.post("/v1/organisations", SCHAKEL)
    assert (answer.status_code, answer.json()) == (201, SCHAKEL)
    again = world.http.get(answer.headers["location"])
    assert (again.json(), again.headers["etag"]) == (SCHAKEL, answer.headers["etag"])
    [event] = world.events("organisation.added")
    assert (event["subject"], event["actor"]) == ("cultuurschakel", world.admin.id)


def test_a_slug_or_name_that_is_taken_is_a_conflict(world: World) -> None:
    for taken in ({"slug": "fleck"}, {"name": "FleCk"}, {"slug": "fleck", "name": "FleCk"}):
        answer = world.admin.post("/v1/organisations", {**SCHAKEL, **taken})
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "organisation-exists")
    assert len(world.http.get("/v1/organisations").json()["items"]) == 5
    assert world.events("organisation.added") == []


def test_of_many_equal_ones_at_once_one_is_added(world: World) -> None:
    requests = [partial(world.admin.post, "/v1/organisations", SCHAKEL) for _ in range(6)]
    assert sorted(answer.status_code for answer in world.http.together(requests)) == [201] + [409] * 5


def test_a_body_that_is_no_organisation_names_every_fault(world: World) -> None:
    body = {"slug": "Cultuur Schakel", "name": " ", "region": "", "roles": ["admin"], "city": "Den Haag"}
    answer = world.admin.post("/v1/organisations", body)
    pointers = {fault["pointer"] for fault in answer.json()["errors"]}
    assert pointers == {"#/slug", "#/name", "#/region", "#/roles/0", "#/city"}
    answer = world.admin.post("/v1/organisations", {"roles": []})
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"#/slug", "#/name", "#/roles"}


def test_absent_stays_and_null_clears(world: World) -> None:
    kept: JSON = FLECK
    changes: list[JSON] = [
        {},
        {"name": "FleCk Flevoland"},
        {"region": None},
        {"roles": ["provider", "partner"]},
    ]
    for change in changes:
        kept = {**kept, **change}
        answer, again = world.admin.patch(PATH, change), world.http.get(PATH)
        assert (answer.status_code, answer.json(), again.json()) == (200, kept, kept)
        assert again.headers["etag"] == answer.headers["etag"]
    told = [event["data"]["fields"] for event in world.events("organisation.changed")]
    assert told == [[], ["name"], ["region"], ["roles"]]


def test_what_must_be_there_cannot_be_cleared_and_a_slug_stays(world: World) -> None:
    changes: list[JSON] = [{"name": None}, {"roles": None}, {"roles": []}, {"name": ""}, {"roles": ["x"]}]
    for change in [*changes, {"slug": "flevo"}]:
        answer = world.admin.patch(PATH, change)
        assert (answer.status_code, len(answer.json()["errors"])) == (400, 1), change
    assert world.http.get(PATH).json() == FLECK


def test_a_name_of_another_is_a_conflict(world: World) -> None:
    answer = world.admin.patch(PATH, {"name": "Mocca"})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "organisation-exists")
    assert world.http.get(PATH).json() == FLECK


def test_a_change_is_made_against_what_was_seen(world: World) -> None:
    tag = world.http.get(PATH).headers["etag"]

    def status(if_match: str, **change: Any) -> int:
        return world.admin.patch(PATH, change, headers={"If-Match": if_match}).status_code

    assert status(f"W/{tag}", region="Almere") == 412
    assert status('"other"', region="Almere") == 412
    assert status(f'"other", {tag}', region="Almere") == 200
    assert status(tag, region="Lelystad") == 412
    assert status("*", region="Dronten") == 200
    assert world.http.get(PATH).json()["region"] == "Dronten"


def test_of_many_changes_against_one_version_one_is_made(world: World) -> None:
    headers = {"If-Match": world.http.get(PATH).headers["etag"]}
    requests = [
        partial(world.admin.patch, PATH, {"region": f"Regio {number}"}, headers=headers)
        for number in range(6)
    ]
    assert sorted(answer.status_code for answer in world.http.together(requests)) == [200] + [412] * 5


def test_what_is_not_there_cannot_be_changed(world: World) -> None:
    assert world.admin.patch("/v1/organisations/nergens", {}).status_code == 404
    answer = world.admin.patch("/v1/organisations/nergens", {}, headers={"If-Match": "*"})
    assert answer.status_code in (404, 412)


def test_only_an_administrator_adds_and_changes(world: World) -> None:
    for party in (world.fleck, world.provider, world.lkca):
        assert party.post("/v1/organisations", SCHAKEL).status_code == 403
        assert party.patch(PATH, {"region": None}).status_code == 403
    assert world.http.post("/v1/organisations", json=SCHAKEL).status_code == 401
    assert world.http.get(PATH).json() == FLECK
