"""HTTP for a participant's own calendar: open to whoever holds the personal link."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from app.core.http.answers import problems, spoken
from app.core.http.dependencies import Db
from app.core.language import preferred
from app.core.problems import InvalidInput, NotFound
from app.identity.access import PUBLIC_ON_REGISTER
from app.registrations import personal_calendar
from app.registrations.dependencies import Linking
from app.trainings.feed import MEDIA_TYPE

router = APIRouter(prefix="/v1/personal-calendars", tags=["sessions"])

Token = Annotated[
    str, Path(alias="calendarToken", max_length=200, description="the last part of the personal link")
]


@router.get(
    "/{calendarToken}",
    dependencies=[PUBLIC_ON_REGISTER],
    summary="Follow a participant's own calendar",
    operation_id="getPersonalCalendar",
    response_class=Response,
    responses={
        200: {"content": {"text/calendar": {"schema": {"type": "string"}}}},
        **problems(InvalidInput, NotFound),
    },
)
async def get_personal_calendar(
    token: Token,
    db: Db,
    links: Linking,
    accept_language: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """The participant's sessions as an iCalendar feed, with the addresses of online meetings.

    Who is offered a seat sees them as tentative; who left finds those still to come cancelled. Renewing the
    personal links ends this one. In Dutch, unless Accept-Language ranks English higher.
    """
    language = preferred(accept_language, default="nl")
    content = await personal_calendar.read(db, links, token, language)
    headers = {"Content-Disposition": 'inline; filename="cultuurcoordinator-vo.ics"'}
    return spoken(Response(content, media_type=MEDIA_TYPE, headers=headers), language)
