"""Attempts to write what is not the sender's to write, in every body that the contract knows.

Operations and members of answers come from the OpenAPI document: a new operation is attacked too.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from app.core.faults import pointer
from tests.attacks.siege import OPEN, Siege, arguments, letters
from tests.whole.test_strictness import DOCUMENT
from tests.world import JSON, PILOT, Party, registration

JSON_TYPE = "application/json"
OPERATIONS = {
    operation["operationId"]: (method.upper(), f"/v1{path}", operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if JSON_TYPE in operation.get("requestBody", {}).get("content", {})
}
# What the register decides, by the names that an answer, a table or a programmer's guess has for it.
DECIDED = (
    *(
        "id",
        "status",
        "partner",
        "seats",
        "receivedAt",
        "role",
        "roles",
        "scopes",
        "organisation",
        "clientId",
    ),
    *(
        "number",
        "verdict",
        "tenant",
        "createdAt",
        "createdBy",
        "endedAt",
        "isAdmin",
        "admin",
        "owner",
        "version",
    ),
    *("registrationId", "applicant", "seatsTaken", "capacity", "certificate", "issuedOn", "clientSecret"),
)
OF_THE_DATABASE = (
    "received_at",
    "seats_taken",
    "tenant_id",
    "created_at",
    "client_id",
    "family_name",
    "ended_at",
)
OF_LANGUAGES = (
    "__proto__",
    "constructor",
    "prototype",
    "__class__",
    "__init__",
    "$ref",
    "$where",
    "_id",
    "@type",
)


def _resolved(schema: JSON) -> JSON:
    if "$ref" in schema:
        return _resolved(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for kind in ("anyOf", "oneOf"):
        for one in schema.get(kind, []):
            if one.get("type") != "null":
                return _resolved(one)
    return schema


def _taken(operation: str) -> set[str]:
    """The members that the body of an operation may have."""
    body = OPERATIONS[operation][2]["requestBody"]["content"][JSON_TYPE]["schema"]
    return set(_resolved(body).get("properties", {}))


def _answered(operation: str) -> set[str]:
    """The members of an operation's answer that its body does not take."""
    told: set[str] = set()
    for status, answer in OPERATIONS[operation][2]["responses"].items():
        if status.startswith("2"):
            schema = answer.get("content", {}).get(JSON_TYPE, {}).get("schema", {})
            told |= set(_resolved(schema).get("properties", {}))
    return told - _taken(operation)


def _attacker(siege: Siege, method: str, path: str) -> Any:
    """Who may do the operation, with the least other rights."""
    who = letters(method, path)[:1]
    world = siege.world
    parties: dict[str, Party] = {"p": world.mocca, "v": world.provider, "c": world.lkca, "a": world.admin}
    return parties.get(who, world.http)


def _body(method: str, path: str) -> JSON:
    body: JSON = json.loads(json.dumps(arguments(method, path).get("json") or {}))
    return body


def _send(siege: Siege, operation: str, content: str | bytes, query: str = "") -> Any:
    method, path, _ = OPERATIONS[operation]
    return _attacker(siege, method, path).request(
        method,
        path.format(**siege.names) + query,
        content=content if isinstance(content, bytes) else content.encode(),
        headers={"Content-Type": JSON_TYPE},
    )


