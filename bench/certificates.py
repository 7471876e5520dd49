"""Times certificates, in an empty register and in one of 100,000: `python -m bench.certificates`.

Issued over HTTP by a batch, with both credentials, status list and chain; set as PDF; checked by code, by token and
by PDF. Beside the check by code, the floor of `bench/floor.py` on the same rows, between two halves of ours.
"""

import argparse
import asyncio
import base64
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import httpx

from app import migrate
from app.core import embedded
from app.identity.schemas import ClientWithSecret
from app.trainings.terms import Retained
from bench import servers
from bench.draws import filled, planted
from bench.measuring import CONNECTIONS, Figures, load, request

# What else the machine does: the figures are the application's and theirs together.
_OTHERS, _BEGAN = os.getloadavg()[0], time.perf_counter()
# Participants who have done everything, of editions that are measured one after the other.
READY = """
INSERT INTO edition (slug, training, title, region, time_zone, opens_at, closes_at, capacity, seats_taken, waiting, frozen)
SELECT '{edition}', training, 'Certificaten', region, time_zone, '2021-06-01Z', '2021-07-01Z', {count}, {count}, 0, false
  FROM edition WHERE slug = 'voorbeeld';
INSERT INTO session (id, title, mode, starts_at, ends_at, changed_at)
SELECT md5('{edition} session ' || n)::uuid, 'Dag ' || n, 'physical', '2021-10-01Z'::timestamptz + n * interval '7 days',
  '2021-10-01 03:00Z'::timestamptz + n * interval '7 days', '2021-06-01Z' FROM generate_series(1, 8) n;
INSERT INTO session_edition (session, edition)
SELECT md5('{edition} session ' || n)::uuid, '{edition}' FROM generate_series(1, 8) n;
INSERT INTO applicant (id, partner, given_name, family_name_prefix, family_name, email, search_text)
SELECT md5('{edition} applicant ' || n)::uuid, 'fleck', 'Noor', 'van der', 'Meer ' || n, n || '@{edition}.example', ''
  FROM generate_series(1, {count}) n;
INSERT INTO registration (id, edition, partner, applicant, email_key, name_key, school_name, school_city, status, received_at)
SELECT md5('{edition} registration ' || n)::uuid, '{edition}', 'fleck', md5('{edition} applicant ' || n)::uuid,
  n || '@{edition}.example', 'meer ' || n, 'Het Lyceum', 'Almere', 'confirmed', '2021-06-15Z' FROM generate_series(1, {count}) n;
INSERT INTO enrolment_form (registration, token_digest, submitted_at)
SELECT md5('{edition} registration ' || n)::uuid, sha256(('{edition}' || n)::bytea), '2021-06-20Z' FROM generate_series(1, {count}) n;
INSERT INTO attendance (session, registration, presence, channel, minutes, version, recorded_by, recorded_at)
SELECT md5('{edition} session ' || s)::uuid, md5('{edition} registration ' || n)::uuid, 'present', 'in-person', 180, 1, 'bench', '2022-04-01Z'
  FROM generate_series(1, {count}) n, generate_series(1, 8) s;
INSERT INTO progress (registration, phase, verdict, recorded_by, recorded_at)
SELECT md5('{edition} registration ' || n)::uuid, slug, 'passed', 'bench', '2022-04-01Z' FROM generate_series(1, {count}) n, phase;
INSERT INTO product (registration, title, kind, approved)
SELECT md5('{edition} registration ' || n)::uuid, 'Cultuurbeleidsplan ' || n, 'policy-plan', true FROM generate_series(1, {count}) n;
"""
# Certificates of earlier years: as many rows as a large register has.
EARLIER = """
INSERT INTO status_list (id, used, credential, signed_at) VALUES (1001, 65536, '{{}}', now()), (1002, 34464, '{{}}', now());
INSERT INTO edition (slug, training, title, region, time_zone, opens_at, closes_at, capacity, seats_taken, waiting, frozen)
SELECT 'earlier', training, 'Eerder', region, time_zone, '2011-06-01Z', '2011-07-01Z', {size}, {size}, 0, false
  FROM edition WHERE slug = 'voorbeeld';
INSERT INTO applicant (id, partner, given_name, family_name, email, search_text)
SELECT md5('earlier applicant ' || n)::uuid, 'fleck', 'Noor', 'Meer ' || n, n || '@earlier.example', '' FROM generate_series(1, {size}) n;
INSERT INTO registration (id, edition, partner, applicant, email_key, name_key, school_name, school_city, status, received_at)
SELECT md5('earlier registration ' || n)::uuid, 'earlier', 'fleck', md5('earlier applicant ' || n)::uuid,
  n || '@earlier.example', 'meer ' || n, 'Het Lyceum', 'Almere', 'certified', '2011-06-15Z' FROM generate_series(1, {size}) n;
INSERT INTO certificate (number, code, code_digest, registration, status, issued_at, issued_on, issuer, holder_name,
  training_title, edition_title, contact_minutes, study_load_hours, product_title, sessions, phases, credential,
  credential_jwt, status_list, status_index)
SELECT 'CCVO-2012-' || lpad(n::text, 6, '0'), md5('code ' || n), sha256(md5('code ' || n)::bytea),
  md5('earlier registration ' || n)::uuid, 'valid', '2012-04-20Z', '2012-04-20', 'LKCA', 'Noor Meer ' || n, 'Cultuurcoördinator',
  'Eerder', 1260, 40, 'Plan', '[]', '[]', '{{}}', 'x', 1001 + (n - 1) / 65536, 2 * ((n - 1) % 65536)
  FROM generate_series(1, {size}) n;
INSERT INTO register_entry (number, kind, commitment, previous, hash, at)
SELECT last + n, 'issued', sha256('c'::bytea || n::text::bytea), sha256('h'::bytea || (n - 1)::text::bytea),
  sha256('h'::bytea || n::text::bytea), '2012-04-20Z'
  FROM generate_series(1, {size}) n, (SELECT coalesce(max(number), 0) last FROM register_entry) earlier;
INSERT INTO register_salt (entry, certificate, salt)
SELECT number, 'CCVO-2012-' || lpad((number - (SELECT max(number) - {size} FROM register_entry))::text, 6, '0'), commitment
  FROM register_entry WHERE at = '2012-04-20Z';
"""
# All of it was long ago, and would have served: the background work, which runs meanwhile, would erase it.
KEPT = f"UPDATE edition SET retention = '{json.dumps({term.value: 1200 for term in Retained})}'"


