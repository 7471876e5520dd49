"""HTTP for enrolment forms: open to whoever holds the personal link."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.core.http.answers import problems
from app.core.http.dependencies import Db, Now
from app.core.problems import InvalidInput, NotFound
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
async def get_enrolment_form(token: Token, db: Db) -> EnrolmentFormRead:
    """The form behind a personal link; answers are not shown again."""
    return await forms.read(db, token)


@router.put(
    "/{token}",
    dependencies=[PUBLIC],
    summary="Return an enrolment form",
    operation_id="submitEnrolmentForm",
    responses=problems(InvalidInput, NotFound, FormAlreadySubmitted, FormOverdue, MoveNotAllowed),
)
async def submit_enrolment_form(
    token: Token, body: EnrolmentFormSubmit, db: Db, now: Now
) -> EnrolmentFormRead:
    """Return the form; this works once and completes the registration."""
    return await forms.submit(db, token, body, now)
