"""Tables: applicant, registration, enrolment_form."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import moment, new_id, one_of
from app.registrations.lifecycle import REOPENED, Status

_REOPENED = ", ".join(f"'{status}'" for status in sorted(REOPENED))


class Applicant(SQLModel, table=True):
    """A person as one registration gave them; who has no given name has one name only (a mononym)."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    partner: str = Field(foreign_key="organisation.slug", index=True, max_length=63)
    given_name: str | None = Field(default=None, max_length=100)
    family_name_prefix: str | None = Field(default=None, max_length=100)
    family_name: str = Field(max_length=100)
    email: str = Field(max_length=254)
    phone: str | None = Field(default=None, max_length=30)

    @property
    def full_name(self) -> str:
        """The name as one writes it: given name, prefix, family name."""
        return " ".join(filter(None, (self.given_name, self.family_name_prefix, self.family_name)))


class Registration(SQLModel, table=True):
    """One applicant for one edition, through one partner."""

    __table_args__ = (
        # One person is in an edition once, whichever partner posts it; who left may come back.
        sa.Index(
            "uq_registration_edition_email_key",
            "edition",
            "email_key",
            unique=True,
            postgresql_where=sa.text(f"status NOT IN ({_REOPENED})"),
        ),
        sa.UniqueConstraint("edition", "waiting_number"),
        sa.Index(None, "edition", "status"),
        sa.Index(None, "partner", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    edition: str = Field(foreign_key="edition.slug", max_length=63)
    partner: str = Field(foreign_key="organisation.slug", max_length=63)
    applicant: UUID = Field(foreign_key="applicant.id", unique=True)
    # Case folding makes one character into up to three.
    email_key: str = Field(max_length=3 * 254)
    school_name: str = Field(max_length=200)
    school_city: str = Field(max_length=100)
    position: str | None = Field(default=None, max_length=200)
    motivation: str | None = Field(default=None, max_length=4000)
    status: Status = Field(sa_type=one_of(Status, "status"))
    received_at: datetime = moment()
    answer_by: datetime | None = moment(nullable=True)
    waiting_number: int | None = None


class EnrolmentForm(SQLModel, table=True):
    """The form that completes a registration; reached by a link of which the digest is kept."""

    __tablename__ = "enrolment_form"

    registration: UUID = Field(primary_key=True, foreign_key="registration.id")
    token_digest: bytes = Field(unique=True, sa_type=sa.LargeBinary(32))
    submitted_at: datetime | None = moment(nullable=True)
    answers: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
