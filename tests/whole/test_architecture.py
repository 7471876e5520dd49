"""The pictures in docs/architecture.md are those of the code."""

import re
import tomllib
from pathlib import Path

import pytest

from app.registrations.lifecycle import MOVES
from app.tables import metadata

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pictures() -> dict[str, str]:
    """The Mermaid pictures, by kind."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    found = re.findall(r"^```mermaid\n(\S+)[^\n]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return dict(found)


def test_the_states_are_those_of_the_lifecycle(pictures: dict[str, str]) -> None:
    drawn = set(re.findall(r"(\w+) --> (\w+): (\w+)", pictures["stateDiagram-v2"]))
    moves = {
        (source.value, move.target.value, verb) for verb, move in MOVES.items() for source in move.sources
    }
    assert drawn == moves
    assert "[*] --> received" in pictures["stateDiagram-v2"]


def test_the_layers_are_those_that_imports_are_checked_for(pictures: dict[str, str]) -> None:
    arrows = re.findall(r"(\w+) --> (\w+)(?:\[([^\]]+)\])?", pictures["flowchart"])
    assert [above for above, _, _ in arrows[1:]] == [below for _, below, _ in arrows[:-1]]
    drawn = [[arrows[0][0]], *(names.split(", ") if names else [below] for _, below, names in arrows)]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    assert drawn == [[name.removeprefix("app.") for name in layer.split(" : ")] for layer in layers]


def test_the_tables_are_those_of_the_database(pictures: dict[str, str]) -> None:
    drawn = re.findall(r"(\w+) \|\|--\S+ (\w+) : (\w+)", pictures["erDiagram"])
    keys = [
        (key.column.table.name, table.name, key.parent.name)
        for table in metadata.tables.values()
        for key in table.foreign_keys
    ]
    assert sorted(drawn) == sorted(keys)
    alone = set(metadata.tables) - {name for above, below, _ in keys for name in (above, below)}
    assert alone == {
        "event_pending",
        "event_detail",
        "erasure",
        "certificate_counter",
        "invoice_counter",
        "idempotent_answer",
        "register_head",
        "signing_key",
    }
