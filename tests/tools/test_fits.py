"""What breaks when a schema changes: each change in requests and in answers, where it often differs."""

from typing import Any

import pytest

from tools.fits import Comparison, Direction

JSON = dict[str, Any]
TEXT: JSON = {"type": "string"}
NUMBER: JSON = {"type": "integer"}
NULL: JSON = {"type": "null"}
FINE = ""


def thing(*required: str, **members: JSON) -> JSON:
    return {
        "type": "object",
        "properties": members,
        "required": list(required),
        "additionalProperties": False,
    }


def either(*options: JSON) -> JSON:
    return {"anyOf": list(options)}


def found(
    old: JSON, new: JSON, direction: Direction, **schemas: tuple[JSON | None, JSON | None]
) -> list[str]:
    """The sentences; `schemas` are named ones, old and new."""
    documents = [
        {"components": {"schemas": {name: pair[at] for name, pair in schemas.items() if pair[at]}}}
        for at in (0, 1)
    ]
    return Comparison(documents[0], documents[1], direction).breaks(old, new, "x")


LIMITS: list[tuple[str, JSON, JSON]] = [
    ("maxLength", {**TEXT, "maxLength": 5}, {**TEXT, "maxLength": 4}),
    ("maxLength", TEXT, {**TEXT, "maxLength": 4}),
    ("minLength", {**TEXT, "minLength": 1}, {**TEXT, "minLength": 2}),
    ("minLength", TEXT, {**TEXT, "minLength": 1}),
    ("maximum", {**NUMBER, "maximum": 9}, {**NUMBER, "maximum": 8}),
    ("exclusiveMaximum", NUMBER, {**NUMBER, "exclusiveMaximum": 8}),
    ("minimum", {**NUMBER, "minimum": 0}, {**NUMBER, "minimum": 1}),
    ("minimum", NUMBER, {**NUMBER, "minimum": 0}),
    ("exclusiveMinimum", {**NUMBER, "exclusiveMinimum": 0}, {**NUMBER, "exclusiveMinimum": 1}),
    ("maxItems", {"type": "array", "items": TEXT}, {"type": "array", "items": TEXT, "maxItems": 3}),
    ("minItems", {"type": "array", "minItems": 1}, {"type": "array", "minItems": 2}),
    ("uniqueItems", {"type": "array"}, {"type": "array", "uniqueItems": True}),
    ("pattern", TEXT, {**TEXT, "pattern": "^a"}),
    ("maxLength", thing(a=TEXT), thing(a={**TEXT, "maxLength": 4})),
    ("maxLength", {"type": "array", "items": TEXT}, {"type": "array", "items": {**TEXT, "maxLength": 4}}),
    ("maxLength", either(TEXT, NULL), either({**TEXT, "maxLength": 4}, NULL)),
    ("maxLength", {"allOf": [TEXT]}, {"allOf": [TEXT, {"maxLength": 4}]}),
]


@pytest.mark.parametrize(("key", "wide", "narrow"), LIMITS)
def test_a_limit_breaks_where_it_lets_through_less_or_promises_less(
    key: str, wide: JSON, narrow: JSON
) -> None:
    for direction, old, new in ((Direction.REQUEST, wide, narrow), (Direction.ANSWER, narrow, wide)):
        [said] = found(old, new, direction)
        assert key in said
        assert found(new, old, direction) == []
        assert found(old, old, direction) == []


def test_a_minimum_of_none_is_no_limit() -> None:
    assert found(TEXT, {**TEXT, "minLength": 0}, Direction.REQUEST) == []


