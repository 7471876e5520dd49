"""HTTP for enrolment forms: open to whoever holds the personal link, as JSON or as a page."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app.core.http.accept import ForPeople, or_page
from app.core.http.answers import problems, spoken, tagged
from app.core.http.dependencies import Db, Now, Precondition
from app.core.language import Language, preferred
from app.core.problems import InvalidInput, NotFound, PreconditionFailed, Problem
from app.identity.access import PUBLIC_ON_REGISTER
from app.registrations import form_page, form_posts, forms
from app.registrations.form_posts import Shown
from app.registrations.form_schemas import (
    EnrolmentFormChange,
    EnrolmentFormRead,
    EnrolmentFormSubmit,
    EnrolmentFormTyped,
)
from app.registrations.forms import FormAlreadySubmitted, FormOverdue
from app.registrations.moves import MoveNotAllowed

router = APIRouter(prefix="/v1/enrolment-forms", tags=["enrolment-forms"])

Token = Annotated[str, Path(max_length=200, description="the last part of the personal link")]


async def _reader(request: Request) -> Language:
    return preferred(request.headers.get("accept-language"), default="nl")


async def _asked(
    reader: Annotated[Language, Depends(_reader)],
    lang: Annotated[
        Language | None, Query(description="The language of labels and page, before that of Accept-Language")
    ] = None,
) -> Language:
    return lang or reader


# Dutch, as for everybody who gets the link, unless they ask for English.
Reader = Annotated[Language, Depends(_reader)]
Asked = Annotated[Language, Depends(_asked)]


@router.get(
    "/{token}",
    dependencies=[PUBLIC_ON_REGISTER],
    response_model=EnrolmentFormRead,
    summary="Open an enrolment form",
    operation_id="getEnrolmentForm",
    responses=or_page(problems(InvalidInput, NotFound), 200, 404),
)
async def get_enrolment_form(
    token: Token,
    response: Response,
    db: Db,
    now: Now,
    language: Asked,
    for_people: ForPeople,
    saved: Annotated[Literal["true"] | None, Query(include_in_schema=False)] = None,
) -> EnrolmentFormRead | Response:
    """The form behind a personal link: its JSON Schema, and the draft; a page to fill it in for browsers.

    What was returned is not shown again.
    """
    if for_people:
        return _html(await form_posts.page(db, token, language, now, saved=saved is not None), language)
    return _answered(response, await forms.read(db, token, language, now), language)


@router.patch(
    "/{token}",
    dependencies=[PUBLIC_ON_REGISTER],
    summary="Save a part of an enrolment form",
    operation_id="saveEnrolmentForm",
    responses=problems(
        InvalidInput, NotFound, FormAlreadySubmitted, FormOverdue, MoveNotAllowed, PreconditionFailed
    ),
)
async def save_enrolment_form(
    token: Token,
    body: EnrolmentFormChange,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    language: Reader,
) -> EnrolmentFormRead:
    """Change the draft (merge patch), as often as one likes; what is missing may come later."""
    return _answered(response, await forms.save(db, token, body, language, now, expected), language)


@router.put(
    "/{token}",
    dependencies=[PUBLIC_ON_REGISTER],
    summary="Return an enrolment form",
    operation_id="submitEnrolmentForm",
    responses=problems(
        InvalidInput, NotFound, FormAlreadySubmitted, FormOverdue, MoveNotAllowed, PreconditionFailed
    ),
)
async def submit_enrolment_form(
    token: Token,
    body: EnrolmentFormSubmit,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    language: Reader,
) -> EnrolmentFormRead:
    """Return the form; this works once and completes the registration.

    Send every answer: the body takes the place of the whole draft, and what it leaves out is not answered.
    """
    return _answered(response, await forms.submit(db, token, body, language, now, expected), language)


@router.post("/{token}", dependencies=[PUBLIC_ON_REGISTER], include_in_schema=False)
async def post_enrolment_form(
    token: Token,
    body: Annotated[EnrolmentFormTyped, Form()],
    db: Db,
    now: Now,
    language: Asked,
    for_people: ForPeople,
) -> Response:
    """What the page's own buttons do; the page that follows is read anew, so that nothing is sent twice."""
    try:
        await form_posts.receive(db, token, body, language, now)
    except Problem as refusal:
        if not for_people:
            raise
        return _html(await form_posts.refused(db, token, body, refusal, language, now), language)
    saved = "&saved=true" if body.model_dump()["press"] == "save" else ""
    # Relative, so that the link does not stand in one more header.
    return RedirectResponse(f"?lang={language}{saved}", 303)


def _answered(response: Response, form: EnrolmentFormRead, language: Language) -> EnrolmentFormRead:
    response.headers["Vary"] = "Accept"
    spoken(response, language)
    return tagged(response, form)


def _html(shown: Shown, language: Language) -> HTMLResponse:
    headers = {"Content-Security-Policy": form_page.policy(), "Vary": "Accept"}
    return spoken(HTMLResponse(shown.page, shown.status, headers), language)
