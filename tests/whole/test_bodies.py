"""Bodies that are not what they should be, sent to every route that takes one.

The routes come from the OpenAPI document, so that a new one meets these rules too.
"""

import json

import httpx
import pytest

from tests.whole.test_access import FILLED, ROWS
from tests.whole.test_strictness import DOCUMENT, TEXTS, Steps, bodies, holding, pointer
from tests.world import World

FORM, JSON_TYPE = "application/x-www-form-urlencoded", "application/json"
TAKERS = {
    (method.upper(), f"/v1{path}"): list(operation["requestBody"]["content"])
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if "requestBody" in operation
}
OF_JSON = [taker for taker, types in TAKERS.items() if JSON_TYPE in types]
NUMBERS = bodies(lambda schema: schema.get("type") in ("integer", "number"))
UNREADABLE = {
    "not UTF-8": b'{"reason": "\xff"}',
    "half a character in bytes": b'{"reason": "\xed\xa0\x80"}',
    "UTF-16": '{"reason": "x"}'.encode("utf-16"),
    "UTF-32": "{}".encode("utf-32-le"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "no JSON": b"reason=x",
    "half": b'{"reason": ',
    "two of them": b"{}{}",
    "with a comma too many": b'{"reason": "x",}',
    "with a remark": b'{"reason": "x"} // because',
    "a name twice": b'{"reason": "x", "reason": "y"}',
    "a name twice, escaped": b'{"reason": "x", "\\u0072eason": "x"}',
    "a name twice, deeper": b'{"reason": [{"a": 1, "a": 1}]}',
    "a huge number": b'{"reason": ' + b"9" * 5000 + b"}",
    "deep lists": b"[" * 5000 + b"]" * 5000,
    "deep objects": b'{"reason":' * 5000 + b"1" + b"}" * 5000,
    "deep and open": b"[" * 100_000,
    "a control character": b'{"reason": "\x01"}',
    "a NUL byte": b'{"reason": "\x00"}',
    "a NUL byte at the end": b"{}\0",
}
NO_OBJECTS = [b"null", b" null ", b"[]", b"7", b'"x"', b"true", b"NaN", b"-Infinity", b"[[]]"]


def send(world: World, taker: tuple[str, str], body: bytes, kind: str | None = JSON_TYPE) -> httpx.Response:
    """The answer to an administrator (or the certifier, whose alone it is)."""
    method, path = taker
    party = world.lkca if ROWS[taker] == ["c"] else world.admin
    headers = {"Content-Type": kind} if kind is not None else {}
    return party.request(method, path.format(**FILLED), content=body, headers=headers)


def check(answer: httpx.Response, status: int, name: object) -> None:
    assert answer.status_code == status, (name, answer.status_code, answer.text[:500])
    assert answer.headers["content-type"] == "application/problem+json", name


def test_there_are_routes_to_try() -> None:
    assert len(OF_JSON) >= 27
    assert ("PUT", "/v1/enrolment-forms/{token}") in OF_JSON
    assert ("PATCH", "/v1/editions/{edition}", ("capacity",)) in NUMBERS


@pytest.mark.parametrize("name", UNREADABLE)
def test_no_body_is_read_that_is_not_clear_json(world: World, name: str) -> None:
    for taker in OF_JSON:
        answer = send(world, taker, UNREADABLE[name])
        check(answer, 400, (taker, name))
        faults = [(one["pointer"], one["location"], one["code"]) for one in answer.json()["errors"]]
        assert faults == [("#", "body", "json-invalid")], (taker, name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("not UTF-8", "De inhoud is geen UTF-8."),
        ("UTF-16", "De inhoud is geen UTF-8."),
        ("a byte order mark", "De inhoud begint met een byte order mark; laat die weg."),
        ("deep and open", "De inhoud is te diep genest."),
        ("a huge number", "De inhoud bevat een getal met te veel cijfers."),
        ("no JSON", "De inhoud is vanaf teken 1 geen JSON."),
        ("two of them", "De inhoud is vanaf teken 3 geen JSON."),
        ("with a comma too many", "De inhoud is vanaf teken 16 geen JSON."),
        ("a name twice", 'De inhoud bevat "reason" twee keer in één object.'),
    ],
)
def test_what_cannot_be_read_is_told_in_the_readers_words(world: World, name: str, said: str) -> None:
    headers = {"Content-Type": JSON_TYPE, "Accept-Language": "nl"}
    answer = world.fleck.request("POST", "/v1/registrations", content=UNREADABLE[name], headers=headers)
    assert answer.json()["type"].endswith(":invalid-input")
    assert [one["detail"] for one in answer.json()["errors"]] == [said]


def test_no_body_is_anything_but_an_object(world: World) -> None:
    for taker in OF_JSON:
        for body in NO_OBJECTS:
            check(send(world, taker, body), 400, (taker, body))


