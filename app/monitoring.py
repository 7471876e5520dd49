"""How the register is doing, for those who keep it running: readiness and metrics."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Header, Request, Response
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy.exc import ProgrammingError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.http.dependencies import Config, Db, Now
from app.core.http.measures import PREFIX, Measures
from app.core.listening import WORKERS
from app.core.problems import NotFound, Unavailable
from app.identity.access import ALWAYS_OPEN

health = APIRouter(prefix="/health", include_in_schema=False)
metrics = APIRouter(include_in_schema=False)

TEXT = "text/plain; version=0.0.4; charset=utf-8"

# Workers hold a lock each while they live (core/listening.py).
_LAG = sa.text("""
SELECT (SELECT count(*) FROM pg_locks l JOIN pg_database b ON b.oid = l.database
         WHERE l.locktype = 'advisory' AND l.classid = :kind AND l.objsubid = 2 AND l.granted
           AND b.datname = current_database()) AS workers,
       (SELECT v.at FROM event_pending p JOIN event v ON v.id = p.event ORDER BY p.event LIMIT 1) AS oldest
""")
# What each figure is called, what it means, and the expression that gives it.
_FIGURES = (
    ("outbox_events", "Events that nothing was made of yet", "(SELECT count(*) FROM event_pending)"),
    (
        "outbox_set_aside",
        "Of those, events that could not be acted upon",
        "(SELECT count(*) FROM event_pending WHERE not_before IS NOT NULL)",
    ),
    ("messages_pending", "E-mails that wait", "(SELECT count(*) FROM message WHERE status = 'pending')"),
    (
        "messages_failed",
        "E-mails that were given up",
        "(SELECT count(*) FROM message WHERE status = 'failed')",
    ),
    (
        "webhook_deliveries_pending",
        "Deliveries to webhooks that wait or are under way",
        "(SELECT count(*) FROM webhook_delivery WHERE status = 'pending')",
    ),
    (
        "webhook_deliveries_under_way",
        "Of those, deliveries that a worker is sending",
        "(SELECT count(*) FROM webhook_delivery WHERE claimed_by IS NOT NULL)",
    ),
    (
        "webhook_deliveries_failed",
        "Deliveries in the log that were given up",
        "(SELECT count(*) FROM webhook_delivery WHERE status = 'failed')",
    ),
    (
        "webhooks_failing",
        "Webhooks whose last attempt failed",
        "(SELECT count(*) FROM webhook WHERE failures > 0)",
    ),
    (
        "webhooks_stopped",
        "Webhooks that are paused or off",
        "(SELECT count(*) FROM webhook WHERE status <> 'active')",
    ),
)
_MOMENTS = (
    (
        "webhook_oldest_delivery_seconds",
        "Age of the oldest delivery that waits for an active webhook",
        """(SELECT min(d.created_at) FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook
             WHERE d.status = 'pending' AND w.status = 'active')""",
    ),
    (
        "messages_overdue_seconds",
        "For how long the e-mail that should have been tried first has waited since",
        "(SELECT min(next_attempt_at) FROM message WHERE status = 'pending')",
    ),
)
# By the subject, which there is an index of.
_LAST_BACKUP = "(SELECT max(at) FROM event WHERE subject = 'backup' AND type = 'backup.made') AS last_backup"
LAST_BACKUP = "When the last backup was made by the command, in seconds since 1970; 0: never"
_ALL = sa.text(
    f"SELECT {', '.join(f'{of} AS {name}' for name, _, of in (*_FIGURES, *_MOMENTS))}, {_LAST_BACKUP}"
)


@dataclass(frozen=True)
class Lag:
    """How many workers there are, and for how long the oldest event waits (0: none does)."""

    workers: int
    oldest_event_seconds: float


async def lag(db: AsyncSession, now: datetime) -> Lag:
    """How far the background work is behind."""
    found = (await (await db.connection()).execute(_LAG, {"kind": WORKERS})).one()
    return Lag(found.workers, _age(found.oldest, now))


@health.get("/live", dependencies=[ALWAYS_OPEN])
async def live() -> dict[str, str]:
    """The process runs."""
    return {"status": "live"}


@health.get("/ready", dependencies=[ALWAYS_OPEN])
async def ready(request: Request, db: Db, now: Now) -> dict[str, str | int | float]:
    """The process can serve: it is not about to end, the database answers and has its tables (503 otherwise).

    Background work that is behind, or that nobody does, is told and changes nothing: whoever asks the API
    would not be helped by another process on the same database, or by none.
    """
    if getattr(request.app.state, "ending", False):
        raise Unavailable("This process is about to end; another takes its place.")
    try:
        await (await db.connection()).execute(sa.text("SELECT version_num FROM alembic_version"))
        behind = await lag(db, now)
    except ProgrammingError as no_tables:
        raise Unavailable from no_tables
    return {
        "status": "ready",
        "workers": behind.workers,
        "oldestEventSeconds": round(behind.oldest_event_seconds, 1),
    }


@metrics.get("/metrics", dependencies=[ALWAYS_OPEN])
async def read_metrics(
    request: Request,
    db: Db,
    now: Now,
    settings: Config,
    authorization: Annotated[str | None, Header()] = None,
) -> Response:
    """Figures in Prometheus's text format, with METRICS_TOKEN; there are none in production without one."""
    token = settings.metrics_token
    expected = f"Bearer {token.get_secret_value()}" if token else None
    if expected is None and settings.environment == "production":
        raise NotFound("There is nothing at this address.")
    if expected is not None and not hmac.compare_digest((authorization or "").encode(), expected.encode()):
        raise NotFound("There is nothing at this address.")
    measures: Measures = request.app.state.measures
    return Response(await figures(db, now) + measures.text(), media_type=TEXT)


async def figures(db: AsyncSession, now: datetime) -> bytes:
    """Every figure of the register, as the database has it now: the same whichever process is asked."""
    behind = await lag(db, now)
    found = (await (await db.connection()).execute(_ALL)).one()._mapping  # noqa: SLF001  SQLAlchemy's own name
    registry = CollectorRegistry()

    def tell(name: str, meaning: str, value: float) -> None:
        Gauge(f"{PREFIX}_{name}", meaning, registry=registry).set(value)

    tell("workers", "Workers that are connected", behind.workers)
    tell("outbox_oldest_seconds", "Age of the oldest event nothing was made of", behind.oldest_event_seconds)
    for name, meaning, _ in _FIGURES:
        tell(name, meaning, found[name])
    for name, meaning, _ in _MOMENTS:
        tell(name, meaning, _age(found[name], now))
    last = found["last_backup"]
    tell("last_backup_timestamp_seconds", LAST_BACKUP, last.timestamp() if last else 0)
    return generate_latest(registry)


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
