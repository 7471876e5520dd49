"""Attempts by requests that are too much, or that two servers in a row would read differently.

Each is sent byte by byte, since no library sends such a thing. Whatever the answer is, it is a refusal, and
the server lives; which of the refusals it is, the server's own tests say.
"""

import gzip
import json
import zlib
from collections.abc import Callable

import pytest

from tests.attacks.server import spoken, statuses
from tests.attacks.siege import OPEN, Siege
from tests.world import registration

PATH = "/v1/registrations"
LIMIT, MORE = 1_048_576, 2 * 1024**2


def body() -> bytes:
    """A good body, of somebody new."""
    return json.dumps(registration(OPEN)).encode()


def head(siege: Siege, *lines: str, target: str = f"POST {PATH}") -> bytes:
    """The first lines of a request of Fleck's, which ends the connection."""
    token = siege.world.fleck.token()
    fixed = (
        f"{target} HTTP/1.1",
        "Host: register.example",
        f"Authorization: Bearer {token}",
        "Connection: close",
    )
    return "\r\n".join([*fixed, *lines, "", ""]).encode("latin-1")


def sized(content: bytes) -> str:
    return f"Content-Length: {len(content)}"


def lives(siege: Siege) -> None:
    """The server answers as it did before."""
    assert siege.world.http.get("/health/ready").status_code == 200


def refused(answer: bytes) -> None:
    """Nothing but refusals, and one at least."""
    told = statuses(answer)
    assert told, "no answer"
    assert [status for status in told if not 400 <= status < 500] == [], answer[:500]


def deep(opening: str, closing: str, depth: int, inside: str = "1") -> bytes:
    return (opening * depth + inside + closing * depth).encode()


