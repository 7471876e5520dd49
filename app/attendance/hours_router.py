"""HTTP for contact hours, their forecast, and make-up hours."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from app.attendance import make_up, outlook
from app.attendance.hours import Outlook
from app.attendance.make_up import MakeUpRevoked
from app.attendance.records import NotParticipant
from app.attendance.schemas import (
    ContactHoursPage,
    ContactHoursRead,
    MakeUpCreate,
    MakeUpPage,
    MakeUpRead,
    MakeUpRevoke,
)
from app.core.http.answers import created, page, problems, tagged
from app.core.http.dependencies import Db, Now, Paging, Precondition
from app.core.http.idempotency import Repeatable
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Slug
from app.identity.access import once, requires
from app.identity.caller import Caller, Scope
from app.registrations.applicants import ApplicantErased

router = APIRouter(prefix="/v1", tags=["attendance"], route_class=Repeatable)

RegistrationId = Annotated[UUID, Path(alias="registrationId")]
MakeUpId = Annotated[UUID, Path(alias="makeUpId")]
Seeing = Annotated[Caller, requires(Scope.ATTENDANCE_READ)]
Revoking = Annotated[Caller, requires(Scope.ATTENDANCE_WRITE)]
Approving = Annotated[Caller, once(Scope.ATTENDANCE_WRITE)]


@router.get(
    "/registrations/{registrationId}/contact-hours",
    summary="Read a participant's contact hours",
    operation_id="getContactHours",
    responses=problems(InvalidInput, NotFound),
)
async def get_contact_hours(
    registration_id: RegistrationId, caller: Seeing, response: Response, db: Db, now: Now
) -> ContactHoursRead:
    """Attended, made up for, still possible, needed, in minutes; and whether the minimum can be reached."""
    return tagged(response, await outlook.read(db, caller, registration_id, now))


@router.get(
    "/editions/{edition}/contact-hours",
    summary="List the contact hours of an edition's participants",
    operation_id="listContactHours",
    responses=problems(InvalidInput, NotFound),
)
async def list_contact_hours(
    edition: Slug,
    request: Request,
    response: Response,
    caller: Seeing,
    db: Db,
    now: Now,
    window: Paging,
    wanted: Annotated[Outlook | None, Query(alias="outlook", description="Only those with it")] = None,
) -> ContactHoursPage:
    """Those of the participants that you may see."""
    found = await outlook.listed(db, caller, edition, window, wanted, now)
    return page(request, response, found)


@router.get(
    "/registrations/{registrationId}/make-up-hours",
    summary="List a participant's make-up hours",
    operation_id="listMakeUpHours",
    responses=problems(InvalidInput, NotFound),
)
async def list_make_up_hours(
    registration_id: RegistrationId,
    request: Request,
    response: Response,
    caller: Seeing,
    db: Db,
    window: Paging,
) -> MakeUpPage:
    """What was made up for elsewhere, who approved it and why; what was revoked too."""
    return page(request, response, await make_up.listed(db, caller, registration_id, window))


@router.post(
    "/registrations/{registrationId}/make-up-hours",
    status_code=201,
    summary="Approve make-up hours",
    operation_id="approveMakeUpHours",
    responses=problems(InvalidInput, NotFound, ApplicantErased, NotParticipant),
)
async def approve_make_up_hours(
    registration_id: RegistrationId,
    body: MakeUpCreate,
    caller: Approving,
    response: Response,
    db: Db,
    now: Now,
) -> MakeUpRead:
    """Contact time at another edition's session, or an assignment; it counts for the certificate."""
    approved = await make_up.approve(db, caller, registration_id, body, now)
    path = f"/v1/registrations/{registration_id}/make-up-hours/{approved.id}"
    return created(response, path, approved)


@router.get(
    "/registrations/{registrationId}/make-up-hours/{makeUpId}",
    summary="Read make-up hours",
    operation_id="getMakeUpHours",
    responses=problems(InvalidInput, NotFound),
)
async def get_make_up_hours(
    registration_id: RegistrationId, make_up_id: MakeUpId, caller: Seeing, response: Response, db: Db
) -> MakeUpRead:
    """One approval."""
    return tagged(response, await make_up.read(db, caller, registration_id, make_up_id))


@router.post(
    "/registrations/{registrationId}/make-up-hours/{makeUpId}/_revoke",
    summary="Revoke make-up hours",
    operation_id="revokeMakeUpHours",
    responses=problems(InvalidInput, NotFound, ApplicantErased, MakeUpRevoked, PreconditionFailed),
)
async def revoke_make_up_hours(
    registration_id: RegistrationId,
    make_up_id: MakeUpId,
    body: MakeUpRevoke,
    caller: Revoking,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> MakeUpRead:
    """From now on they do not count; they stay in the list, with the reason."""
    revoked = await make_up.revoke(db, caller, registration_id, make_up_id, body.reason, now, expected)
    return tagged(response, revoked)
