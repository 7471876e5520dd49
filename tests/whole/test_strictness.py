"""What breaks others, on every route: text, times, addresses and queries that are none.

The cases come from the OpenAPI document, so that a new route has them too.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app import openapi
from app.core.settings import Settings
from app.main import create_app
from tests.whole.test_access import FILLED, ROWS
from tests.whole.test_moments import REFUSED
from tests.world import JSON, World, registration

DOCUMENT = openapi.document(create_app(Settings(), "postgresql+asyncpg://nowhere/none"))
Steps = tuple[str | int, ...]
# They read no JSON at all.
OF_FORMS = {
    ("POST", "/v1/oauth/token"),
    ("POST", "/v1/enrolment-forms/{token}"),
    ("POST", "/v1/personal-pages/{pageToken}/progress/{phase}/_submit"),
}
# A person shares this address, and what they share it with adds to its query.
ANY_QUERY = {
    (method, f"/v1/verifications/{last}") for method in ("GET", "HEAD") for last in ("{code}", "_check")
}
# A provider adds what it likes when it sends people back.
ANY_QUERY |= {(method, "/v1/docs/oauth2-redirect.html") for method in ("GET", "HEAD")}


def leaves(schema: JSON, wanted: Callable[[JSON], bool]) -> Iterator[Steps]:
    """The paths to every value below a schema that is `wanted`."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for kind in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(kind, []):
            yield from leaves(one, wanted)
    if wanted(schema):
        yield ()
    for name, member in schema.get("properties", {}).items():
        yield from ((name, *rest) for rest in leaves(member, wanted))
    if "items" in schema:
        yield from ((0, *rest) for rest in leaves(schema["items"], wanted))


def bodies(wanted: Callable[[JSON], bool]) -> list[tuple[str, str, Steps]]:
    """Each operation that takes JSON, with the path to each value in it that is `wanted`."""
    return [
        (method.upper(), f"/v1{path}", steps)
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
        for steps in dict.fromkeys(
            leaves(operation["requestBody"]["content"]["application/json"]["schema"], wanted)
        )
    ]


def holding(steps: Steps, value: object) -> object:
    """A body with one value in it."""
    for step in reversed(steps):
        value = [value] if isinstance(step, int) else {step: value}
    return value


def pointer(steps: Steps) -> str:
    return "#" + "".join(f"/{step}" for step in steps)


def refused(world: World, method: str, path: str, body: object) -> dict[str, str]:
    """The faults that an administrator (or the certifier, whose alone it is) is told, by their pointers."""
    party = world.lkca if ROWS[method, path] == ["c"] else world.admin
    answer = party.request(
        method,
        path.format(**FILLED),
        content=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400, (method, path, body, answer.status_code, answer.text)
    return {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]}


TEXTS = bodies(lambda schema: schema.get("type") == "string")
# Names and texts: anything but control characters.
FREE = bodies(lambda schema: schema.get("pattern", "").startswith(r"^[^\u0000-"))
MOMENTS = bodies(lambda schema: schema.get("format") == "date-time")
NUMBERS = [
    (f"/v1{path}", parameter["name"])
    for path, operations in DOCUMENT["paths"].items()
    for operation in operations.values()
    for parameter in operation.get("parameters", [])
    if parameter["in"] == "query"
    and {"integer", "number"} & set(re.findall(r"\w+", str(parameter["schema"])))
]


def test_there_is_text_to_try() -> None:
    assert len({path for _, path, _ in TEXTS}) >= 14
    assert ("POST", "/v1/registrations", ("applicant", "familyName")) in FREE
    assert ("PATCH", "/v1/sessions/{sessionId}", ("location", "city")) in FREE
    assert ("PATCH", "/v1/editions/{edition}", ("window", "closesAt")) in MOMENTS
    assert ("POST", "/v1/sessions", ("startsAt",)) in MOMENTS
    assert ("/v1/registrations", "limit") in NUMBERS


@pytest.mark.parametrize("bad", ["\0", "a\0b", "\ud800", "a\udfffb", "\udc80\ud800", "x\x1b[0m"])
def test_no_text_holds_what_is_no_character(world: World, bad: str) -> None:
    for method, path, steps in TEXTS:
        assert pointer(steps) in refused(world, method, path, holding(steps, bad)), (method, path, steps)


