"""HTTP for the enrolment form of a registration: read, reopened and reminded of by who works with it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from app.core.http.answers import problems, tagged
from app.core.http.dependencies import Db, Now, Precondition
from app.core.http.idempotency import Repeatable
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.identity.access import once, requires
from app.identity.caller import Caller, Scope
from app.registrations import reminders, returned_forms
from app.registrations.applicants import ApplicantErased
from app.registrations.dependencies import Linking
from app.registrations.form_schemas import FormReopen, ReturnedFormRead
from app.registrations.forms import FormAlreadySubmitted, FormOverdue
from app.registrations.moves import MoveNotAllowed
from app.registrations.reminders import RemindedBefore
from app.registrations.schemas import RegistrationRead
from app.trainings.service import EditionFrozen

router = APIRouter(
    prefix="/v1/registrations/{registrationId}/enrolment-form",
    tags=["enrolment-forms"],
    route_class=Repeatable,
)

RegistrationId = Annotated[UUID, Path(alias="registrationId")]
Reading = Annotated[Caller, requires(Scope.ENROLMENT_FORMS_READ)]
Reopening = Annotated[Caller, requires(Scope.REGISTRATIONS_WRITE)]
Reminding = Annotated[Caller, once(Scope.REGISTRATIONS_WRITE)]


@router.get(
    "",
    summary="Read a returned enrolment form",
    operation_id="getReturnedForm",
    responses=problems(InvalidInput, NotFound),
)
async def get_returned_form(
    registration_id: RegistrationId, caller: Reading, response: Response, db: Db
) -> ReturnedFormRead:
    """How the form of a registration stands, and its answers once it is returned.

    Partners and administrators see them all; a provider sees no invoice address, and wishes only of those
    who have a seat.
    """
    return tagged(response, await returned_forms.read(db, caller, registration_id))


@router.post(
    "/_reopen",
    summary="Reopen an enrolment form",
    operation_id="reopenEnrolmentForm",
    responses=problems(
        InvalidInput,
        NotFound,
        ApplicantErased,
        MoveNotAllowed,
        EditionFrozen,
        FormOverdue,
        PreconditionFailed,
    ),
)
async def reopen_enrolment_form(
    registration_id: RegistrationId,
    caller: Reopening,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    links: Linking,
    body: FormReopen | None = None,
) -> RegistrationRead:
    """Hand a returned form back to the applicant to change it: its link works again.

    Until it is returned once more the registration is `received`, and it lapses when that comes too late.
    """
    wanted = body or FormReopen()
    return tagged(
        response, await returned_forms.reopen(db, caller, registration_id, wanted, links, now, expected)
    )


@router.post(
    "/_remind",
    summary="Remind an applicant of the enrolment form",
    operation_id="remindOfEnrolmentForm",
    responses=problems(
        InvalidInput,
        NotFound,
        ApplicantErased,
        FormAlreadySubmitted,
        MoveNotAllowed,
        FormOverdue,
        RemindedBefore,
        PreconditionFailed,
    ),
)
async def remind_of_enrolment_form(
    registration_id: RegistrationId,
    caller: Reminding,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> ReturnedFormRead:
    """Ask for a reminder beside those that the edition sends; one a day at most."""
    return tagged(response, await reminders.remind(db, caller, registration_id, now, expected))
