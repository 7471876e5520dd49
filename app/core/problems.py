"""Problems (RFC 9457): one exception class per kind of refusal, and the document that tells of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from app.core.values import without_defaults

TYPE_PREFIX = "urn:problem-type:cultuurcoordinator:"


class Problem(Exception):
    """A refusal that the caller can act upon.

    Subclasses give `status`, `code` (the last part of `type`) and `title` in English and Dutch.
    `detail` says what happened here; `extra` becomes further members of the document.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad-request"
    title: ClassVar[str] = "Bad request"
    title_nl: ClassVar[str] = "Onjuist verzoek"
    # True where what was written before the refusal (a recorded attempt) must stay.
    keeps_record: ClassVar[bool] = False

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail, self.headers, self.extra = detail, dict(headers or {}), extra


def kinds(above: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Every kind of problem that the modules loaded so far know."""
    for kind in above.__subclasses__():
        yield kind
        yield from kinds(kind)


class Fault(BaseModel):
    """One thing wrong with the input."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)

    pointer: str = Field(
        description="JSON Pointer (RFC 6901, as URI fragment) to the value", examples=["#/applicant/email"]
    )
    location: str = Field(default="body", description="body, query, path or header", examples=["body"])
    code: str = Field(description="stable name of the fault", examples=["missing"])
    detail: str = Field(
        description="what is wrong, in words, in English or Dutch by Accept-Language",
        examples=["Field required"],
    )


# Nobody mends more faults at a time, and a body may be made of nothing else.
MOST_TOLD = 5000


class InvalidInput(Problem):
    """The input is wrong; every fault that was found stands in `errors`.

    Where there are more than MOST_TOLD, those are the first ones, and `found` is how many there are in all.
    """

    status, code = 400, "invalid-input"
    title, title_nl = "The input is not valid", "De invoer is niet geldig"

    def __init__(self, faults: Sequence[Fault], found: int = 0) -> None:
        count = len(faults)
        detail = "1 fault found in the input" if count == 1 else f"{count} faults found in the input"
        if found > count:
            detail = f"{found} faults found in the input, of which the first {count} are told"
        super().__init__(detail, errors=[fault.model_dump() for fault in faults])
        self.faults = list(faults)


class NotFound(Problem):
    """There is no such thing, or not for this caller."""

    status, code = 404, "not-found"
    title, title_nl = "Not found", "Niet gevonden"


class PreconditionFailed(Problem):
    """The resource is no longer as the caller last saw it (RFC 9110, section 13.1.1)."""

    status, code = 412, "precondition-failed"
    title, title_nl = "Changed in the meantime", "Intussen gewijzigd"


class BodyTooLarge(Problem):
    """The body is larger than the server takes."""

    status, code = 413, "body-too-large"
    title, title_nl = "Body too large", "Inhoud te groot"


class BodyTooSlow(Problem):
    """The body does not come, or hardly: nobody waits for the rest, and the connection ends."""

    status, code = 408, "body-too-slow"
    title, title_nl = "Body too slow", "Inhoud te traag"


class UnsupportedMediaType(Problem):
    """The body is of a type that the operation does not read."""

    status, code = 415, "unsupported-media-type"
    title, title_nl = "Unsupported media type", "Mediatype niet ondersteund"


class Unavailable(Problem):
    """The database cannot be reached just now."""

    status, code = 503, "unavailable"
    title, title_nl = "Temporarily unavailable", "Tijdelijk niet beschikbaar"

    def __init__(self, why: str | None = None) -> None:
        detail = "The database cannot be reached just now; try again."
        super().__init__(why or detail, headers={"Retry-After": "5"})


class ProblemDocument(BaseModel):
    """What every answer of 4xx and 5xx looks like (RFC 9457)."""

    model_config = ConfigDict(extra="allow", title="Problem", json_schema_extra=without_defaults)

    type: str = Field(description="names the kind of problem", examples=[f"{TYPE_PREFIX}not-found"])
    title: str = Field(
        description="the kind in words, in English or Dutch by Accept-Language", examples=["Not found"]
    )
    status: int = Field(description="the HTTP status code", examples=[404])
    detail: str = Field(
        description="what happened this time, in the same language",
        examples=["There is no such registration."],
    )
    instance: str = Field(
        description="names this occurrence; the logs carry it too", examples=["urn:uuid:0192…"]
    )
    errors: list[Fault] = Field(default=[], description="for invalid input alone: every fault at once")
