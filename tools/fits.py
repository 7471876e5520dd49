"""Whether the schemas of two contracts fit each other, in requests or in answers.

A request keeps working when every value that the old schema allowed is one of the new; an answer is still
understood when every value that the new schema allows was one of the old. It is one question, whether every
value of the one fits the other, asked in opposite directions. JSON Schema 2020-12, as far as our OpenAPI
document uses it: a keyword that is not known here has to stay as it is.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

Node = dict[str, Any]

ANNOTATIONS = {
    "title",
    "description",
    "examples",
    "example",
    "default",
    "deprecated",
    "$comment",
    "discriminator",
}
UPPER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
LOWER = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
COUNTS = ("minLength", "minItems", "minProperties")  # of which there are none when nothing is said
OBJECTS = {"properties", "required", "additionalProperties"}
GROWS = (
    "x-grows"  # on values of answers of which there may come more: readers pass over those they do not know
)
FOLLOWED = {
    "type",
    "enum",
    "const",
    "format",
    "pattern",
    "uniqueItems",
    "items",
    GROWS,
    *UPPER,
    *LOWER,
    *OBJECTS,
}
NAMES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}


class Direction(StrEnum):
    """Which way the values go."""

    REQUEST = "in requests"
    ANSWER = "in answers"


def resolved(document: Node, node: Node) -> Node:
    """The node, or what its reference in `document` leads to, with what stands beside the reference."""
    while "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[unquote(step).replace("~1", "/").replace("~0", "~")]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _saying(schema: Node) -> Node:
    """What a schema says about values, without remarks and extensions."""
    return {
        key: value
        for key, value in schema.items()
        if key not in ANNOTATIONS and (key[:2] != "x-" or key == GROWS)
    }


def _called(schema: Node | bool) -> str | None:
    """The name that a schema is, when it is no more than a reference."""
    if isinstance(schema, bool) or list(_saying(schema)) != ["$ref"]:
        return None
    name: str = schema["$ref"].rsplit("/", 1)[-1]
    return name


def _values(schema: Node) -> list[Any] | None:
    """The values that a schema names, None when it names none."""
    values: list[Any] | None = [schema["const"]] if "const" in schema else schema.get("enum")
    return values


def _kind(schema: Node) -> str | None:
    """The one type of an alternative, None for any."""
    kind: str | None = schema.get("type")
    kinds = {NAMES[type(value)] for value in _values(schema) or []}
    return kind or (kinds.pop() if len(kinds) == 1 else None)


def _merged(document: Node, schema: Node | bool) -> Node:
    """The schema with its reference and its `allOf` written out; true allows anything, false nothing."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    whole = _saying(resolved(document, schema))
    for part in whole.pop("allOf", []):
        whole = _both(whole, _merged(document, part))
    return whole


def _alternatives(document: Node, schema: Node | bool) -> list[Node]:
    """The schema as alternatives that are no unions, each of one type; those with a name stay references."""
    own = _merged(document, schema)
    for union in ("anyOf", "oneOf"):
        if union in own:
            rest = {key: value for key, value in own.items() if key != union}
            options = [_both(rest, _merged(document, one)) if rest else one for one in own[union]]
            return [found for option in options for found in _option(document, option)]
    return [{**own, "type": kind} for kind in own["type"]] if isinstance(own.get("type"), list) else [own]


def _option(document: Node, option: Node) -> list[Node]:
    found = _alternatives(document, option)
    return [option] if len(found) == 1 and _called(option) else found


def _both(one: Node, other: Node) -> Node:
    """A schema that asks what both ask; of the same limit in both, the other's."""
    properties = {**one.get("properties", {}), **other.get("properties", {})}
    required = [*one.get("required", []), *other.get("required", [])]
    members = {"properties": properties, "required": required} if properties or required else {}
    return {**one, **other, **members}


