"""The columns of a file of registrations: what each is called, and where its cells go in a body (pure).

A file that was exported has the same columns, and some that tell about a registration: of these its id says
that it is there, and the others are read past.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core import sheets
from app.core.faults import pointer
from app.core.language import Language


@dataclass(frozen=True)
class Column:
    """One member of a registration: its path in a body, its names in files that go out, and other names."""

    path: tuple[str, ...]
    nl: str
    en: str
    others: tuple[str, ...] = ()
    is_required: bool = False

    def name(self, language: Language) -> str:
        """What it is called in a file that goes out."""
        return self.nl if language == "nl" else self.en

    @property
    def pointer(self) -> str:
        """The JSON Pointer to it, as faults have it."""
        return pointer(self.path)


COLUMNS = (
    Column(("edition",), "editie", "edition", ("editionslug",)),
    Column(("partner",), "partner", "partner", ("culturelepartner",)),
    Column(("applicant", "givenName"), "voornaam", "given name", ("firstname", "roepnaam", "voornamen")),
    Column(
        ("applicant", "familyNamePrefix"),
        "tussenvoegsel",
        "family name prefix",
        ("prefix", "tussenvoegsels", "voorvoegsel", "tv"),
    ),
    Column(
        ("applicant", "familyName"), "achternaam", "family name", ("lastname", "surname"), is_required=True
    ),
    Column(
        ("applicant", "email"), "e-mail", "email", ("emailadres", "emailaddress", "mail"), is_required=True
    ),
    Column(
        ("applicant", "phone"), "telefoon", "phone", ("telefoonnummer", "mobiel", "mobile", "phonenumber")
    ),
    Column(("applicant", "language"), "taal", "language"),
    Column(("school", "name"), "school", "school", ("schoolnaam",), is_required=True),
    Column(("school", "city"), "plaats", "city", ("schoolplaats", "plaatsschool"), is_required=True),
    Column(("position",), "functie", "position", ("beroep",)),
    Column(("motivation",), "motivatie", "motivation", ("toelichting",)),
)
# Which registration a row of an exported file tells of: it is there, and stays as it is.
ID = Column(("id",), "aanmelding", "registration")
# What an exported file tells of a registration that is there; and what a file of refused rows says of them.
TOLD: dict[Language, tuple[str, ...]] = {
    "nl": ("aanmelding", "status", "ontvangen op"),
    "en": ("registration", "status", "received at"),
}
REFUSED: dict[Language, tuple[str, ...]] = {"nl": ("regel", "probleem"), "en": ("line", "problem")}
# The same, of a line of JSON.
TOLD_MEMBERS = ("id", "status", "receivedAt")


def folded(name: str) -> str:
    """The name of a column without what makes no difference: case, accents, spaces, hyphens, dots."""
    return "".join(one for one in unicodedata.normalize("NFKD", name).casefold() if one.isalnum())


_KNOWN = {
    folded(name): column
    for column in (*COLUMNS, ID)
    for name in (column.nl, column.en, column.path[-1], ".".join(column.path), *column.others)
    if name != "name"  # of a school or of a person: it would not say whose
}
_PASSED = {folded(name) for names in (*TOLD.values(), *REFUSED.values(), TOLD_MEMBERS) for name in names}


def column_of(name: str) -> Column | None:
    """The column that a header's cell names; None for one that is none of ours, or told alone."""
    return _KNOWN.get(folded(name))


def is_known(name: str) -> bool:
    """Whether a header's cell names a column, or one that is read past (also one without a name)."""
    return folded(name) in _KNOWN or folded(name) in _PASSED or not name.strip()


def nested(columns: Sequence[Column | None], cells: Sequence[str]) -> dict[str, Any]:
    """The body that the cells of one row make; an empty cell is a member that is left out."""
    body: dict[str, Any] = {"applicant": {}, "school": {}}
    for column, cell in zip(columns, cells, strict=False):
        if column is not None and cell.strip():
            _holder(body, column)[column.path[-1]] = sheets.original(cell)
    return body


def flat(body: Mapping[str, Any]) -> list[str]:
    """The cells of a body, in the order of COLUMNS; the other way of `nested`, of bodies that are odd too."""
    cells = []
    for column in COLUMNS:
        found: Any = body
        for step in column.path:
            found = found.get(step) if isinstance(found, Mapping) else None
        cells.append("" if found is None else str(found))
    return cells


def _holder(body: dict[str, Any], column: Column) -> dict[str, Any]:
    """The object in `body` that the member stands in."""
    holder: dict[str, Any] = body[column.path[0]] if len(column.path) > 1 else body
    return holder
