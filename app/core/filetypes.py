"""What a file is, by its content: the few kinds that are taken in, and why another one is not.

Pure: reads a seekable file and nothing else, a bounded part of it, whatever its size. Neither the name nor
the type that a sender gives has a say.
"""

import struct
import zipfile
from collections.abc import Sequence
from enum import StrEnum
from typing import BinaryIO


class FileType(StrEnum):
    """The kinds of file that are taken in, by their media types."""

    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ODT = "application/vnd.oasis.opendocument.text"
    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


# How a name may end; the first is what it gets when it ends otherwise.
ENDINGS: dict[FileType, tuple[str, ...]] = {
    FileType.PDF: (".pdf",),
    FileType.DOCX: (".docx",),
    FileType.ODT: (".odt",),
    FileType.JPEG: (".jpg", ".jpeg"),
    FileType.PNG: (".png",),
    FileType.WEBP: (".webp",),
}


class Refusal(StrEnum):
    """Why a file is not taken in."""

    EMPTY = "file-empty"
    UNKNOWN = "file-type"
    HEIC = "file-heic"
    OLD_OR_LOCKED = "file-old-or-locked"
    DAMAGED = "file-damaged"
    TWO_IN_ONE = "file-two-in-one"
    MACROS = "file-macros"
    LOCKED = "file-locked"
    UNSAFE = "file-unsafe"


class NotTaken(Exception):
    """The file is none that is taken in, because of `refusal`."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


HEAD, TAIL = 1024, 65_557  # bytes; a ZIP's last record begins within its last 65,557
MEMBERS, DIRECTORY, UNPACKED = 5000, 2 * 1024**2, 256 * 1024**2  # of a document: parts, bytes
MANIFEST = 1024**2  # bytes of the one part that is unpacked
_STORED, _DEFLATED = 0, 8
_LINK = 0o120000
_ZIP, _ZIP_END, _ZIP64_END = b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x07"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PNG, _PNG_END = b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x00IEND\xaeB`\x82"
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_MACRO_PARTS = ("vbaproject.bin", "vbadata.xml", "vbaprojectsignature.bin")
_MACRO_FOLDERS = ("word/activex/", "basic/", "scripts/")


def file_type(file: BinaryIO) -> FileType:
    """The kind of the file, or NotTaken."""
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(HEAD)
    file.seek(max(0, size - TAIL))
    tail = file.read(TAIL)
    if not size:
        raise NotTaken(Refusal.EMPTY)
    if head.startswith(_ZIP):
        return _document(file, size, tail)
    found = _begun(head)
    if not _is_whole(found, head, tail, size):
        raise NotTaken(Refusal.DAMAGED)
    # What another program would open as something else: a PDF is looked for in the first kilobyte, a ZIP
    # (and so a program in Java, a document) from the end.
    if _ends_as_zip(tail) or (found is not FileType.PDF and b"%PDF-" in head):
        raise NotTaken(Refusal.TWO_IN_ONE)
    return found


def _begun(head: bytes) -> FileType:
    """The kind by its first bytes."""
    if head.startswith(b"%PDF-"):
        return FileType.PDF
    if head.startswith(b"\xff\xd8\xff"):
        return FileType.JPEG
    if head.startswith(_PNG):
        return FileType.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FileType.WEBP
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        raise NotTaken(Refusal.HEIC)
    if head.startswith(_OLE):
        raise NotTaken(Refusal.OLD_OR_LOCKED)
    raise NotTaken(Refusal.UNKNOWN)


def _is_whole(kind: FileType, head: bytes, tail: bytes, size: int) -> bool:
    """Whether its end is there, where the kind has one that can be told."""
    if kind is FileType.PDF:
        return b"%%EOF" in tail[-4096:]
    if kind is FileType.PNG:
        return head[12:16] == b"IHDR" and tail.endswith(_PNG_END)
    if kind is FileType.WEBP:
        told: int = struct.unpack("<I", head[4:8])[0] + 8
        return size in (told, told + told % 2)
    return b"\xff\xd9" in tail  # telephones append data of their own to a JPEG


def _ends_as_zip(tail: bytes) -> bool:
    """Whether a ZIP's last record, with its remark, ends where the file does."""
    position = tail.rfind(_ZIP_END)
    while position >= 0:
        remark = tail[position + 20 : position + 22]
        if len(remark) == 2 and position + 22 + int.from_bytes(remark, "little") == len(tail):  # noqa: PLR2004
            return True
        position = tail.rfind(_ZIP_END, 0, position)
    return False


