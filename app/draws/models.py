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

    ANNOUNCED = "announced"  # the list is fixed and public
    RUN = "run"  # the result is fixed, and not public yet
    COMPLETED = "completed"  # everybody was told, and the record is public
    VOID = "void"


PENDING = (DrawStatus.ANNOUNCED, DrawStatus.RUN)


class Draw(SQLModel, table=True):
    """One draw on one frozen list.

    `frozen_list` is the very text whose hash is `list_hash`; `outcome` is what the record shows of the
    result, written once when the draw is run.
    """

    __table_args__ = (
        sa.Index(
            "uq_draw_edition_pending",
            "edition",
            unique=True,
            postgresql_where=sa.text("status IN ('announced', 'run')"),
        ),
        sa.CheckConstraint("(outcome IS NULL) = (run_at IS NULL)", name="outcome"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    edition: str = Field(foreign_key="edition.slug", index=True, max_length=63)
    status: DrawStatus = Field(sa_type=one_of(DrawStatus, "status"))
    draw_needed: bool
    frozen_list: str = Field(sa_type=sa.Text)
    list_hash: bytes = Field(sa_type=sa.LargeBinary(32))
    groups: list[dict[str, Any]] = Field(sa_type=JSONB)
    shortages: list[dict[str, Any]] = Field(sa_type=JSONB)
    seats: int
    beacon: dict[str, Any] | None = Field(sa_type=JSONB)
    drawable_at: datetime = moment()
    outcome: str | None = Field(default=None, sa_type=sa.Text)
    announced_at: datetime = moment()
    publish_at: datetime | None = moment(nullable=True)
    run_at: datetime | None = moment(nullable=True)
    published_at: datetime | None = moment(nullable=True)
    withdrawn: list[str] = Field(default_factory=list, sa_type=JSONB)
    voided_at: datetime | None = moment(nullable=True)
    void_reason: str | None = Field(default=None, max_length=4000)


class DrawCandidate(SQLModel, table=True):
    """A registration in a frozen list, under a random label; the label alone is public."""

    __tablename__ = "draw_candidate"
    __table_args__ = (sa.UniqueConstraint("draw", "registration"),)

    draw: UUID = Field(primary_key=True, foreign_key="draw.id")
    label: str = Field(primary_key=True, max_length=40)
    registration: UUID = Field(foreign_key="registration.id", index=True)
    lot: int | None = None
    placed: bool | None = None
    number: int | None = None
