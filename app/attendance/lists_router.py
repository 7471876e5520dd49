"""HTTP for what a trainer has at a session: the list, as CSV or to sign, and the check-in code."""

from typing import Annotated, Any
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Path, Request, Response

from app.attendance import check_in, lists, signing
from app.attendance.check_in import CheckInClosed
from app.attendance.dependencies import Coding
from app.attendance.schemas import CheckInCode
from app.core import sheets
from app.core.http.answers import problems, spoken, tagged
from app.core.http.dependencies import Db, Now
from app.core.language import preferred
from app.core.problems import InvalidInput, NotFound
from app.identity.access import requires
from app.identity.caller import Caller, Scope
from app.trainings.calendar import SessionCancelled

router = APIRouter(prefix="/v1/sessions/{sessionId}", tags=["attendance"])

SessionId = Annotated[UUID, Path(alias="sessionId")]
Recording = Annotated[Caller, requires(Scope.ATTENDANCE_WRITE)]
_CSV: dict[int | str, Any] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
_PDF: dict[int | str, Any] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get(
    "/attendance.csv",
    summary="Download a session's list",
    operation_id="getAttendanceCsv",
    response_class=Response,
    responses={**_CSV, **problems(InvalidInput, NotFound)},
)
async def get_attendance_csv(session_id: SessionId, request: Request, caller: Recording, db: Db) -> Response:
    """Every participant and what is recorded, for spreadsheets: UTF-8, semicolons, Dutch unless you ask else.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    language = preferred(request.headers.get("accept-language"), default="nl")
    content = await lists.as_csv(db, caller, session_id, language)
    headers = {"Content-Disposition": f'attachment; filename="attendance-{session_id}.csv"'}
    return spoken(Response(content, media_type=sheets.MEDIA_TYPE, headers=headers), language)


@router.get(
    "/attendance.pdf",
    summary="Download a session's list to sign",
    operation_id="getAttendancePdf",
    response_class=Response,
    responses={**_PDF, **problems(InvalidInput, NotFound)},
)
async def get_attendance_pdf(
    session_id: SessionId, request: Request, caller: Recording, db: Db, now: Now
) -> Response:
    """Every participant by name, with school and room for a signature; A4, Dutch unless you ask else."""
    language = preferred(request.headers.get("accept-language"), default="nl")
    sheet, today = await lists.to_sign(db, caller, session_id, language, now)
    rendered = await to_thread.run_sync(signing.render, sheet, today)
    headers = {"Content-Disposition": f'attachment; filename="attendance-{session_id}.pdf"'}
    return spoken(Response(rendered, media_type="application/pdf", headers=headers), language)


@router.get(
    "/check-in-code",
    summary="Read a session's check-in code",
    operation_id="getCheckInCode",
    responses=problems(InvalidInput, NotFound, SessionCancelled, CheckInClosed),
)
async def get_check_in_code(
    session_id: SessionId, caller: Recording, response: Response, db: Db, codes: Coding, now: Now
) -> CheckInCode:
    """The code to show to the participants; it changes every minute, and is there while check-in is open."""
    return tagged(response, await check_in.code(db, caller, session_id, codes, now))
