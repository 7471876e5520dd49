"""The calendar's text, byte by byte, and as another library reads it."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.core.language import Language
from app.core.values import Name, Text, Title
from app.trainings.feed import Certainty, Entry, Heading, written
from app.trainings.terms import Mode

HEADING = Heading(
    name="Opleiding: Editie",
    about="Opleiding, Editie.",
    url="https://register.example/v1/editions/editie/calendar.ics",
    time_zone="Europe/Amsterdam",
    since=datetime(2021, 6, 1, tzinfo=UTC),
)
ENTRY = Entry(
    id=UUID("0192f6d0-0000-7000-8000-000000000001"),
    title="Bijeenkomst 1",
    starts_at=datetime(2021, 10, 7, 12, 30, tzinfo=UTC),
    ends_at=datetime(2021, 10, 7, 15, 30, tzinfo=UTC),
    mode=Mode.HYBRID,
    minutes=180,
    phase="Oriëntatie",
    place="Het Theater, Cultuurplein 1, Utrecht",
    travel_note="Lijn 2; uitstappen\nbij het theater, perron A\\B",
    online_url="https://meet.example/abc?x=1,2;3",
    certainty=Certainty.CONFIRMED,
    sequence=3,
    changed_at=datetime(2021, 9, 1, 8, 0, 0, 123456, tzinfo=UTC),
    url="https://register.example/v1/sessions/0192f6d0-0000-7000-8000-000000000001",
)
EVENT = """\
BEGIN:VEVENT
SUMMARY:Bijeenkomst 1
DTSTART;TZID=Europe/Amsterdam:20211007T143000
DTEND;TZID=Europe/Amsterdam:20211007T173000
DTSTAMP:20210901T080000Z
UID:0192f6d0-0000-7000-8000-000000000001
SEQUENCE:3
CATEGORIES:Oriëntatie,Op locatie en online
CONFERENCE;FEATURE=VIDEO;LABEL=Online;VALUE=URI:https://meet.example/abc?x
 =1,2;3
DESCRIPTION:Fase: Oriëntatie\\nContacttijd: 180 minuten\\nBereikbaarheid: L
 ijn 2\\; uitstappen\\nbij het theater\\, perron A\\\\B\\nDeelnemen: https://meet
 .example/abc?x=1\\,2\\;3
LAST-MODIFIED:20210901T080000Z
LOCATION:Het Theater\\, Cultuurplein 1\\, Utrecht
STATUS:CONFIRMED
TRANSP:OPAQUE
URL:https://register.example/v1/sessions/0192f6d0-0000-7000-8000-000000000
 001
