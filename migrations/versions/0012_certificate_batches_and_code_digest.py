"""Certificate batches and code digest."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "certificate_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.String(length=63), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("organisation", sa.String(length=63), nullable=False),
        sa.Column("asked_by", sa.String(length=100), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["edition.slug"], name=op.f("fk_certificate_batch_edition")),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisation.slug"], name=op.f("fk_certificate_batch_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_batch")),
    )
    op.create_index(op.f("ix_certificate_batch_edition"), "certificate_batch", ["edition"], unique=False)
    op.create_table(
        "certificate_batch_item",
        sa.Column("batch", sa.Uuid(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "eligible",
                "not-eligible",
                "issued",
                "refused",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("certificate", sa.String(length=30), nullable=True),
        sa.Column("explanation", sa.String(length=4000), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch"], ["certificate_batch.id"], name=op.f("fk_certificate_batch_item_batch")
        ),
        sa.ForeignKeyConstraint(
            ["certificate"], ["certificate.number"], name=op.f("fk_certificate_batch_item_certificate")
        ),
        sa.ForeignKeyConstraint(
            ["registration"], ["registration.id"], name=op.f("fk_certificate_batch_item_registration")
        ),
        sa.PrimaryKeyConstraint("batch", "registration", name=op.f("pk_certificate_batch_item")),
    )
    op.create_index(
        "ix_certificate_batch_item_open",
        "certificate_batch_item",
        ["batch"],
        unique=False,
        postgresql_where=sa.text("state = 'eligible'"),
    )
    op.create_index(
        op.f("ix_certificate_batch_item_registration"),
        "certificate_batch_item",
        ["registration"],
        unique=False,
    )
    op.add_column("certificate", sa.Column("code_digest", sa.LargeBinary(length=32), nullable=True))
    op.execute("UPDATE certificate SET code_digest = sha256(code::bytea)")
    op.alter_column("certificate", "code_digest", nullable=False)
    op.create_unique_constraint(op.f("uq_certificate_code_digest"), "certificate", ["code_digest"])


def downgrade() -> None:
    op.drop_constraint(op.f("uq_certificate_code_digest"), "certificate", type_="unique")
    op.drop_column("certificate", "code_digest")
    op.drop_index(op.f("ix_certificate_batch_item_registration"), table_name="certificate_batch_item")
    op.drop_index(
        "ix_certificate_batch_item_open",
        table_name="certificate_batch_item",
        postgresql_where=sa.text("state = 'eligible'"),
    )
    op.drop_table("certificate_batch_item")
    op.drop_index(op.f("ix_certificate_batch_edition"), table_name="certificate_batch")
    op.drop_table("certificate_batch")
