"""Typst: a template and a sheet of texts in, a tagged PDF/A out. Pure: the same in, the same bytes out."""

import json
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import noto_cjk_sans_otc
import pymupdf_fonts
import typst

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
STAND_IN = "\ufffd"  # for what none of the fonts has


def typeset(
    template: Path, on: date, sheet: Mapping[str, object], attached: Mapping[str, object] | None = None
) -> bytes:
    """The PDF of a template that reads `sheet`. Texts go in as data, so that nothing in them is markup.

    The template finds `attached` in its sheet too: what it attaches, and never sets, so it stays as it is.

    Byte-identical for equal sheets: `on` is the only time in it. What the fonts lack is replaced by
    STAND_IN, and the sheet's `note` is then true: PDF/A refuses empty boxes (ISO 19005-2, 6.2.11.8).
    """
    source, attached = template.read_bytes(), attached or {}
    try:
        return _typeset(source, on, {**sheet, **attached, "note": False})
    except typst.TypstError:
        return _typeset(source, on, {**_legible(sheet), **attached, "note": True})


def in_dutch(day: date) -> str:
    """A date as one writes it in Dutch: 14 april 2022."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


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


@cache
def _fonts() -> tuple[typst.Fonts, TemporaryDirectory[str]]:
    """The fonts of Typst and of two packages alone, so that a document looks the same on every machine.

    FiraGO comes as a Python value, and Typst reads files: it stands in a folder that lasts as long as we do.
    """
    folder = TemporaryDirectory(prefix="cultuur-fonts-")
    Path(folder.name, "FiraGO.ttf").write_bytes(pymupdf_fonts.myfont("figo"))
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[folder.name, str(Path(noto_cjk_sans_otc.__file__).parent)],
    ), folder
