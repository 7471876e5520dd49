"""HTTP for the register's hash chain: open to all, for whoever wants to check it or keep a copy."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.certificates import register
from app.certificates.schemas import RegisterEntryPage, RegisterHeadPage, RegisterHeadRead
from app.core.http.answers import page, problems, tagged
from app.core.http.dependencies import Db, Paging
from app.core.http.origins import FOR_EVERY_ORIGIN
from app.core.problems import InvalidInput, NotFound
from app.core.values import Day
from app.identity.access import PUBLIC

router = APIRouter(prefix="/v1", tags=["verifications"])

OnDay = Annotated[Day, Path(description="the day, in UTC", examples=["2022-04-20"])]


@router.get(
    "/register-entries",
    dependencies=[PUBLIC, FOR_EVERY_ORIGIN],
    summary="List the register's entries",
    operation_id="listRegisterEntries",
    responses=problems(InvalidInput),
)
async def list_register_entries(
    request: Request, response: Response, db: Db, window: Paging
) -> RegisterEntryPage:
    """What happened to certificates, in order: each entry commits to one and to every entry before it.

    Nothing in them is personal. Who keeps them can tell when one is changed, slipped in or taken out.
    """
    return page(request, response, await register.list_entries(db, window))


@router.get(
    "/register-heads",
    dependencies=[PUBLIC, FOR_EVERY_ORIGIN],
    summary="List the register's heads",
    operation_id="listRegisterHeads",
    responses=problems(InvalidInput),
)
async def list_register_heads(
    request: Request, response: Response, db: Db, window: Paging
) -> RegisterHeadPage:
    """How the chain of entries stood at the end of each day on which it was published, the newest first."""
    return page(request, response, await register.list_heads(db, window))


@router.get(
    "/register-heads/{on}",
    dependencies=[PUBLIC, FOR_EVERY_ORIGIN],
    summary="Read the register's head of a day",
    operation_id="getRegisterHead",
    responses=problems(InvalidInput, NotFound),
)
async def get_register_head(on: OnDay, response: Response, db: Db) -> RegisterHeadRead:
    """How the chain of entries stood at the end of a day."""
    return tagged(response, await register.head(db, on))
