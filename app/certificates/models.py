"""Tables: certificate, its counter, reviews and batches, and the register: entry, salt, forgotten, head."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.certificates.chain import EntryKind
from app.core.database import moment, new_id, one_of


class CertificateStatus(StrEnum):
    """Whether a certificate counts."""

    VALID = "valid"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


class Certificate(SQLModel, table=True):
    """A certificate as it was issued: a snapshot, which later corrections do not change."""

    __table_args__ = (
        sa.Index(
            "uq_certificate_registration_valid",
            "registration",
            unique=True,
            postgresql_where=sa.text("status = 'valid'"),
        ),
        sa.CheckConstraint("(status = 'revoked') = (revoked_at IS NOT NULL)", name="revoked"),
        sa.CheckConstraint("(status = 'superseded') = (superseded_at IS NOT NULL)", name="superseded"),
        sa.UniqueConstraint("status_list", "status_index"),
        sa.CheckConstraint(
            "(credential IS NULL) = (status_list IS NULL) OR forgotten_at IS NOT NULL", name="credential"
        ),
        sa.CheckConstraint("forgotten_at IS NULL OR credential IS NULL", name="forgotten"),
    )

    number: str = Field(primary_key=True, max_length=30)
    code: str = Field(unique=True, max_length=40)
    # What the public check looks for: how long that takes tells nothing of the codes that there are.
    code_digest: bytes = Field(unique=True, sa_type=sa.LargeBinary(32))
    registration: UUID = Field(foreign_key="registration.id", index=True)
    status: CertificateStatus = Field(sa_type=one_of(CertificateStatus, "status"))
    issued_at: datetime = moment()
    issued_on: date = Field(description="in the edition's time zone")
    issuer: str = Field(max_length=200)
    holder_name: str = Field(max_length=302)
    training_title: str = Field(max_length=200)
    edition_title: str = Field(max_length=200)
    contact_minutes: int
    study_load_hours: int
    product_title: str = Field(max_length=200)
    sessions: list[dict[str, Any]] = Field(sa_type=JSONB)
    phases: list[dict[str, Any]] = Field(sa_type=JSONB)
    revoked_at: datetime | None = moment(nullable=True)
    revoke_reason: str | None = Field(default=None, max_length=4000)
    supersedes: str | None = Field(default=None, foreign_key="certificate.number", unique=True, max_length=30)
    superseded_at: datetime | None = moment(nullable=True)
    # As they were signed; what was issued before there were credentials has none.
    credential: str | None = Field(default=None, sa_type=sa.Text)
    credential_jwt: str | None = Field(default=None, sa_type=sa.Text)
    status_list: int | None = Field(default=None, foreign_key="status_list.id")
    status_index: int | None = None
    # What tells the holder's copies from others when these are no longer kept (app/certificates/checks.py).
    credential_digest: bytes | None = Field(default=None, sa_type=sa.LargeBinary(32))
    credential_jwt_digest: bytes | None = Field(default=None, sa_type=sa.LargeBinary(32))
    # Since when its holder is erased, and no more is kept than what the public check shows, or not even that.
    forgotten_at: datetime | None = moment(nullable=True)


class CertificateCounter(SQLModel, table=True):
    """The last number given in a year; taken and given in one transaction, so that none is missing."""

    __tablename__ = "certificate_counter"

    prefix: str = Field(primary_key=True, max_length=10)
    year: int = Field(primary_key=True)
    last: int


class ReviewVerdict(StrEnum):
    """How a review ended."""

    UPHELD = "upheld"  # the certifier let the certificate stand
    RESTORED = "restored"  # a further correction put everything right again
    ENDED = "ended"  # the certificate was revoked or issued anew


class CertificateReview(SQLModel, table=True):
    """What a certificate rests on was corrected after it was issued; at most one review of it is open."""

    __tablename__ = "certificate_review"
    __table_args__ = (
        sa.Index(
            "uq_certificate_review_open",
            "certificate",
            unique=True,
            postgresql_where=sa.text("decided_at IS NULL"),
        ),
        sa.CheckConstraint("(decided_at IS NULL) = (verdict IS NULL)", name="decided"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    certificate: str = Field(foreign_key="certificate.number", index=True, max_length=30)
    opened_at: datetime = moment()
    found: dict[str, Any] = Field(sa_type=JSONB, description="what is otherwise now")
    verdict: ReviewVerdict | None = Field(
        default=None, sa_type=one_of(ReviewVerdict, "verdict"), nullable=True
    )
    reason: str | None = Field(default=None, max_length=4000)
    decided_by: str | None = Field(default=None, max_length=100)
    decided_at: datetime | None = moment(nullable=True)


class ItemState(StrEnum):
    """How somebody in a batch stands."""

    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not-eligible"
    ISSUED = "issued"
    REFUSED = "refused"


class CertificateBatch(SQLModel, table=True):
    """Certificates for a whole edition: who was eligible when it was asked for, and for whom it is done."""

    __tablename__ = "certificate_batch"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    edition: str = Field(foreign_key="edition.slug", index=True, max_length=63)
    dry_run: bool
    organisation: str = Field(foreign_key="organisation.slug", max_length=63, description="the issuer")
    asked_by: str = Field(max_length=100)
    asked_at: datetime = moment()


class CertificateBatchItem(SQLModel, table=True):
    """One participant of a batch; the certificate is issued in the transaction that says so here."""

    __tablename__ = "certificate_batch_item"
    __table_args__ = (
        sa.Index("ix_certificate_batch_item_open", "batch", postgresql_where=sa.text("state = 'eligible'")),
    )

    batch: UUID = Field(primary_key=True, foreign_key="certificate_batch.id")
    registration: UUID = Field(primary_key=True, foreign_key="registration.id", index=True)
    state: ItemState = Field(sa_type=one_of(ItemState, "state"))
    certificate: str | None = Field(default=None, foreign_key="certificate.number", max_length=30)
    explanation: str | None = Field(default=None, max_length=4000)


class RegisterEntry(SQLModel, table=True):
    """An entry of the register's hash chain; nothing in it is personal (app/certificates/chain.py)."""

    __tablename__ = "register_entry"
    __table_args__ = (sa.CheckConstraint("number > 0", name="number"),)

    number: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})
    kind: EntryKind = Field(sa_type=one_of(EntryKind, "kind"))
    commitment: bytes = Field(sa_type=sa.LargeBinary(32))
    previous: bytes = Field(sa_type=sa.LargeBinary(32), unique=True)
    hash: bytes = Field(sa_type=sa.LargeBinary(32), unique=True)
    at: datetime = moment()


class RegisterSalt(SQLModel, table=True):
    """What opens an entry: the certificate it is about, and the salt; none may be missing but forgotten."""

    __tablename__ = "register_salt"

    entry: int = Field(primary_key=True, foreign_key="register_entry.number", sa_type=sa.BigInteger)
    certificate: str = Field(foreign_key="certificate.number", index=True, max_length=30)
    salt: bytes = Field(sa_type=sa.LargeBinary(32))


class RegisterForgotten(SQLModel, table=True):
    """An entry whose salt was forgotten, and the later entry that says so."""

    __tablename__ = "register_forgotten"

    entry: int = Field(primary_key=True, foreign_key="register_entry.number", sa_type=sa.BigInteger)
    said_by: int = Field(foreign_key="register_entry.number", index=True, sa_type=sa.BigInteger)


class RegisterHead(SQLModel, table=True):
    """How the chain stood at the end of a day, signed; published, so that no entry can be changed unseen."""

    __tablename__ = "register_head"

    on: date = Field(primary_key=True)
    size: int = Field(sa_type=sa.BigInteger)
    hash: bytes = Field(sa_type=sa.LargeBinary(32))
    at: datetime = moment()
    token: str = Field(sa_type=sa.Text, description="the same as a JWS, signed by the register's key")
