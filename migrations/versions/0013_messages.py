"""Messages."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


# What happened before is not pending: nobody is mailed about the past.
KEEP_PENDING = """
CREATE FUNCTION keep_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event_pending (event) SELECT id FROM inserted;
  RETURN NULL;
END
$$
"""
PENDING_TRIGGER = """
CREATE TRIGGER event_pending AFTER INSERT ON event REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION keep_pending()
"""


def upgrade() -> None:
    op.create_table(
        "event_pending",
        sa.Column("event", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("event", name=op.f("pk_event_pending")),
    )
    op.execute(KEEP_PENDING)
    op.execute(PENDING_TRIGGER)
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.BigInteger(), nullable=False),
        sa.Column("first_event", sa.BigInteger(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("about", sa.String(length=100), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "registration-received",
                "registration-carried-over",
                "form-reminder",
                "form-reopened",
                "form-received",
                "draw-announced",
                "draw-voided",
                "seat-placed",
                "seat-offered",
                "seat-confirmed",
                "waitlisted",
                "declined",
                "withdrawn",
                "rejected",
                "lapsed",
                "session-planned",
                "session-changed",
                "session-cancelled",
                "out-of-reach",
                "within-reach",
                "certificate-issued",
                "certificate-reissued",
                "certificate-revoked",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "sent",
                "failed",
                "expired",
                "cancelled",
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
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("message_id", sa.String(length=320), nullable=True),
        sa.CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_message_sent_at")),
        sa.CheckConstraint("language IN ('nl', 'en')", name=op.f("ck_message_language")),
        sa.ForeignKeyConstraint(["event"], ["event.id"], name=op.f("fk_message_event")),
        sa.ForeignKeyConstraint(["first_event"], ["event.id"], name=op.f("fk_message_first_event")),
        sa.ForeignKeyConstraint(["registration"], ["registration.id"], name=op.f("fk_message_registration")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("event", "registration", "kind", name=op.f("uq_message_event_registration_kind")),
    )
    op.create_index(
        "ix_message_due",
        "message",
        ["next_attempt_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(op.f("ix_message_registration_about"), "message", ["registration", "about"], unique=False)
    op.add_column(
        "applicant", sa.Column("language", sa.String(length=2), server_default="nl", nullable=False)
    )
    op.create_check_constraint(op.f("ck_applicant_language"), "applicant", "language IN ('nl', 'en')")
    op.add_column(
        "edition", sa.Column("mails_applicants", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.add_column("organisation", sa.Column("email", sa.String(length=254), nullable=True))


def downgrade() -> None:
    op.drop_column("organisation", "email")
    op.drop_column("edition", "mails_applicants")
    op.drop_column("applicant", "language")
    op.drop_index(op.f("ix_message_registration_about"), table_name="message")
    op.drop_index("ix_message_due", table_name="message", postgresql_where=sa.text("status = 'pending'"))
    op.drop_table("message")
    op.execute("DROP TRIGGER event_pending ON event")
    op.execute("DROP FUNCTION keep_pending()")
    op.drop_table("event_pending")
