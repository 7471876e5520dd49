"""The enrolment form: reached by a personal link, returned once."""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.core.problems import NotFound, Problem
from app.core.tokens import digest
from app.core.values import utc
from app.registrations.models import Applicant, EnrolmentForm, Registration
from app.registrations.moves import locked, move
from app.registrations.schemas import EnrolmentFormRead, EnrolmentFormSubmit
from app.trainings.models import Edition, Training

# The actor of what an applicant does by a personal link.
APPLICANT = "applicant"


class FormAlreadySubmitted(Problem):
    """The link was used before."""

    status, code = 409, "form-already-submitted"
    title, title_nl = "Form already submitted", "Formulier is al ingestuurd"


class FormOverdue(Problem):
    """The form came too late."""

    status, code = 409, "form-overdue"
    title, title_nl = "Form is overdue", "Formulier is te laat"


async def read(db: AsyncSession, token: str) -> EnrolmentFormRead:
    """The form behind a link, without its answers; NotFound for an unknown token."""
    form = await _form(db, token)
    return await _shown(db, form)


async def submit(
    db: AsyncSession, token: str, answers: EnrolmentFormSubmit, now: datetime, expected: Expected
) -> EnrolmentFormRead:
    """Return the form, if it is as `expected`: the registration is complete and takes part in the allocation.

    Raises NotFound for an unknown token, FormAlreadySubmitted for one that was used, FormOverdue after
    the edition's date and MoveNotAllowed when the registration was ended in the meantime.
    """
    form = await _form(db, token, lock=True)
    if form.submitted_at:
        raise FormAlreadySubmitted("This form was returned before; the link works once.")
    expected.require(await _shown(db, form))
    registration = await locked(db, form.registration)
    edition = await db.get_one(Edition, registration.edition)
    if edition.forms_due_at and now >= edition.forms_due_at:
        raise FormOverdue(f"The form could be returned until {utc(edition.forms_due_at)}.")
    form.submitted_at = now
    form.answers = answers.model_dump(mode="json", by_alias=True)
    move(db, registration, edition, "complete", APPLICANT, now)
    await db.flush()
    return await _shown(db, form)


async def _form(db: AsyncSession, token: str, *, lock: bool = False) -> EnrolmentForm:
    query = select(EnrolmentForm).where(EnrolmentForm.token_digest == digest(token))
    found = (await db.exec(query.with_for_update() if lock else query)).first()
    if found is None:
        raise NotFound("There is no form behind this link.")
    return found


async def _shown(db: AsyncSession, form: EnrolmentForm) -> EnrolmentFormRead:
    query = (
        select(Edition, Training.title, Applicant)
        .join(Registration, col(Registration.edition) == Edition.slug)
        .join(Training, col(Training.slug) == Edition.training)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .where(Registration.id == form.registration)
    )
    edition, training_title, applicant = (await db.exec(query)).one()
    return EnrolmentFormRead(
        edition=edition.slug,
        edition_title=edition.title,
        training_title=training_title,
        applicant_name=applicant.full_name,
        status="submitted" if form.submitted_at else "open",
        due_at=edition.forms_due_at,
        submitted_at=form.submitted_at,
    )
