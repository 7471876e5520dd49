"""Files of registrations as programs write them, read row by row; and what is no such file."""

import codecs
import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core import sheets
from app.core.problems import InvalidInput
from app.imports.columns import COLUMNS, TOLD, flat, is_known, nested
from app.imports.reading import LONGEST_LINE, ImportFormat, Row, Sheet

WHOLE = "edition;given name;family name prefix;family name;email;school;city"
NOOR = "voorbeeld;Zoë;van der;Meer;noor@lyceum.example;Het Lyceum;Almere"
BODY = {
    "edition": "voorbeeld",
    "applicant": {
        "givenName": "Zoë",
        "familyNamePrefix": "van der",
        "familyName": "Meer",
        "email": "noor@lyceum.example",
    },
    "school": {"name": "Het Lyceum", "city": "Almere"},
}


def read(
    content: bytes | str,
    kind: ImportFormat = ImportFormat.CSV,
    charset: str | None = None,
    given: tuple[str, ...] = (),
) -> list[Row]:
    """The rows of a file."""
    encoded = content.encode() if isinstance(content, str) else content
    return list(Sheet(io.BytesIO(encoded), kind, charset, given))


def bodies(content: bytes | str, **kwargs: Any) -> list[Any]:
    return [json.loads(row.content) for row in read(content, **kwargs) if row.content]


def refused(content: bytes | str, **kwargs: Any) -> list[tuple[str, str]]:
    """Where a file that cannot be read is wrong, and how."""
    with pytest.raises(InvalidInput) as caught:
        read(content, **kwargs)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("encoding", "mark", "charset", "known_as"),
    [
        ("utf-8", b"", None, "UTF-8"),
        ("utf-8", codecs.BOM_UTF8, None, "UTF-8"),
        ("utf-8", codecs.BOM_UTF8, "windows-1252", "UTF-8"),  # the mark says more than who sends it
        ("cp1252", b"", None, "Windows-1252"),
        ("cp1252", b"", "ISO-8859-1", "Windows-1252"),
        ("utf-16-le", codecs.BOM_UTF16_LE, None, "UTF-16"),
        ("utf-16-be", codecs.BOM_UTF16_BE, None, "UTF-16"),
        ("utf-16-le", b"", "utf-16le", "UTF-16"),
    ],
)
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_however_a_spreadsheet_writes_it(
    encoding: str, mark: bytes, charset: str | None, known_as: str, delimiter: str, ending: str
) -> None:
    text = ending.join([WHOLE, NOOR, ""]).replace(";", delimiter)
    sheet = Sheet(io.BytesIO(mark + text.encode(encoding)), ImportFormat.CSV, charset, ())
    assert sheet.encoding == known_as
    assert [(row.number, row.line, json.loads(row.content or "")) for row in sheet] == [(1, 2, BODY)]


@pytest.mark.parametrize(
    "header",
    [
        "editie;voornaam;tussenvoegsel;achternaam;e-mail;school;plaats",
        "Editie;Voornaam;Tussenvoegsels;ACHTERNAAM;E-mailadres;Schoolnaam;Plaats school",
        WHOLE.replace("given name", "applicant.givenName").replace("school;city", "school.name;school.city"),
        "edition;first_name;prefix;last_name;mail;school;city",
        '"edition";"given name";"family name prefix";"family name";"email";"school";"city"',
    ],
)
def test_columns_have_dutch_and_english_names(header: str) -> None:
    assert bodies(f"{header}\n{NOOR}") == [BODY]


def test_what_is_between_quotation_marks_is_one_cell_on_however_many_lines() -> None:
    text = f'sep=;\n{WHOLE};motivatie\n\n{NOOR};"Eerst ""luisteren"";\ndan zingen"\n;;;;;;;\n{NOOR};\n'
    first, second = read(text)
    assert (first.line, second.line) == (4, 7)
    assert json.loads(first.content or "")["motivation"] == 'Eerst "luisteren";\ndan zingen'
    assert "motivation" not in json.loads(second.content or "")


