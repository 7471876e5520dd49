"""HTTP for applicants."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from app.core.http.answers import page, problems, tagged
from app.core.http.dependencies import Db, Now, Paging, Precondition
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.identity.access import requires
from app.identity.caller import Caller, Scope
from app.registrations import applicants
from app.registrations.applicants import ApplicantErased, EmailTaken
from app.registrations.schemas import ApplicantChange, ApplicantPage, ApplicantRead

router = APIRouter(prefix="/v1/applicants", tags=["applicants"])

ApplicantId = Annotated[UUID, Path(alias="applicantId")]


@router.get("", summary="List applicants", operation_id="listApplicants", responses=problems(InvalidInput))
async def list_applicants(
    request: Request,
    response: Response,
    caller: Annotated[Caller, requires(Scope.APPLICANTS_READ)],
    db: Db,
    window: Paging,
) -> ApplicantPage:
    """The people behind your registrations."""
    return page(request, response, await applicants.list_applicants(db, caller, window))


@router.get(
    "/{applicantId}",
    summary="Read an applicant",
    operation_id="getApplicant",
    responses=problems(InvalidInput, NotFound),
)
async def get_applicant(
    applicant_id: ApplicantId,
    caller: Annotated[Caller, requires(Scope.APPLICANTS_READ)],
    response: Response,
    db: Db,
) -> ApplicantRead:
    """One applicant."""
    return tagged(response, await applicants.read(db, caller, applicant_id))


@router.patch(
    "/{applicantId}",
    summary="Correct an applicant",
    operation_id="changeApplicant",
    responses=problems(InvalidInput, NotFound, EmailTaken, ApplicantErased, PreconditionFailed),
)
async def change_applicant(
    applicant_id: ApplicantId,
    body: ApplicantChange,
    caller: Annotated[Caller, requires(Scope.APPLICANTS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> ApplicantRead:
    """Correct a name or an address (merge patch)."""
    return tagged(response, await applicants.change(db, caller, applicant_id, body, now, expected))
