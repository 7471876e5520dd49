"""HTTP for the audit trail; it stands here because events lie below the rights that it asks."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from app.core.http.answers import page, problems
from app.core.http.dependencies import Db, Paging
from app.core.problems import InvalidInput
from app.core.values import DIGITS, Name
from app.events import service as events
from app.events.schemas import EventPage
from app.identity.access import requires
from app.identity.caller import Caller, Role, Scope

router = APIRouter(prefix="/v1/events", tags=["events"])


@router.get("", summary="Read the audit trail", operation_id="listEvents", responses=problems(InvalidInput))
async def list_events(
    request: Request,
    response: Response,
    caller: Annotated[Caller, requires(Scope.EVENTS_READ)],
    db: Db,
    window: Paging,
    subject: Annotated[Name | None, Query(description="Only those about this id")] = None,
    type: Annotated[Name | None, Query(description="Only those of this type")] = None,
    after: Annotated[
        int | None,
        Query(ge=0, lt=2**63, description="Only those with a higher number: what came after an event"),
        DIGITS,
    ] = None,
    sort: Annotated[Literal["at", "-at"], Query(description="By when; -at is newest first")] = "at",
) -> EventPage:
    """What happened, oldest first unless `sort` says otherwise; a partner sees its own registrations.

    Who was away reads on `after` the last event it has, and misses none: oldest first, an event shows when
    everything with a lower `id` has been committed.
    """
    partner = None if caller.role is Role.ADMIN else caller.organisation
    newest_first = sort == "-at"
    found = await events.listed(
        db, window, partner=partner, subject=subject, type=type, after=after, newest_first=newest_first
    )
    return page(request, response, found)
