"""Several API processes compared with one: whether they wait for each other, or for the CPU."""

import asyncio
import threading
from collections.abc import Mapping
from concurrent import futures
from contextlib import ExitStack
from dataclasses import dataclass

import asyncpg
import psutil

from bench import servers
from bench.measuring import CONNECTIONS, Job, load

PROCESSES, SECONDS, EVERY = 4, 6.0, 0.02
HOSTS = ("127.0.0.1", "127.0.0.2")  # as two hosts would have them
# Statements that run, and those of them that wait: for a lock that another holds, and for what is written of the
# log to reach the disk, which those that commit meanwhile wait for together.
WAITING = """
SELECT count(*),
       count(*) FILTER (WHERE wait_event_type IN ('Lock', 'LWLock') AND wait_event <> 'WALWrite'),
       count(*) FILTER (WHERE wait_event_type = 'IO' OR wait_event = 'WALWrite')
  FROM pg_stat_activity
 WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""


@dataclass(frozen=True)
class Side:
    """What so many processes came to: requests a second, and where the time went."""

    work: str
    processes: int
    rate: float
    busy: float  # of all cores
    locked: float  # of the statements that ran, whenever they were looked at
    flushed: float


def measure(url: str, folder: str, jobs: Mapping[str, Job]) -> list[Side]:
    """Each kind of work by one process and by several, which have as many connections together."""
    return [_side(url, folder, work, job, count) for work, job in jobs.items() for count in (1, PROCESSES)]


def _side(url: str, folder: str, work: str, job: Job, count: int) -> Side:
    with ExitStack() as stack:
        hosts = [HOSTS[n % len(HOSTS)] for n in range(count)]
        servings = [servers.application(url, folder, host, WORKER="false") for host in hosts]
        places = [(host, stack.enter_context(one)[0]) for host, one in zip(hosts, servings, strict=True)]
        clients = stack.enter_context(futures.ThreadPoolExecutor(count + 1))

        def loaded(seconds: float) -> float:
            share = CONNECTIONS // count
            loads = [
                clients.submit(load, job, port, seconds, connections=share, host=host)
                for host, port in places
            ]
            return sum(one.result()["rate"] for one in loads)

        loaded(1.0)
        ended = threading.Event()
        watching = clients.submit(asyncio.run, _looked(url, ended))
        before = psutil.cpu_times()
        rate = loaded(SECONDS)
        after = psutil.cpu_times()
        ended.set()
        running, locked, flushed = watching.result()
    idle = (after.idle + after.iowait) - (before.idle + before.iowait)
    spent = sum(after[:8]) - sum(before[:8])
    return Side(work, count, rate, 1 - idle / spent, locked / max(running, 1), flushed / max(running, 1))


async def _looked(url: str, ended: threading.Event) -> tuple[int, int, int]:
    """How many statements ran, waited for a lock and for the disk, all together, until it has ended."""
    found = (0, 0, 0)
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    while not ended.is_set():
        row = await connection.fetchrow(WAITING)
        found = found[0] + row[0], found[1] + row[1], found[2] + row[2]
        await asyncio.sleep(EVERY)
    await connection.close()
    return found
