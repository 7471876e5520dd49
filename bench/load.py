"""The load: a bare HTTP/1.1 client on asyncio, in a process of its own. Reads a job on standard input."""

import asyncio
import itertools
import json
import secrets
import sys
import time
from typing import Any

# Replaced in each request by a number of its own, so that every body, and every key, can be another.
PLACE = b"@@@@@@@@@@@@"


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bytes]:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    body = await reader.readexactly(length)
    return int(head[9:12]), body


async def _connection(job: dict[str, Any], requests: "itertools.cycle[bytes]", until: float) -> list[float]:
    reader, writer = await asyncio.open_connection(job["host"], job["port"], limit=2**20)
    taken = []
    while (started := time.perf_counter()) < until or next(_ASKED) < job.get("at_least", 0):
        request = next(requests).replace(PLACE, f"{next(_NUMBERS):012x}".encode())
        status, body = await _exchange(reader, writer, request)
        if status != job["status"]:
            raise SystemExit(f"answered {status} instead of {job['status']}: {body[:300]!r}")
        taken.append(time.perf_counter() - started)
    writer.close()
    return taken


_ASKED = itertools.count()
# From anywhere, so that clients beside each other do not send the same.
_NUMBERS = itertools.count(secrets.randbits(47))


async def run(job: dict[str, Any]) -> dict[str, float]:
    """Requests a second and latencies of `connections` connections during `seconds`."""
    requests = itertools.cycle([text.encode() for text in job["requests"]])
    started = time.perf_counter()
    until = started + job["seconds"]
    work = [_connection(job, requests, until) for _ in range(job["connections"])]
    taken = sorted(itertools.chain.from_iterable(await asyncio.gather(*work)))
    return {
        "count": len(taken),
        "rate": len(taken) / (time.perf_counter() - started),
        "p50": taken[len(taken) // 2] * 1000,
        "p99": taken[len(taken) * 99 // 100] * 1000,
        "busy": time.process_time() / (time.perf_counter() - started),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
