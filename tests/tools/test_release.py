"""What is kept of a release, and what keeps one from being made."""

from copy import deepcopy
from typing import Any

import pytest

from tests.tools.test_compatibility import COMMITTED, contract, gone, repository
from tools.compatibility import breaks
from tools.release import faults, slim

CHANGELOG = "# Changelog\n\n## 1.4.0 (2026-11-25)\n\nMuch.\n"


def test_what_is_kept_breaks_as_the_contract_does() -> None:
    kept = slim(COMMITTED)
    assert breaks(kept, COMMITTED) == breaks(COMMITTED, kept) == []
    narrower = deepcopy(COMMITTED)
    narrower["components"]["schemas"]["ApplicantCreate"]["required"].append("phone")
    del narrower["components"]["schemas"]["SessionCreate"]["properties"]["title"]
    said = breaks(kept, narrower)
    assert said == breaks(COMMITTED, narrower)
    assert len(said) == 2


def test_words_for_people_are_not_kept_but_members_called_so_are() -> None:
    text = {"type": "string", "title": "Title", "description": "What it is called", "examples": ["One"]}
    thing: dict[str, Any] = {"type": "object", "properties": {"title": text, "properties": text}}
    kept = {"type": "object", "properties": {"title": {"type": "string"}, "properties": {"type": "string"}}}
    assert slim({"components": {"schemas": {"description": thing}}}) == {
        "components": {"schemas": {"description": kept}}
    }


def test_a_release_can_be_made() -> None:
    assert faults("1.4.0", CHANGELOG, contract(), None, repository()) == []
    assert faults("1.4.0", CHANGELOG, contract(), contract("1.3.0"), repository()) == []


@pytest.mark.parametrize(
    ("version", "changelog", "kept", "said"),
    [
        ("1.4.0", CHANGELOG.replace("2026-11-25", "unreleased"), None, "no heading `## 1.4.0"),
        ("1.5.0", CHANGELOG.replace("1.4", "1.5"), None, "is of 1.4.0, not 1.5.0"),
        ("1.4.0", CHANGELOG, contract("1.4.0"), "1.4.0 has been released"),
    ],
)
def test_why_a_release_cannot_be_made(
    version: str, changelog: str, kept: dict[str, Any] | None, said: str
) -> None:
    [fault] = faults(version, changelog, contract(), kept, repository())
    assert said in fault


def test_a_release_does_not_break_the_last() -> None:
    new = contract()
    gone("get")(new)
    found = faults("1.4.0", CHANGELOG, new, contract("1.3.0"), repository())
    assert "- GET /things/{id}: is gone" in found
