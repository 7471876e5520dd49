"""Who has not been told yet what became of their registration, by the register or by other means."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.core.paging import Window, fetch
from app.core.problems import Problem
from app.events import service as events
from app.events.models import Event
from app.identity.caller import Caller
from app.notifications.models import Message, MessageStatus
from app.notifications.schemas import UntoldOutcome, UntoldOutcomePage
from app.registrations import service as registrations
from app.registrations.lifecycle import Status
from app.registrations.links import Links
from app.registrations.models import Applicant, Registration
from app.registrations.schemas import RegistrationRead
from app.trainings import service as trainings

# What somebody has to be told. Who confirms, declines or withdraws knows it already.
OUTCOMES = (Status.PLACED, Status.WAITLISTED, Status.REJECTED, Status.LAPSED)
TOLD = "registration.told"


class NoUntoldOutcome(Problem):
    """There is no outcome, or it has been told."""

    status, code = 409, "no-untold-outcome"
    title, title_nl = "No outcome left to tell", "Er is geen uitslag meer te melden"


async def listed(db: AsyncSession, caller: Caller, window: Window, edition_slug: str) -> UntoldOutcomePage:
    """The registrations of an edition with an outcome that was not told, of those that the caller may see."""
    await trainings.edition(db, edition_slug)
    query = _untold().where(Registration.edition == edition_slug, registrations.visible(caller))
    order = [col(Registration.id)]
    page, next_cursor = await fetch(db, query, window, order, UUID, lambda row: row[0].id)
    return UntoldOutcomePage(items=[_shown(*row) for row in page], next_cursor=next_cursor)


async def told(
    db: AsyncSession,
    caller: Caller,
    registration_id: UUID,
    reason: str,
    links: Links,
    now: datetime,
    expected: Expected,
) -> RegistrationRead:
    """Keep that somebody was told the outcome by other means, such as by telephone.

    Raises NotFound, PreconditionFailed, and NoUntoldOutcome where there is nothing left to tell.
    """
    registration = await registrations.own(db, caller, registration_id, lock=True)
    if expected:
        expected.require(await registrations.read(db, caller, registration_id, links))
    if (await db.exec(_untold().where(Registration.id == registration_id))).first() is None:
        raise NoUntoldOutcome("There is no outcome, or it has been told.", currentStatus=registration.status)
    events.record(
        db,
        TOLD,
        subject=registration.id,
        actor=caller.client_id,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
        outcome=registration.status,
        reason=reason,
    )
    await db.flush()
    return await registrations.read(db, caller, registration_id, links)


def _untold() -> Any:
    """Registration, the event that gave it its outcome, and the message of that event, which was not sent."""
    outcome = sa.literal("registration.") + sa.cast(Registration.status, sa.Text)
    since, told = _newest(outcome), _newest(sa.literal(TOLD))
    return (
        select(Registration, Event.at, Message)
        .select_from(Registration)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .join(Event, col(Event.id) == since)
        .outerjoin(
            Message,
            sa.and_(col(Message.event) == Event.id, col(Message.registration) == Registration.id),
        )
        .where(
            col(Registration.status).in_(OUTCOMES),
            col(Applicant.erased_at).is_(None),
            sa.or_(col(Message.id).is_(None), col(Message.status) != MessageStatus.SENT),
            sa.func.coalesce(told, 0) < Event.id,
        )
    )


def _newest(type: sa.ColumnElement[str]) -> Any:
    """The newest event of a type about the registration; by its subject, of which each has few."""
    event = aliased(Event)
    about = (col(event.subject) == sa.cast(Registration.id, sa.Text), col(event.type) == type)
    return sa.select(sa.func.max(col(event.id))).where(*about).correlate(Registration).scalar_subquery()


def _shown(registration: Registration, since: datetime, message: Message | None) -> UntoldOutcome:
    return UntoldOutcome(
        registration=registration.id,
        partner=registration.partner,
        outcome=registration.status,
        since=since,
        answer_by=registration.answer_by,
        message=message.id if message else None,
        message_status=message.status if message else None,
        last_error=message.last_error if message else None,
    )
