"""The one door through which a registration changes status; it always leaves an event."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.problems import Problem
from app.core.values import utc
from app.events import service as events
from app.registrations import lifecycle
from app.registrations.lifecycle import SEATED, NotAllowed, Status
from app.registrations.models import Registration
from app.trainings.models import Edition


class MoveNotAllowed(Problem):
    """The registration's status does not allow this."""

    status, code = 409, "move-not-allowed"
    title, title_nl = "Not possible in this status", "Niet mogelijk in deze status"


def move(
    db: AsyncSession,
    registration: Registration,
    edition: Edition,
    verb: str,
    actor: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Carry `registration` on by `verb` and keep its edition's seat counts in step.

    Both rows must be locked by this transaction when the verb gives or frees a seat.
    Raises MoveNotAllowed, naming the verbs that would be allowed.
    """
    before = registration.status
    try:
        registration.status = lifecycle.after(before, verb)
    except NotAllowed as refused:
        raise MoveNotAllowed(
            f"A registration that is {refused.status} cannot be moved by {verb}.",
            currentStatus=refused.status,
            allowed=refused.allowed,
        ) from refused
    edition.seats_taken += (registration.status in SEATED) - (before in SEATED)
    edition.waiting += (registration.status is Status.WAITLISTED) - (before is Status.WAITLISTED)
    registration.answer_by = _answer_by(edition, registration.status, now)
    events.record(
        db,
        f"registration.{registration.status}",
        subject=registration.id,
        actor=actor,
        at=now,
        edition=edition.slug,
        partner=registration.partner,
        before=before,
        **({"reason": reason} if reason else {}),
        **({"answerBy": utc(registration.answer_by)} if registration.answer_by else {}),
    )


def _answer_by(edition: Edition, status: Status, now: datetime) -> datetime | None:
    if status is not Status.PLACED or edition.answer_days is None:
        return None
    return now + timedelta(days=edition.answer_days)


async def locked(db: AsyncSession, registration_id: UUID) -> Registration:
    """The registration's row as it is now, locked until the commit; it must exist."""
    query = (
        select(Registration).where(col(Registration.id) == registration_id).with_for_update(key_share=True)
    )
    return (await db.exec(query.execution_options(populate_existing=True))).one()
