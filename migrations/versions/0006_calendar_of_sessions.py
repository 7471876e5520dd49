"""Calendar of sessions."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# When a session was last changed is known from the events; of what was seeded, from the seeding.
LAST_CHANGES = """
UPDATE session SET changed_at = coalesce(
    (SELECT max(at) FROM event WHERE type LIKE 'session.%' AND subject = session.id::text),
    (SELECT max(at) FROM event WHERE type = 'pilot.seeded'),
    now())
"""


def upgrade() -> None:
    op.create_index(op.f("ix_event_partner_edition_id"), "event", ["partner", "edition", "id"], unique=False)
    op.add_column("session", sa.Column("travel_note", sa.String(length=4000), nullable=True))
    op.add_column("session", sa.Column("online_url", sa.String(length=2000), nullable=True))
    op.add_column("session", sa.Column("sequence", sa.Integer(), server_default="0", nullable=False))
    op.add_column("session", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(LAST_CHANGES)
    op.alter_column("session", "changed_at", nullable=False)


def downgrade() -> None:
    op.drop_column("session", "changed_at")
    op.drop_column("session", "sequence")
    op.drop_column("session", "online_url")
    op.drop_column("session", "travel_note")
    op.drop_index(op.f("ix_event_partner_edition_id"), table_name="event")
