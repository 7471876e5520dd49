"""HTTP for deliveries to webhooks."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.core.http.answers import page, problems, tagged
from app.core.http.dependencies import Db, Now, Paging, Precondition
from app.core.http.idempotency import Repeatable
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Name
from app.identity.access import requires
from app.identity.caller import Caller, Scope
from app.webhooks import deliveries
from app.webhooks.deliveries import Wanted, WebhookNotActive
from app.webhooks.models import DeliveryStatus
from app.webhooks.schemas import DeliveryPage, DeliveryWithAttempts

router = APIRouter(prefix="/v1", tags=["webhooks"], route_class=Repeatable)

WebhookId = Annotated[UUID, Path(alias="webhookId")]
DeliveryId = Annotated[UUID, Path(alias="deliveryId")]
Reading = Annotated[Caller, requires(Scope.WEBHOOKS_READ)]
Writing = Annotated[Caller, requires(Scope.WEBHOOKS_WRITE)]


async def _wanted(
    status: Annotated[DeliveryStatus | None, Query(description="Only those in this status")] = None,
    type: Annotated[Name | None, Query(description="Only those of this type of event")] = None,
    sort: Annotated[
        Literal["createdAt", "-createdAt"],
        Query(description="By when they were made; -createdAt is newest first"),
    ] = "createdAt",
) -> Wanted:
    return Wanted(status, type, newest_first=sort == "-createdAt")


@router.get(
    "/webhooks/{webhookId}/deliveries",
    summary="List deliveries to a webhook",
    operation_id="listWebhookDeliveries",
    responses=problems(InvalidInput, NotFound),
)
async def list_deliveries(
    request: Request,
    response: Response,
    webhook_id: WebhookId,
    caller: Reading,
    db: Db,
    window: Paging,
    wanted: Annotated[Wanted, Depends(_wanted)],
) -> DeliveryPage:
    """What was sent, is to be sent or was given up, each with its last attempt; kept for 30 days."""
    found = await deliveries.list_deliveries(db, caller, webhook_id, window, wanted)
    return page(request, response, found)


@router.get(
    "/webhook-deliveries/{deliveryId}",
    summary="Read a delivery",
    operation_id="getWebhookDelivery",
    responses=problems(InvalidInput, NotFound),
)
async def get_delivery(
    delivery_id: DeliveryId, caller: Reading, response: Response, db: Db
) -> DeliveryWithAttempts:
    """One delivery, with everything that was tried."""
    return tagged(response, await deliveries.read(db, caller, delivery_id))


@router.post(
    "/webhook-deliveries/{deliveryId}/_retry",
    summary="Send a delivery again",
    operation_id="retryWebhookDelivery",
    responses=problems(InvalidInput, NotFound, WebhookNotActive, PreconditionFailed),
)
async def retry_delivery(
    delivery_id: DeliveryId, caller: Writing, response: Response, db: Db, now: Now, expected: Precondition
) -> DeliveryWithAttempts:
    """Send it as soon as can be, whatever came of it before."""
    return tagged(response, await deliveries.retry(db, caller, delivery_id, now, expected))
