"""Clients generated from the contract as the guide for partners says: its commands, programs and outputs.

`make clients` runs this. A plain run of the tests does not collect it (its name does not begin with `test_`),
for it takes what partners install: packages of npm in `tools`, and of PyPI in an environment of their own.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.stories.server import Server

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(ts|python|bash|output)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = [ROOT / "build" / "clients" / "bin", ROOT / ".venv" / "bin"]
HEADINGS = {"partner.ts": "A client in TypeScript", "partner.py": "A client in Python"}


@dataclass
class Project:
    """A partner's folder with a client in it, and what the guide says about it."""

    folder: Path
    environment: dict[str, str]
    name: str
    program: str
    make: str
    check_and_run: str
    output: str

    def typed(self, commands: str) -> subprocess.CompletedProcess[str]:
        """What came of commands in the folder."""
        return subprocess.run(
            ["bash", "-eu", "-c", commands],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def tried(self, program: str) -> subprocess.CompletedProcess[str]:
        """What came of checking and running a program by the guide's commands."""
        (self.folder / self.name).write_text(program, encoding="utf-8")
        return self.typed(self.check_and_run)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server")) as running:
        running.at("2021-06-15T09:00+02:00")
        yield running


@pytest.fixture(scope="module", params=list(HEADINGS))
def project(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """A project after the guide's installation (from our own pins) and its command that makes the client."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"type": "module"}\n')
    (folder / "node_modules").symlink_to(ROOT / "tools" / "node_modules")
    credentials = server.client("fleck", "partner").credentials
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([*map(str, PROGRAMS), os.environ["PATH"]]),
        "API": server.url,
        "ID": credentials["clientId"],
        "SECRET": credentials["clientSecret"],
    }
    guide = (ROOT / "docs" / "partners.md").read_text(encoding="utf-8")
    [section] = [one for one in guide.split("\n## ") if HEADINGS[request.param] in one.splitlines()[0]]
    make, program, check_and_run, output = [text for _, text in BLOCK.findall(section)]
    made = Project(folder, environment, request.param, program, make, check_and_run, output)
    done = made.typed(make)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def test_the_client_does_what_the_guide_says(project: Project) -> None:
    """The pilot's way of a registration, by types made from the contract, against a running server."""
    done = project.tried(project.program)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == project.output


def test_the_types_refuse_what_the_contract_does_not_know(project: Project) -> None:
    """A member sent that there is none of, and one read."""
    program = project.program.replace("made.status", "made.state")
    program = program.replace("{ familyName,", "{ surname: familyName,").replace("family_name=", "surname=")
    done = project.tried(program)
    assert done.returncode != 0
    assert "surname" in done.stdout
    assert "state" in done.stdout
    assert "is refused" not in done.stdout, "the program must not run"
