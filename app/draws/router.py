"""HTTP for draws."""

import secrets
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse

from app.core import etags
from app.core.http.accept import ForPeople, or_page
from app.core.http.answers import problems, spoken
from app.core.http.dependencies import Config, Db, Now, Precondition
from app.core.http.idempotency import Repeatable
from app.core.http.origins import FOR_EVERY_ORIGIN
from app.core.language import Language, preferred
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Slug
from app.draws import announcement, page, receipts, records, verify_draw
from app.draws import service as draws
from app.draws.announcement import (
    DrawAnnounced,
    DuplicatesUndecided,
    NoCandidates,
    QuotasInfeasible,
    WindowOpen,
)
from app.draws.schemas import DrawAnnounce, DrawRead, DrawReceipt, DrawRun, RehearsalStart, VoidReason
from app.draws.service import DrawMoveNotAllowed, DrawTooEarly
from app.identity import service as identity
from app.identity.access import PUBLIC, PUBLIC_ON_REGISTER, once, requires
from app.identity.caller import Caller, Scope
from app.trainings import service as trainings

router = APIRouter(prefix="/v1", tags=["draws"], route_class=Repeatable)

DrawId = Annotated[UUID, InPath(alias="drawId")]
Drawing = Annotated[Caller, requires(Scope.DRAWS_WRITE)]
DrawingOnce = Annotated[Caller, once(Scope.DRAWS_WRITE)]
Token = Annotated[
    str,
    InPath(alias="receiptToken", max_length=200, description="the token of the applicant's enrolment form"),
]


def _sent(record: bytes, status: int = 200, **headers: str) -> Response:
    """A record as it stands, with its tag; `response_model` only documents it."""
    return Response(
        record,
        status,
        {"ETag": etags.of_bytes(record), **headers},
        media_type="application/json",
    )


@router.post(
    "/editions/{edition}/draws",
    status_code=201,
    response_model=DrawRead,
    summary="Announce a draw",
    operation_id="announceDraw",
    responses=problems(
        InvalidInput, NotFound, WindowOpen, DrawAnnounced, NoCandidates, DuplicatesUndecided, QuotasInfeasible
    ),
)
async def announce_draw(
    edition: Slug, caller: DrawingOnce, db: Db, now: Now, body: DrawAnnounce | None = None
) -> Response:
    """Freeze the candidates for the free seats, and publish list hash and everybody's exact chance."""
    wanted = body or DrawAnnounce()
    announced = await announcement.announce(db, caller, edition, wanted, secrets.token_bytes, now)
    return _sent(records.public(announced), 201, Location=f"/v1/draws/{announced.id}")


@router.get(
    "/draws/{drawId}",
    dependencies=[PUBLIC_ON_REGISTER, FOR_EVERY_ORIGIN],
    response_model=DrawRead,
    summary="Read a draw",
    operation_id="getDraw",
    responses=or_page(problems(InvalidInput, NotFound), 200, 404),
)
async def get_draw(
    draw_id: DrawId,
    request: Request,
    db: Db,
    settings: Config,
    for_people: ForPeople,
) -> Response:
    """The public record: list, chances, random value and result, without names; a page for browsers."""
    language = preferred(request.headers.get("accept-language"), default="nl")
    try:
        draw = await draws.read(db, draw_id)
    except NotFound:
        if for_people:
            return _html(page.of_no_draw(language), language, 404)
        raise
    if for_people:
        edition, names = await trainings.edition(db, draw.edition), await identity.names(db)
        return _html(page.of_draw(draw, edition, names, settings.base_url, language), language)
    return _sent(records.public(draw), Vary="Accept")


@router.post(
    "/draws/{drawId}/_run",
    response_model=DrawRead,
    summary="Run a draw",
    operation_id="runDraw",
    responses=problems(InvalidInput, NotFound, DrawTooEarly, DrawMoveNotAllowed, PreconditionFailed),
)
async def run_draw(
    draw_id: DrawId, caller: Drawing, db: Db, now: Now, expected: Precondition, body: DrawRun | None = None
) -> Response:
    """Compute the result from the random value; nobody else sees it before it is published."""
    return _sent(records.whole(await draws.run(db, caller, draw_id, body or DrawRun(), now, expected)))


