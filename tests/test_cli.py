"""The command line, as real processes."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import sql
from tests.stories.server import COMMAND, Server


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
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
    refused = command("run", "--at", "2021-06-15T09:00+02:00", DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert refused.returncode == 2
    assert "ALLOW_AT_WITH_DATABASE_URL" in refused.stderr
    naive = command("run", "--at", "2021-06-15T09:00")
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
    assert command("seed", "pilot", DATABASE_URL=empty_database).returncode == 0
    arguments = ("clients", "create", "--organisation", organisation, "--role", role, "--json")
    refused = command(*arguments, DATABASE_URL=empty_database)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert said in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("clients", "create", "--organisation", "fleck", "--role", "partner"),
        ("seed", "pilot"),
        ("migrate",),
        ("worker",),
        ("run", "--port", "0"),
    ],
)
def test_a_database_that_cannot_be_reached_is_one_sentence(arguments: tuple[str, ...]) -> None:
    nowhere = "postgresql://nobody:geheim@127.0.0.1:1/nothing"
    failed = command(*arguments, DATABASE_URL=nowhere, START_SECONDS="0")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert re.fullmatch(r"The database nothing on 127\.0\.0\.1 cannot be reached: .*\.\n", failed.stderr)


def test_a_database_without_tables_is_one_sentence(empty_database: str) -> None:
    create = ("clients", "create", "--organisation", "fleck", "--role", "partner")
    for arguments in (create, ("worker",), ("run", "--no-migrate", "--port", "0")):
        failed = command(*arguments, DATABASE_URL=empty_database)
        assert (failed.returncode, failed.stdout) == (1, ""), failed.stderr
        assert re.fullmatch(
            r"The database \S+ on .* lacks tables: .*`cultuurcoordinator migrate`\.\n", failed.stderr
        )


def test_a_database_of_a_newer_version_is_one_sentence(empty_database: str) -> None:
    assert command("migrate", DATABASE_URL=empty_database).returncode == 0
    sql(empty_database, "UPDATE alembic_version SET version_num = '9999'")
    failed = command("migrate", DATABASE_URL=empty_database)
    assert failed.returncode == 1
    assert re.fullmatch(r"The database \S+ on .* cannot be migrated: .*'9999'\.\n", failed.stderr)


@pytest.mark.parametrize(
    "arguments",
    [("clients", "create", "--organisation", "fleck", "--role", "partner"), ("seed", "pilot"), ("worker",)],
)
def test_no_empty_database_is_made_in_a_wrong_folder(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    failed = command(*arguments, DATA_DIR=str(tmp_path / "wrong"))
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith(f"There is no database in {tmp_path / 'wrong'}.")
    assert failed.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    failed = command("openapi", "--output", str(tmp_path / "no" / "where.json"))
    assert (failed.returncode, failed.stderr.count("\n")) == (2, 1)
    assert "where.json" in failed.stderr


def test_a_port_that_is_taken_is_one_sentence_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        failed = command("run", "--port", str(port), DATA_DIR=str(tmp_path / "data"))
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == (
        f"The server cannot listen on 127.0.0.1, port {port}: another program uses that port.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_address_is_printed_when_it_answers_and_malformed_http_never_reaches_us(tmp_path: Path) -> None:
    with Server(tmp_path, port=0) as server:
        server.start()
        printed = ""
        while "Documentation" not in printed:
            assert server.process
            assert server.process.poll() is None, printed
            time.sleep(0.005)
            printed = server.printed.read_text()
        [address] = re.findall(r"^Documentation  (http://127\.0\.0\.1:(\d+))/v1/docs$", printed, re.MULTILINE)
        assert address[1] != "0"
        assert httpx.get(f"{address[0]}/health/ready").status_code == 200
        with socket.create_connection(("127.0.0.1", int(address[1]))) as raw:
            raw.sendall(b"GET / nonsense\r\n\r\n")
            answer = raw.recv(4096)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"content-type: application/problem+json" in answer.lower()
        assert b"x-request-id" not in answer.lower()


@pytest.mark.parametrize(("trusted", "last"), [("", 429), ("127.0.0.1", 404)])
def test_only_a_trusted_proxy_says_who_calls(tmp_path: Path, trusted: str, last: int) -> None:
    with Server(tmp_path) as server:
        server.environment |= {"TRUSTED_PROXIES": trusted, "PUBLIC_PER_MINUTE": "2"}
        server.at("2021-06-15T09:00+02:00")
        answers = [
            httpx.get(f"{server.url}/v1/verifications/x", headers={"X-Forwarded-For": f"192.0.2.{n}"})
            for n in range(3)
        ]
    assert [one.status_code for one in answers] == [404, 404, last]


def test_a_proxy_that_is_no_address_is_one_sentence() -> None:
    refused = command("openapi", TRUSTED_PROXIES="*")
    assert refused.returncode == 2
    assert refused.stderr.startswith("TRUSTED_PROXIES * is no address or network")


def test_a_database_that_is_killed_is_started_again(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        server.at("2021-06-15T09:00+02:00")
        before = httpx.get(f"{server.url}/v1/editions").json()
        note = tmp_path / "data" / "postgresql" / "cluster" / "postmaster.pid"
        for whole in (False, True):
            main = psutil.Process(int(note.read_text().split()[0]))
            for process in [main, *(main.children() if whole else ())]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            answers = _until_served(server, main)
            assert {answer.status_code for answer in answers} <= {200, 503}
            assert answers[-1].json() == before
        assert server.process
        assert server.process.poll() is None


def _until_served(server: Server, killed: psutil.Process) -> list[httpx.Response]:
    """What the server answers from when its database was killed until it serves again."""
    deadline, answers = time.monotonic() + 60, [httpx.get(f"{server.url}/v1/editions")]
    while answers[-1].status_code != 200 or killed.is_running():
        assert time.monotonic() < deadline, server.printed.read_text()
        time.sleep(0.1)
        answers.append(httpx.get(f"{server.url}/v1/editions"))
    return answers


def test_a_server_whose_database_cannot_come_back_ends_and_says_why(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        server.at("2021-06-15T09:00+02:00")
        cluster = tmp_path / "data" / "postgresql" / "cluster"
        with (cluster / "postgresql.conf").open("a") as settings:
            settings.write("nonsense = on\n")
        psutil.Process(int((cluster / "postmaster.pid").read_text().split()[0])).kill()
        assert server.process
        assert server.process.wait(timeout=60) != 0
        printed = server.printed.read_text()
        assert "the database died and does not start again" in printed
        assert not re.search("^Traceback", printed, re.MULTILINE)


def test_migrating_and_seeding_again_changes_nothing(empty_database: str) -> None:
    said = []
    for _ in range(2):
        assert command("migrate", DATABASE_URL=empty_database).returncode == 0
        said.append(command("seed", "pilot", DATABASE_URL=empty_database).stdout.strip())
    assert said == ["Seeded the pilot.", "The pilot was there already; nothing was changed."]


def test_the_document_is_printed_without_a_database() -> None:
    assert json.loads(command("openapi").stdout)["openapi"] == "3.1.0"


def test_a_worker_works_until_it_is_told_to_stop(database_url: str, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    environment = {**os.environ, "DATABASE_URL": database_url, "WORKER_SECONDS": "0.1"}
    with log.open("wb") as printed:
        worker = subprocess.Popen([COMMAND, "worker"], env=environment, stdout=printed, stderr=printed)
        working = (
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        while not sql(database_url, working):
            assert worker.poll() is None, log.read_text()
            time.sleep(0.1)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0
    assert log.read_text() == ""


def test_who_is_locked_out_gets_in_again_on_the_host(empty_database: str, tmp_path: Path) -> None:
    """Clients are listed, made with keys, given other secrets and ended, by commands alone."""

    def done(*arguments: str) -> str:
        result = command("clients", *arguments, DATABASE_URL=empty_database)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout

    assert command("seed", "pilot", DATABASE_URL=empty_database).returncode == 0
    assert done("list") == ""
    made = json.loads(done("create", "--organisation", "lkca", "--role", "admin", "--json"))
    keys = tmp_path / "jwks.json"
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    keys.write_text(json.dumps({"keys": [key]}))
    of_fleck = ("create", "--organisation", "fleck", "--role", "partner", "--json", "--jwks")
    assert json.loads(done(*of_fleck, str(keys)))["clientSecret"] == ""
    again = done("rotate", made["clientId"], "--overlap-hours", "24")
    assert made["clientSecret"] not in again
    assert re.search(r"^client secret  [\w-]{43}$", again, re.MULTILINE)
    expiries = sql(empty_database, "SELECT expires_at FROM client_secret WHERE ended_at IS NULL")
    assert [row["expires_at"] is None for row in expiries].count(True) == 1
    done("end", made["clientId"])
    listed = done("list").splitlines()
    assert [line.split()[0].rpartition("-")[0] for line in listed] == ["fleck-partner", "lkca-admin"]
    assert [" ended " in line for line in listed] == [False, True]
    refused = [("rotate", made["clientId"]), ("end", "nobody"), (*of_fleck, "/nowhere")]
    keys.write_text(json.dumps({"keys": [{**key, "d": "AAAA"}]}))
    for arguments in [*refused, (*of_fleck, str(keys))]:
        result = command("clients", *arguments, DATABASE_URL=empty_database)
        assert (result.returncode, result.stdout) == (2, ""), arguments
        assert "Traceback" not in result.stderr
