"""The command line, as real processes."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.stories.server import COMMAND, Server


def _command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PORT")}
    return subprocess.run(
        [COMMAND, *arguments],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_first_start_shows_the_demonstration_clients_and_a_second_does_not(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        server.at("2021-06-15T09:00+02:00")
        printed = server.printed.read_text()
        assert f"Documentation  {server.url}/v1/docs" in printed
        clients = re.findall(r"^  (\w+) +([\w-]+) +([\w-]+) +([\w-]{43})$", printed, re.MULTILINE)
        assert sorted((role, organisation) for role, organisation, _, _ in clients) == [
            ("admin", "lkca"),
            ("certifier", "lkca"),
            ("partner", "fleck"),
            ("partner", "kunst-centraal"),
            ("partner", "mocca"),
            ("provider", "mocca"),
        ]
        for _, _, client, secret in clients:
            grant = {"grant_type": "client_credentials"}
            token = httpx.post(f"{server.url}/v1/oauth/token", data=grant, auth=(client, secret))
            assert token.status_code == 200

        server.printed.write_text("")
        server.at("2021-06-16T09:00+02:00")
        assert "Demonstration" not in server.printed.read_text()
        assert len(httpx.get(f"{server.url}/v1/editions").json()["items"]) == 2
        assert server.process
        server.stop(by=signal.SIGTERM)
        assert "Traceback" not in server.printed.read_text()
    assert not list((tmp_path / "data" / "postgresql").rglob("postmaster.pid"))


def test_the_clock_does_not_date_real_data_by_accident() -> None:
    refused = _command("run", "--at", "2021-06-15T09:00+02:00", DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert refused.returncode == 2
    assert "ALLOW_AT_WITH_DATABASE_URL" in refused.stderr
    naive = _command("run", "--at", "2021-06-15T09:00")
    assert (naive.returncode, "needs an offset" in naive.stderr) == (2, True)


@pytest.mark.parametrize(
    ("organisation", "role", "said"),
    [
        ("nobody", "partner", "There is no organisation nobody."),
        ("fleck", "certifier", "FleCk is not a certifier."),
        ("Not a slug", "partner", "organisation"),
    ],
)
def test_a_client_that_cannot_be_is_refused_in_words(
    empty_database: str, organisation: str, role: str, said: str
) -> None:
    assert _command("seed", "pilot", DATABASE_URL=empty_database).returncode == 0
    arguments = ("clients", "create", "--organisation", organisation, "--role", role, "--json")
    refused = _command(*arguments, DATABASE_URL=empty_database)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert said in refused.stderr


def test_migrating_and_seeding_again_changes_nothing(empty_database: str) -> None:
    said = []
    for _ in range(2):
        assert _command("migrate", DATABASE_URL=empty_database).returncode == 0
        said.append(_command("seed", "pilot", DATABASE_URL=empty_database).stdout.strip())
    assert said == ["Seeded the pilot.", "The pilot was there already; nothing was changed."]


def test_the_document_is_printed_without_a_database() -> None:
    assert json.loads(_command("openapi").stdout)["openapi"] == "3.1.0"


def test_a_worker_works_until_it_is_told_to_stop(database_url: str, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    environment = {**os.environ, "DATABASE_URL": database_url, "WORKER_SECONDS": "0.1"}
    with log.open("wb") as printed:
        worker = subprocess.Popen([COMMAND, "worker"], env=environment, stdout=printed, stderr=printed)
        time.sleep(3)
        assert worker.poll() is None, log.read_text()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0
    assert log.read_text() == ""
