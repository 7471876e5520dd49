"""A participant's own calendar, by a link that can be renewed."""

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.language import Language
from app.events import service as events
from app.registrations import personal_links
from app.registrations.attending import Standing, certainty
from app.registrations.lifecycle import Status
from app.registrations.links import Links, Purpose
from app.registrations.models import Registration
from app.trainings import feeds
from app.trainings import service as trainings
from app.trainings.feed import Certainty
from app.trainings.feeds import Reader
from app.trainings.models import Session


async def read(db: AsyncSession, links: Links, token: str, language: Language) -> bytes:
    """The calendar behind a personal link, or NotFound; empty for who has no seat and never had one."""
    registration = await personal_links.holder(db, links, Purpose.CALENDAR, token)
    standing = await _standing(db, registration)

    def sees(session: Session) -> Certainty | None:
        return certainty(standing, session.starts_at, cancelled=session.cancelled_at is not None)

    reader = Reader(sees, standing.changes, standing.since, takes_part=standing.takes_part)
    edition = await trainings.edition(db, registration.edition)
    return await feeds.compose(db, edition, reader, None, links.base_url, language)


async def _standing(db: AsyncSession, registration: Registration) -> Standing:
    moved = await events.latest(db, registration.id, f"registration.{registration.status}")
    if moved is None:
        return Standing(registration.status)
    before = moved.data.get("before")
    return Standing(registration.status, Status(before) if before else None, moved.at)
