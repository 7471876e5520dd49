"""Times imports of 10,000 registrations, and what they take of memory: `python -m bench.imports`.

A server that was started for it, with its background work, gets a file over HTTP; the clock stops when every row
has its verdict. The same file follows again, then one of other people in the mode `all`, and an export.
"""

import argparse
import asyncio
import os
import platform
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from app import migrate
from app.core import embedded, sheets
from app.imports.columns import COLUMNS
from bench import servers
from bench.draws import filled, planted

MEGABYTE = 1024**2


def main() -> None:
    """Measure, print, and fail when something was not done."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=10_000)
    count = options.parse_args().rows
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as server:
        migrate.upgrade(server.url)
        clients = asyncio.run(planted(server.url))
        partner = next(one for one in clients if one.role == "partner")
        with servers.application(server.url, folder) as (port, process):
            headers = {"Authorization": f"Bearer {servers.token(port, partner)}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}/v1", headers=headers, timeout=120) as client:
                _import(client, process.pid, _file("warm", 300), {}, "registered", 300)
                first = _file("a", count)
                steps = [
                    ("a file, in part", _import(client, process.pid, first, {}, "registered", count)),
                    ("the same again", _import(client, process.pid, first, {}, "present", count)),
                    (
                        "a dry run",
                        _import(
                            client, process.pid, _file("b", count), {"dryRun": "true"}, "registered", count
                        ),
                    ),
                    (
                        "all or nothing",
                        _import(client, process.pid, _file("b", count), {"mode": "all"}, "registered", count),
                    ),
                    ("an export", _export(client, process.pid, 2 * count + 300)),
                ]
        version = asyncio.run(filled(server.url, "SHOW server_version"))
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL {version}, {count:,} rows\n"
    )
    print(
        "| what | answer to the file, s | whole, s | rows, /s | memory grew by, MB | progress seen, times |"
    )
    print("|---|---|---|---|---|---|")
    for name, one in steps:
        print(
            f"| {name} | {one.answered:.1f} | {one.whole:.1f} | {one.rows / one.whole:.0f} | {one.grew:.0f} | {one.seen} |"
        )


@dataclass
class Figures:
    """Seconds until the file was answered and until all was done, growth in MB, how often progress was new."""

    rows: int
    answered: float
    whole: float
    grew: float
    seen: int


def _import(
    client: httpx.Client, pid: int, content: bytes, query: dict[str, str], verdict: str, count: int
) -> Figures:
    with _watched(pid) as memory:
        started = time.perf_counter()
        answer = client.post(
            "/registration-imports", content=content, params=query, headers={"Content-Type": "text/csv"}
        )
        answered = time.perf_counter() - started
        done, seen = answer.raise_for_status().json(), set[int]()
        while done["status"] != "done":
            time.sleep(0.1)
            done = client.get(f"/registration-imports/{done['id']}").raise_for_status().json()
            seen.add(done["counts"]["waiting"])
        whole = time.perf_counter() - started
    if done["counts"][verdict] != count:
        raise SystemExit(f"{done['counts']}")
    return Figures(count, answered, whole, memory[-1] - memory[0], len(seen))


def _export(client: httpx.Client, pid: int, count: int) -> Figures:
    with _watched(pid) as memory:
        started = time.perf_counter()
        with client.stream("GET", "/registration-exports/registrations.csv") as answer:
            answered = time.perf_counter() - started
            lines = sum(piece.count(b"\r\n") for piece in answer.raise_for_status().iter_raw())
        whole = time.perf_counter() - started
    if lines != count + 1:
        raise SystemExit(f"{lines} lines")
    return Figures(count, answered, whole, memory[-1] - memory[0], 1)


@contextmanager
def _watched(pid: int) -> Iterator[list[float]]:
    """The resident memory of a process in MB: before, and at its highest until the end of the block."""
    process, over = psutil.Process(pid), threading.Event()
    memory = [process.memory_info().rss / MEGABYTE]

    def watch() -> None:
        highest = memory[0]
        while not over.wait(0.02):
            highest = max(highest, process.memory_info().rss / MEGABYTE)
        memory.append(highest)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield memory
    finally:
        over.set()
        watcher.join()


def _file(name: str, count: int) -> bytes:
    """A file of `count` people, with a motivation of some length each."""
    motivation = "Cultuur hoort in het schoolplan. " * 6
    rows = (
        [
            *("voorbeeld", "", "Noor", "van der", f"Meer {n}", f"{name}{n}@lyceum.example", "0612345678", ""),
            *(f"Lyceum {n}", "Almere", "docent beeldende vorming", motivation),
        ]
        for n in range(count)
    )
    return sheets.write([column.nl for column in COLUMNS], rows)


if __name__ == "__main__":
    main()
