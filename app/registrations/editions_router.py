"""HTTP for what an administrator does with an edition's registrations: duplicates, carry-over."""

from typing import Annotated

from fastapi import APIRouter, Response

from app.core.http.answers import problems, tagged
from app.core.http.dependencies import Db, Now, Precondition
from app.core.http.idempotency import Repeatable
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Slug
from app.identity.access import once, requires
from app.identity.caller import Caller, Scope
from app.registrations import carrying, duplicates
from app.registrations.dependencies import Linking
from app.registrations.duplicates import NotAPair
from app.registrations.moves import CandidatesFrozen, MoveNotAllowed
from app.registrations.schemas import (
    CarriedOver,
    CarryOverFrom,
    DuplicateDecide,
    PossibleDuplicate,
    PossibleDuplicateList,
)
from app.trainings.service import EditionFrozen

router = APIRouter(prefix="/v1/editions/{edition}", tags=["draws"], route_class=Repeatable)

Administrating = Annotated[Caller, requires(Scope.DRAWS_WRITE)]
Carrying = Annotated[Caller, once(Scope.DRAWS_WRITE)]


@router.get(
    "/possible-duplicates",
    dependencies=[requires(Scope.DRAWS_WRITE)],
    summary="List possible duplicates",
    operation_id="listPossibleDuplicates",
    responses=problems(InvalidInput, NotFound),
)
async def list_possible_duplicates(edition: Slug, response: Response, db: Db) -> PossibleDuplicateList:
    """Registrations that may be the same person's: same name and school, or the same mailbox."""
    return tagged(response, await duplicates.listed(db, edition))


@router.post(
    "/possible-duplicates/_decide",
    summary="Decide on a possible duplicate",
    operation_id="decidePossibleDuplicate",
    responses=problems(
        InvalidInput, NotFound, NotAPair, MoveNotAllowed, CandidatesFrozen, PreconditionFailed
    ),
)
async def decide_possible_duplicate(
    edition: Slug, body: DuplicateDecide, caller: Administrating, db: Db, now: Now, expected: Precondition
) -> PossibleDuplicate:
    """Two people, or one of whom a registration is rejected; a draw waits until each pair is decided."""
    return await duplicates.decide(db, caller, edition, body, now, expected)


@router.post(
    "/_carry",
    summary="Carry a waiting list over",
    operation_id="carryOverWaitingList",
    responses=problems(InvalidInput, NotFound, EditionFrozen, PreconditionFailed),
)
async def carry_over_waiting_list(
    edition: Slug,
    body: CarryOverFrom,
    caller: Carrying,
    db: Db,
    now: Now,
    expected: Precondition,
    links: Linking,
) -> CarriedOver:
    """Move those who were drawn out of an earlier edition to this one's list, their forms included."""
    return await carrying.carry_over(db, caller, edition, body.source, links, now, expected)
