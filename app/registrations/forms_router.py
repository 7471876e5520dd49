"""HTTP for enrolment forms: open to whoever holds the personal link."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.core.http.answers import problems, tagged
from app.core.http.dependencies import Db, Now, Precondition
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.identity.access import PUBLIC
from app.registrations import forms
from app.registrations.forms import FormAlreadySubmitted, FormOverdue
from app.registrations.moves import MoveNotAllowed
from app.registrations.schemas import EnrolmentFormRead, EnrolmentFormSubmit

router = APIRouter(prefix="/v1/enrolment-forms", tags=["enrolment-forms"])

Token = Annotated[str, Path(max_length=200, description="the last part of the personal link")]


@router.get(
    "/{token}",
    dependencies=[PUBLIC],
    summary="Open an enrolment form",
    operation_id="getEnrolmentForm",
    responses=problems(InvalidInput, NotFound),
)
async def get_enrolment_form(token: Token, response: Response, db: Db) -> EnrolmentFormRead:
    """The form behind a personal link; answers are not shown again."""
    return tagged(response, await forms.read(db, token))


@router.put(
    "/{token}",
    dependencies=[PUBLIC],
    summary="Return an enrolment form",
    operation_id="submitEnrolmentForm",
    responses=problems(
        InvalidInput, NotFound, FormAlreadySubmitted, FormOverdue, MoveNotAllowed, PreconditionFailed
    ),
)
async def submit_enrolment_form(
    token: Token, body: EnrolmentFormSubmit, response: Response, db: Db, now: Now, expected: Precondition
) -> EnrolmentFormRead:
    """Return the form; this works once and completes the registration."""
    return tagged(response, await forms.submit(db, token, body, now, expected))
