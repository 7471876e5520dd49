"""A session's list on paper, for participants to sign: A4, by name, with numbered pages.

Pure: the same sheet gives the same bytes.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.core.language import Language
from app.core.typesetting import typeset

_WORDS: dict[Language, dict[str, str]] = {
    "nl": {
        "heading": "Presentielijst",
        "when": "Wanneer",
        "undated": "nog niet gepland",
        "until": "tot",
        "where": "Waar",
        "editions": "Editie",
        "name": "Naam",
        "school": "School",
        "signature": "Handtekening",
        "nobody": "Er zijn geen deelnemers.",
        "trainer": "Naam en handtekening docent",
        "page": "bladzijde",
        "of": "van",
        "note": "Waar � staat, hoort een teken dat hier niet kan worden afgedrukt.",
    },
    "en": {
        "heading": "Attendance list",
        "when": "When",
        "undated": "not scheduled yet",
        "until": "to",
        "where": "Where",
        "editions": "Edition",
        "name": "Name",
        "school": "School",
        "signature": "Signature",
        "nobody": "There are no participants.",
        "trainer": "Trainer's name and signature",
        "page": "page",
        "of": "of",
        "note": "Where � stands belongs a character that cannot be printed here.",
    },
}


@dataclass(frozen=True)
class Signer:
    """Somebody who is expected to sign."""

    name: str
    school: str


@dataclass(frozen=True)
class SigningSheet:
    """Everything that stands on the list; times as people say them, None where there are none yet."""

    title: str
    editions: tuple[str, ...]
    begins: str | None
    ends: str | None
    place: str | None
    signers: tuple[Signer, ...]
    language: Language


def render(sheet: SigningSheet, on: date) -> bytes:
    """The PDF of a list that was made `on` a day."""
    words = _WORDS[sheet.language]
    begins = (sheet.begins or "").removesuffix(" uur")  # said once, after the end
    when = f"{begins} {words['until']} {sheet.ends}" if begins else words["undated"]
    return typeset(
        Path(__file__).with_name("signing.typ"),
        on,
        {
            "title": sheet.title,
            "editions": ", ".join(sheet.editions),
            "when": when,
            "place": sheet.place or "",
            "signers": [[signer.name, signer.school] for signer in sheet.signers],
            "language": sheet.language,
            "words": words,
        },
    )