def _document(file: BinaryIO, size: int, tail: bytes) -> FileType:
    """The kind of document that a ZIP is, by its directory; nothing of it is unpacked but a manifest."""
    parts = _parts(file, size, tail)
    names = [part.filename for part in parts]
    if not _is_safe(parts):
        raise NotTaken(Refusal.UNSAFE)
    if any(part.flag_bits & 0x2041 for part in parts) or "encrypted-package" in names:
        raise NotTaken(Refusal.LOCKED)
    file.seek(0)
    head = file.read(HEAD)
    is_text = head[30:38] == b"mimetype" and head[38:].startswith(FileType.ODT.encode() + b"PK")
    if not is_text and not {"[Content_Types].xml", "word/document.xml"} <= set(names):
        raise NotTaken(Refusal.UNKNOWN)
    lowered = [name.lower() for name in names]
    if any(name.rpartition("/")[2] in _MACRO_PARTS or name.startswith(_MACRO_FOLDERS) for name in lowered):
        raise NotTaken(Refusal.MACROS)
    if not is_text:
        return FileType.DOCX
    if b"encryption-data" in _manifest(file):
        raise NotTaken(Refusal.LOCKED)
    return FileType.ODT


def _parts(file: BinaryIO, size: int, tail: bytes) -> Sequence[zipfile.ZipInfo]:
    """The directory of a ZIP that is all of the file, and bounded: looked at before it is read."""
    end = tail[-22:]
    if not end.startswith(_ZIP_END) or tail[-42:-38] == _ZIP64_END:
        raise NotTaken(Refusal.DAMAGED)
    count, length, start = struct.unpack("<10xHII2x", end)
    if count > MEMBERS or length > DIRECTORY:
        raise NotTaken(Refusal.UNSAFE)
    if start + length + 22 != size:
        raise NotTaken(Refusal.TWO_IN_ONE)
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    # zipfile raises NotImplementedError for an archive of a version that it does not know.
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise NotTaken(Refusal.DAMAGED) from error
    if len(parts) != count:
        raise NotTaken(Refusal.DAMAGED)
    return parts


def _is_safe(parts: Sequence[zipfile.ZipInfo]) -> bool:
    """Whether it can be unpacked without harm.

    No names that lead out of a folder or stand twice, no links, no other packing, no parts that share
    their bytes, and no more than a document holds.
    """
    if len({part.filename.lower() for part in parts}) < len(parts):
        return False
    free = 0
    for part in sorted(parts, key=lambda part: part.header_offset):
        steps = part.orig_filename.split("/")
        leads_out = ".." in steps or steps[0] == "" or any(mark in part.orig_filename for mark in "\\:\0")
        is_link = part.external_attr >> 16 & 0o170000 == _LINK
        if leads_out or is_link or part.compress_type not in (_STORED, _DEFLATED):
            return False
        if part.header_offset < free:
            return False
        free = part.header_offset + 30 + part.compress_size
    return sum(part.file_size for part in parts) <= UNPACKED


def _manifest(file: BinaryIO) -> bytes:
    """The list of an OpenDocument's parts, which says what is encrypted; as much of it as there may be."""
    try:
        with zipfile.ZipFile(file) as archive, archive.open("META-INF/manifest.xml") as part:
            manifest = part.read(MANIFEST + 1)
    except Exception as error:  # the ways in which packed bytes can be wrong are many
        raise NotTaken(Refusal.DAMAGED) from error
    if len(manifest) > MANIFEST:
        raise NotTaken(Refusal.UNSAFE)
    return manifest
