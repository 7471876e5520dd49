"""What every measurement of the API shares: a load on a server, its figures, and the CPU that it took."""

import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from bench import wrk

CONNECTIONS = 16
Figures = dict[str, float]
# Requests as they go over the wire, and the status that each must answer.
Job = tuple[list[str], int]


def load(
    job: Job,
    port: int,
    seconds: float,
    *,
    at_least: int = 0,
    connections: int = CONNECTIONS,
    host: str = "127.0.0.1",
) -> Figures:
    """What came of sending requests for so long, and until at least so many were answered.

    By wrk where it is installed and the time is what counts, by a client of our own otherwise.
    """
    requests, status = job
    if wrk.is_here() and not at_least:
        return wrk.run(requests, status, f"http://{host}:{port}", seconds, connections)
    work = {
        "requests": requests,
        "status": status,
        "host": host,
        "port": port,
        "seconds": seconds,
        "at_least": at_least,
        "connections": connections,
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(work).encode(),
        capture_output=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    figures: Figures = json.loads(done.stdout)
    return figures


def compared(
    jobs: Mapping[str, tuple[int, Job]],
    processes: Mapping[int, int],
    folder: str,
    seconds: float,
    rounds: int,
) -> dict[str, Figures]:
    """The medians of interleaved runs of jobs, each at its port; with CPU per request, in microseconds.

    Each is warmed by all of its requests first: what only the first of its kind costs is not what is measured.
    `processes` has the server's process by port; `folder` is the one of the embedded PostgreSQL.
    """
    runs: dict[str, list[Figures]] = {name: [] for name in jobs}
    database = postmaster(folder)
    sent = 0
    for port, job in jobs.values():
        sent += int(load(_from(sent, job), port, seconds / 2, at_least=len(job[0]))["count"])
    for _ in range(rounds):
        for name, (port, job) in jobs.items():
            before = cpu(processes[port]), cpu(database)
            figures = load(_from(sent, job), port, seconds)
            sent += int(figures["count"])
            after = cpu(processes[port]), cpu(database)
            each = 1e6 / figures["count"]
            figures["cpu"] = (after[0] - before[0]) * each
            figures["database"] = (after[1] - before[1]) * each
            runs[name].append(figures)
    return {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]}
        for name, found in runs.items()
    }


def _from(sent: int, job: Job) -> Job:
    """The job from where the one before left off: what it writes is not what is there already."""
    requests, status = job
    turn = sent % len(requests)
    return [*requests[turn:], *requests[:turn]], status


def request(method: str, path: str, token: str = "", body: object = None, **headers: str) -> str:
    """An HTTP request as it goes over the wire; an underscore in a header's name stands for a hyphen."""
    content = json.dumps(body) if body is not None else ""
    heads = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    heads += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if token:
        heads.append(f"Authorization: Bearer {token}")
    if content:
        heads += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*heads, "", content])


def postmaster(folder: str) -> int:
    """The process of the embedded PostgreSQL in `folder`."""
    return int(Path(folder, "postgresql/cluster/postmaster.pid").read_text().split()[0])


def cpu(process_id: int) -> float:
    """The CPU seconds of a process and its children, those that have ended too."""
    process = psutil.Process(process_id)
    total = float(sum(process.cpu_times()[:4]))
    for child in process.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(child.cpu_times()[:2])
    return total


def machine(version: str) -> str:
    """The machine in words, with what else it does meanwhile; nothing that names it."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB of memory, {platform.system()}, "
        f"Python {platform.python_version()}, PostgreSQL {version}, load average {os.getloadavg()[0]:.1f}"
    )