@pytest.mark.parametrize(
    "unseen", ["\u200b", "\u00ad", "\u200b\u200d\ufeff", " \u2060 ", "\u3164", "\u2800", "\u0301", "\ufe0f"]
)
def test_no_text_is_invisible(world: World, unseen: str) -> None:
    for method, path, steps in FREE:
        faults = refused(world, method, path, holding(steps, unseen))
        assert faults.get(pointer(steps)) == "invisible", (method, path, steps, faults)


def test_no_member_has_a_name_that_is_no_text(world: World) -> None:
    for method, path in {(method, path) for method, path, _ in TEXTS}:
        for name in ("\0", "\ud800", "a\ud800/~b", ""):
            faults = refused(world, method, path, {name: "x"})
            assert {"extra-forbidden", "string-unicode"} & set(faults.values()), (method, path, faults)


@pytest.mark.parametrize(
    "local",
    [
        "2021-10-07T14:30:00",
        "2021-10-07 14:30:00Z",
        "2021-03-28T02:30:00",  # does not exist in Amsterdam
        "2021-10-31T02:30:00",  # exists twice
        "2021-10-31T02:30:00[Europe/Amsterdam]",
        "2021-10-07T14:30:00+02:00[Europe/Amsterdam]",
        "2021-10-07T14:30:00-00:00",
        "2021-10-07T14:30:00.1234567890Z",
        "2021-10-07T14:30:00.Z",
        "2021-10-07T14:30.5Z",
        "2021-10-07t14:30:00z",
        "٢٠٢١-10-07T14:30:00Z",
        "2021-10-07T24:00:00Z",
        "2021-10-07T23:59:60Z",
        "2021-02-29T12:00:00Z",
        "2021-10-07",
        "1633609800",
        1633609800,
        True,
        "now",
        "",
    ],
)
def test_no_moment_is_without_its_offset(world: World, local: object) -> None:
    for method, path, steps in MOMENTS:
        assert pointer(steps) in refused(world, method, path, holding(steps, local)), (method, path, steps)


def test_no_moment_lies_in_the_outermost_years(world: World) -> None:
    for edge in REFUSED:
        for method, path, steps in MOMENTS:
            assert pointer(steps) in refused(world, method, path, holding(steps, edge)), (method, path, edge)


def test_no_address_has_a_slash_at_its_end(world: World) -> None:
    for (method, path), allowed in ROWS.items():
        party: Any = world.lkca if allowed == ["c"] else world.admin
        for ending in ("/", "//"):
            answer = party.request(method, path.format(**FILLED) + ending)
            assert answer.status_code == 404, (method, path, answer.status_code)
            assert "location" not in answer.headers
            assert answer.headers["content-type"] == "application/problem+json"


def test_no_file_of_the_documentation_has_two_addresses(world: World) -> None:
    path = "/v1/docs/assets/swagger-ui.css"
    assert world.http.get(path).status_code == 200
    folder, name = "/v1/docs/assets", "swagger-ui.css"
    others = ["", "/", f"//{name}", f"/%2e/{name}", f"/x/%2e%2e/{name}", f"/{name}/", f"/{name}//"]
    for other in [*others, f"/{name}/%2e", f"/{name}%2F", f"/%2F{name}", "/nothing.css"]:
        answer = world.http.get(f"{folder}{other}")
        assert answer.status_code == 404, other
        assert answer.headers["content-type"] == "application/problem+json", other


def test_no_route_overlooks_a_part_of_the_query(world: World) -> None:
    for method, path in ROWS:
        if (method, path) in ANY_QUERY:
            continue
        party = world.lkca if ROWS[method, path] == ["c"] else world.admin
        body: JSON | None = None if (method, path) in OF_FORMS else {}
        answer = party.request(method, f"{path.format(**FILLED)}?foo=1&bar=", json=body)
        assert answer.status_code == 400, (method, path, answer.status_code)
        faults = {(fault["pointer"], fault["location"]) for fault in answer.json()["errors"]}
        assert {("#/foo", "query"), ("#/bar", "query")} <= faults, (method, path, faults)


@pytest.mark.parametrize(
    "number", ["5_0", "%2B5", "%205", "5%20", "5.0", "5e0", "0x5", "%D9%A5", "-5", "", "5,0"]
)
def test_no_number_in_a_query_has_anything_but_digits(world: World, number: str) -> None:
    for path, name in NUMBERS:
        party = world.lkca if ROWS["GET", path] == ["c"] else world.admin
        answer = party.get(f"{path.format(**FILLED)}?{name}={number}")
        assert answer.status_code == 400, (path, name, answer.status_code)
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [f"#/{name}"]


