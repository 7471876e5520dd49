"""From events to deliveries: what happened, for each webhook that is to be told of it, once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import new_id
from app.events.models import Event
from app.events.service import SHARED
from app.webhooks import catalogue, outcomes
from app.webhooks.models import DeliveryStatus, Webhook, WebhookStatus

# Workers listen here for deliveries that can be made.
CHANNEL = "cultuurcoordinator_deliveries"
# The first event of a partner in an edition, by both.
Firsts = dict[tuple[str, str], int]


async def make(db: AsyncSession, happened: Sequence[Event], now: datetime) -> int:
    """Make a delivery of each event for each webhook that is to be told of it; gives how many there are.

    Doing it again adds nothing.
    """
    listening = select(Webhook).where(Webhook.status != WebhookStatus.OFF).order_by(col(Webhook.id))
    # Nobody removes one before its deliveries are in.
    listening = listening.with_for_update(read=True, key_share=True)
    webhooks = (await db.exec(listening)).all()
    if not webhooks:
        return 0
    rows = await rows_of(db, webhooks, happened, now)
    if rows:
        statement = insert(SQLModel.metadata.tables["webhook_delivery"]).on_conflict_do_nothing()
        await (await db.connection()).execute(statement, rows)
        await ring(db)
    return len(rows)


async def rows_of(
    db: AsyncSession, webhooks: Sequence[Webhook], happened: Sequence[Event], now: datetime
) -> list[dict[str, Any]]:
    """The deliveries of events for webhooks, as rows to insert, in the order of the events."""
    firsts = await _firsts(db, webhooks, happened)
    return [
        {
            "id": new_id(),
            "webhook": webhook.id,
            "event": event.id,
            "type": event.type,
            "subject": event.subject,
            "status": DeliveryStatus.PENDING,
            "created_at": now,
            "attempts": 0,
            "next_attempt_at": now,
            "give_up_at": now + outcomes.GIVE_UP,
        }
        for event in happened
        for webhook in webhooks
        if catalogue.wanted(webhook.types, event.type) and may_hear(webhook.partner, event, firsts)
    ]


def may_hear(partner: str | None, event: Event, firsts: Firsts) -> bool:
    """Whether a webhook of this partner's events is told of an event: the same as the partner may read.

    Its own, and what everybody in an edition hears once it has something there (events.service.listed).
    """
    if partner is None or event.partner == partner:
        return True
    if event.partner is not None or event.type not in SHARED or event.edition is None:
        return False
    first = firsts.get((partner, event.edition))
    return first is not None and event.id is not None and event.id > first


async def _firsts(db: AsyncSession, webhooks: Sequence[Webhook], happened: Sequence[Event]) -> Firsts:
    partners = {webhook.partner for webhook in webhooks if webhook.partner is not None}
    editions = {event.edition for event in happened if event.partner is None and event.type in SHARED}
    if not partners or not editions - {None}:
        return {}
    query = (
        select(Event.partner, Event.edition, sa.func.min(col(Event.id)))
        .where(col(Event.partner).in_(partners), col(Event.edition).in_(editions))
        .group_by(col(Event.partner), col(Event.edition))
    )
    return {
        (partner, edition): first
        for partner, edition, first in (await db.exec(query)).all()
        if partner and edition and first
    }


async def ring(db: AsyncSession) -> None:
    """Tell workers, once this transaction commits, that there is something to deliver."""
    await (await db.connection()).execute(sa.text(f"SELECT pg_notify('{CHANNEL}', '')"))
