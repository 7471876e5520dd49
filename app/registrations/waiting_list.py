"""The waiting list: a seat that falls free is offered to the next in line, in the same transaction."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.registrations.lifecycle import SEATED, Status
from app.registrations.models import Registration
from app.registrations.moves import locked, move
from app.registrations.seats import Range, Waiting, next_in_line
from app.trainings import service as trainings
from app.trainings.models import Edition


async def offer_free_seats(db: AsyncSession, edition: Edition, actor: str, now: datetime) -> None:
    """Offer every free seat of `edition`, which this transaction holds locked, to the next in line.

    The order is the one that the draw gave; a partner under its minimum goes first and a partner at
    its maximum is passed over.
    """
    while edition.seats_taken < edition.capacity and edition.waiting > 0:
        await db.flush()
        chosen = next_in_line(
            await _line(db, edition), await taken(db, edition.slug), await ranges(db, edition.slug)
        )
        if chosen is None:
            return
        move(db, await locked(db, chosen.id), edition, "place", actor, now)


async def taken(db: AsyncSession, edition: str) -> Counter[str]:
    """The seats that are offered or taken, per partner."""
    query = select(Registration.partner).where(
        Registration.edition == edition, col(Registration.status).in_(SEATED)
    )
    return Counter((await db.exec(query)).all())


async def ranges(db: AsyncSession, edition: str) -> dict[str, Range]:
    """The quotas of an edition, per partner."""
    quotas = await trainings.quotas(db, edition)
    return {quota.organisation: Range(quota.minimum, quota.maximum) for quota in quotas}


async def _line(db: AsyncSession, edition: Edition) -> list[Waiting[UUID]]:
    query = (
        select(Registration.id, Registration.partner)
        .where(Registration.edition == edition.slug, Registration.status == Status.WAITLISTED)
        .order_by(col(Registration.waiting_number))
    )
    return [Waiting(id, partner) for id, partner in (await db.exec(query)).all()]
