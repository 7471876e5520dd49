"""HTTP for reviews of certificates."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from app.certificates import reviews
from app.certificates.reviews import ReviewDecided
from app.certificates.schemas import ReviewPage, ReviewRead, UpholdReason
from app.core.http.answers import page, problems, tagged
from app.core.http.dependencies import Db, Now, Paging, Precondition
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Slug
from app.identity.access import requires
from app.identity.caller import Caller, Scope

router = APIRouter(prefix="/v1/certificate-reviews", tags=["certificates"])

ReviewId = Annotated[UUID, Path(alias="reviewId")]
DECIDING = requires(Scope.CERTIFICATES_WRITE)


@router.get(
    "",
    dependencies=[DECIDING],
    summary="List reviews of certificates",
    operation_id="listCertificateReviews",
    responses=problems(InvalidInput),
)
async def list_certificate_reviews(
    request: Request,
    response: Response,
    db: Db,
    window: Paging,
    status: Annotated[
        Literal["open", "decided"] | None, Query(description="Only those that wait for a decision, or do not")
    ] = None,
    edition: Annotated[Slug | None, Query(description="Only those of this edition")] = None,
) -> ReviewPage:
    """Certificates whose ground was corrected after they were issued; they are valid until you decide."""
    return page(request, response, await reviews.list_reviews(db, window, status=status, edition=edition))


@router.get(
    "/{reviewId}",
    dependencies=[DECIDING],
    summary="Read a review of a certificate",
    operation_id="getCertificateReview",
    responses=problems(InvalidInput, NotFound),
)
async def get_certificate_review(review_id: ReviewId, response: Response, db: Db) -> ReviewRead:
    """What is otherwise now than the certificate says."""
    return tagged(response, await reviews.read(db, review_id))


@router.post(
    "/{reviewId}/_uphold",
    summary="Let a certificate under review stand",
    operation_id="upholdCertificate",
    responses=problems(InvalidInput, NotFound, ReviewDecided, PreconditionFailed),
)
async def uphold_certificate(
    review_id: ReviewId,
    body: UpholdReason,
    caller: Annotated[Caller, DECIDING],
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> ReviewRead:
    """Decide that the certificate stands as it is, with the reason; to decide otherwise, revoke it."""
    return tagged(response, await reviews.uphold(db, caller, review_id, body.reason, now, expected))
