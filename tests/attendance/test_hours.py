"""What a certificate asks, in words and by table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attendance.hours import Code, Standing, in_hours, requirements
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
