"""What people eat and need at the sessions: kept apart from other answers, erased when it has served."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.events import service as events
from app.identity.caller import SYSTEM
from app.registrations.lifecycle import MOVES, Status
from app.registrations.models import Registration, Wishes
from app.trainings.models import Session, SessionEdition

# A session without a date may still come, so its edition's wishes wait for it, but not for ever.
PATIENCE = timedelta(days=90)
_ENDED = frozenset(status for status in Status if not any(status in move.sources for move in MOVES.values()))


async def read(db: AsyncSession, registration: UUID) -> dict[str, str]:
    """The wishes of a registration by their names in the form; none when there are none."""
    kept = (await db.exec(select(Wishes).where(Wishes.registration == registration))).first()
    members = kept.model_dump(exclude={"registration"}) if kept else {}
    return {name: value for name, value in members.items() if value is not None}


async def keep(db: AsyncSession, registration: UUID, wishes: Mapping[str, str]) -> None:
    """Keep these wishes, and no others, of a registration that is locked."""
    if not wishes:
        await db.exec(sa.delete(Wishes).where(col(Wishes.registration) == registration))
        return
    values = {"dietary": wishes.get("dietary"), "accessibility": wishes.get("accessibility")}
    statement = insert(Wishes).values(registration=registration, **values)
    await db.exec(statement.on_conflict_do_update(index_elements=["registration"], set_=values))


async def editions_to_erase(db: AsyncSession, now: datetime) -> list[str]:
    """The editions of which there are wishes that have served."""
    query = (
        select(Registration.edition)
        .join(Wishes, col(Wishes.registration) == Registration.id)
        .where(_served(now))
        .distinct()
        .order_by(col(Registration.edition))
    )
    return list((await db.exec(query)).all())


async def erase(db: AsyncSession, edition: str, now: datetime) -> int:
    """Erase the wishes of an edition that have served, with an event of each; gives their number.

    They have after the edition's last session, and when the registration has come to an end.
    """
    gone = (
        sa.delete(Wishes)
        .where(
            col(Wishes.registration) == Registration.id,
            col(Registration.edition) == edition,
            _served(now),
        )
        .returning(col(Registration.id).label("subject"), col(Registration.partner))
        .cte("gone")
    )
    return await events.record_each(
        db, "enrolment-form.wishes-erased", gone, actor=SYSTEM.client_id, at=now, edition=edition
    )


def _served(now: datetime) -> Any:
    """The condition that a registration's wishes are of no more use."""
    to_come = sa.func.bool_or(col(Session.starts_at).is_(None))
    last = sa.func.max(col(Session.ends_at))
    over = (
        sa.select(sa.or_(sa.and_(last <= now, sa.not_(to_come)), last <= now - PATIENCE))
        .join(SessionEdition, col(SessionEdition.session) == col(Session.id))
        .where(col(SessionEdition.edition) == col(Registration.edition), col(Session.cancelled_at).is_(None))
        .correlate(Registration)
        .scalar_subquery()
    )
    return sa.or_(col(Registration.status).in_(_ENDED), over)
