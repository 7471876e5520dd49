"""Examples of what stands in each kind of message, so that its template can be read. Pure."""

from collections.abc import Mapping
from typing import Any

from app.core.language import Language
from app.notifications.kinds import Kind

_PERSONAL = "https://register.example/v1/personal-pages/voorbeeld"
_RECEIPT = "https://register.example/v1/draw-receipts/voorbeeld"
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "nl": {
        "due_at": "dinsdag 6 juli 2021, 00.00 uur",
        "drawable_at": "dinsdag 6 juli 2021, 11.00 uur",
        "publish_at": "dinsdag 6 juli 2021, 12.00 uur",
        "answer_by": "dinsdag 20 juli 2021, 12.00 uur",
        "when": "donderdag 7 oktober 2021, 14.30 tot 17.30 uur",
        "change": "Het was donderdag 30 september 2021, 14.30 tot 17.30 uur, en wordt donderdag "
        "7 oktober 2021, 14.30 tot 17.30 uur.",
        "minimum": "20 uur",
        "done": "12 uur",
        "possible": "18 uur",
        "enough": "21 uur",
        "since": "woensdag 16 juni 2021, 09.00 uur",
        "travel_note": "Tien minuten lopen van het station.",
    },
    "en": {
        "due_at": "Tuesday 6 July 2021, 00:00",
        "drawable_at": "Tuesday 6 July 2021, 11:00",
        "publish_at": "Tuesday 6 July 2021, 12:00",
        "answer_by": "Tuesday 20 July 2021, 12:00",
        "when": "Thursday 7 October 2021, 14:30 to 17:30",
        "change": "It was Thursday 30 September 2021, 14:30 to 17:30, and becomes Thursday 7 October 2021, "
        "14:30 to 17:30.",
        "minimum": "20 hours",
        "done": "12 hours",
        "possible": "18 hours",
        "enough": "21 hours",
        "since": "Wednesday 16 June 2021, 09:00",
        "travel_note": "Ten minutes' walk from the station.",
    },
}


def values(kind: Kind, language: Language) -> dict[str, Any]:
    """Everything that the template of `kind` asks for."""
    return {**_COMMON, **_particulars(_WORDS[language]).get(kind, {})}


_COMMON = {
    "name": "Noor van der Meer",
    "training": "Cultuurcoördinator Voortgezet Onderwijs",
    "edition": "Noord/Midden 2021-2022",
    "partner": "FleCk",
    "partner_email": "post@fleck.example",
    "can_reply": True,
}


def _particulars(words: Mapping[str, str]) -> dict[Kind, dict[str, Any]]:
    form = {"form_url": "https://register.example/v1/enrolment-forms/voorbeeld", "due_at": words["due_at"]}
    seat = {"answer_by": words["answer_by"], "receipt_url": _RECEIPT}
    draw_url = "https://register.example/v1/draws/01890000-0000-7000-8000-000000000000"
    session = {
        "session": "Bijeenkomst 1",
        "when": words["when"],
        "where": "De Kunstlinie, Esplanade 10, Almere",
        "travel_note": words["travel_note"],
        "online_url": "",
        "page_url": _PERSONAL,
        "reason": "",
    }
    reach = {
        **{name: words[name] for name in ("minimum", "done", "possible")},
        "page_url": _PERSONAL,
    }
    certificate = {
        "number": "CCVO-2022-000001",
        "verification_url": "https://register.example/v1/verifications/voorbeeld",
        "holder_url": "https://register.example/v1/holder-pages/voorbeeld",
    }
    return {
        Kind.REGISTRATION_RECEIVED: form,
        Kind.REGISTRATION_CARRIED_OVER: {"earlier": "Noord/Midden 2020-2021"},
        Kind.FORM_REMINDER: form,
        Kind.FORM_REOPENED: form,
        Kind.DRAW_ANNOUNCED: {
            "needed": True,
            "drawable_at": words["drawable_at"],
            "publish_at": words["publish_at"],
            "draw_url": draw_url,
            "receipt_url": _RECEIPT,
        },
        Kind.DRAW_VOIDED: {"reason": "Een aanmelding ontbrak op de lijst.", "draw_url": draw_url},
        Kind.SEAT_PLACED: seat,
        Kind.SEAT_OFFERED: seat,
        Kind.SEAT_CONFIRMED: {
            "page_url": _PERSONAL,
            "calendar_url": "https://register.example/v1/personal-calendars/voorbeeld",
        },
        Kind.WAITLISTED: {"place": 3, "receipt_url": _RECEIPT},
        Kind.LAPSED: {"had_seat": True},
        Kind.SESSION_PLANNED: session,
        Kind.SESSION_CHANGED: {**session, "changes": [words["change"]]},
        Kind.SESSION_CANCELLED: {**session, "reason": "Ziekte van de docent.", "removed": False},
        Kind.OUT_OF_REACH: reach,
        Kind.WITHIN_REACH: {**reach, "possible": words["enough"]},
        Kind.CERTIFICATE_ISSUED: certificate,
        Kind.CERTIFICATE_REISSUED: {**certificate, "number": "CCVO-2022-000002"},
        Kind.CERTIFICATE_REVOKED: certificate,
        Kind.WEBHOOK_PAUSED: {
            "ended": False,
            "since": words["since"],
            "webhook": "01890000-0000-7000-8000-000000000000",
            "docs_url": "https://register.example/v1/docs",
        },
    }
