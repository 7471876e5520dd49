"""What a message says of a session: how it is now, and what is different from what was known before."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.language import Language
from app.events import service as events
from app.events.models import Event
from app.notifications.about import About, Values
from app.notifications.kinds import Kind
from app.notifications.letters import period
from app.registrations.links import Links
from app.trainings import calendar
from app.trainings.models import Session
from app.trainings.terms import Mode

_MODES: Mapping[Language, Mapping[str, str]] = {
    "nl": {"physical": "op locatie", "online": "online", "hybrid": "op locatie en online"},
    "en": {"physical": "on location", "online": "online", "hybrid": "on location and online"},
}
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "nl": {
        "moved": "Het was {old}, en wordt {new}.",
        "unscheduled": "Het was {old}. Een nieuwe datum volgt.",
        "scheduled": "De datum is bekend: {new}.",
        "mode": "Het was {old}, en wordt {new}.",
        "city": "Het was in {old}, en wordt in {new}.",
        "onlineUrl": "Er is een nieuwe link om online mee te doen.",
        "location": "De locatie of de reistip is anders.",
        "title": "De titel is anders.",
        "unknown": "De datum volgt.",
        "no city": "een plaats die nog niet bekend is",
    },
    "en": {
        "moved": "It was {old}, and becomes {new}.",
        "unscheduled": "It was {old}. A new date will follow.",
        "scheduled": "The date is known: {new}.",
        "mode": "It was {old}, and becomes {new}.",
        "city": "It was in {old}, and becomes in {new}.",
        "onlineUrl": "There is a new link to take part online.",
        "location": "The location or the travel note is different.",
        "title": "The title is different.",
        "unknown": "The date will follow.",
        "no city": "a place that is not known yet",
    },
}


async def values(db: AsyncSession, about: About, links: Links, now: datetime) -> Values | None:
    """What the template asks for; None when there is nothing to tell any more.

    That is so of a session that has begun, of one that was cancelled since (of which there is another
    message), and of one that is as it was before.
    """
    session = await db.get_one(Session, UUID(about.event.subject), populate_existing=True)
    if session.starts_at and session.starts_at <= now:
        return None
    told = await _told(db, about)
    reasons = await events.reasons(db, told)
    zone, language = about.edition.time_zone, about.language
    known = {
        "session": session.title,
        "when": _when(session.starts_at, session.ends_at, zone, language),
        "where": _where(session, language),
        "travel_note": session.travel_note or "",
        "online_url": session.online_url or "",
        "page_url": about.personal_page(links),
        "reason": next((reasons[one.id] for one in reversed(told) if one.id and one.id in reasons), ""),
    }
    if about.message.kind is Kind.SESSION_CANCELLED:
        counts = about.edition.slug in await calendar.editions_of(db, session.id)
        return {**known, "removed": not counts} if session.cancelled_at or not counts else None
    if session.cancelled_at:
        return None
    if about.message.kind is Kind.SESSION_PLANNED:
        return known if session.starts_at else None
    before = told[0].data.get("before") or {}
    fields = {name for one in told for name in one.data.get("fields", ())}
    changes = differences(before, session, fields, zone, language)
    return {**known, "changes": changes} if changes else None


def differences(
    before: Mapping[str, Any], session: Session, fields: Iterable[str], zone: str, language: Language
) -> list[str]:
    """What is different from `before`, the state that an event holds, a sentence each."""
    words, modes, changed = _WORDS[language], _MODES[language], set(fields)
    said = []
    then = (_moment(before.get("startsAt")), _moment(before.get("endsAt")))
    if then != (session.starts_at, session.ends_at):
        known = "scheduled" if then[0] is None else "moved"
        key = known if session.starts_at else "unscheduled"
        old, new = _when(*then, zone, language), _when(session.starts_at, session.ends_at, zone, language)
        said.append(words[key].format(old=old, new=new))
    mode = before.get("mode", session.mode.value)
    if mode != session.mode.value:
        said.append(words["mode"].format(old=modes[mode], new=modes[session.mode.value]))
    city = before.get("city", session.city)
    if city != session.city and session.mode is not Mode.ONLINE:
        names = [name or words["no city"] for name in (city, session.city)]
        said.append(words["city"].format(old=names[0], new=names[1]))
        changed.discard("location")
    if session.mode is Mode.ONLINE:
        changed.discard("location")
    # What an event holds no older state of.
    return said + [words[name] for name in ("title", "location", "onlineUrl") if name in changed]


async def _told(db: AsyncSession, about: About) -> Sequence[Event]:
    """The events that the message tells of, the oldest first."""
    query = (
        select(Event)
        .where(
            Event.subject == about.event.subject,
            Event.edition == about.event.edition,
            col(Event.id).between(about.message.first_event, about.message.event),
        )
        .order_by(col(Event.id))
    )
    return (await db.exec(query)).all()


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


def _when(starts_at: datetime | None, ends_at: datetime | None, zone: str, language: Language) -> str:
    if starts_at is None or ends_at is None:
        return _WORDS[language]["unknown"]
    return period(starts_at, ends_at, zone, language)


def _where(session: Session, language: Language) -> str:
    place = ", ".join(filter(None, (session.place, session.address, session.city)))
    if session.mode is Mode.PHYSICAL:
        return place
    online = _MODES[language][session.mode.value]
    return online if session.mode is Mode.ONLINE or not place else f"{place} ({online})"
