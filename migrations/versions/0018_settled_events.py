"""Events that come into view in the order of their numbers."""

from collections.abc import Sequence

from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MARK_WRITING = """
CREATE FUNCTION events_mark_writing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('cultuurcoordinator.writes_events', true) IS DISTINCT FROM 'yes' THEN
    PERFORM pg_advisory_xact_lock_shared(
      (25974::bigint << 48) | (SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM event_id_seq)
    );
    PERFORM set_config('cultuurcoordinator.writes_events', 'yes', true);
  END IF;
  RETURN NULL;
END
$$
"""
WRITING_TRIGGER = """
CREATE TRIGGER event_writing BEFORE INSERT ON event FOR EACH STATEMENT EXECUTE FUNCTION events_mark_writing()
"""
SETTLED = """
CREATE FUNCTION events_settled() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  given bigint;
  writing bigint;
BEGIN
  SELECT last_value INTO given FROM event_id_seq;
  SELECT min((classid::bigint << 32 | objid::bigint) & ((1::bigint << 48) - 1)) INTO writing
  FROM pg_locks
  WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = 25974
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
  RETURN least(given, writing);
END
$$
"""


def upgrade() -> None:
    for statement in (MARK_WRITING, WRITING_TRIGGER, SETTLED):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION events_settled()")
    op.execute("DROP TRIGGER event_writing ON event")
    op.execute("DROP FUNCTION events_mark_writing()")
