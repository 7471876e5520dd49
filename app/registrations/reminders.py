"""Reminders of forms that were not returned: events, of which messages are made."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.core.problems import Problem
from app.core.values import utc
from app.events import service as events
from app.identity.caller import SYSTEM, Caller
from app.registrations import forms, reminding, returned_forms
from app.registrations import service as registrations
from app.registrations.form_schemas import ReturnedFormRead
from app.registrations.forms import FormAlreadySubmitted, FormOverdue
from app.registrations.lifecycle import Status
from app.registrations.models import EnrolmentForm, Registration
from app.registrations.moves import require
from app.trainings import service as trainings
from app.trainings.models import Edition

_DUE_AT = sa.func.coalesce(col(EnrolmentForm.due_at), col(Edition.forms_due_at))
# Since when the applicant has had the form to fill in.
_SINCE = sa.func.coalesce(col(EnrolmentForm.reopened_at), col(Registration.received_at))


class RemindedBefore(Problem):
    """The applicant was reminded only just; `remindableAt` says when it can be done again."""

    status, code = 409, "reminded-before"
    title, title_nl = "Reminded only just", "Kort geleden al herinnerd"


async def editions_to_remind(db: AsyncSession, now: datetime) -> list[str]:
    """The editions that remind, and in which a form can still be returned."""
    query = (
        select(Registration.edition)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .join(EnrolmentForm, col(EnrolmentForm.registration) == Registration.id)
        .where(
            Registration.status == Status.RECEIVED,
            sa.func.jsonb_array_length(col(Edition.form_reminder_days)) > 0,
            now < _DUE_AT,
        )
        .distinct()
        .order_by(col(Registration.edition))
    )
    return list((await db.exec(query)).all())


async def remind_due(db: AsyncSession, edition_slug: str, now: datetime) -> int:
    """Record for each form whose reminder is due that it is, once; gives their number.

    Of several that have become due in the meantime only the last goes out.
    """
    edition = await trainings.edition(db, edition_slug)
    query = (
        select(Registration, EnrolmentForm)
        .join(EnrolmentForm, col(EnrolmentForm.registration) == Registration.id)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .where(
            Registration.edition == edition_slug,
            Registration.status == Status.RECEIVED,
            now < _DUE_AT,
            sa.or_(sa.false(), *(_becomes_due(days, now) for days in edition.form_reminder_days)),
        )
        .order_by(col(Registration.id))
        # Both, so that a second worker waits and then sees what the first has done.
        .with_for_update(of=(Registration, EnrolmentForm), key_share=True)
        .execution_options(populate_existing=True)
    )
    reminded = (await db.exec(query)).all()
    for registration, form in reminded:
        due_at = forms.due_at(form, edition)
        assert due_at is not None
        since = form.reopened_at or registration.received_at
        form.reminded_for = reminding.due(edition.form_reminder_days, due_at, since, now)
        _record(db, SYSTEM, registration, form, due_at, now, by_hand=False)
    await db.flush()
    return len(reminded)


async def remind(
    db: AsyncSession, caller: Caller, registration_id: UUID, now: datetime, expected: Expected
) -> ReturnedFormRead:
    """Remind an applicant now, because somebody asks for it.

    Raises NotFound, PreconditionFailed, FormAlreadySubmitted, MoveNotAllowed for a registration that has
    ended, FormOverdue, and RemindedBefore within a day of the last reminder.
    """
    registration = await registrations.own(db, caller, registration_id, lock=True)
    edition = await db.get_one(Edition, registration.edition)
    form = await db.get_one(EnrolmentForm, registration_id, populate_existing=True)
    if expected:
        expected.require(await returned_forms.read(db, caller, registration_id))
    if form.submitted_at:
        raise FormAlreadySubmitted("This form was returned: there is nothing to remind of.")
    require(registration, "complete")
    due_at = forms.due_at(form, edition)
    if due_at and now >= due_at:
        raise FormOverdue(f"The form could be returned until {utc(due_at)}.")
    if form.reminded_at and now < (again := form.reminded_at + reminding.APART):
        moment = utc(again)
        raise RemindedBefore(f"The next reminder by hand can go out at {moment}.", remindableAt=moment)
    _record(db, caller, registration, form, due_at, now, by_hand=True)
    await db.flush()
    return await returned_forms.read(db, caller, registration_id)


def _becomes_due(days: int, now: datetime) -> Any:
    """The condition that the reminder of so many days before is due, and it is not out, nor a later one."""
    moment = _DUE_AT - timedelta(days=days)
    out = col(EnrolmentForm.reminded_for)
    return sa.and_(moment <= now, moment >= _SINCE, sa.or_(out.is_(None), out < moment))


def _record(
    db: AsyncSession,
    caller: Caller,
    registration: Registration,
    form: EnrolmentForm,
    due_at: datetime | None,
    now: datetime,
    *,
    by_hand: bool,
) -> None:
    form.reminded_at = now
    events.record(
        db,
        "enrolment-form.reminder-due",
        subject=registration.id,
        actor=caller.client_id,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
        byHand=by_hand,
        **({"dueAt": utc(due_at)} if due_at else {}),
    )
