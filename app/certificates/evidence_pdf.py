"""The evidence sheet as a PDF: A4, tagged PDF/A, in Dutch or English. Pure: same in, same bytes out."""

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from app.attendance.hours import in_hours
from app.certificates.pdf import MODES, HeldSession
from app.core.language import Language
from app.core.typesetting import typeset

_MODES: dict[Language, dict[str, str]] = {
    "nl": MODES,
    "en": {
        "physical": "on location",
        "online": "online",
        "hybrid": "on location and online",
        "made-up": "made up for",
    },
}
_WORDS: dict[Language, dict[str, str]] = {
    "nl": {
        "heading": "Bewijs van deelname",
        "of": "van",
        "training": "Opleiding",
        "edition": "Editie",
        "certificate": "Certificaat",
        "none": "nog niet uitgegeven",
        "made_on": "Opgemaakt op",
        "hours": "Contacttijd",
        "study_load": "Studielast",
        "about": "ongeveer",
        "sessions": "Bijeenkomsten",
        "on": "Datum",
        "title": "Bijeenkomst",
        "where": "Waar",
        "time": "Contacttijd",
        "no_sessions": "Nog geen bijeenkomsten bijgewoond.",
        "phases": "Fasen",
        "passed": "behaald",
        "open": "nog niet behaald",
        "product": "Beroepsproduct",
        "criteria": "Eisen voor het certificaat",
        "met": "voldaan",
        "unmet": "nog niet voldaan",
        "note": "Waar � staat, hoort een teken dat hier niet kan worden afgedrukt.",
        "page": "bladzijde",
    },
    "en": {
        "heading": "Evidence of participation",
        "of": "of",
        "training": "Training",
        "edition": "Edition",
        "certificate": "Certificate",
        "none": "not issued yet",
        "made_on": "Made on",
        "hours": "Contact time",
        "study_load": "Study load",
        "about": "about",
        "sessions": "Sessions",
        "on": "Date",
        "title": "Session",
        "where": "Where",
        "time": "Contact time",
        "no_sessions": "No sessions attended yet.",
        "phases": "Phases",
        "passed": "passed",
        "open": "not passed yet",
        "product": "Professional product",
        "criteria": "What the certificate asks",
        "met": "met",
        "unmet": "not met yet",
        "note": "Where � stands belongs a character that cannot be printed here.",
        "page": "page",
    },
}


@dataclass(frozen=True)
class EvidencePdf:
    """Everything that stands on the sheet; a phase is (title, passed, evidence), a criterion (met, words)."""

    language: Language
    holder_name: str
    training_title: str
    edition_title: str
    certificate: str | None
    made_on: date
    contact_minutes: int
    study_load_hours: int
    product_title: str | None
    sessions: tuple[HeldSession, ...]
    phases: tuple[tuple[str, bool, str], ...]
    criteria: tuple[tuple[bool, str], ...]


def render(sheet: EvidencePdf) -> bytes:
    """The PDF of a sheet; what the fonts lack is replaced, and a note says so."""
    language = sheet.language
    worded = {
        **asdict(sheet),
        "words": _WORDS[language],
        "made_on": _day(sheet.made_on),
        "hours": in_hours(sheet.contact_minutes, language),
        "study_load": in_hours(sheet.study_load_hours * 60, language),
        "sessions": [
            {
                "on": _day(one.on),
                "title": one.title,
                "where": ", ".join(filter(None, (one.place, _MODES[language][one.mode]))),
                "hours": in_hours(one.minutes, language),
            }
            for one in sheet.sessions
        ],
    }
    return typeset(Path(__file__).with_name("evidence.typ"), sheet.made_on, worded)


def _day(day: date) -> str:
    return f"{day:%d-%m-%Y}"