def test_a_row_may_be_shorter_and_not_longer() -> None:
    short, padded, long = read(f"{WHOLE}\nvoorbeeld;Zoë\n{NOOR};;;\n{NOOR};x\n")
    assert json.loads(short.content or "")["applicant"] == {"givenName": "Zoë"}
    assert (padded.faults, [fault.code for fault in long.faults]) == ([], ["too-many-cells"])


def test_what_an_exported_file_tells_is_read_past_but_for_the_id() -> None:
    header = ";".join([*TOLD["nl"], WHOLE, "regel", "probleem"])
    assert bodies(f"{header}\n1;received;2021-06-15T07:00:00Z;{NOOR};7;fout") == [{**BODY, "id": "1"}]


def test_everything_wrong_with_a_header_is_told_at_once() -> None:
    assert refused("voornaam;voornaam;leeftijd;email\n") == [
        ("#/voornaam", "repeated-column"),
        ("#/leeftijd", "unknown-column"),
        ("#/edition", "missing-column"),
        ("#/applicant/familyName", "missing-column"),
        ("#/school/name", "missing-column"),
        ("#/school/city", "missing-column"),
    ]
    assert bodies("achternaam;email;school;plaats\nMeer;a@b.example;S;P", given=("edition",))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (f'{WHOLE}\n{NOOR};"never closed\n', "csv-invalid"),
        (f'{WHOLE}\nvoorbeeld;"Zoë"x\n', "csv-invalid"),
        (f"{WHOLE}\n{'x' * LONGEST_LINE}\n", "line-too-long"),
        (";" * 101, "too-many-columns"),
        (b"\x81\x8d", "encoding"),
        (b"\xff\xfe\x00", "encoding"),
    ],
)
def test_what_cannot_be_read_is_refused(content: bytes | str, code: str) -> None:
    assert refused(content) == [("#", code)]


def test_a_charset_is_a_promise() -> None:
    assert refused(WHOLE, charset="klingon") == [("#", "encoding")]
    assert refused(f"{WHOLE}\n{NOOR}".encode("cp1252"), charset="utf-8") == [("#", "encoding")]


def test_json_lines_are_objects_a_line_each() -> None:
    good = json.dumps(BODY)
    wrong = ["[]", "7", '{"a": 1, "a": 2}', "{", '{"a": NaN}', "[" * 5000, '{"a": ' + "9" * 5000 + "}"]
    rows = read("\n".join(["\ufeff" + good, "", *wrong, good]), kind=ImportFormat.JSON_LINES)
    assert [(row.number, row.line) for row in rows[:2]] == [(1, 1), (2, 3)]
    assert [fault.code for row in rows for fault in row.faults] == ["json-invalid"] * len(wrong)
    assert [json.loads(row.content) for row in rows if row.content] == [BODY, BODY]
    assert refused(good.encode("utf-16"), kind=ImportFormat.JSON_LINES) == [("#", "encoding")]


def test_every_name_of_a_column_leads_to_one() -> None:
    for column in COLUMNS:
        for name in (column.nl, column.en, ".".join(column.path)):
            assert is_known(name)
            assert nested([column], ["x"]) != {"applicant": {}, "school": {}}


# What a name may begin with, whatever a spreadsheet makes of it; an outer space is never kept.
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
_NASTY = st.builds(str.__add__, st.text("'=+-@;,\"\t\n\r ＝|", max_size=4), _TEXT)


@given(st.lists(_NASTY.filter(str.strip) | st.just(""), max_size=6))
@example(["=1+1", "+31", "-x", "@home", "'t Hart", "'=1", '"', ";", "a\nb", "ë", "'-", "x,y"])
def test_what_is_written_is_read_back_as_it_was(cells: list[str]) -> None:
    """As `exports.py` writes it: every cell in the first columns, the others empty."""
    row = [*cells, *[""] * (len(COLUMNS) - len(cells))]
    written = sheets.write([column.nl for column in COLUMNS], [row, row])
    assert [flat(body) for body in bodies(written)] == ([row, row] if any(row) else [])
