"""Claiming deliveries and keeping what came of them: short transactions, none open while something is sent.

Each worker has a number, which its session holds as an advisory lock: when it is killed, PostgreSQL lets go
of the lock, and what the worker had claimed is taken over at once. A claim also runs out by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import new_id
from app.core.values import utc
from app.events import service as events
from app.events.models import Event
from app.identity.caller import SYSTEM
from app.webhooks import catalogue, outcomes
from app.webhooks.models import DeliveryStatus, Webhook, WebhookDelivery, WebhookStatus
from app.webhooks.outcomes import Outcome, Verdict
from app.webhooks.payloads import Told

# Longer than an attempt may take by far.
LEASE = timedelta(minutes=3)
BATCH = 1000

# Receivers that could be told something: each is locked, so that its room is counted by one worker at a time.
# Who is being told of by another worker just now is passed by, and never waited for.
_OPEN = sa.text("""
SELECT w.id, w.failures,
       (SELECT count(*) FROM webhook_delivery d WHERE d.webhook = w.id AND d.claimed_by IS NOT NULL) AS busy
  FROM webhook w
 WHERE w.status = 'active' AND (w.resting_until IS NULL OR w.resting_until <= :now)
   AND EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.webhook = w.id AND d.status = 'pending'
                  AND d.claimed_by IS NULL AND d.next_attempt_at <= :now)
   FOR NO KEY UPDATE OF w SKIP LOCKED
""")
# The oldest that are due, each the first of its subject: none before it is pending, and none is about to be
# made of an event that still stands in the outbox, whoever has claimed that. Asked row by row, along indexes:
# a join would be planned by statistics, and those of a queue are always late.
_CLAIM = sa.text("""
WITH room AS (SELECT * FROM unnest(CAST(:webhooks AS uuid[]), CAST(:rooms AS int[])) AS r(webhook, room)),
chosen AS (
  SELECT h.id FROM room r CROSS JOIN LATERAL (
    SELECT d.id FROM webhook_delivery d
     WHERE d.webhook = r.webhook AND d.status = 'pending' AND d.claimed_by IS NULL
       AND d.next_attempt_at <= :now
       AND (d.event IS NULL
            OR (SELECT min(e.event) FROM webhook_delivery e WHERE e.webhook = d.webhook
                   AND e.subject = d.subject AND e.status = 'pending') = d.event
           AND coalesce((SELECT min(p.event) FROM event v JOIN event_pending p ON p.event = v.id
                          WHERE v.subject = d.subject), d.event) >= d.event)
     ORDER BY d.next_attempt_at, d.event LIMIT r.room FOR UPDATE OF d SKIP LOCKED) h
)
UPDATE webhook_delivery d
   SET claimed_by = :worker, claimed_until = :until, attempts = d.attempts + 1
 WHERE d.id = ANY (ARRAY(SELECT c.id FROM chosen c))
RETURNING d.id
""")
_NEXT = sa.text("""
SELECT min(CASE WHEN w.resting_until > :now THEN w.resting_until ELSE (
         SELECT d.next_attempt_at FROM webhook_delivery d
          WHERE d.webhook = w.id AND d.status = 'pending' AND d.claimed_by IS NULL
            AND d.next_attempt_at > :now
          ORDER BY d.next_attempt_at LIMIT 1) END)
  FROM webhook w WHERE w.status = 'active'
""")
_TAKE_BACK = sa.text("""
UPDATE webhook_delivery SET claimed_by = NULL, claimed_until = NULL
 WHERE claimed_by IS NOT NULL AND (claimed_until <= :now OR claimed_by NOT IN (
   SELECT l.objid::bigint FROM pg_locks l JOIN pg_database b ON b.oid = l.database
    WHERE l.locktype = 'advisory' AND l.classid = :kind AND l.objsubid = 2 AND l.granted
      AND b.datname = current_database()))
""")


@dataclass(frozen=True)
class Claimed:
    """A delivery that is this worker's to send."""

    id: UUID
    webhook: UUID
    url: str
    secrets: tuple[bytes, ...]
    told: Told


@dataclass(frozen=True)
class Sent:
    """What was sent, and what came back: the log of one attempt. Headers are those that say something."""

    at: datetime
    duration_ms: int
    request_headers: Mapping[str, str]
    response_status: int | None = None
    response_headers: Mapping[str, str] | None = None
    response_start: str | None = None


@dataclass(frozen=True)
class Result:
    """An attempt that has ended; `chance`, from 0 to 1, spreads when the next one comes."""

    claimed: Claimed
    sent: Sent
    outcome: Outcome
    chance: float


