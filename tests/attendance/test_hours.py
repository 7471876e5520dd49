"""What a certificate asks, in words and by table."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attendance.hours import (
    GRACE,
    Code,
    Forecast,
    Meeting,
    Outlook,
    Standing,
    certain_at,
    forecast,
    in_hours,
    requirements,
    told,
)
from app.core.language import Language

PHASES = ("Oriëntatie", "Onderzoek", "Uitvoering", "Evaluatie")


def _standing(
    minutes: int = 1260, passed: int = 4, title: str | None = "Plan", approved: bool = True
) -> Standing:
    phases = [(name, number < passed) for number, name in enumerate(PHASES)]
    return Standing(minutes, 1200, phases, title, approved)


@pytest.mark.parametrize(
    ("minutes", "dutch", "english"),
    [
        (0, "0 uur", "0 hours"),
        (60, "1 uur", "1 hour"),
        (90, "1,5 uur", "1.5 hours"),
        (1080, "18 uur", "18 hours"),
        (1095, "18,25 uur", "18.25 hours"),
        (1170, "19,5 uur", "19.5 hours"),
        (1199, "19:59 uur", "19:59 hours"),
    ],
)
def test_minutes_are_told_as_hours(minutes: int, dutch: str, english: str) -> None:
    assert (in_hours(minutes, "nl"), in_hours(minutes, "en")) == (dutch, english)


@pytest.mark.parametrize(
    ("standing", "unmet"),
    [
        (_standing(), set()),
        (_standing(minutes=1200), set()),
        (_standing(minutes=1199), {Code.CONTACT_HOURS}),
        (_standing(passed=3), {Code.PHASES}),
        (_standing(approved=False), {Code.PRODUCT}),
        (_standing(title=None, approved=False), {Code.PRODUCT}),
        (_standing(0, 0, None, approved=False), set(Code)),
    ],
)
def test_each_requirement_is_judged_by_itself(standing: Standing, unmet: set[Code]) -> None:
    for language in ("nl", "en"):
        judged = requirements(standing, language)
        assert [one.code for one in judged] == list(Code)
        assert {one.code for one in judged if not one.met} == unmet


@pytest.mark.parametrize(
    ("standing", "language", "words"),
    [
        (
            _standing(minutes=1080),
            "nl",
            "Nog 2 uur contacttijd nodig: 18 uur gevolgd van de gevraagde 20 uur.",
        ),
        (
            _standing(minutes=1110),
            "en",
            "1.5 hours of contact time missing: 18.5 hours attended of the 20 hours asked.",
        ),
        (_standing(passed=2), "nl", "Nog niet behaald: Uitvoering, Evaluatie."),
        (_standing(approved=False), "en", "The product «Plan» is not yet approved."),
        (_standing(title=None, approved=False), "nl", "Er is nog geen beroepsproduct."),
    ],
)
def test_what_is_missing_is_said_in_words(standing: Standing, language: Language, words: str) -> None:
    assert words in [one.explanation for one in requirements(standing, language) if not one.met]


@given(st.integers(0, 6000), st.integers(0, 6000))
def test_hours_are_met_from_the_minimum_on(minutes: int, minimum: int) -> None:
    standing = Standing(minutes, minimum, [], None, product_approved=False)
    assert requirements(standing, "nl")[0].met == (minutes >= minimum)


NOW = datetime(2021, 11, 4, 17, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@st.composite
def _meetings(draw: st.DrawFn) -> list[Meeting]:
    """Sessions of an edition around now, some unscheduled, some recorded."""
    found = []
    for _ in range(draw(st.integers(0, 8))):
        minutes = draw(st.integers(0, 240))
        if draw(st.booleans()):
            ends_at = NOW + draw(st.integers(-20_000, 20_000)) * MINUTE
            found.append(Meeting(minutes, ends_at, draw(st.none() | st.integers(0, minutes))))
        else:
            found.append(Meeting(draw(st.none() | st.just(minutes)), None))
    return found


MADE_UP, MINIMUM = st.integers(0, 300), st.integers(0, 1500)


@pytest.mark.parametrize(
    ("meeting", "possible"),
    [
        (Meeting(180, NOW + MINUTE), 180),
        (Meeting(180, NOW), 180),  # nobody has recorded it yet
        (Meeting(180, NOW - GRACE + MINUTE), 180),
        (Meeting(180, NOW - GRACE), 0),
        (Meeting(180, NOW, 60), 0),
        (Meeting(180, NOW + MINUTE, 60), 120),
        (Meeting(180, None), 180),
        (Meeting(None, None), 0),
    ],
)
def test_what_may_still_come_of_a_session(meeting: Meeting, possible: int) -> None:
    assert meeting.possible(NOW) == possible


@given(_meetings(), MADE_UP, MINIMUM)
def test_the_outlook_follows_from_the_numbers(meetings: list[Meeting], made_up: int, minimum: int) -> None:
    found = forecast(meetings, made_up, minimum, NOW)
    assert found.needed == max(minimum - found.attended - made_up, 0)
    assert (found.outlook is Outlook.MET) == (found.attended + made_up >= minimum)
    if found.outlook is Outlook.OUT_OF_REACH:
        assert found.attended + made_up + found.possible < minimum
        assert found.unknown == 0


@given(_meetings(), MADE_UP, MINIMUM, st.integers(0, 40_000))
def test_time_alone_brings_nobody_closer(
    meetings: list[Meeting], made_up: int, minimum: int, minutes: int
) -> None:
    now, later = (forecast(meetings, made_up, minimum, at) for at in (NOW, NOW + minutes * MINUTE))
    assert later.possible <= now.possible
    assert later.needed == now.needed
    if now.outlook is Outlook.OUT_OF_REACH:
        assert later.outlook is Outlook.OUT_OF_REACH


@given(_meetings(), MADE_UP, MINIMUM, st.integers(0, 240), st.integers(0, 300))
def test_a_session_more_or_hours_made_up_take_nobody_further_away(
    meetings: list[Meeting], made_up: int, minimum: int, minutes: int, more: int
) -> None:
    rank = list(reversed(Outlook))
    before = forecast(meetings, made_up, minimum, NOW)
    for after in (
        forecast([*meetings, Meeting(minutes, NOW + MINUTE)], made_up, minimum, NOW),
        forecast([*meetings, Meeting(None, None)], made_up, minimum, NOW),
        forecast(meetings, made_up + more, minimum, NOW),
        forecast(meetings, made_up, max(minimum - more, 0), NOW),
    ):
        assert rank.index(after.outlook) >= rank.index(before.outlook)


@given(_meetings(), MADE_UP, MINIMUM)
def test_it_is_certain_since_the_moment_at_which_it_became_so(
    meetings: list[Meeting], made_up: int, minimum: int
) -> None:
    since = certain_at(meetings, made_up, minimum, NOW)
    assert (since is None) == (forecast(meetings, made_up, minimum, NOW).outlook is not Outlook.OUT_OF_REACH)
    if since is not None:
        assert since <= NOW
        assert forecast(meetings, made_up, minimum, since).outlook is Outlook.OUT_OF_REACH
        if since < NOW:
            before = forecast(meetings, made_up, minimum, since - timedelta(microseconds=1))
            assert before.outlook is not Outlook.OUT_OF_REACH


@pytest.mark.parametrize(
    ("standing", "dutch", "english"),
    [
        (
            Forecast(1080, 120, 0, 1200, 0),
            [
                "Je hebt 18 uur contacttijd gevolgd en 2 uur ingehaald; er wordt 20 uur gevraagd.",
                "Dat is genoeg.",
            ],
            [
                "You have attended 18 hours of contact time and made up for 2 hours; 20 hours are asked.",
                "That is enough.",
            ],
        ),
        (
            Forecast(900, 0, 180, 1200, 1),
            [
                "Je hebt 15 uur contacttijd gevolgd; er wordt 20 uur gevraagd.",
                "Je hebt nog 5 uur nodig. Er kan nog 3 uur bij komen.",
                "Er komen ook nog bijeenkomsten waarvan de lengte niet bekend is.",
            ],
            [
                "You have attended 15 hours of contact time; 20 hours are asked.",
                "You still need 5 hours. As much as 3 hours can still be added.",
                "There will also be sessions whose length is not known yet.",
            ],
        ),
        (
            Forecast(900, 0, 180, 1200, 0),
            [
                "Je hebt 15 uur contacttijd gevolgd; er wordt 20 uur gevraagd.",
                "Je hebt nog 5 uur nodig, en er kan nog maar 3 uur bij komen.",
                "Overleg met je docent hoe je tijd kunt inhalen.",
            ],
            [
                "You have attended 15 hours of contact time; 20 hours are asked.",
                "You still need 5 hours, and no more than 3 hours can be added.",
                "Ask your trainer how you can make up for time.",
            ],
        ),
    ],
)
def test_the_participant_is_told_in_words(standing: Forecast, dutch: list[str], english: list[str]) -> None:
    assert (told(standing, "nl"), told(standing, "en")) == (dutch, english)


def test_hours_that_were_made_up_are_told_apart() -> None:
    for minutes, words in (
        (1200, "20 uur contacttijd gevolgd (waarvan 2 uur ingehaald); 20 uur gevraagd."),
        (
            1140,
            "Nog 1 uur contacttijd nodig: 19 uur gevolgd (waarvan 2 uur ingehaald) van de gevraagde 20 uur.",
        ),
    ):
        standing = Standing(minutes, 1200, [], None, product_approved=False, made_up_minutes=120)
        assert requirements(standing, "nl")[0].explanation == words
