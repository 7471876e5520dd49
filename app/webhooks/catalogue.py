"""What a webhook can be told of, by noun, and the patterns that it subscribes by. Pure."""

from collections.abc import Mapping, Sequence

from app.notifications import kinds

EVERYTHING = "*"
PING = "webhook.ping"
# Every type of event that the register records; a test reads the code for them.
TYPES: tuple[str, ...] = tuple(sorted({*kinds.TOLD, *kinds.SILENT}))
# What each noun's events are about: stands in the OpenAPI document, and has its Dutch there.
NOUNS: Mapping[str, str] = {
    "applicant": "Somebody's name or address was corrected, or somebody was erased.",
    "attendance": "Attendance of a participant was recorded or corrected.",
    "certificate": "A certificate was issued, reissued or revoked, or is looked at again.",
    "certificate-batch": "Certificates were asked for, many at once.",
    "client": "An API client was added, got a new secret or other keys, or was ended.",
    "draw": "A draw was announced, run, completed or voided.",
    "duplicate": "Two registrations were judged to be one person's, or not.",
    "edition": "An edition was added or changed, or what had served was erased.",
    "enrolment-form": "An enrolment form was saved, opened again or reminded of.",
    "file": "A file of evidence was added or removed.",
    "invoice": "An invoice was issued, paid or credited.",
    "make-up": "Hours that were made up for were approved or revoked.",
    "message": "A message is sent again.",
    "organisation": "An organisation was added or changed.",
    "participant": "A participant can no longer reach the contact hours, or can again.",
    "pilot": "The pilot's data was added.",
    "progress": "Progress in a phase was recorded, or evidence handed in.",
    "registration": "A registration came in, was changed, or has another status.",
    "registration-import": "A file of registrations was taken in, or is done.",
    "session": "A session was planned, changed or cancelled.",
    "signing-key": "Certificates are signed with another key.",
    "webhook": "A webhook was added, changed, paused, resumed or removed, or asked to be told again.",
}


def noun(type: str) -> str:
    """The noun of a type: `registration` of `registration.received`."""
    return type.partition(".")[0]


def types_of(name: str) -> list[str]:
    """The types of a noun."""
    return [type for type in TYPES if noun(type) == name]


def is_pattern(text: str) -> bool:
    """Whether `text` fits at least one type: a type itself, `noun.*`, or `*`."""
    return any(fits(text, type) for type in TYPES)


def fits(pattern: str, type: str) -> bool:
    """Whether a type of event falls under a pattern."""
    return pattern in (EVERYTHING, type, f"{noun(type)}.*")


def wanted(patterns: Sequence[str], type: str) -> bool:
    """Whether a type falls under one of several patterns."""
    return any(fits(pattern, type) for pattern in patterns)
