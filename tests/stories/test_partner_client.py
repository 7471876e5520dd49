"""The reference client as a partner runs it, against a real server; and both of them killed."""

import csv
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.imports.files import HEADER
from tests.stories.server import HTTP, JSON, Caller, Server
from tests.world import PILOT, form

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as server:
        server.environment["WORKER_SECONDS"] = "0.2"
        yield server


class Partner:
    """`python -m partner`, with a folder of its own."""

    def __init__(self, server: Server, caller: Caller, folder: Path) -> None:
        self.folder, self.book = folder, "registrations.sqlite"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/register"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(EXAMPLES),
            "REGISTER_URL": server.url,
            "CLIENT_ID": caller.credentials["clientId"],
            "CLIENT_SECRET": caller.credentials["clientSecret"],
        }

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command prints."""
        command = self._command(*arguments)
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def listed(self) -> dict[str, tuple[str, str]]:
        """The partner's own list: by name, the status and the link to the form."""
        rows = csv.reader(self.run("list").splitlines(), delimiter="\t")
        return {row[0]: (row[4], row[5]) for row in rows}

    @contextmanager
    def receiving(self, end: signal.Signals = signal.SIGTERM) -> Iterator[None]:
        """`receive`, while it listens; ended by `end`."""
        printed = self.folder / "received.txt"
        with printed.open("ab") as output:
            process = subprocess.Popen(
                self._command("receive", self.url, "--port", str(self.port)),
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        try:
            _until(lambda: process.poll() is not None or self._listens())
            assert process.poll() is None, printed.read_text()
            yield
            process.send_signal(end)
            code = process.wait(timeout=30)
            assert code == (0 if end == signal.SIGTERM else -end), printed.read_text()
        finally:
            process.kill()
            process.wait(timeout=30)

    def statuses(self) -> dict[str, str]:
        """The same list as it stands in the book, without the cost of a command: by name, the status."""
        return dict(self.query("SELECT name, status FROM registration"))

    def query(self, query: str) -> list[Any]:
        """What the book holds."""
        with closing(sqlite3.connect(self.folder / self.book)) as book:
            return book.execute(query).fetchall()

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "partner", "--book", self.book, *arguments]

    def _listens(self) -> bool:
        try:
            return HTTP.post(self.url, content=b"{}").status_code == 401
        except httpx.TransportError:
            return False


def test_a_partner_registers_from_a_file_and_keeps_its_list_in_step(server: Server, tmp_path: Path) -> None:
    server.at("2021-06-15T09:00+02:00")
    fleck = server.client("fleck", "partner")
    partner = Partner(server, fleck, tmp_path)
    good = [f"{PILOT};Noor;van der;Meer;noor@lyceum.example;;Het Lyceum;Almere;;"]
    good += [f"{PILOT};;;Jansen-{n};sam{n}@school.example;;De Werkplaats;Lelystad;;" for n in range(150)]
    file = tmp_path / "teachers.csv"
    file.write_text(
        "\n".join([HEADER, *good, f"{PILOT};Yara;;=Amrani;yara@;;S;Urk;;", ""]), encoding="cp1252"
    )

    printed = partner.run("import", "teachers.csv", "--dry-run")
    assert "rows: 152, registered: 151, refused: 1" in printed
    assert partner.listed() == {}
    printed = partner.run("import", "teachers.csv")
    assert "rows: 152, registered: 151, refused: 1" in printed
    assert "line 153, e-mail: Moet een e-mailadres zijn" in printed
    assert len(partner.listed()) == 151

    # The refused rows, mended; and the whole file again: nobody is registered twice.
    refused = tmp_path / "refused-teachers.csv"
    refused.write_text(refused.read_text("utf-8-sig").replace("yara@", "yara@college.example"))
    assert "registered: 1" in partner.run("import", refused.name)
    assert "present: 151" in partner.run("import", "teachers.csv")
    status, link = partner.listed()["Noor van der Meer"]
    assert (status, len(partner.listed())) == ("received", 152)
    assert "Yara =Amrani" in partner.listed()

    # What happens in the register comes to the list: a form returned, somebody who leaves, a name corrected.
    assert httpx.put(link, json=form()).status_code == 200
    people: list[JSON] = fleck.get("/v1/registrations?q=Jansen-1&sort=familyName")["items"]
    fleck.post(f"/v1/registrations/{people[0]['id']}/_withdraw", {"reason": "Andere baan"})
    fleck.patch(f"/v1/applicants/{people[1]['applicant']['id']}", {"familyName": "Jansen-Zee"})
    assert partner.listed()["Jansen-1"][0] == "received"
    partner.run("sync")
    listed = partner.listed()
    assert (listed["Noor van der Meer"], listed["Jansen-1"][0]) == (("complete", ""), "withdrawn")
    assert listed["Jansen-Zee"][0] == "received"
    assert partner.run("sync") == "0 events\n"
    (tmp_path / "wrong.csv").write_text("naam\nNoor\n")
    assert "Er is geen kolom naam." in partner.run("import", "wrong.csv", code=1)


