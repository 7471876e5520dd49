"""Table: erasure, the ledger of who was erased; ids alone, so that it can outlast the database."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.core.database import moment, new_id, one_of


class Certificates(StrEnum):
    """What becomes of the certificates of who is erased."""

    KEEP = "keep"  # they stay, in the holder's name, and can be checked
    FORGET = "forget"  # the holder's name and credential go; nobody can check them any more


class Erasure(SQLModel, table=True):
    """A registration whose person was erased. No foreign keys: it also tells of what a restore brought back."""

    __table_args__ = (sa.UniqueConstraint("registration", "certificates"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    registration: UUID
    applicant: UUID
    partner: str = Field(max_length=63, index=True)
    certificates: Certificates = Field(sa_type=one_of(Certificates, "certificates"))
    actor: str = Field(max_length=100)
    at: datetime = moment()
    # Since when it stands beside the files too, from where it is done again after a restore.
    copied_at: datetime | None = moment(nullable=True)