END:VEVENT
"""


def entry(**change: Any) -> Entry:
    return Entry(**{**ENTRY.__dict__, **change})


def text(*entries: Entry, undated: Sequence[str] = (), language: Language = "nl") -> str:
    return written(HEADING, entries, undated, language).decode()


def unfolded(content: str) -> list[str]:
    return content.replace("\r\n ", "").split("\r\n")


def events(content: str) -> list[Any]:
    """The entries as vobject reads them, which shares no code with what wrote them."""
    # It remembers zones by their names, whatever a later calendar says of them.
    vars(vobject.icalendar)["__tzidMap"].clear()
    return list(vobject.readOne(content).contents.get("vevent", []))


def test_a_session_is_written_in_full() -> None:
    content = text(ENTRY)
    assert EVENT.replace("\n", "\r\n") in content
    assert content.startswith(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Cultuurcoordinator VO//Register//NL\r\n"
    )
    assert content.endswith("END:VEVENT\r\nEND:VCALENDAR\r\n")


def test_the_calendar_says_what_it_is_and_when_to_look_again() -> None:
    lines = unfolded(text(undated=["Landelijk 1", "Landelijk, 2"]))
    for line in (
        "NAME:Opleiding: Editie",
        "X-WR-CALNAME:Opleiding: Editie",
        "X-WR-TIMEZONE:Europe/Amsterdam",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "SOURCE;VALUE=URI:https://register.example/v1/editions/editie/calendar.ics",
        "DESCRIPTION:Opleiding\\, Editie. Nog zonder datum: Landelijk 1\\, Landelijk\\, 2.",
        "BEGIN:VTIMEZONE",
    ):
        assert line in lines
    assert "BEGIN:VEVENT" not in lines


def test_a_cancelled_session_says_so_in_each_way_there_is() -> None:
    lines = unfolded(text(entry(certainty=Certainty.CANCELLED)))
    assert {"SUMMARY:Vervallen: Bijeenkomst 1", "STATUS:CANCELLED", "TRANSP:TRANSPARENT"} <= set(lines)
    assert not [line for line in lines if line.startswith("CONFERENCE")]


def test_words_are_dutch_or_english() -> None:
    lines = unfolded(text(entry(certainty=Certainty.CANCELLED), language="en", undated=["X"]))
    assert "SUMMARY:Cancelled: Bijeenkomst 1" in lines
    assert "CATEGORIES:Oriëntatie,On location and online" in lines
    assert "DESCRIPTION:Opleiding\\, Editie. Without a date yet: X." in lines
    assert any(
        line.startswith("DESCRIPTION:Phase: Oriëntatie\\nContact time: 180 minutes\\n") for line in lines
    )


@pytest.mark.parametrize(
    ("change", "location"),
    [
        ({"mode": Mode.ONLINE}, "LOCATION:https://meet.example/abc?x=1\\,2\\;3"),
        ({"mode": Mode.ONLINE, "online_url": None}, "LOCATION:Online"),
        ({"mode": Mode.PHYSICAL, "place": None}, None),
    ],
)
def test_where_to_be_is_a_place_or_an_address(change: dict[str, Any], location: str | None) -> None:
    found = [line for line in unfolded(text(entry(**change))) if line.startswith("LOCATION")]
    assert found == ([location] if location else [])


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "start", "end"),
    [
        # The clocks go forward at 2, and back at 3.
        ("2022-03-27T01:30+01:00", "2022-03-27T03:30+02:00", "20220327T013000", "20220327T033000"),
        ("2021-10-31T01:30+02:00", "2021-10-31T03:30+01:00", "20211031T013000", "20211031T033000"),
        # The same time of day twice: the second one in UTC, so that it comes after the first.
        ("2021-10-31T02:30+02:00", "2021-10-31T02:30+01:00", "20211031T023000", "20211031T013000Z"),
        ("2021-10-31T02:15+01:00", "2021-10-31T02:45+01:00", "20211031T011500Z", "20211031T014500Z"),
        # No shorter than a second.
        ("2021-10-07T12:30:00.1Z", "2021-10-07T12:30:00.9Z", "20211007T143000", "20211007T143001"),
    ],
)
def test_times_are_those_of_the_zones_clocks(starts_at: str, ends_at: str, start: str, end: str) -> None:
    times = {"starts_at": datetime.fromisoformat(starts_at), "ends_at": datetime.fromisoformat(ends_at)}
    lines = unfolded(text(entry(**times)))
    for name, value in (("DTSTART", start), ("DTEND", end)):
        zoned = f"{name}:{value}" if value.endswith("Z") else f"{name};TZID=Europe/Amsterdam:{value}"
        assert zoned in lines


def accepted(kind: Any) -> st.SearchStrategy[str]:
    """Texts as the contract takes them, with what matters to the format among them."""
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def is_taken(value: str) -> bool:
        try:
            return adapter.validate_python(value) == value
        except ValidationError:
            return False

    letters = st.one_of(st.sampled_from('\\;,:"^\n\r\u2028 n\tNé😀'), st.characters(codec="utf-8"))
    return st.text(letters, min_size=1, max_size=90).filter(is_taken)


@given(accepted(Title), accepted(Name), accepted(Text), accepted(Title))
@settings(deadline=None)
def test_whatever_is_written_is_read_back(title: str, city: str, note: str, phase: str) -> None:
    content = text(entry(title=title, place=city, travel_note=note, phase=phase, online_url=None))
    encoded = content.encode()
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # no character is cut in two
        assert not re.search(rb"[\r\n]", line)
    [event] = events(content)
    assert event.summary.value == title
    assert event.location.value == city
    lines = "\n".join(note.splitlines())
    assert event.description.value == f"Fase: {phase}\nContacttijd: 180 minuten\nBereikbaarheid: {lines}"
    assert event.categories.value == [phase, "Op locatie en online"]


MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ZONES = st.sampled_from(["Europe/Amsterdam", "America/Curacao", "Australia/Lord_Howe", "Pacific/Apia", "UTC"])


@given(ZONES, st.lists(st.tuples(MOMENTS, st.integers(1, 60 * 48)), max_size=4))
@settings(deadline=None)
def test_moments_are_read_back_by_the_calendars_own_zone(
    zone: str, sessions: list[tuple[datetime, int]]
) -> None:
    entries = [
        entry(id=uuid4(), starts_at=start.replace(microsecond=0), ends_at=start + timedelta(minutes=minutes))
        for start, minutes in sessions
    ]
    heading = Heading(**{**HEADING.__dict__, "time_zone": zone})
    read = {one.uid.value: one for one in events(written(heading, entries, [], "nl").decode())}
    assert len(read) == len(entries)
    for one in entries:
        event = read[str(one.id)]
        assert event.dtstart.value.astimezone(UTC) == one.starts_at
        assert 0 <= (event.dtend.value.astimezone(UTC) - one.ends_at).total_seconds() < 1
        assert event.dtend.value.astimezone(UTC) > event.dtstart.value.astimezone(UTC)
        assert event.dtstart.value.utcoffset() in (
            one.starts_at.astimezone(ZoneInfo(zone)).utcoffset(),
            timedelta(0),
        )


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Pacific/Kiritimati", "America/Adak"])
def test_the_first_and_the_last_moment_can_be_written(zone: str) -> None:
    first, last = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    entries = [
        entry(id=uuid4(), starts_at=first, ends_at=first + timedelta(hours=1)),
        entry(id=uuid4(), starts_at=last - timedelta(hours=1), ends_at=last),
    ]
    heading = Heading(**{**HEADING.__dict__, "time_zone": zone})
    content = written(heading, entries, [], "nl").decode()
    starts = re.findall(r"^DTSTART;TZID=[^:]+:(\d{8}T\d{6})\r$", content, re.MULTILINE)
    assert [start[:4] for start in starts] == [
        f"{one.starts_at.astimezone(ZoneInfo(zone)).year:04}" for one in entries
    ]
    assert len(content) < 5000
