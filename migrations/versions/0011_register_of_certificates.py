"""Register of certificates."""

import hashlib
import hmac
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SAID = (
    *("number", "code", "issuer", "holder_name", "training_title", "edition_title", "contact_minutes"),
    *("study_load_hours", "product_title", "sessions", "phases", "supersedes"),
)
ENTRY = """
INSERT INTO register_entry (number, kind, commitment, previous, hash, at)
VALUES (:number, :kind, :commitment, :previous, :hash, :at)
"""
SALT = "INSERT INTO register_salt (entry, certificate, salt) VALUES (:entry, :certificate, :salt)"


def upgrade() -> None:
    op.create_table(
        "register_entry",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "issued",
                "revoked",
                "superseded",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("commitment", sa.LargeBinary(length=32), nullable=False),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_register_entry_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_register_entry")),
        sa.UniqueConstraint("hash", name=op.f("uq_register_entry_hash")),
        sa.UniqueConstraint("previous", name=op.f("uq_register_entry_previous")),
    )
    op.create_table(
        "register_head",
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("on", name=op.f("pk_register_head")),
    )
    op.create_table(
        "register_salt",
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("certificate", sa.String(length=30), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate"], ["certificate.number"], name=op.f("fk_register_salt_certificate")
        ),
        sa.ForeignKeyConstraint(["entry"], ["register_entry.number"], name=op.f("fk_register_salt_entry")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_register_salt")),
    )
    op.create_index(op.f("ix_register_salt_certificate"), "register_salt", ["certificate"], unique=False)
    _enter_what_is_there()


def _enter_what_is_there() -> None:
    """Enter the certificates that were issued before there was a chain; as app/certificates/chain.py does."""
    rows = op.get_bind().execute(sa.text("SELECT * FROM certificate ORDER BY number")).mappings().all()
    at, number, previous = datetime.now(UTC), 0, bytes(32)
    for row in rows:
        said = {name: row[name] for name in SAID}
        issued = {**said, "issued_on": row["issued_on"].isoformat(), "kind": "issued"}
        every = [{**issued, "credential": hashlib.sha256((row["credential"] or "").encode()).hexdigest()}]
        if row["revoked_at"]:
            every.append({"number": row["number"], "kind": "revoked", "at": _utc(row["revoked_at"])})
        for facts in every:
            number, salt = number + 1, os.urandom(32)
            entry = {
                "at": _utc(at),
                "commitment": hmac.digest(salt, _canonical(facts), "sha256").hex(),
                "kind": facts["kind"],
                "number": number,
                "previous": previous.hex(),
            }
            hashed = hashlib.sha256(_canonical(entry)).digest()
            commitment = bytes.fromhex(entry["commitment"])
            values = {**entry, "at": at, "commitment": commitment, "previous": previous, "hash": hashed}
            op.get_bind().execute(sa.text(ENTRY), values)
            salted = {"entry": number, "certificate": row["number"], "salt": salt}
            op.get_bind().execute(sa.text(SALT), salted)
            previous = hashed


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def downgrade() -> None:
    op.drop_index(op.f("ix_register_salt_certificate"), table_name="register_salt")
    op.drop_table("register_salt")
    op.drop_table("register_head")
    op.drop_table("register_entry")