async def claim(
    db: AsyncSession, worker: int, now: datetime, concurrency: int
) -> tuple[list[Claimed], datetime | None]:
    """What this worker is to send now; when there is nothing, the moment at which something falls due.

    To each receiver at most `concurrency` at once, by all workers together, so that none waits for another's.
    """
    connection = await db.connection()
    found = (await connection.execute(_OPEN, {"now": now})).all()
    rooms = {one.id: outcomes.room(one.failures, concurrency) - one.busy for one in found}
    free = {webhook: room for webhook, room in rooms.items() if room > 0}
    ids: list[UUID] = []
    if free:
        values = {
            "webhooks": list(free),
            "rooms": list(free.values()),
            "now": now,
            "worker": worker,
            "until": now + LEASE,
        }
        ids = list((await connection.execute(_CLAIM, values)).scalars())
    if ids:
        return await _with_everything(db, ids, now), None
    return [], (await connection.execute(_NEXT, {"now": now})).scalar()


async def _with_everything(db: AsyncSession, ids: Sequence[UUID], now: datetime) -> list[Claimed]:
    query: Any = (
        sa.select(WebhookDelivery, Webhook, Event)
        .join(Webhook, col(Webhook.id) == col(WebhookDelivery.webhook))
        .outerjoin(Event, col(Event.id) == col(WebhookDelivery.event))
        .where(col(WebhookDelivery.id).in_(ids))
        .order_by(col(WebhookDelivery.next_attempt_at), col(WebhookDelivery.event))
        .execution_options(populate_existing=True)
    )
    rows = (await db.exec(query)).all()
    return [
        Claimed(delivery.id, webhook.id, webhook.url, _secrets(webhook, now), _told(delivery, event))
        for delivery, webhook, event in rows
    ]


def _secrets(webhook: Webhook, now: datetime) -> tuple[bytes, ...]:
    """The secrets that sign now, as they are kept, the newest first."""
    old = webhook.previous_secret
    if old is None or webhook.previous_until is None or webhook.previous_until <= now:
        return (webhook.secret,)
    return (webhook.secret, old)


def _told(delivery: WebhookDelivery, event: Event | None) -> Told:
    if event is None:
        # A ping is about the webhook itself.
        return Told(None, catalogue.PING, str(delivery.webhook), None, None, delivery.created_at, {})
    return Told(event.id, event.type, event.subject, event.edition, event.partner, event.at, event.data)


async def settle(db: AsyncSession, worker: int, results: Sequence[Result], now: datetime) -> None:
    """Keep what came of attempts (delivered, tried again, given up) and what that says of receivers."""
    by_id = {result.claimed.id: result for result in results}
    locked = (
        select(WebhookDelivery).where(col(WebhookDelivery.id).in_(by_id)).order_by(col(WebhookDelivery.id))
    )
    fresh = locked.with_for_update().execution_options(populate_existing=True)
    deliveries = (await db.exec(fresh)).all()  # a webhook may have been removed meanwhile
    await _log(db, [by_id[delivery.id] for delivery in deliveries])
    for delivery in deliveries:
        result = by_id[delivery.id]
        if result.outcome.verdict is Verdict.DELIVERED:
            # Taken is taken, whoever else tries it by now.
            _finish(delivery, DeliveryStatus.DELIVERED, now)
        elif delivery.claimed_by == worker:
            _set_back(delivery, result, now)
    await db.flush()
    await _judge_receivers(db, results, now)


def _finish(delivery: WebhookDelivery, status: DeliveryStatus, now: datetime) -> None:
    delivery.status, delivery.finished_at = status, now
    delivery.claimed_by = delivery.claimed_until = None


def _set_back(delivery: WebhookDelivery, result: Result, now: datetime) -> None:
    again = outcomes.next_attempt(delivery.attempts, result.outcome, now, delivery.give_up_at, result.chance)
    if again is None:
        _finish(delivery, DeliveryStatus.FAILED, now)
        return
    delivery.next_attempt_at = again
    delivery.claimed_by = delivery.claimed_until = None


async def _log(db: AsyncSession, results: Sequence[Result]) -> None:
    rows = [
        {
            "id": new_id(),
            "delivery": result.claimed.id,
            "at": result.sent.at,
            "duration_ms": result.sent.duration_ms,
            "request_headers": dict(result.sent.request_headers),
            "response_status": result.sent.response_status,
            "response_headers": None if (head := result.sent.response_headers) is None else dict(head),
            "response_start": result.sent.response_start,
            "error": result.outcome.why,
        }
        for result in results
    ]
    if rows:
        await (await db.connection()).execute(sa.insert(SQLModel.metadata.tables["webhook_attempt"]), rows)


