"""The certificate as a PDF: A4, Dutch, tagged PDF/A, typeset with Typst.

Pure: the same sheet gives the same bytes.
"""

import io
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import segno

from app.attendance.hours import in_hours
from app.core.typesetting import in_dutch, typeset

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
    """The PDF of a certificate; what the fonts lack is replaced, and a note says so."""
    return typeset(Path(__file__).with_name("certificate.typ"), sheet.issued_on, _worded(sheet))


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


def _qr(url: str) -> str:
    """The QR code as SVG, dark on white, with the quiet zone that scanners need."""
    drawn = io.BytesIO()
    segno.make_qr(url, error="m").save(drawn, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False)
    return drawn.getvalue().decode()
