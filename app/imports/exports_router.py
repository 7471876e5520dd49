"""HTTP for registrations as a file, which an import reads."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from app.core import sheets
from app.core.http import tables
from app.core.http.answers import problems, spoken
from app.core.http.dependencies import Db
from app.core.http.downloads import spooled
from app.core.language import preferred
from app.core.problems import InvalidInput
from app.identity.access import requires
from app.identity.caller import Caller, Scope
from app.imports import exports
from app.registrations.dependencies import Linking, Wanting

router = APIRouter(prefix="/v1/registration-exports", tags=["registrations"])

Reading = Annotated[Caller, requires(Scope.REGISTRATIONS_READ)]
_TEXT = {"schema": {"type": "string"}}
_CSV: dict[int | str, Any] = {200: {"content": {tables.CSV: _TEXT}}}
_JSON_LINES: dict[int | str, Any] = {200: {"content": {tables.JSON_LINES: _TEXT}}}


@router.get(
    "/registrations.csv",
    summary="Download registrations as CSV",
    operation_id="getRegistrationsCsv",
    response_class=Response,
    responses={**_CSV, **problems(InvalidInput)},
)
async def get_registrations_csv(
    request: Request, caller: Reading, db: Db, links: Linking, wanted: Wanting
) -> Response:
    """All that the list would show, for spreadsheets: UTF-8, semicolons, Dutch unless you ask else.

    A text that a spreadsheet would take for a formula has an apostrophe before it; an import takes it off.
    """
    language = preferred(request.headers.get("accept-language"), default="nl")
    pieces = exports.as_csv(db, caller, wanted, links, language)
    return spoken(await spooled(pieces, "registrations.csv", sheets.MEDIA_TYPE), language)


@router.get(
    "/registrations.jsonl",
    summary="Download registrations as JSON lines",
    operation_id="getRegistrationsJsonLines",
    response_class=Response,
    responses={**_JSON_LINES, **problems(InvalidInput)},
)
async def get_registrations_json_lines(caller: Reading, db: Db, links: Linking, wanted: Wanting) -> Response:
    """All that the list would show, a line each: the body of a registration, with id, status and moment."""
    pieces = exports.as_json_lines(db, caller, wanted, links)
    return await spooled(pieces, "registrations.jsonl", tables.JSON_LINES)
