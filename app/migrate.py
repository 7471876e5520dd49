"""Brings the database to the newest migration, from wherever it is."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

ROOT = Path(__file__).parent.parent
# PostgreSQL's codes for a lock that was not had in time, and for a deadlock that this side was taken out of.
IN_THE_WAY = ("55P03", "40P01")
PATIENCE = 120.0  # seconds: something that holds a table for longer than that is for people to look at
LONGEST_PAUSE = 2.0

log = structlog.get_logger(__name__)


def config(database_url: str) -> Config:
    """Alembic's configuration for the database at `database_url`."""
    made = Config(ROOT / "alembic.ini")
    made.set_main_option("script_location", str(ROOT / "migrations"))
    made.attributes["database_url"] = database_url
    return made


def upgrade(database_url: str, revision: str = "head") -> None:
    """Apply every migration up to `revision`; safe when several processes do so at once, and under writes.

    Each is a transaction of its own, which gives way when it does not get its locks (migrations/env.py) and
    is then tried again, for two minutes. Raises DBAPIError with PostgreSQL's own code after that.
    """
    _persistently(lambda: command.upgrade(config(database_url), revision))


def downgrade(database_url: str, revision: str) -> None:
    """Take migrations back down to `revision`, as patiently."""
    _persistently(lambda: command.downgrade(config(database_url), revision))


def _persistently(migrate: Callable[[], None]) -> None:
    until, pause = time.monotonic() + PATIENCE, 0.1
    while True:
        try:
            migrate()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in IN_THE_WAY or time.monotonic() > until:
                raise
            log.warning("a migration waits for others to let go of a table", again_in=round(pause, 1))
        else:
            return
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  a pause, no secret
        pause = min(pause * 2, LONGEST_PAUSE)
