"""Names of files: made safe to show and to save by, and said in a header. Pure."""

import unicodedata
from pathlib import PurePosixPath
from urllib.parse import quote

from app.core.filetypes import ENDINGS, FileType

LONGEST = 120  # characters; with their ending they fit every file system, which counts bytes
NAMELESS = "bestand"
# What Windows takes for something else, or not at all.
_RESERVED = str.maketrans(dict.fromkeys('<>:"|?*', "_"))
# As in RFC 8187, section 3.2.1.
_ATTRIBUTE = "!#$&+-.^_`|~"
# As browsers write what cannot stand in a form's header.
_ESCAPED = {"%22": '"', "%0D": "\r", "%0A": "\n", "%0d": "\r", "%0a": "\n"}


def safe_name(sent: bytes, kind: FileType) -> str:
    """The name that a sender gave, for people: NFC, and with the ending of what the file is.

    Folders, and what cannot be seen, are left out.
    """
    text = sent.decode("utf-8", "replace")
    for escaped, character in _ESCAPED.items():
        text = text.replace(escaped, character)
    text = unicodedata.normalize("NFC", text).replace("\\", "/").rpartition("/")[2]
    seen = "".join(character if _is_seen(character) else " " for character in text)
    name = " ".join(seen.translate(_RESERVED).split()).strip(". ")
    endings = ENDINGS[kind]
    stem, ending = name, endings[0]
    if name.lower().endswith(endings):
        ending = PurePosixPath(name).suffix
        stem = name[: -len(ending)] if ending else ""
    return f"{_cut(stem) or NAMELESS}{ending}"


def _is_seen(character: str) -> bool:
    """No control, format, line or private character, nor half of one: these hide an ending, break a line."""
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _cut(stem: str) -> str:
    """At most as long as a name may be, in characters and, for file systems, in bytes."""
    return stem[:LONGEST].encode()[: 2 * LONGEST].decode("utf-8", "ignore").strip(". ")


def attachment(name: str) -> str:
    """The Content-Disposition of a download (RFC 6266): the name in ASCII, and as it is (RFC 8187)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = "".join(c if c.isalnum() or c in " ._-()" else "_" for c in plain)
    if plain == name:
        return f'attachment; filename="{plain}"'
    if plain.startswith("."):
        plain = NAMELESS + plain
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=_ATTRIBUTE)}"
