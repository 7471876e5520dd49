"""The enrolment form: drafts, permission, reopening, reminders; wishes in a table of their own."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "wishes",
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("dietary", sa.String(length=1000), nullable=True),
        sa.Column("accessibility", sa.String(length=1000), nullable=True),
        sa.ForeignKeyConstraint(["registration"], ["registration.id"], name=op.f("fk_wishes_registration")),
        sa.PrimaryKeyConstraint("registration", name=op.f("pk_wishes")),
    )
    op.add_column(
        "edition",
        sa.Column(
            "form_reminder_days", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
    )
    op.add_column(
        "edition",
        sa.Column(
            "form_required", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
    )
    op.add_column("enrolment_form", sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("enrolment_form", sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("enrolment_form", sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("enrolment_form", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("enrolment_form", sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("enrolment_form", sa.Column("reminded_for", sa.DateTime(timezone=True), nullable=True))
    # Until now a form was saved when it was returned, which it could not be without permission.
    op.execute(
        "UPDATE enrolment_form SET saved_at = submitted_at, consented_at = submitted_at "
        "WHERE submitted_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("enrolment_form", "reminded_for")
    op.drop_column("enrolment_form", "reminded_at")
    op.drop_column("enrolment_form", "due_at")
    op.drop_column("enrolment_form", "reopened_at")
    op.drop_column("enrolment_form", "consented_at")
    op.drop_column("enrolment_form", "saved_at")
    op.drop_column("edition", "form_required")
    op.drop_column("edition", "form_reminder_days")
    op.drop_table("wishes")
