"""Hearing from the database: PostgreSQL's NOTIFY as bells, and a number that is a worker's while it lives."""

import asyncio
import secrets
from collections.abc import Callable, Mapping

import structlog

from app.core.database import Database
from app.core.patience import LOST

# The class of the advisory locks that workers hold, by their numbers.
WORKERS = 7_218_017
_BEAT, _PATIENCE = 15.0, 10.0  # seconds: how often the line is tried, how long that may take
_FIRST, _LONGEST = 0.2, 30.0  # seconds between attempts to connect

log = structlog.get_logger(__name__)


class Listener:
    """Listens for as long as it runs, and connects anew whenever the line is lost.

    `bells` are rung by the channels they are named after, and all of them when the line is there (again), so
    that what was missed meanwhile is looked for. `number` is this worker's while the line holds, else None.
    """

    def __init__(self, database: Database, bells: Mapping[str, asyncio.Event]) -> None:
        self._database, self._bells = database, bells
        self._own = 1 + secrets.randbelow(2**31 - 1)
        self.number: int | None = None

    async def run(self) -> None:
        """Listen until cancelled."""
        pause = _FIRST
        while True:
            try:
                await self._listen()
                pause = _FIRST
            except LOST:
                log.warning("the line to the database is lost", again_in=pause)
            finally:
                self.number = None
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST)

    async def _listen(self) -> None:
        """Listen on one connection, until it is lost."""
        lost = asyncio.Event()
        async with self._database.line() as line:
            line.add_termination_listener(lambda _: lost.set())
            for channel, bell in self._bells.items():
                await line.add_listener(channel, _ringing(bell))
            if not await line.fetchval("SELECT pg_try_advisory_lock($1, $2)", WORKERS, self._own):
                self._own = 1 + secrets.randbelow(2**31 - 1)  # another worker's, by chance
                return
            self.number = self._own
            for bell in self._bells.values():
                bell.set()
            while not lost.is_set():
                try:
                    async with asyncio.timeout(_BEAT):
                        await lost.wait()
                except TimeoutError:
                    await line.execute("SELECT 1", timeout=_PATIENCE)


def _ringing(bell: asyncio.Event) -> Callable[..., None]:
    def ring(*_: object) -> None:
        bell.set()

    return ring


async def heard(bell: asyncio.Event, seconds: float) -> bool:
    """Wait for a bell, or so long; whether it rang. It is silent again afterwards.

    Not by `wait_for`, which in Python 3.11 forgets that it was cancelled when the bell has just rung.
    """
    try:
        async with asyncio.timeout(seconds):
            await bell.wait()
    except TimeoutError:
        return False
    bell.clear()
    return True
