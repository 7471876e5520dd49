"""Files of registrations, read row by row: CSV as spreadsheets write it, or JSON lines (pure).

What is wrong with the file as a whole is refused whole; what is wrong with a row is the row's own.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import Any, BinaryIO

from app.core.faults import pointer
from app.core.problems import Fault, InvalidInput
from app.imports.columns import COLUMNS, Column, column_of, folded, is_known, nested

LONGEST_LINE = 65_536  # characters; the longest row that can be right has some 15,000
MOST_COLUMNS = 100
PIECE = 64 * 1024
# By the name that a charset has in a Content-Type; what Latin-1 is called is Windows-1252 (WHATWG Encoding).
ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
}
# What they are called to people.
NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "cp1252": "Windows-1252",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SEPARATOR = re.compile(r'"?sep=([;,\t])"?\s*', re.IGNORECASE)  # Excel's own first line


class ImportFormat(StrEnum):
    """How the rows of a file are written."""

    CSV = "csv"
    JSON_LINES = "json-lines"


@dataclass(frozen=True)
class Row:
    """One row: which it is, the line it begins on, what it says as JSON, and what is wrong with its form."""

    number: int
    line: int
    content: str | None
    faults: list[Fault] = field(default_factory=list)


class Sheet:
    """A file to read: its encoding, what its columns are called, and its rows, each when it is asked for.

    Raises InvalidInput for a file that cannot be read at all, with every fault of its header.
    """

    def __init__(self, file: BinaryIO, kind: ImportFormat, charset: str | None, given: Sequence[str]) -> None:
        """`charset` is the one that came with it, if any; `given` are members that every row has already."""
        if charset is not None and charset.lower() not in ENCODINGS:
            raise _unreadable("encoding", detail=f"The charset {charset[:40]} is not known; send UTF-8.")
        encoding = _encoding(file, kind, charset and ENCODINGS[charset.lower()])
        self.encoding = NAMES[encoding]
        self._text = io.TextIOWrapper(file, encoding, newline="")
        self._lines = _lines(self._text)
        # By pointer, what the file calls a column.
        self.columns: Mapping[str, str] = {}
        self._rows = self._of_csv(given) if kind is ImportFormat.CSV else self._of_json()

    def __iter__(self) -> Iterator[Row]:
        """The rows; blank ones do not count."""
        return self._rows

    def close(self) -> None:
        """Let go of the file, which stays open."""
        self._text.detach()

    def _of_csv(self, given: Sequence[str]) -> Iterator[Row]:
        before, first = next(((n, line) for n, line in enumerate(self._lines, 1) if line.strip()), (1, ""))
        if separator := _SEPARATOR.fullmatch(first):
            before, first = before + 1, next(self._lines, "")
        delimiter = separator[1] if separator else _delimiter(first)
        reader = csv.reader(chain([first], self._lines), delimiter=delimiter, strict=True)
        header = [name.strip() for name in _next(reader, before) or []]
        _check(header, given)
        columns = [column_of(name) for name in header]
        self.columns = {
            column.pointer: "".join(one for one in name if one.isprintable())[:100]
            for column, name in zip(columns, header, strict=True)
            if column
        }
        return _cells(reader, columns, before)

    def _of_json(self) -> Iterator[Row]:
        number = 0
        for line, text in enumerate(self._lines, start=1):
            if text.strip():
                number += 1
                fault = _fault_of(text)
                yield Row(number, line, None if fault else text.strip(), [fault] if fault else [])


def _encoding(file: BinaryIO, kind: ImportFormat, named: str | None) -> str:
    """What the file is written in: as its mark says, or its sender, or else UTF-8 where that can be."""
    beginning = file.read(3)
    file.seek(0)
    marked = next((encoding for mark, encoding in _MARKS if beginning.startswith(mark)), None)
    encodings = [marked or named] if marked or named else ["utf-8", "cp1252"]
    if kind is ImportFormat.JSON_LINES:
        encodings = ["utf-8-sig"]  # RFC 8259, section 8.1
    for encoding in encodings:
        if encoding and _decodes(file, encoding):
            return encoding
    raise _undecodable(NAMES[encodings[0] or "utf-8"])


def _decodes(file: BinaryIO, encoding: str) -> bool:
    """Whether all of the file is text in this encoding; it is at its beginning again afterwards."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while piece := file.read(PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    finally:
        file.seek(0)
    return True


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines, as they are, none longer than a row can be."""
    number = 0
    while line := text.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise _unreadable("line-too-long", detail=f"Line {number} is longer than any row can be.")
        yield line


def _delimiter(header: str) -> str:
    """What stands between the cells: what makes most of the header's cells columns."""
    return max(";,\t", key=lambda one: sum(map(_names_a_column, _split(header, one))))


