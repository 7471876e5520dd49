"""Tables as CSV for spreadsheets: UTF-8 with a byte order mark, semicolons, and no cell that is a formula.

Pure. A text that a spreadsheet would take for a formula gets an apostrophe before it, which `original` takes
off again: whatever is written here is read back as it was.
"""

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

MEDIA_TYPE = "text/csv; charset=utf-8"
Cell = str | int | Decimal | date | None

# Full-width signs count for Excel too; one that white space precedes does for some of its kin. An apostrophe
# before such a sign gets one more, so that taking one off always gives what was written.
_FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n|%＝＋－＠]")  # noqa: RUF001  those signs are what is looked for


def neutral(text: str) -> str:
    """The text as a cell that every spreadsheet takes for text."""
    return f"'{text}" if _FORMULA.match(text) else text


def original(cell: str) -> str:
    """The text that was made `neutral`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def write(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The table as the bytes of a file; numbers and dates stay what they are, None is an empty cell."""
    return head(header) + lines(rows)


def head(header: Sequence[str]) -> bytes:
    """How a file begins: its byte order mark and the names of its columns."""
    return BOM_UTF8 + lines([header])


def lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    """More rows of a file that `head` has begun, so that a long one need not be in memory whole."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerows([_written(cell) for cell in row] for row in rows)
    # A lone surrogate, which JSON may hold, has no bytes in UTF-8.
    return text.getvalue().encode(errors="replace")


def read(content: bytes) -> list[list[str]]:
    """The rows of such a file, header included, with every text as it was before it was made neutral."""
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return [[original(cell) for cell in row] for row in csv.reader(text, delimiter=";", strict=True)]


def _written(cell: Cell) -> str:
    if isinstance(cell, str):
        return neutral(cell)
    return "" if cell is None else str(cell)
