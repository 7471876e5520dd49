"""HTTP for webhooks."""

import secrets
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response

from app.core.http.answers import created, page, problems, tagged
from app.core.http.dependencies import Config, Db, Now, Paging, Precondition
from app.core.http.idempotency import Repeatable
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.identity.access import once, requires
from app.identity.caller import Caller, Scope
from app.webhooks import deliveries
from app.webhooks import service as webhooks
from app.webhooks.deliveries import WebhookNotActive
from app.webhooks.schemas import (
    DeliveryWithAttempts,
    Resend,
    Resent,
    WebhookChange,
    WebhookCreate,
    WebhookPage,
    WebhookRead,
    WebhookWithSecret,
)
from app.webhooks.service import Means, NotPaused, TooManyWebhooks
from app.webhooks.signing import Seal

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=Repeatable)

WebhookId = Annotated[UUID, Path(alias="webhookId")]
Reading = Annotated[Caller, requires(Scope.WEBHOOKS_READ)]
Writing = Annotated[Caller, requires(Scope.WEBHOOKS_WRITE)]
WritingOnce = Annotated[Caller, once(Scope.WEBHOOKS_WRITE)]


async def _means(settings: Config) -> Means:
    return Means(Seal(settings.key("webhook secrets")), secrets.token_bytes, settings.lets_webhooks_in)


Making = Annotated[Means, Depends(_means)]


@router.get("", summary="List webhooks", operation_id="listWebhooks", responses=problems(InvalidInput))
async def list_webhooks(
    request: Request, response: Response, caller: Reading, db: Db, window: Paging, now: Now
) -> WebhookPage:
    """The webhooks of your events; an administrator sees all."""
    return page(request, response, await webhooks.list_webhooks(db, caller, window, now))


@router.post(
    "",
    status_code=201,
    summary="Add a webhook",
    operation_id="addWebhook",
    responses=problems(InvalidInput, TooManyWebhooks),
)
async def add_webhook(
    body: WebhookCreate, caller: WritingOnce, response: Response, db: Db, means: Making, now: Now
) -> WebhookWithSecret:
    """Have events posted to a system of yours, from now on; its secret is shown this once.

    A partner is told of its own events, and of those that everybody in its editions hears.
    """
    added = await webhooks.add(db, caller, body, means, now)
    created(response, f"/v1/webhooks/{added.id}", added.without_secret)
    return added


@router.get(
    "/{webhookId}",
    summary="Read a webhook",
    operation_id="getWebhook",
    responses=problems(InvalidInput, NotFound),
)
async def get_webhook(
    webhook_id: WebhookId, caller: Reading, response: Response, db: Db, now: Now
) -> WebhookRead:
    """One webhook, and whether it is well."""
    return tagged(response, await webhooks.read(db, caller, webhook_id, now))


@router.patch(
    "/{webhookId}",
    summary="Change a webhook",
    operation_id="changeWebhook",
    responses=problems(InvalidInput, NotFound, PreconditionFailed),
)
async def change_webhook(
    webhook_id: WebhookId,
    body: WebhookChange,
    caller: Writing,
    response: Response,
    db: Db,
    means: Making,
    now: Now,
    expected: Precondition,
) -> WebhookRead:
    """Change where it goes or what it is told of, for what is delivered from now on."""
    changed = await webhooks.change(db, caller, webhook_id, body, means, now, expected)
    return tagged(response, changed)


@router.delete(
    "/{webhookId}",
    status_code=204,
    summary="Remove a webhook",
    operation_id="removeWebhook",
    responses=problems(InvalidInput, NotFound, PreconditionFailed),
)
async def remove_webhook(
    webhook_id: WebhookId, caller: Writing, db: Db, now: Now, expected: Precondition
) -> None:
    """Remove it, with its log and with what was still to be delivered."""
    await webhooks.remove(db, caller, webhook_id, now, expected)


@router.post(
    "/{webhookId}/_rotate",
    summary="Give a webhook a new secret",
    operation_id="rotateWebhook",
    responses=problems(InvalidInput, NotFound, PreconditionFailed),
)
async def rotate_webhook(
    webhook_id: WebhookId,
    caller: WritingOnce,
    response: Response,
    db: Db,
    means: Making,
    now: Now,
    expected: Precondition,
) -> WebhookWithSecret:
    """The new secret is shown this once; for 24 hours deliveries carry a signature of the one before too."""
    rotated = await webhooks.rotate(db, caller, webhook_id, means, now, expected)
    tagged(response, rotated.without_secret)
    return rotated


@router.post(
    "/{webhookId}/_resume",
    summary="Resume a webhook",
    operation_id="resumeWebhook",
    responses=problems(InvalidInput, NotFound, NotPaused, PreconditionFailed),
)
async def resume_webhook(
    webhook_id: WebhookId, caller: Writing, response: Response, db: Db, now: Now, expected: Precondition
) -> WebhookRead:
    """Deliver again to one that was paused or off; what waits goes at once."""
    return tagged(response, await webhooks.resume(db, caller, webhook_id, now, expected))


@router.post(
    "/{webhookId}/_ping",
    status_code=201,
    summary="Try a webhook",
    operation_id="pingWebhook",
    responses=problems(InvalidInput, NotFound, WebhookNotActive),
)
async def ping_webhook(
    webhook_id: WebhookId, caller: WritingOnce, response: Response, db: Db, now: Now
) -> DeliveryWithAttempts:
    """Send `webhook.ping`, signed as everything is; read the delivery to see what came of it."""
    made = await deliveries.ping(db, caller, webhook_id, now)
    return created(response, f"/v1/webhook-deliveries/{made.id}", made)


@router.post(
    "/{webhookId}/_resend",
    summary="Send what happened again",
    operation_id="resendToWebhook",
    responses=problems(InvalidInput, NotFound, WebhookNotActive),
)
async def resend_to_webhook(
    webhook_id: WebhookId, body: Resend, caller: WritingOnce, db: Db, now: Now
) -> Resent:
    """Send events of a range again, also those of before the webhook, each under the `webhook-id` it has."""
    return await deliveries.resend(db, caller, webhook_id, body, now)
