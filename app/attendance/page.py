"""A participant's own page, for a phone: plain, without scripts; and what it says when a check-in fails."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from markupsafe import Markup

from app.attendance.hours import in_hours
from app.attendance.personal_schemas import PersonalPageRead, PersonalSession
from app.core.language import Language, spoken
from app.core.pages import Pages, time_tag
from app.core.values import utc

_PAGES = Pages(Path(__file__).parent, "personal.css", with_form=True)


@dataclass(frozen=True)
class Room:
    """How much a participant may send."""

    file_bytes: int
    files: int


def render(shown: PersonalPageRead, token: str, language: Language, now: datetime, room: Room) -> str:
    """The page; its forms send the code of a session that is open now, and evidence of phases."""

    def moment(value: datetime) -> Markup:
        return time_tag(value, shown.time_zone, language)

    def period(start: datetime, end: datetime) -> Markup:
        if _day(start, shown.time_zone) != _day(end, shown.time_zone):
            return Markup(" \u2013 ").join((moment(start), moment(end)))
        time = spoken(end, shown.time_zone, language).rpartition(", ")[2]
        ending = Markup('<time datetime="{}">{}</time>').format(utc(end), time)
        return Markup(" \u2013 ").join((moment(start), ending))

    def hours(minutes: int) -> str:
        return in_hours(minutes, language)

    def size(octets: int) -> str:
        return in_megabytes(octets, language)

    planned = [one for one in shown.sessions if one.session.status != "cancelled"]
    return _PAGES.render(
        f"personal.{language}.html",
        page=shown,
        address=f"/v1/personal-pages/{token}",
        open=[one for one in planned if one.check_in_open],
        coming=[one for one in planned if not _is_over(one, now)],
        held=[one for one in planned if _is_over(one, now)],
        cancelled=[one for one in shown.sessions if one.session.status == "cancelled"],
        moment=moment,
        period=period,
        hours=hours,
        size=size,
        room=room,
    )


def in_megabytes(octets: int, language: Language) -> str:
    """How large a file is, to people: "0,1 MB" at least, and no decimals that say nothing."""
    amount = f"{max(octets / 1024**2, 0.1):.1f}".removesuffix(".0")
    return f"{amount.replace('.', ',') if language == 'nl' else amount} MB"


def refusal(title: str, details: list[str], address: str, language: Language) -> str:
    """What is shown in the page's place when a check-in is refused."""
    return _PAGES.render(f"refused.{language}.html", title=title, details=details, address=address)


def not_found(language: Language) -> str:
    """What a link says behind which there is nothing, or no more."""
    return _PAGES.render(f"no-page.{language}.html")


def policy() -> str:
    """The pages' content security policy: forms may be sent to ourselves."""
    return _PAGES.policy


def _day(moment: datetime, time_zone: str) -> date:
    return moment.astimezone(ZoneInfo(time_zone)).date()


def _is_over(one: PersonalSession, now: datetime) -> bool:
    return one.session.ends_at is not None and one.session.ends_at <= now
