"""JSON that PostgreSQL writes byte for byte as pydantic does: compact, members in order, moments with Z."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Value:
    """An SQL expression of type text, which is never null: a part of the JSON as it stands."""

    sql: str


# JSON as texts that stand as they are, and values between them.
Shape = list[str | Value]


def text(of: str) -> Shape:
    """A text, or null."""
    return [Value(f"coalesce(to_json({of})::text, 'null')")]


def bare(of: str) -> Shape:
    """A text that needs no escape and is never null: a slug, an id, a value of an enum."""
    return ['"', Value(of), '"']


def number(of: str) -> Shape:
    """A number, or null."""
    return [Value(f"coalesce({of}::text, 'null')")]


def moment(of: str) -> Shape:
    """A moment in UTC, with six decimals or, when there are none, without (core/values.py, utc); or null."""
    written = f"""to_char({of} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')"""
    return [Value(f"""coalesce('"' || replace({written}, '.000000', '') || 'Z"', 'null')""")]


def members(of: Mapping[str, Shape]) -> Shape:
    """An object, by the names that its members have in the contract."""
    found: Shape = []
    for number_, (name, shape) in enumerate(of.items()):
        found += [f'{"," if number_ else "{"}"{name}":', *shape]
    return [*found, "}"]


def written(shape: Shape) -> str:
    """The expression that gives the JSON."""
    parts: list[str | Value] = []
    for part in shape:
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return f"concat({', '.join(one.sql if isinstance(one, Value) else _quoted(one) for one in parts)})"


def _quoted(part: str) -> str:
    return "'" + part.replace("'", "''") + "'"
