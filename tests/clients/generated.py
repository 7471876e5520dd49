"""Clients generated from the contract as the guide for partners says: its commands, programs and outputs.

`make clients` runs this. A plain run of the tests does not collect it (its name does not begin with `test_`),
for it takes what partners install: packages of npm in `tools`, and of PyPI in an environment of their own.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.server import Server

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(ts|python|bash|output)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = [ROOT / "build" / "clients" / "bin", ROOT / ".venv" / "bin"]
SECTIONS = {"ts": "A client in TypeScript", "python": "A client in Python"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server")) as running:
        running.at("2021-06-15T09:00+02:00")
        yield running


@pytest.fixture(params=list(SECTIONS))
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _blocks(language: str) -> list[tuple[str, str]]:
    guide = (ROOT / "docs" / "partners.md").read_text(encoding="utf-8")
    [section] = [one for one in guide.split("\n## ") if SECTIONS[language] in one.splitlines()[0]]
    return BLOCK.findall(section)


def _project(folder: Path) -> None:
    """What the guide's installation leaves behind."""
    (folder / "package.json").write_text('{"type": "module"}\n')
    (folder / "node_modules").symlink_to(ROOT / "tools" / "node_modules")


def _typed(command: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-eu", "-c", command],
        cwd=folder,
        env={**os.environ, **environment, "PATH": os.pathsep.join([*map(str, PROGRAMS), os.environ["PATH"]])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_guide_makes_a_client_that_does_what_it_says(
    server: Server, tmp_path: Path, language: str
) -> None:
    """The pilot's way of a registration, by types made from the contract, against a running server."""
    _project(tmp_path)
    made = server.client("fleck", "partner").credentials
    environment = {"API": server.url, "ID": made["clientId"], "SECRET": made["clientSecret"]}
    printed = compared = ""
    for kind, text in _blocks(language):
        if kind == "bash":
            done = _typed(text, tmp_path, environment)
            assert done.returncode == 0, done.stdout + done.stderr
            printed = done.stdout
        elif kind == "output":
            assert printed == text
            compared = text
        else:
            (tmp_path / f"partner.{'ts' if kind == 'ts' else 'py'}").write_text(text, encoding="utf-8")
    assert "is complete" in compared


WRONG = {
    "ts": [("applicant: { familyName", "applicant: { surname"), ("made.status", "made.state")],
    "python": [("family_name=family_name", "surname=family_name"), ("made.status", "made.state")],
}


def test_the_types_refuse_what_the_contract_does_not_know(
    server: Server, tmp_path: Path, language: str
) -> None:
    """A member sent that there is none of, and one read."""
    _project(tmp_path)
    blocks = [text for kind, text in _blocks(language) if kind == "bash"]
    [program] = [text for kind, text in _blocks(language) if kind == language]
    for right, wrong in WRONG[language]:
        assert right in program
        program = program.replace(right, wrong)
    (tmp_path / f"partner.{'ts' if language == 'ts' else 'py'}").write_text(program, encoding="utf-8")
    assert _typed(blocks[0], tmp_path, {"API": server.url}).returncode == 0
    checked = _typed(blocks[1], tmp_path, {})
    assert checked.returncode != 0
    assert "surname" in checked.stdout
    assert "state" in checked.stdout
