"""Bodies that would explode when they are read are refused before, at the cost of counting a few bytes."""

import contextlib
import time

import pytest

from app.core.http.bodies import DEPTH, VALUES, TooDeep, TooMany, check
from tests.world import World

HEADERS = {"Content-Type": "application/json"}


def test_as_deep_and_as_many_as_may_be_pass() -> None:
    check(b"[" * DEPTH + b"]" * DEPTH)
    check(b"[" + b"1," * (VALUES - 2) + b"1]")
    check(b"[" + b"{}," * 20_000 + b"{}]")


def test_deeper_and_more_do_not() -> None:
    with pytest.raises(TooDeep):
        check(b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1))
    with pytest.raises(TooDeep):
        check(b'{"a":' * (DEPTH + 1) + b"1" + b"}" * (DEPTH + 1))
    with pytest.raises(TooMany):
        check(b"[" + b"1," * VALUES + b"1]")
    with pytest.raises(TooMany):
        check(b"[" + b"[]," * VALUES + b"[]]")


def test_brackets_and_commas_in_text_are_text() -> None:
    check(b'{"a": "' + b"[" * 1000 + b'"}')
    check(b'{"a": "\\"' + b"[{" * 1000 + b'\\\\"}')
    check(b'["' + b"," * 2 * VALUES + b'"]')


def test_text_does_not_hide_what_is_deep() -> None:
    with pytest.raises(TooDeep):
        check(b'["\\\\",' * (DEPTH + 1) + b"1" + b"]" * (DEPTH + 1))
    with pytest.raises(TooDeep):
        check(b'["a' + b"[" * (DEPTH + 1))  # text that never ends; no JSON either


@pytest.mark.parametrize(
    "body",
    [b"[" * 1_000_000, b'"\\' * 500_000, b'["' + b"\\[" * 500_000, b'{"":' * 250_000, b'["],"' * 200_000],
)
def test_looking_takes_a_bounded_time(body: bytes) -> None:
    began = time.perf_counter()
    with contextlib.suppress(TooDeep, TooMany):
        check(body)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"reason": ' + b"[" * 40 + b"]" * 40 + b"}", "The body is nested too deeply."),
        (b'{"reason": [' + b"1," * 60_000 + b"1]}", "The body holds too many values."),
    ],
)
def test_it_is_a_fault_of_the_body_with_a_key_and_without(world: World, body: bytes, said: str) -> None:
    registration = world.register()
    for path in ("/v1/registrations", f"/v1/registrations/{registration['id']}/_reject"):
        for headers in (HEADERS, {**HEADERS, "Idempotency-Key": "tangled"}):
            answer = world.fleck.post(path, content=body, headers=headers)
            assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (400, said)


def test_numbers_of_any_length_take_a_bounded_time(world: World) -> None:
    for number in (
        b"9" * 1_000_000,
        b"0." + b"9" * 1_000_000,
        b"1e" + b"9" * 1_000_000,
        b"1" * 900_000 + b"e-9",
    ):
        began = time.perf_counter()
        body = b'{"capacity": ' + number + b"}"
        answer = world.admin.request("PATCH", "/v1/editions/noord-midden-2021", content=body, headers=HEADERS)
        assert answer.status_code < 500
        assert time.perf_counter() - began < 1
