"""Files as participants hand them in, and as nobody should: small, and made here."""

import io
import struct
import zipfile
from typing import BinaryIO

from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj<</Pages 2 0 R>>endobj\n2 0 obj<</Kids[]/Count 0>>endobj\n%%EOF\n"
ODT_TYPE = "application/vnd.oasis.opendocument.text"
MANIFEST = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
WORD = {"[Content_Types].xml": "<Types/>", "word/document.xml": "<w:document/>"}
# What Pillow calls the kinds of picture that are taken in, and one that is not.
PICTURES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}


def picture(kind: str) -> bytes:
    """A picture of this media type."""
    made = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(made, PICTURES[kind])
    return made.getvalue()


def packed(parts: dict[str, str], packing: int = zipfile.ZIP_DEFLATED, remark: bytes = b"") -> bytes:
    """A ZIP with these parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packing) as archive:
        archive.comment = remark
        for name, text in parts.items():
            archive.writestr(name, text)
    return made.getvalue()


def docx() -> bytes:
    """A document of Word."""
    return packed(WORD)


def odt(kind: str = ODT_TYPE, manifest: str = MANIFEST, parts: dict[str, str] | None = None) -> bytes:
    """An OpenDocument of this media type, with further parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), kind, zipfile.ZIP_STORED)
        for name, text in {"content.xml": "<x/>", "META-INF/manifest.xml": manifest, **(parts or {})}.items():
            archive.writestr(name, text)
    return made.getvalue()


def changed(content: bytes, after: bytes, offset: int, new: bytes) -> bytes:
    """The content with other bytes at an offset from the last place where `after` stands."""
    place = content.rindex(after) + offset
    return content[:place] + new + content[place + len(new) :]


def many_parts(count: int) -> bytes:
    """A document that says it has many parts, in a directory that is that long."""
    return packed({**WORD, **{f"word/{number}": "" for number in range(count)}})


def bomb() -> bytes:
    """A document that unpacks to a gigabyte, by what its directory says."""
    return changed(docx(), b"PK\x01\x02", 24, struct.pack("<I", 1024**3))


def overlapping() -> bytes:
    """A document whose second part lies inside its first."""
    return changed(docx(), b"PK\x01\x02", 42, struct.pack("<I", 10))


def locked() -> bytes:
    """A document that is encrypted as ZIP knows it."""
    return changed(docx(), b"PK\x01\x02", 8, struct.pack("<H", 1))


