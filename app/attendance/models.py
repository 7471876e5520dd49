"""Tables: attendance and its versions, check-in guesses, make-up hours, forecasts, progress, product."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.attendance.presence import Channel, Presence
from app.core.database import moment, new_id, one_of


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
