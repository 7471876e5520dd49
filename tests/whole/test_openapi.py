"""The OpenAPI document: equal to its committed copy, and complete."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app import openapi, openapi_links, openapi_words
from app.core import problems
from app.core.settings import Settings
from app.main import create_app
from tests.world import World
from tools import examples

COMMITTED = Path(__file__).parents[2] / "openapi" / "openapi.json"
GUIDE = COMMITTED.parents[1] / "docs" / "beheer.md"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document(create_app(Settings(), "postgresql+asyncpg://nowhere/none"))


def _operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def _answers(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What an operation answers, by status; also what is said once for several operations."""
    shared = document["components"]["responses"]
    for status, answer in operation["responses"].items():
        yield status, shared[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer


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
        named = {parameter["name"] for parameter in operation.get("parameters", [])}
        assert ("422" in operation["responses"]) == ("Idempotency-Key" in named), name
        for status, response in _answers(document, operation):
            assert "API-Version" in response["headers"], (name, status)
            assert ("Retry-After" in response["headers"]) == (status in ("429", "503")), (name, status)
            if status >= "400":
                assert next(iter(response["content"])) == "application/problem+json", (name, status)
                assert set(response["content"]) <= {"application/problem+json", "text/html"}, (name, status)
        assert {"500", "503"} <= set(operation["responses"]), name
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


def test_every_operation_has_a_method_name_a_part_of_the_way_and_its_scopes(document: dict[str, Any]) -> None:
    known = [tag["name"] for tag in document["tags"]]
    scheme = document["components"]["securitySchemes"]["oauth2"]
    scopes = scheme["flows"]["clientCredentials"]["scopes"]
    order = []
    for name, operation in _operations(document):
        assert re.fullmatch("[a-z]+([A-Z][a-z]+)+", operation["operationId"]), name
        assert len(operation["tags"]) == 1, name
        order += operation["tags"]
        for need in operation["security"]:
            assert len(need["oauth2"]) == 1, name
            assert set(need["oauth2"]) <= set(scopes), name
    assert set(order) == set(known)
    way = ["tokens", "editions", "registrations", "enrolment-forms", "draws", "attendance", "progress"]
    assert [tag for tag in known if tag in {*way, "certificates", "verifications"}] == [
        *way,
        "certificates",
        "verifications",
    ]


def test_every_operation_declares_what_it_can_answer(document: dict[str, Any]) -> None:
    """By what it takes: a name in its address, a query, a body, a condition, a token."""
    for name, operation in _operations(document):
        parameters = operation.get("parameters", [])
        places = {parameter["in"] for parameter in parameters}
        wanted = {"401", "403"} if operation["security"] else set()
        wanted |= {"404"} if "path" in places else set()
        wanted |= {"400"} if "query" in places or "requestBody" in operation else set()
        wanted |= {"408", "413", "415"} if "requestBody" in operation else set()
        wanted |= {"412"} if "If-Match" in {one["name"] for one in parameters} else set()
        wanted |= {"304", "412"} if name.startswith("get ") else set()
        assert wanted <= set(operation["responses"]), name
        done = [status for status in operation["responses"] if status < "300"]
        assert len(done) == 1, name
        headers = set(operation["responses"][done[0]].get("headers", {}))
        if name.startswith(("get ", "put ", "patch ")) and "412" in wanted:
            assert "ETag" in headers, name
        if "cursor" in {one["name"] for one in parameters}:
            assert "Link" in headers, name
        if done == ["201"]:
            assert {"ETag", "Location"} <= headers, name


def test_every_member_and_every_part_of_an_address_is_described(document: dict[str, Any]) -> None:
    """Who adds one says what it means, at its field or by its name in app/openapi_words.py."""
    members = set()
    for name, schema in document["components"]["schemas"].items():
        for member, described in schema.get("properties", {}).items():
            members |= {member, f"{name}.{member}"}
            assert described.get("description") or member in openapi_words.OBVIOUS, f"{name}.{member}"
    parts = set()
    for name, operation in _operations(document):
        for parameter in operation.get("parameters", []):
            parts.add(parameter["name"])
            assert parameter.get("description"), (name, parameter["name"])
    assert openapi_words.OBVIOUS | set(openapi_words.MEMBERS) <= members
    assert set(openapi_words.PARTS) <= parts


def _referred(document: dict[str, Any], node: Any) -> set[str]:
    """The names of the schemas that a part of the document uses, directly or not."""
    found, todo = set[str](), [node]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            name = str(one.get("$ref", "")).rpartition("/schemas/")[2]
            if name and name not in found:
                found.add(name)
                todo.append(document["components"]["schemas"][name])
            todo += one.values()
        elif isinstance(one, list):
            todo += one
    return found


def _unbounded(node: Any, path: str) -> Iterator[str]:
    """What may be as long or as large as a caller likes."""
    bounds = {
        "string": [{"maxLength", "format", "enum", "pattern", "const"}],
        "array": [{"maxItems"}],
        "integer": [{"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"}],
    }
    if isinstance(node, dict):
        if any(not one & set(node) for one in bounds.get(str(node.get("type")), [])):
            yield path
        for key, value in node.items():
            if key not in ("examples", "example", "default"):
                yield from _unbounded(value, f"{path}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _unbounded(value, f"{path}/{number}")


def test_whatever_is_sent_has_its_bounds(document: dict[str, Any]) -> None:
    """Answers have none: a bound there would be a promise that helps nobody and breaks when it widens."""
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        assert schema["title"] == name
    bodies = [operation.get("requestBody") for _, operation in _operations(document)]
    for name in _referred(document, bodies):
        assert list(_unbounded(schemas[name], name)) == []
    for name, operation in _operations(document):
        assert list(_unbounded(operation.get("parameters", []), name)) == []


def test_every_request_and_every_answer_has_an_example_that_is_one(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        examples = [part["schema"] for part in operation.get("parameters", []) if part["in"] == "path"]
        assert len(examples) == name.count("{"), name
        for part in operation.get("parameters", []):
            assert part["in"] != "path" or _fits(document, part), (name, part["name"])
        for body in operation.get("requestBody", {}).get("content", {}).values():
            assert _fits(document, body) or _is_told_by_its_members(document, body["schema"]), name
        for status, response in _answers(document, operation):
            for kind, content in response.get("content", {}).items():
                # People's pages and the PDF are no examples to read here.
                if status < "300" and kind == "application/json":
                    told = _is_told_by_its_members(document, content["schema"])
                    assert _fits(document, content) or told, name


def _is_told_by_its_members(document: dict[str, Any], schema: dict[str, Any]) -> bool:
    """Whether it holds a postal code, which the linter does not bear in an example (app/openapi.py)."""
    text, seen = json.dumps(schema), set[str]()
    while new := set(re.findall(r"#/components/schemas/(\w+)", text)) - seen:
        seen |= new
        text += "".join(json.dumps(document["components"]["schemas"][name]) for name in new)
    return '"postalCode"' in text


def _fits(document: dict[str, Any], part: dict[str, Any]) -> bool:
    """Whether the example of a part is there and valid by the schema of that part."""
    schema = {**part["schema"], "components": document["components"]}
    checker = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return "example" in part and bool(checker.is_valid(part["example"]))


def test_the_examples_are_what_the_server_answers(empty_database: str, tmp_path: Path) -> None:
    """`make examples` writes them anew."""
    played, refused = examples.play(empty_database, examples.settings_in(tmp_path))
    assert examples.text(played) == openapi.EXAMPLES.read_text(encoding="utf-8")
    assert examples.text(refused) == openapi.REFUSALS.read_text(encoding="utf-8")


def test_every_refusal_has_an_example(document: dict[str, Any]) -> None:
    """Who declares another refusal has tools/refusals.py provoke it; equal ones stand once."""
    shared, used = document["components"]["examples"], set[str]()
    for name, operation in _operations(document):
        for status, response in _answers(document, operation):
            if status < "400":
                continue
            content = response["content"]["application/problem+json"]
            assert content.get("examples"), (name, status)
            for each, reference in content["examples"].items():
                assert reference == {"$ref": f"#/components/examples/{each}"}
                value = shared[each]["value"]
                assert str(value["status"]) == status, (name, each)
                assert _fits(document, {"schema": content["schema"], "example": value}), each
            used |= set(content["examples"])
    assert used == set(shared)
    said = [json.dumps(one["value"], sort_keys=True) for one in shared.values()]
    assert len(said) == len(set(said))


def test_every_kind_of_refusal_is_shown_in_both_languages(document: dict[str, Any]) -> None:
    titles = {f"{problems.TYPE_PREFIX}{one.code}": {one.title, one.title_nl} for one in problems.kinds()}
    titles[f"{problems.TYPE_PREFIX}internal-error"] = {"Internal error", "Interne fout"}
    shown: dict[str, set[str]] = {}
    for one in document["components"]["examples"].values():
        shown.setdefault(one["value"]["type"], set()).add(one["value"]["title"])
    assert len(shown) >= 45
    assert shown == {type: titles[type] for type in shown}


def test_links_lead_from_what_is_given_to_what_can_follow(document: dict[str, Any]) -> None:
    """Each is tried on the example of its answer, which the server really gave."""
    operations = {operation["operationId"]: operation for _, operation in _operations(document)}
    reached, tried = set(), 0
    for name, operation in _operations(document):
        for status, answer in _answers(document, operation):
            for target, link in answer.get("links", {}).items():
                assert link["operationId"] == target, name
                takes = {one["name"]: one for one in operations[target]["parameters"]}
                for part, expression in link["parameters"].items():
                    reached.add(target)
                    if found := _pointed(answer, expression):
                        tried += 1
                        assert _fits(document, {**takes[part], "example": found}), (name, target, part)
                    assert part in takes, (name, target, part)
                assert status < "300", name
    assert tried > 60
    whose_address_is_given = set(openapi_links.GIVEN["Registration"]).union(*openapi_links.GIVEN.values())
    for name, operation in operations.items():
        parts = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert (name in reached) == bool(parts & whose_address_is_given), name


def _pointed(answer: dict[str, Any], expression: str) -> Any:
    """What a runtime expression gives in the example of an answer; None where it shows nothing there."""
    place, _, pointer = expression.partition("#")
    found = answer["content"].get("application/json", {}).get("example")
    for step in pointer.split("/")[1:] if place == "$response.body" else ():
        found = found and (found[int(step)] if isinstance(found, list) else found[step])
    return found if place == "$response.body" else None


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


def test_what_stands_filled_in_works(world: World, document: dict[str, Any]) -> None:
    """Reads, lists and changes whose path is known beforehand, as Swagger UI sends them untouched."""
    world.at("2026-11-23T12:00+01:00")
    tried = {}
    for name, operation in _operations(document):
        method, path = name.split(" ")
        for part, example in openapi.IN_PATHS.items():
            path = path.replace(f"{{{part}}}", example)
        if method in ("get", "patch") and "{" not in path:
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            scopes = operation.get("security") or [{}]
            is_the_certifiers = "certificates:write" in scopes[0].get("oauth2", [])
            party = world.lkca if is_the_certifiers else world.admin
            answer = party.request(method.upper(), f"/v1{path}", json=body.get("example"))
            tried[name] = answer.status_code
    assert len(tried) > 15
    assert {"get /editions/{edition}", "patch /editions/{edition}", "get /registrations"} <= tried.keys()
    assert set(tried.values()) == {200}


def test_what_a_change_has_filled_in_can_be_sent(document: dict[str, Any]) -> None:
    """The bodies whose path holds an id: Swagger UI would make up members that overwrite what is there."""
    for name, operation in _operations(document):
        if name.startswith("patch"):
            for content in operation["requestBody"]["content"].values():
                assert len(content["example"]) == 1, name


def test_every_text_has_its_dutch_counterpart(document: dict[str, Any]) -> None:
    """Who writes a summary or description adds its Dutch to app/openapi.nl.json."""
    texts = {document["info"]["title"]}

    def heard(text: str) -> str:
        texts.add(text)
        return text

    openapi.with_words(document, heard)
    assert len(texts) > 300
    known = set(openapi.DUTCH.counterparts)
    titles = {kind.title for kind in problems.kinds()}
    assert {one for text in texts - known for one in text.split("; ")} - titles == set()
    assert known - texts == set()


def test_in_dutch_only_the_words_differ(document: dict[str, Any]) -> None:
    dutch = openapi.document(create_app(Settings(), "postgresql+asyncpg://nowhere/none"), "nl")
    assert dutch["info"]["title"] != document["info"]["title"]
    english_operations, dutch_operations = dict(_operations(document)), dict(_operations(dutch))
    assert english_operations.keys() == dutch_operations.keys()
    for name, operation in dutch_operations.items():
        assert operation["summary"] != english_operations[name]["summary"], name
        assert operation["description"] != english_operations[name]["description"], name
        assert "Successful" not in str(operation["responses"]), name

    def blank(_: str) -> str:
        return ""

    bare_dutch, bare = (openapi.with_words(one, blank) for one in (dutch, document))
    bare_dutch["info"]["title"] = bare["info"]["title"]
    assert bare_dutch == bare


def test_it_is_in_the_language_that_the_link_or_the_reader_names(world: World) -> None:
    path, nl = "/v1/openapi.json", {"Accept-Language": "nl-NL,nl;q=0.9"}
    english, dutch = world.http.get(path), world.http.get(path, headers=nl)
    assert "Register a teacher" in english.text
    assert "Een docent aanmelden" in dutch.text
    assert world.http.get(f"{path}?lang=nl").json() == dutch.json()
    assert world.http.get(f"{path}?lang=en", headers=nl).json() == english.json()
    for answer, language in ((english, "en"), (dutch, "nl")):
        assert answer.headers["content-language"] == language
        assert "Accept-Language" in answer.headers["vary"]
    tags = {answer.headers["etag"] for answer in (english, dutch)}
    assert len(tags) == 2
    again = world.http.get(path, headers={**nl, "If-None-Match": dutch.headers["etag"]})
    assert (again.status_code, again.headers["vary"]) == (304, "Accept-Language, Origin")
    for query in ("?lang=fr", "?lang=", "?language=nl"):
        assert world.http.get(f"{path}{query}").status_code == 400


def test_the_documentation_page_is_in_the_language_that_the_link_or_the_reader_names(world: World) -> None:
    nl = {"Accept-Language": "nl"}
    pages = [
        ("", {}, "en", "Nederlands"),
        ("", nl, "nl", "English"),
        ("?lang=en", nl, "en", "Nederlands"),
        ("?lang=nl", {}, "nl", "English"),
    ]
    for query, headers, language, other in pages:
        page = world.http.get(f"/v1/docs{query}", headers=headers)
        assert page.headers["content-language"] == language
        assert page.headers["vary"] == "Accept-Language, Origin"
        assert f'<html lang="{language}">' in page.text
        assert f">{other}</a>" in page.text
    assert world.http.get("/v1/docs?lang=x").status_code == 400


def test_the_dutch_guide_calls_operations_what_the_page_calls_them() -> None:
    known = set(openapi.DUTCH.counterparts.values()) | {"Antwoord van de server"}
    named = set(re.findall(r"(?<![*\w])\*([A-Z][^*]+)\*(?!\*)", GUIDE.read_text(encoding="utf-8")))
    assert len(named) > 20
    assert {" ".join(name.split()) for name in named} - known == set()


def test_every_word_that_gets_dutch_is_one_of_swagger_ui(world: World) -> None:
    """Another edition of Swagger UI may say it otherwise."""
    ours = world.http.get("/v1/docs/dutch.js").text.partition("const PARTS")[0]
    words = re.findall(r'^  "(.+)":', ours, re.MULTILINE)
    assert len(words) > 60
    theirs = world.http.get("/v1/docs/assets/swagger-ui-bundle.js").text
    assert [word for word in words if f'"{word}"' not in theirs] == []
    assert len(words) == len(set(words))


def test_the_documentation_page_loads_only_own_files(world: World) -> None:
    page = world.http.get("/v1/docs")
    assert "http" not in page.text.replace("<!doctype html>", "")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    for path in (
        "/v1/docs/start.js",
        "/v1/docs/dutch.js",
        "/v1/docs/docs.css",
        "/v1/docs/assets/swagger-ui.css",
        "/v1/docs/assets/swagger-ui-bundle.js",
    ):
        answer = world.http.get(path)
        assert (answer.status_code, len(answer.content) > 80) == (200, True), path
        assert path.removeprefix("/v1/") in page.text
