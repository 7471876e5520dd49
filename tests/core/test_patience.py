"""Waiting for a database: for what passes, so long and no longer; what does not is raised at once."""

import asyncio
import time

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from app.core.patience import patiently
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
    ],
    ids=["refused", "silent", "unavailable", "starting", "broken", "starting, of the engine"],
)
def test_a_database_that_is_away_is_waited_for(away: Exception) -> None:
    assert asyncio.run(patiently(Attempts(away, away), 10)) == 3


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
