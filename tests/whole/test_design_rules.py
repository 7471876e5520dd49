"""The functional rules of the NL GOV API Design Rules 2.2, over HTTP, on every route of the application."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app import __version__
from app.core.settings import Settings
from tests.core.test_problems import HEADERS
from tests.whole.test_access import FILLED, LETTERS, ROWS, _party
from tests.whole.test_conditional import READ, Everything
from tests.whole.test_strictness import DOCUMENT
from tests.world import JSON, World

PATHS = {path: {method for method, each in ROWS if each == path} for _, path in ROWS}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO")
FRIEND, STRANGER = "https://app.partner.example", "https://elsewhere.example"
PROBLEM = "application/problem+json"
# What programs of everybody read, from any page.
FOR_ALL = (
    "/v1/draw-verifier",
    "/v1/draws/{drawId}",
    "/v1/register-entries",
    "/v1/register-heads",
    "/v1/register-heads/{on}",
    "/v1/verifications/{code}",
    "/v1/openapi.json",
    "/v1/status-lists/{listId}",
    "/.well-known/did.json",
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
)
# What these answers are for says more than the standard header.
OWN = {
    "/v1/docs": {"Content-Security-Policy"},
    "/v1/docs/oauth2-redirect.html": {"Content-Security-Policy"},
    "/v1/openapi.json": {"Cache-Control"},
    "/v1/status-lists/{listId}": {"Cache-Control"},
    "/.well-known/did.json": {"Cache-Control"},
    "/.well-known/jwks.json": {"Cache-Control"},
    "/.well-known/oauth-authorization-server": {"Cache-Control"},
    "/v1/verifications/_check": {"Content-Security-Policy"},
    "/v1/verifications/{code}": {"Content-Security-Policy"},
    "/v1/draws/{drawId}": {"Content-Security-Policy"},
    "/v1/draw-receipts/{receiptToken}": {"Content-Security-Policy"},
    "/v1/enrolment-forms/{token}": {"Content-Security-Policy"},
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings that know one other origin."""
    return settings.model_copy(update={"allowed_origins": frozenset({FRIEND})})


def known(path: str) -> set[str]:
    """The methods that an address knows, with those that every address has."""
    return PATHS[path] | {"OPTIONS"} | ({"HEAD"} if "GET" in PATHS[path] else set())


def listed(header: str) -> set[str]:
    return set(header.split(", "))


def ask(world: World, method: str, path: str, **headers: str) -> httpx.Response:
    """The answer to who may do most, at an address that is filled in."""
    party = world.lkca if ROWS.get((method, path)) == ["c"] else world.admin
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return party.request(method, path.format(**FILLED), headers=named)


def check_headers(answer: httpx.Response, path: str) -> None:
    for name, value in HEADERS.items():
        if name not in OWN.get(path, ()):
            assert answer.headers[name] == value, (path, answer.status_code, name)
        assert answer.headers[name], (path, name)
        assert len(answer.headers.get_list(name)) == 1, (path, name)
    assert answer.headers["x-request-id"], path
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == PROBLEM, (path, answer.text)
        if answer.content:
            assert {"type", "title", "status", "detail", "instance"} <= set(answer.json()), path


