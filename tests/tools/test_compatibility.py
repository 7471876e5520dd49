"""The contract beside the last release's: what of an operation breaks its clients, and when that may be."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tools.compatibility import CONTRACT, breaks, last_release, verdict

JSON = dict[str, Any]
COMMITTED: JSON = json.loads((Path(__file__).parents[2] / CONTRACT).read_text(encoding="utf-8"))
TEXT = {"type": "string"}


def contract(version: str = "1.4.0") -> JSON:
    """A contract with one path, small enough to change a part of it by hand."""
    answer = {
        "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
    }
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    return {
        "info": {"version": version},
        "servers": [{"url": "/v1"}],
        "paths": {
            "/things/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": TEXT}],
                "put": {
                    "operationId": "putThing",
                    "security": [{"oauth2": ["things:write"]}],
                    "parameters": [{"name": "If-Match", "in": "header", "schema": TEXT}],
                    "requestBody": {"content": body},
                    "responses": {"200": answer, "404": {"description": "Not found"}},
                },
                "get": {
                    "operationId": "getThing",
                    "tags": ["things"],
                    "security": [],
                    "responses": {"200": answer},
                },
            }
        },
        "webhooks": {"moved": {"post": {"requestBody": {"content": deepcopy(body)}, "responses": {}}}},
        "components": {
            "headers": {"ETag": {"required": True, "schema": TEXT}},
            "schemas": {"Thing": {"type": "object", "properties": {"name": TEXT}, "required": ["name"]}},
            "securitySchemes": {
                "oauth2": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {"tokenUrl": "/token", "scopes": {"things:write": "Write"}}
                    },
                }
            },
        },
    }


def at(document: JSON, *steps: str) -> Any:
    """A place in the path's item, or from the top after `/`."""
    from_top = steps[:1] == ("/",)
    place: Any = document if from_top else document["paths"]["/things/{id}"]
    for step in steps[1:] if from_top else steps:
        place = place[step]
    return place


def added(*steps: str, **members: Any) -> Callable[[JSON], None]:
    return lambda document: at(document, *steps).update(members)


def gone(*steps: str) -> Callable[[JSON], None]:
    return lambda document: at(document, *steps[:-1]).pop(steps[-1])


def listed(*steps: str, one: Any) -> Callable[[JSON], None]:
    return lambda document: at(document, *steps).append(one)


WAY = {"tokenUrl": "/elsewhere", "scopes": {"things:write": "Write"}}
QUERY: JSON = {"name": "q", "in": "query", "schema": TEXT}
NEEDED: JSON = {**QUERY, "required": True}
BREAKS: list[tuple[Callable[[JSON], None], str]] = [
    (gone("/", "paths", "/things/{id}"), "/things/{id}: is gone"),
    (gone("get"), "GET /things/{id}: is gone"),
    (added("/", servers=[{"url": "/v2"}]), "the server /v1 is gone"),
    (added("get", operationId="readThing"), "GET /things/{id}: operationId is readThing, was getThing"),
    (added("get", tags=["stuff", "things"]), "GET /things/{id}: tags are stuff, things, were things"),
    (gone("get", "tags"), "GET /things/{id}: tags are none, were things"),
    # who may call
    (added("get", security=[{"oauth2": []}]), "GET /things/{id}: no token is no longer enough"),
    (
        added("put", security=[{"oauth2": ["things:write", "things:read"]}]),
        "PUT /things/{id}: oauth2 things:write is no longer enough",
    ),
    (
        gone("/", "components", "securitySchemes", "oauth2", "flows", "clientCredentials"),
        "oauth2, clientCredentials: is gone",
    ),
    (
        gone(
            "/",
            "components",
            "securitySchemes",
            "oauth2",
            "flows",
            "clientCredentials",
            "scopes",
            "things:write",
        ),
        "oauth2, clientCredentials: the scope things:write is gone",
    ),
    (
        added("/", "components", "securitySchemes", "oauth2", "flows", clientCredentials=WAY),
        "oauth2, clientCredentials: tokenUrl is /elsewhere, was /token",
    ),
    (added("/", "components", "securitySchemes", "oauth2", type="http"), "oauth2: type is http, was oauth2"),
    # what is sent
    (added("put", parameters=[]), "PUT /things/{id}: the header parameter if-match is gone"),
    (listed("parameters", one=NEEDED), "GET /things/{id}: the query parameter q has to be sent"),
    (
        added("put", parameters=[{"name": "If-Match", "in": "header", "required": True, "schema": TEXT}]),
        "PUT /things/{id}: the header parameter if-match has to be sent",
    ),
    (
        added("put", parameters=[{"name": "If-Match", "in": "header", "schema": {**TEXT, "maxLength": 9}}]),
        "PUT /things/{id}, header parameter if-match (in requests): maxLength 9 and none do not fit",
    ),
    (
        added("put", parameters=[{"name": "If-Match", "in": "header", "schema": TEXT, "explode": True}]),
        "PUT /things/{id}: the header parameter if-match has explode True, had None",
    ),
    (gone("put", "requestBody"), "PUT /things/{id}, body: application/json is gone"),
    (added("put", "requestBody", required=True), "PUT /things/{id}: a body has to be sent"),
    (
        added("get", requestBody={"required": True, "content": {}}),
        "GET /things/{id}: a body has to be sent",
    ),
    (
        added("put", "requestBody", content={"text/csv": {"schema": TEXT}}),
        "PUT /things/{id}, body: application/json is gone",
    ),
    (
        added("/", "components", "schemas", "Thing", required=["name", "size"]),
        "Thing.size (in requests): has to be",
    ),
    # what is answered
    (gone("put", "responses", "404"), "PUT /things/{id}: the answer 404 is gone"),
    (
        added("put", "responses", **{"202": {}}),
        "PUT /things/{id}: the new success 202 is one that no client knows",
    ),
    (
        added("get", "responses", "200", content={"text/html": {}}),
        "GET /things/{id}, 200: application/json is gone",
    ),
    (gone("get", "responses", "200", "headers", "ETag"), "GET /things/{id}, 200: the header ETag is gone"),
    (
        added("/", "components", "headers", "ETag", required=False),
        "GET /things/{id}, 200: the header ETag may be left out",
    ),
    (
        added("/", "components", "headers", "ETag", schema={"type": "integer"}),
        "GET /things/{id}, 200, header ETag (in answers): may now be integer",
    ),
    (added("/", "components", "schemas", "Thing", required=[]), "Thing.name (in answers): may be left out"),
    (added("/", "components", "schemas", "Thing", properties={}), "Thing.name (in answers): is gone"),
    # what is sent by the register itself
    (gone("/", "webhooks", "moved"), "webhook moved: is gone"),
    (
        gone("/", "webhooks", "moved", "post", "requestBody", "content", "application/json"),
        "webhook moved: application/json is gone",
    ),
]


