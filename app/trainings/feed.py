"""Sessions as an iCalendar object (RFC 5545, with the properties of RFC 7986 that calendars go by). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vDuration, vText, vUri

from app.core.language import Language
from app.trainings.terms import Mode
from app.trainings.time_zones import vtimezone

MEDIA_TYPE = "text/calendar; charset=utf-8"
# How often calendars are asked to look again.
REFRESH = timedelta(hours=1)

_WORDS: dict[str, tuple[str, str]] = {
    "cancelled": ("Vervallen: {0}", "Cancelled: {0}"),
    "phase": ("Fase: {0}", "Phase: {0}"),
    "minutes": ("Contacttijd: {0} minuten", "Contact time: {0} minutes"),
    "travel": ("Bereikbaarheid: {0}", "How to get there: {0}"),
    "join": ("Deelnemen: {0}", "Join: {0}"),
    "online": ("Online", "Online"),
    Mode.PHYSICAL: ("Op locatie", "On location"),
    Mode.HYBRID: ("Op locatie en online", "On location and online"),
    Mode.ONLINE: ("Online", "Online"),
    "undated": ("Nog zonder datum: {0}.", "Without a date yet: {0}."),
}


class Certainty(StrEnum):
    """Whether a session is held, for the reader of the feed (RFC 5545, section 3.8.1.11)."""

    CONFIRMED = "CONFIRMED"
    TENTATIVE = "TENTATIVE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True)
class Entry:
    """A session with a date, as one reader's calendar shows it."""

    id: UUID
    title: str
    starts_at: datetime
    ends_at: datetime
    mode: Mode
    minutes: int
    phase: str | None
    place: str | None
    travel_note: str | None
    online_url: str | None
    certainty: Certainty
    sequence: int
    changed_at: datetime
    url: str


@dataclass(frozen=True)
class Heading:
    """What the calendar as a whole is: its name and address, the clocks it goes by, and since when."""

    name: str
    about: str
    url: str | None  # None where the address is somebody's own
    time_zone: str
    since: datetime


def written(heading: Heading, entries: Sequence[Entry], undated: Sequence[str], language: Language) -> bytes:
    """The calendar as text. What has no date cannot be an entry: the titles in `undated` stand at the top."""
    made = Calendar()
    made.add("version", "2.0")
    made.add("prodid", f"-//Cultuurcoordinator VO//Register//{language.upper()}")
    made.add("calscale", "GREGORIAN")
    about = heading.about
    if undated:
        about = f"{about} {_say('undated', language, ', '.join(undated))}"
    # NAME and DESCRIPTION are RFC 7986; the others are what calendars knew before it.
    for name in ("name", "x-wr-calname"):
        made.add(name, heading.name)
    for name in ("description", "x-wr-caldesc"):
        made.add(name, vText(about))
    made.add("x-wr-timezone", heading.time_zone)
    if heading.url:
        made.add("url", vUri(heading.url))
        made.add("source", vUri(heading.url), {"value": "URI"})
    made.add("refresh-interval", vDuration(REFRESH), {"value": "DURATION"})
    made.add("x-published-ttl", vDuration(REFRESH))
    zone = ZoneInfo(heading.time_zone)
    years = {at.astimezone(zone).year for one in entries for at in (one.starts_at, one.ends_at)}
    # An empty one holds the zone: an iCalendar object has at least one component (section 3.6).
    made.add_component(vtimezone(heading.time_zone, tuple(sorted(years)) or (heading.since.year,)))
    for one in entries:
        made.add_component(_event(one, zone, language))
    content: bytes = made.to_ical()
    return content


def _event(entry: Entry, zone: ZoneInfo, language: Language) -> Event:
    cancelled = entry.certainty is Certainty.CANCELLED
    made = Event()
    made.add("uid", str(entry.id))
    made.add("sequence", entry.sequence)
    # Without a METHOD these two are the same (section 3.8.7.2).
    made.add("dtstamp", entry.changed_at)
    made.add("last-modified", entry.changed_at)
    made.add("dtstart", _local(entry.starts_at.replace(microsecond=0), zone))
    # A calendar counts in whole seconds, and what begins must end after that.
    made.add("dtend", _local(_whole_second(entry.ends_at), zone))
    made.add("summary", _say("cancelled", language, entry.title) if cancelled else entry.title)
    made.add("status", entry.certainty)
    made.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    if location := _location(entry, language):
        made.add("location", location)
    if description := _description(entry, language):
        made.add("description", description)
    made.add("categories", [word for word in (entry.phase, _say(entry.mode, language)) if word])
    made.add("url", vUri(entry.url))
    if entry.online_url and not cancelled:
        label = {"value": "URI", "feature": "VIDEO", "label": _say("online", language)}
        made.add("conference", vUri(entry.online_url), label)
    return made


def _location(entry: Entry, language: Language) -> str | None:
    """Where to be: a place, or for an online session its address where the reader may know it."""
    if entry.mode is Mode.ONLINE:
        return entry.online_url or _say("online", language)
    return entry.place


def _description(entry: Entry, language: Language) -> str:
    told = (
        ("phase", entry.phase),
        ("minutes", entry.minutes),
        ("travel", _lines(entry.travel_note) if entry.mode is not Mode.ONLINE else None),
        ("join", entry.online_url),
    )
    return "\n".join(_say(what, language, value) for what, value in told if value)


def _lines(text: str | None) -> str | None:
    """The text with line feeds only: some readers end a line of the file at other separators too."""
    return "\n".join(text.splitlines()) if text else None


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment by the zone's clocks; in UTC when they show that time for the second time that day.

    A local time that occurs twice means the first one (section 3.3.5).
    """
    there = moment.astimezone(zone)
    return moment.astimezone(UTC) if there.fold else there


def _whole_second(moment: datetime) -> datetime:
    return (moment + timedelta(seconds=1, microseconds=-1)).replace(microsecond=0)


def _say(what: str, language: Language, value: object = "") -> str:
    return _WORDS[what][language == "en"].format(value)
