"""Servers to measure, each a process of its own that ends with its measurement."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from app.identity.schemas import ClientWithSecret

BIN = Path(sys.executable).parent


@contextlib.contextmanager
def floor(url: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The floor on the database at `url`; gives its port and its process."""
    port = free_port()
    quiet = ["--log-level", "error", "--no-access-log"]
    fast = ["--loop", "uvloop", "--http", "httptools"]
    environment = {**os.environ, "FLOOR_DATABASE_URL": url.replace("+asyncpg", "")}
    command: list[Path | str] = [BIN / "uvicorn", "bench.floor:app", "--port", str(port), *quiet, *fast]
    with serving(command, environment, port) as process:
        yield port, process


@contextlib.contextmanager
def application(
    url: str, folder: str, host: str = "127.0.0.1", **settings: str
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The application on the database at `url`; gives its port and its process."""
    port = free_port()
    given = {"DATABASE_URL": url, "DATA_DIR": folder, "LISTEN_ADDRESS": host, "PORT": str(port)}
    # Processes of one register: the tokens that one gives are taken by every other.
    given |= {"PUBLIC_URL": "http://register.example", "TOKEN_SECONDS": "3600"}
    # Counted as ever, and never too many.
    given |= {"CLIENT_PER_MINUTE": "1000000000", "ADDRESS_PER_MINUTE": "1000000000", "PUBLIC_PER_MINUTE": "0"}
    given |= settings
    with serving([BIN / "cultuurcoordinator", "run"], {**os.environ, **given}, port, host) as process:
        yield port, process


@contextlib.contextmanager
def serving(
    command: list[Path | str], environment: dict[str, str], port: int, host: str = "127.0.0.1"
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that listens on `port`, until the end of the block."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(1500):
            with contextlib.suppress(OSError), socket.create_connection((host, port), 1):
                break
            time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def token(port: int, client: ClientWithSecret) -> str:
    """A token of the application on `port`."""
    answer = httpx.post(
        f"http://127.0.0.1:{port}/v1/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client.client_id, client.client_secret),
    )
    found: str = answer.raise_for_status().json()["access_token"]
    return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
