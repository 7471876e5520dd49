"""HTTP for the calendar of an edition."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from app.core.http.answers import problems, spoken
from app.core.http.dependencies import Config, Db
from app.core.language import Language, preferred
from app.core.problems import InvalidInput, NotFound
from app.core.values import Slug
from app.identity.access import PUBLIC
from app.trainings import feeds
from app.trainings.feed import MEDIA_TYPE

router = APIRouter(prefix="/v1/editions", tags=["sessions"])


@router.get(
    "/{edition}/calendar.ics",
    dependencies=[PUBLIC],
    summary="Follow an edition's calendar",
    operation_id="getEditionCalendar",
    response_class=Response,
    responses={
        200: {"content": {"text/calendar": {"schema": {"type": "string"}}}},
        **problems(InvalidInput, NotFound),
    },
)
async def get_edition_calendar(
    edition: Slug,
    db: Db,
    settings: Config,
    accept_language: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """An iCalendar feed (RFC 5545) of the edition's sessions with a date, to subscribe to.

    Moved sessions keep their UID and count up their SEQUENCE, cancelled ones stay as STATUS:CANCELLED. In
    Dutch, unless Accept-Language ranks English higher.
    """
    language: Language = preferred(accept_language, default="nl")
    content = await feeds.of_edition(db, edition, settings.base_url, language)
    headers = {"Content-Disposition": f'inline; filename="{edition}.ics"'}
    return spoken(Response(content, media_type=MEDIA_TYPE, headers=headers), language)
