"""Whatever is sent, the answer is a problem document; and what every answer carries."""

import json
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
import hypothesis
import pytest
import sqlalchemy as sa
import structlog
from hypothesis import given
from hypothesis import strategies as st

from app import __version__, openapi
from app.core import problems
from app.core.http.dependencies import Db
from tests.world import PILOT, World, form, registration

HEADERS = {
    "API-Version": __version__,
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
LARGEST = 1_048_576


def sent(world: World, body: Any, type: str | None = "application/json", **headers: str) -> httpx.Response:
    """The answer to a registration with this body, byte for byte."""
    headers = {**({"Content-Type": type} if type else {}), **headers}
    return world.fleck.request("POST", "/v1/registrations", content=body, headers=headers)


def check(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The document, after a look at everything that each of them has."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"urn:problem-type:cultuurcoordinator:{code}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == f"urn:uuid:{UUID(answer.headers['x-request-id'])}"
    assert answer.headers["api-version"] == __version__
    return document


async def slowly(body: bytes) -> AsyncIterator[bytes]:
    """A body in pieces, without a length beforehand."""
    for start in range(0, len(body), 65_536):
        yield body[start : start + 65_536]


@contextmanager
def the_log() -> Iterator[list[MutableMapping[str, Any]]]:
    """Every line that is logged, as it would be written."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("debug"))
    shown: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.format_exc_info,
    ]
    try:
        with structlog.testing.capture_logs(shown) as lines:
            yield lines
    finally:
        structlog.configure(**before)


def test_a_body_that_is_no_json_is_said_to_be_none(world: World) -> None:
    for body in (
        b"{",
        b'{"edition":',
        b"{'edition': 1}",
        b'{"edition": 1,}',
        b"x",
        b"{} {}",
        b'"',
        b"{}\x00",
    ):
        [fault] = check(sent(world, body), 400, "invalid-input")["errors"]
        assert (fault["pointer"], fault["code"], fault["location"]) == ("#", "json-invalid", "body"), body


def test_a_body_that_is_no_object_is_refused(world: World) -> None:
    for body in (b"", b"[]", b"null", b"7", b'"text"', b"true", b"NaN", b"-Infinity", b"[[]]"):
        [fault] = check(sent(world, body), 400, "invalid-input")["errors"]
        assert (fault["pointer"], fault["code"] == "missing") == ("#", body == b""), body


def test_a_body_that_cannot_be_read_is_refused(world: World) -> None:
    for body in (
        b'{"edition": "\xff\xfe"}',
        b"\xff\xff\xff",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"edition": ' + b"9" * 5000 + b"}",
    ):
        answer = sent(world, body)
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


def test_no_other_value_is_taken_for_a_whole_number(world: World) -> None:
    for value in ("NaN", "Infinity", "-Infinity", "1e400", "1.5", "1e-1", "true", '"1"', "null", "[]", "{}"):
        body, headers = f'{{"capacity": {value}}}'.encode(), {"Content-Type": "application/json"}
        answer = world.admin.request("PATCH", f"/v1/editions/{PILOT}", content=body, headers=headers)
        faults = check(answer, 400, "invalid-input")["errors"]
        assert [fault["pointer"] for fault in faults] == ["#/capacity"], value


def test_what_the_database_cannot_hold_is_a_fault_of_its_member(world: World) -> None:
    paths = [
        ["edition"],
        ["applicant", "familyName"],
        ["applicant", "email"],
        ["school", "city"],
        ["motivation"],
    ]
    pointed = {}
    for path in paths:
        for value in ("\x00", "a\x00b", "\ud800", "a\udfffb"):
            body = registration()
            _replace(body, path, value)
            answer = sent(world, json.dumps(body))
            pointed["/".join(path), value] = [fault["pointer"] for fault in answer.json().get("errors", [])]
    assert pointed == {(path, value): [f"#/{path}"] for path, value in pointed}


def test_a_fault_points_to_its_member(world: World) -> None:
    """By JSON Pointer (RFC 6901), as a fragment: percent-encoded where it must be (section 6)."""
    pointers = {
        "extra": "#/extra",
        "": "#/",
        "__proto__": "#/__proto__",
        "a/b~c": "#/a~1b~0c",
        "a b": "#/a%20b",
        "é": "#/%C3%A9",
    }
    told = {}
    for name in pointers:
        document = check(sent(world, json.dumps({**registration(), name: 1})), 400, "invalid-input")
        [fault] = document["errors"]
        told[name] = fault["pointer"]
    assert told == pointers


def test_half_a_character_in_a_name_is_a_fault_of_the_body(world: World) -> None:
    check(sent(world, b'{"\\ud800": 1}'), 400, "invalid-input")


def test_two_members_with_one_name_are_one_too_many(world: World) -> None:
    """One reader of JSON takes the first, another the last (RFC 8259, section 4)."""
    whole = json.dumps(registration())
    for twice in ('"position": "eerst", "position": "laatst"', '"position": 1, "p\\u006fsition": 1'):
        document = check(sent(world, f"{whole[:-1]}, {twice}}}"), 400, "invalid-input")
        [fault] = document["errors"]
        assert (fault["pointer"], fault["code"]) == ("#", "json-invalid")
        assert '"position" twice' in fault["detail"]


def test_faults_are_told_without_what_was_sent(world: World) -> None:
    answer = sent(world, json.dumps({"edition": 7, "motivation": ["a secret of mine"]}))
    assert "secret" not in answer.text


def test_a_body_of_another_type_is_not_read(world: World) -> None:
    form_type = "application/x-www-form-urlencoded"
    for type in ("text/plain", form_type, "multipart/form-data; boundary=x", "application/xml", None):
        answer = sent(world, json.dumps(registration()), type)
        check(answer, 415, "unsupported-media-type")
        assert answer.headers["accept"] == "application/json"
    assert world.fleck.get("/v1/registrations").json()["items"] == []


def test_a_body_of_json_is_read(world: World) -> None:
    for type in ("application/json", "application/json; charset=utf-8", "Application/JSON"):
        assert sent(world, json.dumps(registration()), type).status_code == 201, type


def test_a_change_may_be_called_a_merge_patch(world: World) -> None:
    answer = world.admin.request(
        "PATCH",
        f"/v1/editions/{PILOT}",
        content=b'{"title": "Anders"}',
        headers={"Content-Type": "application/merge-patch+json"},
    )
    assert (answer.status_code, answer.json()["title"]) == (200, "Anders")


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("path", ["/v1/registrations", "/v1/oauth/token"])
def test_a_body_that_is_too_large_is_not_taken_in(world: World, path: str, told: bool) -> None:
    """Whether its length is told beforehand or not."""
    body = b" " * (LARGEST + 1)
    headers = {"Content-Type": "application/x-www-form-urlencoded" if "token" in path else "application/json"}
    answer = world.fleck.request("POST", path, content=body if told else slowly(body), headers=headers)
    check(answer, 413, "body-too-large")
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_a_body_that_is_too_large_is_refused_in_dutch(world: World) -> None:
    for body in (b" " * (LARGEST + 1), slowly(b" " * (LARGEST + 1))):
        answer = sent(world, body, **{"Accept-Language": "nl"})
        assert answer.json()["title"] == "Inhoud te groot"


def test_a_request_that_is_refused_for_its_size_changes_nothing(world: World) -> None:
    """Also where the route reads no body: either it is refused, or it is done and answered so."""
    path = f"/v1/clients/{world.mocca.id}"
    for method, url, done in (
        ("POST", f"{path}/_rotate", "client.rotated"),
        ("DELETE", path, "client.ended"),
    ):
        answer = world.admin.request(method, url, content=b" " * (LARGEST + 1))
        assert answer.status_code in (200, 204, 413)
        assert (answer.status_code == 413) == (world.events(done) == [])


def test_a_body_may_be_as_large_as_that(world: World) -> None:
    body = json.dumps(registration()).encode().ljust(LARGEST)
    assert sent(world, body).status_code == 201
    body = json.dumps(registration()).encode().ljust(LARGEST)
    assert sent(world, slowly(body)).status_code == 201


def test_at_an_unknown_address_there_is_nothing(world: World) -> None:
    for path in (
        "/",
        "/v1",
        "/v2/organisations",
        "/v1/x",
        "/V1/editions",
        "/v1//editions",
        "/v1/docs/assets/x",
    ):
        check(world.http.get(path), 404, "not-found")


def test_a_slash_at_the_end_is_another_address(world: World) -> None:
    for path in ("/v1/organisations/", "/v1/organisations/fleck/", "/v1/docs/", "/v1/"):
        answer = world.http.get(path, follow_redirects=False)
        check(answer, 404, "not-found")
        assert "location" not in answer.headers


def test_a_wrong_method_is_told_the_right_ones(world: World) -> None:
    right = {
        ("GET", "/v1/oauth/token"): {"POST"},
        ("PUT", "/v1/clients/x"): {"DELETE", "GET"},
        ("POST", "/v1/phases"): {"GET"},
        ("DELETE", "/v1/organisations"): {"GET", "POST"},
        ("PUT", "/v1/organisations/fleck"): {"GET", "PATCH"},
        ("FOO", "/v1/clients"): {"GET", "POST"},
        ("DELETE", "/v1/enrolment-forms/x"): {"GET", "PATCH", "POST", "PUT"},
        ("POST", "/v1/docs/assets/swagger-ui.css"): {"GET"},
    }
    told = {}
    for method, path in right:
        answer = world.http.request(method, path)
        check(answer, 405, "method-not-allowed")
        told[method, path] = set(answer.headers["allow"].split(", ")) - {"HEAD", "OPTIONS"}
    assert told == right


def test_whatever_can_be_read_can_be_asked_for_without_its_content(world: World) -> None:
    """RFC 9110, section 9.1: GET and HEAD are for every server to know."""
    for path in ("/v1/organisations", "/v1/organisations/fleck", "/v1/organisations/nergens", "/health/live"):
        whole, head = (world.http.request(method, path) for method in ("GET", "HEAD"))
        assert (head.status_code, head.content) == (whole.status_code, b"")
        for name in ("content-type", "content-length", "etag", "api-version"):
            assert head.headers.get(name) == whole.headers.get(name)


def test_titles_are_dutch_for_who_reads_dutch(world: World) -> None:
    titles = {
        ("GET", "/v1/nergens"): "Niet gevonden",
        ("GET", "/v1/editions/nergens"): "Niet gevonden",
        ("PUT", "/v1/phases"): "Methode niet toegestaan",
        ("GET", "/v1/editions?limit=0"): "De invoer is niet geldig",
        ("GET", "/v1/events"): "Niet ingelogd",
        ("POST", "/v1/oauth/token"): "Het tokenverzoek is niet geldig",
    }
    for (method, path), title in titles.items():
        answer = world.http.request(method, path, headers={"Accept-Language": "nl"})
        assert (answer.json()["title"], answer.headers["content-language"]) == (title, "nl")


def test_every_kind_of_problem_has_words_of_its_own() -> None:
    kinds = [kind for kind in problems.kinds() if kind.__module__.startswith("app.")]
    assert len(kinds) > 20
    for kind in kinds:
        assert 400 <= kind.status < 600, kind
        assert kind.title != kind.title_nl, kind
    assert len({kind.code for kind in kinds}) == len(kinds)


def test_a_failure_of_ours_is_told_without_particulars(world: World) -> None:
    def boom() -> None:
        raise RuntimeError("the password is hunter2")

    world.app.add_api_route("/v1/boom", boom)
    with the_log() as lines:
        answer = world.http.get("/v1/boom")
        dutch = world.http.get("/v1/boom", headers={"Accept-Language": "nl"})
    check(answer, 500, "internal-error")
    assert dutch.json()["title"] == "Interne fout"
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
    failures = [line for line in lines if line["log_level"] == "error"]
    assert "hunter2" in failures[0]["exception"]
    assert failures[0]["request_id"] == answer.headers["x-request-id"]
    assert [line["status"] for line in lines if line["event"] == "answered"] == [500, 500]


def test_a_statement_that_fails_leaves_no_personal_data_in_the_log(world: World) -> None:
    async def boom(db: Db) -> None:
        await (await db.connection()).execute(
            sa.text("SELECT 1 / 0 WHERE CAST(:email AS text) <> ''"), {"email": "noor@lyceum.example"}
        )

    world.app.add_api_route("/v1/boom", boom)
    with the_log() as lines:
        check(world.http.get("/v1/boom"), 500, "internal-error")
    assert any("division by zero" in str(line) for line in lines)
    assert "noor@lyceum.example" not in str(lines)


def test_every_answer_has_the_standard_headers(world: World) -> None:
    def boom() -> None:
        raise RuntimeError

    world.app.add_api_route("/v1/boom", boom)
    requests = {
        200: ("GET", "/v1/organisations"),
        400: ("GET", "/v1/organisations?limit=0"),
        401: ("GET", "/v1/events"),
        404: ("GET", "/v1/nergens"),
        405: ("PUT", "/v1/organisations"),
        500: ("GET", "/v1/boom"),
    }
    answers = [world.http.request(*request) for request in requests.values()]
    assert [answer.status_code for answer in answers] == list(requests)
    answers += [
        world.fleck.post("/v1/organisations", {}),  # 403
        world.http.request("HEAD", "/v1/organisations"),
        world.http.request("OPTIONS", "/v1/organisations"),
        world.http.get("/health/live"),
        world.http.get("/v1/docs/assets/swagger-ui.css"),
        world.fleck.post("/v1/registrations", registration()),
        world.http.post("/v1/oauth/token", data={"grant_type": "x"}),
    ]
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, answer.url
        assert "server" not in answer.headers
        assert "clock-stands-at" not in answer.headers
    ids = {UUID(answer.headers["x-request-id"]) for answer in answers}
    assert len(ids) == len(answers)


def test_a_request_does_not_choose_its_own_id(world: World) -> None:
    answer = world.http.get("/v1/organisations", headers={"X-Request-Id": "mine"})
    assert answer.headers["x-request-id"] != "mine"


def test_the_log_names_the_route_and_never_a_secret(world: World) -> None:
    with the_log() as lines:
        made = world.fleck.post("/v1/registrations", registration()).json()
        token = made["enrolmentForm"]["token"]
        path = f"/v1/enrolment-forms/{token}"
        answers = [
            world.http.get(path),
            world.http.request("PATCH", path, json={"wishes": {"dietary": "hunter2"}}),
            world.http.get(path, headers={"Accept": "text/html"}),
            world.http.post(path, data={"learningQuestion": "hunter2", "coordinatorHours": token}),
            world.http.post(path, data={"press": "x"}),
            world.http.put(path, json=form()),
            world.http.put(path, json=form()),  # 409
            world.http.put(path, json={"learningQuestion": token}),
            world.http.request("DELETE", path),
            world.http.get(f"{path}/x"),
            world.http.get(f"/v1/nergens?token={token}"),
            world.http.post("/v1/oauth/token", data={"grant_type": "x", "client_secret": "hunter2"}),
        ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert [line["request_id"] for line in lines[1:]] == ids
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/v1/registrations", 201),
        ("GET", "/v1/enrolment-forms/{token}", 200),
        ("PATCH", "/v1/enrolment-forms/{token}", 200),
        ("GET", "/v1/enrolment-forms/{token}", 200),
        ("POST", "/v1/enrolment-forms/{token}", 400),
        ("POST", "/v1/enrolment-forms/{token}", 400),
        ("PUT", "/v1/enrolment-forms/{token}", 200),
        ("PUT", "/v1/enrolment-forms/{token}", 409),
        ("PUT", "/v1/enrolment-forms/{token}", 400),
        ("DELETE", "/v1/enrolment-forms/{token}", 405),
        ("GET", None, 404),
        ("GET", None, 404),
        ("POST", "/v1/oauth/token", 400),
    ]
    assert lines[0]["client"] == world.fleck.id
    assert "client" not in lines[1]
    for secret in (token, "hunter2", "noor", "Meer", world.fleck.token().split(".")[0]):
        assert secret not in str(lines)


def test_no_body_makes_a_failure_of_ours(world: World) -> None:
    """One member at a time, each replaced by something that it should not be, or that is hard to keep."""
    strange: list[Any] = [
        *(
            None,
            True,
            0,
            -1,
            1.5,
            10**400,
            float("nan"),
            float("inf"),
            [],
            {},
            [[]],
            "",
            " ",
            "\x00",
            "\ud800",
        ),
        *("x" * 5000, "\ufb2c" * 100, "+" + "1" * 30, "ΐ" * 110 + "@lyceum.example", "é", "%", "a\u2028b"),
        *("\U0001d160" * 100, "e\u0301" * 101, {"a": "\x00"}, ["\ud800"], "0001-01-01T00:00:00Z", "'; --"),
    ]
    failures = []
    for path in _paths(registration()):
        for value in strange:
            body = registration()
            _replace(body, path, value)
            answer = sent(world, json.dumps(body))
            if answer.status_code not in (201, 400):
                failures.append((path, ascii(value)[:40], answer.status_code))
    assert failures == []


def _paths(body: dict[str, Any]) -> Iterator[list[str]]:
    for name, value in body.items():
        yield [name]
        if isinstance(value, dict):
            yield from ([name, *path] for path in _paths(value))


def _replace(body: dict[str, Any], path: list[str], value: object) -> None:
    for name in path[:-1]:
        body = body[name]
    body[path[-1]] = value


def test_no_json_makes_a_failure_of_ours(world: World) -> None:
    names = ["edition", "applicant", "school", "familyName", "email", "name", "city", "partner", "motivation"]
    values = st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.sampled_from("\x00\ud800"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(names) | st.text(), inner, max_size=4)
        ),
        max_leaves=8,
    )

    @hypothesis.settings(max_examples=50, deadline=None)
    @given(values)
    def attempt(value: object) -> None:
        assert sent(world, json.dumps(value)).status_code == 400

    attempt()


def test_no_query_makes_a_failure_of_ours(world: World) -> None:
    """Every parameter of every list that is documented, with values that are hard to look for."""
    failures = []
    for path, operations in openapi.document(world.app)["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", []):
            for value in (
                "%00",
                "%ED%A0%80",
                "%FF",
                "x" * 300,
                "%F0%9F%98%80",
                "%25",
                "%27",
                "9" * 30,
                "%0A",
                "",
            ):
                url = f"/v1{path}"
                if parameter["in"] == "query":
                    url = f"{url}?{parameter['name']}={value}"
                elif parameter["in"] == "path":
                    url = url.replace(f"{{{parameter['name']}}}", value)
                answer = world.admin.get(url)
                if answer.status_code >= 500:
                    failures.append((url, answer.status_code))
    assert failures == []


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_body_of_nothing_but_faults_is_told_of_the_first_ones(world: World, language: str) -> None:
    """Each fault says more than it takes to make it, so that all of them would be a burden to both sides."""
    body = json.dumps({f"m{number}": 1 for number in range(40_000)}).encode()
    document = check(sent(world, body, **{"Accept-Language": language}), 400, "invalid-input")
    assert len(document["errors"]) == problems.MOST_TOLD
    # The three members that have to be there are missing, too.
    assert document["detail"].startswith("40003 ")
    assert str(problems.MOST_TOLD) in document["detail"]
    assert (language == "nl") == ("fouten" in document["detail"])
