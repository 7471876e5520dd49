"""Which event becomes which message, to whom, and until when a message is still worth sending.

Pure: no database, no clock. A test reads every event that the code can write: each becomes a message here
or is silent on purpose.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.registrations.lifecycle import PARTICIPANT, Status


class Kind(StrEnum):
    """What a message is about; each has a template in Dutch and in English."""

    REGISTRATION_RECEIVED = "registration-received"
    REGISTRATION_CARRIED_OVER = "registration-carried-over"
    FORM_REMINDER = "form-reminder"
    FORM_REOPENED = "form-reopened"
    FORM_RECEIVED = "form-received"
    DRAW_ANNOUNCED = "draw-announced"
    DRAW_VOIDED = "draw-voided"
    SEAT_PLACED = "seat-placed"
    SEAT_OFFERED = "seat-offered"
    SEAT_CONFIRMED = "seat-confirmed"
    WAITLISTED = "waitlisted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    SESSION_PLANNED = "session-planned"
    SESSION_CHANGED = "session-changed"
    SESSION_CANCELLED = "session-cancelled"
    OUT_OF_REACH = "out-of-reach"
    WITHIN_REACH = "within-reach"
    CERTIFICATE_ISSUED = "certificate-issued"
    CERTIFICATE_REISSUED = "certificate-reissued"
    CERTIFICATE_REVOKED = "certificate-revoked"
    WEBHOOK_PAUSED = "webhook-paused"


class Audience(StrEnum):
    """Whom an event is told to: the people behind which registrations, or an organisation."""

    SUBJECT = "subject"  # the registration that the event is about
    NAMED = "named"  # the registration that the event names in its data
    CANDIDATES = "candidates"  # of the draw that the event is about
    PARTICIPANTS = "participants"  # of the event's edition
    ORGANISATION = "organisation"  # the contact of the one that the event names in its data


@dataclass(frozen=True)
class Telling:
    """What is told of an event, and to whom."""

    kind: Kind
    audience: Audience = Audience.SUBJECT


Data = Mapping[str, Any]
Rule = Callable[[Data, str], Telling | None]
# The actor of what an applicant does by a personal link.
_APPLICANT = "applicant"


def _always(kind: Kind, audience: Audience = Audience.SUBJECT) -> Rule:
    return lambda _data, _actor: Telling(kind, audience)


def _received(data: Data, _actor: str) -> Telling:
    if "carriedOverFrom" in data:
        return Telling(Kind.REGISTRATION_CARRIED_OVER)
    return Telling(Kind.FORM_REOPENED if data.get("before") else Kind.REGISTRATION_RECEIVED)


def _complete(_data: Data, actor: str) -> Telling | None:
    # A form that was carried over was received long ago.
    return Telling(Kind.FORM_RECEIVED) if actor == _APPLICANT else None


def _placed(data: Data, _actor: str) -> Telling:
    return Telling(Kind.SEAT_OFFERED if data["before"] == Status.WAITLISTED else Kind.SEAT_PLACED)


def _confirmed(data: Data, _actor: str) -> Telling | None:
    # Otherwise a certificate was revoked, which has a message of its own.
    return Telling(Kind.SEAT_CONFIRMED) if data["before"] == Status.PLACED else None


# What a participant has to know of a session; its phase, for one, can be read in the calendar.
_TOLD_FIELDS = frozenset({"startsAt", "endsAt", "mode", "location", "onlineUrl", "title"})


def _session_changed(data: Data, _actor: str) -> Telling | None:
    membership = data.get("membership", "kept")
    if membership == "added":
        return Telling(Kind.SESSION_PLANNED, Audience.PARTICIPANTS)
    if membership == "removed":
        return Telling(Kind.SESSION_CANCELLED, Audience.PARTICIPANTS)
    if not _TOLD_FIELDS.intersection(data.get("fields", ())):
        return None
    scheduled = _status(data, "before") == "unscheduled" and _status(data, "after") == "planned"
    kind = Kind.SESSION_PLANNED if scheduled else Kind.SESSION_CHANGED
    return Telling(kind, Audience.PARTICIPANTS)


def _session_planned(data: Data, _actor: str) -> Telling | None:
    # One without a date is told when it gets one.
    if _status(data, "after") != "planned":
        return None
    return Telling(Kind.SESSION_PLANNED, Audience.PARTICIPANTS)


def _status(data: Data, moment: str) -> str | None:
    state: Data = data.get(moment) or {}
    return state.get("status")


TOLD: Mapping[str, Rule] = {
    "registration.received": _received,
    "registration.complete": _complete,
    "registration.placed": _placed,
    "registration.waitlisted": _always(Kind.WAITLISTED),
    "registration.confirmed": _confirmed,
    "registration.declined": _always(Kind.DECLINED),
    "registration.withdrawn": _always(Kind.WITHDRAWN),
    "registration.rejected": _always(Kind.REJECTED),
    "registration.lapsed": _always(Kind.LAPSED),
    "enrolment-form.reminder-due": _always(Kind.FORM_REMINDER),
    "draw.announced": _always(Kind.DRAW_ANNOUNCED, Audience.CANDIDATES),
    "draw.voided": _always(Kind.DRAW_VOIDED, Audience.CANDIDATES),
    "session.planned": _session_planned,
    "session.changed": _session_changed,
    "session.cancelled": _always(Kind.SESSION_CANCELLED, Audience.PARTICIPANTS),
    "participant.out-of-reach": _always(Kind.OUT_OF_REACH),
    "participant.within-reach": _always(Kind.WITHIN_REACH),
    "certificate.issued": _always(Kind.CERTIFICATE_ISSUED, Audience.NAMED),
    "certificate.reissued": _always(Kind.CERTIFICATE_REISSUED, Audience.NAMED),
    "certificate.revoked": _always(Kind.CERTIFICATE_REVOKED, Audience.NAMED),
    "webhook.paused": _always(Kind.WEBHOOK_PAUSED, Audience.ORGANISATION),
    "webhook.ended": _always(Kind.WEBHOOK_PAUSED, Audience.ORGANISATION),
}
# Of these nobody gets an e-mail, and why.
SILENT: Mapping[str, str] = {
    "applicant.changed": "the partner corrects what the applicant said",
    "attendance.corrected": "stands on the participant's own page",
    "attendance.recorded": "stands on the participant's own page",
    "certificate-batch.asked": "each certificate has an event of its own",
    "certificate.review-closed": "the certifier decides; what comes of it has an event of its own",
    "certificate.review-opened": "the certificate is valid until the certifier has decided",
    "client.added": "about a system, not a person",
    "client.ended": "about a system, not a person",
    "client.keys-changed": "about a system, not a person",
    "client.rotated": "about a system, not a person",
    "draw.completed": "each candidate hears the own outcome",
    "draw.rehearsed": "never counts",
    "draw.run": "nobody hears the result before it is published",
    "duplicate.decided": "a rejection has an event of its own",
    "edition.added": "nobody is registered for it yet",
    "edition.changed": "what changes for somebody has an event of its own",
    "enrolment-form.reopened": "the registration has an event of its own",
    "enrolment-form.saved": "the applicant did it",
    "enrolment-form.wishes-erased": "what had served is gone, as was promised",
    "file.added": "stands on the participant's own page",
    "file.removed": "stands on the participant's own page",
    "invoice.credited": "the organisation that invoices sends its invoices itself",
    "invoice.issued": "the organisation that invoices sends its invoices itself",
    "invoice.paid": "the organisation that invoices sends its invoices itself",
    "invoice.participant-left": "tells the organisation that invoices",
    "invoice.partly-paid": "the organisation that invoices sends its invoices itself",
    "invoice.payment-undone": "the organisation that invoices sends its invoices itself",
    "make-up.approved": "stands on the participant's own page",
    "make-up.revoked": "stands on the participant's own page",
    "message.retried": "the message itself follows",
    "organisation.added": "about an organisation, not a person",
    "organisation.changed": "about an organisation, not a person",
    "organisation.invoicing-changed": "about an organisation, not a person",
    "pilot.seeded": "about the register itself",
    "progress.recorded": "stands on the participant's own page",
    "progress.submitted": "the participant did it",
    "registration.certified": "the certificate has an event of its own",
    "registration.changed": "the partner corrects what the applicant said",
    "registration.invoice-address-changed": "tells the organisation that invoices",
    "registration-import.completed": "each registration has an event of its own",
    "registration-import.received": "each registration has an event of its own",
    "registration.links-renewed": "the partner hands the new links on, to whom they should go",
    "registration.refused": "tells administrators of a conflict",
    "registration.told": "says that somebody was told by other means",
    "signing-key.rotated": "about the register itself",
    "webhook.added": "about a system, not a person",
    "webhook.changed": "about a system, not a person",
    "webhook.ping": "never recorded: what a webhook is tried with",
    "webhook.pinged": "about a system, not a person",
    "webhook.removed": "about a system, not a person",
    "webhook.resent": "about a system, not a person",
    "webhook.resumed": "about a system, not a person",
    "webhook.retried": "about a system, not a person",
    "webhook.rotated": "about a system, not a person",
}


def telling(type: str, data: Data, actor: str) -> Telling | None:
    """What is told of an event, and to whom; None for what is silent, and for types that are unknown."""
    rule = TOLD.get(type)
    return rule(data, actor) if rule else None


_S = Status
_REGISTERED = frozenset({_S.RECEIVED, _S.COMPLETE, _S.PLACED, _S.WAITLISTED, _S.CONFIRMED, _S.CERTIFIED})
_STILL_TRUE: Mapping[Kind, frozenset[Status]] = {
    Kind.REGISTRATION_RECEIVED: frozenset({_S.RECEIVED}),
    Kind.REGISTRATION_CARRIED_OVER: _REGISTERED,
    Kind.FORM_REMINDER: frozenset({_S.RECEIVED}),
    Kind.FORM_REOPENED: frozenset({_S.RECEIVED}),
    Kind.FORM_RECEIVED: _REGISTERED - {_S.RECEIVED},
    Kind.DRAW_ANNOUNCED: frozenset({_S.COMPLETE}),
    Kind.DRAW_VOIDED: frozenset({_S.COMPLETE}),
    Kind.SEAT_PLACED: frozenset({_S.PLACED}),
    Kind.SEAT_OFFERED: frozenset({_S.PLACED}),
    Kind.SEAT_CONFIRMED: PARTICIPANT,
    Kind.WAITLISTED: frozenset({_S.WAITLISTED}),
    Kind.DECLINED: frozenset({_S.DECLINED}),
    Kind.WITHDRAWN: frozenset({_S.WITHDRAWN}),
    Kind.REJECTED: frozenset({_S.REJECTED}),
    Kind.LAPSED: frozenset({_S.LAPSED}),
    Kind.SESSION_PLANNED: PARTICIPANT,
    Kind.SESSION_CHANGED: PARTICIPANT,
    Kind.SESSION_CANCELLED: PARTICIPANT,
    Kind.OUT_OF_REACH: frozenset({_S.CONFIRMED}),
    Kind.WITHIN_REACH: frozenset({_S.CONFIRMED}),
    Kind.CERTIFICATE_ISSUED: frozenset({_S.CERTIFIED}),
    Kind.CERTIFICATE_REISSUED: frozenset({_S.CERTIFIED}),
    Kind.CERTIFICATE_REVOKED: PARTICIPANT,
}


def is_still_true(kind: Kind, status: Status) -> bool:
    """Whether a message that waited can still be sent to whose registration has this status now."""
    return status in _STILL_TRUE[kind]


# What an organisation's contact is told, who is no applicant.
TO_ORGANISATIONS = frozenset({Kind.WEBHOOK_PAUSED})
# Of these the newest alone matters, to one person about one thing: several changes in a row make one message.
SESSIONS = frozenset({Kind.SESSION_PLANNED, Kind.SESSION_CHANGED, Kind.SESSION_CANCELLED})
_REACH = frozenset({Kind.OUT_OF_REACH, Kind.WITHIN_REACH})
_FAMILIES = (SESSIONS, _REACH, frozenset({Kind.DRAW_ANNOUNCED, Kind.DRAW_VOIDED}))


def family(kind: Kind) -> frozenset[Kind]:
    """The kinds that a message of this kind takes the place of while they wait; empty for most."""
    return next((each for each in _FAMILIES if kind in each), frozenset())


def waits(kind: Kind) -> bool:
    """Whether a message waits a little for what may follow.

    Sessions are often changed several times in a row, and attendance is put right when it was mistaken.
    """
    return kind in SESSIONS | _REACH


def merged(unsent: Kind, new: Kind) -> Kind | None:
    """What is told to who has not heard of the first yet: the second in its place, or nothing at all."""
    match unsent, new:
        case Kind.SESSION_PLANNED, Kind.SESSION_CHANGED:
            return Kind.SESSION_PLANNED
        case (
            (Kind.SESSION_PLANNED, Kind.SESSION_CANCELLED)
            | (Kind.DRAW_ANNOUNCED, Kind.DRAW_VOIDED)
            | (Kind.OUT_OF_REACH, Kind.WITHIN_REACH)
            | (Kind.WITHIN_REACH, Kind.OUT_OF_REACH)
        ):
            return None
        case _:
            return new
