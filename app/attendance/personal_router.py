"""HTTP for a participant's own page: open to whoever holds the personal link."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute

from app.attendance import check_in, page, personal
from app.attendance.check_in import CheckInClosed, RecordedByTrainer, TooManyGuesses, WrongCode
from app.attendance.dependencies import Coding
from app.attendance.personal_schemas import PersonalPageRead
from app.attendance.records import NotParticipant
from app.attendance.schemas import AttendanceRead, CheckInBody
from app.core.http import forms, refusals
from app.core.http.accept import ForPeople, or_page
from app.core.http.answers import problems, spoken, tagged
from app.core.http.dependencies import Config, Db, Now
from app.core.http.strictness import FORM
from app.core.language import Language, preferred
from app.core.problems import InvalidInput, NotFound, Problem
from app.core.texts import PROBLEMS
from app.identity.access import PUBLIC_ON_REGISTER
from app.registrations.dependencies import Linking
from app.trainings.calendar import SessionCancelled


class FromPage(APIRoute):
    """Routes that the page's form may be sent to: the answer to a form is the page, or why it was refused."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler for JSON, and around it what a form is answered with."""
        handle = super().get_route_handler()

        async def handle_either(request: Request) -> Response:
            if not forms.is_form(request):
                return await handle(request)
            address = f"/v1/personal-pages/{request.path_params['pageToken']}"
            try:
                await handle(await forms.as_json(request))
            except (Problem, RequestValidationError) as refused:
                return _refused(refused, address, _language(request))
            return RedirectResponse(address, 303)

        return handle_either


router = APIRouter(prefix="/v1/personal-pages/{pageToken}", tags=["personal-pages"], route_class=FromPage)

Token = Annotated[
    str, Path(alias="pageToken", max_length=200, description="the last part of the personal link")
]
_FORM = {
    "requestBody": {"content": {FORM: {"schema": {"$ref": "#/components/schemas/CheckInBody"}}}},
}


@router.get(
    "",
    dependencies=[PUBLIC_ON_REGISTER],
    response_model=PersonalPageRead,
    summary="Open your own page",
    operation_id="getPersonalPage",
    responses=or_page(problems(InvalidInput, NotFound), 200, 404),
)
async def get_personal_page(
    token: Token,
    request: Request,
    response: Response,
    db: Db,
    now: Now,
    links: Linking,
    codes: Coding,
    settings: Config,
    for_people: ForPeople,
) -> PersonalPageRead | Response:
    """A participant's sessions, attendance, contact hours, phases, by personal link; a page for browsers."""
    language = _language(request)
    try:
        shown = await personal.read(db, links, token, codes, language, now)
    except NotFound:
        if for_people:
            return _html(page.not_found(language), language, 404)
        raise
    if for_people:
        room = page.Room(settings.max_file_bytes, settings.max_files_per_phase)
        return _html(page.render(shown, token, language, now, room), language)
    response.headers["Vary"] = "Accept"
    return tagged(spoken(response, language), shown)


@router.post(
    "/check-ins",
    dependencies=[PUBLIC_ON_REGISTER],
    summary="Check in",
    operation_id="checkIn",
    responses={
        303: {"description": "Back to the page, for a browser"},
        **problems(
            InvalidInput,
            NotFound,
            NotParticipant,
            SessionCancelled,
            CheckInClosed,
            WrongCode,
            RecordedByTrainer,
            TooManyGuesses,
        ),
    },
    openapi_extra=_FORM,
)
async def create_check_in(
    token: Token, body: CheckInBody, response: Response, db: Db, now: Now, links: Linking, codes: Coding
) -> AttendanceRead:
    """Say that you are there, by the code that the trainer shows; doing so again changes nothing.

    The page's form sends the same, and is answered with 303 to the page.
    """
    return tagged(response, await check_in.check_in(db, links, token, codes, body, now))


def _language(request: Request) -> Language:
    return preferred(request.headers.get("accept-language"), default="nl")


def _html(text: str, language: Language, status: int = 200) -> HTMLResponse:
    headers = {"Content-Security-Policy": page.policy(), "Cache-Control": "no-store", "Vary": "Accept"}
    return spoken(HTMLResponse(text, status, headers), language)


def _refused(refused: Problem | RequestValidationError, address: str, language: Language) -> HTMLResponse:
    """A refusal for people: its title, and what happened or each fault."""
    if isinstance(refused, RequestValidationError):
        refused = refusals.invalid(refused)
    details = (
        [fault.detail for fault in refused.faults] if isinstance(refused, InvalidInput) else [refused.detail]
    )
    title = refused.title
    if language == "nl":
        title, details = refused.title_nl, [PROBLEMS.dutch(detail) for detail in details]
    answer = _html(page.refusal(title, details, address, language), language, refused.status)
    answer.headers.update(refused.headers)
    return answer
