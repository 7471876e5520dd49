"""Attempts to be read as more than a value: as SQL, as a pattern, as the place of a page."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.attacks.siege import OPEN, Siege, letters
from tests.whole.test_strictness import DOCUMENT
from tests.world import PILOT, Party, registration

# Longer than any answer takes, and as long as a database that was told to sleep would take.
SLEEP = 20
SQL = {
    "a quotation mark": "'",
    "a condition that is always true": "' OR '1'='1",
    "a remark": "'; --",
    "a remark over several lines": "'/**/OR/**/1=1/*",
    "a second statement": "x'; DELETE FROM event; --",
    "a union": "' UNION SELECT id, digest, null FROM client_secret --",
    "a role that changes": "'; SET ROLE postgres; --",
    "a policy that is left": "'; SELECT set_config('app.tenant', 'mocca', false); --",
    "a database that sleeps": f"'||pg_sleep({SLEEP})||'",
    "a database that sleeps, by itself": f"1; SELECT pg_sleep({SLEEP})--",
    "a program that is run": "'; COPY x FROM PROGRAM 'id'; --",
    "an escape of Unicode": "U&'\\0027'",
    "a quotation mark as wide as two": "＇ OR 1=1",
    "a parameter in percent signs": "%(partner)s",
    "a format": "{0.__class__.__mro__}",
    "a template": "{{7*7}}${7*7}<%= 7*7 %>#{7*7}",
    "a document's operator": '{"$gt": ""}',
    "a list": "mocca,fleck",
    "a NUL": "a\0b",
    "a directory's filter": "*)(uid=*))(|(uid=*",
    "a shell's command": "$(sleep 4)`sleep 4`;sleep 4|sleep 4",
    "an expression that never ends": "(a+)+$" + "a" * 40 + "!",
    "a long text": "x" * 1900,
}
# What every list reads in the same way is attacked on one list alone.
EVERYWHERE = {"limit", "cursor", "sort"}
# What a list may be asked for: in any words, or in a few that the contract names, which need fewer attacks.
ANY: dict[str, list[str]] = {}
NAMED: dict[str, list[str]] = {}
for path, operations in DOCUMENT["paths"].items():
    for one in operations.get("get", {}).get("parameters", []):
        if one["in"] == "query" and (path == "/registrations" or one["name"] not in EVERYWHERE):
            chosen = NAMED if "enum" in str(one["schema"]) or "format" in str(one["schema"]) else ANY
            chosen.setdefault(f"/v1{path}", []).append(one["name"])


def reader(siege: Siege, path: str) -> Any:
    """Who may read it, with the least other rights: Mocca where partners may."""
    world = siege.world
    who: dict[str, Party] = {"p": world.mocca, "v": world.provider, "c": world.lkca, "a": world.admin}
    return who.get(letters("GET", path)[:1], world.http)


def test_there_are_queries_to_attack() -> None:
    assert len({*ANY, *NAMED}) > 10
    assert sum(map(len, (*ANY.values(), *NAMED.values()))) > 30


@pytest.mark.parametrize("name", SQL)
def test_no_part_of_a_query_is_sql(untouched: Siege, name: str) -> None:
    """Each parameter of each list: refused, or nothing found that is not there without it, and at once."""
    thorough = name in list(SQL)[::6]
    for path in {**ANY, **NAMED}:
        for parameter in (*ANY.get(path, []), *(NAMED.get(path, []) if thorough else [])):
            began = time.monotonic()
            answer = reader(untouched, path).get(
                path.format(**untouched.names), params={parameter: SQL[name]}
            )
            assert time.monotonic() - began < SLEEP, (path, parameter)
            assert answer.status_code in (200, 400, 403), (path, parameter, answer.text)
            if answer.status_code == 400:
                told = [fault["pointer"] for fault in answer.json()["errors"]]
                assert told == [f"#/{parameter}"], (path, parameter)
            elif parameter != "lang":
                assert _found(answer) == [], (path, parameter, answer.text)


def _found(answer: httpx.Response) -> list[Any]:
    """What a list holds: the items of a page, or the rows of a table."""
    if answer.headers["content-type"] == "application/json":
        items: list[Any] = answer.json()["items"]
        return items
    lines: list[Any] = answer.text.splitlines()
    return lines if "jsonl" in answer.headers["content-type"] else lines[1:]


@pytest.mark.parametrize("name", list(SQL)[::4])
def test_no_part_of_an_address_is_sql(untouched: Siege, name: str) -> None:
    """Each part of each address that is read, in the place of what should stand there."""
    value = SQL[name][:200].encode().replace(b"/", b"%2F")
    said = "".join(chr(one) if chr(one).isalnum() else f"%{one:02x}" for one in value.replace(b"%2F", b"/"))
    for path, operations in DOCUMENT["paths"].items():
        parts = [part for part in path.split("/") if part.startswith("{")]
        if "get" in operations and parts:
            address = f"/v1{path}".replace(parts[-1], "PART").format(**untouched.names).replace("PART", said)
            answer = reader(untouched, f"/v1{path}").get(address)
            assert answer.status_code in (400, 403, 404), (address, answer.text)


# What means "anything" to somebody else.
WILD = {
    "a percent sign": "%",
    "two percent signs": "%%",
    "an underline": "_",
    "underlines": "____",
    "percent signs around": "%e%",
    "a backslash": "\\",
    "a backslash and a percent sign": "\\%",
    "two backslashes and a percent sign": "\\\\%",
    "a star": "*",
    "a question mark": "?",
    "a regular expression": ".*",
    "a set": "[a-z]",
    "a similar-to": "(a|e|i|o|u)%",
    "a wide percent sign": "\uff05",
    "a wide underline": "\uff3f",
    "a small percent sign": "\ufe6a",
    "a percent sign between spaces": " % ",
    "a zero-width space": "\u200b",
    "a mark without its letter": "\u0301",
    "a word and a percent sign": "gehei%",
    "a word with an underline": "gehei_",
}


@pytest.mark.parametrize("name", WILD)
@pytest.mark.parametrize(
    "path",
    ["/v1/registrations", "/v1/registration-exports/registrations.csv"],
)
def test_no_sign_finds_everything(untouched: Siege, path: str, name: str) -> None:
    for party in (untouched.world.fleck, untouched.world.admin):
        # In the pilot's edition alone: elsewhere other attacks have put such signs into names.
        answer = party.get(path, params={"q": WILD[name], "edition": PILOT})
        assert answer.status_code in (200, 400), answer.text
        assert answer.status_code == 400 or _found(answer) == []


def test_a_word_finds_what_it_should(siege: Siege) -> None:
    """So the attempts above could have found something."""
    items = siege.world.mocca.get("/v1/registrations", params={"q": "gehei"}).json()["items"]
    assert [one["id"] for one in items] == [siege.spoils.theirs["registrationId"]]


# What a text may be; each is kept to the letter, and is nothing but text to whoever reads it again.
TEXTS = {
    name: text
    for name, text in SQL.items()
    if name not in ("a NUL", "a long text", "an expression that never ends")
} | {
    "a script": "<script>alert(1)</script>",
    "a picture that fails": '"><img src=x onerror=alert(1)>',
    "a link": "javascript:alert(1)",
    "Markdown": "[klik](https://attacker.example)",
    "Typst": '#read("/etc/passwd") $ sum $ #import "@preview/x:1.0.0"',
    "TeX": "\\input{/etc/passwd}",
    "XML": "]]><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "an entity": "&lt;b&gt;&#0;",
    "a path": "../../../../etc/passwd",
    "a name of Python's": "__import__('os').system('id')",
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_kept_to_the_letter_and_is_nothing_but_text(siege: Siege, name: str) -> None:
    text, world = TEXTS[name], siege.world
    names = {"givenName": text[:90], "familyNamePrefix": None, "familyName": text[:90]}
    body = registration(OPEN, applicant=names, position=text, motivation=f"{text}\n{text}")
    others = siege.look("SELECT count(*) FROM registration")[0][0]
    made = world.fleck.post("/v1/registrations", body)
    assert made.status_code == 201, made.text
    assert siege.look("SELECT count(*) FROM registration")[0][0] == others + 1
    kept = world.fleck.get(f"/v1/registrations/{made.json()['id']}").json()
    assert kept["applicant"]["familyName"] == text[:90]
    assert (kept["position"], kept["motivation"]) == (text, f"{text}\n{text}")
    assert siege.look(f"SELECT position FROM registration WHERE id = '{kept['id']}'")[0][0] == text
    found = world.fleck.get("/v1/registrations", params={"q": text[:90], "limit": 100}).json()["items"]
    assert kept["id"] in {one["id"] for one in found}
    assert all(one["partner"] == "fleck" for one in found)
    # The page that shows it, to who holds the form's link, shows it as text.
    page = world.http.get(
        f"/v1/enrolment-forms/{made.json()['enrolmentForm']['token']}", headers={"Accept": "text/html"}
    )
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "root:x:0" not in page.text


NOT_TEXT = {
    "a NUL": '"a\\u0000b"',
    "a NUL as it is": '"a\0b"',
    "half a character": '"a\\ud800b"',
    "the other half": '"a\\udc00b"',
    "halves the wrong way round": '"\\udc00\\ud800"',
    "a backspace": '"a\\u0008b"',
    "an escape of a terminal": '"\\u001b[2J"',
    "a line's end": '"a\\r\\nb"',
    "a line's end of Unicode": '"a\\u2028b"',
    "a delete": '"a\\u007fb"',
    "a next line of C1": '"a\\u0085b"',
}
NOT_UTF8 = {
    "an overlong slash": b"\xc0\xaf",
    "an overlong NUL": b"\xc0\x80",
    "an overlong quotation mark": b"\xe0\x80\xa7",
    "a surrogate in bytes": b"\xed\xa0\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "a byte that is never there": b"\xff",
    "half a character": b"\xe2\x82",
    "Latin-1": "é".encode("latin-1"),
}


def _with_name(written: bytes) -> bytes:
    return json.dumps(registration(OPEN)).encode().replace(b'"Meer"', written)


@pytest.mark.parametrize("name", NOT_TEXT)
def test_what_is_no_text_is_no_name(untouched: Siege, name: str) -> None:
    body = _with_name(NOT_TEXT[name].encode())
    headers = {"Content-Type": "application/json"}
    answer = untouched.world.fleck.request("POST", "/v1/registrations", content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    assert {fault["pointer"] for fault in answer.json()["errors"]} <= {"#", "#/applicant/familyName"}


@pytest.mark.parametrize("name", NOT_UTF8)
def test_what_is_not_utf_8_is_no_text_anywhere(untouched: Siege, name: str) -> None:
    party, raw = untouched.world.fleck, NOT_UTF8[name]
    headers = {"Content-Type": "application/json"}
    body = _with_name(b'"' + raw + b'"')
    answer = party.request("POST", "/v1/registrations", content=body, headers=headers)
    assert [fault["code"] for fault in answer.json()["errors"]] == ["json-invalid"]
    said = "".join(f"%{one:02X}" for one in raw)
    for path in (f"/v1/registrations?q={said}", f"/v1/events?type={said}"):
        answer = party.get(path)
        assert answer.status_code == 400, answer.text
        assert "string-unicode" in {fault["code"] for fault in answer.json()["errors"]}
    assert party.get(f"/v1/registrations/{said}").status_code in (400, 404)
    answer = party.request(
        "POST",
        "/v1/registration-imports",
        content=b"editie;voornaam\n" + raw,
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == 400, answer.text


def _sealed(siege: Siege, party: Party, path: str, key: bytes) -> str:
    """A cursor with the seal of the list's own and another key: the seal is no secret."""
    cursor = siege.world.admin.get(path, params={"limit": 1}).json()["nextCursor"]
    assert party
    return base64.urlsafe_b64encode(base64.urlsafe_b64decode(cursor)[:6] + key).decode()


