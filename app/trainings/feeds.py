"""The calendar of an edition, for anyone who wants to follow it; and what other calendars are made from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.language import Language
from app.trainings import calendar, feed
from app.trainings import service as trainings
from app.trainings.feed import Certainty, Entry, Heading
from app.trainings.models import Edition, Session
from app.trainings.terms import SessionStatus


@dataclass(frozen=True)
class Reader:
    """Whose calendar it is: which sessions they see, and how; None where one is none of theirs.

    `changes` counts what changed for them and not for others, the last time at `since`. Addresses of online
    meetings are for who takes part.
    """

    sees: Callable[[Session], Certainty | None]
    changes: int = 0
    since: datetime | None = None
    takes_part: bool = False


async def of_edition(db: AsyncSession, slug: str, base_url: str, language: Language) -> bytes:
    """The public calendar of an edition, or NotFound; without the addresses of online meetings."""
    edition = await trainings.edition(db, slug)
    url = f"{base_url}/v1/editions/{slug}/calendar.ics"
    return await compose(db, edition, Reader(as_planned), url, base_url, language)


def as_planned(session: Session) -> Certainty:
    """A session as everybody sees it."""
    cancelled = session.status is SessionStatus.CANCELLED
    return Certainty.CANCELLED if cancelled else Certainty.CONFIRMED


async def compose(
    db: AsyncSession, edition: Edition, reader: Reader, url: str | None, base_url: str, language: Language
) -> bytes:
    """A calendar of an edition's sessions for one kind of reader, found at `url` if anybody may know that."""
    training = await trainings.training(db, edition.training)
    titles = {phase.slug: phase.title for phase in await trainings.phases(db, edition.training)}
    shown = [
        (one, certainty)
        for one in await calendar.sessions_of(db, edition.slug)
        if (certainty := reader.sees(one)) is not None
    ]
    entries = [_entry(one, certainty, reader, titles, base_url) for one, certainty in shown]
    heading = Heading(
        name=f"{training.title}: {edition.title}",
        about=f"{training.title}, {edition.title}.",
        url=url,
        time_zone=edition.time_zone,
        since=edition.opens_at,
    )
    return feed.written(heading, [one for one in entries if one], _undated(shown), language)


def _entry(
    session: Session, certainty: Certainty, reader: Reader, phases: Mapping[str, str], base_url: str
) -> Entry | None:
    """The session in a calendar; None while it has no date."""
    if session.starts_at is None or session.ends_at is None:
        return None
    return Entry(
        id=session.id,
        title=session.title,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        mode=session.mode,
        minutes=session.minutes,
        phase=phases.get(session.phase or ""),
        place=", ".join(filter(None, (session.place, session.address, session.city))) or None,
        travel_note=session.travel_note,
        online_url=session.online_url if reader.takes_part else None,
        certainty=certainty,
        sequence=session.sequence + reader.changes,
        changed_at=max(session.changed_at, reader.since or session.changed_at),
        url=f"{base_url}/v1/sessions/{session.id}",
    )


def _undated(shown: Sequence[tuple[Session, Certainty]]) -> list[str]:
    undated = (one for one, certainty in shown if not one.starts_at and certainty != Certainty.CANCELLED)
    return sorted(one.title for one in undated)
