"""Webhooks."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEEP_PENDING = """
CREATE OR REPLACE FUNCTION keep_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event_pending (event) SELECT id FROM inserted;
  IF pg_try_advisory_xact_lock(7218016, 0) THEN
    PERFORM pg_notify('cultuurcoordinator_events', '');
  END IF;
  RETURN NULL;
END
$$
"""
KEPT_PENDING = """
CREATE OR REPLACE FUNCTION keep_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event_pending (event) SELECT id FROM inserted;
  RETURN NULL;
END
$$
"""
KINDS = (
    *("registration-received", "registration-carried-over", "form-reminder", "form-reopened"),
    *("form-received",),
    *("draw-announced", "draw-voided", "seat-placed", "seat-offered", "seat-confirmed", "waitlisted"),
    *("declined", "withdrawn", "rejected", "lapsed", "session-planned", "session-changed"),
    *("session-cancelled", "out-of-reach", "within-reach"),
    *("certificate-issued", "certificate-reissued", "certificate-revoked"),
)


def _allow(kinds: Sequence[str]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute("ALTER TABLE message DROP CONSTRAINT ck_message_kind")
    op.execute(f"ALTER TABLE message ADD CONSTRAINT ck_message_kind CHECK (kind IN ({listed}))")


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation", sa.String(length=63), nullable=False),
        sa.Column("partner", sa.String(length=63), nullable=True),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=True),
        sa.Column("types", sa.ARRAY(sa.String(length=60)), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "active", "paused", "off", name="status", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resting_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(failures = 0) = (failing_since IS NULL)", name=op.f("ck_webhook_failing")),
        sa.CheckConstraint(
            "(previous_secret IS NULL) = (previous_until IS NULL)", name=op.f("ck_webhook_previous")
        ),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisation.slug"], name=op.f("fk_webhook_organisation")
        ),
        sa.ForeignKeyConstraint(["partner"], ["organisation.slug"], name=op.f("fk_webhook_partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index(op.f("ix_webhook_organisation"), "webhook", ["organisation"], unique=False)
    op.create_index(op.f("ix_webhook_partner"), "webhook", ["partner"], unique=False)
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook", sa.Uuid(), nullable=False),
        sa.Column("event", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "delivered",
                "failed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.Integer(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'pending') = (finished_at IS NULL)", name=op.f("ck_webhook_delivery_finished_at")
        ),
        sa.CheckConstraint(
            "claimed_by IS NULL OR status = 'pending'", name=op.f("ck_webhook_delivery_claimed_pending")
        ),
        sa.CheckConstraint(
            "(claimed_by IS NULL) = (claimed_until IS NULL)", name=op.f("ck_webhook_delivery_claimed")
        ),
        sa.ForeignKeyConstraint(["event"], ["event.id"], name=op.f("fk_webhook_delivery_event")),
        sa.ForeignKeyConstraint(
            ["webhook"], ["webhook.id"], name=op.f("fk_webhook_delivery_webhook"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("webhook", "event", name=op.f("uq_webhook_delivery_webhook_event")),
    )
    op.create_index(
        "ix_webhook_delivery_claimed",
        "webhook_delivery",
        ["webhook", "claimed_by"],
        unique=False,
        postgresql_where=sa.text("claimed_by IS NOT NULL"),
    )
    op.create_index(
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ["webhook", "next_attempt_at", "event"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_webhook_delivery_finished_at",
        "webhook_delivery",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_webhook_delivery_order",
        "webhook_delivery",
        ["webhook", "subject", "event"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        op.f("ix_webhook_delivery_webhook_id"), "webhook_delivery", ["webhook", "id"], unique=False
    )
    op.create_table(
        "webhook_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("request_headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("response_status", sa.Integer(), nullable=True),
        sa.Column("response_headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("response_start", sa.String(length=500), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery"],
            ["webhook_delivery.id"],
            name=op.f("fk_webhook_attempt_delivery"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
    )
    op.create_index(op.f("ix_webhook_attempt_delivery"), "webhook_attempt", ["delivery"], unique=False)
    op.add_column("message", sa.Column("organisation", sa.String(length=63), nullable=True))
    op.alter_column("message", "registration", existing_type=sa.UUID(), nullable=True)
    op.create_unique_constraint(
        op.f("uq_message_event_organisation_kind"), "message", ["event", "organisation", "kind"]
    )
    op.create_foreign_key(
        op.f("fk_message_organisation"), "message", "organisation", ["organisation"], ["slug"]
    )
    op.create_check_constraint(
        op.f("ck_message_recipient"), "message", "num_nonnulls(registration, organisation) = 1"
    )
    _allow((*KINDS, "webhook-paused"))
    op.execute(KEEP_PENDING)


def downgrade() -> None:
    op.execute(KEPT_PENDING)
    op.execute("DELETE FROM message WHERE organisation IS NOT NULL")
    _allow(KINDS)
    op.drop_constraint(op.f("ck_message_recipient"), "message", type_="check")
    op.drop_constraint(op.f("fk_message_organisation"), "message", type_="foreignkey")
    op.drop_constraint(op.f("uq_message_event_organisation_kind"), "message", type_="unique")
    op.alter_column("message", "registration", existing_type=sa.UUID(), nullable=False)
    op.drop_column("message", "organisation")
    op.drop_index(op.f("ix_webhook_attempt_delivery"), table_name="webhook_attempt")
    op.drop_table("webhook_attempt")
    op.drop_index(op.f("ix_webhook_delivery_webhook_id"), table_name="webhook_delivery")
    op.drop_index(
        "ix_webhook_delivery_order",
        table_name="webhook_delivery",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_index(
        "ix_webhook_delivery_finished_at",
        table_name="webhook_delivery",
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_webhook_delivery_due",
        table_name="webhook_delivery",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_index(
        "ix_webhook_delivery_claimed",
        table_name="webhook_delivery",
        postgresql_where=sa.text("claimed_by IS NOT NULL"),
    )
    op.drop_table("webhook_delivery")
    op.drop_index(op.f("ix_webhook_partner"), table_name="webhook")
    op.drop_index(op.f("ix_webhook_organisation"), table_name="webhook")
    op.drop_table("webhook")
