"""When an edition is over, and when what is kept of its people has served."""

import calendar
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.trainings.models import Edition, Session, SessionEdition


async def is_over(db: AsyncSession, edition: Edition, now: datetime) -> bool:
    """Whether every session of an edition has been held; not while one still has no date."""
    ends, undated = await _sessions(db, edition)
    return ends is not None and ends <= now and not undated


async def served_since(db: AsyncSession, edition: Edition) -> datetime:
    """Since when an edition's terms run: the end of its last session, or of its window when that is later."""
    ends, _ = await _sessions(db, edition)
    return max(edition.closes_at, ends) if ends else edition.closes_at


async def _sessions(db: AsyncSession, edition: Edition) -> tuple[datetime | None, int]:
    """When the last of its sessions ends, and how many have no date; cancelled ones do not count."""
    undated = sa.func.count().filter(col(Session.starts_at).is_(None))
    query = (
        select(sa.func.max(col(Session.ends_at)), undated)
        .join(SessionEdition, col(SessionEdition.session) == col(Session.id))
        .where(SessionEdition.edition == edition.slug, col(Session.cancelled_at).is_(None))
    )
    ends, count = (await db.exec(query)).one()
    return ends, count


def before(now: datetime, months: int) -> datetime:
    """The moment `months` before `now`; on the last day of a month that is shorter."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = min(now.day, calendar.monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)


def end_of_invoices(issued_on: date, months: int) -> date:
    """The last day on which an invoice is kept: so many months after the end of its year (article 52 AWR)."""
    years, rest = divmod(months, 12)
    year, month = issued_on.year + years + (rest > 0), rest or 12
    return date(year, month, calendar.monthrange(year, month)[1])
