"""A proxy as there is in front of processes: it asks each whether it is ready, and sends on.

By the connection, so what it passes on is what a server says itself; on an event loop in a thread of its own.
"""

import asyncio
import threading
from collections.abc import Sequence
from typing import Self

from tests.faults.stand import Process

EVERY = 0.2  # seconds between two looks at a process
READY = b"GET /health/ready HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n\r\n"


class Proxy:
    """Listens on `port`; `ready` are the ports of the processes that it sends to."""

    def __init__(self, apis: Sequence[Process]) -> None:
        self.apis, self.ready, self.port, self._next = apis, list[int](), 0, 0
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        self._lines: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        looking = asyncio.create_task(self._look())
        self._started.set()
        await self._end.wait()
        server.close()
        for task in (looking, *self._lines):
            task.cancel()
        await asyncio.gather(looking, *self._lines, return_exceptions=True)
        await asyncio.sleep(0.1)  # for what was closed to be let go of

    async def _look(self) -> None:
        while True:
            said = await asyncio.gather(*(self._is_ready(api.port) for api in self.apis))
            self.ready = [api.port for api, ready in zip(self.apis, said, strict=True) if ready]
            await asyncio.sleep(EVERY)

    async def _is_ready(self, port: int) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        try:
            async with asyncio.timeout(2):
                writer.write(READY)
                return (await reader.read(64)).startswith(b"HTTP/1.1 200")
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        try:
            await self._carry(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._lines.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send on what comes to one process, and back what it says, until either hangs up."""
        ready = self.ready
        if not ready:
            return
        self._next += 1
        there, back = await asyncio.open_connection("127.0.0.1", ready[self._next % len(ready)])
        ways = [asyncio.create_task(_pass_on(reader, back)), asyncio.create_task(_pass_on(there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            back.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while content := await reader.read(65536):
        writer.write(content)
        await writer.drain()
