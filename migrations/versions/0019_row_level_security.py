"""Row-level security: as whom the application acts, and which rows are whose."""

from collections.abc import Sequence

from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PARTNER, REGISTER = "cultuurcoordinator_partner", "cultuurcoordinator_register"
# Roles belong to the server, so another database of the register's may have made them, or may be doing so.
ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
    CREATE ROLE {role} NOLOGIN;
  END IF;
  IF NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN
    EXECUTE format('GRANT {role} TO %I', current_user);
  END IF;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN NULL;
  WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'An administrator of PostgreSQL has to run first: % GRANT {role} TO %',
      'CREATE ROLE {role} NOLOGIN;', quote_ident(current_user);
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
    for role in (PARTNER, REGISTER):
        op.execute(ROLE.format(role=role))
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
