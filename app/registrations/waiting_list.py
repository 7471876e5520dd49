"""The waiting list: a seat that falls free is offered to the next in line, in the same transaction."""

from collections import Counter
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.registrations.lifecycle import SEATED, Status
from app.registrations.models import Registration, SeatOffer
from app.registrations.moves import locked, move
from app.registrations.seats import Range, Rule, Waiting, next_in_line
from app.trainings import service as trainings
from app.trainings.models import Edition
from app.trainings.terms import UnfilledMinimum


async def offer_free_seats(db: AsyncSession, edition: Edition, actor: str, now: datetime) -> None:
    """Offer every free seat of `edition`, which this transaction holds locked, to the next in line.

    The order is the one that the draw gave; a partner under its minimum goes first and a partner at
    its maximum is passed over. While a draw is announced its seats are promised, so nothing is offered
    until it has been published or voided.
    """
    if edition.frozen:
        return
    while edition.seats_taken < edition.capacity and edition.waiting > 0:
        await db.flush()
        chosen = next_in_line(
            await _line(db, edition),
            await taken(db, edition.slug),
            await ranges(db, edition.slug),
            free=edition.capacity - edition.seats_taken,
            held=edition.unfilled_minimum is UnfilledMinimum.HELD,
        )
        if chosen is None:
            return
        next_one, rule = chosen
        registration = await locked(db, next_one.id)
        move(db, registration, edition, "place", actor, now)
        db.add(
            SeatOffer(
                edition=edition.slug,
                registration=registration.id,
                waiting_number=registration.waiting_number or 0,
                rule=rule,
                offered_at=now,
            )
        )


async def waiting_editions(db: AsyncSession) -> list[str]:
    """The editions with a free seat and somebody waiting: their quotas or their capacity may have grown."""
    query = select(Edition.slug).where(
        Edition.seats_taken < Edition.capacity, Edition.waiting > 0, sa.not_(col(Edition.frozen))
    )
    return list((await db.exec(query.order_by(col(Edition.slug)))).all())


async def passed_over(db: AsyncSession, registration: Registration) -> Counter[Rule]:
    """How often a seat went to somebody further down the list, by the rule that made it so.

    Nothing for who left the list without an offer: what came after was no longer theirs to get.
    """
    own = (await db.exec(select(SeatOffer.id).where(SeatOffer.registration == registration.id))).first()
    if own is None and registration.status is not Status.WAITLISTED:
        return Counter()
    query = (
        select(SeatOffer.rule, sa.func.count())
        .where(
            SeatOffer.edition == registration.edition,
            col(SeatOffer.waiting_number) > registration.waiting_number,
            sa.true() if own is None else col(SeatOffer.id) < own,
        )
        .group_by(col(SeatOffer.rule))
    )
    return Counter({Rule(rule): count for rule, count in (await db.exec(query)).all()})


async def place_in_line(db: AsyncSession, registration: Registration) -> int:
    """The place on the waiting list as it stands now, from 1."""
    query = select(sa.func.count()).where(
        Registration.edition == registration.edition,
        Registration.status == Status.WAITLISTED,
        col(Registration.waiting_number) <= registration.waiting_number,
    )
    return (await db.exec(query)).one()


async def taken(db: AsyncSession, edition: str) -> Counter[str]:
    """The seats that are offered or taken, per partner."""
    query = (
        select(Registration.partner, sa.func.count())
        .where(Registration.edition == edition, col(Registration.status).in_(SEATED))
        .group_by(col(Registration.partner))
    )
    return Counter(dict((await db.exec(query)).all()))


async def ranges(db: AsyncSession, edition: str) -> dict[str, Range]:
    """The quotas of an edition, per partner."""
    quotas = await trainings.quotas(db, edition)
    return {quota.organisation: Range(quota.minimum, quota.maximum) for quota in quotas}


async def last_number(db: AsyncSession, edition: str) -> int:
    """The highest number that the waiting list of an edition has given, 0 when there is none."""
    query = select(sa.func.max(Registration.waiting_number)).where(Registration.edition == edition)
    return (await db.exec(query)).one() or 0


async def _line(db: AsyncSession, edition: Edition) -> list[Waiting[UUID]]:
    """The first in line of each partner, in the order of the list: nobody else can be the next."""
    waiting = (Registration.edition == edition.slug, Registration.status == Status.WAITLISTED)
    firsts = (
        select(sa.func.min(Registration.waiting_number)).where(*waiting).group_by(col(Registration.partner))
    )
    query = (
        select(Registration.id, Registration.partner)
        .where(*waiting, col(Registration.waiting_number).in_(firsts))
        .order_by(col(Registration.waiting_number))
    )
    return [Waiting(id, partner) for id, partner in (await db.exec(query)).all()]
