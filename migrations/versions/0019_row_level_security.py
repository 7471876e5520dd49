"""Row-level security: as whom the application acts, and which rows are whose."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PARTNER, REGISTER = "cultuurcoordinator_partner", "cultuurcoordinator_register"
CREATE = """
DO $$ BEGIN
  CREATE ROLE {role} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
# Those of app/policies.py, as they were.
TENANT = "(SELECT current_setting('register.tenant', true))"
PARENT = {
    "attendance": ("registration", "registration", "id"),
    "attendance_version": ("registration", "registration", "id"),
    "certificate": ("registration", "registration", "id"),
    "certificate_review": ("certificate", "certificate", "number"),
    "check_in_guess": ("registration", "registration", "id"),
    "draw_candidate": ("registration", "registration", "id"),
    "enrolment_form": ("registration", "registration", "id"),
    "file": ("registration", "registration", "id"),
    "invoice": ("registration", "registration", "id"),
    "invoice_address": ("registration", "registration", "id"),
    "invoice_payment": ("invoice", "invoice", "number"),
    "make_up": ("registration", "registration", "id"),
    "message": ("registration", "registration", "id"),
    "out_of_reach": ("registration", "registration", "id"),
    "product": ("registration", "registration", "id"),
    "progress": ("registration", "registration", "id"),
    "registration_import_row": ("part_of", "registration_import", "id"),
    "seat_offer": ("registration", "registration", "id"),
    "webhook_attempt": ("delivery", "webhook_delivery", "id"),
    "webhook_delivery": ("webhook", "webhook", "id"),
    "wishes": ("registration", "registration", "id"),
}
DIRECT = {
    "applicant": f"partner = {TENANT}",
    "event": f"partner = {TENANT} OR (partner IS NULL AND type IN "
    "('session.planned', 'session.changed', 'session.cancelled'))",
    "message": f"organisation = {TENANT}",
    "registration": f"partner = {TENANT}",
    "registration_import": f"organisation = {TENANT}",
    "webhook": f"partner = {TENANT}",
}
CLOSED = [
    "certificate_batch",
    "certificate_batch_item",
    "certificate_counter",
    "client_secret",
    "duplicate_decision",
    "invoice_counter",
    "register_salt",
    "signing_key",
]
SHARED = {
    "client": "",
    "draw": "",
    "edition": "UPDATE",
    "edition_provider": "",
    "event_pending": "INSERT",
    "forecast_round": "INSERT, UPDATE",
    "idempotent_answer": "INSERT, UPDATE, DELETE",
    "organisation": "",
    "phase": "",
    "quota": "",
    "register_entry": "",
    "register_head": "",
    "seller": "",
    "session": "UPDATE",
    "session_edition": "",
    "status_list": "",
    "training": "",
}
APPEND_ONLY = ("attendance_version", "event", "register_entry", "register_head")


def upgrade() -> None:
    _make_roles()
    op.execute(f"GRANT USAGE ON SCHEMA public TO {PARTNER}, {REGISTER}")
    op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {PARTNER}, {REGISTER}")
    op.execute(f"GRANT SELECT ON alembic_version TO {PARTNER}, {REGISTER}")
    for table in (*_own(), *CLOSED, *SHARED):
        changes = "" if table in APPEND_ONLY else ", UPDATE, DELETE"
        op.execute(f'GRANT SELECT, INSERT{changes} ON "{table}" TO {REGISTER}')
    for table, writes in SHARED.items():
        op.execute(f'GRANT SELECT{writes and ", "}{writes} ON "{table}" TO {PARTNER}')
    for table, condition in _own().items():
        changes = "" if table in APPEND_ONLY else ", UPDATE, DELETE"
        op.execute(f'GRANT SELECT, INSERT{changes} ON "{table}" TO {PARTNER}')
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY of_the_register ON "{table}" TO {REGISTER} USING (true)')
        op.execute(f'CREATE POLICY of_a_partner ON "{table}" TO {PARTNER} USING ({condition})')


def _make_roles() -> None:
    """Make both roles where they are not, and let the user that migrates act as them.

    They belong to the server, of which several databases may be migrated at once.
    """
    connection = op.get_bind()
    user = connection.scalar(sa.text("SELECT quote_ident(current_user)"))
    # From version 16 on, whoever made a role is a member of it who may not act as it.
    right = "SET" if connection.scalar(sa.text("SHOW server_version_num")) >= "160000" else "MEMBER"
    for role in (PARTNER, REGISTER):
        _do(CREATE.format(role=role), "SELECT to_regrole(:role) IS NOT NULL", role=role)
        _do(
            f"GRANT {role} TO {user}",
            "SELECT pg_has_role(current_user, :role, :right)",
            role=role,
            right=right,
        )


def _do(statement: str, done: str, **values: str) -> None:
    """Run `statement` unless it is `done` already; who may not hears what an administrator has to run."""
    connection = op.get_bind()
    if connection.scalar(sa.text(done), values):
        return
    try:
        with connection.begin_nested():
            connection.execute(sa.text(statement))
    except sa.exc.DBAPIError as refused:
        if connection.scalar(sa.text(done), values):  # another one was first
            return
        user = connection.scalar(sa.text("SELECT quote_ident(current_user)"))
        raise CommandError(
            "its user may not make the two roles that the register acts as. Let an administrator of the "
            f"server run: CREATE ROLE {PARTNER}; CREATE ROLE {REGISTER}; "
            f"GRANT {PARTNER}, {REGISTER} TO {user}"
        ) from refused


def _own() -> dict[str, str]:
    """Every table with rows that are somebody's, and whose they are."""
    of_parents = {
        table: f"EXISTS (SELECT FROM {parent} AS parent WHERE parent.{key} = {table}.{column})"
        for table, (column, parent, key) in PARENT.items()
    }
    return {**of_parents, **DIRECT, "message": f"{DIRECT['message']} OR {of_parents['message']}"}


def downgrade() -> None:
    for table in _own():
        op.execute(f'DROP POLICY of_a_partner ON "{table}"')
        op.execute(f'DROP POLICY of_the_register ON "{table}"')
        op.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')
    # The roles stay: they are the server's, and other databases may have them too.
    op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {PARTNER}, {REGISTER}")
    op.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {PARTNER}, {REGISTER}")
    op.execute(f"REVOKE ALL ON SCHEMA public FROM {PARTNER}, {REGISTER}")
