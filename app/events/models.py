"""Table: event, the audit trail and the outbox in one."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import moment


class Event(SQLModel, table=True):
    """Something that happened, written in the transaction that made it happen."""

    __table_args__ = (
        sa.Index(None, "subject"),
        sa.Index(None, "partner", "id"),
        sa.Index(None, "partner", "edition", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger)
    type: str = Field(max_length=60)
    subject: str = Field(max_length=100)
    edition: str | None = Field(default=None, max_length=63)
    partner: str | None = Field(default=None, max_length=63)
    actor: str = Field(max_length=100)
    at: datetime = moment()
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
