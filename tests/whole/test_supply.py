"""What is installed is pinned to the byte, and comes from nowhere in particular."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PINNED = sorted((ROOT / "requirements").glob("*.txt"))
NAME = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", re.MULTILINE)


def entries(path: Path) -> list[str]:
    """A file's entries, each on one line."""
    lines = re.sub(r"\\\n\s*", " ", path.read_text(encoding="utf-8")).splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def called(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.stem)
def test_each_package_has_one_version_and_hashes(path: Path) -> None:
    found = entries(path)
    assert found
    for entry in found:
        assert NAME.match(entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry
        assert "://" not in entry, entry


def test_whatever_is_asked_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {"run": project["project"]["dependencies"], **project["dependency-groups"]}
    assert set(asked) == {path.stem for path in PINNED}
    for stem, wanted in asked.items():
        pins = "\n".join(entries(ROOT / f"requirements/{stem}.txt"))
        there = {called(name) for name in re.findall(NAME, pins)}
        for one in wanted:
            name = re.split(r"[^A-Za-z0-9._-]", one)[0]
            assert called(name) in there, (stem, one)


def test_nothing_is_installed_without_its_hash() -> None:
    written = {
        name: (ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", "Dockerfile", ".ci/run")
    }
    installs = [
        (name, line.strip())
        for name, text in written.items()
        for line in re.sub(r"\\\n\s*", " ", text).splitlines()
        if re.search(r"\bpip\b.* install\b", line)
    ]
    assert len(installs) >= 6
    for name, line in installs:
        own = re.search(r"-e \.|\binstall\b.* \.$", line)  # the application itself, without what it asks for
        is_checked = "--require-hashes" in line or (own and "--no-deps" in line)
        assert is_checked or line.endswith("install --quiet uv"), (name, line)


def test_nodes_packages_are_pinned_to_the_byte_and_to_no_place() -> None:
    lock = json.loads((ROOT / "tools/package-lock.json").read_text(encoding="utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert len(packages) > 50
    assert [
        name for name, one in packages.items() if not one.get("integrity", "").startswith("sha512-")
    ] == []
    assert [name for name, one in packages.items() if "resolved" in one] == []
