"""The kinds of value that requests and answers are made of, strict on the way in (API Design Rules 2.2).

Strict means: unknown members refused, no number taken for a date or a text, no text for a number or a
boolean; text is kept as NFC, without control characters.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any, NamedTuple

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class Input(BaseModel):
    """The base of every request body: camelCase names only, unknown members refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_alias=True, validate_by_name=False, extra="forbid", frozen=True
    )


def without_defaults(schema: dict[str, Any]) -> None:
    """Take the defaults out of a schema, where they say nothing to who reads it."""
    for member in schema.get("properties", {}).values():
        member.pop("default", None)


class Change(Input):
    """The base of every merge patch (RFC 7396): members left out stay as they are, null clears.

    A member that cannot be cleared has a default that is never used: only what was sent counts.
    """

    model_config = ConfigDict(json_schema_extra=without_defaults)


def changed_members(body: Change) -> list[str]:
    """The members that a merge patch changes, by their names in the contract."""
    return sorted(to_camel(name) for name in body.model_fields_set)


class Difference(NamedTuple):
    """Members of a thing by their names in the contract, as they were and as they became."""

    before: dict[str, Any]
    after: dict[str, Any]


class Output(BaseModel):
    """The base of every answer: built by Python names, sent in camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
        json_schema_serialization_defaults_required=True,
    )


def difference(before: Output, after: Output, members: Iterable[str]) -> Difference:
    """What `members` were and became, in JSON's own values."""
    names = set(members)
    was, became = (one.model_dump(mode="json", by_alias=True) for one in (before, after))
    return Difference(
        {name: was[name] for name in sorted(names & was.keys())},
        {name: became[name] for name in sorted(names & became.keys())},
    )


def utc(value: datetime) -> str:
    """The moment as answers, events and records write it: ISO 8601 with Z."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


# RFC 3339 with the limits of /core/date-time/format: capital T and Z, an offset always, never -00:00. The
# seconds may be left out, as ISO 8601 has it; of their decimals (.NET writes seven) six are kept.
_MOMENT = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}"
    r"(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|\+[0-9]{2}:[0-9]{2}|-(?!00:00)[0-9]{2}:[0-9]{2})$"
)
LAST_YEAR = 9999
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _moment_text(value: object) -> object:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not re.fullmatch(_MOMENT, value):
        raise PydanticCustomError(
            "moment", "Input should be a date and time with an offset, such as 2021-10-07T14:30:00+02:00"
        )
    return value


def _to_utc(value: datetime) -> datetime:
    """The moment in UTC; its outermost years are refused, which the database takes for its infinities."""
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        moment = None
    if moment is None or not 1 < moment.year < LAST_YEAR:
        raise PydanticCustomError("moment", "Input should lie in the years 2 to 9998, in UTC")
    return moment


def _day_text(value: object) -> object:
    if type(value) is date or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("day", "Input should be a date, such as 2021-10-07")


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_moment_text),
    AfterValidator(_to_utc),
    PlainSerializer(utc, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _MOMENT}, mode="validation"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
Day = Annotated[date, BeforeValidator(_day_text), WithJsonSchema({"type": "string", "format": "date"})]


# Letters and symbols to Unicode that leave no ink: Hangul fillers and the empty Braille pattern.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"))


def _is_visible(character: str) -> bool:
    """Whether there is something to see: no space, no format character, no mark without its base."""
    kind = unicodedata.category(character)
    # What this Python's Unicode does not know yet may well be a letter.
    return character not in _BLANK and kind not in _UNSEEN


def _cleaned(allowed: str) -> Callable[[object], object]:
    def clean(value: object) -> object:
        """Text composed (NFC), without outer white space; InvalidInput for what no text should hold."""
        if not isinstance(value, str):
            return value
        if value.isascii() and value.isprintable():
            return value.strip()  # composed, and visible where it is anything
        for character in value:
            kind = unicodedata.category(character)
            if kind == "Cs" or (kind in ("Cc", "Zl", "Zp") and character not in allowed):
                raise PydanticCustomError("control-character", "Input should hold no control characters")
        text = unicodedata.normalize("NFC", value).strip()
        if text and not any(map(_is_visible, text)):
            raise PydanticCustomError("invisible", "Input should hold something that can be seen")
        return text

    return clean


def _strip(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _whole(value: object) -> object:
    """A whole number as JSON may write it: 180, 180.0 and 1.8e2 are one (RFC 8259, section 6)."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _digits(value: object) -> object:
    """A number in a query, where Python would take 5_0, +5 and 5.0 too."""
    if isinstance(value, str) and not (value.isascii() and value.isdecimal()):
        raise PydanticCustomError("digits", "Input should be a whole number, in digits only")
    return value


def _true_or_false(value: object) -> object:
    """A flag in a query, where Pydantic would take yes, on and 1 too."""
    if isinstance(value, str) and value not in ("true", "false"):
        raise PydanticCustomError("bool_parsing", "Input should be true or false")
    return value


def _shape(unwanted: str) -> str:
    """What a schema can say of such a text: something besides white space, and nothing unwanted."""
    return rf"^[^{unwanted}]*[^\s{unwanted}][^{unwanted}]*$"


ONE_LINE, _LINES = BeforeValidator(_cleaned("")), BeforeValidator(_cleaned("\n\r\t\u2028\u2029"))
LINE_PATTERN = _shape(r"\u0000-\u001f\u007f-\u009f\u2028\u2029")
LINES_PATTERN = _shape(r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f")
LINE_SHAPE = Field(json_schema_extra={"pattern": LINE_PATTERN})
_LINES_SHAPE = Field(json_schema_extra={"pattern": LINES_PATTERN})

# Cleaned first, measured then: the limits are those of what is kept.
Name = Annotated[str, StringConstraints(min_length=1, max_length=100), ONE_LINE, LINE_SHAPE]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200), ONE_LINE, LINE_SHAPE]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000), _LINES, _LINES_SHAPE]


def text_of(longest: int, *, lines: bool) -> Any:
    """The kind of a text of at most `longest` characters, on one line or on several."""
    limits = StringConstraints(min_length=1, max_length=longest)
    cleaned, shape = (_LINES, _LINES_SHAPE) if lines else (ONE_LINE, LINE_SHAPE)
    return Annotated[str, limits, cleaned, shape]


def _email(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "Input should be a valid string")
    try:
        return validate_email(value.strip(), check_deliverability=False).normalized
    except (EmailNotValidError, UnicodeError) as error:
        reason = str(error) if isinstance(error, EmailNotValidError) else "Unreadable characters."
        raise PydanticCustomError(
            "email", "Input should be an e-mail address: {reason}", {"reason": reason}
        ) from error


Email = Annotated[
    str, BeforeValidator(_email), WithJsonSchema({"type": "string", "format": "email", "maxLength": 254})
]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 ().-]{4,27}[0-9]$"), BeforeValidator(_strip)]
Flag = Annotated[bool, Field(strict=True)]
WHOLE = BeforeValidator(_whole)  # stands after its limits: a schema leaves out those that follow it
TRUE_OR_FALSE = BeforeValidator(_true_or_false)  # the same, for flags in a query
DIGITS = BeforeValidator(_digits)  # the same, for parameters of a query
Minutes = Annotated[int, Field(strict=True, ge=0, le=6000), WHOLE]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000), WHOLE]


class Reason(Input):
    """Why something is done; may be left out."""

    reason: Text | None = Field(default=None, examples=["Ziekte van de docent"])


def reason_of(body: Reason | None) -> str | None:
    """The reason in a body that may be absent altogether."""
    return body.reason if body else None
