"""Deliveries as their owners see them: the log, a ping, and sending again, one or a range."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import new_id
from app.core.etags import Expected
from app.core.paging import Window, fetch
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.events import service as events
from app.events.models import Event
from app.identity.caller import Caller
from app.webhooks import catalogue, making, outcomes, payloads, service
from app.webhooks.models import DeliveryStatus, Webhook, WebhookAttempt, WebhookDelivery, WebhookStatus
from app.webhooks.schemas import (
    AttemptRead,
    DeliveryPage,
    DeliveryRead,
    DeliveryWithAttempts,
    Resend,
    Resent,
)

# Events that are looked at in one request, and deliveries that are written in one statement.
MOST, BATCH = 5000, 1000
MOST_ATTEMPTS = 100


class WebhookNotActive(Problem):
    """Nothing is sent to a webhook that is paused or off."""

    status, code = 409, "webhook-not-active"
    title, title_nl = "Webhook is not active", "Webhook staat stil"


@dataclass(frozen=True)
class Wanted:
    """Which deliveries, and in which order."""

    status: DeliveryStatus | None = None
    type: str | None = None
    newest_first: bool = False


async def list_deliveries(
    db: AsyncSession, caller: Caller, webhook_id: UUID, window: Window, wanted: Wanted
) -> DeliveryPage:
    """The deliveries to a webhook, in the order in which they were made or the other way round."""
    webhook = await service.one(db, caller, webhook_id)
    query = select(WebhookDelivery).where(WebhookDelivery.webhook == webhook.id)
    if wanted.status is not None:
        query = query.where(WebhookDelivery.status == wanted.status)
    if wanted.type is not None:
        query = query.where(WebhookDelivery.type == wanted.type)
    columns = [col(WebhookDelivery.id)]
    page, next_cursor = await fetch(
        db, query, window, columns, UUID, lambda row: row.id, descending=wanted.newest_first
    )
    latest = await _latest(db, [row.id for row in page])
    return DeliveryPage(
        items=[DeliveryRead(**_members(row, latest.get(row.id))) for row in page], next_cursor=next_cursor
    )


async def read(db: AsyncSession, caller: Caller, delivery_id: UUID) -> DeliveryWithAttempts:
    """One delivery to a webhook that the caller may see, with its attempts; or NotFound."""
    delivery, _ = await _one(db, caller, delivery_id)
    return await _whole(db, delivery)


async def ping(db: AsyncSession, caller: Caller, webhook_id: UUID, now: datetime) -> DeliveryWithAttempts:
    """Send a webhook what did not happen, to see whether it takes it; WebhookNotActive if it is not."""
    webhook = await service.one(db, caller, webhook_id)
    _require_active(webhook)
    id = new_id()
    made = WebhookDelivery(
        id=id,
        webhook=webhook.id,
        type=catalogue.PING,
        subject=str(id),
        status=DeliveryStatus.PENDING,
        created_at=now,
        next_attempt_at=now,
        give_up_at=now + outcomes.GIVE_UP,
    )
    db.add(made)
    _record(db, caller, "webhook.pinged", webhook, now, delivery=str(id))
    await making.ring(db)
    await db.flush()
    return await _whole(db, made)


async def retry(
    db: AsyncSession, caller: Caller, delivery_id: UUID, now: datetime, expected: Expected
) -> DeliveryWithAttempts:
    """Send a delivery as soon as can be, whatever came of it before; for three days from now on.

    One that is under way just now stays so. Raises NotFound, PreconditionFailed, and WebhookNotActive when
    its webhook is paused or off.
    """
    delivery, webhook = await _one(db, caller, delivery_id, lock=True)
    if expected:
        expected.require(await _whole(db, delivery))
    _require_active(webhook)
    delivery.next_attempt_at, delivery.give_up_at = now, now + outcomes.GIVE_UP
    if delivery.claimed_by is None:
        delivery.status, delivery.finished_at, delivery.attempts = DeliveryStatus.PENDING, None, 0
    _record(db, caller, "webhook.retried", webhook, now, delivery=str(delivery.id))
    await making.ring(db)
    await db.flush()
    return await _whole(db, delivery)


async def resend(db: AsyncSession, caller: Caller, webhook_id: UUID, wanted: Resend, now: datetime) -> Resent:
    """Send what happened in a range again, whatever came of it before, in the order in which it happened.

    At most MOST events are looked at; the answer says where to go on. WebhookNotActive when it is paused.
    """
    if wanted.after_event is None and wanted.after is None:
        detail = "Say after which event or moment."
        raise InvalidInput([Fault(pointer="#/afterEvent", code="after-what", detail=detail)])
    webhook = await service.one(db, caller, webhook_id)
    _require_active(webhook)
    found = await _in_range(db, webhook, wanted)
    looked_at = found[:MOST]
    rows = await making.rows_of(db, [webhook], looked_at, now)
    for begin in range(0, len(rows), BATCH):
        await _again(db, rows[begin : begin + BATCH])
    _record(db, caller, "webhook.resent", webhook, now, deliveries=len(rows))
    await making.ring(db)
    more = len(found) > MOST
    return Resent(deliveries=len(rows), next_after_event=looked_at[-1].id if more else None)


async def _in_range(db: AsyncSession, webhook: Webhook, wanted: Resend) -> Sequence[Event]:
    """Events in a range that a webhook may be told of, oldest first, one more than is looked at."""
    query = select(Event).order_by(col(Event.id)).limit(MOST + 1)
    if webhook.partner is not None:
        everybodys = sa.and_(col(Event.partner).is_(None), col(Event.type).in_(events.SHARED))
        query = query.where(sa.or_(col(Event.partner) == webhook.partner, everybodys))
    if wanted.after_event is not None:
        query = query.where(col(Event.id) > wanted.after_event)
    if wanted.until_event is not None:
        query = query.where(col(Event.id) <= wanted.until_event)
    if wanted.after is not None:
        query = query.where(col(Event.at) > wanted.after)
    if wanted.until is not None:
        query = query.where(col(Event.at) <= wanted.until)
    return (await db.exec(query)).all()


async def _again(db: AsyncSession, rows: list[dict[str, Any]]) -> None:
    """Insert deliveries, or let those that are there begin anew unless they are under way."""
    table = SQLModel.metadata.tables["webhook_delivery"]
    statement = insert(table)
    anew = {
        name: statement.excluded[name] for name in ("status", "attempts", "next_attempt_at", "give_up_at")
    }
    again = statement.on_conflict_do_update(
        index_elements=["webhook", "event"],
        set_={**anew, "finished_at": None},
        where=table.c.claimed_by.is_(None),
    )
    await (await db.connection()).execute(again, rows)


def _require_active(webhook: Webhook) -> None:
    if webhook.status is not WebhookStatus.ACTIVE:
        raise WebhookNotActive(f"The webhook is {webhook.status}; resume it first.")


async def _one(
    db: AsyncSession, caller: Caller, delivery_id: UUID, *, lock: bool = False
) -> tuple[WebhookDelivery, Webhook]:
    query = (
        select(WebhookDelivery, Webhook)
        .join(Webhook, col(Webhook.id) == WebhookDelivery.webhook)
        .where(WebhookDelivery.id == delivery_id, service.visible(caller))
    )
    if lock:
        query = query.with_for_update(of=WebhookDelivery).execution_options(populate_existing=True)
    found = (await db.exec(query)).first()
    if found is None:
        raise NotFound("There is no such delivery.")
    return found


async def _latest(db: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, WebhookAttempt]:
    """The newest attempt of each of some deliveries."""
    order = sa.func.row_number().over(
        partition_by=col(WebhookAttempt.delivery), order_by=col(WebhookAttempt.id).desc()
    )
    ranked = select(WebhookAttempt.id, order.label("place")).where(col(WebhookAttempt.delivery).in_(ids))
    places = ranked.subquery()
    newest = select(WebhookAttempt).join(places, places.c.id == WebhookAttempt.id).where(places.c.place == 1)
    return {attempt.delivery: attempt for attempt in (await db.exec(newest)).all()}


async def _whole(db: AsyncSession, delivery: WebhookDelivery) -> DeliveryWithAttempts:
    newest = (
        select(WebhookAttempt)
        .where(WebhookAttempt.delivery == delivery.id)
        .order_by(col(WebhookAttempt.id).desc())
        .limit(MOST_ATTEMPTS)
    )
    attempts = list(reversed((await db.exec(newest)).all()))
    last = attempts[-1] if attempts else None
    return DeliveryWithAttempts(**_members(delivery, last), log=[_attempt(one) for one in attempts])


_SHOWN = ("id", "webhook", "event", "type", "subject", "status", "created_at", "attempts", "finished_at")


def _members(delivery: WebhookDelivery, last: WebhookAttempt | None) -> dict[str, Any]:
    pending = delivery.status is DeliveryStatus.PENDING
    return {
        **{name: getattr(delivery, name) for name in _SHOWN},
        "message_id": payloads.message_id(delivery.event, delivery.id),
        "next_attempt_at": delivery.next_attempt_at if pending else None,
        "last_attempt": _attempt(last) if last else None,
    }


def _attempt(attempt: WebhookAttempt) -> AttemptRead:
    return AttemptRead(**attempt.model_dump(exclude={"id", "delivery"}))


def _record(
    db: AsyncSession, caller: Caller, type: str, webhook: Webhook, now: datetime, **data: Any
) -> None:
    events.record(
        db, type, subject=webhook.id, actor=caller.client_id, at=now, partner=webhook.partner, **data
    )
