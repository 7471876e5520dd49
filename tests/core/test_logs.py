"""Log lines: one JSON object each, whatever is in them."""

import io
import json
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog

from app.core import logs


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure("info")
    yield stream
    monkeypatch.undo()
    logs.configure("error")


class Unknown:
    def __repr__(self) -> str:
        return "<unknown>"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Coördinator \u2028", "Coördinator \u2028"),
        ("a\nline\tmore", "a\nline\tmore"),
        (12.5, 12.5),
        (None, None),
        (UUID(int=7), str(UUID(int=7))),
        (Unknown(), "<unknown>"),
        ("half \ud83d of one", "half \ud83d of one"),
        ({"half": ["\udc00", Unknown()]}, {"half": ["\udc00", "<unknown>"]}),
    ],
    ids=["letters", "control", "number", "nothing", "id", "unknown", "half", "half inside"],
)
def test_a_line_is_one_json_object(printed: io.StringIO, value: Any, written: Any) -> None:
    structlog.get_logger("x").info("said", value=value)
    line, end, rest = printed.getvalue().partition("\n")
    assert (end, rest) == ("\n", "")
    found = json.loads(line)
    assert (found["event"], found["level"], found["value"]) == ("said", "info", written)
    assert found["timestamp"].endswith("Z")


def test_a_failure_is_told_in_one_line(printed: io.StringIO) -> None:
    try:
        int("niet goed")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    [line] = printed.getvalue().splitlines()
    assert "niet goed" in json.loads(line)["exception"]
