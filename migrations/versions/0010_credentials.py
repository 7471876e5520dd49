"""Credentials."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "signing_key",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("public", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_signing_key")),
    )
    op.create_index(
        "uq_signing_key_current",
        "signing_key",
        [sa.literal_column("(retired_at IS NULL)")],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "status_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_status_list_used")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_list")),
    )
    op.add_column("certificate", sa.Column("supersedes", sa.String(length=30), nullable=True))
    op.add_column("certificate", sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("certificate", sa.Column("credential", sa.Text(), nullable=True))
    op.add_column("certificate", sa.Column("credential_jwt", sa.Text(), nullable=True))
    op.add_column("certificate", sa.Column("status_list", sa.Integer(), nullable=True))
    op.add_column("certificate", sa.Column("status_index", sa.Integer(), nullable=True))
    op.drop_constraint(op.f("ck_certificate_status"), "certificate", type_="check")
    op.create_check_constraint(
        op.f("ck_certificate_status"), "certificate", "status IN ('valid', 'revoked', 'superseded')"
    )
    op.create_check_constraint(
        op.f("ck_certificate_superseded"),
        "certificate",
        "(status = 'superseded') = (superseded_at IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_certificate_credential"), "certificate", "(credential IS NULL) = (status_list IS NULL)"
    )
    op.create_unique_constraint(
        op.f("uq_certificate_status_list_status_index"), "certificate", ["status_list", "status_index"]
    )
    op.create_unique_constraint(op.f("uq_certificate_supersedes"), "certificate", ["supersedes"])
    op.create_foreign_key(
        op.f("fk_certificate_supersedes"), "certificate", "certificate", ["supersedes"], ["number"]
    )
    op.create_foreign_key(
        op.f("fk_certificate_status_list"), "certificate", "status_list", ["status_list"], ["id"]
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_certificate_credential"), "certificate", type_="check")
    op.drop_constraint(op.f("ck_certificate_superseded"), "certificate", type_="check")
    op.drop_constraint(op.f("ck_certificate_status"), "certificate", type_="check")
    # Before, a replaced certificate could only be a revoked one.
    op.execute(
        "UPDATE certificate SET status = 'revoked', revoked_at = superseded_at, "
        "revoke_reason = 'superseded' WHERE status = 'superseded'"
    )
    op.create_check_constraint(op.f("ck_certificate_status"), "certificate", "status IN ('valid', 'revoked')")
    op.drop_constraint(op.f("fk_certificate_status_list"), "certificate", type_="foreignkey")
    op.drop_constraint(op.f("fk_certificate_supersedes"), "certificate", type_="foreignkey")
    op.drop_constraint(op.f("uq_certificate_supersedes"), "certificate", type_="unique")
    op.drop_constraint(op.f("uq_certificate_status_list_status_index"), "certificate", type_="unique")
    op.drop_column("certificate", "status_index")
    op.drop_column("certificate", "status_list")
    op.drop_column("certificate", "credential_jwt")
    op.drop_column("certificate", "credential")
    op.drop_column("certificate", "superseded_at")
    op.drop_column("certificate", "supersedes")
    op.drop_table("status_list")
    op.drop_index(
        "uq_signing_key_current", table_name="signing_key", postgresql_where=sa.text("retired_at IS NULL")
    )
    op.drop_table("signing_key")
