"""Tables: training, phase, edition, edition_provider, quota, session, session_edition."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import moment, new_id, one_of
from app.trainings.terms import CarryMode, EvidenceKind, Mode, SessionStatus, UnfilledMinimum


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
        sa.CheckConstraint("minimum_contact_minutes >= 0", name="minimum"),
        sa.CheckConstraint("(carry_over_mode = 'weight') = (carry_over_weight IS NOT NULL)", name="weight"),
        sa.CheckConstraint("carry_over_weight BETWEEN 2 AND 100", name="carry_over_weight"),
        sa.CheckConstraint("price_cents >= 0", name="price"),
    )

    slug: str = Field(primary_key=True, max_length=63)
    training: str = Field(foreign_key="training.slug", index=True, max_length=63)
    title: str = Field(max_length=200)
    region: str = Field(max_length=100)
    time_zone: str = Field(max_length=60)
    opens_at: datetime = moment()
    closes_at: datetime = moment()
    forms_due_at: datetime | None = moment(nullable=True)
    form_reminder_days: list[int] = Field(
        default_factory=list, sa_type=JSONB, sa_column_kwargs={"server_default": "[]"}
    )
    form_required: list[str] = Field(
        default_factory=list, sa_type=JSONB, sa_column_kwargs={"server_default": "[]"}
    )
    answer_days: int | None = None
    minimum_contact_minutes: int | None = Field(default=None, description="where it is not the training's")
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
    price_cents: int | None = Field(default=None, description="where it is not the training's")
    invoiced_by: str | None = Field(default=None, foreign_key="organisation.slug", index=True, max_length=63)
    vat: dict[str, Any] | None = Field(
        default=None,
        sa_type=JSONB(none_as_null=True),
        description="a prices.Vat, where it is not the seller's",
    )
    mails_applicants: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    retention: dict[str, int] = Field(
        default_factory=dict,
        sa_type=JSONB,
        sa_column_kwargs={"server_default": "{}"},
        description="months by what is kept, where they are not the register's (app/trainings/terms.py)",
    )


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
    travel_note: str | None = Field(default=None, max_length=4000)
    online_url: str | None = Field(
        default=None, max_length=2000, description="for who takes part, not public"
    )
    cancelled_at: datetime | None = moment(nullable=True)
    # Counts up when time, place or status change; calendars go by it (RFC 5545, section 3.8.7.4).
    sequence: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    changed_at: datetime = moment()

    @property
    def status(self) -> SessionStatus:
        """Whether it will be held, as far as is known."""
        if self.cancelled_at:
            return SessionStatus.CANCELLED
        return SessionStatus.PLANNED if self.starts_at else SessionStatus.UNSCHEDULED

    @property
    def minutes(self) -> int:
        """The minutes that it can count for; none while unscheduled."""
        if self.starts_at is None or self.ends_at is None:
            return 0
        duration = int((self.ends_at - self.starts_at).total_seconds() // 60)
        return duration if self.contact_minutes is None else min(self.contact_minutes, duration)

    @property
    def expected_minutes(self) -> int | None:
        """The minutes that it will count for; None while it is unscheduled and nobody has said."""
        return self.contact_minutes if self.starts_at is None else self.minutes


class SessionEdition(SQLModel, table=True):
    """A session counts for an edition; a national one counts for several."""

    __tablename__ = "session_edition"

    session: UUID = Field(primary_key=True, foreign_key="session.id")
    edition: str = Field(primary_key=True, foreign_key="edition.slug", index=True, max_length=63)
