"""Search and sort registrations."""

import unicodedata
from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


FUNCTION = """
CREATE FUNCTION search_grams(value text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT array_agg(DISTINCT substr(value, n, 3)) FROM generate_series(1, length(value) - 2) AS n)
"""
# The rows that were there get what the application writes today: a migration stands on its own.
PLAIN = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "\u0131": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "\u2019": "'",
        "\u2018": "'",
        "\u02bc": "'",
    }
)
AT_A_TIME = 1000
READ = sa.text(
    "SELECT r.id, r.applicant, a.given_name, a.family_name_prefix, a.family_name, a.email, "
    "r.school_name, r.school_city "
    "FROM registration r JOIN applicant a ON a.id = r.applicant WHERE r.id > :after ORDER BY r.id LIMIT :most"
)
WRITE = sa.text(
    "WITH named AS (UPDATE registration SET name_key = :name_key WHERE id = :id) "
    "UPDATE applicant SET search_text = :searched WHERE id = :applicant"
)


def _fold(text: str) -> str:
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = (one for one in apart if unicodedata.category(one) not in ("Mn", "Cf"))
    return " ".join("".join(kept).translate(PLAIN).split())


def _fill() -> None:
    after = UUID(int=0)
    while rows := op.get_bind().execute(READ, {"after": after, "most": AT_A_TIME}).all():
        filled = [
            {
                "id": row.id,
                "applicant": row.applicant,
                "searched": "\n".join(_fold(part) for part in row[2:] if part),
                "name_key": f"{_fold(row.family_name)}\t{_fold(row.given_name or '')}"[:200],
            }
            for row in rows
        ]
        op.get_bind().execute(WRITE, filled)
        after = rows[-1].id


def upgrade() -> None:
    op.execute(FUNCTION)
    op.add_column("applicant", sa.Column("search_text", sa.Text()))
    op.add_column("registration", sa.Column("name_key", sa.String(length=200, collation="C")))
    _fill()
    op.alter_column("applicant", "search_text", nullable=False)
    op.alter_column("registration", "name_key", nullable=False)
    op.drop_index(op.f("ix_registration_partner_id"), table_name="registration")
    op.create_index(op.f("ix_registration_name_key_id"), "registration", ["name_key", "id"], unique=False)
    op.create_index(
        op.f("ix_registration_partner_name_key_id"),
        "registration",
        ["partner", "name_key", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_registration_partner_received_at_id"),
        "registration",
        ["partner", "received_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_registration_received_at_id"), "registration", ["received_at", "id"], unique=False
    )
    op.create_index(
        "ix_applicant_search",
        "applicant",
        [sa.literal_column("search_grams(search_text)")],
        unique=False,
        postgresql_using="gin",
    )


def downgrade() -> None:
    op.drop_index("ix_applicant_search", table_name="applicant", postgresql_using="gin")
    op.drop_index(op.f("ix_registration_received_at_id"), table_name="registration")
    op.drop_index(op.f("ix_registration_partner_received_at_id"), table_name="registration")
    op.drop_index(op.f("ix_registration_partner_name_key_id"), table_name="registration")
    op.drop_index(op.f("ix_registration_name_key_id"), table_name="registration")
    op.create_index(op.f("ix_registration_partner_id"), "registration", ["partner", "id"], unique=False)
    op.drop_column("registration", "name_key")
    op.drop_column("applicant", "search_text")
    op.execute("DROP FUNCTION search_grams(text)")
