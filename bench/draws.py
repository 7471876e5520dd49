"""Times the draw and weighs its memory, from a hundred candidates to a million: `python -m bench.draws`.

Each step is one HTTP request to a server that was started for it, on PostgreSQL, so that the peak of the
server's memory is the step's; the last step is verify_draw.py as people run it, on the record as served.
"""

import argparse
import asyncio
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx

from app import migrate, seed
from app.core import embedded
from app.core.database import Database
from app.identity.caller import Role
from app.identity.schemas import ClientWithSecret
from bench import servers
from bench.measuring import cpu, postmaster

SIZES, QUICK = (100, 10_000, 1_000_000), (100, 1_000, 10_000)
# Round 1000 of drand came at 15:59:24 UTC.
IN_TIME, LATE = "2023-08-23T14:30:00+00:00", "2023-08-23T16:00:00+00:00"
SIGNATURE = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
VERIFIER = Path("app/draws/verify_draw.py")
HOUR = 3600.0
# The pilot's proportions: 6, 9 and 12 candidates for 20 seats, of which 2 to 4 for one partner.
FILL = """
DROP INDEX ix_applicant_search;
SET maintenance_work_mem = '1GB';
INSERT INTO edition (slug, training, title, region, time_zone, opens_at, closes_at, answer_days, capacity,
  seats_taken, waiting, frozen)
SELECT '{edition}', training, 'Loting', region, time_zone, '2023-06-01Z', '2023-08-01Z', 14, {size} * 20 / 27,
  0, 0, false FROM edition WHERE slug = 'voorbeeld';
INSERT INTO quota (edition, organisation, minimum, maximum) VALUES ('{edition}', 'fleck', {size} * 2 / 27, {size} * 4 / 27);
CREATE TEMPORARY TABLE candidate AS
SELECT n, gen_random_uuid() AS applicant, gen_random_uuid() AS registration, 'docent' || n || '@school.example' AS email,
  (ARRAY['fleck', 'fleck', 'kunst-centraal', 'kunst-centraal', 'kunst-centraal', 'mocca', 'mocca', 'mocca', 'mocca'])[n % 9 + 1]
    AS partner, 'Noor' || n AS given, 'Meer' || n AS family, 'School ' || n % 1000 AS school
  FROM generate_series(1, {size}) n;
INSERT INTO applicant (id, partner, given_name, family_name_prefix, family_name, email, phone, search_text)
SELECT applicant, partner, given, 'van der', family, email, '+31612345678',
  lower(concat_ws(E'\\n', given, 'van der', family, email, school, 'Almere')) FROM candidate;
INSERT INTO registration (id, edition, partner, applicant, email_key, name_key, school_name, school_city,
  position, motivation, status, received_at)
SELECT registration, '{edition}', partner, applicant, email, lower(family || E'\\t' || given), school, 'Almere',
  'docent beeldende vorming', 'Cultuur hoort in het schoolplan.', 'complete', timestamptz '2023-07-01Z' + n * interval '1 second'
  FROM candidate;
INSERT INTO enrolment_form (registration, token_digest, submitted_at, answers)
SELECT registration, sha256(registration::text::bytea), '2023-07-15Z', '{{"subject": "beeldende vorming"}}' FROM candidate;
DROP TABLE candidate;
CREATE INDEX ix_applicant_search ON applicant USING gin (search_grams(search_text));
"""


@dataclass(frozen=True)
class Figure:
    """What one step took."""

    seconds: float
    busy: float  # CPU seconds of the application, or the verifier
    database: float  # CPU seconds of PostgreSQL
    megabytes: float


def main() -> None:
    """Measure, print, and fail when a step did not do its work."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="up to 10,000 candidates, in under a minute")
    sizes = QUICK if options.parse_args().quick else SIZES
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as server:
        migrate.upgrade(server.url)
        clients = asyncio.run(planted(server.url))
        admin = next(one for one in clients if one.role is Role.ADMIN)
        measured = {size: _measure(server.url, folder, admin, size) for size in sizes}
        version = asyncio.run(filled(server.url, "SHOW server_version"))
    _print(measured, version)


async def planted(url: str) -> list[ClientWithSecret]:
    """Seed the migrated, empty database at `url`; gives a client for each part."""
    database, now = Database(url), datetime.now(UTC)
    async with database.transaction() as db:
        await seed.plant(db, now)
        clients = await seed.add_demo_clients(db, now)
    await database.close()
    return clients


async def filled(url: str, *statements: str) -> str:
    """Run statements as they stand; gives the one value of the last."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    for statement in statements[:-1]:
        await connection.execute(statement)
    value = str(await connection.fetchval(statements[-1]))
    await connection.close()
    return value