def _refused(answer: Any, *members: Sequence[str | int]) -> None:
    """The answer finds fault with each of these members, because it is not known."""
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"].endswith(":invalid-input")
    told = {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]}
    pointers = {pointer(steps) for steps in members}
    assert {one: told.get(one) for one in pointers} == dict.fromkeys(pointers, "extra-forbidden")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_body_sets_what_its_answer_tells(untouched: Siege, operation: str) -> None:
    """All members of the answer, with values that would be worth having."""
    body, added = _body(*OPERATIONS[operation][:2]), _answered(operation) | {*DECIDED} - _taken(operation)
    answer = _send(untouched, operation, json.dumps({**body, **dict.fromkeys(added, "certified")}))
    _refused(answer, *([name] for name in added))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_body_sets_a_column_or_a_part_of_a_program(untouched: Siege, operation: str) -> None:
    added = [*OF_THE_DATABASE, *OF_LANGUAGES]
    body = {**_body(*OPERATIONS[operation][:2]), **{name: {"isAdmin": True} for name in added}}
    _refused(_send(untouched, operation, json.dumps(body)), *([name] for name in added))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_other_spelling_of_a_member_is_taken_for_it(untouched: Siege, operation: str) -> None:
    names = _taken(operation)
    spelt = {name.upper() for name in names} | {name.capitalize() for name in names}
    spelt |= (
        {f"{name}[]" for name in names} | {f" {name}" for name in names} | {f"{name}\u200b" for name in names}
    )
    added = spelt - names
    body = {**_body(*OPERATIONS[operation][:2]), **dict.fromkeys(added, "x")}
    _refused(_send(untouched, operation, json.dumps(body)), *([name] for name in added))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_member_given_twice_is_taken_one_way_or_the_other(untouched: Siege, operation: str) -> None:
    """Readers differ in which of two they take, so that one may check what another does not use."""
    name = min(_taken(operation))
    for twice in (f'"{name}": "x", "{name}": "y"', f'"{name}": "x", "\\u{ord(name[0]):04x}{name[1:]}": "y"'):
        answer = _send(untouched, operation, f"{{{twice}}}")
        assert answer.status_code == 400, answer.text
        assert [fault["code"] for fault in answer.json()["errors"]] == ["json-invalid"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_member_is_read_from_the_query_instead(untouched: Siege, operation: str) -> None:
    body = json.dumps(_body(*OPERATIONS[operation][:2]))
    answer = _send(untouched, operation, body, "?status=certified&partner=mocca&__proto__[admin]=1")
    assert answer.status_code == 400, answer.text
    told = {(fault["location"], fault["pointer"]): fault["code"] for fault in answer.json()["errors"]}
    for name in ("status", "partner", "__proto__[admin]"):
        assert told["query", pointer([name])] == "extra-forbidden"


def _objects(body: Any, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths to every object inside a body, itself left out."""
    if isinstance(body, dict):
        if steps:
            yield steps
        for name, below in body.items():
            yield from _objects(below, (*steps, name))
    elif isinstance(body, list) and body:
        yield from _objects(body[0], (*steps, 0))


NESTED = [
    (operation, steps)
    for operation, (method, path, _) in OPERATIONS.items()
    for steps in _objects(_body(method, path))
]


def test_there_are_bodies_within_bodies_to_attack() -> None:
    assert len(OPERATIONS) > 35
    assert len(NESTED) > 8


@pytest.mark.parametrize(("operation", "steps"), NESTED, ids=str)
def test_no_object_inside_a_body_takes_more_than_its_own(
    untouched: Siege, operation: str, steps: tuple[str | int, ...]
) -> None:
    body = _body(*OPERATIONS[operation][:2])
    inside: Any = body
    for step in steps:
        inside = inside[step]
    added = {"__proto__", "isAdmin", "status", "partner"} - set(inside)
    inside |= dict.fromkeys(added, "x")
    answer = _send(untouched, operation, json.dumps(body))
    _refused(answer, *((*steps, name) for name in added))


# Who names somebody else where a name may stand: what is sent, by whom, and what is said of it.
NAMED: dict[str, tuple[str, str, str, JSON, tuple[int, str | None]]] = {
    "a partner registers for another": (
        *("fleck", "POST", "/v1/registrations"),
        registration(OPEN, partner="mocca"),
        (403, None),
    ),
    "a partner watches another's events": (
        *("fleck", "POST", "/v1/webhooks"),
        {"url": "https://fleck.example/h", "types": ["registration.*"], "partner": "mocca"},
        (400, "#/partner"),
    ),
    "a partner puts its registration elsewhere": (
        *("mocca", "PATCH", "/v1/registrations/{registrationId}"),
        {"partner": "fleck"},
        (400, "#/partner"),
    ),
    "a partner moves a registration to another edition": (
        *("mocca", "PATCH", "/v1/registrations/{registrationId}"),
        {"edition": OPEN},
        (400, "#/edition"),
    ),
    "a partner gives a registration another applicant": (
        *("mocca", "PATCH", "/v1/registrations/{registrationId}"),
        {"applicant": {"id": "01890000-0000-7000-8000-000000000000"}},
        (400, "#/applicant"),
    ),
    "a provider plans a session for an edition it does not give": (
        *("outsider", "POST", "/v1/sessions"),
        {"title": "Overval", "mode": "online", "editions": [PILOT]},
        (400, "#/editions/0"),
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_nobody_names_somebody_else_as_owner(untouched: Siege, name: str) -> None:
    who, method, path, body, (status, member) = NAMED[name]
    world = untouched.world
    party = {"fleck": world.fleck, "mocca": world.mocca}.get(who) or untouched.party(who)
    answer = party.request(method, path.format(**untouched.names), json=body)
    assert answer.status_code == status, answer.text
    told = {fault["pointer"] for fault in answer.json().get("errors", [])}
    assert told == ({member} if member else set()), answer.text


FORMS = {
    "check in": ("/v1/personal-pages/{pageToken}/check-ins", {"code": "123456"}),
    "hand in": ("/v1/personal-pages/{pageToken}/progress/{phase}/_submit", {"reflection": "Zo ging het."}),
    "return a form": ("/v1/enrolment-forms/{token}", {"learningQuestion": "Waarom?"}),
}


@pytest.mark.parametrize("name", FORMS)
def test_no_form_of_a_page_takes_a_field_that_it_does_not_show(siege: Siege, name: str) -> None:
    path, fields = FORMS[name]
    added = {"status": "certified", "verdict": "passed", "minutes": "600", "partner": "fleck"}
    with siege.untouched():
        answer = siege.world.http.post(path.format(**siege.names), data={**fields, **added})
        assert answer.status_code in (400, 409), answer.text


def test_no_token_has_what_its_form_asks_for_beyond_its_client(untouched: Siege) -> None:
    """Unknown parameters are ignored, as RFC 6749, section 3.2 asks; the role is the client's own."""
    fleck = untouched.world.fleck
    form = {
        "grant_type": "client_credentials",
        "client_id": fleck.id,
        "client_secret": fleck.credentials["clientSecret"],
        "role": "admin",
        "org": "mocca",
        "sub": "system",
        "aud": "elsewhere",
        "exp": "9999999999",
    }
    answer = untouched.world.http.post("/v1/oauth/token", data=form)
    if answer.status_code == 200:
        head = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert answer.json()["expires_in"] == 900
        assert untouched.world.http.get("/v1/clients", headers=head).status_code == 403
        items = untouched.world.http.get("/v1/registrations", headers=head).json()["items"]
        assert {one["partner"] for one in items} == {"fleck"}
    else:
        assert answer.status_code == 400, answer.text
