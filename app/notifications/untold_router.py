"""HTTP for the outcomes that somebody still has to be told."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from app.core.http.answers import page, problems, tagged
from app.core.http.dependencies import Db, Now, Paging, Precondition
from app.core.http.idempotency import Repeatable
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Slug
from app.identity.access import requires
from app.identity.caller import Caller, Scope
from app.notifications import untold
from app.notifications.schemas import ToldOtherwise, UntoldOutcomePage
from app.notifications.untold import NoUntoldOutcome
from app.registrations.applicants import ApplicantErased
from app.registrations.dependencies import Linking
from app.registrations.schemas import RegistrationRead

router = APIRouter(prefix="/v1", tags=["messages"], route_class=Repeatable)


@router.get(
    "/editions/{edition}/untold-outcomes",
    summary="List outcomes that were not told",
    operation_id="listUntoldOutcomes",
    responses=problems(InvalidInput, NotFound),
)
async def list_untold_outcomes(
    edition: Slug,
    request: Request,
    response: Response,
    caller: Annotated[Caller, requires(Scope.MESSAGES_READ)],
    db: Db,
    window: Paging,
) -> UntoldOutcomePage:
    """Who has a seat, a place on the waiting list or a refusal, and has not been sent a message of it.

    Those whom somebody told by other means, and said so, are not in it.
    """
    return page(request, response, await untold.listed(db, caller, window, edition))


@router.post(
    "/registrations/{registrationId}/_told",
    summary="Say that somebody was told",
    operation_id="markOutcomeTold",
    responses=problems(InvalidInput, NotFound, ApplicantErased, NoUntoldOutcome, PreconditionFailed),
)
async def mark_outcome_told(
    registration_id: Annotated[UUID, Path(alias="registrationId")],
    body: ToldOtherwise,
    caller: Annotated[Caller, requires(Scope.REGISTRATIONS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    links: Linking,
) -> RegistrationRead:
    """Keep that the outcome was told by other means, such as by telephone, and how."""
    told = await untold.told(db, caller, registration_id, body.reason, links, now, expected)
    return tagged(response, told)
