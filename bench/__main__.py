"""The API against its floor on the same PostgreSQL, how it grows, and how it holds out: one report."""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from app.core import embedded
from bench import growth, report, servers, staying
from bench.load import PLACE
from bench.measuring import Job, compared, machine, request
from bench.prepare import Prepared, grow_to, migrated, prepare

SMALL, LARGE = 10_000, 1_000_000
_BEGAN = time.perf_counter()


def main() -> None:
    """Measure, print, and fail when an answer was not the expected one."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--quick", action="store_true", help="10,000 rows, ratios alone, in under two minutes"
    )
    options.add_argument("--rows", type=int, default=LARGE, help="how many registrations to measure among")
    options.add_argument("--write", action="store_true", help="put tables and plots into docs/performance.md")
    given = options.parse_args()
    rows = SMALL if given.quick else given.rows
    seconds, rounds = (1.0, 3) if given.quick else (4.0, 5)
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as server:
        tell(f"{rows:,} registrations")
        migrated(server.url)
        prepared = asyncio.run(prepare(server.url, SMALL))
        small = asyncio.run(grow_to(server.url, SMALL, rows)) if rows > SMALL else server.url
        found = report.Report(machine(prepared.version), rows)
        wanted = _ratios(found, server.url, folder, prepared, seconds, rounds)
        if not given.quick:
            tell("pages, near and far, of few and of many")
            found.growth = growth.measure(server.url, small, folder, prepared, SMALL, rows, seconds, rounds)
            tell("starting, holding out, several processes")
            register, _, read, *_ = wanted.values()
            found.staying = staying.measure(server.url, folder, read, register)
    text = report.written(found)
    print(text)
    if given.write:
        report.publish(found, text)


def tell(what: str) -> None:
    """Where it is, for who waits; the figures alone go to standard output."""
    print(f"{time.perf_counter() - _BEGAN:4.0f} s: {what}", file=sys.stderr, flush=True)


def _ratios(
    found: report.Report, url: str, folder: str, prepared: Prepared, seconds: float, rounds: int
) -> dict[str, Job]:
    """Every kind of work, on floor and application in turn; gives the requests of each."""
    with ExitStack() as stack:
        floor, bare = stack.enter_context(servers.floor(url))
        # The background work has a process of its own wherever there is a load (docs/operations.md).
        application, process = stack.enter_context(servers.application(url, folder, WORKER="false"))
        processes = {floor: bare.pid, application: process.pid}
        wanted = jobs(prepared, application, found.rows)
        for name, job in wanted.items():
            tell(name)
            jobs_of_both = {"floor": (floor, job), "application": (application, job)}
            both = compared(jobs_of_both, processes, folder, seconds, rounds)
            found.ratios[name] = both["floor"], both["application"]
    return wanted


def jobs(prepared: Prepared, port: int, rows: int) -> dict[str, Job]:
    """The requests of each kind of work, with the status that each must answer."""
    partner, provider = (servers.token(port, one) for one in (prepared.partner, prepared.provider))
    body = {
        "edition": "voorbeeld",
        "applicant": {
            "givenName": "Noor",
            "familyNamePrefix": "van der",
            "familyName": "Meer",
            "email": f"{PLACE.decode()}@lyceum.example",
            "phone": "+31612345678",
        },
        "school": {"name": "Het Lyceum", "city": "Almere"},
        "position": "docent beeldende vorming",
        "motivation": "Cultuur hoort in het schoolplan.",
    }
    register = request("POST", "/v1/registrations", partner, body, Idempotency_Key=PLACE.decode())
    reads = [request("GET", f"/v1/registrations/{one}", partner) for one in prepared.registrations]
    attends = [
        request("PUT", f"/v1/sessions/{prepared.session}/attendance/{one}", provider, {"minutes": minutes})
        for minutes in (180, 120)
        for one in prepared.registrations
    ]
    check = request("GET", "/v1/verifications/abcdefghijklmnopqrstuvwxyz")
    return {
        "POST /v1/registrations": ([register], 201),
        f"GET /v1/registrations (50 of {rows:,})": (
            [request("GET", "/v1/registrations?limit=50", partner)],
            200,
        ),
        "GET /v1/registrations/{id}": (reads, 200),
        "PUT one attendance": (attends, 200),
        "GET /v1/verifications/{code}": ([check], 200),
    }


if __name__ == "__main__":
    main()
