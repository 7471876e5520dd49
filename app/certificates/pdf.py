"""The certificate as a PDF: A4, Dutch, tagged PDF/A, typeset with Typst, its credential attached.

Pure: the same sheet gives the same bytes.
"""

import contextlib
import io
import re
import zlib
from dataclasses import asdict, dataclass
from datetime import date
from itertools import islice
from pathlib import Path

import segno

from app.attendance.hours import in_hours
from app.core.typesetting import in_dutch, typeset

MODES = {
    "physical": "op locatie",
    "online": "online",
    "hybrid": "op locatie en online",
    "made-up": "ingehaald",
}
QUIET = 4  # modules around a QR code (ISO/IEC 18004)
ATTACHED, LONGEST_ATTACHMENT = 20, 100_000
# How a PDF begins, and among how many bytes readers look for it (ISO 32000-1, Annex H, note 13).
PDF_MARK, PDF_MARK_WITHIN = b"%PDF-", 1024
DICTIONARY = 2000  # bytes of a stream's dictionary, before and after its type
_OBJECT = re.compile(rb"\d \d+ obj")
_LOCKED = re.compile(rb"/Encrypt\s*(?:\d+ \d+ R|<<)")
_EMBEDDED = re.compile(rb"/EmbeddedFile(?![A-Za-z])")
_STREAM = re.compile(rb">>\s*stream\r?\n")
_FILTER = re.compile(rb"/Filter\s*(?:/FlateDecode\b|\[\s*/FlateDecode\s*\])")


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
    """The texts that are attached to a PDF, among its first ATTACHED; NoPdf for what cannot be read as one.

    Read from the bytes, and only as `render` writes them: a stream of type EmbeddedFile, deflated once or
    not at all (ISO 32000-1, 7.11.4). No more than LONGEST_ATTACHMENT of each is ever unpacked.
    """
    if PDF_MARK not in content[:PDF_MARK_WITHIN] or not _OBJECT.search(content) or _LOCKED.search(content):
        raise NoPdf
    texts = []
    for found in islice(_EMBEDDED.finditer(content), ATTACHED):
        with contextlib.suppress(ValueError):
            texts.append(_unpacked(content, found.start()).decode())
    return texts


def may_be_as_issued(content: bytes) -> bool:
    """Whether a file begins and ends as what `render` gives; others need not be compared with it."""
    return content.startswith(PDF_MARK) and content.endswith(b"%%EOF")


def _unpacked(content: bytes, place: int) -> bytes:
    """The bytes of the stream whose dictionary is around `place`; ValueError unless it is as ours are."""
    begin = content.rfind(b"obj", max(place - DICTIONARY, 0), place)
    stream = _STREAM.search(content, place, place + DICTIONARY)
    if begin < 0 or stream is None:
        raise ValueError("no stream")
    dictionary, start = content[begin : stream.start()], stream.end()
    if _FILTER.search(dictionary) is None:
        end = content.find(b"endstream", start, start + LONGEST_ATTACHMENT)
        if b"/Filter" in dictionary or end < 0:
            raise ValueError("packed in another way, or too long")
        return content[start:end].rstrip(b"\r\n")
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(memoryview(content)[start:], LONGEST_ATTACHMENT)
    except zlib.error as wrong:
        raise ValueError("damaged") from wrong
    if not unpacker.eof:
        raise ValueError("too long, or cut off")
    return data


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
