"""What deploy/ and docs/operations.md name is there, and fits together: settings, commands, figures."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from typer.main import get_command

from app.cli import cli
from app.core.settings import Settings
from app.main import ROUTERS
from tests.world import World

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE, PROXY, ALARMS = (
    (DEPLOY / name).read_text(encoding="utf-8") for name in ("compose.yaml", "haproxy.cfg", "alarms.yaml")
)
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
UNITS = sorted(DEPLOY.glob("*.service"))
KNOWN = {name.upper() for name in Settings.model_fields}
AFTER_DRAINING = 10  # seconds that requests may take (app/cli.py)


def _commands() -> set[str]:
    """Every command, such as `run` and `keys rotate`."""
    found = set()
    for name, command in get_command(cli).commands.items():  # type: ignore[attr-defined]  # a group
        below = getattr(command, "commands", None)
        found |= {f"{name} {one}" for one in below} if below else {name}
    return found


def test_every_setting_is_told_of_and_no_other() -> None:
    table = OPERATIONS.partition("## Commands")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    told = {name for cell in cells for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cell)}
    assert told | {"ALLOW_AT_WITH_DATABASE_URL"} == KNOWN


def test_settings_that_are_given_are_known() -> None:
    given = set(re.findall(r"^    ([A-Z][A-Z0-9_]+):", COMPOSE, re.MULTILINE))
    given |= set(re.findall(r"\b([A-Z][A-Z_]+)\b", re.search(r"env_file: \S+ # (.*)", COMPOSE)[1]))  # type: ignore[index]
    for unit in UNITS:
        for line in re.findall(r"^Environment=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE):
            given |= {one.partition("=")[0] for one in line.split()}
    assert {"WORKER", "DRAIN_SECONDS", "TRUSTED_PROXIES", "SECRET_KEY"} <= given <= KNOWN


def test_commands_that_are_given_are_known() -> None:
    commands = _commands()
    given = set(re.findall(r"^\s+command: \[(\w+)", COMPOSE, re.MULTILINE))
    for unit in UNITS:
        given |= set(re.findall(r"bin/cultuurcoordinator (\w+)", unit.read_text(encoding="utf-8")))
    assert {"run", "worker", "backup", "migrate"} == given
    assert given <= commands
    told = re.findall(r"^\| `cultuurcoordinator ([a-z ]+?)(?: [A-Z-].*)?` \|", OPERATIONS, re.MULTILINE)
    assert set(told) == commands


def test_alarms_go_by_figures_that_there_are(world: World) -> None:
    world.http.get("/v1/organisations")
    measured = set(re.findall(r"^(cultuurcoordinator_\w+)", world.http.get("/metrics").text, re.MULTILINE))
    assert "cultuurcoordinator_requests_total" in measured
    wanted = set(re.findall(r"cultuurcoordinator_\w+", ALARMS))
    assert len(wanted) > 10
    assert wanted - measured == set()
    told = set(re.findall(r"`(cultuurcoordinator_\w+)`", OPERATIONS))
    families = {re.sub("_(bucket|sum|count|created)$", "", one) for one in measured}
    assert told == families - {"cultuurcoordinator_requests"}  # which is when its counter was made


def test_the_proxy_asks_what_the_register_answers() -> None:
    paths = {route.path for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)}
    assert set(re.findall(r"http-check send meth GET uri (\S+)", PROXY)) == {"/health/ready"}
    assert {"/health/ready", "/metrics"} <= paths
    # Every process that the proxy sends to is a service, on the port that the image listens on.
    sent_to = re.findall(r"^    server (\S+) (\S+):(\d+)$", PROXY, re.MULTILINE)
    port = re.search(r"PORT=(\d+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert port
    for name, host, number in sent_to:
        assert (name, f"  {host}: *api" in COMPOSE, number) == (host, True, port[1])
    assert len(sent_to) == 2


def test_the_proxys_word_is_taken_and_it_takes_nobodys_but_of_who_is_listed() -> None:
    trusted = re.search(r"TRUSTED_PROXIES: (\S+)", COMPOSE)
    assert trusted
    assert f"{{ipv4_address: {trusted[1]}}}" in COMPOSE
    for header in ("X-Forwarded-For", "Traceparent", "Tracestate"):
        assert f"http-request del-header {header} unless trusted" in PROXY
    assert "http-request set-header X-Forwarded-Proto https" in PROXY


def test_the_proxy_has_looked_away_before_a_process_ends() -> None:
    [(every, times)] = re.findall(r"check inter (\d+)s fall (\d+)", PROXY)
    unit = (DEPLOY / "cultuurcoordinator@.service").read_text(encoding="utf-8")
    drains = [int(n) for n in re.findall(r"DRAIN_SECONDS[=:] ?\"?(\d+)", COMPOSE + unit)]
    assert min(drains) > int(every) * int(times)
    patience = [int(n) for n in re.findall(r"(?:stop_grace_period: |TimeoutStopSec=)(\d+)", COMPOSE + unit)]
    assert min(patience) > max(drains) + AFTER_DRAINING


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """With the program where it is here."""
    program = tmp_path / "opt" / ".venv" / "bin" / "cultuurcoordinator"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    files = []
    for source in (*UNITS, *DEPLOY.glob("*.timer")):
        text = source.read_text(encoding="utf-8")
        copy = tmp_path / source.name.replace("@.", "@8001.")
        copy.write_text(text.replace("/opt/cultuurcoordinator", str(tmp_path / "opt")), encoding="utf-8")
        files.append(copy)
    done = subprocess.run(
        ["systemd-analyze", "verify", *files], capture_output=True, text=True, timeout=60, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "cultuurcoordinator" in line]
    assert (done.returncode, ours) == (0, [])
