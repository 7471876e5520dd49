"""A licence that nobody chose is noticed, however it is written."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools import licences


def component(name: str, *said: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "1", "licenses": list(said)}


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ([{"license": {"id": "MIT"}}], True),
        ([{"license": {"id": "AGPL-3.0-only"}}], False),
        ([{"expression": "MIT OR AGPL-3.0-only"}], True),
        ([{"expression": "MIT AND AGPL-3.0-only"}], False),
        ([{"license": {"name": "License :: OSI Approved :: BSD License"}}], True),
        ([{"license": {"name": "Proprietary"}}], False),
        ([{"license": {"id": "MIT"}}, {"license": {"id": "GPL-2.0-only"}}], False),
        ([], False),
    ],
)
def test_each_licence_of_a_package_has_to_be_chosen(said: list[dict[str, Any]], chosen: bool) -> None:
    found = list(licences.strangers({"components": [component("one", *said)]}))
    assert (not found) is chosen
    assert all(line.startswith("one: ") for line in found)


def test_a_stranger_fails_and_all_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sbom.json"
    known, strange = component("a", {"license": {"id": "MIT"}}), component("b")
    path.write_text(json.dumps({"components": [known]}))
    assert licences.main(str(path)) == 0
    path.write_text(json.dumps({"components": [known, strange]}))
    assert licences.main(str(path)) == 1
    printed = capsys.readouterr()
    assert "a 1\tMIT\n" in printed.out
    assert printed.err == "Not chosen: b: no licence\n"
