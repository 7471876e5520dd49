"""Webhooks: added, changed, tried, resumed and removed by those whose they are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.core.paging import Window, fetch
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.core.values import changed_members
from app.events import service as events
from app.identity import service as identity
from app.identity.caller import Caller, Role
from app.webhooks import addresses, making, signing
from app.webhooks.models import DeliveryStatus, Webhook, WebhookDelivery, WebhookStatus
from app.webhooks.schemas import (
    WebhookChange,
    WebhookCreate,
    WebhookPage,
    WebhookRead,
    WebhookWithSecret,
)
from app.webhooks.signing import Seal

# For so long the secret before a rotation signs too.
OVERLAP = timedelta(hours=24)
MOST = 20  # webhooks of one organisation


class TooManyWebhooks(Problem):
    """The organisation has as many webhooks as it may."""

    status, code = 409, "too-many-webhooks"
    title, title_nl = "Too many webhooks", "Te veel webhooks"


class NotPaused(Problem):
    """There is nothing to resume."""

    status, code = 409, "webhook-not-paused"
    title, title_nl = "Webhook is not paused", "Webhook staat niet stil"


@dataclass(frozen=True)
class Means:
    """What webhooks are made with: how secrets are kept, chance, and whether this machine may be named."""

    seal: Seal
    entropy: Callable[[int], bytes] = field(repr=False)
    local: bool


def visible(caller: Caller) -> sa.ColumnElement[bool]:
    """Which webhooks a caller may see: a partner those of its events, an administrator all."""
    if caller.role is Role.ADMIN:
        return sa.true()
    return col(Webhook.partner) == caller.organisation


async def list_webhooks(db: AsyncSession, caller: Caller, window: Window, now: datetime) -> WebhookPage:
    """The webhooks that the caller may see, in the order in which they were made."""
    query = select(Webhook).where(visible(caller))
    page, next_cursor = await fetch(db, query, window, [col(Webhook.id)], UUID, lambda one: one.id)
    return WebhookPage(items=[shown(one, now) for one in page], next_cursor=next_cursor)


async def read(db: AsyncSession, caller: Caller, webhook_id: UUID, now: datetime) -> WebhookRead:
    """One webhook that the caller may see, or NotFound."""
    return shown(await one(db, caller, webhook_id), now)


async def add(
    db: AsyncSession, caller: Caller, wanted: WebhookCreate, means: Means, now: datetime
) -> WebhookWithSecret:
    """Add a webhook; its secret is given this once.

    Raises InvalidInput for a URL that webhooks do not go to and for a partner that is none, or not the
    caller's own; TooManyWebhooks.
    """
    partner = await _partner(db, caller, wanted, means)
    owner = partner or caller.organisation
    await _leave_room(db, owner)
    added = Webhook(
        organisation=owner,
        partner=partner,
        url=wanted.url,
        description=wanted.description,
        types=_distinct(wanted.types),
        status=WebhookStatus.ACTIVE,
        created_at=now,
        status_at=now,
        secret=b"",
    )
    secret = _new_secret(added, means)
    db.add(added)
    _record(db, caller, "webhook.added", added, now)
    await db.flush()
    return WebhookWithSecret(**_members(added, now), secret=secret)


async def change(
    db: AsyncSession,
    caller: Caller,
    webhook_id: UUID,
    wanted: WebhookChange,
    means: Means,
    now: datetime,
    expected: Expected,
) -> WebhookRead:
    """Change a webhook, if it still carries the tag `expected`; a new URL begins with a clean slate."""
    webhook = await one(db, caller, webhook_id, lock=True)
    expected.require(shown(webhook, now))
    given = wanted.model_fields_set
    if "url" in given and (fault := _url_fault(wanted.url, means)):
        raise InvalidInput([fault])
    if "url" in given and wanted.url != webhook.url:
        webhook.url = wanted.url
        _forget_failures(webhook)
    if "types" in given:
        webhook.types = _distinct(wanted.types)
    if "description" in given:
        webhook.description = wanted.description
    _record(db, caller, "webhook.changed", webhook, now, fields=changed_members(wanted))
    await db.flush()
    return shown(webhook, now)


async def remove(
    db: AsyncSession, caller: Caller, webhook_id: UUID, now: datetime, expected: Expected
) -> None:
    """Remove a webhook, with everything that was still to be delivered to it.

    Raises NotFound and PreconditionFailed.
    """
    webhook = await one(db, caller, webhook_id, lock=True)
    expected.require(shown(webhook, now))
    await db.delete(webhook)
    _record(db, caller, "webhook.removed", webhook, now)


async def rotate(
    db: AsyncSession, caller: Caller, webhook_id: UUID, means: Means, now: datetime, expected: Expected
) -> WebhookWithSecret:
    """Give a webhook a new secret, which is given this once; the one before signs too, for a day.

    Raises NotFound and PreconditionFailed.
    """
    webhook = await one(db, caller, webhook_id, lock=True)
    expected.require(shown(webhook, now))
    webhook.previous_secret, webhook.previous_until = webhook.secret, now + OVERLAP
    secret = _new_secret(webhook, means)
    _record(db, caller, "webhook.rotated", webhook, now)
    await db.flush()
    return WebhookWithSecret(**_members(webhook, now), secret=secret)


async def resume(
    db: AsyncSession, caller: Caller, webhook_id: UUID, now: datetime, expected: Expected
) -> WebhookRead:
    """Tell a webhook again that was paused or off; what waited for it goes at once.

    Raises NotFound, PreconditionFailed and NotPaused.
    """
    webhook = await one(db, caller, webhook_id, lock=True)
    expected.require(shown(webhook, now))
    if webhook.status is WebhookStatus.ACTIVE:
        raise NotPaused("The webhook is active.")
    webhook.status, webhook.status_at = WebhookStatus.ACTIVE, now
    _forget_failures(webhook)
    waiting = sa.update(WebhookDelivery).where(
        col(WebhookDelivery.webhook) == webhook.id,
        col(WebhookDelivery.status) == DeliveryStatus.PENDING,
        col(WebhookDelivery.next_attempt_at) > now,
    )
    await db.exec(waiting.values(next_attempt_at=now))
    _record(db, caller, "webhook.resumed", webhook, now)
    await making.ring(db)
    await db.flush()
    return shown(webhook, now)


async def one(db: AsyncSession, caller: Caller, webhook_id: UUID, *, lock: bool = False) -> Webhook:
    """A webhook that the caller may see, or NotFound."""
    query = select(Webhook).where(Webhook.id == webhook_id, visible(caller))
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = (await db.exec(query)).first()
    if found is None:
        raise NotFound("There is no such webhook.")
    return found


def shown(webhook: Webhook, now: datetime) -> WebhookRead:
    """A webhook as its owner sees it, without its secret."""
    return WebhookRead(**_members(webhook, now))


_SHOWN = ("id", "url", "types", "description", "organisation", "partner", "status", "status_at")


def _members(webhook: Webhook, now: datetime) -> dict[str, Any]:
    until = webhook.previous_until
    return {
        **{name: getattr(webhook, name) for name in _SHOWN},
        "failing_since": webhook.failing_since,
        "created_at": webhook.created_at,
        "previous_secret_until": until if until and until > now else None,
    }


async def _partner(db: AsyncSession, caller: Caller, wanted: WebhookCreate, means: Means) -> str | None:
    """Whose events it is told of, None for everybody's; InvalidInput with every fault of what is wanted."""
    faults = [fault] if (fault := _url_fault(wanted.url, means)) else []
    partner = wanted.partner
    if caller.role is not Role.ADMIN:
        if partner not in (None, caller.organisation):
            detail = "A partner is told of its own events alone."
            faults.append(Fault(pointer="#/partner", code="not-yours", detail=detail))
        partner = caller.organisation
    elif partner is not None:
        faults += await identity.role_faults(db, partner, Role.PARTNER, "#/partner")
    if faults:
        raise InvalidInput(faults)
    return partner


