"""Waiting for a database that is not there yet, for services of a machine start in any order."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError

from app.core.problems import Unavailable

# How PostgreSQL's codes begin while it is starting, stopping or full: what passes by itself. A database or a
# password that is wrong does not.
PASSES = ("08", "53", "57P")
PAUSE = 0.25  # seconds between two attempts
# What asyncpg raises when a statement begins between the last words of a server that is dying and the loss.
CONFUSED = asyncpg.InternalClientError
# However a connection is lost, or not had: a server that is starting up refuses in words (DBAPIError).
LOST = (Unavailable, DBAPIError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, CONFUSED)

Result = TypeVar("Result")
log = structlog.get_logger(__name__)


async def patiently(attempt: Callable[[], Awaitable[Result]], seconds: float) -> Result:
    """What `attempt` gives; tried again while the database is away, for so many seconds.

    `attempt` is one transaction, or changes nothing when it is done twice. Raises what it raised last.
    """
    deadline, told = time.monotonic() + seconds, False
    while True:
        try:
            return await attempt()
        except LOST as error:
            if not is_away(error) or time.monotonic() + PAUSE > deadline:
                raise
        if not told:
            log.warning("waits for the database", seconds=seconds)
            told = True
        await asyncio.sleep(PAUSE)


def is_away(error: BaseException) -> bool:
    """Whether it came of a database that may well be there in a moment."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    said = getattr(error, "orig", error)
    # SQLAlchemy makes an error of its own of the driver's.
    if isinstance(said, (Unavailable, OSError, CONFUSED)) or isinstance(said.__cause__, CONFUSED):
        return True
    return str(getattr(said, "sqlstate", None) or "").startswith(PASSES)
