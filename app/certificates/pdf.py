"""The certificate as a PDF: A4, Dutch, tagged PDF/A, typeset with Typst, its credential attached.

Pure: the same sheet gives the same bytes.
"""

import contextlib
import ctypes
import io
import threading
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import pypdfium2
import segno

from app.attendance.hours import in_hours
from app.core.typesetting import in_dutch, typeset

MODES = {
    "physical": "op locatie",
    "online": "online",
    "hybrid": "op locatie en online",
    "made-up": "ingehaald",
}
_READING = threading.Lock()
QUIET = 4  # modules around a QR code (ISO/IEC 18004)
ATTACHED, LONGEST_ATTACHMENT = 5, 100_000


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
    credential: str | None = None  # as it was signed; goes into the PDF as an attachment


def render(sheet: CertificateSheet) -> bytes:
    """The PDF of a certificate; what the fonts lack is replaced, and a note says so."""
    attached = {"credential": sheet.credential}
    return typeset(Path(__file__).with_name("certificate.typ"), sheet.issued_on, _worded(sheet), attached)


class NoPdf(ValueError):
    """The bytes are no PDF that can be read."""


def attachments(content: bytes) -> list[str]:
    """The texts that are attached to a PDF, at most ATTACHED; NoPdf for what cannot be read as one."""
    texts = []
    # The library behind this is not made for several threads at once.
    with _READING:
        try:
            with contextlib.closing(pypdfium2.PdfDocument(content)) as document:
                for n in range(min(document.count_attachments(), ATTACHED)):
                    data = bytes(document.get_attachment(n).get_data())
                    with contextlib.suppress(UnicodeDecodeError):
                        texts.append(data[:LONGEST_ATTACHMENT].decode())
        except (pypdfium2.PdfiumError, ctypes.ArgumentError) as wrong:
            raise NoPdf from wrong
    return texts


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
        **_qr(sheet.verification_url),
    }


def _qr(url: str) -> dict[str, object]:
    """The QR code as SVG, dark on white, with the quiet zone that scanners need, and its share."""
    code, drawn = segno.make_qr(url, error="m"), io.BytesIO()
    code.save(drawn, kind="svg", border=QUIET, dark="#000", light="#fff", xmldecl=False)
    return {"qr": drawn.getvalue().decode(), "qr_quiet": QUIET / code.symbol_size(border=QUIET)[0]}
