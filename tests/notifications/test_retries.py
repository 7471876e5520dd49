"""When a message is tried again, and what a refusal says."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notifications import retries


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_pause_grows_up_to_its_longest_and_never_vanishes(attempts: int, chance: float) -> None:
    pause = retries.pause(attempts, chance)
    assert timedelta(seconds=30) <= pause <= retries.LONGEST * 1.5
    assert retries.pause(attempts + 1, chance) >= pause


def test_a_pause_doubles() -> None:
    pauses = [retries.pause(attempts, 0.5) for attempts in range(1, 5)]
    assert pauses == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]


@pytest.mark.parametrize(
    ("code", "reply", "final", "why"),
    [
        (550, "5.1.1 <noor@lyceum.example>: Recipient address rejected", True, "550 5.1.1 at RCPT TO"),
        (554, "noor@lyceum.example is spam", True, "554 at RCPT TO"),
        (451, "4.7.1 Greylisted for noor@lyceum.example", False, "451 4.7.1 at RCPT TO"),
        (450, "see 10.5.1.1000 for noor", False, "450 at RCPT TO"),
        (421, "", False, "421 at RCPT TO"),
    ],
)
def test_a_refusal_says_whether_it_is_final_and_names_nobody(
    code: int, reply: str, final: bool, why: str
) -> None:
    refused = retries.judged("RCPT TO", code, reply)
    assert (refused.final, refused.why) == (final, why)


@given(st.integers(400, 599), st.text())
def test_nothing_of_a_reply_is_kept_but_its_numbers(code: int, reply: str) -> None:
    why = retries.judged("DATA", code, reply).why
    assert set(why) <= set("0123456789. atDATA")
    assert len(why) < 200
