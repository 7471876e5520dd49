"""How the API holds out: starting, memory after very many requests, and several processes side by side."""

import time
from concurrent import futures
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import psutil

from bench import servers
from bench.measuring import cpu, load, request
from bench.prepare import Prepared

REQUESTS = 100_000
PROCESSES = 4


@dataclass(frozen=True)
class Staying:
    """What was seen; rates are requests per second, by how many processes served them."""

    first_answer: tuple[float, float]  # seconds, and the CPU seconds of the process until then
    megabytes: list[tuple[int, float]]  # after so many requests
    rates: dict[int, float]


def measure(url: str, folder: str, prepared: Prepared, requests: int = REQUESTS) -> Staying:
    """All three, on the database at `url`."""
    return Staying(
        _first_answer(url, folder),
        _memory(url, folder, prepared, requests),
        _side_by_side(url, folder, prepared),
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


def _memory(url: str, folder: str, prepared: Prepared, requests: int) -> list[tuple[int, float]]:
    """The resident memory of one process, in steps of a tenth of so many requests."""
    with servers.application(url, folder, WORKER="false") as (port, process):
        job = (
            [
                request("GET", f"/v1/registrations/{one}", servers.token(port, prepared.partner))
                for one in prepared.registrations
            ],
            200,
        )
        found = [(0, psutil.Process(process.pid).memory_info().rss / 2**20)]
        for _ in range(10):
            count = int(load(job, port, 0, at_least=requests // 10)["count"])
            found.append((found[-1][0] + count, psutil.Process(process.pid).memory_info().rss / 2**20))
    return found


def _side_by_side(url: str, folder: str, prepared: Prepared) -> dict[int, float]:
    """Requests a second of one process, and of several on ports of their own, each with a client of its own."""
    rates = {}
    for count in (1, PROCESSES):
        with ExitStack() as stack:
            ports = [
                stack.enter_context(servers.application(url, folder, WORKER="false"))[0] for _ in range(count)
            ]
            token = servers.token(ports[0], prepared.partner)
            job = [request("GET", f"/v1/registrations/{one}", token) for one in prepared.registrations], 200
            with futures.ThreadPoolExecutor(count) as clients:
                work = [clients.submit(load, job, port, 4.0, connections=16 // count) for port in ports]
                rates[count] = sum(one.result()["rate"] for one in work)
    return rates