def test_no_part_of_a_query_is_given_twice(world: World) -> None:
    """Which of the two would count? (None is a list.)"""
    tried = 0
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
            for name in names:
                party = world.lkca if ROWS[method.upper(), f"/v1{path}"] == ["c"] else world.admin
                address = f"/v1{path.format(**FILLED)}?{name}=1&{name}=1"
                answer = party.request(method, address)
                assert answer.status_code == 400, address
                faults = [(one["pointer"], one["code"]) for one in answer.json()["errors"]]
                assert (f"#/{name}", "repeated") in faults, address
                tried += 1
    assert tried > 30


def test_a_shared_link_may_have_gained_a_query(world: World) -> None:
    certificate = world.certified()
    path = certificate["verificationUrl"].removeprefix("https://register.example")
    assert world.http.get(f"{path}?fbclid=x&utm_source=y").status_code == 200


NAMES = [
    "Zoë",
    "Ångström",
    "Ĳsbrand",  # a ligature is NFC: not taken apart
    "ﬁ",
    "’t Hooft",
    "van\u00a0der",
    "نور\u200cالدین",  # a joiner inside a name is part of its spelling
    "김민수",
    "d\u00adj",
    "𝒩oor",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_composed_stays_as_it_is(world: World, name: str) -> None:
    made = world.register(
        applicant={"givenName": name, "familyName": name}, school={"name": name, "city": name}
    )
    read = world.fleck.get(f"/v1/registrations/{made['id']}").json()
    assert (read["applicant"]["givenName"], read["applicant"]["familyName"]) == (name, name)
    assert (read["school"]["name"], read["school"]["city"]) == (name, name)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Zoe\u0308", "Zoë"),
        ("A\u030angstro\u0308m", "Ångström"),
        ("\u212b", "\u00c5"),
        ("\u1100\u1161", "가"),
    ],
)
def test_a_name_that_is_taken_apart_is_composed(world: World, sent: str, kept: str) -> None:
    body = registration(applicant={"familyName": sent})
    assert world.fleck.post("/v1/registrations", body).json()["applicant"]["familyName"] == kept


def test_a_name_that_was_taken_apart_is_found_either_way(world: World) -> None:
    made = world.register(applicant={"familyName": "Zoe\u0308llner-A\u030angstro\u0308m"})
    assert made["applicant"]["familyName"] == "Zoëllner-Ångström"
    for asked in ("Zoëllner", "Zoe\u0308llner", "zoellner", "\u212bngström"):
        found = world.fleck.get("/v1/registrations", params={"q": asked}).json()["items"]
        assert [one["id"] for one in found] == [made["id"]], ascii(asked)


@pytest.mark.parametrize(
    ("local", "moment"),
    [
        ("2021-10-31T02:30:00+02:00", "2021-10-31T00:30:00Z"),  # the first time it is half past two
        ("2021-10-31T02:30:00+01:00", "2021-10-31T01:30:00Z"),  # the second
        ("2021-03-28T02:30:00+01:00", "2021-03-28T01:30:00Z"),  # a time that no clock in Amsterdam shows
        ("2021-03-28T02:30:00+02:00", "2021-03-28T00:30:00Z"),
        ("2021-12-31T23:59:59.999999-12:00", "2022-01-01T11:59:59.999999Z"),
        ("2021-10-07T14:30+02:00", "2021-10-07T12:30:00Z"),
        ("2021-10-07T14:30:00.5Z", "2021-10-07T14:30:00.500000Z"),
        ("2021-10-07T14:30:00.1234567Z", "2021-10-07T14:30:00.123456Z"),  # as .NET writes it
        ("2021-10-07T14:30:00.999999999Z", "2021-10-07T14:30:00.999999Z"),
    ],
)
def test_with_its_offset_every_time_is_one_moment(world: World, local: str, moment: str) -> None:
    path = f"/v1/sessions/{world.sessions()[0]['id']}"
    times = {"startsAt": local, "endsAt": "2022-01-02T00:00:00Z", "allowOverlap": True}
    changed = world.provider.patch(path, times)
    assert (changed.status_code, changed.json()["startsAt"]) == (200, moment)
    assert world.http.get(path).json()["startsAt"] == moment
