"""Connections beside the pool, each of which goes on acting as whom it acted last: nothing to begin or end.

A statement on one is a transaction of its own, in one round trip. It acts as PARTNER of one organisation or
as REGISTER, which row-level security goes by (core/tenancy.py); to act as another costs a round trip.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from app.core.tenancy import PARTNER, TENANT, Acting

# As every connection of the application is born.
NOBODY = Acting(PARTNER)
# Who would have to wait goes the long way, which has the time.
SETTINGS = {"role": PARTNER, "statement_timeout": "5s", "lock_timeout": "100ms"}
_BECOME = f"SELECT set_config('role', $1, false), set_config('{TENANT}', $2, false)"
PATIENCE = 5.0  # seconds until a connection is free

Connect = Callable[[dict[str, str]], Awaitable[Any]]


class NoLine(Exception):
    """No connection was free in time."""


class _Line:
    """A connection, and as whom it acts."""

    __slots__ = ("acting", "connection")

    def __init__(self, connection: Any) -> None:
        self.connection, self.acting = connection, NOBODY


class Lines:
    """At most `size` connections, opened by `connect` when they are needed."""

    def __init__(self, connect: Connect, size: int) -> None:
        self._connect, self._size = connect, size
        self._open, self._closed = 0, False
        self._idle: list[_Line] = []
        self._waiting: deque[asyncio.Future[_Line | None]] = deque()

    async def fetch(self, acting: Acting, statement: str, *values: Any) -> list[Any]:
        """The rows of a statement that acts so, committed by then.

        Raises what asyncpg does, OSError when there is no server, NoLine.
        """
        line = await self._take(acting)
        try:
            if line.acting != acting:
                await line.connection.execute(_BECOME, acting.role, acting.tenant)
                line.acting = acting
            rows: list[Any] = await line.connection.fetch(statement, *values)
        except asyncpg.PostgresError:
            self._give_back(line)
            raise
        except BaseException:  # whatever state it is in
            line.connection.terminate()
            self._give_back(line)
            raise
        self._give_back(line)
        return rows

    async def close(self) -> None:
        """End every connection, those that are at work when they come back."""
        self._closed = True
        while self._idle:
            await self._idle.pop().connection.close()
            self._open -= 1

    async def _take(self, acting: Acting) -> _Line:
        while True:
            line = self._free(acting) or await (self._new() if self._open < self._size else self._wait())
            if line and not line.connection.is_closed():
                return line
            if line:
                self._forget(line)

    def _free(self, acting: Acting) -> _Line | None:
        """One that acts so already or, when no more may be opened, the one that was idle for longest."""
        for number in range(len(self._idle) - 1, -1, -1):
            if self._idle[number].acting == acting:
                return self._idle.pop(number)
        return self._idle.pop(0) if self._idle and self._open >= self._size else None

    async def _new(self) -> _Line:
        self._open += 1
        try:
            return _Line(await self._connect(SETTINGS))
        except BaseException:
            self._open -= 1
            self._wake(None)
            raise

    async def _wait(self) -> _Line | None:
        """The next one that is given back; None when there is room for a new one."""
        loop = asyncio.get_running_loop()
        free: asyncio.Future[_Line | None] = loop.create_future()
        self._waiting.append(free)
        late = loop.call_later(PATIENCE, _refuse, free)
        try:
            return await free
        except asyncio.CancelledError:
            if free.done() and not free.cancelled() and not free.exception() and (line := free.result()):
                self._give_back(line)
            raise
        finally:
            late.cancel()

    def _give_back(self, line: _Line) -> None:
        if self._closed or line.connection.is_closed():
            self._forget(line)
        elif not self._wake(line):
            self._idle.append(line)

    def _forget(self, line: _Line) -> None:
        line.connection.terminate()
        self._open -= 1
        self._wake(None)

    def _wake(self, line: _Line | None) -> bool:
        """Whether somebody waited, and has `line` now, or room for a new one."""
        while self._waiting:
            free = self._waiting.popleft()
            if not free.done():
                free.set_result(line)
                return True
        return False


def _refuse(free: asyncio.Future[_Line | None]) -> None:
    if not free.done():
        free.set_exception(NoLine())
