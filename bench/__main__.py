"""Runs floor and application in turn, on the same PostgreSQL, and prints one table of ratios."""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from app.core import embedded
from bench import servers
from bench.load import PLACE
from bench.prepare import Prepared, migrated, prepare

CONNECTIONS = 16
Figures = dict[str, float]


def main() -> None:
    """Measure, print, and fail when an answer was not the expected one."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="shorter runs, in under a minute")
    quick = options.parse_args().quick
    seconds, rounds = (1.0, 3) if quick else (4.0, 5)
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as server:
        migrated(server.url)
        prepared = asyncio.run(prepare(server.url))
        with (
            servers.floor(server.url) as floor,
            servers.application(server.url, folder) as (application, _),
        ):
            rows = [
                (name, *_compare(jobs, floor, application, seconds, rounds))
                for name, jobs in _jobs(prepared, application).items()
            ]
    _print(rows, prepared.version)


def _compare(
    job: tuple[list[str], int], floor: int, application: int, seconds: float, rounds: int
) -> tuple[Figures, Figures]:
    """The medians of interleaved runs on both."""
    runs: dict[int, list[Figures]] = {floor: [], application: []}
    for port in (floor, application):
        load(job, port, seconds / 2)  # warm
    for _ in range(rounds):
        for port in (floor, application):
            runs[port].append(load(job, port, seconds))
    low, high = (
        {key: statistics.median(run[key] for run in runs[port]) for key in runs[port][0]}
        for port in (floor, application)
    )
    return low, high


def load(job: tuple[list[str], int], port: int, seconds: float) -> Figures:
    """What came of sending requests that must all answer the given status."""
    requests, status = job
    work = {
        "requests": requests,
        "status": status,
        "port": port,
        "seconds": seconds,
        "connections": CONNECTIONS,
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(work).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    figures: Figures = json.loads(done.stdout)
    return figures


def _jobs(prepared: Prepared, port: int) -> dict[str, tuple[list[str], int]]:
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
    reads = [request("GET", f"/v1/registrations/{one}", partner) for one in prepared.registrations]
    attends = [
        request("PUT", f"/v1/sessions/{prepared.session}/attendance/{one}", provider, {"minutes": minutes})
        for minutes in (180, 120)
        for one in prepared.registrations
    ]
    return {
        "POST /v1/registrations": ([request("POST", "/v1/registrations", partner, body)], 201),
        "GET /v1/registrations (50 of 10,000)": (
            [request("GET", "/v1/registrations?limit=50", partner)],
            200,
        ),
        "GET /v1/registrations/{id}": (reads, 200),
        "PUT one attendance": (attends, 200),
        "GET /v1/verifications/{code}": (
            [request("GET", "/v1/verifications/abcdefghijklmnopqrstuvwxyz")],
            200,
        ),
    }


def request(method: str, path: str, token: str = "", body: object = None) -> str:
    """An HTTP request as it goes over the wire."""
    content = json.dumps(body) if body is not None else ""
    heads = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    if token:
        heads.append(f"Authorization: Bearer {token}")
    if content:
        heads += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*heads, "", content])


def _print(rows: list[tuple[str, Figures, Figures]], version: str) -> None:
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL {version}, 1 worker, "
        f"{CONNECTIONS} connections, load average {os.getloadavg()[0]:.1f}\n"
    )
    print("| work | floor, /s | application, /s | ratio | p50, ms | p99, ms |")
    print("|---|---|---|---|---|---|")
    for name, low, high in rows:
        figures = f"{low['rate']:.0f} | {high['rate']:.0f} | {high['rate'] / low['rate']:.2f}"
        print(f"| {name} | {figures} | {high['p50']:.1f} | {high['p99']:.1f} |")
        if max(low["busy"], high["busy"]) > 0.9:
            print(f"\nThe client was busy for {low['busy']:.0%} on the floor: its figure may be too low.\n")


if __name__ == "__main__":
    main()
