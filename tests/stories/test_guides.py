"""The walkthrough and the guide for partners, run as they stand: each command, and each output compared."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories.server import Server

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent  # its python3 has what `make run` installs
BLOCK = re.compile(r"^```(console|sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "--- end of block ---"


# A hundred commands, each a process of its own, and three starts of the server: minutes on a busy machine.
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["walkthrough.md", "partners.md"])
def test_a_guide_does_what_it_says(tmp_path: Path, name: str) -> None:
    blocks = _blocks(name)
    assert len(blocks) > 15
    with Server(tmp_path) as server, _shell(server, tmp_path) as shell:
        printed = ""
        for kind, text in blocks:
            if kind == "console":
                [moment] = re.findall(r"^make run AT=(\S+)$", text, re.MULTILINE)
                server.at(moment)
            elif kind == "sh":
                printed = _typed(shell, text.replace("http://127.0.0.1:8000", server.url))
            else:
                assert printed == text
        assert shell.stdin
        shell.stdin.close()
        assert shell.wait(timeout=10) == 0


@pytest.mark.parametrize("program", ["partner.ts", "partner.py"])
def test_the_guide_shows_the_programs_of_the_clients(program: str) -> None:
    """`make clients` runs them, in the guide's own commands."""
    text = (ROOT / "tests" / "clients" / program).read_text(encoding="utf-8")
    assert f"\n{text}```\n" in (ROOT / "docs" / "partners.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["walkthrough.md", "partners.md"])
def test_what_a_guide_imports_comes_with_make_run(name: str) -> None:
    commands = "".join(text for kind, text in _blocks(name) if kind == "sh")
    imported = {
        module.strip().partition(".")[0]
        for line in re.findall(r"\b(?:import|from) ([\w., ]+)", commands)
        for module in line.partition(" import ")[0].split(",")
    }
    installed = set(re.findall(r"^([\w-]+)==", (ROOT / "requirements" / "run.txt").read_text(), re.MULTILINE))
    assert "json" in imported
    assert imported - sys.stdlib_module_names <= installed


def _blocks(name: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "docs" / name).read_text(encoding="utf-8"))


def _shell(server: Server, folder: Path) -> subprocess.Popen[str]:
    """A shell that stays open, as a reader's does, and ends at the first command that fails."""
    if shutil.which("curl") is None:
        _stand_in(folder)
    return subprocess.Popen(
        ["bash", "-eu"],
        cwd=ROOT,
        env={**server.environment, "PATH": os.pathsep.join((str(BIN), os.environ["PATH"], str(folder)))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _stand_in(folder: Path) -> None:
    curl = folder / "curl"
    curl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("curl.py")}" "$@"\n')
    curl.chmod(0o755)


def _typed(shell: subprocess.Popen[str], commands: str) -> str:
    """What the shell prints after `commands` have been typed."""
    assert shell.stdin
    assert shell.stdout
    shell.stdin.write(f"{commands}\necho '{END}'\n")
    shell.stdin.flush()
    lines: list[str] = []
    for line in shell.stdout:
        if line.strip() == END:
            return "".join(lines)
        lines.append(line)
    raise AssertionError(f"the shell ended in:\n{commands}\nafter printing:\n{''.join(lines)}")
