"""Tables: registration_import, registration_import_row."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import moment, new_id, one_of
from app.identity.caller import Role
from app.imports.reading import ImportFormat


class ImportMode(StrEnum):
    """What becomes of the good rows when there are bad ones."""

    PARTIAL = "partial"  # they are registered
    ALL = "all"  # nothing is


class RowVerdict(StrEnum):
    """What came of one row."""

    WAITING = "waiting"  # not looked at yet
    ACCEPTED = "accepted"  # good, and not registered before every other row is good too
    REGISTERED = "registered"
    PRESENT = "present"  # registered before, through the same partner
    REFUSED = "refused"
    SKIPPED = "skipped"  # good, but another row was refused and nothing goes in then


class RegistrationImport(SQLModel, table=True):
    """A file of registrations that came in; its rows are taken in by the background work."""

    __tablename__ = "registration_import"
    __table_args__ = (
        sa.Index("ix_registration_import_unfinished", "id", postgresql_where=sa.text("completed_at IS NULL")),
        sa.Index(
            "ix_registration_import_kept",
            "asked_at",
            postgresql_where=sa.text("forgotten_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation: str = Field(foreign_key="organisation.slug", index=True, max_length=63)
    asked_by: str = Field(max_length=100)
    role: Role = Field(sa_type=one_of(Role, "role"))
    mode: ImportMode = Field(sa_type=one_of(ImportMode, "mode"))
    dry_run: bool
    format: ImportFormat = Field(sa_type=one_of(ImportFormat, "format"))
    encoding: str = Field(max_length=20)
    # What the file calls its columns, by the pointers of what stands in them.
    columns: dict[str, str] = Field(sa_type=JSONB)
    # For the rows that name none themselves.
    edition: str | None = Field(default=None, foreign_key="edition.slug", max_length=63)
    partner: str | None = Field(default=None, foreign_key="organisation.slug", max_length=63)
    asked_at: datetime = moment()
    completed_at: datetime | None = moment(nullable=True)
    # Since when the refused rows are no longer kept.
    forgotten_at: datetime | None = moment(nullable=True)


class RegistrationImportRow(SQLModel, table=True):
    """One row of a file: the verdict, and while it is needed what it says.

    `digest` and `person` are keyed hashes, which tell whether a row, or its person, was there before.
    """

    __tablename__ = "registration_import_row"
    __table_args__ = (
        sa.Index(None, "part_of", "verdict", "number"),
        sa.Index(None, "part_of", "person"),
        sa.Index(None, "digest", postgresql_where=sa.text("registration IS NOT NULL")),
    )

    part_of: UUID = Field(primary_key=True, foreign_key="registration_import.id")
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    line: int
    verdict: RowVerdict = Field(sa_type=one_of(RowVerdict, "verdict"))
    registration: UUID | None = Field(default=None, foreign_key="registration.id", index=True)
    digest: bytes | None = Field(default=None, sa_type=sa.LargeBinary(32))
    person: bytes | None = Field(default=None, sa_type=sa.LargeBinary(32))
    # JSON as text: a file may hold what jsonb does not, such as a NUL that is then refused.
    content: str | None = Field(default=None, sa_type=sa.Text)
    faults: str | None = Field(default=None, sa_type=sa.Text)
