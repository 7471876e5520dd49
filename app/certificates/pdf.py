"""The certificate as a PDF: A4, Dutch, tagged PDF/A, typeset with Typst.

Pure: the same sheet gives the same bytes.
"""

import io
import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path

import segno
import typst

from app.attendance.hours import in_hours

_FOLDER = Path(__file__).parent
# Archival with the structure that screen readers need, and the accessibility standard itself.
STANDARDS: "list[typst.PDFStandard]" = ["a-2a", "ua-1"]
MONTHS = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)
MODES = {"physical": "op locatie", "online": "online", "hybrid": "op locatie en online"}


@dataclass(frozen=True)
class HeldSession:
    """A session that the holder attended, on its local date, for so many minutes."""

    on: date
    title: str
    place: str | None
    mode: str
    minutes: int


@dataclass(frozen=True)
class PassedPhase:
    """A phase that the holder passed."""

    number: int
    title: str


@dataclass(frozen=True)
class CertificateSheet:
    """Everything that stands on a certificate."""

    number: str
    holder_name: str
    training_title: str
    edition_title: str
    issuer: str
    issued_on: date
    contact_minutes: int
    study_load_hours: int
    product_title: str
    sessions: tuple[HeldSession, ...]
    phases: tuple[PassedPhase, ...]
    verification_url: str


def render(sheet: CertificateSheet) -> bytes:
    """The PDF of a certificate. Texts go in as data, so that nothing in them is taken for markup.

    Byte-identical for equal sheets: the date of issue is the only time in it.
    """
    compiler = typst.Compiler(
        (_FOLDER / "certificate.typ").read_bytes(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(_worded(sheet), ensure_ascii=False)},
    )
    made = compiler.compile(
        format="pdf",
        pdf_standards=STANDARDS,
        timestamp=datetime.combine(sheet.issued_on, time(12), UTC),
    )
    assert isinstance(made, bytes)
    return made


def _worded(sheet: CertificateSheet) -> dict[str, object]:
    """The sheet with dates and hours as one writes them in Dutch, and the QR code drawn."""
    return {
        **asdict(sheet),
        "issued_on": in_dutch(sheet.issued_on),
        "hours": in_hours(sheet.contact_minutes, "nl"),
        "study_load": in_hours(sheet.study_load_hours * 60, "nl"),
        "sessions": [
            {
                "on": in_dutch(held.on),
                "title": held.title,
                "where": ", ".join(filter(None, (held.place, MODES[held.mode]))),
                "hours": in_hours(held.minutes, "nl"),
            }
            for held in sheet.sessions
        ],
        "qr": _qr(sheet.verification_url),
    }


def in_dutch(day: date) -> str:
    """A date as one writes it in Dutch: 14 april 2022."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _qr(url: str) -> str:
    """The QR code as SVG, dark on white, with the quiet zone that scanners need."""
    drawn = io.BytesIO()
    segno.make_qr(url, error="m").save(drawn, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False)
    return drawn.getvalue().decode()


@cache
def _fonts() -> typst.Fonts:
    """Typst's own fonts alone, so that a certificate looks the same on every machine."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