CHANGES: list[tuple[JSON, JSON, str, str]] = [  # old, new, what is said about requests, and about answers
    # types
    (TEXT, NUMBER, "can no longer be string", "may now be integer"),
    (NUMBER, {"type": "number"}, FINE, "may now be number"),
    ({"type": "number"}, NUMBER, "can no longer be number", FINE),
    (TEXT, {}, FINE, "may now be any type"),
    ({}, TEXT, "can no longer be any type", FINE),
    (TEXT, either(TEXT, NULL), FINE, "may now be null"),
    (either(TEXT, NULL), TEXT, "can no longer be null", FINE),
    ({"type": ["string", "null"]}, TEXT, "can no longer be null", FINE),
    ({"type": ["string", "null"]}, either(NULL, TEXT), FINE, FINE),
    (either(TEXT, NUMBER), either(TEXT, NUMBER, NULL), FINE, "may now be null"),
    # formats decide the type in generated code
    (TEXT, {**TEXT, "format": "uuid"}, "has the format uuid", "has the format uuid"),
    ({**TEXT, "format": "uuid"}, TEXT, "had uuid", "had uuid"),
    # named values
    ({"enum": ["a", "b"]}, {"enum": ["a"]}, "can no longer be 'b'", FINE),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}, FINE, "may now be 'b'"),
    ({"enum": ["a"]}, {"enum": ["a", "b"], "x-grows": True}, FINE, FINE),
    ({"enum": ["a", "b"]}, {"enum": ["a"], "x-grows": True}, "can no longer be 'b'", FINE),
    ({"const": "a"}, {"enum": ["b", "a"]}, FINE, "may now be 'b'"),
    ({**TEXT, "enum": ["a"]}, TEXT, FINE, "is no longer one of 'a'"),
    (TEXT, {**TEXT, "const": "a"}, "has to be one of 'a'", FINE),
    ({**TEXT, "pattern": "^a"}, {**TEXT, "pattern": "^b"}, "pattern", "pattern"),
    # members
    (thing(a=TEXT), thing(), "x.a (in requests): is gone", "x.a (in answers): is gone"),
    (thing("a", a=TEXT), thing(), "x.a (in requests): is gone", "x.a (in answers): is gone"),
    (thing(), thing(a=TEXT), FINE, FINE),
    (thing(), thing("a", a=TEXT), "x.a (in requests): has to be sent", FINE),
    (thing(a=TEXT), thing("a", a=TEXT), "x.a (in requests): has to be sent", FINE),
    (thing("a", a=TEXT), thing(a=TEXT), FINE, "x.a (in answers): may be left out"),
    (thing(a=TEXT), thing(a=NUMBER), "x.a (in requests): can no longer", "x.a (in answers): may now"),
    (thing(a=thing(b=TEXT)), thing(a=thing()), "x.a.b (in requests): is gone", "x.a.b (in answers): is gone"),
    # members without a name
    ({"type": "object"}, thing(), "members that it does not name are refused", FINE),
    (thing(), {"type": "object"}, FINE, FINE),
    (
        {"type": "object"},
        {"type": "object", "additionalProperties": TEXT},
        "x.* (in requests): can no longer be any type",
        FINE,
    ),
    (
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "additionalProperties": NUMBER},
        "x.* (in requests): can no longer be string",
        "x.* (in answers): may now be integer",
    ),
    # what stands in when nothing is sent
    ({**NUMBER, "default": 50}, {**NUMBER, "default": 20}, "left out is 20, was 50", FINE),
    ({**NUMBER, "default": 50}, NUMBER, "left out is None, was 50", FINE),
    (NUMBER, {**NUMBER, "default": 50}, FINE, FINE),
    # remarks say nothing about values; a keyword that the check does not follow stays as it is
    ({**TEXT, "description": "a", "x-order": 1}, {**TEXT, "examples": ["b"]}, FINE, FINE),
    (TEXT, {**TEXT, "contentEncoding": "base64"}, "contentEncoding changed", "contentEncoding changed"),
    ({"type": "array", "items": True}, {"type": "array", "items": TEXT}, "x[] (in requests): can no", FINE),
]


@pytest.mark.parametrize(("old", "new", "request_break", "answer_break"), CHANGES)
def test_a_change_breaks_by_its_direction(
    old: JSON, new: JSON, request_break: str, answer_break: str
) -> None:
    for direction, expected in ((Direction.REQUEST, request_break), (Direction.ANSWER, answer_break)):
        said = found(old, new, direction)
        assert len(said) == bool(expected), said
        assert expected in "".join(said)


def named(name: str) -> JSON:
    return {"$ref": f"#/components/schemas/{name}"}


def test_a_named_schema_is_followed_and_said_once_by_its_name() -> None:
    old, new = thing(a=named("Part"), b=named("Part")), thing(a=named("Part"), b=named("Part"))
    said = found(old, new, Direction.ANSWER, Part=(thing("c", c=TEXT), thing(c=TEXT)))
    assert set(said) == {"Part.c (in answers): may be left out"}


def test_a_schema_within_itself_ends() -> None:
    was = thing(name=TEXT, parts={"type": "array", "items": named("Tree")})
    becomes = thing(name=NUMBER, parts={"type": "array", "items": named("Tree")})
    assert found(named("Tree"), named("Tree"), Direction.REQUEST, Tree=(was, was)) == []
    said = found(named("Tree"), named("Tree"), Direction.REQUEST, Tree=(was, becomes))
    assert said == ["Tree.name (in requests): can no longer be string"]


def test_a_union_within_itself_ends() -> None:
    union = either(TEXT, {"type": "array", "items": named("Value")})
    wider = either(TEXT, NUMBER, {"type": "array", "items": named("Value")})
    said = found(named("Value"), named("Value"), Direction.ANSWER, Value=(union, wider))
    assert said == ["Value (in answers): may now be integer"]


def test_another_name_breaks_generated_code() -> None:
    said = found(named("Status"), named("State"), Direction.ANSWER, Status=(TEXT, None), State=(None, TEXT))
    assert said == ["Status (in answers): is now called State"]


def test_each_of_a_union_finds_its_own() -> None:
    kinds = {
        "Drand": (thing("kind", kind={"const": "drand"}, round=NUMBER),) * 2,
        "Source": (
            thing("kind", kind={"const": "source"}, field=TEXT),
            thing("kind", kind={"const": "source"}),
        ),
    }
    both = either(named("Drand"), named("Source"))
    assert found(both, both, Direction.ANSWER, **kinds) == ["Source.field (in answers): is gone"]
