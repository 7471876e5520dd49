"""What docs/security.md says is tested, is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_is_named_exists() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:[\w/]+\.py::)?(test_\w+)`", text))
    there = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) > 20
    assert named <= there, named - there


def test_every_risk_has_a_test() -> None:
    rows = re.findall(
        r"^\| (API\d+) .*\| (.+) \|$", (ROOT / "docs" / "security.md").read_text(), re.MULTILINE
    )
    assert [name for name, _ in rows] == [f"API{n}" for n in range(1, 11)]
    assert all("`test_" in tests for _, tests in rows)
