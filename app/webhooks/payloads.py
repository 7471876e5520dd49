"""What a receiver is told: ids, a status and a link, never personal data. Pure.

The shape is that of Standard Webhooks, "Payload structure": type, timestamp, data; and thin, "Payload size".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.values import utc
from app.registrations.lifecycle import Status
from app.webhooks import catalogue

_STATUSES = frozenset(status.value for status in Status)
# Where what an event is about can be read, by its noun.
_PATHS: Mapping[str, str] = {
    "applicant": "applicants",
    "certificate": "certificates",
    "certificate-batch": "certificate-batches",
    "draw": "draws",
    "edition": "editions",
    "invoice": "invoices",
    "message": "messages",
    "organisation": "organisations",
    "session": "sessions",
    "webhook": "webhooks",
}
# These are about a registration, by its id.
_OF_REGISTRATIONS = frozenset(
    ("attendance", "enrolment-form", "file", "make-up", "participant", "progress", "registration")
)


@dataclass(frozen=True)
class Told:
    """What the register knows of an event that it tells; a ping has no number."""

    id: int | None
    type: str
    subject: str
    edition: str | None
    partner: str | None
    at: datetime
    data: Mapping[str, Any]


def content(told: Told, base_url: str) -> bytes:
    """The body of a delivery: the same bytes at each attempt."""
    return json.dumps(payload(told, base_url), ensure_ascii=False, separators=(",", ":")).encode()


def payload(told: Told, base_url: str) -> dict[str, Any]:
    """What the body of a delivery says."""
    return {"type": told.type, "timestamp": utc(told.at), "data": data(told, base_url)}


def data(told: Told, base_url: str) -> dict[str, Any]:
    """The event as a receiver gets it; members that say nothing are null."""
    return {
        "event": told.id,
        "subject": told.subject,
        "edition": told.edition,
        "partner": told.partner,
        "registration": registration(told),
        "status": status(told),
        "link": link(told, base_url),
    }


def registration(told: Told) -> str | None:
    """The id of the registration that an event is about, if it is about one."""
    if catalogue.noun(told.type) in _OF_REGISTRATIONS:
        return told.subject
    named = told.data.get("registration")
    return named if isinstance(named, str) else None


def status(told: Told) -> str | None:
    """The status that a registration or a session has since; None where the event changes none."""
    about, _, verb = told.type.partition(".")
    if about == "registration":
        return verb if verb in _STATUSES else None
    if about == "session":
        after = told.data.get("after")
        after = after if isinstance(after, Mapping) else {}
        return "cancelled" if verb == "cancelled" else after.get("status")
    return None


def link(told: Told, base_url: str) -> str | None:
    """Where to read, with a token, how what the event is about stands now."""
    about = catalogue.noun(told.type)
    if about in _OF_REGISTRATIONS:
        return f"{base_url}/v1/registrations/{told.subject}"
    path = _PATHS.get(about)
    return f"{base_url}/v1/{path}/{told.subject}" if path and told.type != catalogue.PING else None


def message_id(event: int | None, delivery: object) -> str:
    """The `webhook-id`: the same at each attempt, and when an event is sent again."""
    return f"evt_{event}" if event is not None else f"ping_{delivery}"
