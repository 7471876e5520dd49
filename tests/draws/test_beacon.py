"""drand quicknet: rounds and times, and signatures that were really published."""

import contextlib
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.draws import beacon, verify_draw

SIGNATURES = {
    1000: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
    1001: "b33bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03f73896b25883abf2853d10337fb8fa41",
    1002: "ab066f9c12dd6de1336fca0f925192fb0c72a771c3e4c82ede1fd362c1a770f9eb05843c6308ce2530b53a99c0281a6e",
    1003: "b104c82771698f45fd8dcfead083d482694c31ab519bcef077f126f3736fe98c8392fd5d45d88aeb76b56ccfcb0296d7",
    657413: "b713718a38ae728dfd477991af2822e08d2f305e47718cef"
    "9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
}


@pytest.mark.parametrize("number", SIGNATURES)
def test_a_published_signature_is_its_rounds_and_no_others(number: int) -> None:
    signature = bytes.fromhex(SIGNATURES[number])
    assert beacon.is_signature(number, signature)
    assert not beacon.is_signature(number + 1, signature)


def test_the_random_value_of_round_1000_is_the_published_one() -> None:
    found = beacon.randomness(bytes.fromhex(SIGNATURES[1000])).hex()
    assert found == "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd"


@pytest.mark.parametrize(
    "signature",
    [b"", b"\x00" * 48, b"\xc0" + b"\x00" * 47, b"\xff" * 48, bytes.fromhex(SIGNATURES[1000])[:-1]],
    ids=["empty", "zeros", "the point at infinity", "no point", "cut off"],
)
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    assert not beacon.is_signature(1000, signature)


@given(st.integers(0, 383))
def test_one_bit_more_or_less_makes_it_another(bit: int) -> None:
    signature = int(SIGNATURES[1000], 16) ^ (1 << bit)
    assert not beacon.is_signature(1000, signature.to_bytes(48, "big"))


def test_round_1000_was_published_on_the_first_day() -> None:
    assert beacon.time_of(1) == datetime(2023, 8, 23, 15, 9, 27, tzinfo=UTC)
    assert beacon.time_of(1000) == datetime(2023, 8, 23, 15, 59, 24, tzinfo=UTC)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  given a zone by `timezones`
def test_the_first_round_from_a_moment_is_not_before_it_and_the_one_before_is(moment: datetime) -> None:
    number = beacon.round_from(moment)
    assert beacon.time_of(number) >= moment
    assert number == 1 or beacon.time_of(number) - timedelta(seconds=3) < moment


def test_the_verifier_goes_by_the_same_network() -> None:
    assert verify_draw.QUICKNET == beacon.CHAIN
    right = io.StringIO()
    with contextlib.redirect_stdout(right):
        verify_draw.check_signature(1000, SIGNATURES[1000], verify_draw.Report("en"))
    assert right.getvalue() == "drand's signature is right\n"
    with pytest.raises(verify_draw.Difference):
        verify_draw.check_signature(1001, SIGNATURES[1000], verify_draw.Report("en"))
