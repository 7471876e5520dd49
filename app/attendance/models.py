"""Tables: attendance, progress, product."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.core.database import moment, one_of


class Presence(StrEnum):
    """Whether a participant was at a session."""

    PRESENT = "present"
    ABSENT = "absent"
    EXCUSED = "excused"


class Verdict(StrEnum):
    """How a phase was judged."""

    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"


class ProductKind(StrEnum):
    """What kind of professional product it is."""

    POLICY_PLAN = "policy-plan"
    OTHER = "other"


class Attendance(SQLModel, table=True):
    """The minutes that a participant spent at a session; its history stands in the events."""

    __table_args__ = (
        sa.CheckConstraint("minutes >= 0", name="minutes"),
        sa.CheckConstraint("minutes = 0 OR presence = 'present'", name="present"),
    )

    session: UUID = Field(primary_key=True, foreign_key="session.id")
    registration: UUID = Field(primary_key=True, foreign_key="registration.id", index=True)
    presence: Presence = Field(sa_type=one_of(Presence, "presence"))
    minutes: int
    recorded_by: str = Field(max_length=100)
    recorded_at: datetime = moment()


class Progress(SQLModel, table=True):
    """The verdict on one phase of one participant, with its evidence and feedback."""

    registration: UUID = Field(primary_key=True, foreign_key="registration.id")
    phase: str = Field(primary_key=True, foreign_key="phase.slug", index=True, max_length=63)
    verdict: Verdict = Field(sa_type=one_of(Verdict, "verdict"))
    evidence: str | None = Field(default=None, max_length=4000)
    feedback: str | None = Field(default=None, max_length=4000)
    recorded_by: str = Field(max_length=100)
    recorded_at: datetime = moment()


class Product(SQLModel, table=True):
    """The policy plan or other professional product of a participant."""

    registration: UUID = Field(primary_key=True, foreign_key="registration.id")
    title: str = Field(max_length=200)
    kind: ProductKind = Field(sa_type=one_of(ProductKind, "kind"))
    approved: bool
