"""Table: erasure, the ledger of who was erased; ids alone, so that it can outlast the database."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.core.database import moment, new_id, one_of
from app.privacy.uses import Certificates


class Erasure(SQLModel, table=True):
    """A registration whose person was erased. No foreign keys: it also tells of what is not there."""

    __table_args__ = (
        sa.UniqueConstraint("registration", "certificates"),
        sa.Index("ix_erasure_to_copy", "id", postgresql_where=sa.text("copied_at IS NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    # What was erased at once: everything that is known of one person, as far as who asked may see it.
    request: UUID = Field(index=True)
    registration: UUID
    applicant: UUID
    certificates: Certificates = Field(sa_type=one_of(Certificates, "certificates"))
    actor: str = Field(max_length=100)
    at: datetime = moment()
    # Since when it stands beside the files too, from where it is done again after a restore.
    copied_at: datetime | None = moment(nullable=True)