HUGE = "9" * 100_000
TOO_MUCH = {
    "two megabytes of text": b'{"motivation": "' + b"x" * MORE + b'"}',
    "two megabytes of spaces": b" " * MORE + b"{}",
    "two megabytes of numbers": b'{"x": [' + b"1," * (MORE // 2) + b"1]}",
    "sixty thousand members": json.dumps({f"m{n}": n for n in range(60_000)}).encode(),
    "a member with a name of half a megabyte": json.dumps({"n" * 500_000: 1}).encode(),
    "a hundred thousand lists": deep("[", "]", 100_000),
    "a hundred thousand objects": deep('{"a":', "}", 100_000),
    "a hundred thousand lists that never close": b"[" * 100_000,
    "lists in every member": json.dumps({"applicant": json.loads(deep("[", "]", 900))}).encode(),
    "objects in a text's place": b'{"position": ' + deep('{"a":', "}", 200) + b"}",
    "a number of a hundred thousand digits": f'{{"edition": {HUGE}}}'.encode(),
    "a fraction of a hundred thousand digits": f'{{"edition": 0.{HUGE}}}'.encode(),
    "a number beyond all numbers": b'{"edition": 1e999999999}',
    "a number that is none": b'{"edition": NaN}',
    "an endless number": b'{"edition": -Infinity}',
    "a minus nought": b'{"edition": -0}',
    "a text of escapes alone": b'{"motivation": "' + b"\\u0041" * 150_000 + b'"}',
    "a text of marks upon marks": json.dumps({"motivation": "a" + "\u0301" * 100_000}).encode(),
    "nothing": b"",
    "a NUL": b"\0",
    "text": b"hello",
    "XML": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "YAML": b"!!python/object/apply:os.system ['id']",
    "a pickle": b"cos\nsystem\n(S'id'\ntR.",
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_no_body_is_too_much(untouched: Siege, name: str) -> None:
    content = TOO_MUCH[name]
    answer = spoken(
        untouched.server, head(untouched, "Content-Type: application/json", sized(content)), content
    )
    # Whom it has refused by the length alone, it does not listen to any longer.
    if answer or len(content) < LIMIT:
        refused(answer)
    lives(untouched)


CODINGS: dict[str, tuple[str, bytes]] = {
    "gzip": ("Content-Encoding: gzip", gzip.compress(body())),
    "gzip of ten megabytes": ("Content-Encoding: gzip", gzip.compress(bytes(10**7))),
    "deflate": ("Content-Encoding: deflate", zlib.compress(body())),
    "gzip that is none": ("Content-Encoding: gzip", b"\x1f\x8b" + b"x" * 100),
    "gzip within gzip": ("Content-Encoding: gzip, gzip", gzip.compress(gzip.compress(body()))),
    "br": ("Content-Encoding: br", b"\x8b\x02\x80{}\x03"),
    "UTF-16": ("Content-Type: application/json; charset=utf-16", body().decode().encode("utf-16")),
    "UTF-32": ("Content-Type: application/json; charset=utf-32", body().decode().encode("utf-32")),
    "UTF-7": ("Content-Type: application/json; charset=utf-7", body().replace(b"{", b"+AHs-")),
    "EBCDIC": ("Content-Type: application/json; charset=cp037", body().decode().encode("cp037")),
    "a byte order mark": ("Content-Type: application/json", b"\xef\xbb\xbf" + body()),
    "another type": ("Content-Type: text/plain", body()),
    "another type that begins alike": ("Content-Type: application/jsonp", body()),
    "another type of JSON": ("Content-Type: application/vnd.api+json", body()),
    "two types": ("Content-Type: text/plain, application/json", body()),
    "no type": ("X-Type: application/json", body()),
    "a form": ("Content-Type: application/x-www-form-urlencoded", b"edition=nu-open"),
    "a form in parts": (
        "Content-Type: multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="edition"\r\n\r\nnu-open\r\n--b--\r\n',
    ),
}


@pytest.mark.parametrize("name", CODINGS)
def test_no_body_is_read_in_another_code(untouched: Siege, name: str) -> None:
    line, content = CODINGS[name]
    lines = [line] if line.startswith(("Content-Type", "X-")) else [line, "Content-Type: application/json"]
    refused(spoken(untouched.server, head(untouched, *lines, sized(content)), content))
    lives(untouched)


# A second request, inside the first one's body: what is behind it is the administrator's alone.
INNER = b"GET /v1/trainings HTTP/1.1\r\nHost: x\r\n\r\n"
SMUGGLED: dict[str, tuple[list[str], bytes]] = {
    "a length and pieces": (["Content-Length: 4", "Transfer-Encoding: chunked"], b"0\r\n\r\n" + INNER),
    "pieces and a length": (["Transfer-Encoding: chunked", "Content-Length: 44"], b"0\r\n\r\n" + INNER),
    "two lengths": (["Content-Length: 2", "Content-Length: 60"], b"{}" + INNER),
    "two equal lengths": (["Content-Length: 2", "Content-Length: 2"], b"{}" + INNER),
    "lengths in a list": (["Content-Length: 2, 60"], b"{}" + INNER),
    "a length with a plus": (["Content-Length: +2"], b"{}" + INNER),
    "a length with a minus": (["Content-Length: -1"], b"{}" + INNER),
    "a length in hexadecimal": (["Content-Length: 0x2"], b"{}" + INNER),
    "a length with an underline": (["Content-Length: 1_0"], b"{}" + INNER),
    "a length of another alphabet": (["Content-Length: \xb2"], b"{}" + INNER),
    "a length with a space inside": (["Content-Length: 1 0"], b"{}" + INNER),
    "a length that is nothing": (["Content-Length:"], b"{}" + INNER),
    "a length beyond 64 bits": (["Content-Length: 18446744073709551618"], b"{}" + INNER),
    "a space before the colon": (["Content-Length : 2"], b"{}" + INNER),
    "a folded length": (["X-A: b", " Content-Length: 2"], b"{}" + INNER),
    "pieces, with a space before the colon": (["Transfer-Encoding : chunked"], b"0\r\n\r\n" + INNER),
    "pieces, by a tab": (["Transfer-Encoding:\x0bchunked"], b"0\r\n\r\n" + INNER),
    "pieces of another kind": (["Transfer-Encoding: xchunked"], b"0\r\n\r\n" + INNER),
    "pieces that are not the last": (["Transfer-Encoding: chunked, identity"], b"0\r\n\r\n" + INNER),
    "pieces, and gzip": (["Transfer-Encoding: gzip, chunked"], b"0\r\n\r\n" + INNER),
    "pieces twice": (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], b"0\r\n\r\n" + INNER),
    "pieces in quotation marks": (['Transfer-Encoding: "chunked"'], b"0\r\n\r\n" + INNER),
    "a piece whose size is negative": (["Transfer-Encoding: chunked"], b"-1\r\n{}\r\n0\r\n\r\n" + INNER),
    "a piece whose size is huge": (["Transfer-Encoding: chunked"], b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    "a piece whose size is none": (["Transfer-Encoding: chunked"], b"0x2\r\n{}\r\n0\r\n\r\n" + INNER),
    "a piece whose size has an underline": (
        ["Transfer-Encoding: chunked"],
        b"0_2\r\n{}\r\n0\r\n\r\n" + INNER,
    ),
    "a piece that is longer than its size": (["Transfer-Encoding: chunked"], b"1\r\n{}\r\n0\r\n\r\n" + INNER),
    "a piece without its line end": (["Transfer-Encoding: chunked"], b"2\r\n{}0\r\n\r\n" + INNER),
    "line ends of Unix between pieces": (["Transfer-Encoding: chunked"], b"2\n{}\n0\n\n" + INNER),
    "an extension without end": (
        ["Transfer-Encoding: chunked"],
        b"2;" + b"a" * 200_000 + b"\r\n{}\r\n0\r\n\r\n",
    ),
    "a trailer that is a header": (
        ["Transfer-Encoding: chunked"],
        b"2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\nContent-Length: 5\r\n\r\n",
    ),
    "a line end in a header": (["X-A: b\nContent-Length: 60"], b"{}" + INNER),
    "a NUL in a header": (["X-A: b\0c"], b"{}" + INNER),
    "a header without a name": ([": x"], b"{}" + INNER),
    "a header with a name that is none": (["X(A): b"], b"{}" + INNER),
    "two hosts": (["Host: attacker.example"], b""),
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_no_request_hides_in_another(untouched: Siege, name: str) -> None:
    """Fleck's own request is refused for its body; nobody answers the one within, now or later."""
    lines, content = SMUGGLED[name]
    said = head(untouched, *lines, "Content-Type: application/json") + content
    answer = spoken(untouched.server, said, hangs_up=True, patience=3)
    assert [status for status in statuses(answer) if not 400 <= status < 500] == [], answer[:500]
    assert len(statuses(answer)) <= 1, answer
    lives(untouched)


# On a connection that goes on, what is left of a refused request is no request.
KEPT = {
    "a length and pieces": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + INNER,
    "two lengths": b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + INNER,
    "a length that is no number": b"Content-Length: 0x0\r\n\r\n" + INNER,
    "a line end alone": b"X-A: b\n\nGET /v1/trainings HTTP/1.1\r\nHost: x\r\n\r\n",
    "pieces of another kind": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + INNER,
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_left_of_a_tangled_request_is_no_request(untouched: Siege, name: str) -> None:
    said = b"POST /v1/oauth/token HTTP/1.1\r\nHost: x\r\n" + KEPT[name]
    answer = spoken(untouched.server, said, hangs_up=True, patience=3)
    assert b'"items"' not in answer, answer[:800]


LINES = {
    "an older HTTP": b"GET /v1/trainings HTTP/0.9\r\n\r\n",
    "no HTTP at all": b"GET /v1/trainings\r\n\r\n",
    "a newer HTTP": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP of another kind": b"GET / HTTP/1.1x\r\nHost: x\r\n\r\n",
    "no host": b"GET /v1/trainings HTTP/1.1\r\n\r\n",
    "a method that is none": b"GE(T / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method without end": b"A" * 100_000 + b" / HTTP/1.1\r\nHost: x\r\n\r\n",
    "an address without end": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header without end": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "a hundred thousand headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
    "a tunnel": b"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: 169.254.169.254:80\r\n\r\n",
    "a proxy's request": b"GET http://169.254.169.254/ HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n",
    "an echo": b"TRACE /v1/trainings HTTP/1.1\r\nHost: x\r\nX-Secret: 1\r\n\r\n",
    "a debugger": b"DEBUG / HTTP/1.1\r\nHost: x\r\nCommand: stop-debug\r\n\r\n",
    "a folder's listing": b"PROPFIND / HTTP/1.1\r\nHost: x\r\nDepth: 1\r\n\r\n",
    "a socket of the web": (
        b"GET /v1/trainings HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ),
    "HTTP/2 in the clear": (
        b"GET /v1/trainings HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    ),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "Redis": b"*1\r\n$4\r\nPING\r\n",
    "PostgreSQL": b"\0\0\0\x08\x04\xd2\x16/",
    "a proxy's own word": b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes": bytes(range(256)) * 4,
    "nothing": b"",
    "line ends": b"\r\n" * 1000,
}


@pytest.mark.parametrize("name", LINES)
def test_no_other_way_of_speaking_gets_further(untouched: Siege, name: str) -> None:
    """Refused, or answered as the plain request that it also is; never tunnelled, echoed or switched."""
    answer = spoken(untouched.server, LINES[name], hangs_up=False, patience=0.6)
    told = statuses(answer)
    assert b" 101 " not in answer[:20]
    assert b"X-Secret" not in answer
    assert b"meta-data" not in answer
    plain = ("a socket of the web", "HTTP/2 in the clear", "no host", "an older HTTP", "no HTTP at all")
    assert set(told) <= ({200, 400} if name in plain else set(range(400, 500))), answer[:300]
    lives(untouched)


CUT: dict[str, Callable[[Siege], bytes]] = {
    "in its first line": lambda _: b"POST /v1/regis",
    "in its headers": lambda siege: head(siege)[:-2],
    "before its body": lambda siege: head(siege, "Content-Type: application/json", "Content-Length: 500"),
    "in its body": lambda siege: (
        head(siege, "Content-Type: application/json", "Content-Length: 500") + body()[:60]
    ),
    "in a piece": lambda siege: (
        head(siege, "Content-Type: application/json", "Transfer-Encoding: chunked") + b"ff\r\n{"
    ),
    "after it was expected": lambda siege: head(
        siege, "Content-Type: application/json", "Expect: 100-continue", "Content-Length: 500"
    ),
}


@pytest.mark.parametrize("name", CUT)
def test_no_request_that_is_cut_off_does_anything(untouched: Siege, name: str) -> None:
    answer = spoken(untouched.server, CUT[name](untouched), hangs_up=True, patience=3)
    assert [status for status in statuses(answer) if not 400 <= status < 500] == [], answer[:300]
    lives(untouched)


def test_the_request_that_all_of_them_differ_from_is_taken(siege: Siege) -> None:
    content = body()
    answer = spoken(siege.server, head(siege, "Content-Type: application/json", sized(content)), content)
    assert statuses(answer) == [201], answer[:500]
