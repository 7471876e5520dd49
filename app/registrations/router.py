"""HTTP for registrations: path, scope, status codes, one service call each."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from app.core.http.answers import created, page, problems, tagged
from app.core.http.dependencies import Db, Now, Paging, Precondition
from app.core.http.idempotency import Repeatable
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Reason, reason_of
from app.identity.access import once, requires
from app.identity.caller import Caller, Scope
from app.registrations import lists
from app.registrations import service as registrations
from app.registrations.applicants import ApplicantErased
from app.registrations.dependencies import Linking, Wanting
from app.registrations.intake import AlreadyRegistered, EditionClosed
from app.registrations.moves import CandidatesFrozen, MoveNotAllowed
from app.registrations.schemas import (
    RegistrationChange,
    RegistrationCreate,
    RegistrationPage,
    RegistrationRead,
)

router = APIRouter(prefix="/v1/registrations", tags=["registrations"], route_class=Repeatable)

RegistrationId = Annotated[UUID, Path(alias="registrationId")]
Reading = Annotated[Caller, requires(Scope.REGISTRATIONS_READ)]
Writing = Annotated[Caller, requires(Scope.REGISTRATIONS_WRITE)]
Creating = Annotated[Caller, once(Scope.REGISTRATIONS_WRITE)]


@router.post(
    "",
    status_code=201,
    summary="Register a teacher",
    operation_id="createRegistration",
    responses=problems(InvalidInput, EditionClosed, AlreadyRegistered),
)
async def create_registration(
    body: RegistrationCreate, caller: Creating, response: Response, db: Db, now: Now, links: Linking
) -> RegistrationRead:
    """Register a teacher for an edition, on behalf of your organisation.

    The answer holds the link to the enrolment form, for you to send to the applicant.
    """
    registered = await registrations.register(db, caller, body, links, now)
    return created(response, f"/v1/registrations/{registered.id}", registered)


@router.get(
    "", summary="List registrations", operation_id="listRegistrations", responses=problems(InvalidInput)
)
async def list_registrations(
    request: Request,
    response: Response,
    caller: Reading,
    db: Db,
    window: Paging,
    links: Linking,
    wanted: Wanting,
) -> RegistrationPage:
    """The registrations that you may see, oldest first unless `sort` says otherwise."""
    found = await lists.list_registrations(db, caller, window, links, wanted)
    return page(request, response, found)


@router.get(
    "/{registrationId}",
    summary="Read a registration",
    operation_id="getRegistration",
    responses=problems(InvalidInput, NotFound),
)
async def get_registration(
    registration_id: RegistrationId, caller: Reading, response: Response, db: Db, links: Linking
) -> RegistrationRead:
    """One registration."""
    return tagged(response, await registrations.read(db, caller, registration_id, links))


@router.patch(
    "/{registrationId}",
    summary="Correct a registration",
    operation_id="changeRegistration",
    responses=problems(InvalidInput, NotFound, ApplicantErased, PreconditionFailed),
)
async def change_registration(
    registration_id: RegistrationId,
    body: RegistrationChange,
    caller: Writing,
    response: Response,
    db: Db,
    now: Now,
    links: Linking,
    expected: Precondition,
) -> RegistrationRead:
    """Correct school, position or motivation (merge patch); names and addresses are the applicant's."""
    changed = await registrations.change(db, caller, registration_id, body, links, now, expected)
    return tagged(response, changed)


@router.post(
    "/{registrationId}/_withdraw",
    summary="Withdraw a registration",
    operation_id="withdrawRegistration",
    responses=problems(InvalidInput, NotFound, ApplicantErased, MoveNotAllowed, PreconditionFailed),
)
async def withdraw_registration(
    registration_id: RegistrationId,
    caller: Writing,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    links: Linking,
    body: Reason | None = None,
) -> RegistrationRead:
    """Withdraw; a seat that falls free is offered to the next on the waiting list."""
    moved = await registrations.act(
        db, caller, registration_id, "withdraw", links, now, expected, reason_of(body)
    )
    return tagged(response, moved)


@router.post(
    "/{registrationId}/_reject",
    summary="Reject a registration",
    operation_id="rejectRegistration",
    responses=problems(
        InvalidInput, NotFound, ApplicantErased, MoveNotAllowed, CandidatesFrozen, PreconditionFailed
    ),
)
async def reject_registration(
    registration_id: RegistrationId,
    caller: Writing,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    links: Linking,
    body: Reason | None = None,
) -> RegistrationRead:
    """Reject a registration that does not qualify, before seats are given or their draw is announced."""
    moved = await registrations.act(
        db, caller, registration_id, "reject", links, now, expected, reason_of(body)
    )
    return tagged(response, moved)


@router.post(
    "/{registrationId}/_confirm",
    summary="Accept an offered seat",
    operation_id="confirmRegistration",
    responses=problems(InvalidInput, NotFound, ApplicantErased, MoveNotAllowed, PreconditionFailed),
)
async def confirm_registration(
    registration_id: RegistrationId,
    caller: Writing,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    links: Linking,
    body: Reason | None = None,
) -> RegistrationRead:
    """Accept the seat on offer: the applicant becomes a participant."""
    moved = await registrations.act(
        db, caller, registration_id, "confirm", links, now, expected, reason_of(body)
    )
    return tagged(response, moved)


@router.post(
    "/{registrationId}/_decline",
    summary="Decline an offered seat",
    operation_id="declineRegistration",
    responses=problems(InvalidInput, NotFound, ApplicantErased, MoveNotAllowed, PreconditionFailed),
)
async def decline_registration(
    registration_id: RegistrationId,
    caller: Writing,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    links: Linking,
    body: Reason | None = None,
) -> RegistrationRead:
    """Decline the seat on offer; it goes to the next on the waiting list."""
    moved = await registrations.act(
        db, caller, registration_id, "decline", links, now, expected, reason_of(body)
    )
    return tagged(response, moved)
