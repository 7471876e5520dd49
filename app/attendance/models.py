"""Tables: attendance and its versions, check-in guesses, make-up hours, forecasts, progress, files."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.attendance.presence import Channel, Presence
from app.core.database import moment, new_id, one_of
from app.core.filetypes import FileType
from app.core.storage import Kept


class Verdict(StrEnum):
    """How a phase was judged."""

    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"


class ProductKind(StrEnum):
    """What kind of professional product it is."""

    POLICY_PLAN = "policy-plan"
    OTHER = "other"


class MakeUpKind(StrEnum):
    """How missed contact time was made up for."""

    SESSION = "session"  # a session of another edition
    ASSIGNMENT = "assignment"


def _attended() -> tuple[sa.CheckConstraint, ...]:
    """What holds for whatever is recorded of one participant at one session."""
    return (
        sa.CheckConstraint("minutes >= 0", name="minutes"),
        sa.CheckConstraint("minutes = 0 OR presence = 'present'", name="present"),
        sa.CheckConstraint("late_minutes >= 0 AND early_minutes >= 0", name="missed"),
        sa.CheckConstraint("(late_minutes IS NULL) = (early_minutes IS NULL)", name="both_missed"),
        sa.CheckConstraint("(presence = 'present') = (channel IS NOT NULL)", name="somehow"),
    )


class Attendance(SQLModel, table=True):
    """What a participant attended of a session, as it stands; `AttendanceVersion` has what stood before."""

    __table_args__ = _attended()

    session: UUID = Field(primary_key=True, foreign_key="session.id")
    registration: UUID = Field(primary_key=True, foreign_key="registration.id", index=True)
    presence: Presence = Field(sa_type=one_of(Presence, "presence"))
    minutes: int
    late_minutes: int | None = None
    early_minutes: int | None = None
    channel: Channel | None = Field(default=None, sa_type=one_of(Channel, "channel"))
    version: int
    recorded_by: str = Field(max_length=100)
    recorded_at: datetime = moment()


class AttendanceVersion(SQLModel, table=True):
    """Each state that a row of attendance has had, the present one too.

    Beside the events, which are never deleted, so that reasons, in which people write about people, can be
    erased with the participant, and are guarded by the same rules as the participant's other rows.
    """

    __tablename__ = "attendance_version"
    __table_args__ = _attended()

    session: UUID = Field(primary_key=True, foreign_key="session.id")
    registration: UUID = Field(primary_key=True, foreign_key="registration.id", index=True)
    version: int = Field(primary_key=True)
    presence: Presence = Field(sa_type=one_of(Presence, "presence"))
    minutes: int
    late_minutes: int | None = None
    early_minutes: int | None = None
    channel: Channel | None = Field(default=None, sa_type=one_of(Channel, "channel"))
    recorded_by: str = Field(max_length=100)
    recorded_at: datetime = moment()
    reason: str | None = Field(default=None, max_length=4000)


class CheckInGuess(SQLModel, table=True):
    """How many wrong codes a participant sent for a session since a moment."""

    __tablename__ = "check_in_guess"

    session: UUID = Field(primary_key=True, foreign_key="session.id")
    registration: UUID = Field(primary_key=True, foreign_key="registration.id", index=True)
    wrong: int
    since: datetime = moment()


class MakeUp(SQLModel, table=True):
    """Contact time that was made up for elsewhere, and who approved it."""

    __tablename__ = "make_up"
    __table_args__ = (
        sa.CheckConstraint("minutes > 0", name="minutes"),
        sa.CheckConstraint("session IS NULL OR kind = 'session'", name="session"),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
        sa.Index(
            "uq_make_up_registration_session",
            "registration",
            "session",
            unique=True,
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    registration: UUID = Field(foreign_key="registration.id", index=True)
    kind: MakeUpKind = Field(sa_type=one_of(MakeUpKind, "kind"))
    session: UUID | None = Field(default=None, foreign_key="session.id", index=True)
    title: str = Field(max_length=200)
    done_on: date
    minutes: int
    reason: str = Field(max_length=4000)
    approved_by: str = Field(max_length=100)
    approved_at: datetime = moment()
    revoked_by: str | None = Field(default=None, max_length=100)
    revoked_at: datetime | None = moment(nullable=True)
    revoke_reason: str | None = Field(default=None, max_length=4000)


class OutOfReach(SQLModel, table=True):
    """A participant who cannot get to the contact time that is asked any more; gone when they can again."""

    __tablename__ = "out_of_reach"

    registration: UUID = Field(primary_key=True, foreign_key="registration.id")
    became_certain_at: datetime = moment()


class ForecastRound(SQLModel, table=True):
    """Until when the passing of time has been judged for the participants of an edition."""

    __tablename__ = "forecast_round"

    edition: str = Field(primary_key=True, foreign_key="edition.slug", max_length=63)
    judged_until: datetime = moment()


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
