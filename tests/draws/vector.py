"""The fixed test vector: the pilot's numbers, drawn by round 1000 of drand.

`python -m tests.draws.vector > docs/draw-vector.json` writes it, and with `--section` the section about it in
docs/draw-protocol.md; a test compares both with what stands there.
"""

import hashlib
import hmac
import json
import sys
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from app.draws import announcement, beacon, protocol, records, service
from app.draws.models import Draw, DrawStatus
from app.draws.protocol import Candidate, Terms

SIGNATURE = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
ANNOUNCED, RUN = datetime(2023, 8, 23, 14, 30, tzinfo=UTC), datetime(2023, 8, 23, 16, 0, tzinfo=UTC)
PARTNERS = ["fleck"] * 6 + ["kunst-centraal"] * 9 + ["mocca"] * 12
ID = UUID("018a22a1-5c00-7000-8000-000000000001")


def vector() -> bytes:
    """The record of 27 candidates for 20 seats, 2 to 4 of them for Flevoland."""
    candidates = [
        Candidate(hashlib.sha256(f"candidate {number}".encode()).hexdigest()[:16], partner)
        for number, partner in enumerate(PARTNERS, start=1)
    ]
    terms = Terms(seats=20, quotas={"fleck": (2, 4)})
    parts = protocol.groups(candidates, terms)
    source = {
        "kind": "drand",
        "chain": beacon.CHAIN,
        "round": 1000,
        "roundAt": "2023-08-23T15:59:24Z",
    }
    head: dict[str, Any] = {
        "draw": str(ID),
        "edition": "noord-midden-2023",
        "announcedAt": "2023-08-23T14:30:00Z",
        "publishAt": None,
        "beacon": source,
        "earlierDraws": [],
    }
    text = protocol.canonical(protocol.frozen(head, candidates, terms, parts))
    draw = Draw(
        id=ID,
        edition="noord-midden-2023",
        status=DrawStatus.COMPLETED,
        draw_needed=True,
        frozen_list=text.decode(),
        list_hash=protocol.list_hash(text),
        groups=[announcement.group_shown(part) for part in parts],
        shortages=[],
        seats=20,
        beacon=source,
        drawable_at=beacon.time_of(1000),
        announced_at=ANNOUNCED,
        run_at=RUN,
        published_at=RUN,
        withdrawn=[],
    )
    outcome, _ = service.outcome(draw, SIGNATURE_GIVEN)
    draw.outcome = protocol.canonical(outcome).decode()
    return records.public(draw)


def section() -> str:
    """The vector as docs/draw-protocol.md shows it, with the values on the way."""
    record = json.loads(vector())
    frozen, result = record["list"], record["outcome"]
    canonical, hashed = protocol.canonical(frozen), bytes.fromhex(record["listHash"])
    key = protocol.draw_key(bytes.fromhex(result["random"]["randomness"]), hashed)
    number = {one["label"]: one for one in result["lots"]}
    partner = {one["label"]: one["partner"] for one in frozen["candidates"]}
    sums = [protocol.unit(key)]
    for group in record["groups"]:
        sums.append(sums[-1] + Fraction(group["expectedSeats"]))
    rows = [
        f"| {number[label]['lot']} | `{label}` | {partner[label]} | "
        f"`{hmac.digest(key, label.encode(), 'sha256').hex()[:16]}…` | "
        f"{number[label]['outcome']} {number[label]['number']} |"
        for label in number
    ]
    groups = [
        f"| {group['partner']} | {group['candidates']} | {group['chance']} | {group['expectedSeats']} | "
        f"{float(before):.6f} → {float(after):.6f} | {given['seats']} |"
        for group, given, before, after in zip(
            record["groups"], result["seats"], sums, sums[1:], strict=False
        )
    ]
    return "\n".join(
        [
            f"- canonical list: {len(canonical)} bytes, from `{canonical[:56].decode()}` on",
            f"- list hash L: `{hashed.hex()}`",
            f"- signature of round 1000: `{SIGNATURE}`",
            f"- randomness R: `{result['random']['randomness']}`",
            f"- key: `{key.hex()}`",
            f"- HMAC-SHA256(key, `rounding`): `{hmac.digest(key, b'rounding', 'sha256').hex()}`",
            "",
            "| group | candidates | chance | expected seats | running sum from u | seats |",
            "|---|---|---|---|---|---|",
            *groups,
            "",
            "| lot | label | partner | HMAC-SHA256(key, label) | outcome |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


SIGNATURE_GIVEN = {
    "signature": SIGNATURE,
    "value": None,
    "randomness": beacon.randomness(bytes.fromhex(SIGNATURE)).hex(),
}

if __name__ == "__main__":
    sys.stdout.buffer.write(section().encode() if "--section" in sys.argv else vector())
