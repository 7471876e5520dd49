"""Large files through a real server: its memory stays as it is, and what breaks off leaves nothing."""

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.samples import large_pdf
from tests.stories.server import HTTP, Caller, Server
from tests.world import JSON, World

LARGEST = 26_214_400
MEGABYTE = 1_000_000
ALLOWED = 20 * MEGABYTE


@pytest.fixture
def made(world: World) -> JSON:
    return world.participant()


@pytest.fixture
def server(world: World, tmp_path: Path) -> Iterator[Server]:
    """`cultuurcoordinator run` beside the world, on the same database."""
    with Server(tmp_path) as server:
        server.environment |= {
            "DATABASE_URL": world.database_url.replace("+asyncpg", ""),
            "WORKER": "false",  # today, what is of 2021 has served, and would be erased
            "SECRET_KEY": world.app.state.settings.secret_key.get_secret_value(),
        }
        server.start()
        server.wait()
        yield server


class Memory:
    """The most memory that a process has had, looked at a hundred times a second."""

    def __init__(self, process: psutil.Process) -> None:
        self._process, self._done = process, threading.Event()
        self.before = self.most = process.memory_info().rss

    def __enter__(self) -> "Memory":
        self._looking = threading.Thread(target=self._look)
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._looking.join()

    def _look(self) -> None:
        while not self._done.wait(0.01):
            self.most = max(self.most, self._process.memory_info().rss)

    @property
    def growth(self) -> int:
        return int(self.most - self.before)


def in_storage(server: Server) -> list[Path]:
    return [path for path in (server.folder / "data" / "files").rglob("*") if path.is_file()]


def upload(url: str, path: Path) -> JSON:
    with path.open("rb") as content:
        answer = HTTP.post(url, files={"file": (path.name, content)}, timeout=60)
    assert answer.status_code == 201, answer.text
    made: JSON = answer.json()
    return made


def download(url: str, headers: dict[str, str] | None = None) -> str:
    """The SHA-256 of what was downloaded, which is never whole in memory here either."""
    digest = hashlib.sha256()
    with httpx.stream("GET", url, headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        for piece in answer.iter_bytes():
            digest.update(piece)
    return digest.hexdigest()


def large_files(folder: Path, count: int) -> list[Path]:
    """Files of the largest size, no two alike."""
    paths = [folder / f"plan {number}.pdf" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(large_pdf(LARGEST).replace(b"%x", f"%{number}".encode()))
    return paths


def growth(server: Server, work: Callable[[], object]) -> int:
    """How much the server's memory grew, at its most, during `work`."""
    assert server.process
    with Memory(psutil.Process(server.process.pid)) as memory:
        work()
    return memory.growth


def test_files_of_the_largest_size_leave_the_servers_memory_as_it_is(
    world: World, server: Server, made: JSON, tmp_path: Path
) -> None:
    page = f"{server.url}{world.page(made['id'])}"
    paths, files = large_files(tmp_path, 9), f"{page}/progress/orientatie/files"
    warm = tmp_path / "warm.pdf"
    warm.write_bytes(large_pdf(LARGEST // 20))
    download(f"{page}/files/{upload(files, warm)['id']}")

    for path in paths[:4]:
        assert growth(server, partial(upload, files, path)) < ALLOWED
    kept = HTTP.get(f"{page}/progress/orientatie").json()["files"][1:]
    assert [file["size"] for file in kept] == [LARGEST] * 4
    for file in kept:
        assert growth(server, partial(download, f"{page}/files/{file['id']}")) < ALLOWED
        assert download(f"{page}/files/{file['id']}") == file["sha256"]
    with ThreadPoolExecutor(5) as threads:
        send = partial(upload, f"{page}/progress/onderzoek/files")
        assert growth(server, lambda: list(threads.map(send, paths[4:]))) < 2 * ALLOWED
    assert len(in_storage(server)) == 10

    provider = Caller(server, world.provider.credentials)
    seen = provider.get(f"/v1/registrations/{made['id']}/progress/onderzoek")["files"]
    content = provider.request("GET", f"/v1/files/{seen[0]['id']}/content").content
    assert hashlib.sha256(content).hexdigest() == seen[0]["sha256"]


def test_a_byte_too_many_is_refused_and_leaves_nothing(
    world: World, server: Server, made: JSON, tmp_path: Path
) -> None:
    url = f"{server.url}{world.page(made['id'])}/progress/orientatie/files"
    for size in (LARGEST + 1, LARGEST * 2):
        path = tmp_path / "large.pdf"
        path.write_bytes(large_pdf(size))
        with path.open("rb") as content:
            answer = HTTP.post(url, files={"file": ("large.pdf", content)}, timeout=60)
        assert answer.status_code == 413, answer.text
    assert in_storage(server) == []


def test_whoever_hangs_up_half_way_leaves_nothing_and_holds_nobody_up(
    world: World, server: Server, made: JSON
) -> None:
    path = f"{world.page(made['id'])}/progress/orientatie/files"
    address = urlsplit(server.url)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 20000000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="plan.pdf"\r\n\r\n'
    )
    slow = []
    for _ in range(15):  # more than there are connections to the database
        connection = socket.create_connection((address.hostname, address.port), 10)
        connection.sendall(head.encode() + b"%PDF-1.7" + bytes(3_000_000))
        slow.append(connection)
    began = time.monotonic()
    assert HTTP.get(f"{server.url}/v1/editions", timeout=20).status_code == 200
    assert time.monotonic() - began < 10
    for connection in slow:
        connection.close()
    assert server.process
    process = psutil.Process(server.process.pid)
    for _ in range(100):
        if not [file for file in process.open_files() if "deleted" in file.path]:
            break
        time.sleep(0.1)
    assert in_storage(server) == []
    assert HTTP.get(f"{server.url}{path.removesuffix('/files')}").json()["files"] == []
