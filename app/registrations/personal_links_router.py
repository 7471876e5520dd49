"""HTTP for the links of a participant: read and renewed by who may send them on."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from app.core.http.answers import problems, tagged
from app.core.http.dependencies import Db, Now, Precondition
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Reason, reason_of
from app.identity.access import requires
from app.identity.caller import Caller, Scope
from app.registrations import personal_links
from app.registrations.applicants import ApplicantErased
from app.registrations.dependencies import Linking
from app.registrations.schemas import PersonalLinks

router = APIRouter(prefix="/v1/registrations", tags=["registrations"])

RegistrationId = Annotated[UUID, Path(alias="registrationId")]
SendingOn = Annotated[Caller, requires(Scope.REGISTRATIONS_WRITE)]


@router.get(
    "/{registrationId}/personal-links",
    summary="Read a participant's personal links",
    operation_id="getPersonalLinks",
    responses=problems(InvalidInput, NotFound, ApplicantErased),
)
async def get_personal_links(
    registration_id: RegistrationId, caller: SendingOn, response: Response, db: Db, links: Linking
) -> PersonalLinks:
    """The links to the participant's own page and calendar, for you to send on.

    Whoever holds one acts for the participant.
    """
    return tagged(response, await personal_links.read(db, caller, registration_id, links))


@router.post(
    "/{registrationId}/personal-links/_renew",
    summary="Renew a participant's personal links",
    operation_id="renewPersonalLinks",
    responses=problems(InvalidInput, NotFound, ApplicantErased, PreconditionFailed),
)
async def renew_personal_links(
    registration_id: RegistrationId,
    caller: SendingOn,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    links: Linking,
    body: Reason | None = None,
) -> PersonalLinks:
    """Give new links; those that were handed out before stop working at once."""
    renewed = await personal_links.renew(db, caller, registration_id, links, now, expected, reason_of(body))
    return tagged(response, renewed)
