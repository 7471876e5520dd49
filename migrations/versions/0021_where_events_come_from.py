"""Events say where the request came from that made them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # First without a default, so that the events of before stay without and the table is not written anew.
    op.add_column("event", sa.Column("origin", sa.String(length=60), nullable=True))
    origin = "nullif(current_setting('register.origin', true), '')"
    op.execute(f"ALTER TABLE event ALTER COLUMN origin SET DEFAULT {origin}")


def downgrade() -> None:
    op.drop_column("event", "origin")
