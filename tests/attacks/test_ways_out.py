"""Attempts to leave the folder that is served (path traversal), and to send the server somewhere (SSRF)."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from app.webhooks import connecting
from tests.attacks.server import spoken, statuses
from tests.attacks.siege import Siege
from tests.webhooks.receivers import Answer, Received, Receiver
from tests.webhooks.test_connecting import Names, Wires, _send, _way
from tests.world import JSON

# What stands on the server and is nobody's to read: its key, its log, its program, the machine's users.
WORTH = ("secret-key", "printed.txt", "root:x:0", "def create_app", "import ", "SECRET_KEY", "postgres")
STEPS = {
    "up": "../",
    "up, dots encoded": "%2e%2e/",
    "up, all encoded": "%2e%2e%2f",
    "up, in capitals": "%2E%2E%2F",
    "up, half encoded": ".%2e/",
    "up, twice encoded": "%252e%252e%252f",
    "up, backwards": "..\\",
    "up, backwards and encoded": "..%5c",
    "up, overlong": "%c0%ae%c0%ae%c0%af",
    "up, overlong by three": "%e0%80%ae%e0%80%ae/",
    "up, as IIS read it": "%u002e%u002e%u2215",
    "up, wide": "%ef%bc%8e%ef%bc%8e%ef%bc%8f",
    "up, with a remark": "..;/",
    "up, with a NUL": "..%00/",
    "up, with a full stop too many": ".../",
    "up, doubled": "....//",
    "up, with spaces": "..%20/",
    "up, with a tab": "..%09/",
    "two slashes": "//",
    "the root": "%2f",
    "this folder": "./././",
}
FOLDERS = (
    "/v1/docs/assets/",
    "/v1/docs/",
    "/.well-known/",
    "/v1/certificates/",
    "/v1/verifications/",
    "/v1/personal-pages/",
    "/health/",
)
AIMS = (
    "etc/passwd",
    "app/main.py",
    "secret-key",
    "data/secret-key",
    "printed.txt",
    "pyproject.toml",
    "proc/self/environ",
)


def asked(siege: Siege, address: str) -> bytes:
    """The answer to an address as it is written: a library would tidy it up."""
    said = f"GET {address} HTTP/1.1\r\nHost: register.example\r\nConnection: close\r\n\r\n"
    answer: bytes = spoken(siege.server, said.encode("latin-1"))
    return answer


@pytest.mark.parametrize("name", STEPS)
def test_no_path_leads_out_of_a_folder(untouched: Siege, name: str) -> None:
    for folder in FOLDERS:
        for depth in (1, 3, 8):
            for aim in AIMS[depth % 3 :: 3]:
                answer = asked(untouched, f"{folder}{STEPS[name] * depth}{aim}")
                # The address of a certificate asks for a token first, whatever stands in it.
                refused = ([404], [400], [401]) if "certificates" in folder else ([404], [400])
                assert statuses(answer) in refused, (folder, depth, aim, answer[:300])
                told = answer.partition(b"\r\n\r\n")[2].decode("latin-1")
                assert not [word for word in WORTH if word in told], answer[:500]


TARGETS = {
    "an address of somebody else": "http://attacker.example/",
    "an address of somebody else, by file": "file:///etc/passwd",
    "no path at all": "etc/passwd",
    "a path that begins above": "../../etc/passwd",
    "a path without beginning": "\\etc\\passwd",
    "a fragment": "/v1/docs/assets/#/../../../app/main.py",
    "a query that is a path": "/v1/docs/assets/swagger-ui.css?/../../../app/main.py",
    "a user before the host": "http://register.example@attacker.example/v1/docs",
    "a star": "*",
    "a drive": "/v1/docs/assets/C:/windows/win.ini",
    "a share": "/v1/docs/assets/\\\\attacker.example\\x",
    "a device": "/v1/docs/assets//dev/stdin",
    "a folder as a file": "/v1/docs/assets/",
    "a folder as a file, without its slash": "/v1/docs/assets",
    "a file as a folder": "/v1/docs/assets/swagger-ui.css/",
    "a file of the program's": "/v1/docs/assets/__init__.py",
    "a file of the program's, encoded": "/v1/docs/assets/%5f%5finit%5f%5f.py",
    "a name that is too long": "/v1/docs/assets/" + "a" * 5000,
    "a name with a NUL": "/v1/docs/assets/swagger-ui.css%00.js",
    "a name with a line end": "/v1/docs/assets/swagger-ui.css%0d%0aX-Evil:1",
    "a bracket that never closes": "http://[::1/v1/docs",
}


# A whole address in a request's first line (RFC 9112, section 3.2.2) is read without its host; a query or a
# fragment behind a file of the documentation is no other file.
OWN_ANSWER = ("an address of somebody else", "a user before the host", "a query that is a path")


@pytest.mark.parametrize("name", TARGETS)
def test_no_address_is_read_as_a_file(untouched: Siege, name: str) -> None:
    answer = asked(untouched, TARGETS[name])
    assert b"x-evil" not in answer.lower()
    told = answer.partition(b"\r\n\r\n")[2].decode("latin-1")
    assert not [word for word in ("root:x:0", "def create_app", "[fonts]") if word in told]
    if statuses(answer)[:1] == [200]:
        assert name in OWN_ANSWER, answer[:300]
        assert "passwd" not in told
    else:
        assert statuses(answer)[:1] in ([400], [404], [405], [414]), answer[:300]


IDS = {
    "a file": ("/v1/files/{}/content", "provider"),
    "a certificate": ("/v1/certificates/{}/pdf", "mocca"),
    "an invoice": ("/v1/invoices/{}/pdf", "mocca"),
    "an import": ("/v1/registration-imports/{}/refused.csv", "mocca"),
    "a template": ("/v1/message-templates/{}/preview", "mocca"),
    "a status list": ("/v1/status-lists/{}", ""),
    "a head": ("/v1/register-heads/{}", ""),
    "a calendar": ("/v1/editions/{}/calendar.ics", ""),
}


@pytest.mark.parametrize("name", IDS)
def test_no_id_is_a_path(untouched: Siege, name: str) -> None:
    path, who = IDS[name]
    call = getattr(untouched.world, who).get if who else untouched.world.http.get
    for step in (
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e",
        "..%5c..%5cx",
        "x%00",
        "%2fetc%2fpasswd",
        "~root",
        "*",
    ):
        answer = call(path.format(step))
        assert answer.status_code in (400, 404), (step, answer.text)
        assert "root:x:0" not in answer.text


def test_the_servers_files_hold_what_was_looked_for(siege: Siege) -> None:
    """So the attempts above could have found it."""
    printed: Path = siege.server.printed
    assert printed.name in WORTH
    assert "Documentation" in printed.read_text()


HOSTS = {
    "this machine": "https://127.0.0.1/",
    "this machine, by name": "https://localhost/",
    "this machine, by a name below it": "https://x.localhost/",
    "this machine, shorter": "https://127.1/",
    "this machine, one number": "https://2130706433/",
    "this machine, octal": "https://0177.0.0.1/",
    "this machine, octal throughout": "https://017700000001/",
    "this machine, hexadecimal": "https://0x7f000001/",
    "this machine, hexadecimal parts": "https://0x7f.0x0.0x0.0x1/",
    "this machine, another of its numbers": "https://127.8.8.8/",
    "this machine, wide digits": "https://１２７.0.0.1/",
    "this machine, circled digits": "https://①②⑦.⓪.⓪.①/",
    "this machine, another full stop": "https://127。0。0。1/",
    "this machine, with a full stop at its end": "https://127.0.0.1./",
    "this machine in IPv6": "https://[::1]/",
    "this machine in IPv6, in full": "https://[0000:0000:0000:0000:0000:0000:0000:0001]/",
    "this machine, mapped": "https://[::ffff:127.0.0.1]/",
    "this machine, mapped, hexadecimal": "https://[::ffff:7f00:1]/",
    "this machine, compatible": "https://[::127.0.0.1]/",
    "this machine, by NAT64": "https://[64:ff9b::7f00:1]/",
    "this machine, by 6to4": "https://[2002:7f00:1::]/",
    "this machine, by Teredo": "https://[2001:0:7f00:1::]/",
    "nowhere": "https://0.0.0.0/",
    "nowhere, shorter": "https://0/",
    "nowhere in IPv6": "https://[::]/",
    "a cloud's metadata": "https://169.254.169.254/latest/meta-data/",
    "a cloud's metadata, one number": "https://2852039166/",
    "a cloud's metadata, octal": "https://0251.0376.0251.0376/",
    "a cloud's metadata, mapped": "https://[::ffff:a9fe:a9fe]/",
    "a cloud's metadata in IPv6": "https://[fd00:ec2::254]/",
    "a private network": "https://10.0.0.1/",
    "another private network": "https://192.168.1.1/",
    "a third private network": "https://172.31.255.255/",
    "a provider's network": "https://100.64.0.1/",
    "a private network in IPv6": "https://[fc00::1]/",
    "a neighbour": "https://[fe80::1]/",
    "a neighbour, by its card": "https://[fe80::1%25eth0]/",
    "everybody": "https://255.255.255.255/",
    "a group": "https://224.0.0.1/",
    "without a cipher": "http://systeem.example/",
    "a file": "file:///etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_FLUSHALL",
    "a dictionary": "dict://127.0.0.1:11211/stats",
    "data": "data:text/plain,x",
    "a script": "javascript:alert(1)",
    "FTP": "ftp://systeem.example/",
    "a socket of this machine": "unix:///var/run/docker.sock",
    "no scheme": "//127.0.0.1/",
    "a user": "https://systeem.example@127.0.0.1/",
    "a user and a password": "https://a:b@systeem.example/",
    "a user that looks like a host": "https://127.0.0.1:443@systeem.example/",
    "a backslash": "https://systeem.example\\@127.0.0.1/",
    "a fragment": "https://systeem.example#@127.0.0.1/",
    "a line end": "https://systeem.example/\r\nHost: 127.0.0.1",
    "a tab": "https://127.0\t.0.1/",
    "a space": "https://systeem.example /",
    "a NUL": "https://systeem.example\0.attacker.example/",
    "no host": "https:///x",
    "port nought": "https://systeem.example:0/",
    "a port that is none": "https://systeem.example:99999/",
    "a port in words": "https://systeem.example:http/",
    "a host that never ends": "https://" + "a." * 200 + "example/",
    "an address that never ends": "https://systeem.example/" + "a" * 3000,
    "an empty part": "https://systeem..example/",
    "a host in braces": "https://{systeem}.example/",
    "a host of another alphabet": "https://ѕystеm.example/",
}
# A name may lead anywhere; it is judged when it is connected to, below.
BY_NAME = {"this machine, by name", "this machine, by a name below it"}
# Numbers that only some systems take for an address: not an address to us, so a name, judged in the same way.
OF_THE_SYSTEM = {
    name for name in HOSTS if name.endswith(("shorter", "one number", "throughout", "octal"))
} | {
    *("this machine, hexadecimal", "this machine, hexadecimal parts"),
}


@pytest.mark.parametrize("name", HOSTS)
def test_no_webhook_is_sent_inside(siege: Siege, name: str) -> None:
    """Refused when it is set, or else when it is sent to; a changed address is no way around."""
    world, body = siege.world, {"url": HOSTS[name], "types": ["registration.*"]}
    made = world.fleck.post("/v1/webhooks", body)
    if made.status_code == 201:
        assert name in BY_NAME | OF_THE_SYSTEM, made.text
        assert world.fleck.delete(f"/v1/webhooks/{made.json()['id']}").status_code == 204
        with Receiver() as receiver:
            names = connecting.System()
            url = HOSTS[name].rstrip("/").replace("https", "http") + f":{receiver.port}/"
            [(sent, outcome)] = _send(partial(_way, names), url)  # type: ignore[arg-type]
            names.close()
            assert outcome.why in ("the name leads to no public address", "the name is not known")
            assert (sent.response_status, receiver.received) == (None, [])
    else:
        assert made.status_code == 400, made.text
        assert [fault["pointer"] for fault in made.json()["errors"]] == ["#/url"]
    with siege.untouched():
        path = f"/v1/webhooks/{siege.spoils.own['webhookId']}"
        changed = world.fleck.patch(
            path, {"url": HOSTS[name] if made.status_code == 400 else "https://10.0.0.1/"}
        )
        assert changed.status_code == 400, changed.text


def leading(status: int, inside: Receiver) -> Callable[[Received], Answer]:
    """An answer that sends who asks to another receiver."""
    return lambda _: Answer(status, {"Location": inside.url})


def test_no_redirect_leads_inside() -> None:
    """A receiver that answers with another address has not taken the delivery, and nobody goes there."""
    for status in (301, 302, 303, 307, 308):
        with Receiver() as inside, Receiver(leading(status, inside)) as receiver:
            wires = Wires(receiver.port)
            url = f"http://systeem.example:{receiver.port}/"
            [(sent, outcome)] = _send(lambda wires=wires: _way(Names(["93.184.216.34"]), wires), url)  # type: ignore[misc]
            assert (outcome.verdict, sent.response_status) == ("failed", status)
            assert inside.received == []


LEADING: dict[str, list[list[str]]] = {
    "first outside, then inside": [["93.184.216.34"], ["127.0.0.1"]],
    "inside beside outside": [["10.0.0.1", "93.184.216.34"], ["10.0.0.1"]],
    "first outside, then a cloud's metadata": [["93.184.216.34"], ["169.254.169.254"]],
    "first outside, then mapped": [["93.184.216.34"], ["::ffff:127.0.0.1"]],
    "first outside, then nowhere": [["93.184.216.34"], ["0.0.0.0"]],
}


@pytest.mark.parametrize("name", LEADING)
def test_no_name_leads_inside_a_moment_later(name: str) -> None:
    """What was checked is what is dialled: the second answer of the name server finds nobody there."""
    with Receiver() as receiver:
        names, wires = Names(*LEADING[name]), Wires(receiver.port)
        url = f"http://systeem.example:{receiver.port}/"
        done = _send(lambda: _way(names, wires), url, url)
        assert [outcome.verdict for _, outcome in done] == ["delivered", "failed"]
        assert set(wires.dialled) == {"93.184.216.34"}
        assert len(receiver.received) == 1


# Other texts in which an address may stand: none of them is ever fetched.
ELSEWHERE: dict[str, tuple[str, str, JSON]] = {
    "where a session is held": (
        *("POST", "/v1/sessions"),
        {"title": "x", "mode": "online", "editions": ["nu-open"], "allowOverlap": True},
    ),
    "what a credential says it is": ("POST", "/v1/verifications", {}),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_no_other_address_is_fetched(siege: Siege, name: str) -> None:
    method, path, body = ELSEWHERE[name]
    with Receiver() as inside:
        credential = f'{{"@context": ["{inside.url}"], "id": "{inside.url}", "issuer": "{inside.url}"}}'
        more = {"credential": credential} if "credential" in name else {"onlineUrl": inside.url}
        answer = siege.world.provider.request(method, path, json={**body, **more})
        assert answer.status_code in (200, 201, 400), answer.text
        time.sleep(0.2)
        assert inside.received == []
