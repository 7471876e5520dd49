"""VTIMEZONE (RFC 5545, section 3.6.5): a time zone's offsets in the years that matter. Pure.

Written here and not by the library, whose own one puts the change to summer time an hour late
(docs/decisions/0014-the-calendar-feed.md).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_STEP = timedelta(days=7)  # an offset that came and went within a step is not seen
_WEEK = 7


@dataclass(frozen=True)
class _Rule:
    """What a change of the offset is like; that of another year may be just like it."""

    before: timedelta
    after: timedelta
    name: str
    is_summer: bool
    month: int
    weekday: str  # such as -1SU: the last Sunday
    time: tuple[int, int, int]


@lru_cache(maxsize=64)
def vtimezone(name: str, years: tuple[int, ...]) -> Timezone:
    """The component for what happens in `years`: these and the years before them are covered."""
    zone = ZoneInfo(name)
    covered = sorted({year for one in years for year in (one - 1, one) if 1 <= year < MAXYEAR})
    made = Timezone()
    made.add("tzid", name)
    runs: dict[_Rule, list[list[datetime]]] = {}
    for onset, rule in _changes(zone, covered):
        series = runs.setdefault(rule, [])
        if series and series[-1][-1].year == onset.year - 1:
            series[-1].append(onset)
        else:
            series.append([onset])
    # What holds where years begin that are covered, after years that are not.
    for year in covered:
        if year - 1 not in covered:
            first = _beginning(year)
            made.add_component(_observance(first, _rule(zone, first, first), []))
    for rule, series in runs.items():
        for onsets in series:
            last = onsets[-1].year == covered[-1]
            made.add_component(_observance(onsets[0], rule, onsets[1:], goes_on=last and len(onsets) > 1))
    return made


def _observance(
    start: datetime, rule: _Rule, repeats: list[datetime], *, goes_on: bool = False
) -> TimezoneStandard | TimezoneDaylight:
    """From `start` on, and again each year until the last of `repeats`, or without end if it `goes_on`."""
    made = TimezoneDaylight() if rule.is_summer else TimezoneStandard()
    made.add("dtstart", (start + rule.before).replace(tzinfo=None))
    made.add("tzoffsetfrom", rule.before)
    made.add("tzoffsetto", rule.after)
    made.add("tzname", rule.name)
    if repeats:
        yearly = {"freq": "yearly", "bymonth": rule.month, "byday": rule.weekday}
        # A day to spare: some readers take this moment for a local time, and would leave the last one out.
        made.add("rrule", yearly if goes_on else {**yearly, "until": repeats[-1] + timedelta(days=1)})
    return made


def _changes(zone: ZoneInfo, years: Iterable[int]) -> Iterator[tuple[datetime, _Rule]]:
    """Each change of the offset in these years, in UTC, with what it is like."""
    for year in years:
        moment, end = _beginning(year), _beginning(year + 1)
        while moment < end:
            following = min(moment + _STEP, end)
            if _offset(zone, moment) != _offset(zone, following):
                onset = _between(zone, moment, following)
                yield onset, _rule(zone, onset - timedelta(seconds=1), onset)
            moment = following


def _between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second with the offset of `after`."""
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if _offset(zone, middle) == _offset(zone, before):
            before = middle
        else:
            after = middle
    return after


def _rule(zone: ZoneInfo, before: datetime, onset: datetime) -> _Rule:
    there = onset.astimezone(zone)
    # The day and the time are told by the clock that runs until then.
    local = onset + _offset(zone, before)
    number = (local.day - 1) // _WEEK + 1
    is_last = (local + timedelta(days=_WEEK)).month != local.month
    return _Rule(
        before=_offset(zone, before),
        after=_offset(zone, onset),
        name=there.tzname() or zone.key,
        is_summer=(there.dst() or timedelta()) > timedelta(),
        month=local.month,
        weekday=f"{-1 if is_last else number}{_WEEKDAYS[local.weekday()]}",
        time=(local.hour, local.minute, local.second),
    )


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _beginning(year: int) -> datetime:
    # A day later than the year: the first one of the calendar has no time west of Greenwich.
    return datetime(year, 1, 2, tzinfo=UTC)