def _measure(url: str, folder: str, admin: ClientWithSecret, size: int) -> dict[str, Figure]:
    """All steps of one draw."""
    edition, record = f"draw-{size}", Path(folder, "record.json")
    found = asyncio.run(
        filled(
            url,
            FILL.format(edition=edition, size=size),
            "VACUUM ANALYZE",
            f"SELECT count(*) FROM registration WHERE edition = '{edition}'",
        )
    )
    if found != str(size):
        raise SystemExit(f"{found} candidates instead of {size}")

    def ask(at: str, method: str, path: str, body: object = None) -> Figure:
        return _asked(url, folder, admin, at, httpx.Request(method, f"http://x{path}", json=body), record)

    figures = {}
    beacon = {"beacon": {"kind": "drand", "round": 1000}}
    figures["announce"] = ask(IN_TIME, "POST", f"/v1/editions/{edition}/draws", beacon)
    draw = asyncio.run(filled(url, f"SELECT id FROM draw WHERE edition = '{edition}'"))
    figures["run"] = ask(LATE, "POST", f"/v1/draws/{draw}/_run", {"signature": SIGNATURE})
    figures["publish"] = ask(LATE, "POST", f"/v1/draws/{draw}/_publish")
    figures["read the record"] = ask(LATE, "GET", f"/v1/draws/{draw}")
    figures["verify"] = _verified(record)
    return figures


def _asked(
    url: str, folder: str, admin: ClientWithSecret, at: str, request: httpx.Request, kept: Path
) -> Figure:
    """One request to a server of its own, whose clock stands at `at`; its answer goes to the file `kept`."""
    settings = {"AT": at, "ALLOW_AT_WITH_DATABASE_URL": "true", "WORKER": "false"}
    with servers.application(url, folder, **settings) as (port, process):
        request.url = request.url.copy_with(host="127.0.0.1", port=port)
        request.headers.update({"Authorization": f"Bearer {servers.token(port, admin)}", "Host": "127.0.0.1"})
        database = postmaster(folder)
        started, before = time.perf_counter(), (cpu(process.pid), cpu(database))
        with httpx.Client(timeout=HOUR) as client, kept.open("wb") as file:
            answer = client.send(request, stream=True)
            for part in answer.iter_bytes():
                file.write(part)
        seconds, after = time.perf_counter() - started, (cpu(process.pid), cpu(database))
        process.terminate()
        _, peak = _ended(process)
    if not answer.is_success:
        raise SystemExit(
            f"{request.method} {request.url.path}: {answer.status_code} {kept.read_text()[:500]}"
        )
    return Figure(seconds, after[0] - before[0], after[1] - before[1], peak)


def _verified(record: Path) -> Figure:
    """The verifier, in a process of its own."""
    started = time.perf_counter()
    command = [sys.executable, str(VERIFIER), "--lang", "en", str(record)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout
    said = process.stdout.read().decode()
    busy, peak = _ended(process)
    if process.returncode or not said.rstrip().endswith("EVERYTHING IS RIGHT"):
        raise SystemExit(said)
    return Figure(time.perf_counter() - started, busy, 0, peak)


def _ended(process: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Wait for a process to end; gives its CPU seconds, and the megabytes that it held at its peak.

    A process begins with the peak of the one that started it: what is less than this one's does not show.
    """
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    return used.ru_utime + used.ru_stime, used.ru_maxrss / unit


def _print(measured: dict[int, dict[str, Figure]], version: str) -> None:
    load = os.getloadavg()[0]
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL {version}, load {load:.1f}\n"
    )
    print(
        "| step | candidates | s | CPU s, application | CPU s, PostgreSQL | peak, MB | CPU per candidate, times |"
    )
    print("|---|---|---|---|---|---|---|")
    for step in measured[min(measured)]:
        before = None
        for size, figures in measured.items():
            one = figures[step]
            each = (one.busy + one.database) / size
            factor = f"{each / before:.2f}" if before else ""
            parts = f"{one.seconds:.2f} | {one.busy:.2f} | {one.database:.2f} | {one.megabytes:.0f}"
            print(f"| {step} | {size:,} | {parts} | {factor} |")
            before = each


if __name__ == "__main__":
    main()
