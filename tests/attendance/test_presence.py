"""What comes of what somebody says about one session."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attendance.presence import Attended, Channel, Presence, Said, faults, understood

PRESENT, ABSENT, EXCUSED = Presence
IN_PERSON, ONLINE = Channel
HERE, BOTH = (IN_PERSON,), (IN_PERSON, ONLINE)
SOME = st.none() | st.integers(0, 200)
SAID = st.builds(
    Said, SOME, st.none() | st.sampled_from(Presence), SOME, SOME, st.none() | st.sampled_from(Channel)
)


@pytest.mark.parametrize(
    ("said", "attended"),
    [
        (Said(180), Attended(PRESENT, 180, channel=IN_PERSON)),
        (Said(0), Attended(ABSENT, 0)),
        (Said(0, PRESENT), Attended(PRESENT, 0, channel=IN_PERSON)),
        (Said(presence=PRESENT), Attended(PRESENT, 180, channel=IN_PERSON)),
        (Said(presence=EXCUSED), Attended(EXCUSED, 0)),
        (Said(late_minutes=20), Attended(PRESENT, 160, 20, 0, IN_PERSON)),
        (Said(early_minutes=30), Attended(PRESENT, 150, 0, 30, IN_PERSON)),
        (Said(late_minutes=20, early_minutes=30), Attended(PRESENT, 130, 20, 30, IN_PERSON)),
        (Said(130, None, 20, 30), Attended(PRESENT, 130, 20, 30, IN_PERSON)),
        (Said(late_minutes=180), Attended(PRESENT, 0, 180, 0, IN_PERSON)),
        (Said(180, channel=ONLINE), Attended(PRESENT, 180, channel=ONLINE)),
    ],
)
def test_what_is_left_out_follows_from_what_is_said(said: Said, attended: Attended) -> None:
    assert faults(said, 180, BOTH, "#") == []
    assert understood(said, 180, BOTH, None) == attended


@pytest.mark.parametrize(
    ("said", "pointers"),
    [
        (Said(181), ["#/minutes"]),
        (Said(10, ABSENT), ["#/minutes"]),
        (Said(131, None, 20, 30), ["#/minutes"]),
        (Said(129, None, 20, 30), ["#/minutes"]),
        (Said(0, PRESENT, 20), ["#/minutes"]),
        (Said(late_minutes=181), ["#/lateMinutes"]),
        (Said(early_minutes=181), ["#/earlyMinutes"]),
        (Said(late_minutes=100, early_minutes=81), ["#/lateMinutes"]),
        (Said(0, ABSENT, late_minutes=20), ["#/lateMinutes"]),
        (Said(0, EXCUSED, 0, 0, IN_PERSON), ["#/lateMinutes", "#/earlyMinutes", "#/channel"]),
        (Said(180, channel=ONLINE), ["#/channel"]),
    ],
)
def test_what_cannot_be_so_is_a_fault_each(said: Said, pointers: list[str]) -> None:
    assert [fault.pointer for fault in faults(said, 180, HERE, "#")] == pointers


@given(SAID, st.integers(0, 200), st.sampled_from([HERE, (ONLINE,), BOTH]))
def test_what_is_no_fault_is_within_the_session_and_stays_when_said_again(
    said: Said, lasts: int, channels: tuple[Channel, ...]
) -> None:
    if faults(said, lasts, channels, "#"):
        return
    attended = understood(said, lasts, channels, None)
    assert 0 <= attended.minutes <= lasts
    assert (attended.presence is PRESENT) == (attended.channel is not None)
    assert attended.channel in (None, *channels)
    assert (attended.late_minutes is None) == (attended.early_minutes is None)
    if attended.late_minutes is not None and attended.early_minutes is not None:
        assert attended.minutes == lasts - attended.late_minutes - attended.early_minutes
    assert understood(said, lasts, channels, attended) == attended


@given(st.integers(0, 180), st.sampled_from(BOTH))
def test_minutes_alone_leave_the_rest_as_it_stands(late: int, channel: Channel) -> None:
    stands = Attended(PRESENT, 180 - late, late, 0, channel)
    assert understood(Said(180 - late, PRESENT), 180, BOTH, stands) == stands
