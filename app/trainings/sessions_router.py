"""HTTP for sessions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.core.http.answers import created, page, problems, tagged
from app.core.http.dependencies import Db, Now, Paging, Precondition
from app.core.http.idempotency import Repeatable
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Reason, Slug, reason_of
from app.identity.access import PUBLIC, once, requires
from app.identity.caller import Caller, Scope
from app.trainings import calendar
from app.trainings.calendar import SessionCancelled
from app.trainings.held import Recorded, SessionAttended
from app.trainings.overlaps import SessionOverlap
from app.trainings.schemas import (
    OnlineMeetingRead,
    SessionChange,
    SessionCreate,
    SessionPage,
    SessionRead,
)

router = APIRouter(prefix="/v1/sessions", tags=["sessions"], route_class=Repeatable)

SessionId = Annotated[UUID, Path(alias="sessionId")]


async def _recorded(request: Request) -> Recorded:
    # Attendance lies above sessions: the application hands in what knows of it.
    recorded: Recorded = request.app.state.recorded
    return recorded


@router.get(
    "",
    dependencies=[PUBLIC],
    summary="List sessions",
    operation_id="listSessions",
    responses=problems(InvalidInput),
)
async def list_sessions(
    request: Request,
    response: Response,
    db: Db,
    window: Paging,
    edition: Annotated[Slug | None, Query(description="Only those of this edition")] = None,
) -> SessionPage:
    """Sessions in the order in which they are held; unscheduled ones last."""
    return page(request, response, await calendar.list_sessions(db, window, edition))


@router.get(
    "/{sessionId}",
    dependencies=[PUBLIC],
    summary="Read a session",
    operation_id="getSession",
    responses=problems(InvalidInput, NotFound),
)
async def get_session(session_id: SessionId, response: Response, db: Db) -> SessionRead:
    """One session."""
    return tagged(response, await calendar.read_session(db, session_id))


@router.get(
    "/{sessionId}/online-meeting",
    summary="Read where a session is held online",
    operation_id="getOnlineMeeting",
    responses=problems(InvalidInput, NotFound),
)
async def get_online_meeting(
    session_id: SessionId,
    caller: Annotated[Caller, requires(Scope.SESSIONS_WRITE)],
    response: Response,
    db: Db,
) -> OnlineMeetingRead:
    """The address of the online meeting, for who gives the session; participants' calendars have it."""
    return tagged(response, await calendar.online_meeting(db, caller, session_id))


@router.post(
    "",
    status_code=201,
    summary="Plan a session",
    operation_id="planSession",
    responses=problems(InvalidInput, SessionOverlap),
)
async def plan_session(
    body: SessionCreate,
    caller: Annotated[Caller, once(Scope.SESSIONS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
) -> SessionRead:
    """Plan a session for one or more editions that you give; without times it is unscheduled."""
    planned = await calendar.plan(db, caller, body, now)
    return created(response, f"/v1/sessions/{planned.id}", planned)


@router.patch(
    "/{sessionId}",
    summary="Change a session",
    operation_id="changeSession",
    responses=problems(
        InvalidInput, NotFound, SessionCancelled, SessionOverlap, SessionAttended, PreconditionFailed
    ),
)
async def change_session(
    session_id: SessionId,
    body: SessionChange,
    caller: Annotated[Caller, requires(Scope.SESSIONS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    recorded: Annotated[Recorded, Depends(_recorded)],
) -> SessionRead:
    """Schedule, move, put online or otherwise change a session (merge patch); participants are told.

    Null for both times makes it unscheduled again.
    """
    return tagged(response, await calendar.change(db, caller, session_id, body, now, expected, recorded))


@router.post(
    "/{sessionId}/_cancel",
    summary="Cancel a session",
    operation_id="cancelSession",
    responses=problems(InvalidInput, NotFound, SessionCancelled, PreconditionFailed),
)
async def cancel_session(
    session_id: SessionId,
    caller: Annotated[Caller, requires(Scope.SESSIONS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    body: Reason | None = None,
) -> SessionRead:
    """Cancel a session, with the reason; it stays in the lists, marked."""
    return tagged(response, await calendar.cancel(db, caller, session_id, reason_of(body), now, expected))