class Comparison:
    """The schemas of an old contract beside those of a new one, in one direction."""

    def __init__(self, old: Node, new: Node, direction: Direction) -> None:
        self.old, self.new, self.direction = old, new, direction
        self._named: dict[tuple[str, str], list[str]] = {}

    def breaks(self, old: Node | bool, new: Node | bool, where: str) -> list[str]:
        """What breaks when `new` comes in the place of `old`, a sentence each.

        `where` says where they stand; what has a name in the contract is called by that.
        """
        found = list(self._default_breaks(old, new, where)) if self._request else []
        return [*found, *self._schema_breaks(old, new, where)]

    def _schema_breaks(self, old: Node | bool, new: Node | bool, where: str) -> list[str]:
        was, becomes = _called(old), _called(new)
        if was is None or becomes is None:
            return self._union_breaks(old, new, where)
        if (was, becomes) not in self._named:
            self._named[was, becomes] = []  # a schema within itself: what is being compared is taken to fit
            # Generated clients call their types by these names, as they call functions by the operationId.
            renamed = [] if was == becomes else [self._say(was, f"is now called {becomes}")]
            self._named[was, becomes] = [*renamed, *self._union_breaks(old, new, was)]
        return self._named[was, becomes]

    def _union_breaks(self, old: Node | bool, new: Node | bool, where: str) -> list[str]:
        found = []
        olds, news = _alternatives(self.old, old), _alternatives(self.new, new)
        outer, inner = (news, olds) if self._request else (olds, news)
        for one in inner:
            pairs = [(one, other) if self._request else (other, one) for other in outer]
            tried = [self._alternative(*pair, where) for pair in pairs if self._alike(*pair)]
            likeliest: list[str] = min(tried, key=len) if tried else [self._new_kind(one, where)]
            found += likeliest
        return found

    def _default_breaks(self, old: Node | bool, new: Node | bool, where: str) -> Iterator[str]:
        """A value that was given when nothing was sent, and is no longer."""
        was, becomes = (one if isinstance(one, dict) else {} for one in (old, new))
        if "default" in was and was["default"] != becomes.get("default"):
            yield self._say(where, f"left out is {becomes.get('default')!r}, was {was['default']!r}")

    @property
    def _request(self) -> bool:
        return self.direction is Direction.REQUEST

    def _say(self, where: str, what: str) -> str:
        return f"{where} ({self.direction}): {what}"

    def _new_kind(self, one: Node, where: str) -> str:
        kind = _called(one) or _kind(one) or "any type"
        return self._say(where, f"can no longer be {kind}" if self._request else f"may now be {kind}")

    def _alike(self, old: Node, new: Node) -> bool:
        """Whether two alternatives may be one and the same: of a type in which the one's values fit."""
        was, becomes = _kind(_merged(self.old, old)), _kind(_merged(self.new, new))
        inner, outer = (was, becomes) if self._request else (becomes, was)
        return outer in (None, inner) or (inner, outer) == ("integer", "number")

    def _alternative(self, old: Node, new: Node, where: str) -> list[str]:
        if _called(old) and _called(new):
            return self._schema_breaks(old, new, where)
        return list(self._plain(_merged(self.old, old), _merged(self.new, new), where))

    def _plain(self, old: Node, new: Node, where: str) -> Iterator[str]:
        inner, outer = (old, new) if self._request else (new, old)
        yield from (self._say(where, what) for what in self._values_break(inner, outer))
        yield from (self._say(where, what) for what in _limits_break(inner, outer))
        # The format decides the type in generated code, so that no change of it is harmless.
        if old.get("format") != new.get("format"):
            yield self._say(where, f"has the format {new.get('format')}, had {old.get('format')}")
        for key in sorted({*_saying(old), *_saying(new)} - FOLLOWED):
            if old.get(key) != new.get(key):
                yield self._say(where, f"{key} changed, which this check does not follow")
        if "items" in outer:
            yield from self.breaks(old.get("items", {}), new.get("items", {}), f"{where}[]")
        yield from self._members_break(old, new, where)

    def _values_break(self, inner: Node, outer: Node) -> Iterator[str]:
        allowed, asked = _values(outer), _values(inner)
        if allowed is None:
            return
        if asked is None:
            named = ", ".join(map(repr, allowed))
            yield f"has to be one of {named}" if self._request else f"is no longer one of {named}"
        if inner.get(GROWS) and not self._request:
            return
        for value in asked or []:
            if value not in allowed:
                yield f"can no longer be {value!r}" if self._request else f"may now be {value!r}"

    def _members_break(self, old: Node, new: Node, where: str) -> Iterator[str]:
        members: Node = new.get("properties", {})
        for name, member in old.get("properties", {}).items():
            if name in members:
                yield from self.breaks(member, members[name], f"{where}.{name}")
            else:
                yield self._say(f"{where}.{name}", "is gone")
        was, becomes = set(old.get("required", [])), set(new.get("required", []))
        for name in sorted(becomes - was if self._request else (was - becomes) & set(members)):
            what = "has to be sent" if self._request else "may be left out"
            yield self._say(f"{where}.{name}", what)
        yield from self._others_break(
            old.get("additionalProperties", True), new.get("additionalProperties", True), where
        )

    def _others_break(self, old: Node | bool, new: Node | bool, where: str) -> Iterator[str]:
        """Members that have no name in the contract; that an answer has more of them is no break."""
        if new is False and old is not False and self._request:
            yield self._say(where, "members that it does not name are refused")
        elif new is not False and old is not False and (isinstance(old, dict) or isinstance(new, dict)):
            yield from self.breaks(old, new, f"{where}.*")


def _limits_break(inner: Node, outer: Node) -> Iterator[str]:
    """The limits of `outer` that values of `inner` may be beyond."""
    for key in UPPER:
        if key in outer and (key not in inner or inner[key] > outer[key]):
            yield f"{key} {outer[key]} and {inner.get(key, 'none')} do not fit"
    for key in LOWER:
        least = inner.get(key, 0 if key in COUNTS else None)
        if key in outer and (least is None or least < outer[key]):
            yield f"{key} {outer[key]} and {inner.get(key, 'none')} do not fit"
    for key in ("pattern", "uniqueItems"):
        if outer.get(key) and inner.get(key) != outer[key]:
            yield f"{key} {outer[key]} and {inner.get(key, 'none')} do not fit"