@pytest.mark.parametrize(("change", "expected"), BREAKS)
def test_what_breaks_is_said(change: Callable[[JSON], None], expected: str) -> None:
    old, new = contract(), deepcopy(contract())
    change(new)
    said = breaks(old, new)
    assert [one for one in said if one.startswith(expected)], said
    assert len(set(said)) == len(said)


FINE: list[Callable[[JSON], None]] = [
    added("/", "paths", **{"/others": {}}),
    added("/", "info", title="Another title"),
    added("/", servers=[{"url": "/v1"}, {"url": "/beta"}]),
    added("get", summary="Read it", deprecated=True),
    added("get", tags=["things", "more"]),
    added("put", security=[{"oauth2": ["things:write"]}, {"other": []}]),
    added("put", security=[]),
    added("put", parameters=[{"name": "if-match", "in": "header", "schema": TEXT}, QUERY]),
    added("put", "requestBody", "content", **{"text/csv": {"schema": TEXT}}),
    added("put", "responses", **{"429": {}}),
    added("put", "responses", "404", headers={"Retry-After": {"schema": TEXT}}),
    added("get", "responses", "200", "content", **{"text/html": {}}),
    added("/", "components", "schemas", "Thing", "properties", size={"type": "integer"}),
    added(
        "/", "components", "securitySchemes", "oauth2", "flows", "clientCredentials", "scopes", more="More"
    ),
    added("/", "webhooks", ended={"post": {}}),
]


@pytest.mark.parametrize("change", FINE)
def test_what_comes_on_top_breaks_nothing(change: Callable[[JSON], None]) -> None:
    new = deepcopy(contract())
    change(new)
    assert breaks(contract(), new) == []


def test_the_contract_itself_is_followed_whole() -> None:
    assert breaks(COMMITTED, COMMITTED) == []
    narrower = deepcopy(COMMITTED)
    schemas = narrower["components"]["schemas"]
    schemas["ApplicantCreate"]["required"].append("phone")
    schemas["RegistrationStatus"]["enum"].append("paused")
    schemas["Fault"]["required"].remove("code")
    assert set(breaks(COMMITTED, narrower)) == {
        "ApplicantCreate.phone (in requests): has to be sent",
        "RegistrationStatus (in answers): may now be 'paused'",
        "Fault.code (in answers): may be left out",
    }


def repository(*tags: str, released: JSON | None = None) -> Callable[..., str | None]:
    """What git would say in a history with these tags, the newest version first."""

    def git(command: str, *arguments: str) -> str | None:
        if command == "tag":
            return "\n".join(tags)
        assert arguments == (f"{tags[0]}:{CONTRACT}",)
        return json.dumps(released) if released else None

    return git


def test_the_last_release_is_the_newest_version() -> None:
    assert last_release(repository("v2.0.0-rc1", "v10.0.1", "v9.1.0")) == "v10.0.1"
    assert last_release(repository()) is None
    assert last_release(lambda *_: None) is None


def test_without_a_release_it_says_so_and_passes() -> None:
    for history in (repository(), repository("v1.0.0")):
        passes, [said] = verdict(history, None, contract())
        assert (passes, "compared with none" in said) == (True, True)


TAGGED = repository("v1.4.0", released=contract("1.4.0"))


@pytest.mark.parametrize(
    ("history", "kept", "names"),
    [
        (TAGGED, None, ["the tag v1.4.0"]),
        (repository(), contract("1.4.0"), ["v1.4.0"]),
        (TAGGED, contract("1.4.0"), ["v1.4.0", "the tag v1.4.0"]),
    ],
)
def test_a_break_waits_for_a_new_major_version(
    history: Callable[..., str | None], kept: JSON | None, names: list[str]
) -> None:
    fine = [f"Clients of {name} can go on with this contract." for name in names]
    assert verdict(history, kept, contract("1.5.0")) == (True, fine)
    for version, expected in (("1.5.0", False), ("2.0.0", True)):
        new = contract(version)
        gone("get")(new)
        passes, said = verdict(history, kept, new)
        assert passes is expected
        assert said.count("- GET /things/{id}: is gone") == len(names)
