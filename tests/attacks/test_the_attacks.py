"""The attacks themselves: there are enough of every kind, and what watches them sees what it should."""

import importlib
import inspect
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.attacks.server import checked, failures, statuses
from tests.attacks.siege import Siege
from tests.attacks.watching import watched

HERE = Path(__file__).parent
# What the attacks are of; somebody else's things (IDOR) are counted apart, for there are so many of them.
IDOR = "test_others_things"
KINDS = {
    "test_bodies_byte_by_byte",
    "test_headers_and_tables",
    "test_injection",
    "test_mass_assignment",
    "test_races",
    "test_replays",
    "test_roles",
    "test_timing",
    "test_token_confusion",
    "test_uploads",
    "test_ways_out",
}
ENOUGH = 150


def attempts(module: str) -> Iterator[str]:
    """The names of the attempts in a file: its tests, each with all that it is done with."""
    loaded = importlib.import_module(f"tests.attacks.{module}")
    for name, function in inspect.getmembers(loaded, inspect.isfunction):
        if name.startswith("test_") and function.__module__ == loaded.__name__:
            marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
            cases = [""]
            for mark in marks:
                cases = [f"{before} {case!s}" for before in cases for case in mark.args[1]]
            yield from (f"{name}{case}" for case in cases)


def test_every_file_of_attacks_is_counted() -> None:
    assert {path.stem for path in HERE.glob("test_*.py")} == {*KINDS, IDOR, Path(__file__).stem}


def test_there_are_enough_attempts_of_every_kind() -> None:
    of_each = {kind: set(attempts(kind)) for kind in sorted(KINDS)}
    assert sum(map(len, of_each.values())) >= ENOUGH
    assert min(map(len, of_each.values())) >= 15, {kind: len(names) for kind, names in of_each.items()}
    assert len(set(attempts(IDOR))) >= ENOUGH
    for kind, names in of_each.items():
        # No two have the same name, so none is counted twice.
        assert len(list(attempts(kind))) == len(names), kind


@pytest.mark.parametrize(
    "line",
    [
        '{"level": "error", "event": "unexpected error", "exception": "Traceback (most recent call last)"}',
        '{"level": "critical", "event": "x"}',
        '{"level": "info", "event": "answered", "status": 500}',
        '{"level": "info", "event": "answered", "status": 503}',
        "Traceback (most recent call last):",
        "ValueError: no",
        "RuntimeWarning: coroutine 'x' was never awaited",
    ],
)
def test_a_failure_of_the_servers_would_be_seen_in_its_log(line: str) -> None:
    assert failures(f"Documentation  x\n{line}\n") == [line]


def test_a_log_without_failures_has_none(siege: Siege) -> None:
    """And the server does log: each answer is a line."""
    siege.world.http.get("/v1/trainings")
    until = time.monotonic() + 10
    # The line is written when the answer has been sent.
    while not re.search(r'"route": ?"/v1/trainings"', log := siege.server.printed.read_text()):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert failures(log) == []
    assert failures('{"level": "warning", "event": "Invalid HTTP request received."}\n{"status": 404}') == []


@pytest.mark.parametrize(
    ("status", "text", "headers"),
    [
        (500, "", {"x-content-type-options": "nosniff"}),
        (503, "", {"x-content-type-options": "nosniff"}),
        (404, "Traceback (most recent call last)", {"x-content-type-options": "nosniff"}),
        (400, "sqlalchemy.exc.DataError", {"x-content-type-options": "nosniff"}),
        (200, "", {"x-content-type-options": "sniff"}),
    ],
)
def test_an_answer_that_tells_of_a_failure_would_be_seen(
    status: int, text: str, headers: dict[str, str]
) -> None:
    request = httpx.Request("GET", "https://register.example/")
    with pytest.raises(AssertionError):
        watched(httpx.Response(status, headers=headers, text=text, request=request))


def test_what_is_said_byte_by_byte_is_looked_at_too() -> None:
    said = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nx: y\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n"
    assert statuses(said) == [201, 404]
    checked(said)
    with pytest.raises(AssertionError):
        checked(b"HTTP/1.1 500 Internal Server Error\r\n\r\n")


def test_a_row_that_is_another_would_be_seen(breach: Siege) -> None:
    """Whatever the table, and however little of it."""
    with pytest.raises(AssertionError), breach.untouched():
        breach.look("UPDATE organisation SET region = 'x' WHERE slug = 'fleck' RETURNING slug")
    with breach.untouched():
        breach.look("UPDATE organisation SET region = 'x' WHERE slug = 'fleck' RETURNING slug")
    with breach.untouched("organisation"):
        breach.look("UPDATE organisation SET region = 'y' WHERE slug = 'fleck' RETURNING slug")