def linked() -> bytes:
    """A document with a symbolic link in it."""
    made = io.BytesIO()
    link = zipfile.ZipInfo("word/link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in WORD.items():
            archive.writestr(name, text)
        archive.writestr(link, "/etc/passwd")
    return made.getvalue()


def renamed(name: str) -> bytes:
    """A document with a part whose name is `name`, of four characters."""
    assert len(name) == 4
    return packed({**WORD, "x/yz": "1"}).replace(b"x/yz", name.encode())


TAKEN: dict[str, tuple[bytes, str]] = {
    "plan.pdf": (PDF, "application/pdf"),
    "plan.docx": (docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "plan.odt": (odt(), ODT_TYPE),
    "foto.png": (picture("image/png"), "image/png"),
    "foto.jpg": (picture("image/jpeg"), "image/jpeg"),
    "foto.webp": (picture("image/webp"), "image/webp"),
}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "file-empty"),
    "a program called plan.pdf": (b"MZ\x90\0" + bytes(200), "file-type"),
    "a program of Linux": (b"\x7fELF\x02\x01\x01" + bytes(200), "file-type"),
    "a page": (b"<!doctype html><script>alert(1)</script>", "file-type"),
    "a drawing": (SVG, "file-type"),
    "a text": (b"Mijn leervraag", "file-type"),
    "a moving picture": (picture("image/gif"), "file-type"),
    "a ZIP": (packed({"plan.txt": "x"}), "file-type"),
    "an empty ZIP": (packed({}), "file-type"),
    "a workbook": (packed({"[Content_Types].xml": "", "xl/workbook.xml": ""}), "file-type"),
    "a sheet of OpenDocument": (odt("application/vnd.oasis.opendocument.spreadsheet"), "file-type"),
    "a longer kind of OpenDocument": (odt(f"{ODT_TYPE}-template"), "file-type"),
    "a photo of an iPhone": (b"\0\0\0\x18ftypheic\0\0\0\0" + bytes(200), "file-heic"),
    "an old document of Word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "file-old-or-locked"),
    "half a PDF": (PDF[:40], "file-damaged"),
    "half a PNG": (picture("image/png")[:60], "file-damaged"),
    "half a WebP": (picture("image/webp")[:-2], "file-damaged"),
    "half a JPEG": (picture("image/jpeg")[:-2], "file-damaged"),
    "half a document": (docx()[:-30], "file-damaged"),
    "a document that holds less than it says": (
        changed(docx(), b"PK\x05\x06", 8, struct.pack("<HH", 9, 9)),
        "file-damaged",
    ),
    "a page after a PNG": (picture("image/png") + b"<script>", "file-damaged"),
    "a program in Java after a PDF": (PDF + packed({"A.class": ""}), "file-two-in-one"),
    "a document after a photo": (picture("image/jpeg") + docx(), "file-two-in-one"),
    "a ZIP with a remark after a PDF": (PDF + packed({"a": ""}, remark=b"x" * 500), "file-two-in-one"),
    "a PDF in a photo": (
        picture("image/jpeg")[:20] + b"%PDF-1.7" + picture("image/jpeg")[20:],
        "file-two-in-one",
    ),
    "a document with macros": (packed({**WORD, "word/vbaProject.bin": "x"}), "file-macros"),
    "a document with controls": (packed({**WORD, "word/activeX/activeX1.xml": "x"}), "file-macros"),
    "a document with a part twice": (packed({**WORD, "word/Document.xml": "<other/>"}), "file-unsafe"),
    "a document with something before it": (b"PK\x03\x04" + bytes(40) + docx(), "file-two-in-one"),
    "a document with a remark": (packed(WORD, remark=b"remark"), "file-damaged"),
    "an OpenDocument with macros": (odt(parts={"Basic/Standard/Module1.xml": "x"}), "file-macros"),
    "an OpenDocument with scripts": (odt(parts={"Scripts/python/x.py": "x"}), "file-macros"),
    "a locked document": (locked(), "file-locked"),
    "a locked OpenDocument": (odt(manifest="<manifest:encryption-data/>"), "file-locked"),
    "an OpenDocument that is one locked part": (odt(parts={"encrypted-package": "x"}), "file-locked"),
    "a bomb": (bomb(), "file-unsafe"),
    "a bomb of parts that overlap": (overlapping(), "file-unsafe"),
    "a document of too many parts": (many_parts(5001), "file-unsafe"),
    "an OpenDocument with a huge manifest": (odt(manifest="x" * (1024**2 + 1)), "file-unsafe"),
    "a document that leads out": (renamed("../z"), "file-unsafe"),
    "a document that leads to the root": (renamed("/etc"), "file-unsafe"),
    "a document that leads to a drive": (renamed("c:/x"), "file-unsafe"),
    "a document that leads out backwards": (renamed("..\\z"), "file-unsafe"),
    "a document with a link": (linked(), "file-unsafe"),
    "a document packed in another way": (packed(WORD, zipfile.ZIP_LZMA), "file-unsafe"),
}


def large_pdf(size: int) -> bytes:
    """A PDF of exactly this size."""
    return PDF[:-6] + b"%" + b"x" * (size - len(PDF) - 2) + b"\n" + PDF[-6:]


def opened(content: bytes) -> BinaryIO:
    """The content as a file."""
    return io.BytesIO(content)
