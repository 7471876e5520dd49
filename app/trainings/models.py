"""Tables: training, phase, edition, edition_provider, quota, session, session_edition."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.core.database import moment, new_id, one_of
from app.trainings.terms import CarryMode, UnfilledMinimum


class Mode(StrEnum):
    """How a session is attended."""

    PHYSICAL = "physical"
    ONLINE = "online"
    HYBRID = "hybrid"


class EvidenceKind(StrEnum):
    """What a participant shows at the end of a phase."""

    LEARNING_QUESTION = "learning-question"
    RESEARCH = "research"
    PRODUCT = "product"
    NEXT_STEPS = "next-steps"  # insights, and what one will do


class Training(SQLModel, table=True):
    """What is taught, and what its certificate asks."""

    __table_args__ = (sa.CheckConstraint("minimum_contact_minutes >= 0", name="minimum"),)

    slug: str = Field(primary_key=True, max_length=63)
    title: str = Field(max_length=200)
    summary: str = Field(max_length=4000)
    study_load_hours: int
    minimum_contact_minutes: int
    price_cents: int
    certificate_prefix: str = Field(max_length=10, description="what certificate numbers begin with")


class Phase(SQLModel, table=True):
    """A part of a training that a participant passes."""

    __table_args__ = (sa.UniqueConstraint("training", "number"),)

    slug: str = Field(primary_key=True, max_length=63)
    training: str = Field(foreign_key="training.slug", max_length=63)
    number: int
    title: str = Field(max_length=200)
    summary: str = Field(max_length=4000)
    yields_product: bool = Field(description="whether the professional product is made in this phase")
    asks: str | None = Field(default=None, max_length=4000, description="what evidence it asks, for people")
    evidence_kind: EvidenceKind | None = Field(
        default=None, sa_type=one_of(EvidenceKind, "evidence_kind"), nullable=True
    )


class Edition(SQLModel, table=True):
    """One run of a training in one region.

    `seats_taken` and `waiting` follow the registrations; the database refuses more seats than there are.
    """

    __table_args__ = (
        sa.CheckConstraint("closes_at > opens_at", name="window"),
        sa.CheckConstraint("capacity >= 0", name="capacity"),
        sa.CheckConstraint("seats_taken BETWEEN 0 AND capacity", name="seats_taken"),
        sa.CheckConstraint("waiting >= 0", name="waiting"),
        sa.CheckConstraint("answer_days > 0", name="answer_days"),
        sa.CheckConstraint("(carry_over_mode = 'weight') = (carry_over_weight IS NOT NULL)", name="weight"),
        sa.CheckConstraint("carry_over_weight BETWEEN 2 AND 100", name="carry_over_weight"),
    )

    slug: str = Field(primary_key=True, max_length=63)
    training: str = Field(foreign_key="training.slug", index=True, max_length=63)
    title: str = Field(max_length=200)
    region: str = Field(max_length=100)
    time_zone: str = Field(max_length=60)
    opens_at: datetime = moment()
    closes_at: datetime = moment()
    forms_due_at: datetime | None = moment(nullable=True)
    answer_days: int | None = None
    capacity: int
    seats_taken: int = 0
    waiting: int = 0
    frozen: bool = False
    unfilled_minimum: UnfilledMinimum = Field(
        default=UnfilledMinimum.RELEASED,
        sa_type=one_of(UnfilledMinimum, "unfilled_minimum"),
        sa_column_kwargs={"server_default": UnfilledMinimum.RELEASED.value},
    )
    carry_over_mode: CarryMode = Field(
        default=CarryMode.NONE,
        sa_type=one_of(CarryMode, "carry_over_mode"),
        sa_column_kwargs={"server_default": CarryMode.NONE.value},
    )
    carry_over_weight: int | None = None


class EditionProvider(SQLModel, table=True):
    """An organisation that gives an edition."""

    __tablename__ = "edition_provider"

    edition: str = Field(primary_key=True, foreign_key="edition.slug", max_length=63)
    organisation: str = Field(primary_key=True, foreign_key="organisation.slug", index=True, max_length=63)


class Quota(SQLModel, table=True):
    """How many seats of an edition a partner gets at least and at most."""

    __table_args__ = (sa.CheckConstraint("0 <= minimum AND minimum <= maximum", name="range"),)

    edition: str = Field(primary_key=True, foreign_key="edition.slug", max_length=63)
    organisation: str = Field(primary_key=True, foreign_key="organisation.slug", index=True, max_length=63)
    minimum: int
    maximum: int


class Session(SQLModel, table=True):
    """A meeting of one or more editions; unscheduled while it has no times."""

    __table_args__ = (
        sa.CheckConstraint("(starts_at IS NULL) = (ends_at IS NULL)", name="both_times"),
        sa.CheckConstraint("ends_at > starts_at", name="times"),
        sa.CheckConstraint("contact_minutes >= 0", name="contact_minutes"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    title: str = Field(max_length=200)
    mode: Mode = Field(sa_type=one_of(Mode, "mode"))
    starts_at: datetime | None = moment(nullable=True)
    ends_at: datetime | None = moment(nullable=True)
    contact_minutes: int | None = Field(default=None, description="where it is not the whole duration")
    phase: str | None = Field(default=None, foreign_key="phase.slug", index=True, max_length=63)
    place: str | None = Field(default=None, max_length=200)
    city: str | None = Field(default=None, max_length=100)
    address: str | None = Field(default=None, max_length=200)
    cancelled_at: datetime | None = moment(nullable=True)

    @property
    def minutes(self) -> int:
        """The minutes that it can count for; none while unscheduled."""
        if self.starts_at is None or self.ends_at is None:
            return 0
        duration = int((self.ends_at - self.starts_at).total_seconds() // 60)
        return duration if self.contact_minutes is None else min(self.contact_minutes, duration)


class SessionEdition(SQLModel, table=True):
    """A session counts for an edition; a national one counts for several."""

    __tablename__ = "session_edition"

    session: UUID = Field(primary_key=True, foreign_key="session.id")
    edition: str = Field(primary_key=True, foreign_key="edition.slug", index=True, max_length=63)
