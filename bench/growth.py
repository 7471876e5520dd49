"""How reading a page grows: with how far in it is, and with how many registrations there are."""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import asyncpg

from app.core.paging import Window
from bench import servers
from bench.measuring import Figures, Job, compared, request
from bench.prepare import Prepared

PATH, LIMIT = "/v1/registrations", 50
_KEY = """SELECT received_at, id::text FROM registration WHERE partner = 'fleck'
 ORDER BY received_at, id OFFSET {offset} LIMIT 1"""


@dataclass(frozen=True)
class Page:
    """One page that was measured: which, among how many registrations, and what came of it."""

    number: int
    rows: int
    figures: Figures


def measure(
    url: str, small: str, folder: str, prepared: Prepared, few: int, many: int, seconds: float, rounds: int
) -> list[Page]:
    """The first page of few and of many registrations, and a far page of many."""
    far = min(10_000, many // LIMIT - 1)
    with ExitStack() as stack:
        large_port, large = stack.enter_context(servers.application(url, folder, WORKER="false"))
        small_port, little = stack.enter_context(servers.application(small, folder, WORKER="false"))
        processes = {large_port: large.pid, small_port: little.pid}
        token = servers.token(large_port, prepared.partner)
        first = ([request("GET", f"{PATH}?limit={LIMIT}", token)], 200)
        last = _far(url, token, far)
        jobs = {
            "first of few": (small_port, first),
            "first of many": (large_port, first),
            "far": (large_port, last),
        }
        found = compared(jobs, processes, folder, seconds, rounds)
    return [
        Page(1, few, found["first of few"]),
        Page(1, many, found["first of many"]),
        Page(far, many, found["far"]),
    ]


def _far(url: str, token: str, number: int) -> Job:
    """The request of page `number`, by the cursor that the page before it gives."""

    async def last_before() -> tuple[object, str]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        row = await connection.fetchrow(_KEY.format(offset=(number - 1) * LIMIT - 1))
        await connection.close()
        return row[0].isoformat(), row[1]

    received_at, id = asyncio.run(last_before())
    cursor = Window(LIMIT, of=urlencode([("", PATH)])).cursor_at(f"{received_at} {id}")
    return [request("GET", f"{PATH}?limit={LIMIT}&cursor={quote(cursor)}", token)], 200
