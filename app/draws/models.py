"""Tables: draw, draw_candidate."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import moment, new_id, one_of


class DrawStatus(StrEnum):
    """How far a draw is."""

    ANNOUNCED = "announced"
    COMPLETED = "completed"
    VOID = "void"


class Draw(SQLModel, table=True):
    """One draw on one frozen list; `seed` is published when it is run, its hash before."""

    __table_args__ = (
        sa.Index(
            "uq_draw_edition_announced",
            "edition",
            unique=True,
            postgresql_where=sa.text("status = 'announced'"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    edition: str = Field(foreign_key="edition.slug", index=True, max_length=63)
    status: DrawStatus = Field(sa_type=one_of(DrawStatus, "status"))
    seats: int
    quotas: list[dict[str, Any]] = Field(sa_type=JSONB)
    list_hash: bytes = Field(sa_type=sa.LargeBinary(32))
    seed: bytes = Field(sa_type=sa.LargeBinary(32))
    announced_at: datetime = moment()
    run_at: datetime | None = moment(nullable=True)
    voided_at: datetime | None = moment(nullable=True)
    void_reason: str | None = Field(default=None, max_length=4000)


class DrawCandidate(SQLModel, table=True):
    """A registration in a frozen list, under a random label; the label alone is public."""

    __tablename__ = "draw_candidate"
    __table_args__ = (sa.UniqueConstraint("draw", "registration"),)

    draw: UUID = Field(primary_key=True, foreign_key="draw.id")
    label: str = Field(primary_key=True, max_length=40)
    partner: str = Field(max_length=63)
    registration: UUID = Field(foreign_key="registration.id", index=True)
    lot: int | None = None
    seated: bool | None = None
