"""Certificate reviews."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "certificate_review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("certificate", sa.String(length=30), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "upheld",
                "restored",
                "ended",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("reason", sa.String(length=4000), nullable=True),
        sa.Column("decided_by", sa.String(length=100), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (verdict IS NULL)", name=op.f("ck_certificate_review_decided")
        ),
        sa.ForeignKeyConstraint(
            ["certificate"], ["certificate.number"], name=op.f("fk_certificate_review_certificate")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_review")),
    )
    op.create_index(
        op.f("ix_certificate_review_certificate"), "certificate_review", ["certificate"], unique=False
    )
    op.create_index(
        "uq_certificate_review_open",
        "certificate_review",
        ["certificate"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_certificate_review_open",
        table_name="certificate_review",
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.drop_index(op.f("ix_certificate_review_certificate"), table_name="certificate_review")
    op.drop_table("certificate_review")
