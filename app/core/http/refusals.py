"""Turns every refusal and failure into a problem document: one handler for each source of them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from app.core.language import preferred
from app.core.problems import (
    TYPE_PREFIX,
    Fault,
    InvalidInput,
    Problem,
    Unavailable,
    UnsupportedMediaType,
)

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"

# PostgreSQL's codes for: shutting down, starting up, too many connections.
GOING_AWAY = {"57P01", "57P02", "57P03", "53300"}

TITLES_NL = {
    400: "Onjuist verzoek",
    404: "Niet gevonden",
    405: "Methode niet toegestaan",
    500: "Interne fout",
}
DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not know that method; the Allow header names the ones it does.",
}


def install(app: FastAPI) -> None:
    """Make `app` answer every refusal and every failure with a problem document."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)


def respond(request: Request, problem: Problem) -> JSONResponse:
    """The problem as an answer, with its title in the reader's language."""
    dutch = preferred(request.headers.get("accept-language")) == "nl"
    return _document(
        request,
        problem.status,
        problem.code,
        problem.title_nl if dutch else problem.title,
        problem.detail,
        problem.headers,
        problem.extra,
    )


def _document(
    request: Request,
    status: int,
    code: str,
    title: str,
    detail: str,
    headers: Mapping[str, str],
    extra: Mapping[str, Any],
) -> JSONResponse:
    instance = f"urn:uuid:{request.scope.get('request_id', '')}"
    members = {"type": f"{TYPE_PREFIX}{code}", "title": title, "status": status, "detail": detail}
    content = {**members, "instance": instance, **extra}
    sent = {**headers, "Content-Language": preferred(request.headers.get("accept-language"))}
    return JSONResponse(content, status, sent, media_type=MEDIA_TYPE)


async def _problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return respond(request, error)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if _has_unread_body(error) and not (content_type == "application/json" or content_type.endswith("+json")):
        detail = "Send the body as application/json, with that Content-Type."
        return respond(request, UnsupportedMediaType(detail, headers={"Accept": "application/json"}))
    return respond(request, InvalidInput([_fault(entry) for entry in error.errors()]))


def _has_unread_body(error: RequestValidationError) -> bool:
    """FastAPI hands the body on as bytes when it did not recognise its type."""
    return isinstance(error.body, bytes) and bool(error.body)


def _fault(entry: Mapping[str, Any]) -> Fault:
    location, *path = entry["loc"]
    code = str(entry["type"]).replace("_", "-")
    if code == "json-invalid":
        return Fault(pointer="#", code=code, detail=f"The body is not JSON: {entry['ctx']['error']}.")
    steps = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
    return Fault(pointer=f"#{steps}", location=location, code=code, detail=_readable(entry["msg"]))


def _readable(message: str) -> str:
    """Messages may quote input with lone surrogates, which cannot be sent as UTF-8."""
    return message.removeprefix("Value error, ").encode("utf-8", "replace").decode()


async def _http(request: Request, error: Exception) -> JSONResponse:
    """Refusals of the framework itself: unknown path, wrong method, unreadable body."""
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "-")
    dutch = preferred(request.headers.get("accept-language")) == "nl"
    title = TITLES_NL.get(error.status_code, phrase) if dutch else phrase
    detail = error.detail if error.detail != phrase else DETAILS.get(error.status_code, f"{phrase}.")
    return _document(request, error.status_code, code, title, detail, error.headers or {}, {})


async def _database(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError)
    if error.connection_invalidated or getattr(error.orig, "sqlstate", None) in GOING_AWAY:
        return respond(request, Unavailable())
    return unexpected(request, error)


def unexpected(request: Request, error: Exception) -> JSONResponse:
    """The answer to a failure of our own: logged in full, told without particulars."""
    log.error("unexpected error", exc_info=error)
    dutch = preferred(request.headers.get("accept-language")) == "nl"
    title = TITLES_NL[500] if dutch else "Internal error"
    detail = "Something went wrong on our side; nothing was changed. The instance helps us find it."
    return _document(request, 500, "internal-error", title, detail, {}, {})
