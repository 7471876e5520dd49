"""What the files of the command line share."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, NoReturn

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import Database
from app.core.settings import Settings

# The actor of what is done by a command.
COMMAND_LINE = "command-line"


class Shell(NamedTuple):
    """What the command line lends: its settings, the database that they name, how it says what is wrong."""

    settings: Callable[[], Settings]
    database: Callable[[Settings], AbstractContextManager[str]]
    fail: Callable[[str, int], NoReturn]


@contextlib.asynccontextmanager
async def transaction(url: str) -> AsyncIterator[AsyncSession]:
    """A transaction of the register's own, on the database at `url`."""
    database = Database(url)
    try:
        async with database.transaction() as db:
            yield db
    finally:
        await database.close()


def one_line(error: BaseException | None) -> str:
    """What an error says, without what a driver writes around it."""
    text = str(error).partition(">: ")[2] or str(error) or type(error).__name__
    return " ".join(text.split()).rstrip(".")