def test_a_partner_is_told_and_misses_nothing_when_its_receiver_is_killed(
    server: Server, tmp_path: Path
) -> None:
    server.at("2021-06-15T09:00+02:00")
    fleck = server.client("fleck", "partner")
    partner = Partner(server, fleck, tmp_path)
    rows = [f"{PILOT};;;Jansen-{n};sam{n}@school.example;;De Werkplaats;Lelystad;;" for n in range(8)]
    (tmp_path / "teachers.csv").write_text("\n".join([HEADER, *rows, ""]))

    def in_step() -> bool:
        return partner.statuses() == _registered(fleck)

    # `sync` is never called: what a system elsewhere does comes to the list by itself.
    with partner.receiving(end=signal.SIGKILL):
        assert "registered: 8" in partner.run("import", "teachers.csv")
        _until(lambda: len(partner.statuses()) == 8)
        people = {one["applicant"]["familyName"]: one for one in _registrations(fleck)}
        link = partner.listed()["Jansen-0"][1]
        assert httpx.put(link, json=form()).status_code == 200
        _withdraw(fleck, people["Jansen-1"])
        _rename(fleck, people["Jansen-2"], "Jansen-Zee")
        _until(lambda: partner.statuses().get("Jansen-1") == "withdrawn")
        _until(lambda: "Jansen-Zee" in partner.statuses())
        _until(in_step)
        assert partner.listed()["Jansen-0"] == ("complete", "")
        _refuses_what_is_not_signed(partner)
        _keeps_once_what_comes_twice(partner)
        # Killed with work under way.
        _withdraw(fleck, people["Jansen-3"])
    _withdraw(fleck, people["Jansen-4"])
    _rename(fleck, people["Jansen-5"], "Jansen-Duin")
    _register(fleck, "Nieuw")
    assert "Nieuw" not in partner.statuses()
    with partner.receiving():
        _until(in_step)
        _withdraw(fleck, people["Jansen-6"])
        _until(lambda: partner.statuses()["Jansen-6"] == "withdrawn")
    # The book lost, and the secret with it: the register has all that is in it, and gives a new secret.
    partner.book = "again.sqlite"
    with partner.receiving():
        _until(in_step)
        _withdraw(fleck, people["Jansen-7"])
        _until(lambda: partner.statuses()["Jansen-7"] == "withdrawn")
    assert {name: status for name, (status, _) in partner.listed().items()} == _registered(fleck)
    assert [(one["url"], one["status"]) for one in fleck.get("/v1/webhooks")["items"]] == [
        (partner.url, "active")
    ]
    assert (tmp_path / partner.book).stat().st_mode & 0o077 == 0


