"""Tables: signing_key, status_list."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.core.database import moment


class SigningKey(SQLModel, table=True):
    """An Ed25519 key of the register; the private half is sealed. Retired keys stay published."""

    __tablename__ = "signing_key"
    __table_args__ = (
        # One key signs at a time.
        sa.Index(
            "uq_signing_key_current",
            sa.text("(retired_at IS NULL)"),
            unique=True,
            postgresql_where=sa.text("retired_at IS NULL"),
        ),
    )

    name: str = Field(primary_key=True, max_length=60, description="the public key as a Multikey")
    public: bytes = Field(sa_type=sa.LargeBinary(32))
    sealed: bytes = Field(sa_type=sa.LargeBinary)
    made_at: datetime = moment()
    retired_at: datetime | None = moment(nullable=True)


class StatusList(SQLModel, table=True):
    """A list of bits, one a certificate, as it was last signed (Bitstring Status List 1.0)."""

    __tablename__ = "status_list"
    __table_args__ = (sa.CheckConstraint("used >= 0", name="used"),)

    id: int | None = Field(default=None, primary_key=True)
    used: int = Field(default=0, description="bits that were given out")
    credential: str = Field(sa_type=sa.Text)
    signed_at: datetime = moment()
