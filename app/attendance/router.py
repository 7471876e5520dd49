"""HTTP for attendance, progress and eligibility."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from app.attendance import progress as progress_service
from app.attendance import service as attendance
from app.attendance import verdicts
from app.attendance.records import NotParticipant
from app.attendance.schemas import (
    AttendanceBody,
    AttendanceHistory,
    AttendanceList,
    AttendancePage,
    AttendanceRead,
    AttendanceSaved,
    EligibilityRead,
    ProgressPut,
    ProgressRead,
)
from app.attendance.service import AttendanceChanged, SessionNotHeld
from app.core.http.answers import page, problems, spoken, tagged
from app.core.http.dependencies import Db, Now, Paging, Precondition, Reader
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Slug
from app.identity.access import requires
from app.identity.caller import Caller, Scope
from app.registrations.applicants import ApplicantErased
from app.trainings.calendar import SessionCancelled

router = APIRouter(prefix="/v1")

SessionId = Annotated[UUID, Path(alias="sessionId")]
RegistrationId = Annotated[UUID, Path(alias="registrationId")]
Recording = Annotated[Caller, requires(Scope.ATTENDANCE_WRITE)]
Seeing = Annotated[Caller, requires(Scope.ATTENDANCE_READ)]


@router.put(
    "/sessions/{sessionId}/attendance",
    tags=["attendance"],
    summary="Record a session's attendance",
    operation_id="saveAttendance",
    responses=problems(
        InvalidInput, NotFound, ApplicantErased, SessionCancelled, SessionNotHeld, AttendanceChanged
    ),
)
async def save_attendance(
    session_id: SessionId, body: AttendanceList, caller: Recording, db: Db, now: Now
) -> AttendanceSaved:
    """Several participants at once, all or nothing; who is not named stays as recorded.

    With `expected` in an item, what somebody else recorded in the meantime is never replaced; without, the
    answer lists what was.
    """
    return await attendance.save(db, caller, session_id, body, now)


@router.put(
    "/sessions/{sessionId}/attendance/{registrationId}",
    tags=["attendance"],
    summary="Record one participant's attendance",
    operation_id="saveOneAttendance",
    responses=problems(
        InvalidInput,
        NotFound,
        ApplicantErased,
        NotParticipant,
        SessionCancelled,
        SessionNotHeld,
        PreconditionFailed,
    ),
)
async def save_one_attendance(
    session_id: SessionId,
    registration_id: RegistrationId,
    body: AttendanceBody,
    caller: Recording,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> AttendanceRead:
    """Record or correct; what stood before is kept in the history."""
    saved = await attendance.save_one(db, caller, session_id, registration_id, body, now, expected)
    return tagged(response, saved)


@router.get(
    "/sessions/{sessionId}/attendance/{registrationId}",
    tags=["attendance"],
    summary="Read one participant's attendance",
    operation_id="getAttendance",
    responses=problems(InvalidInput, NotFound),
)
async def get_attendance(
    session_id: SessionId, registration_id: RegistrationId, caller: Seeing, response: Response, db: Db
) -> AttendanceRead:
    """What stands, and by whom it was recorded."""
    return tagged(response, await attendance.read(db, caller, session_id, registration_id))


@router.get(
    "/sessions/{sessionId}/attendance/{registrationId}/history",
    tags=["attendance"],
    summary="Read the history of one participant's attendance",
    operation_id="getAttendanceHistory",
    responses=problems(InvalidInput, NotFound),
)
async def get_attendance_history(
    session_id: SessionId,
    registration_id: RegistrationId,
    request: Request,
    response: Response,
    caller: Seeing,
    db: Db,
    window: Paging,
) -> AttendanceHistory:
    """Every version: what, by whom, when and why, oldest first; the last is what stands."""
    found = await attendance.history(db, caller, session_id, registration_id, window)
    return page(request, response, found)


@router.get(
    "/attendance",
    tags=["attendance"],
    summary="List attendance",
    operation_id="listAttendance",
    responses=problems(InvalidInput),
)
async def list_attendance(
    request: Request,
    response: Response,
    caller: Seeing,
    db: Db,
    window: Paging,
    session: Annotated[UUID | None, Query(description="Only that of this session")] = None,
    registration: Annotated[UUID | None, Query(description="Only that of this registration")] = None,
) -> AttendancePage:
    """What was attended, of the registrations that you may see."""
    found = await attendance.list_attendance(db, caller, window, session=session, registration=registration)
    return page(request, response, found)


@router.get(
    "/registrations/{registrationId}/progress",
    tags=["progress"],
    summary="Read a participant's progress",
    operation_id="getProgress",
    responses=problems(InvalidInput, NotFound),
)
async def get_progress(
    registration_id: RegistrationId,
    caller: Annotated[Caller, requires(Scope.PROGRESS_READ)],
    response: Response,
    db: Db,
) -> ProgressRead:
    """Phases in their order, product and contact time."""
    return tagged(response, await progress_service.read(db, caller, registration_id))


@router.put(
    "/registrations/{registrationId}/progress/{phase}",
    tags=["progress"],
    summary="Record the verdict on a phase",
    operation_id="putProgress",
    responses=problems(InvalidInput, NotFound, ApplicantErased, NotParticipant, PreconditionFailed),
)
async def put_progress(
    registration_id: RegistrationId,
    phase: Slug,
    body: ProgressPut,
    caller: Annotated[Caller, requires(Scope.PROGRESS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> ProgressRead:
    """Evidence, verdict and feedback for one phase, and the product where the phase yields it."""
    saved = await verdicts.put(db, caller, registration_id, phase, body, now, expected)
    return tagged(response, saved)


@router.get(
    "/registrations/{registrationId}/eligibility",
    tags=["progress"],
    summary="Read what is met for a certificate",
    operation_id="getEligibility",
    responses=problems(InvalidInput, NotFound),
)
async def get_eligibility(
    registration_id: RegistrationId,
    caller: Annotated[Caller, requires(Scope.ELIGIBILITY_READ)],
    response: Response,
    db: Db,
    language: Reader,
) -> EligibilityRead:
    """Each requirement, met or not, and why, in Dutch or English by Accept-Language."""
    spoken(response, language)
    return tagged(response, await progress_service.eligibility(db, caller, registration_id, language))