def _keys() -> Iterator[tuple[str, bytes]]:
    yield "nothing", b""
    yield "a word", b"x"
    yield "SQL", b"2021-06-15T07:00:00+00:00 ' OR 1=1 --"
    yield "a NUL", b"a\0b"
    yield "no text", b"\xff\xfe"
    yield "a huge number", b"9" * 400
    yield "a negative number", b"-1"
    yield "a number of another alphabet", "٣".encode()
    yield "a moment before all", b"0001-01-01T00:00:00+00:00 00000000-0000-0000-0000-000000000000"
    yield "a moment after all", b"9999-12-31T23:59:59-12:00 ffffffff-ffff-ffff-ffff-ffffffffffff"
    yield "a moment without offset", b"2021-06-15T07:00:00 00000000-0000-0000-0000-000000000000"
    yield "an id alone", b"00000000-0000-0000-0000-000000000000"
    yield "infinity", b"infinity -infinity"
    yield "a long text", b"a" * 1000


KEYS = dict(_keys())
PAGED = (
    "registrations",
    "applicants",
    "attendance",
    "certificates",
    "invoices",
    "messages",
    "webhooks",
    "events",
)


@pytest.mark.parametrize("name", KEYS)
def test_no_forged_cursor_leads_out_of_ones_own_list(untouched: Siege, name: str) -> None:
    for listed in PAGED:
        path = f"/v1/{listed}"
        cursor = _sealed(untouched, untouched.world.fleck, path, KEYS[name])
        answer = untouched.world.fleck.get(path, params={"cursor": cursor, "limit": 100})
        assert answer.status_code in (200, 400), (path, answer.text)
        assert not [mark for mark in untouched.spoils.marks if mark in answer.text]
        if answer.status_code == 200:
            mine = untouched.world.fleck.get(path, params={"limit": 100}).json()["items"]
            assert [one for one in answer.json()["items"] if one not in mine] == []


UNSEALED: dict[str, Callable[[Siege], str]] = {
    "of a list with other filters": lambda siege: _sealed(
        siege, siege.world.fleck, f"/v1/registrations?edition={PILOT}", b"x"
    ),
    "not in base64": lambda _: "!!!!",
    "in base64 of another alphabet": lambda _: "+/+/+/+/",
    "a letter long": lambda _: "A",
    "empty": lambda _: "",
    "a path": lambda _: "../../registrations",
    "of nothing but a seal": lambda _: base64.urlsafe_b64encode(bytes(6)).decode(),
    "longer than the contract says": lambda _: "A" * 2004,
    "an offset": lambda _: "50",
    "a pickled object": lambda _: base64.b64encode(b"cos\nsystem\n(S'id'\ntR.").decode(),
}


@pytest.mark.parametrize("name", UNSEALED)
def test_no_cursor_that_we_did_not_make_is_taken(untouched: Siege, name: str) -> None:
    cursor = UNSEALED[name](untouched)
    answer = untouched.world.fleck.get("/v1/registrations", params={"cursor": cursor})
    assert answer.status_code == 400, answer.text
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/cursor"]