def values(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every member and value in a document, however deep."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, None
            yield from values(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from values(value, name)
    else:
        yield name, node


def test_every_answer_has_the_standard_headers_whatever_it_is(world: World) -> None:
    """/core/transport/security-headers, /core/version-header."""
    for path in PATHS:
        for method in METHODS:
            check_headers(ask(world, method, path), path)
            check_headers(world.http.request(method, path.format(**FILLED)), path)
        check_headers(ask(world, "GET", f"{path}/"), "")
    world.app.state.database = None  # whatever needs it fails now
    failed = [ask(world, "GET", path) for path in READ]
    assert {answer.status_code for answer in failed} >= {500}
    for answer in failed:
        check_headers(answer, READ[failed.index(answer)])


def test_every_thing_that_is_read_has_them_too_and_is_what_it_says(world: World) -> None:
    everything = Everything(world)
    for path in READ:
        answer = everything.ask("GET", path)
        check_headers(answer, path)
        assert answer.headers["content-type"], path
        if answer.headers["content-type"] != "application/json":
            continue
        if "openapi" in path:
            assert answer.headers["access-control-allow-origin"] == "*"
            continue
        if path == "/.well-known/oauth-authorization-server":
            continue  # OAuth's own names, as in the answer of the token endpoint
        for name, value in values(answer.json()):
            # camelCase, but for what names the dialect of a JSON Schema
            assert re.fullmatch("[a-z][a-zA-Z0-9]*", name.removeprefix("$")), (path, name)
            assert name == "$schema" or not name.startswith("$"), (path, name)
            if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
                assert re.fullmatch(r"[-\d]+T[:\d]+(\.\d{1,6})?Z", value), (path, name, value)  # UTC
                assert name == "at" or name.endswith("At"), (path, name)
            if name.endswith("On"):
                assert value is None or re.fullmatch(r"\d{4}-\d\d-\d\d", value), (path, name, value)


def test_every_address_says_what_it_knows(world: World) -> None:
    """RFC 9110, section 9.3.7: also to who has no token."""
    for path in PATHS:
        answer = world.http.request("OPTIONS", path.format(**FILLED))
        assert (answer.status_code, answer.content) == (204, b""), path
        assert listed(answer.headers["allow"]) == known(path), path
        assert not [name for name in answer.headers if name.startswith("access-control")], path
    for path in ("/v1/nothing", "/", "/v1/editions/", "/v2/editions"):
        assert world.http.request("OPTIONS", path).status_code == 404, path


def test_every_other_method_is_told_the_right_ones(world: World) -> None:
    for path in PATHS:
        for method in set(METHODS) - known(path):
            answer = world.http.request(method, path.format(**FILLED))
            assert (answer.status_code, answer.headers["content-type"]) == (405, PROBLEM), (method, path)
            assert listed(answer.headers["allow"]) == known(path), (method, path)


def test_every_address_that_is_read_is_also_asked_for_without_its_content(world: World) -> None:
    """Whatever the answer is: of an unknown thing, to nobody in particular, to who may not."""
    for path in READ:
        filled = path.format(**FILLED)
        for asker in (world.admin, world.fleck, world.http):
            whole, head = asker.request("GET", filled), asker.request("HEAD", filled)
            assert (head.status_code, head.content) == (whole.status_code, b""), path
            assert set(head.headers) == set(whole.headers), path


def test_every_address_is_for_the_origins_that_are_allowed(world: World) -> None:
    """/core/transport/cors: a list of origins, and every origin for what everybody's programs must read."""
    for path, methods in PATHS.items():
        for asker in (world.http, world.admin):
            for method in methods:
                answer = asker.request(method, path.format(**FILLED), headers={"Origin": FRIEND})
                allowed = "*" if method == "GET" and path in FOR_ALL else FRIEND
                assert answer.headers["access-control-allow-origin"] == allowed, (method, path)
                exposed = listed(answer.headers["access-control-expose-headers"])
                assert {"ETag", "Link", "Location", "API-Version", "Idempotency-Replayed"} <= exposed
                assert "Origin" in listed(answer.headers["vary"])
                assert "access-control-allow-credentials" not in answer.headers
        for stranger in (STRANGER, "null", f"{FRIEND}.evil.example", FRIEND.upper(), ""):
            answer = ask(world, "GET", path, Origin=stranger)
            if path not in FOR_ALL:
                assert "access-control-allow-origin" not in answer.headers, (path, stranger)
            assert "Origin" in listed(answer.headers["vary"])


def test_a_page_asks_first_and_is_told_the_methods_of_the_address(world: World) -> None:
    for path, methods in PATHS.items():
        for method in methods:
            asked = {
                "Access-Control-Request-Method": method,
                "Access-Control-Request-Headers": "authorization, content-type, if-match",
            }
            filled = path.format(**FILLED)
            answer = world.http.request("OPTIONS", filled, headers={"Origin": FRIEND, **asked})
            assert answer.status_code == 204, path
            assert answer.headers["access-control-allow-origin"] == FRIEND
            assert listed(answer.headers["access-control-allow-methods"]) == known(path)
            headers = {name.lower() for name in listed(answer.headers["access-control-allow-headers"])}
            assert {"authorization", "content-type", "if-match", "idempotency-key"} <= headers
            assert answer.headers["access-control-max-age"] == "7200"
            check_headers(answer, "")
            refused = world.http.request("OPTIONS", filled, headers={"Origin": STRANGER, **asked})
            assert not [name for name in refused.headers if name.startswith("access-control")], path


def test_what_is_refused_or_fails_can_be_read_by_the_page_that_asked(world: World) -> None:
    for answer in (
        world.http.get("/v1/nothing", headers={"Origin": FRIEND}),
        world.http.post("/v1/registrations", content=b" " * 1_048_577, headers={"Origin": FRIEND}),
        world.http.get("/v1/events", headers={"Origin": FRIEND}),
    ):
        assert answer.status_code in (401, 404, 413)
        assert answer.headers["access-control-allow-origin"] == FRIEND


@pytest.mark.parametrize("letter", LETTERS)
def test_whoever_may_not_is_told_by_a_problem(world: World, letter: str) -> None:
    for (method, path), allowed in ROWS.items():
        if allowed != ["public"] and letter not in allowed:
            answer = _party(world, LETTERS[letter]).request(method, path.format(**FILLED))
            check_headers(answer, path)
            assert answer.status_code == 403, (method, path)
            assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def _required(schema: JSON) -> list[str]:
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    names: list[str] = schema.get("required", [])
    return names


def test_all_that_is_wrong_is_told_at_once(world: World) -> None:
    """/core/error-handling/all-errors: what the body lacks and has too much, and so for the query."""
    tried = 0
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            missing = _required(content.get("application/json", {}).get("schema", {}))
            if missing:
                full = f"/v1{path}"
                party = world.lkca if ROWS[method.upper(), full] == ["c"] else world.admin
                url = f"{full.format(**FILLED)}?foo=1&bar=2"
                answer = party.request(method.upper(), url, json={"x": 1, "y": 2})
                told = {(fault["location"], fault["pointer"]) for fault in answer.json()["errors"]}
                wanted = {("body", f"#/{name}") for name in [*missing, "x", "y"]}
                assert told == wanted | {("query", "#/foo"), ("query", "#/bar")}, (method, path)
                tried += 1
    assert tried >= 12


def test_the_document_is_published_where_it_should_be(world: World) -> None:
    """/core/publish-openapi, /core/doc-openapi-contact, /core/uri-version, /core/semver."""
    answer = world.http.get("/v1/openapi.json", headers={"Origin": STRANGER})
    document = answer.json()
    assert answer.headers["access-control-allow-origin"] == "*"
    assert document["info"]["version"] == answer.headers["api-version"] == __version__
    assert re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9a-z.-]+)?", __version__)
    assert set(document["info"]["contact"]) == {"name", "url", "email"}
    assert document["info"]["license"]["identifier"] == "EUPL-1.2"
    assert [server["url"] for server in document["servers"]] == ["/v1"]
    assert all(path.startswith(("/v1/", "/health/", "/metrics", "/.well-known/")) for path in PATHS)
