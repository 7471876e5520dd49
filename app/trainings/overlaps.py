"""Sessions of one edition that would be held at the same time: refused, unless that is meant."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.problems import Problem
from app.core.values import utc
from app.trainings.models import Edition, Session, SessionEdition


class SessionOverlap(Problem):
    """Another session of one of its editions is held at that time."""

    status, code = 409, "session-overlap"
    title, title_nl = "Session overlaps with another", "Bijeenkomst overlapt met een andere"


async def require_none(db: AsyncSession, session: Session, editions: Sequence[str], *, allowed: bool) -> None:
    """Raise SessionOverlap, naming the others, if `session` overlaps in an edition and that is not allowed.

    Until the commit nobody else plans or moves a session of these editions. That also holds where overlaps
    are allowed: somebody else, at the same moment, may not allow them.
    """
    await lock_editions(db, editions)
    others = [] if allowed else await overlapping(db, session, editions)
    if not others:
        return
    links = await _editions(db, others)
    told = [
        {
            "id": str(one.id),
            "title": one.title,
            "startsAt": utc(one.starts_at) if one.starts_at else None,
            "endsAt": utc(one.ends_at) if one.ends_at else None,
            "editions": sorted(link.edition for link in links if link.session == one.id),
        }
        for one in others
    ]
    titles = ", ".join(one.title for one in others)
    detail = f"It overlaps with: {titles}. Send allowOverlap true if that is meant."
    raise SessionOverlap(detail, sessions=told)


async def lock_editions(db: AsyncSession, editions: Sequence[str]) -> None:
    """Lock the editions, in the order of their names, as everybody does."""
    query = select(Edition.slug).where(col(Edition.slug).in_(editions)).order_by(col(Edition.slug))
    await db.exec(query.with_for_update(key_share=True))


async def overlapping(db: AsyncSession, session: Session, editions: Sequence[str]) -> Sequence[Session]:
    """The other sessions of these editions that are held at some moment of this one."""
    theirs = select(SessionEdition.session).where(col(SessionEdition.edition).in_(editions))
    query = (
        select(Session)
        .where(col(Session.id).in_(theirs), col(Session.id) != session.id)
        .where(col(Session.cancelled_at).is_(None))
        .where(col(Session.starts_at) < session.ends_at, col(Session.ends_at) > session.starts_at)
        .order_by(col(Session.starts_at), col(Session.id))
    )
    return (await db.exec(query)).all()


async def _editions(db: AsyncSession, sessions: Sequence[Session]) -> Sequence[SessionEdition]:
    query = select(SessionEdition).where(col(SessionEdition.session).in_([one.id for one in sessions]))
    return (await db.exec(query)).all()
