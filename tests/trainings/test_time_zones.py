"""VTIMEZONE, read by dateutil, tells the same as the system's own time zones."""

from datetime import UTC, datetime, timedelta, tzinfo
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from hypothesis import given, settings
from hypothesis import strategies as st

from app.trainings.time_zones import vtimezone

ZONES = [
    "Europe/Amsterdam",
    "Europe/Dublin",
    "Africa/Casablanca",
    "America/New_York",
    "America/Paramaribo",
    "America/Curacao",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "UTC",
]


def read(name: str, years: tuple[int, ...]) -> tzinfo:
    """The zone as a reader of the component understands it."""
    zone = tzical(StringIO(vtimezone(name, years).to_ical().decode())).get(name)
    assert isinstance(zone, tzinfo)
    return zone


YEARS = st.lists(st.integers(1971, 2060), min_size=1, max_size=4, unique=True)


@given(st.sampled_from(ZONES), YEARS, st.integers(0, 365 * 24 * 60))
@settings(deadline=None, max_examples=200)
def test_every_moment_of_the_years_has_the_right_offset(name: str, years: list[int], minutes: int) -> None:
    zone = ZoneInfo(name)
    moments = [datetime(year, 1, 2, tzinfo=UTC) + timedelta(minutes=minutes) for year in years]
    there = [moment.astimezone(zone) for moment in moments]
    found = read(name, tuple(sorted({local.year for local in there})))
    for local in there:
        # A time that occurs twice means the first; the feed writes the second in UTC.
        if not local.fold:
            assert found.utcoffset(local.replace(tzinfo=None)) == local.utcoffset()


@pytest.mark.parametrize(
    ("wall", "hours"),
    [
        ("2022-03-27T01:59:59", 1),
        ("2022-03-27T03:00:00", 2),  # an hour too late in the library's own
        ("2022-03-27T03:59:59", 2),
        ("2022-10-30T01:59:59", 2),
        ("2022-10-30T03:00:00", 1),
        ("2021-10-07T14:30:00", 2),
        ("2021-11-04T14:30:00", 1),
    ],
)
def test_amsterdam_changes_its_clocks_at_the_right_hour(wall: str, hours: int) -> None:
    zone = read("Europe/Amsterdam", (2021, 2022))
    assert zone.utcoffset(datetime.fromisoformat(wall)) == timedelta(hours=hours)


def test_rules_are_written_as_rules_with_an_end_where_they_end() -> None:
    text = vtimezone("Europe/Amsterdam", (2022,)).to_ical().decode()
    assert "DTSTART:20210328T020000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\n" in text
    assert "DTSTART:20211031T030000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\n" in text
    # The United States changed theirs in 2007.
    changed = vtimezone("America/New_York", (2005, 2006, 2007, 2008)).to_ical().decode()
    assert "RRULE:FREQ=YEARLY;UNTIL=20060403T070000Z;BYDAY=1SU;BYMONTH=4\r\n" in changed
    assert "BYDAY=2SU;BYMONTH=3\r\n" in changed


def test_years_far_apart_cost_no_more_than_those_that_matter() -> None:
    years = (2, 1900, 2024, 9998)
    zone = read("Asia/Kolkata", years)
    for year, offset in ((1900, timedelta(hours=5, minutes=21)), (2024, timedelta(hours=5, minutes=30))):
        wall = datetime(year, 6, 1)  # noqa: DTZ001  a local time, to ask the zone about
        # dateutil counts in whole minutes, and the first offset has ten seconds.
        assert abs((zone.utcoffset(wall) or timedelta()) - offset) < timedelta(minutes=1)
    assert len(vtimezone("Asia/Kolkata", years).subcomponents) < 10
