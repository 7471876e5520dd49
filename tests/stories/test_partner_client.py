"""The reference client as a partner runs it, against a real server; and an import whose server is killed."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.imports.files import HEADER
from tests.stories.server import JSON, Caller, Server
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
        self.folder = folder
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(EXAMPLES),
            "REGISTER_URL": server.url,
            "CLIENT_ID": caller.credentials["clientId"],
            "CLIENT_SECRET": caller.credentials["clientSecret"],
        }

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command prints."""
        command = [sys.executable, "-m", "partner", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def listed(self) -> dict[str, tuple[str, str]]:
        """The partner's own list: by name, the status and the link to the form."""
        rows = csv.reader(self.run("list").splitlines(), delimiter="\t")
        return {row[0]: (row[4], row[5]) for row in rows}


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
