"""Waiting for a database: for what passes, so long and no longer; what does not is raised at once."""

import asyncio
import time

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from app.core.database import Database
from app.core.patience import is_away, patiently
from app.core.problems import NotFound, Unavailable

STARTING, NO_PASSWORD = asyncpg.CannotConnectNowError(), asyncpg.InvalidPasswordError()
NO_DATABASE = asyncpg.InvalidCatalogNameError()
BROKEN = DBAPIError("SELECT 1", None, Exception(), connection_invalidated=True)
NO_TABLE = OperationalError("SELECT 1", None, asyncpg.UndefinedTableError())


class Attempts:
    """Fails with each of the errors, and then gives the number of attempts."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.count = list(errors), 0

    async def __call__(self) -> int:
        self.count += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.count


@pytest.mark.parametrize(
    "away",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        Unavailable(),
        STARTING,
        BROKEN,
        OperationalError("SELECT 1", None, STARTING),
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
    ],
    ids=["refused", "silent", "unavailable", "starting", "broken", "starting, of the engine", "dying"],
)
def test_a_database_that_is_away_is_waited_for(away: Exception) -> None:
    assert asyncio.run(patiently(Attempts(away, away), 10)) == 3


def test_a_driver_confused_by_a_server_that_is_dying_is_known_through_sqlalchemy(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error that SQLAlchemy makes of the driver's says neither a code nor that the connection is lost."""

    async def confused(*_: object, **__: object) -> None:
        raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")

    async def ask() -> DBAPIError:
        database = Database(database_url)
        async with database.engine.connect() as connection:
            with monkeypatch.context() as dying:
                dying.setattr(asyncpg.Connection, "prepare", confused)
                with pytest.raises(DBAPIError) as raised:
                    await connection.execute(sa.text("SELECT 1"))
        await database.close()
        return raised.value

    error = asyncio.run(ask())
    assert (error.connection_invalidated, getattr(error.orig, "sqlstate", None)) == (False, None)
    assert is_away(error)


@pytest.mark.parametrize("wrong", [NO_PASSWORD, NO_DATABASE, NO_TABLE, NotFound("No.")])
def test_what_does_not_pass_is_raised_at_once(wrong: Exception) -> None:
    attempts = Attempts(wrong, wrong)
    with pytest.raises(type(wrong)):
        asyncio.run(patiently(attempts, 10))
    assert attempts.count == 1


def test_it_is_not_waited_for_longer_than_was_said() -> None:
    attempts, begun = Attempts(*[ConnectionRefusedError() for _ in range(100)]), time.monotonic()
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(patiently(attempts, 1))
    assert 2 <= attempts.count <= 5
    assert time.monotonic() - begun < 5
