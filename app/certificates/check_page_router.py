"""HTTP for the page where people check a file or a text that somebody gave them: a form, without a script.

Programs send the same to `POST /v1/verifications` as JSON.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.types import Message

from app.certificates import check_page, checks
from app.certificates.dependencies import CHECKING, Asked, Signing
from app.core.http.accept import ForPeople
from app.core.http.answers import spoken
from app.core.http.dependencies import Config, Db
from app.core.http.uploads import MULTIPART, Upload
from app.core.language import Language
from app.core.problems import BodyTooLarge, Fault, InvalidInput, Problem
from app.identity.access import PUBLIC_ON_REGISTER

router = APIRouter(prefix="/v1/verifications", include_in_schema=False, route_class=Upload)

# Far more than a certificate has; so little that it is read without ever being written to a disk.
LARGEST = 1024 * 1024  # bytes of the whole form


@router.get("/_check", dependencies=[PUBLIC_ON_REGISTER], operation_id="showCheckPage")
async def show_check_page(language: Asked) -> Response:
    """The empty form."""
    return _html(check_page.render(language), language)


async def _given(request: Request) -> bytes | Problem:
    """The file or the text in the form, or what is wrong with it, for the page to tell.

    The body is read to its end even when it is too large: a browser that is cut off shows no page.
    """
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= LARGEST:
            body += chunk
    if size > LARGEST:
        return BodyTooLarge(f"A file may have {LARGEST / 1024**2:.4g} MB at most.")
    try:
        given = [one for one in await _parts(request, bytes(body)) if one]
    except HTTPException:
        return _fault("multipart-invalid", detail=f"The body is not readable as {MULTIPART}.")
    if len(given) == 1:
        return given[0]
    if given:
        return _fault("too-many", detail="Send a file or a text, not both.")
    return _fault("missing", detail="Send a file or a text.")


async def _parts(request: Request, body: bytes) -> list[bytes]:
    """What stands in the form's two fields, `file` and `text`; HTTPException for what is no such form."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    read = Request(request.scope, receive)
    async with read.form(max_files=1, max_fields=2, max_part_size=LARGEST) as form:
        values = [form.get(name, "") for name in ("file", "text")]
        return [
            await value.read() if isinstance(value, UploadFile) else value.strip().encode()
            for value in values
        ]


def _fault(code: str, detail: str) -> InvalidInput:
    return InvalidInput([Fault(pointer="#/file", code=code, detail=detail)])


@router.post("/_check", dependencies=[PUBLIC_ON_REGISTER, CHECKING], operation_id="checkOnPage")
async def check_on_page(
    given: Annotated[bytes | Problem, Depends(_given)],
    db: Db,
    vault: Signing,
    settings: Config,
    language: Asked,
    for_people: ForPeople,
) -> Response:
    """Whether what was sent is genuine, unaltered and still counts, in words; nothing of it is kept.

    The address of a check, sent as the text, leads there.
    """
    if isinstance(given, Problem):
        return _refused(given, language, for_people=for_people)
    if code := checks.code_in(given[:1000].decode("utf-8", "replace"), settings.base_url):
        return RedirectResponse(check_page.address(code, language), HTTPStatus.SEE_OTHER)
    try:
        found = await checks.check_file(db, vault, given)
    except InvalidInput as refusal:
        return _refused(refusal, language, for_people=for_people)
    return _html(check_page.render(language, found=found), language)


def _refused(refusal: Problem, language: Language, *, for_people: bool) -> HTMLResponse:
    if not for_people:
        raise refusal
    return _html(check_page.render(language, refusal=refusal), language, refusal.status)


def _html(page: str, language: Language, status: int = 200) -> HTMLResponse:
    headers = {"Content-Security-Policy": check_page.policy()}
    return spoken(HTMLResponse(page, status, headers), language)
