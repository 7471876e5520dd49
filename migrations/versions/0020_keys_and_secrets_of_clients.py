"""Keys of clients, secrets that expire, and when each was last used."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("client", sa.Column("keys", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("client", sa.Column("keys_given_at", MOMENT, nullable=True))
    op.add_column("client", sa.Column("keys_used_at", MOMENT, nullable=True))
    op.add_column("client_secret", sa.Column("expires_at", MOMENT, nullable=True))
    op.add_column("client_secret", sa.Column("last_used_at", MOMENT, nullable=True))
    op.create_table(
        "client_assertion",
        sa.Column("client", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["client"], ["client.id"], name=op.f("fk_client_assertion_client")),
        sa.PrimaryKeyConstraint("client", "digest", name=op.f("pk_client_assertion")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON client_assertion TO cultuurcoordinator_register")


def downgrade() -> None:
    op.drop_table("client_assertion")
    for column in ("last_used_at", "expires_at"):
        op.drop_column("client_secret", column)
    for column in ("keys_used_at", "keys_given_at", "keys"):
        op.drop_column("client", column)
