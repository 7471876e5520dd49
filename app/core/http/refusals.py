"""Turns every refusal and failure into a problem document: one handler for each source of them."""

import errno
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from app.core.faults import fault_at
from app.core.http import bodies
from app.core.http.accept import is_for_people
from app.core.language import Language, preferred
from app.core.pages import Pages
from app.core.patience import is_away
from app.core.problems import (
    MOST_TOLD,
    TYPE_PREFIX,
    BodyTooLarge,
    BodyTooSlow,
    Fault,
    InvalidInput,
    Problem,
    Unavailable,
)
from app.core.texts import PROBLEMS

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
PAGES = Pages(Path(__file__).parent, "refusal.css")

# How PostgreSQL's codes begin when it cannot serve, beside those that pass by themselves (core/patience.py):
# a database that is away, refuses us, or has become a copy for reading only.
NO_SERVICE = ("3D000", "28", "25006")
# A statement took too long, or waited too long for another transaction.
TOO_LONG = ("57014", "55P03")
# A disk that is full, or as full as it may be.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

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
    app.add_exception_handler(PoolTimeout, _no_connection)


def respond(request: Request, problem: Problem) -> Response:
    """The problem as an answer, in the reader's language."""
    titles: dict[Language, str] = {"en": problem.title, "nl": problem.title_nl}
    return _document(
        request, problem.status, problem.code, titles, problem.detail, problem.headers, problem.extra
    )


def _document(
    request: Request,
    status: int,
    code: str,
    titles: Mapping[Language, str],
    detail: str,
    headers: Mapping[str, str],
    extra: Mapping[str, Any],
) -> Response:
    language = preferred(request.headers.get("accept-language"))
    for_people = _is_from_a_page(request)
    if for_people:
        language = preferred(request.headers.get("accept-language"), default="nl")
    content = {
        "type": f"{TYPE_PREFIX}{code}",
        "title": titles[language],
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{request.scope.get('request_id', '')}",
        **extra,
    }
    if language == "nl":
        content = _in_dutch(content)
    sent = {**headers, "Content-Language": language, "Vary": "Accept-Language"}
    if for_people:
        return _page(content, status, {**sent, "Content-Security-Policy": PAGES.policy}, language)
    return JSONResponse(content, status, sent, media_type=MEDIA_TYPE)


def _is_from_a_page(request: Request) -> bool:
    """Whether a person in a browser sent a form, without a script to show what comes of it."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return is_for_people(request) and request.method == "POST" and kind in FORMS


def _page(content: dict[str, Any], status: int, headers: Mapping[str, str], language: Language) -> Response:
    """What the document says, for people: each fault, or else what happened."""
    details = [fault["detail"] for fault in content.get("errors", [])] or [content["detail"]]
    text = PAGES.render(f"refusal.{language}.html", title=content["title"], details=details)
    return HTMLResponse(text, status, headers)


def _in_dutch(content: dict[str, Any]) -> dict[str, Any]:
    """The members of a document with what happened, and each fault, in Dutch."""
    told = {**content, "detail": PROBLEMS.dutch(content["detail"])}
    if "errors" in content:
        told["errors"] = [{**fault, "detail": PROBLEMS.dutch(fault["detail"])} for fault in content["errors"]]
    return told


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return respond(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    noted: list[Fault] = getattr(request.state, "faults", [])
    return respond(request, invalid(error, noted))


def invalid(error: RequestValidationError, noted: Sequence[Fault] = ()) -> InvalidInput:
    """What the framework found wrong with a request, and what was `noted`, as a problem of ours."""
    found = error.errors()
    told = [*map(_fault, found[:MOST_TOLD]), *noted]
    return InvalidInput(told, found=len(found) + len(noted))


def note(request: Request, fault: Fault) -> None:
    """Remember a fault that is refused later on, to be told at once when others are found before that."""
    request.state.faults = [*getattr(request.state, "faults", []), fault]


def _fault(entry: Mapping[str, Any]) -> Fault:
    location, *path = entry["loc"]
    return fault_at(location, path, entry)


def unreadable(cause: Exception) -> Fault:
    """What is wrong with a body that the reader of JSON gives up on; other faults it finds by itself."""
    if isinstance(cause, json.JSONDecodeError):
        detail = f"The body is not JSON from character {cause.pos + 1} on."
    elif isinstance(cause, UnicodeDecodeError):
        detail = "The body is not UTF-8."
    elif isinstance(cause, bodies.TooMany):
        detail = "The body holds too many values."
    elif isinstance(cause, RecursionError | bodies.TooDeep):
        detail = "The body is nested too deeply."
    else:
        detail = "The body holds a number of too many digits."
    return Fault(pointer="#", code="json-invalid", detail=detail)


async def _http(request: Request, error: Exception) -> Response:
    """Refusals of the framework itself: unknown path, wrong method, unreadable body.

    OPTIONS (RFC 9110, section 9.3.7) is no route's own method: it is answered where there is any other.
    """
    assert isinstance(error, HTTPException)
    if error.status_code == BodyTooLarge.status:
        return respond(request, BodyTooLarge(error.detail))
    if error.status_code == BodyTooSlow.status:
        slow = BodyTooSlow("The body did not come in time; send it again.", headers={"Connection": "close"})
        return respond(request, slow)
    if isinstance(error.__cause__, ValueError | RecursionError):
        return respond(request, InvalidInput([unreadable(error.__cause__)]))
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "-")
    titles: dict[Language, str] = {"en": phrase, "nl": TITLES_NL.get(error.status_code, phrase)}
    detail = error.detail if error.detail != phrase else DETAILS.get(error.status_code, f"{phrase}.")
    return _document(request, error.status_code, code, titles, detail, headers, {})


def _methods(request: Request) -> set[str]:
    """Every method that the address knows; the framework names those of one route alone."""
    routes: list[Route] = request.app.state.routes
    matching = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    # What no route of ours matches is a file of the documentation.
    methods = {method for route in matching for method in route.methods or ()} or {"GET"}
    return methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())


async def _database(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)
    code = getattr(error.orig, "sqlstate", None) or ""
    if is_away(error) or code.startswith(NO_SERVICE):
        log.error("no database", error=str(error.orig))
        return respond(request, Unavailable())
    if code in TOO_LONG:
        log.warning("the database took too long", error=str(error.orig))
        return respond(request, Unavailable("The database took too long; nothing was changed. Try again."))
    return unexpected(request, error)


async def _no_connection(request: Request, error: Exception) -> Response:
    """Every connection is taken, and has been for longer than one waits."""
    log.error("no free connection", error=str(error))
    return respond(request, Unavailable())


def unexpected(request: Request, error: Exception) -> Response:
    """The answer to a failure of our own: logged in full, told without particulars."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        log.error("no room for files", error=error.strerror)
        return respond(request, Unavailable("There is no room to keep this; nothing was changed. Try again."))
    log.error("unexpected error", exc_info=error)
    titles: dict[Language, str] = {"en": "Internal error", "nl": TITLES_NL[500]}
    detail = "Something went wrong on our side; nothing was changed. The instance helps us find it."
    return _document(request, 500, "internal-error", titles, detail, {}, {})
