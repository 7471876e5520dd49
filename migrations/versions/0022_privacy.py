"""Retention, erasure and its ledger; what is written with events stands apart from them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The words move out of the events, which from now on hold their id alone.
MOVE_REASONS = """
WITH moved AS (
  SELECT id, gen_random_uuid() AS reason FROM event
  WHERE jsonb_typeof(data -> 'reason') = 'string' AND data ->> 'reason' <> ''
), kept AS (
  INSERT INTO event_detail (id, type, subject, about, partner, text)
  SELECT moved.reason, event.type, event.subject,
         coalesce(event.data ->> 'second', event.data ->> 'registration'), event.partner,
         left(event.data ->> 'reason', 4000)
  FROM moved JOIN event USING (id)
)
UPDATE event SET data = (event.data - 'reason') || jsonb_build_object('reasonId', moved.reason)
FROM moved WHERE moved.id = event.id
"""
BACK = """
UPDATE event SET data = (event.data - 'reasonId') || jsonb_build_object('reason', event_detail.text)
FROM event_detail WHERE event.data ->> 'reasonId' = event_detail.id::text
"""
PARTNER, REGISTER = "cultuurcoordinator_partner", "cultuurcoordinator_register"
# Those of app/policies.py, as they were: a reason is whose its event is.
OF_A_PARTNER = (
    "partner = (SELECT current_setting('register.tenant', true)) OR (partner IS NULL AND type IN "
    "('session.planned', 'session.changed', 'session.cancelled'))"
)


def upgrade() -> None:
    op.create_table(
        "event_detail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("about", sa.String(length=100), nullable=True),
        sa.Column("partner", sa.String(length=63), nullable=True),
        sa.Column("text", sa.String(length=4000), nullable=True),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_detail")),
    )
    op.create_index(op.f("ix_event_detail_subject"), "event_detail", ["subject"])
    op.create_index(op.f("ix_event_detail_about"), "event_detail", ["about"])
    op.execute(MOVE_REASONS)
    op.add_column("applicant", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "edition",
        sa.Column("retention", postgresql.JSONB(), server_default="{}", nullable=False),
    )
    op.add_column("certificate", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("certificate", sa.Column("credential_digest", sa.LargeBinary(length=32), nullable=True))
    op.add_column("certificate", sa.Column("credential_jwt_digest", sa.LargeBinary(length=32), nullable=True))
    op.drop_constraint(op.f("ck_certificate_credential"), "certificate")
    op.create_check_constraint(
        op.f("ck_certificate_credential"),
        "certificate",
        "(credential IS NULL) = (status_list IS NULL) OR forgotten_at IS NOT NULL",
    )
    op.create_check_constraint(
        op.f("ck_certificate_forgotten"),
        "certificate",
        "forgotten_at IS NULL OR credential IS NULL",
    )
    op.create_table(
        "register_forgotten",
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("said_by", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"], ["register_entry.number"], name=op.f("fk_register_forgotten_entry")
        ),
        sa.ForeignKeyConstraint(
            ["said_by"], ["register_entry.number"], name=op.f("fk_register_forgotten_said_by")
        ),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_register_forgotten")),
    )
    op.create_index(op.f("ix_register_forgotten_said_by"), "register_forgotten", ["said_by"])
    op.create_table(
        "erasure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request", sa.Uuid(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("applicant", sa.Uuid(), nullable=False),
        sa.Column("certificates", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("copied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("certificates IN ('keep', 'forget')", name=op.f("ck_erasure_certificates")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint(
            "registration", "certificates", name=op.f("uq_erasure_registration_certificates")
        ),
    )
    op.create_index(op.f("ix_erasure_request"), "erasure", ["request"])
    op.create_index("ix_erasure_to_copy", "erasure", ["id"], postgresql_where=sa.text("copied_at IS NULL"))
    _protect()


def _protect() -> None:
    """Say whose the new rows are; and let the register, and nobody else, take attendance's history away."""
    for table in ("erasure", "register_forgotten", "event_detail"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {REGISTER}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON event_detail TO {PARTNER}")
    op.execute("ALTER TABLE event_detail ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY of_the_register ON event_detail TO {REGISTER} USING (true)")
    op.execute(f"CREATE POLICY of_a_partner ON event_detail TO {PARTNER} USING ({OF_A_PARTNER})")
    op.execute(f"GRANT DELETE ON attendance_version TO {REGISTER}")


def downgrade() -> None:
    op.execute(f"REVOKE DELETE ON attendance_version FROM {REGISTER}")
    op.drop_table("erasure")
    op.drop_table("register_forgotten")
    op.drop_constraint(op.f("ck_certificate_forgotten"), "certificate")
    op.drop_constraint(op.f("ck_certificate_credential"), "certificate")
    op.create_check_constraint(
        op.f("ck_certificate_credential"), "certificate", "(credential IS NULL) = (status_list IS NULL)"
    )
    for column in ("forgotten_at", "credential_digest", "credential_jwt_digest"):
        op.drop_column("certificate", column)
    op.drop_column("edition", "retention")
    op.drop_column("applicant", "erased_at")
    op.execute(BACK)
    op.drop_table("event_detail")
