"""The OpenAPI document: equal to its committed copy, and complete."""

import json
from pathlib import Path
from typing import Any

import pytest

from app import openapi
from app.core.settings import Settings
from app.main import create_app
from tests.world import World

COMMITTED = Path(__file__).parents[2] / "openapi" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document(create_app(Settings(), "postgresql+asyncpg://nowhere/none"))


def _operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def test_the_committed_document_is_what_the_application_says(document: dict[str, Any]) -> None:
    """`make openapi` writes it anew."""
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == document


def test_anyone_reads_it_from_any_origin(world: World, document: dict[str, Any]) -> None:
    answer = world.http.get("/v1/openapi.json")
    assert answer.json() == document
    assert answer.headers["access-control-allow-origin"] == "*"


def test_every_operation_says_what_it_does_and_how_it_refuses(document: dict[str, Any]) -> None:
    seen = set()
    for name, operation in _operations(document):
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["operationId"] not in seen, name
        seen.add(operation["operationId"])
        assert "422" not in operation["responses"], name
        for status, response in operation["responses"].items():
            assert "API-Version" in response["headers"], (name, status)
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"], (name, status)
        if operation.get("security"):
            assert {"401", "403"} <= set(operation["responses"]), name


def test_no_schema_is_named_after_a_framework(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert name.isalnum(), name
        assert not name.startswith(("Body", "HTTP", "Validation")), name
        assert schema.get("title", name) == name, name


def test_what_is_sent_is_left_out_or_has_a_type(document: dict[str, Any]) -> None:
    """A parameter or a whole body is never null, so that a generated client need not allow for it."""
    for name, operation in _operations(document):
        for sent in [
            *operation.get("parameters", []),
            *operation.get("requestBody", {}).get("content", {}).values(),
        ]:
            assert "anyOf" not in sent["schema"], (name, sent)
            assert {"type", "$ref"} & set(sent["schema"]), (name, sent)


def test_a_name_says_once_what_it_is(document: dict[str, Any]) -> None:
    """The answer has the plain noun; what is sent is a body, a create or a change of it."""
    for name, schema in document["components"]["schemas"].items():
        assert not name.endswith("Read"), name
        # Generated code in Python would call the object and its member by one name.
        assert name.lower() not in map(str.lower, schema.get("properties", {})), name
        assert not [member for member in schema.get("properties", {}).values() if "title" in member], name


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    for reference in set(references(document)):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in place, reference
            place = place[step]


def test_the_documentation_page_loads_only_own_files(world: World) -> None:
    page = world.http.get("/v1/docs")
    assert "http" not in page.text.replace("<!doctype html>", "")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in (
        "/v1/docs/start.js",
        "/v1/docs/assets/swagger-ui.css",
        "/v1/docs/assets/swagger-ui-bundle.js",
    ):
        answer = world.http.get(path)
        assert (answer.status_code, len(answer.content) > 100) == (200, True), path
