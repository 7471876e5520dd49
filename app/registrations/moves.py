"""The one door through which registrations change status, one or many; it always leaves an event of each."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
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


class CandidatesFrozen(Problem):
    """The registration may be in an announced draw, and only the applicant's own wish takes it out."""

    status, code = 409, "candidates-frozen"
    title, title_nl = "The candidates are frozen", "De kandidaten liggen vast"


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
    Raises MoveNotAllowed, naming the verbs that would be allowed, and CandidatesFrozen: from the
    announcement of a draw to its publication nobody but the candidates themselves takes one out of it.
    """
    before = registration.status
    after = require(registration, verb)
    if edition.frozen and (before, verb) == (Status.COMPLETE, "reject"):
        raise CandidatesFrozen(
            "A draw is announced, so nobody who returned the form is rejected until its result is published "
            "or it is voided; who wants to leave is withdrawn."
        )
    registration.status = after
    _count(edition, before, registration.status, 1)
    registration.answer_by = _answer_by(edition, registration.status, now)
    events.record(
        db,
        f"registration.{registration.status}",
        subject=registration.id,
        actor=actor,
        at=now,
        edition=edition.slug,
        partner=registration.partner,
        **({"reason": reason} if reason else {}),
        **_told(before, registration.answer_by),
    )


def require(registration: Registration, verb: str) -> Status:
    """The status that `verb` would lead to, or MoveNotAllowed, naming the verbs that would be allowed."""
    try:
        return lifecycle.after(registration.status, verb)
    except NotAllowed as refused:
        raise MoveNotAllowed(
            f"A registration that is {refused.status} cannot be moved by {verb}.",
            currentStatus=refused.status,
            allowed=refused.allowed,
        ) from refused


async def move_all(
    db: AsyncSession,
    chosen: sa.Subquery,
    edition: Edition,
    before: Status,
    verb: str,
    actor: str,
    now: datetime,
) -> None:
    """Do what `move` does with every registration of `chosen`, in one statement however many there are.

    `chosen` holds `id` and the new `waiting_number`. All of them are `before` and, like `edition`, locked
    by this transaction; what it has loaded of them is not brought up to date.
    """
    status = lifecycle.after(before, verb)
    answer_by = _answer_by(edition, status, now)
    moved = (
        sa.update(Registration)
        .where(col(Registration.id) == chosen.c.id)
        .values(status=status, answer_by=answer_by, waiting_number=chosen.c.waiting_number)
        .returning(col(Registration.id).label("subject"), col(Registration.partner))
        .cte("moved")
    )
    number = await events.record_each(
        db,
        f"registration.{status}",
        moved,
        actor=actor,
        at=now,
        edition=edition.slug,
        **_told(before, answer_by),
    )
    _count(edition, before, status, number)


def _count(edition: Edition, before: Status, after: Status, number: int) -> None:
    """Keep the seats taken and the waiting list's length in step."""
    edition.seats_taken += number * ((after in SEATED) - (before in SEATED))
    edition.waiting += number * ((after is Status.WAITLISTED) - (before is Status.WAITLISTED))


def _told(before: Status, answer_by: datetime | None) -> dict[str, str]:
    """What an event says of every move."""
    return {"before": before, **({"answerBy": utc(answer_by)} if answer_by else {})}


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
