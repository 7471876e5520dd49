"""Connections to receivers: names are looked up here, and only addresses that were checked are connected to.

So a name that leads elsewhere a moment later (DNS rebinding) changes nothing: nobody looks it up again. TLS
and the Host header keep the name.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore

from app.webhooks import addresses

# From a host and a port to the addresses that it has.
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
# A name server that is slow for some names must not keep the others waiting.
_LOOKUPS = 64


# What is read of one answer on the wire, its head and what comes before it included.
MOST_READ = 262_144


class NotPublic(Exception):
    """A name, or an address, leads to where no webhook goes."""


class System:
    """Looks names up as this machine does, in threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="webhook-names")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host; OSError where it has none."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _look_up, host, port)

    def close(self) -> None:
        """Let the threads go; a look-up that hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


class Bounded(httpcore.AsyncNetworkStream):
    """A connection on which an answer has an end: endless interim answers (1xx) would keep us busy."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream, self._read = stream, 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  the library's
        """Some bytes; ReadError when there were too many since the last that was written."""
        if self._read > MOST_READ:
            raise httpcore.ReadError("the answer has no end")
        found = await self._stream.read(max_bytes, timeout)
        self._read += len(found)
        return found

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  the library's
        """Write; what is read afterwards is another answer."""
        self._read = 0
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  the library's own signature
    ) -> httpcore.AsyncNetworkStream:
        """The same connection under TLS."""
        return Bounded(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """What the library asks of the connection."""
        return self._stream.get_extra_info(info)


class Checked(httpcore.AsyncNetworkBackend):
    """Connects to public addresses alone, and with `local` to this machine's own."""

    def __init__(
        self, resolve: Resolver, *, local: bool, wires: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._resolve, self._local = resolve, local
        self._wires = wires or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of `host` that may be and that answers.

        Raises NotPublic when none may be, and the library's errors.
        """
        try:
            found = await self._resolve(host, port)
        except OSError as unknown:
            raise httpcore.ConnectError("the name is not known") from unknown
        allowed = [address for address in found if self._may_be(address)]
        if not allowed:
            raise NotPublic
        *others, last = allowed
        for address in others:
            try:
                return await self._wire(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._wire(last, port, timeout, local_address, socket_options)

    async def _wire(self, address: str, port: int, *how: Any) -> httpcore.AsyncNetworkStream:
        return Bounded(await self._wires.connect_tcp(address, port, *how))

    async def sleep(self, seconds: float) -> None:
        """Wait, as the library asks."""
        await self._wires.sleep(seconds)

    def _may_be(self, address: str) -> bool:
        return addresses.is_public(address) or (self._local and addresses.is_loopback(address))


def pool(
    resolve: Resolver,
    *,
    local: bool,
    trusted: ssl.SSLContext | None = None,
    wires: httpcore.AsyncNetworkBackend | None = None,
) -> httpcore.AsyncConnectionPool:
    """Connections that are kept for a moment; no proxy of the environment is used, no redirect followed."""
    return httpcore.AsyncConnectionPool(
        ssl_context=trusted or ssl.create_default_context(),
        max_connections=None,
        max_keepalive_connections=100,
        keepalive_expiry=3.0,
        network_backend=Checked(resolve, local=local, wires=wires),
    )
