"""Tables: event, the audit trail and the outbox in one; event_pending, what is still to be acted upon."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import moment

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


class EventPending(SQLModel, table=True):
    """An event that has not been acted upon: no message was made of it yet.

    It has no foreign key: the trigger writes nothing but what is there, and ten thousand checks take time.
    """

    __tablename__ = "event_pending"

    event: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})
    # Set when acting upon it failed, so that it does not hold up what came after it.
    not_before: datetime | None = moment(nullable=True)


# Tables that are made from the models, as in tests, need the trigger too; a migration makes its own.
@event.listens_for(SQLModel.metadata.tables["event"], "after_create")
def _add_trigger(_: sa.Table, connection: sa.Connection, **_options: Any) -> None:
    connection.execute(sa.text(KEEP_PENDING))
    connection.execute(sa.text(PENDING_TRIGGER))
