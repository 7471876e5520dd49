"""Tables: event, the audit trail and the outbox in one; event_detail; event_pending, not acted upon yet."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import moment, new_id
from app.core.tenancy import ORIGIN

# Whoever inserts events makes them pending in the same statement and transaction: there is nothing to forget,
# no number that a late commit could hide behind, and `event` itself is never written again. Workers hear of
# it when the transaction commits. PostgreSQL lets transactions that notify commit one by one, so of those
# that run at once one notifies, and workers look again for a moment (app/worker.py).
CHANNEL = "cultuurcoordinator_events"
KEEP_PENDING = """
CREATE FUNCTION keep_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event_pending (event) SELECT id FROM inserted;
  IF pg_try_advisory_xact_lock(7218016, 0) THEN
    PERFORM pg_notify('cultuurcoordinator_events', '');
  END IF;
  RETURN NULL;
END
$$
"""
PENDING_TRIGGER = """
CREATE TRIGGER event_pending AFTER INSERT ON event REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION keep_pending()
"""

# Numbers are given before a commit, so a lower one may come into view after a higher one, and who reads on
# after the higher one would miss it. So a transaction, before its first event, locks the last number that was
# given: what it writes is higher. `events_settled` gives the number up to which everything is committed or
# never will be: of what was given when it began, less what a transaction that is under way may still bring.
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


class Event(SQLModel, table=True):
    """Something that happened, written in the transaction that made it happen."""

    __table_args__ = (
        sa.Index(None, "subject"),
        sa.Index(None, "partner", "id"),
        sa.Index(None, "partner", "edition", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger)
    type: str = Field(max_length=60)
    subject: str = Field(max_length=100)
    edition: str | None = Field(default=None, max_length=63)
    partner: str | None = Field(default=None, max_length=63)
    actor: str = Field(max_length=100)
    at: datetime = moment()
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    # Where the request came from, as its transaction says (core/tenancy.py): the address of a client, the
    # network of a person; nothing of what the register does by itself.
    origin: str | None = Field(
        default=None,
        max_length=60,
        sa_column_kwargs={"server_default": sa.text(f"nullif(current_setting('{ORIGIN}', true), '')")},
    )


class EventDetail(SQLModel, table=True):
    """What of an event is about people: words that were written with it, or what was changed of somebody.

    The event holds the id alone, for events are never changed: so this stands apart, and can be erased.
    """

    __tablename__ = "event_detail"
    __table_args__ = (sa.Index(None, "subject"), sa.Index(None, "about"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    type: str = Field(max_length=60)
    # The event's subject, and whom else it is about: the other registration, or the one that a thing is of.
    subject: str = Field(max_length=100)
    about: str | None = Field(default=None, max_length=100)
    partner: str | None = Field(default=None, max_length=63)
    text: str | None = Field(default=None, max_length=4000)
    # Members as the contract names them, as they were and as they became.
    before: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSONB)


class EventPending(SQLModel, table=True):
    """An event that has not been acted upon: no message was made of it yet.

    It has no foreign key: the trigger writes nothing but what is there, and ten thousand checks take time.
    """

    __tablename__ = "event_pending"

    event: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})
    # Set when acting upon it failed, so that it does not hold up what came after it.
    not_before: datetime | None = moment(nullable=True)


# Tables that are made from the models, as in tests, need the triggers too; a migration makes its own.
@event.listens_for(SQLModel.metadata.tables["event"], "after_create")
def _add_trigger(_: sa.Table, connection: sa.Connection, **_options: Any) -> None:
    for statement in (KEEP_PENDING, PENDING_TRIGGER, MARK_WRITING, WRITING_TRIGGER, SETTLED):
        connection.execute(sa.text(statement))