def _refuses_what_is_not_signed(partner: Partner) -> None:
    before = partner.query("SELECT * FROM delivery")
    forged = _signed("whsec_" + "A" * 43 + "=", "evt_999999")
    for headers in (forged, {**forged, "webhook-signature": "?"}, {**forged, "webhook-timestamp": "nan"}):
        assert HTTP.post(partner.url, content=TOLD, headers=headers).status_code == 401
    assert HTTP.post(partner.url, content=b" " * 70_000, headers=forged).status_code == 413
    assert partner.query("SELECT * FROM delivery") == before


def _keeps_once_what_comes_twice(partner: Partner) -> None:
    [(secret,)] = partner.query("SELECT value FROM fact WHERE name = 'secret'")
    for _ in range(2):
        answer = HTTP.post(partner.url, content=TOLD, headers=_signed(secret, "ping_twice"))
        assert answer.status_code == 204
        assert partner.query("SELECT count(*) FROM delivery WHERE id = 'ping_twice'") == [(1,)]


TOLD = b'{"type": "webhook.ping", "data": {"subject": "01890000-0000-7000-8000-000000000000"}}'


def _signed(secret: str, id: str) -> dict[str, str]:
    now = datetime.now(UTC)
    signature = Webhook(secret).sign(id, now, TOLD.decode())
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def _registrations(caller: Caller) -> list[JSON]:
    items: list[JSON] = caller.get("/v1/registrations?limit=100")["items"]
    return items


def _registered(caller: Caller) -> dict[str, str]:
    """What the list should be, by what the register says: by name, the status."""
    return {one["applicant"]["familyName"]: one["status"] for one in _registrations(caller)}


def _withdraw(caller: Caller, one: JSON) -> None:
    caller.post(f"/v1/registrations/{one['id']}/_withdraw", {"reason": "Andere baan"})


def _rename(caller: Caller, one: JSON, name: str) -> None:
    caller.patch(f"/v1/applicants/{one['applicant']['id']}", {"familyName": name})


def _register(caller: Caller, name: str) -> None:
    body = {
        "edition": PILOT,
        "applicant": {"familyName": name, "email": "nieuw@school.example"},
        "school": {"name": "De Werkplaats", "city": "Lelystad"},
    }
    caller.post("/v1/registrations", body, status=201)


def test_an_import_survives_the_end_of_its_server(server: Server) -> None:
    server.at("2021-06-15T09:00+02:00")
    fleck = server.client("fleck", "partner")
    rows = [f"{PILOT};;;Jansen-{n};sam{n}@school.example;;De Werkplaats;Lelystad;;" for n in range(3000)]
    content = "\n".join([HEADER, *rows, ""]).encode()
    sent = _send(server, fleck, content)
    path = f"/v1/registration-imports/{sent['id']}"
    _until(lambda: fleck.get(path)["counts"]["registered"] > 0)
    server.stop(signal.SIGKILL)
    server.at("2021-06-15T09:01+02:00")
    left = fleck.get(path)["counts"]
    assert left["registered"] > 0
    # The file again, while the first is still under way.
    again = f"/v1/registration-imports/{_send(server, fleck, content)['id']}"
    _until(lambda: {fleck.get(one)["status"] for one in (path, again)} == {"done"})
    first, second = fleck.get(path)["counts"], fleck.get(again)["counts"]
    assert first["registered"] + second["registered"] == 3000
    assert first["present"] + second["present"] == 3000
    lines = _download(server, fleck, "/v1/registration-exports/registrations.jsonl")
    assert len(lines) == 3000


def _send(server: Server, caller: Caller, content: bytes) -> JSON:
    headers = {"Authorization": f"Bearer {caller.token()}", "Content-Type": "text/csv"}
    url = f"{server.url}/v1/registration-imports"
    answer = httpx.post(url, content=content, headers=headers, timeout=60)
    assert answer.status_code == 201, answer.text
    made: JSON = answer.json()
    return made


def _download(server: Server, caller: Caller, path: str) -> list[str]:
    headers = {"Authorization": f"Bearer {caller.token()}"}
    return httpx.get(f"{server.url}{path}", headers=headers, timeout=60).text.splitlines()


def _until(true: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