def test_no_number_is_another_than_it_can_be(world: World) -> None:
    # To an eighth no number is asked: what is no whole number may be to a quarter.
    strange = ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1.125", "9" * 400, "-1", "true", '"1"')
    for method, path, steps in NUMBERS:
        for number in strange:
            body = json.dumps(holding(steps, "?")).replace('"?"', number).encode()
            answer = send(world, (method, path), body)
            check(answer, 400, (method, path, steps, number))
            assert pointer(steps) in {fault["pointer"] for fault in answer.json()["errors"]}


def test_no_text_is_another_kind_of_value(world: World) -> None:
    for method, path, steps in TEXTS:
        for value in (1, ["x"]):
            check(send(world, (method, path), _body(steps, value)), 400, (method, path, steps, value))


def _body(steps: Steps, value: object) -> bytes:
    return json.dumps(holding(steps, value)).encode()


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "image/svg+json",
        "application/xml",
        "application/json/x",
        "application/json, text/plain",
        "multipart/mixed; boundary=x",
        "\x00",
    ],
)
def test_no_body_is_read_of_another_type(world: World, kind: str | None) -> None:
    for taker, types in TAKERS.items():
        answer = send(world, taker, b"{}", kind)
        check(answer, 415, (taker, kind))
        assert set(answer.headers["accept"].split(", ")) <= set(types), taker


@pytest.mark.parametrize(
    "body", [b"--x--", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n']
)
def test_no_form_in_parts_is_read_where_none_is_asked_for(world: World, body: bytes) -> None:
    for taker, types in TAKERS.items():
        if "multipart/form-data" not in types:
            check(send(world, taker, body, "multipart/form-data; boundary=x"), 415, taker)


@pytest.mark.parametrize(
    "kind", ["application/merge-patch+json", "application/vnd.api+json", "application/problem+json"]
)
def test_no_body_is_read_of_another_type_than_the_contract_says(world: World, kind: str) -> None:
    for taker, types in TAKERS.items():
        answer = send(world, taker, b"[]", kind)
        if kind in types:
            check(answer, 400, (taker, kind))
        else:
            check(answer, 415, (taker, kind))


def test_no_form_is_read_where_json_is_asked_nor_the_other_way_round(world: World) -> None:
    for taker, types in TAKERS.items():
        if not {FORM, JSON_TYPE} <= set(types):  # a page's form may be sent to what reads JSON
            check(send(world, taker, b"{}", FORM if JSON_TYPE in types else JSON_TYPE), 415, taker)


def test_no_patch_is_read_of_another_kind(world: World) -> None:
    for taker in OF_JSON:
        if taker[0] == "PATCH":
            answer = send(world, taker, b"[]", "application/json-patch+json")
            check(answer, 415, taker)
            assert answer.headers["accept-patch"] == "application/merge-patch+json, application/json"


def test_no_address_holds_what_is_no_text(world: World) -> None:
    """A NUL byte, half a character, a byte that is no UTF-8, and more than any name is long."""
    for taker in ROWS:
        for name, value in FILLED.items():
            for bad in ("%00", f"{value}%00", "%ED%A0%80", f"{value}%FF", "x" * 5000):
                if f"{{{name}}}" in taker[1]:
                    answer = _ask(world, taker, {**FILLED, name: bad})
                    assert answer.status_code in (400, 404), (taker, bad, answer.text)
                    assert answer.headers["content-type"] == "application/problem+json"


def test_no_query_holds_what_is_no_text(world: World) -> None:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
            for name in names:
                for bad in ("%00", "x%00", "%ED%A0%80", "%FF"):
                    answer = _ask(world, (method.upper(), f"/v1{path}"), FILLED, f"?{name}={bad}")
                    # Below what is not there, a cursor need not be looked at.
                    unread = name == "cursor" and "{" in path and answer.status_code == 404
                    check(answer, 404 if unread else 400, (path, name, bad))


HEADERS = ("accept", "accept-language", "content-type", "if-match", "if-none-match", "origin", "range")


def test_no_header_makes_a_failure_of_ours(world: World) -> None:
    for method, path in ROWS:
        for bad in (b"\0\xff\xed\xa0\x80", b"x" * 5000):
            headers = tuple((name.encode(), bad) for name in HEADERS)
            answer = _ask(world, (method, path), FILLED, headers=headers)
            assert answer.status_code < 500, (method, path, bad)
        for bad in (b"\0", b"Bearer \xff.\0.\xed", b"Basic \xff"):
            answer = world.http.request(method, path.format(**FILLED), headers=[(b"authorization", bad)])
            public = ROWS[method, path] == ["public"]
            assert answer.status_code in ((200, 400, 404) if public else (400, 401)), (method, path, bad)


def _ask(
    world: World,
    taker: tuple[str, str],
    names: dict[str, str],
    query: str = "",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> httpx.Response:
    party = world.lkca if ROWS[taker] == ["c"] else world.admin
    token = (b"authorization", f"Bearer {party.token()}".encode())
    method, path = taker
    return world.http.request(method, path.format(**names) + query, headers=[token, *headers])
