"""Tables: webhook, webhook_delivery, webhook_attempt."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import moment, new_id, one_of


class WebhookStatus(StrEnum):
    """Whether a webhook is told what happens."""

    ACTIVE = "active"
    PAUSED = "paused"  # it kept failing: deliveries are made and wait
    OFF = "off"  # its receiver answered 410: no deliveries are made


class DeliveryStatus(StrEnum):
    """How far a delivery is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"  # given up


class Webhook(SQLModel, table=True):
    """A receiver of what happens: where, of whose events, of which types."""

    __table_args__ = (
        sa.CheckConstraint("(previous_secret IS NULL) = (previous_until IS NULL)", name="previous"),
        sa.CheckConstraint("(failures = 0) = (failing_since IS NULL)", name="failing"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation: str = Field(foreign_key="organisation.slug", index=True, max_length=63)
    # Whose events it is told of, with those that everybody in an edition hears; None: all there are.
    partner: str | None = Field(default=None, foreign_key="organisation.slug", index=True, max_length=63)
    url: str = Field(max_length=2000)
    description: str | None = Field(default=None, max_length=200)
    types: list[str] = Field(sa_type=sa.ARRAY(sa.String(60)))
    status: WebhookStatus = Field(sa_type=one_of(WebhookStatus, "status"))
    created_at: datetime = moment()
    status_at: datetime = moment()
    secret: bytes = Field(sa_type=sa.LargeBinary)
    # The one before, which signs too for a while.
    previous_secret: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    previous_until: datetime | None = moment(nullable=True)
    failures: int = Field(default=0, description="in a row, whatever was sent")
    failing_since: datetime | None = moment(nullable=True)
    resting_until: datetime | None = moment(nullable=True)


class WebhookDelivery(SQLModel, table=True):
    """One event for one webhook, or a ping."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        # Whatever is killed and run again: an event makes one delivery for a webhook.
        sa.UniqueConstraint("webhook", "event"),
        sa.CheckConstraint("(status = 'pending') = (finished_at IS NULL)", name="finished_at"),
        sa.CheckConstraint("(claimed_by IS NULL) = (claimed_until IS NULL)", name="claimed"),
        sa.CheckConstraint("claimed_by IS NULL OR status = 'pending'", name="claimed_pending"),
        sa.Index(
            "ix_webhook_delivery_due",
            "webhook",
            "next_attempt_at",
            "event",
            postgresql_where=sa.text("status = 'pending'"),
        ),
        sa.Index(
            "ix_webhook_delivery_order",
            "webhook",
            "subject",
            "event",
            postgresql_where=sa.text("status = 'pending'"),
        ),
        sa.Index(
            "ix_webhook_delivery_claimed",
            "webhook",
            "claimed_by",
            postgresql_where=sa.text("claimed_by IS NOT NULL"),
        ),
        sa.Index(None, "webhook", "id"),
        sa.Index(
            "ix_webhook_delivery_finished_at",
            "finished_at",
            postgresql_where=sa.text("finished_at IS NOT NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    webhook: UUID = Field(foreign_key="webhook.id", ondelete="CASCADE")
    event: int | None = Field(default=None, foreign_key="event.id", sa_type=sa.BigInteger)
    type: str = Field(max_length=60)
    # What the event is about: of one subject, a later event waits for an earlier one.
    subject: str = Field(max_length=100)
    status: DeliveryStatus = Field(sa_type=one_of(DeliveryStatus, "status"))
    created_at: datetime = moment()
    attempts: int = 0
    next_attempt_at: datetime = moment()
    give_up_at: datetime = moment()
    finished_at: datetime | None = moment(nullable=True)
    # The number of the worker that is sending it, and until when nobody else takes over.
    claimed_by: int | None = None
    claimed_until: datetime | None = moment(nullable=True)


class WebhookAttempt(SQLModel, table=True):
    """What was sent and what came back, once; kept for as long as the delivery is."""

    __tablename__ = "webhook_attempt"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    delivery: UUID = Field(foreign_key="webhook_delivery.id", index=True, ondelete="CASCADE")
    at: datetime = moment()
    duration_ms: int
    request_headers: dict[str, Any] = Field(sa_type=JSONB)
    response_status: int | None = None
    response_headers: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    response_start: str | None = Field(default=None, max_length=500)
    error: str | None = Field(default=None, max_length=200)