def _split(header: str, delimiter: str) -> list[str]:
    return [name.strip().strip('"') for name in header.split(delimiter)]


def _names_a_column(name: str) -> bool:
    return bool(folded(name)) and is_known(name)


def _check(header: Sequence[str], given: Sequence[str]) -> None:
    """InvalidInput unless each name is a column's, none stands twice and none is missing."""
    if len(header) > MOST_COLUMNS:
        raise _unreadable("too-many-columns", detail=f"A file may have {MOST_COLUMNS} columns at most.")
    faults, seen = list[Fault](), set[Column]()
    for name in header:
        column, shown = column_of(name), name[:100].encode("utf-8", "replace").decode()
        if not is_known(name):
            detail = f"There is no column {shown}."
            faults.append(Fault(pointer=pointer([shown]), code="unknown-column", detail=detail))
        elif column in seen:
            detail = f"The column {shown} stands there twice."
            faults.append(Fault(pointer=pointer([shown]), code="repeated-column", detail=detail))
        elif column:
            seen.add(column)
    for column in COLUMNS:
        is_required = column.is_required or column.path == ("edition",)
        if is_required and column not in seen and column.path[0] not in given:
            detail = f"The column {column.name('en')} ({column.name('nl')}) is missing."
            faults.append(Fault(pointer=column.pointer, code="missing-column", detail=detail))
    if faults:
        raise InvalidInput(faults)


def _next(reader: Any, before: int) -> list[str] | None:
    """The next row of cells, or None at the end."""
    try:
        row: list[str] | None = next(reader, None)
    except csv.Error as error:
        line = reader.line_num + before - 1
        detail = f"The file cannot be read at line {line}: see to its quotation marks."
        raise _unreadable("csv-invalid", detail=detail) from error
    return row


def _cells(reader: Any, columns: Sequence[Column | None], before: int) -> Iterator[Row]:
    number, line = 0, reader.line_num + before
    while (cells := _next(reader, before)) is not None:
        if any(cell.strip() for cell in cells):
            number += 1
            faults = []
            if any(cell.strip() for cell in cells[len(columns) :]):
                detail = f"The row has {len(cells)} cells, and there are {len(columns)} columns."
                faults = [Fault(pointer="#", code="too-many-cells", detail=detail)]
            yield Row(number, line, json.dumps(nested(columns, cells)), faults)
        line = reader.line_num + before


def _fault_of(line: str) -> Fault | None:
    """What is wrong with a line that should be one JSON object."""
    try:
        said = json.loads(line, object_pairs_hook=_each_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        return _json(detail=f"The line is not JSON from character {error.pos + 1} on.")
    except (ValueError, RecursionError) as error:
        if isinstance(error, _Twice):
            return _json(detail="The line has a name twice in one object.")
        return _json(detail="The line holds what cannot be read as JSON.")
    return None if isinstance(said, dict) else _json(detail="The line is no JSON object.")


class _Twice(ValueError):
    """A name stands twice in one object, which not every reader reads alike (RFC 8259, section 4)."""


def _each_once(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) < len(members):
        raise _Twice
    return found


def _no_constant(_name: str) -> object:
    raise ValueError("NaN and Infinity are no JSON")


def _json(detail: str) -> Fault:
    return Fault(pointer="#", code="json-invalid", detail=detail)


def _unreadable(code: str, detail: str) -> InvalidInput:
    return InvalidInput([Fault(pointer="#", code=code, detail=detail)])


def _undecodable(encoding: str) -> InvalidInput:
    return _unreadable("encoding", detail=f"The file is not {encoding}; save it as UTF-8.")