async def _judge_receivers(db: AsyncSession, results: Sequence[Result], now: datetime) -> None:
    """What attempts say of their receivers: well again, resting, paused, or gone."""
    by_webhook: dict[UUID, list[Result]] = {}
    for result in results:
        by_webhook.setdefault(result.claimed.webhook, []).append(result)
    failed = [
        webhook
        for webhook, all_of_it in by_webhook.items()
        if any(one.outcome.verdict is not Verdict.DELIVERED for one in all_of_it)
    ]
    # Who was well and still is, is not touched.
    concerned = select(Webhook).where(
        col(Webhook.id).in_(by_webhook), sa.or_(col(Webhook.failures) > 0, col(Webhook.id).in_(failed))
    )
    locked = concerned.order_by(col(Webhook.id)).with_for_update(key_share=True)
    for webhook in (await db.exec(locked.execution_options(populate_existing=True))).all():
        for result in by_webhook[webhook.id]:
            await _judge(db, webhook, result, now)
    await db.flush()


async def _judge(db: AsyncSession, webhook: Webhook, result: Result, now: datetime) -> None:
    if result.outcome.verdict is Verdict.DELIVERED:
        if webhook.failures >= outcomes.TRIPS:
            await _hurry(db, webhook.id, now)
        webhook.failures, webhook.failing_since, webhook.resting_until = 0, None, None
        return
    webhook.failures += 1
    webhook.failing_since = webhook.failing_since or now
    if rest := outcomes.rest(webhook.failures, result.chance):
        webhook.resting_until = now + rest
    if webhook.status is not WebhookStatus.ACTIVE:
        return
    if result.outcome.verdict is Verdict.GONE:
        _stop(db, webhook, WebhookStatus.OFF, "webhook.ended", now)
        await give_up_all(db, webhook.id, now)
    elif outcomes.keeps_failing(webhook.failures, webhook.failing_since, now):
        _stop(db, webhook, WebhookStatus.PAUSED, "webhook.paused", now)


def _stop(db: AsyncSession, webhook: Webhook, status: WebhookStatus, type: str, now: datetime) -> None:
    webhook.status, webhook.status_at = status, now
    since = webhook.failing_since
    events.record(
        db,
        type,
        subject=webhook.id,
        actor=SYSTEM.client_id,
        at=now,
        partner=webhook.partner,
        organisation=webhook.organisation,
        failures=webhook.failures,
        failingSince=utc(since) if since else None,
    )


async def _hurry(db: AsyncSession, webhook: UUID, now: datetime) -> None:
    """Let what waits for its next attempt go at once: the receiver takes something again."""
    waiting = sa.update(WebhookDelivery).where(
        col(WebhookDelivery.webhook) == webhook,
        col(WebhookDelivery.status) == DeliveryStatus.PENDING,
        col(WebhookDelivery.claimed_by).is_(None),
        col(WebhookDelivery.next_attempt_at) > now,
    )
    await db.exec(waiting.values(next_attempt_at=now))


async def give_up_all(db: AsyncSession, webhook: UUID, now: datetime) -> None:
    """End what is pending for a webhook that wants no more."""
    pending = sa.update(WebhookDelivery).where(
        col(WebhookDelivery.webhook) == webhook, col(WebhookDelivery.status) == DeliveryStatus.PENDING
    )
    ended = {"status": DeliveryStatus.FAILED, "finished_at": now, "claimed_by": None, "claimed_until": None}
    await db.exec(pending.values(**ended))


async def take_back(db: AsyncSession, kind: int, now: datetime) -> int:
    """Free what workers have claimed that are no more, or for too long; gives how many deliveries.

    `kind` is the class of the advisory locks that workers hold by their numbers.
    """
    return (await (await db.connection()).execute(_TAKE_BACK, {"now": now, "kind": kind})).rowcount


async def release(db: AsyncSession, worker: int, ids: Sequence[UUID]) -> None:
    """Give back what was claimed and not sent: a worker that stops."""
    claimed = sa.update(WebhookDelivery).where(
        col(WebhookDelivery.id).in_(ids), col(WebhookDelivery.claimed_by) == worker
    )
    await db.exec(
        claimed.values(claimed_by=None, claimed_until=None, attempts=col(WebhookDelivery.attempts) - 1)
    )


async def expire(db: AsyncSession, now: datetime) -> int:
    """Give up what has waited for too long, behind another or for a paused receiver."""
    late = sa.update(WebhookDelivery).where(
        col(WebhookDelivery.status) == DeliveryStatus.PENDING,
        col(WebhookDelivery.claimed_by).is_(None),
        col(WebhookDelivery.give_up_at) <= now,
    )
    return (await db.exec(late.values(status=DeliveryStatus.FAILED, finished_at=now))).rowcount


async def purge(db: AsyncSession, before: datetime) -> int:
    """Forget deliveries that ended before a moment, with their attempts, a batch at a time."""
    old = (
        select(WebhookDelivery.id)
        .where(col(WebhookDelivery.finished_at) < before)
        .order_by(col(WebhookDelivery.finished_at))
        .limit(BATCH)
    )
    return (await db.exec(sa.delete(WebhookDelivery).where(col(WebhookDelivery.id).in_(old)))).rowcount
