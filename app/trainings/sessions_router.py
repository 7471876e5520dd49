"""HTTP for sessions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from app.core.http.answers import created, page, problems, tagged
from app.core.http.dependencies import Db, Now, Paging, Precondition
from app.core.http.idempotency import Repeatable
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Reason, Slug, reason_of
from app.identity.access import PUBLIC, once, requires
from app.identity.caller import Caller, Scope
from app.trainings import calendar
from app.trainings.calendar import SessionCancelled
from app.trainings.schemas import SessionChange, SessionCreate, SessionPage, SessionRead

router = APIRouter(prefix="/v1/sessions", tags=["sessions"], route_class=Repeatable)

SessionId = Annotated[UUID, Path(alias="sessionId")]


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


@router.post(
    "",
    status_code=201,
    summary="Plan a session",
    operation_id="planSession",
    responses=problems(InvalidInput),
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
    responses=problems(InvalidInput, NotFound, SessionCancelled, PreconditionFailed),
)
async def change_session(
    session_id: SessionId,
    body: SessionChange,
    caller: Annotated[Caller, requires(Scope.SESSIONS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> SessionRead:
    """Schedule, move or otherwise change a session (merge patch)."""
    return tagged(response, await calendar.change(db, caller, session_id, body, now, expected))


@router.post(
    "/{sessionId}/_cancel",
    summary="Cancel a session",
    operation_id="cancelSession",
    responses=problems(InvalidInput, NotFound, SessionCancelled),
)
async def cancel_session(
    session_id: SessionId,
    caller: Annotated[Caller, requires(Scope.SESSIONS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
    body: Reason | None = None,
) -> SessionRead:
    """Cancel a session, with the reason; it stays in the lists, marked."""
    return tagged(response, await calendar.cancel(db, caller, session_id, reason_of(body), now))
