"""Which language a reader gets, and how moments are told in it."""

from datetime import datetime

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.language import preferred, spoken
from app.core.pages import time_tag
from tests.world import World


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("nl", "nl"),
        ("en", "en"),
        ("NL-be", "nl"),
        ("nl-NL,nl;q=0.9,en;q=0.8", "nl"),
        ("en-GB,en;q=0.9,nl;q=0.8", "en"),
        ("nl;q=0.2, en;q=0.3", "en"),
        ("en;q=0.2 , nl ; q=0.3", "nl"),
        ("nl;q=0.5, en;q=0.5", "nl"),  # equal: the first
        ("fr, de;q=0.9, nl;q=0.1", "nl"),
        ("fr, de", "en"),
        ("nl;q=0", "en"),
        ("nl;q=0.0, en;q=0", "en"),
        ("nl;q=0, en;q=0.1", "en"),
        ("*", "en"),
        ("nlx, enx", "en"),
        ("nl;q=x, en;q=0.1", "en"),
        ("nl;q=nan", "en"),
        ("nl;q=-1", "en"),
        (",,;;==", "en"),
    ],
)
def test_the_language_is_the_one_of_ours_that_ranks_highest(header: str | None, language: str) -> None:
    assert preferred(header) == language


def test_who_asks_for_neither_gets_the_default() -> None:
    assert preferred("fr", default="nl") == preferred(None, default="nl") == "nl"
    assert preferred("en", default="nl") == "en"


@hypothesis.settings(max_examples=50, deadline=None)
@given(st.text() | st.text("nle-;q=.0159, *", max_size=30))
def test_no_header_is_too_strange(header: str) -> None:
    assert preferred(header) in ("nl", "en")


def test_a_problem_is_told_in_the_readers_language(world: World) -> None:
    told = {
        language: world.http.get("/v1/editions/nergens", headers={"Accept-Language": language})
        for language in ("nl-NL", "en", "fr")
    }
    assert [answer.json()["title"] for answer in told.values()] == ["Niet gevonden", "Not found", "Not found"]
    assert [answer.headers["content-language"] for answer in told.values()] == ["nl", "en", "en"]
    assert len({answer.json()["type"] for answer in told.values()}) == 1


@pytest.mark.parametrize(
    ("moment", "nl", "en"),
    [
        ("2021-07-06T08:00:00+00:00", "dinsdag 6 juli 2021, 10.00 uur", "Tuesday 6 July 2021, 10:00"),
        ("2021-01-31T23:30:00+00:00", "maandag 1 februari 2021, 00.30 uur", "Monday 1 February 2021, 00:30"),
        (
            "2023-08-23T15:59:24+00:00",
            "woensdag 23 augustus 2023, 17.59.24 uur",
            "Wednesday 23 August 2023, 17:59:24",
        ),
    ],
)
def test_a_moment_is_told_as_people_write_it(moment: str, nl: str, en: str) -> None:
    at = datetime.fromisoformat(moment)
    assert (spoken(at, "Europe/Amsterdam", "nl"), spoken(at, "Europe/Amsterdam", "en")) == (nl, en)


def test_a_page_tells_a_moment_to_people_and_to_machines() -> None:
    at = datetime.fromisoformat("2021-07-06T10:00:00+02:00")
    assert time_tag(at, "Europe/Amsterdam", "nl") == (
        '<time datetime="2021-07-06T08:00:00Z">dinsdag 6 juli 2021, 10.00 uur</time>'
    )
