"""The certificate as a PDF: A4, Dutch, tagged PDF/A, typeset with Typst, its credential attached.

Pure: the same sheet gives the same bytes.
"""

import contextlib
import ctypes
import io
import json
import threading
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import noto_cjk_sans_otc
import pymupdf_fonts
import pypdfium2
import segno
import typst

from app.attendance.hours import in_hours

_FOLDER = Path(__file__).parent
_PROBE = b"""
#set document(title: "probe")
#set text(font: json(bytes(sys.inputs.families)), lang: "nl", region: "NL")
#json(bytes(sys.inputs.sheet)).text
"""
# Archival with the structure that screen readers need and with attachments, and the accessibility standard.
STANDARDS: "list[typst.PDFStandard]" = ["a-3a", "ua-1"]
MONTHS = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)
# Tried in this order for each character, and Typst's other fonts after them.
FAMILIES = ("Libertinus Serif", "FiraGO", "Noto Sans CJK SC")
_READING = threading.Lock()
ATTACHED, LONGEST_ATTACHMENT = 5, 100_000
STAND_IN = "\ufffd"  # for what none of the fonts has
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
    credential: str | None = None  # as it was signed; goes into the PDF as an attachment


def render(sheet: CertificateSheet) -> bytes:
    """The PDF of a certificate. Texts go in as data, so that nothing in them is taken for markup.

    Byte-identical for equal sheets: the date of issue is the only time in it. What the fonts lack is
    replaced by STAND_IN, and a note says so: PDF/A refuses empty boxes (ISO 19005-2, 6.2.11.8).
    """
    worded = _worded(sheet)
    try:
        return _typeset((_FOLDER / "certificate.typ").read_bytes(), sheet.issued_on, worded)
    except typst.TypstError:
        legible = {**_legible(worded), "note": True}
        return _typeset((_FOLDER / "certificate.typ").read_bytes(), sheet.issued_on, legible)


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
                    with suppress(UnicodeDecodeError):
                        texts.append(data[:LONGEST_ATTACHMENT].decode())
        except (pypdfium2.PdfiumError, ctypes.ArgumentError) as wrong:
            raise NoPdf from wrong
    return texts


def _typeset(source: bytes, on: date, sheet: Mapping[str, object]) -> bytes:
    """The PDF of a Typst document that reads `sheet`; TypstError when it breaks a standard."""
    fonts, _ = _fonts()
    inputs = {"sheet": json.dumps(sheet, ensure_ascii=False), "families": json.dumps(FAMILIES)}
    compiler = typst.Compiler(source, font_paths=fonts, ignore_system_fonts=True, sys_inputs=inputs)
    made = compiler.compile(
        format="pdf", pdf_standards=STANDARDS, timestamp=datetime.combine(on, time(12), UTC)
    )
    assert isinstance(made, bytes)
    return made


def _legible(value: Any) -> Any:
    """The same texts, with STAND_IN for each character that the fonts lack."""
    if isinstance(value, str):
        return "".join(map(_printable, _parts(value)))
    if isinstance(value, Mapping):
        return {name: _legible(member) for name, member in value.items()}
    return [_legible(member) for member in value] if isinstance(value, list | tuple) else value


def _parts(text: str) -> list[str]:
    """Each character with the marks that stand on it."""
    parts: list[str] = []
    for character in text:
        if parts and unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf"):
            parts[-1] += character
        else:
            parts.append(character)
    return parts


@lru_cache(maxsize=10_000)
def _printable(part: str) -> str:
    """The character with its marks, or without them, or STAND_IN: the first that the fonts can set."""
    for candidate in (part, part[0] + STAND_IN):
        if candidate.isascii():
            return candidate
        with suppress(typst.TypstError):
            # Among others, for a character alone may be set in another font.
            _typeset(_PROBE, date(2000, 1, 1), {"text": f"a{candidate}a"})
            return candidate
    return STAND_IN


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
        "note": False,
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
def _fonts() -> tuple[typst.Fonts, TemporaryDirectory[str]]:
    """The fonts of Typst and of two packages alone, so that a certificate looks the same on every machine.

    FiraGO comes as a Python value, and Typst reads files: it stands in a folder that lasts as long as we do.
    """
    folder = TemporaryDirectory(prefix="cultuur-fonts-")
    Path(folder.name, "FiraGO.ttf").write_bytes(pymupdf_fonts.myfont("figo"))
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[folder.name, str(Path(noto_cjk_sans_otc.__file__).parent)],
    ), folder