def main() -> None:
    """Measure, print, and fail when something was not done."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer certificates, in about a minute")
    quick = options.parse_args().quick
    count, size, seconds = (100, 10_000, 2.0) if quick else (500, 100_000, 10.0)
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as server:
        migrate.upgrade(server.url)
        clients = asyncio.run(planted(server.url))
        certifier = next(one for one in clients if one.role == "certifier")
        rows = [("empty", _measure(server.url, folder, certifier, "first", count, seconds))]
        _tell(f"{size:,} certificates of earlier years")
        asyncio.run(filled(server.url, EARLIER.format(size=size), KEPT, "VACUUM ANALYZE", "SELECT 1"))
        rows.append((f"of {size:,}", _measure(server.url, folder, certifier, "second", count, seconds)))
        version = asyncio.run(filled(server.url, "SHOW server_version"))
    _print(rows, version, count)


def _tell(what: str) -> None:
    """Where it is, for who waits; the figures alone go to standard output."""
    print(f"{time.perf_counter() - _BEGAN:4.0f} s: {what}", file=sys.stderr, flush=True)


def _print(rows: list[tuple[str, Figures]], version: str, count: int) -> None:
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL {version}, 1 worker, "
        f"{CONNECTIONS} connections, {count} certificates, load average {os.getloadavg()[0]:.1f} "
        f"({_OTHERS:.1f} before it began)\n"
    )
    print(
        "| register | issued, /s | PDF, /s | both, /s | by code, /s | its floor, /s | ratio | by token, /s | by PDF, /s |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, one in rows:
        both = 1 / (1 / one["issued"] + 1 / one["pdf"])
        rates = (one["issued"], one["pdf"], both, one["code"], one["floor"])
        checks = f"{one['code'] / one['floor']:.2f} | {one['token']:.0f} | {one['file']:.0f}"
        print(f"| {name} | {' | '.join(f'{rate:.0f}' for rate in rates)} | {checks} |")


def _measure(
    url: str, folder: str, certifier: ClientWithSecret, edition: str, count: int, seconds: float
) -> Figures:
    _tell(f"{count} participants who are ready")
    asyncio.run(filled(url, READY.format(edition=edition, count=count), KEPT, "VACUUM ANALYZE", "SELECT 1"))
    with servers.application(url, folder, WORKER_SECONDS="0.05") as (port, _):
        token = servers.token(port, certifier)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=60
        ) as client:
            _tell("their certificates")
            issued = _issued(client, edition, count)
            numbers, codes, tokens = asyncio.run(_made(url, edition))
            files = [
                base64.b64encode(
                    client.get(f"/v1/certificates/{one}/pdf").raise_for_status().content
                ).decode()
                for one in numbers[:20]
            ]
        pdfs = [request("GET", f"/v1/certificates/{number}/pdf", token) for number in numbers]
        by_code = [request("GET", f"/v1/verifications/{code}") for code in codes]
        by_token = [request("POST", "/v1/verifications", "", {"credential": one}) for one in tokens]
        by_file = [request("POST", "/v1/verifications", "", {"pdf": one}) for one in files]

        def rate(jobs: list[str], at: int = port, lasts: float = seconds) -> float:
            return load((jobs, 200), at, lasts)["rate"]

        _tell("checks and PDFs")
        with servers.floor(url) as (floor, _):
            half = seconds / 2
            rate(by_code, floor, half)  # warm
            around = rate(by_code, lasts=half), rate(by_code, floor), rate(by_code, lasts=half)
        return {
            "issued": issued,
            "pdf": rate(pdfs),
            "code": (around[0] + around[2]) / 2,
            "floor": around[1],
            "token": rate(by_token),
            "file": rate(by_file),
        }


def _issued(client: httpx.Client, edition: str, count: int) -> float:
    """Certificates a second, from the request for all of them until the last is there."""
    started = time.perf_counter()
    batch = client.post("/v1/certificate-batches", json={"edition": edition}).raise_for_status().json()
    while batch["status"] != "done":
        time.sleep(0.05)
        batch = client.get(f"/v1/certificate-batches/{batch['id']}").raise_for_status().json()
    if batch["counts"]["issued"] != count:
        raise SystemExit(json.dumps(batch))
    return count / (time.perf_counter() - started)


async def _made(url: str, edition: str) -> tuple[list[str], list[str], list[str]]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    rows = await connection.fetch(
        "SELECT number, code, credential_jwt FROM certificate c JOIN registration r ON r.id = c.registration"
        " WHERE r.edition = $1 LIMIT 500",
        edition,
    )
    await connection.close()
    numbers, codes, tokens = zip(*((row[0], row[1], row[2]) for row in rows), strict=True)
    return list(numbers), list(codes), list(tokens)


if __name__ == "__main__":
    main()
