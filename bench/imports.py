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
                second = _file("b", count)
                asked: list[tuple[str, bytes, dict[str, str], str]] = [
                    ("a file, in part", first, {}, "registered"),
                    ("the same again", first, {}, "present"),
                    ("a dry run", second, {"dryRun": "true"}, "registered"),
                    ("all or nothing", second, {"mode": "all"}, "registered"),
                ]
                steps = [
                    (name, _import(client, process.pid, content, query, verdict, count))
                    for name, content, query, verdict in asked
                ]
                steps.append(("an export", _export(client, process.pid, 2 * count + 300)))
        version = asyncio.run(filled(server.url, "SHOW server_version"))
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL {version}, {count:,} rows\n"
    )
    print(
        "| what | answered, s | whole, s | rows, /s | CPU s of the server | memory grew by, MB | progress seen |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, one in steps:
        rate = f"{one.rows / one.whole:.0f}"
        print(
            f"| {name} | {one.answered:.1f} | {one.whole:.1f} | {rate} | {one.cpu:.1f} | {one.grew:.0f} | {one.seen} |"
        )


@dataclass
class Figures:
    """Seconds until the file was answered and all was done, growth in MB, new progress, the server's CPU seconds."""

    rows: int
    answered: float
    whole: float
    grew: float
    seen: int
    cpu: float


def _import(
    client: httpx.Client, pid: int, content: bytes, query: dict[str, str], verdict: str, count: int
) -> Figures:
    with _watched(pid) as used:
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
    return Figures(count, answered, whole, used.megabytes, len(seen), used.cpu)


def _export(client: httpx.Client, pid: int, count: int) -> Figures:
    with _watched(pid) as used:
        started = time.perf_counter()
        with client.stream("GET", "/registration-exports/registrations.csv") as answer:
            answered = time.perf_counter() - started
            lines = sum(piece.count(b"\r\n") for piece in answer.raise_for_status().iter_raw())
        whole = time.perf_counter() - started
    if lines != count + 1:
        raise SystemExit(f"{lines} lines")
    return Figures(count, answered, whole, used.megabytes, 1, used.cpu)


@dataclass
class Used:
    """What a process took: MB that it had more than before, at most, and seconds of CPU."""

    megabytes: float = 0.0
    cpu: float = 0.0


@contextmanager
def _watched(pid: int) -> Iterator[Used]:
    """What a process takes until the end of the block, when it is known."""
    process, over, used = psutil.Process(pid), threading.Event(), Used()
    before, began = process.memory_info().rss, sum(process.cpu_times()[:2])

    def watch() -> None:
        while not over.wait(0.02):
            used.megabytes = max(used.megabytes, (process.memory_info().rss - before) / MEGABYTE)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield used
    finally:
        over.set()
        watcher.join()
        used.cpu = sum(process.cpu_times()[:2]) - began


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
