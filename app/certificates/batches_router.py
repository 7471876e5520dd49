"""HTTP for certificates of a whole edition."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from app.certificates import batches
from app.certificates.models import ItemState
from app.certificates.schemas import BatchCreate, BatchItemPage, BatchRead
from app.core.http.answers import created, page, problems, spoken, tagged
from app.core.http.dependencies import Db, Now, Paging, Reader
from app.core.http.idempotency import Repeatable
from app.core.problems import InvalidInput, NotFound
from app.identity.access import once, requires
from app.identity.caller import Caller, Scope

router = APIRouter(prefix="/v1/certificate-batches", tags=["certificates"], route_class=Repeatable)

BatchId = Annotated[UUID, Path(alias="batchId")]
ISSUING = requires(Scope.CERTIFICATES_WRITE)


@router.post(
    "",
    status_code=201,
    summary="Issue the certificates of an edition",
    operation_id="createCertificateBatch",
    responses=problems(InvalidInput),
)
async def create_certificate_batch(
    body: BatchCreate,
    caller: Annotated[Caller, once(Scope.CERTIFICATES_WRITE)],
    response: Response,
    db: Db,
    now: Now,
    language: Reader,
) -> BatchRead:
    """Issue a certificate to every participant who meets every requirement; a dry run only tells who does.

    They are issued in the background, one by one, each exactly once; the batch tells how far it is.
    """
    made = await batches.ask(db, caller, body, language, now)
    spoken(response, language)
    return created(response, f"/v1/certificate-batches/{made.id}", made)


@router.get(
    "/{batchId}",
    dependencies=[ISSUING],
    summary="Read how far a batch is",
    operation_id="getCertificateBatch",
    responses=problems(InvalidInput, NotFound),
)
async def get_certificate_batch(batch_id: BatchId, response: Response, db: Db) -> BatchRead:
    """How many certificates were issued, and for how many participants it is still to be done."""
    return tagged(response, await batches.read(db, batch_id))


@router.get(
    "/{batchId}/items",
    dependencies=[ISSUING],
    summary="List those in a batch",
    operation_id="listCertificateBatchItems",
    responses=problems(InvalidInput, NotFound),
)
async def list_certificate_batch_items(
    batch_id: BatchId,
    request: Request,
    response: Response,
    db: Db,
    window: Paging,
    state: Annotated[ItemState | None, Query(description="Only those in this state")] = None,
) -> BatchItemPage:
    """Every participant with the certificate, or with what is missing for it."""
    return page(request, response, await batches.list_items(db, batch_id, window, state))
