"""What is known of one person as a PDF to read: A4, tagged PDF/A, in Dutch or English. Pure."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.core.language import Language, spoken
from app.core.typesetting import typeset
from app.privacy.schemas import PersonExport

LONGEST = 6000  # characters of one value; what is longer stands whole in the JSON
_ZONE = "Europe/Amsterdam"
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "nl": {
        "heading": "Wat het register van u weet",
        "made_at": "Opgemaakt op",
        "registrations": "Aanmeldingen",
        "edition": "Editie",
        "partner": "Via",
        "status": "Status",
        "known": "Gegevens",
        "uses": "Waarvoor, en hoe lang",
        "purpose": "Doel",
        "ground": "Grondslag",
        "term": "Bewaard",
        "recipients": "Wie het ziet",
        "rights": "Uw rechten",
        "longer": "[staat geheel in de JSON]",
        "note": "Waar � staat, hoort een teken dat hier niet kan worden afgedrukt.",
        "page": "bladzijde",
        "of": "van",
    },
    "en": {
        "heading": "What the register knows of you",
        "made_at": "Made on",
        "registrations": "Registrations",
        "edition": "Edition",
        "partner": "Through",
        "status": "Status",
        "known": "Data",
        "uses": "What for, and for how long",
        "purpose": "Purpose",
        "ground": "Ground",
        "term": "Kept",
        "recipients": "Who sees it",
        "rights": "Your rights",
        "longer": "[stands whole in the JSON]",
        "note": "Where � stands belongs a character that cannot be printed here.",
        "page": "page",
        "of": "of",
    },
}


def render(known: PersonExport, language: Language) -> bytes:
    """The PDF of an export; what the fonts lack is replaced, and a note says so."""
    words = _WORDS[language]
    sheet = {
        "language": language,
        "words": words,
        "made_at": spoken(known.made_at, _ZONE, language),
        "registrations": [[one.edition, one.partner, one.status] for one in known.registrations],
        "known": [
            {"table": table, "rows": [_facts(row, words["longer"]) for row in rows]}
            for table, rows in known.known.items()
        ],
        "uses": [[one.purpose, one.ground, one.term, one.recipients] for one in known.uses],
        "rights": known.rights,
    }
    return typeset(Path(__file__).with_name("export.typ"), known.made_at.date(), sheet)


def _facts(row: Mapping[str, Any], longer: str) -> list[list[str]]:
    """Names and values of a row that says something, what is nested by its path."""
    return [
        [name, value if len(value) <= LONGEST else f"{value[:200]} … {longer}"]
        for name, value in _flat(row, ())
        if value
    ]


def _flat(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _flat(member, (*path, str(name)))
    elif isinstance(value, list):
        for number, member in enumerate(value, 1):
            yield from _flat(member, (*path, str(number)))
    elif value is not None:
        yield " · ".join(path), str(value)
