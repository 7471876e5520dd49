"""Tables: applicant, registration, seat_offer, duplicate_decision, enrolment_form, wishes."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import moment, new_id, one_of
from app.core.language import Language
from app.registrations import search
from app.registrations.lifecycle import REOPENED, Status
from app.registrations.likeness import DuplicateVerdict
from app.registrations.seats import Rule

# Every three characters in a row of a text. PostgreSQL's own array index over these finds any part of a word,
# without an extension and without rights that an application has not (decision 0010).
SEARCH_GRAMS = """
CREATE FUNCTION search_grams(value text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT array_agg(DISTINCT substr(value, n, 3)) FROM generate_series(1, length(value) - 2) AS n)
"""

_REOPENED = ", ".join(f"'{status}'" for status in sorted(REOPENED))


class Applicant(SQLModel, table=True):
    """A person as one registration gave them; who has no given name has one name only (a mononym)."""

    __table_args__ = (
        sa.CheckConstraint("language IN ('nl', 'en')", name="language"),
        sa.Index("ix_applicant_search", sa.text("search_grams(search_text)"), postgresql_using="gin"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    partner: str = Field(foreign_key="organisation.slug", index=True, max_length=63)
    given_name: str | None = Field(default=None, max_length=100)
    family_name_prefix: str | None = Field(default=None, max_length=100)
    family_name: str = Field(max_length=100)
    email: str = Field(max_length=254)
    phone: str | None = Field(default=None, max_length=30)
    language: Language = Field(default="nl", sa_type=sa.String(2), sa_column_kwargs={"server_default": "nl"})
    # What is searched, the school of the registration too. It is kept here, since an applicant seldom changes
    # and each new version of the row writes some sixty entries to the index.
    search_text: str = Field(default="", sa_type=sa.Text)
    # Since when nothing is known of the person any more: erased on request, or for its age.
    erased_at: datetime | None = moment(nullable=True)

    @property
    def full_name(self) -> str:
        """The name as one writes it: given name, prefix, family name."""
        return " ".join(filter(None, (self.given_name, self.family_name_prefix, self.family_name)))


# Tables that are made from the models, as in tests, need the function too; a migration makes its own.
@event.listens_for(SQLModel.metadata.tables["applicant"], "before_create")
def _add_function(_: sa.Table, connection: sa.Connection, **_options: Any) -> None:
    connection.execute(sa.text(SEARCH_GRAMS))


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
        sa.Index(None, "received_at", "id"),
        sa.Index(None, "partner", "received_at", "id"),
        sa.Index(None, "name_key", "id"),
        sa.Index(None, "partner", "name_key", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    edition: str = Field(foreign_key="edition.slug", max_length=63)
    partner: str = Field(foreign_key="organisation.slug", max_length=63)
    applicant: UUID = Field(foreign_key="applicant.id", unique=True)
    # Case folding makes one character into up to three.
    email_key: str = Field(max_length=3 * 254)
    # Kept by the application for lists: what is sorted by, byte by byte.
    name_key: str = Field(default="", sa_type=sa.String(200, collation="C"))
    school_name: str = Field(max_length=200)
    school_city: str = Field(max_length=100)
    position: str | None = Field(default=None, max_length=200)
    motivation: str | None = Field(default=None, max_length=4000)
    status: Status = Field(sa_type=one_of(Status, "status"))
    received_at: datetime = moment()
    answer_by: datetime | None = moment(nullable=True)
    waiting_number: int | None = None
    carried_over_from: UUID | None = Field(default=None, foreign_key="registration.id", unique=True)
    # Counts up when the participant's personal links are renewed, so that the old ones end.
    links_generation: int = Field(default=0, sa_column_kwargs={"server_default": "0"})

    def describe(self, applicant: Applicant) -> None:
        """Bring what lists search and sort by up to date with the applicant and the school."""
        names = (applicant.given_name, applicant.family_name_prefix, applicant.family_name)
        applicant.search_text = search.search_text(
            *names, applicant.email, self.school_name, self.school_city
        )
        self.name_key = search.name_key(applicant.family_name, applicant.given_name)


class SeatOffer(SQLModel, table=True):
    """A free seat that was offered to the waiting list, and by which rule: tells who was passed over."""

    __tablename__ = "seat_offer"
    __table_args__ = (sa.Index(None, "edition", "offered_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    edition: str = Field(foreign_key="edition.slug", max_length=63)
    registration: UUID = Field(foreign_key="registration.id", index=True)
    waiting_number: int
    rule: Rule = Field(sa_type=one_of(Rule, "rule"))
    offered_at: datetime = moment()


class DuplicateDecision(SQLModel, table=True):
    """What an administrator decided about two registrations that may be the same person's."""

    __tablename__ = "duplicate_decision"
    __table_args__ = (sa.CheckConstraint("first < second", name="ordered"),)

    first: UUID = Field(primary_key=True, foreign_key="registration.id")
    second: UUID = Field(primary_key=True, foreign_key="registration.id", index=True)
    verdict: DuplicateVerdict = Field(sa_type=one_of(DuplicateVerdict, "verdict"))
    reason: str = Field(max_length=4000)
    decided_by: str = Field(max_length=100)
    decided_at: datetime = moment()


class EnrolmentForm(SQLModel, table=True):
    """The form that completes a registration; reached by a link of which the digest is kept.

    `answers` are a draft until `submitted_at`. They never hold the wishes, which have a table of their own.
    """

    __tablename__ = "enrolment_form"

    registration: UUID = Field(primary_key=True, foreign_key="registration.id")
    token_digest: bytes = Field(unique=True, sa_type=sa.LargeBinary(32))
    submitted_at: datetime | None = moment(nullable=True)
    answers: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    saved_at: datetime | None = moment(nullable=True)
    consented_at: datetime | None = moment(nullable=True)
    reopened_at: datetime | None = moment(nullable=True)
    # Where it is not the edition's: a form that was reopened may have longer.
    due_at: datetime | None = moment(nullable=True)
    reminded_at: datetime | None = moment(nullable=True)
    # The moment that the last reminder of itself was for, so that each goes out once.
    reminded_for: datetime | None = moment(nullable=True)


class Wishes(SQLModel, table=True):
    """What somebody eats and needs, which may tell of faith or health: kept apart, and erased in time."""

    registration: UUID = Field(primary_key=True, foreign_key="registration.id")
    dietary: str | None = Field(default=None, max_length=1000)
    accessibility: str | None = Field(default=None, max_length=1000)