def _url_fault(url: str, means: Means) -> Fault | None:
    code = addresses.fault(url, local=means.local)
    return Fault(pointer="#/url", code=code, detail=addresses.DETAILS[code]) if code else None


async def _leave_room(db: AsyncSession, owner: str) -> None:
    # One at a time, so that two at once do not both find the last place.
    await (await db.connection()).execute(
        sa.text("SELECT pg_advisory_xact_lock(7218018, hashtext(:owner))"), {"owner": owner}
    )
    there = select(sa.func.count()).select_from(Webhook).where(Webhook.organisation == owner)
    if (await db.exec(there)).one() >= MOST:
        raise TooManyWebhooks(f"An organisation has at most {MOST} webhooks.")


def _distinct(patterns: list[str]) -> list[str]:
    return list(dict.fromkeys(patterns))


def _new_secret(webhook: Webhook, means: Means) -> str:
    secret = signing.secret_of(means.entropy(signing.SECRET_BYTES))
    webhook.secret = means.seal.close(secret, webhook.id, means.entropy(signing.NONCE_BYTES))
    return secret


def _forget_failures(webhook: Webhook) -> None:
    webhook.failures, webhook.failing_since, webhook.resting_until = 0, None, None


def _record(
    db: AsyncSession, caller: Caller, type: str, webhook: Webhook, now: datetime, **data: Any
) -> None:
    events.record(
        db,
        type,
        subject=webhook.id,
        actor=caller.client_id,
        at=now,
        partner=webhook.partner,
        organisation=webhook.organisation,
        **data,
    )