@router.post(
    "/draws/{drawId}/_publish",
    response_model=DrawRead,
    summary="Publish the result of a draw",
    operation_id="publishDraw",
    responses=problems(InvalidInput, NotFound, DrawMoveNotAllowed, PreconditionFailed),
)
async def publish_draw(
    draw_id: DrawId, caller: Drawing, db: Db, now: Now, expected: Precondition
) -> Response:
    """Give the seats and tell everybody at once; whoever gets none is put on the waiting list."""
    return _sent(records.public(await draws.publish(db, caller.client_id, draw_id, now, expected)))


@router.post(
    "/draws/{drawId}/_rehearse",
    response_model=DrawRead,
    summary="Rehearse a draw",
    operation_id="rehearseDraw",
    responses=problems(InvalidInput, NotFound, DrawMoveNotAllowed, PreconditionFailed),
)
async def rehearse_draw(
    draw_id: DrawId,
    caller: DrawingOnce,
    db: Db,
    now: Now,
    expected: Precondition,
    body: RehearsalStart | None = None,
) -> Response:
    """Try the draw on the frozen list with another key; labelled as a rehearsal, and without effect."""
    value = (body and body.value) or secrets.token_hex(16)
    draw, outcome = await draws.rehearse(db, caller, draw_id, value, now, expected)
    return _sent(records.rehearsal(draw, outcome))


@router.post(
    "/draws/{drawId}/_void",
    response_model=DrawRead,
    summary="Void a draw",
    operation_id="voidDraw",
    responses=problems(InvalidInput, NotFound, DrawMoveNotAllowed, PreconditionFailed),
)
async def void_draw(
    draw_id: DrawId, body: VoidReason, caller: Drawing, db: Db, now: Now, expected: Precondition
) -> Response:
    """End a draw that was not published, with the reason; its record stays public."""
    return _sent(records.public(await draws.void(db, caller, draw_id, body.reason, now, expected)))


@router.get(
    "/draw-verifier",
    dependencies=[PUBLIC, FOR_EVERY_ORIGIN],
    summary="Download the program that checks a draw",
    operation_id="getDrawVerifier",
    response_class=Response,
    responses={
        200: {"content": {"text/x-python": {"schema": {"type": "string"}}}},
        **problems(InvalidInput),
    },
)
def get_draw_verifier() -> Response:
    """One file of standard Python that recomputes a draw: `python verify_draw.py` and the draw's address."""
    program = Path(verify_draw.__file__).read_bytes()
    headers = {
        "Content-Disposition": 'attachment; filename="verify_draw.py"',
        "ETag": etags.of_bytes(program),
    }
    return Response(program, media_type="text/x-python; charset=utf-8", headers=headers)


@router.get(
    "/draw-receipts/{receiptToken}",
    dependencies=[PUBLIC_ON_REGISTER],
    response_model=DrawReceipt,
    summary="Read what a draw meant for you",
    operation_id="getDrawReceipt",
    responses=or_page(problems(InvalidInput, NotFound), 200, 404),
)
async def get_draw_receipt(
    token: Token,
    request: Request,
    response: Response,
    db: Db,
    settings: Config,
    for_people: ForPeople,
) -> DrawReceipt | Response:
    """The applicant's own label, chance, lot and outcome, and why; by the link of the enrolment form."""
    language = preferred(request.headers.get("accept-language"), default="nl")
    try:
        receipt = await receipts.read(db, token, settings.base_url, language)
    except NotFound:
        if for_people:
            return _html(page.of_no_receipt(language), language, 404)
        raise
    if for_people:
        edition = await trainings.edition(db, receipt.edition)
        return _html(page.of_receipt(receipt, edition.time_zone, language), language)
    response.headers.update({"Cache-Control": "no-store", "Vary": "Accept"})
    spoken(response, language)
    return receipt


def _html(text: str, language: Language, status: int = 200) -> HTMLResponse:
    headers = {"Content-Security-Policy": page.policy(), "Cache-Control": "no-store", "Vary": "Accept"}
    return spoken(HTMLResponse(text, status, headers), language)
