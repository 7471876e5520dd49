"""Table: message, what somebody is told by e-mail; who and in which words is looked up when it is sent."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.core.database import moment, new_id, one_of
from app.core.language import Language
from app.notifications.kinds import Kind


class MessageStatus(StrEnum):
    """How far a message is."""

    PENDING = "pending"  # waits for its moment, or for another attempt
    SENT = "sent"  # a mail server has taken it
    FAILED = "failed"  # refused for good, or tried for too long
    EXPIRED = "expired"  # too old before it could be sent at all
    CANCELLED = "cancelled"  # no longer true, or said better by a later one


class Message(SQLModel, table=True):
    """One event told to the person behind one registration, or to the contact of one organisation."""

    __table_args__ = (
        # Whatever is killed and run again: an event makes one message of a kind for one person.
        sa.UniqueConstraint("event", "registration", "kind"),
        sa.UniqueConstraint("event", "organisation", "kind"),
        sa.CheckConstraint("num_nonnulls(registration, organisation) = 1", name="recipient"),
        sa.CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="sent_at"),
        sa.CheckConstraint("language IN ('nl', 'en')", name="language"),
        sa.Index("ix_message_due", "next_attempt_at", "id", postgresql_where=sa.text("status = 'pending'")),
        sa.Index(None, "registration", "about"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    event: int = Field(foreign_key="event.id", sa_type=sa.BigInteger)
    # The first of the events that this message tells of: those between were never told by themselves.
    first_event: int = Field(foreign_key="event.id", sa_type=sa.BigInteger)
    registration: UUID | None = Field(default=None, foreign_key="registration.id")
    organisation: str | None = Field(default=None, foreign_key="organisation.slug", max_length=63)
    # The event's subject: the session or the draw that a later message may say more of.
    about: str = Field(max_length=100)
    kind: Kind = Field(sa_type=one_of(Kind, "kind"))
    language: Language = Field(sa_type=sa.String(2))
    status: MessageStatus = Field(sa_type=one_of(MessageStatus, "status"))
    created_at: datetime = moment()
    attempts: int = 0
    # While a worker is sending it: when another may take over.
    next_attempt_at: datetime = moment()
    give_up_at: datetime = moment()
    sent_at: datetime | None = moment(nullable=True)
    last_error: str | None = Field(default=None, max_length=200)
    message_id: str | None = Field(default=None, max_length=320)
