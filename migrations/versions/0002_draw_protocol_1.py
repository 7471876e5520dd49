"""Draw protocol 1."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "duplicate_decision",
        sa.Column("first", sa.Uuid(), nullable=False),
        sa.Column("second", sa.Uuid(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "different-people",
                "same-person",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=4000), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("first < second", name=op.f("ck_duplicate_decision_ordered")),
        sa.ForeignKeyConstraint(["first"], ["registration.id"], name=op.f("fk_duplicate_decision_first")),
        sa.ForeignKeyConstraint(["second"], ["registration.id"], name=op.f("fk_duplicate_decision_second")),
        sa.PrimaryKeyConstraint("first", "second", name=op.f("pk_duplicate_decision")),
    )
    op.create_index(op.f("ix_duplicate_decision_second"), "duplicate_decision", ["second"], unique=False)
    op.create_table(
        "seat_offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.String(length=63), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("waiting_number", sa.Integer(), nullable=False),
        sa.Column(
            "rule",
            sa.Enum(
                "first-in-line",
                "under-minimum",
                name="rule",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["edition.slug"], name=op.f("fk_seat_offer_edition")),
        sa.ForeignKeyConstraint(
            ["registration"], ["registration.id"], name=op.f("fk_seat_offer_registration")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_offer")),
    )
    op.create_index(
        op.f("ix_seat_offer_edition_offered_at"), "seat_offer", ["edition", "offered_at"], unique=False
    )
    op.create_index(op.f("ix_seat_offer_registration"), "seat_offer", ["registration"], unique=False)
    # Draws by the first method cannot be told as draws of this protocol, and were never published.
    op.drop_table("draw_candidate")
    op.drop_table("draw")
    op.execute("UPDATE edition SET frozen = false")
    op.create_table(
        "draw",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.String(length=63), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "announced",
                "run",
                "completed",
                "void",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("draw_needed", sa.Boolean(), nullable=False),
        sa.Column("frozen_list", sa.Text(), nullable=False),
        sa.Column("list_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("groups", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("shortages", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("beacon", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("drawable_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.String(length=4000), nullable=True),
        sa.CheckConstraint("(outcome IS NULL) = (run_at IS NULL)", name=op.f("ck_draw_outcome")),
        sa.ForeignKeyConstraint(["edition"], ["edition.slug"], name=op.f("fk_draw_edition")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw")),
    )
    op.create_index(op.f("ix_draw_edition"), "draw", ["edition"], unique=False)
    op.create_index(
        "uq_draw_edition_pending",
        "draw",
        ["edition"],
        unique=True,
        postgresql_where=sa.text("status IN ('announced', 'run')"),
    )
    op.create_table(
        "draw_candidate",
        sa.Column("draw", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("lot", sa.Integer(), nullable=True),
        sa.Column("placed", sa.Boolean(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["draw"], ["draw.id"], name=op.f("fk_draw_candidate_draw")),
        sa.ForeignKeyConstraint(
            ["registration"], ["registration.id"], name=op.f("fk_draw_candidate_registration")
        ),
        sa.PrimaryKeyConstraint("draw", "label", name=op.f("pk_draw_candidate")),
        sa.UniqueConstraint("draw", "registration", name=op.f("uq_draw_candidate_draw_registration")),
    )
    op.create_index(op.f("ix_draw_candidate_registration"), "draw_candidate", ["registration"], unique=False)
    op.add_column(
        "edition",
        sa.Column(
            "unfilled_minimum",
            sa.Enum(
                "released",
                "held",
                name="unfilled_minimum",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="released",
            nullable=False,
        ),
    )
    op.add_column(
        "edition",
        sa.Column(
            "carry_over_mode",
            sa.Enum(
                "none",
                "priority",
                "weight",
                name="carry_over_mode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="none",
            nullable=False,
        ),
    )
    op.add_column("edition", sa.Column("carry_over_weight", sa.Integer(), nullable=True))
    op.create_check_constraint(
        op.f("ck_edition_weight"),
        "edition",
        "(carry_over_mode = 'weight') = (carry_over_weight IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_edition_carry_over_weight"), "edition", "carry_over_weight BETWEEN 2 AND 100"
    )
    op.add_column("registration", sa.Column("carried_over_from", sa.Uuid(), nullable=True))
    op.create_unique_constraint(
        op.f("uq_registration_carried_over_from"), "registration", ["carried_over_from"]
    )
    op.create_foreign_key(
        op.f("fk_registration_carried_over_from"),
        "registration",
        "registration",
        ["carried_over_from"],
        ["id"],
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_registration_carried_over_from"), "registration", type_="foreignkey")
    op.drop_constraint(op.f("uq_registration_carried_over_from"), "registration", type_="unique")
    op.drop_column("registration", "carried_over_from")
    op.drop_constraint(op.f("ck_edition_carry_over_weight"), "edition", type_="check")
    op.drop_constraint(op.f("ck_edition_weight"), "edition", type_="check")
    op.drop_column("edition", "carry_over_weight")
    op.drop_column("edition", "carry_over_mode")
    op.drop_column("edition", "unfilled_minimum")
    op.drop_table("draw_candidate")
    op.drop_table("draw")
    op.execute("UPDATE edition SET frozen = false")
    op.create_table(
        "draw",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.String(length=63), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "announced",
                "completed",
                "void",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("quotas", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("list_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seed", sa.LargeBinary(length=32), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.String(length=4000), nullable=True),
        sa.ForeignKeyConstraint(["edition"], ["edition.slug"], name=op.f("fk_draw_edition")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw")),
    )
    op.create_index(op.f("ix_draw_edition"), "draw", ["edition"], unique=False)
    op.create_index(
        "uq_draw_edition_announced",
        "draw",
        ["edition"],
        unique=True,
        postgresql_where=sa.text("status = 'announced'"),
    )
    op.create_table(
        "draw_candidate",
        sa.Column("draw", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("partner", sa.String(length=63), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("lot", sa.Integer(), nullable=True),
        sa.Column("seated", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["draw"], ["draw.id"], name=op.f("fk_draw_candidate_draw")),
        sa.ForeignKeyConstraint(
            ["registration"], ["registration.id"], name=op.f("fk_draw_candidate_registration")
        ),
        sa.PrimaryKeyConstraint("draw", "label", name=op.f("pk_draw_candidate")),
        sa.UniqueConstraint("draw", "registration", name=op.f("uq_draw_candidate_draw_registration")),
    )
    op.create_index(op.f("ix_draw_candidate_registration"), "draw_candidate", ["registration"], unique=False)
    op.drop_table("seat_offer")
    op.drop_table("duplicate_decision")
