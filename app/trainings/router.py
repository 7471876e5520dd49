"""HTTP for trainings, phases and editions."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.core.http.answers import created, page, problems, tagged
from app.core.http.dependencies import Db, Now, Paging, Precondition
from app.core.http.idempotency import Repeatable
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Slug
from app.identity.access import PUBLIC, once, requires
from app.identity.caller import Caller, Scope
from app.trainings import service as trainings
from app.trainings.schemas import (
    EditionChange,
    EditionCreate,
    EditionPage,
    EditionRead,
    PhasePage,
    PhaseRead,
    TrainingPage,
    TrainingRead,
)
from app.trainings.service import CapacityTooLow, EditionExists, EditionFrozen

catalogue = APIRouter(prefix="/v1/trainings", tags=["trainings"])
phases = APIRouter(prefix="/v1/phases", tags=["phases"])
editions = APIRouter(prefix="/v1/editions", tags=["editions"], route_class=Repeatable)


@catalogue.get(
    "",
    dependencies=[PUBLIC],
    summary="List trainings",
    operation_id="listTrainings",
    responses=problems(InvalidInput),
)
async def list_trainings(request: Request, response: Response, db: Db, window: Paging) -> TrainingPage:
    """What is taught."""
    return page(request, response, await trainings.list_trainings(db, window))


@catalogue.get(
    "/{training}",
    dependencies=[PUBLIC],
    summary="Read a training",
    operation_id="getTraining",
    responses=problems(InvalidInput, NotFound),
)
async def get_training(training: Slug, response: Response, db: Db) -> TrainingRead:
    """One training, with what its certificate asks."""
    return tagged(response, await trainings.training(db, training))


@phases.get(
    "",
    dependencies=[PUBLIC],
    summary="List phases",
    operation_id="listPhases",
    responses=problems(InvalidInput),
)
async def list_phases(
    request: Request,
    response: Response,
    db: Db,
    window: Paging,
    training: Annotated[Slug | None, Query(description="Only those of this training")] = None,
) -> PhasePage:
    """The phases of a training, in their order."""
    return page(request, response, await trainings.list_phases(db, window, training))


@phases.get(
    "/{phase}",
    dependencies=[PUBLIC],
    summary="Read a phase",
    operation_id="getPhase",
    responses=problems(InvalidInput, NotFound),
)
async def get_phase(phase: Slug, response: Response, db: Db) -> PhaseRead:
    """One phase."""
    return tagged(response, await trainings.phase(db, phase))


@editions.get(
    "",
    dependencies=[PUBLIC],
    summary="List editions",
    operation_id="listEditions",
    responses=problems(InvalidInput),
)
async def list_editions(request: Request, response: Response, db: Db, window: Paging) -> EditionPage:
    """Every run of a training, with its registration window and its seats."""
    return page(request, response, await trainings.list_editions(db, window))


@editions.get(
    "/{edition}",
    dependencies=[PUBLIC],
    summary="Read an edition",
    operation_id="getEdition",
    responses=problems(InvalidInput, NotFound),
)
async def get_edition(edition: Slug, response: Response, db: Db) -> EditionRead:
    """One edition, with its registration window, quotas and seats."""
    return tagged(response, await trainings.read_edition(db, edition))


@editions.post(
    "",
    status_code=201,
    summary="Add an edition",
    operation_id="addEdition",
    responses=problems(InvalidInput, EditionExists),
)
async def add_edition(
    body: EditionCreate,
    caller: Annotated[Caller, once(Scope.EDITIONS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
) -> EditionRead:
    """Add a run of a training in a region."""
    added = await trainings.add_edition(db, caller, body, now)
    return created(response, f"/v1/editions/{added.slug}", added)


@editions.patch(
    "/{edition}",
    summary="Change an edition",
    operation_id="changeEdition",
    responses=problems(InvalidInput, NotFound, EditionFrozen, CapacityTooLow, PreconditionFailed),
)
async def change_edition(
    edition: Slug,
    body: EditionChange,
    caller: Annotated[Caller, requires(Scope.EDITIONS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> EditionRead:
    """Merge patch: members left out stay as they are, null clears."""
    return tagged(response, await trainings.change_edition(db, caller, edition, body, now, expected))
