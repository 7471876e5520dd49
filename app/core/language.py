"""Dutch or English, by what the reader asked for; and moments as people write them."""

from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

Language = Literal["nl", "en"]
_DAYS = {
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    "nl": (
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}


def preferred(accept_language: str | None, default: Language = "en") -> Language:
    """The language of ours that an Accept-Language header (RFC 9110, section 12.5.4) ranks highest.

    A header that names neither, or is not well formed, gives `default`.
    """
    best: tuple[float, Language] | None = None
    for part in (accept_language or "").split(","):
        tag, _, weight = part.strip().partition(";")
        language = tag.strip().lower().split("-")[0]
        if language not in ("nl", "en"):
            continue
        quality = _quality(weight)
        if quality > 0 and (best is None or quality > best[0]):
            best = (quality, "nl" if language == "nl" else "en")
    return best[1] if best else default


def spoken(moment: datetime, time_zone: str, language: Language) -> str:
    """A moment in the words of its place: "dinsdag 6 juli 2021, 10.00 uur", "Tuesday 6 July 2021, 10:00".

    Seconds are told only where there are any.
    """
    there = moment.astimezone(ZoneInfo(time_zone))
    time = f"{there:%H:%M:%S}" if there.second else f"{there:%H:%M}"
    time = f"{time.replace(':', '.')} uur" if language == "nl" else time
    return f"{_DAYS[language][there.weekday()]} {spoken_day(there, language)}, {time}"


def spoken_day(day: date, language: Language) -> str:
    """A day in words: "6 juli 2021", "6 July 2021"."""
    return f"{day.day} {_MONTHS[language][day.month - 1]} {day.year}"


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
