"""Tables: attendance, progress, product, file."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.core.database import moment, new_id, one_of
from app.core.filetypes import FileType
from app.core.storage import Kept


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
    """One phase of one participant: what was handed in, and the verdict with its evidence and feedback.

    `submission` is the participant's own text, `evidence` what the provider noted with the verdict.
    """

    __table_args__ = (
        sa.CheckConstraint("(recorded_at IS NULL) = (recorded_by IS NULL)", name="recorded"),
        sa.CheckConstraint("verdict = 'open' OR recorded_at IS NOT NULL", name="judged"),
        sa.CheckConstraint("submission IS NULL OR submitted_at IS NOT NULL", name="submitted"),
    )

    registration: UUID = Field(primary_key=True, foreign_key="registration.id")
    phase: str = Field(primary_key=True, foreign_key="phase.slug", index=True, max_length=63)
    verdict: Verdict = Field(sa_type=one_of(Verdict, "verdict"))
    evidence: str | None = Field(default=None, max_length=4000)
    feedback: str | None = Field(default=None, max_length=4000)
    recorded_by: str | None = Field(default=None, max_length=100)
    recorded_at: datetime | None = moment(nullable=True)
    submission: str | None = Field(default=None, max_length=4000)
    submitted_at: datetime | None = moment(nullable=True)


class Product(SQLModel, table=True):
    """The policy plan or other professional product of a participant."""

    registration: UUID = Field(primary_key=True, foreign_key="registration.id")
    title: str = Field(max_length=200)
    kind: ProductKind = Field(sa_type=one_of(ProductKind, "kind"))
    approved: bool


class File(SQLModel, table=True):
    """A file with evidence of one phase of one participant; its content stands in storage, by its key."""

    __table_args__ = (
        sa.UniqueConstraint("registration", "phase", "sha256"),
        sa.CheckConstraint("size > 0", name="size"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    registration: UUID = Field(foreign_key="registration.id")
    phase: str = Field(foreign_key="phase.slug", index=True, max_length=63)
    name: str = Field(max_length=200)
    media_type: FileType = Field(sa_type=one_of(FileType, "media_type", length=80))
    size: int
    sha256: str = Field(max_length=64)
    storage_key: str = Field(unique=True, max_length=32)
    added_by: str = Field(max_length=100)
    added_at: datetime = moment()

    @property
    def kept(self) -> Kept:
        """The file as storage has it."""
        return Kept(self.storage_key, self.name, self.media_type, self.size, self.sha256)
