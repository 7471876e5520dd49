"""How the API holds out: starting, memory after very many requests, and several processes side by side."""

import time
from dataclasses import dataclass

import httpx
import psutil

from bench import servers, side_by_side
from bench.measuring import Job, cpu, load
from bench.side_by_side import Side

REQUESTS = 100_000


@dataclass(frozen=True)
class Staying:
    """What was seen."""

    first_answer: tuple[float, float]  # seconds, and the CPU seconds of the process until then
    megabytes: list[tuple[int, float]]  # after so many requests
    sides: list[Side]


def measure(url: str, folder: str, read: Job, write: Job, requests: int = REQUESTS) -> Staying:
    """All three, on the database at `url`, with requests that read and that write."""
    return Staying(
        _first_answer(url, folder),
        _memory(url, folder, read, requests),
        side_by_side.measure(url, folder, {"reading one": read, "registering": write}),
    )


def _first_answer(url: str, folder: str) -> tuple[float, float]:
    """From the command to the first answer that asked the database, which is there; the best of three."""
    found = []
    for _ in range(3):
        began = time.perf_counter()
        with servers.application(url, folder, WORKER="false") as (port, process):
            httpx.get(f"http://127.0.0.1:{port}/v1/editions").raise_for_status()
            found.append((time.perf_counter() - began, cpu(process.pid)))
    return min(found)


def _memory(url: str, folder: str, job: Job, requests: int) -> list[tuple[int, float]]:
    """The resident memory of one process, in steps of a tenth of so many requests."""
    with servers.application(url, folder, WORKER="false") as (port, process):
        found = [(0, psutil.Process(process.pid).memory_info().rss / 2**20)]
        for _ in range(10):
            count = int(load(job, port, 0, at_least=requests // 10)["count"])
            found.append((found[-1][0] + count, psutil.Process(process.pid).memory_info().rss / 2**20))
    return found
