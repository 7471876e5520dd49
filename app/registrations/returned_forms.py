"""Enrolment forms as partners, providers and administrators work with them: read, reopened."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.core.problems import Fault, InvalidInput
from app.core.values import utc
from app.events import service as events
from app.identity.caller import Caller, Role
from app.registrations import forms
from app.registrations import service as registrations
from app.registrations.applicants import require_all_known
from app.registrations.form_schemas import EnrolmentFormAnswers, FormReopen, ReturnedFormRead
from app.registrations.forms import FormOverdue
from app.registrations.lifecycle import SEATED
from app.registrations.links import Links
from app.registrations.models import EnrolmentForm, Registration
from app.registrations.moves import locked, move, require
from app.registrations.schemas import RegistrationRead
from app.trainings import service as trainings
from app.trainings.models import Edition
from app.trainings.service import EditionFrozen


async def read(db: AsyncSession, caller: Caller, registration_id: UUID) -> ReturnedFormRead:
    """The form of a registration that the caller may see, or NotFound.

    A draft is the applicant's own: there are no answers until the form is returned. A provider needs no
    invoice address, and the wishes only of who has a seat.
    """
    registration = await registrations.own(db, caller, registration_id)
    edition = await db.get_one(Edition, registration.edition)
    form = await db.get_one(EnrolmentForm, registration_id, populate_existing=True)
    answers = await forms.answers_of(db, form) if form.submitted_at else None
    return _shown(caller, registration, edition, form, answers)


async def reopen(
    db: AsyncSession,
    caller: Caller,
    registration_id: UUID,
    wanted: FormReopen,
    links: Links,
    now: datetime,
    expected: Expected,
) -> RegistrationRead:
    """Hand a returned form back to the applicant, with the answers as a draft; the link works again.

    The registration no longer takes part in the allocation until the form is returned once more; it lapses
    when that does not happen in time. Raises NotFound, ApplicantErased, PreconditionFailed, MoveNotAllowed
    unless it is complete, EditionFrozen while a draw is announced, and FormOverdue or InvalidInput when there
    is no time left to return it.
    """
    registration = await registrations.own(db, caller, registration_id)
    # The edition first, as who announces a draw does: a list that is being frozen is waited for.
    edition = await trainings.edition(db, registration.edition, lock=True)
    registration = await locked(db, registration_id)
    await require_all_known(db, [registration])
    if expected:
        expected.require(await read(db, caller, registration_id))
    require(registration, "reopen")
    if edition.frozen:
        raise EditionFrozen("A draw is announced; publish its result or void it first.")
    _require_time(wanted, edition, now)
    form = await db.get_one(EnrolmentForm, registration_id, populate_existing=True)
    form.submitted_at, form.reopened_at, form.due_at = None, now, wanted.due_at
    form.reminded_at = form.reminded_for = None
    move(db, registration, edition, "reopen", caller.client_id, now, wanted.reason)
    term = forms.due_at(form, edition)
    events.record(
        db,
        "enrolment-form.reopened",
        subject=registration.id,
        actor=caller.client_id,
        at=now,
        edition=edition.slug,
        partner=registration.partner,
        **({"reason": wanted.reason} if wanted.reason else {}),
        **({"dueAt": utc(term)} if term else {}),
    )
    await db.flush()
    return await registrations.read(db, caller, registration_id, links)


def _require_time(wanted: FormReopen, edition: Edition, now: datetime) -> None:
    if wanted.due_at is not None and wanted.due_at <= now:
        detail = "dueAt should lie ahead"
        raise InvalidInput([Fault(pointer="#/dueAt", code="past", detail=detail)])
    if wanted.due_at is None and edition.forms_due_at and now >= edition.forms_due_at:
        term = utc(edition.forms_due_at)
        raise FormOverdue(
            f"Forms could be returned until {term}; give a dueAt of its own to reopen this one."
        )


def _shown(
    caller: Caller,
    registration: Registration,
    edition: Edition,
    form: EnrolmentForm,
    answers: dict[str, Any] | None,
) -> ReturnedFormRead:
    hidden = set[str]()
    if caller.role is Role.PROVIDER:
        hidden = {"invoiceAddress"} | ({"wishes"} if registration.status not in SEATED else set())
    seen = {name: value for name, value in (answers or {}).items() if name not in hidden}
    times = form.model_dump(
        include={"saved_at", "submitted_at", "reopened_at", "reminded_at", "consented_at"}
    )
    return ReturnedFormRead(
        registration=registration.id,
        edition=edition.slug,
        status="submitted" if form.submitted_at else "open",
        due_at=forms.due_at(form, edition),
        answers=EnrolmentFormAnswers.model_validate(seen) if answers is not None else None,
        **times,
    )
