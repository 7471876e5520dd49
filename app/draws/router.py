"""HTTP for draws."""

import secrets
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from app.core.http.answers import created, problems, tagged
from app.core.http.dependencies import Db, Now
from app.core.problems import InvalidInput, NotFound
from app.core.values import Slug
from app.draws import service as draws
from app.draws.schemas import DrawRead, VoidReason
from app.draws.service import DrawAnnounced, DrawEnded, NoCandidates, QuotasInfeasible, WindowOpen
from app.identity.access import PUBLIC, requires
from app.identity.caller import Caller, Scope

router = APIRouter(prefix="/v1", tags=["draws"])

DrawId = Annotated[UUID, Path(alias="drawId")]


@router.post(
    "/editions/{edition}/draws",
    status_code=201,
    summary="Announce a draw",
    operation_id="announceDraw",
    responses=problems(InvalidInput, NotFound, WindowOpen, DrawAnnounced, NoCandidates, QuotasInfeasible),
)
async def announce_draw(
    edition: Slug,
    caller: Annotated[Caller, requires(Scope.DRAWS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
) -> DrawRead:
    """Freeze the candidates for the free seats and publish everybody's exact chance."""
    announced = await draws.announce(db, caller, edition, secrets.token_bytes, now)
    return created(response, f"/v1/draws/{announced.id}", announced)


@router.get(
    "/draws/{drawId}",
    dependencies=[PUBLIC],
    summary="Read a draw",
    operation_id="getDraw",
    responses=problems(InvalidInput, NotFound),
)
async def get_draw(draw_id: DrawId, response: Response, db: Db) -> DrawRead:
    """The public record: list, chances, seed and order, without names."""
    return tagged(response, await draws.read(db, draw_id))


@router.post(
    "/draws/{drawId}/_run",
    summary="Run a draw",
    operation_id="runDraw",
    responses=problems(InvalidInput, NotFound, DrawEnded),
)
async def run_draw(
    draw_id: DrawId,
    caller: Annotated[Caller, requires(Scope.DRAWS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
) -> DrawRead:
    """Give the seats; everybody who gets none is put on the waiting list, in the order of the draw."""
    return tagged(response, await draws.run(db, caller, draw_id, now))


@router.post(
    "/draws/{drawId}/_void",
    summary="Void a draw",
    operation_id="voidDraw",
    responses=problems(InvalidInput, NotFound, DrawEnded),
)
async def void_draw(
    draw_id: DrawId,
    body: VoidReason,
    caller: Annotated[Caller, requires(Scope.DRAWS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
) -> DrawRead:
    """End an announced draw without running it, with the reason."""
    return tagged(response, await draws.void(db, caller, draw_id, body.reason, now))
