"""Registration imports."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "registration_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation", sa.String(length=63), nullable=False),
        sa.Column("asked_by", sa.String(length=100), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "partner",
                "provider",
                "certifier",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "mode",
            sa.Enum("partial", "all", name="mode", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column(
            "format",
            sa.Enum("csv", "json-lines", name="format", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("encoding", sa.String(length=20), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("edition", sa.String(length=63), nullable=True),
        sa.Column("partner", sa.String(length=63), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["edition"], ["edition.slug"], name=op.f("fk_registration_import_edition")),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisation.slug"], name=op.f("fk_registration_import_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["partner"], ["organisation.slug"], name=op.f("fk_registration_import_partner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_import")),
    )
    op.create_index(
        "ix_registration_import_kept",
        "registration_import",
        ["asked_at"],
        unique=False,
        postgresql_where=sa.text("forgotten_at IS NULL"),
    )
    op.create_index(
        op.f("ix_registration_import_organisation"), "registration_import", ["organisation"], unique=False
    )
    op.create_index(
        "ix_registration_import_unfinished",
        "registration_import",
        ["id"],
        unique=False,
        postgresql_where=sa.text("completed_at IS NULL"),
    )
    op.create_table(
        "registration_import_row",
        sa.Column("part_of", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "waiting",
                "accepted",
                "registered",
                "present",
                "refused",
                "skipped",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("registration", sa.Uuid(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("person", sa.LargeBinary(length=32), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("faults", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["part_of"], ["registration_import.id"], name=op.f("fk_registration_import_row_part_of")
        ),
        sa.ForeignKeyConstraint(
            ["registration"], ["registration.id"], name=op.f("fk_registration_import_row_registration")
        ),
        sa.PrimaryKeyConstraint("part_of", "number", name=op.f("pk_registration_import_row")),
    )
    op.create_index(
        op.f("ix_registration_import_row_digest"),
        "registration_import_row",
        ["digest"],
        unique=False,
        postgresql_where=sa.text("registration IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_registration_import_row_part_of_person"),
        "registration_import_row",
        ["part_of", "person"],
        unique=False,
    )
    op.create_index(
        op.f("ix_registration_import_row_part_of_verdict_number"),
        "registration_import_row",
        ["part_of", "verdict", "number"],
        unique=False,
    )
    op.create_index(
        op.f("ix_registration_import_row_registration"),
        "registration_import_row",
        ["registration"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_registration_import_row_registration"), table_name="registration_import_row")
    op.drop_index(
        op.f("ix_registration_import_row_part_of_verdict_number"), table_name="registration_import_row"
    )
    op.drop_index(op.f("ix_registration_import_row_part_of_person"), table_name="registration_import_row")
    op.drop_index(
        op.f("ix_registration_import_row_digest"),
        table_name="registration_import_row",
        postgresql_where=sa.text("registration IS NOT NULL"),
    )
    op.drop_table("registration_import_row")
    op.drop_index(
        "ix_registration_import_unfinished",
        table_name="registration_import",
        postgresql_where=sa.text("completed_at IS NULL"),
    )
    op.drop_index(op.f("ix_registration_import_organisation"), table_name="registration_import")
    op.drop_index(
        "ix_registration_import_kept",
        table_name="registration_import",
        postgresql_where=sa.text("forgotten_at IS NULL"),
    )
    op.drop_table("registration_import")
