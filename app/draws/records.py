"""The public record of a draw, as the bytes that are sent.

The frozen list and the outcome are kept as the text that was hashed and computed; putting them into the
record as they are keeps a record of a million candidates cheap, and what is served is what was hashed.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from app.core.values import utc
from app.draws.models import Draw, DrawStatus
from app.draws.protocol import canonical

_SHOWN = (DrawStatus.COMPLETED, DrawStatus.VOID)


def public(draw: Draw) -> bytes:
    """The record as everybody may see it: a result shows when it was published, or voided after the run."""
    return _record(draw, draw.status, draw.outcome if draw.status in _SHOWN else None)


def whole(draw: Draw) -> bytes:
    """The record with its result, for the administrator who ran the draw."""
    return _record(draw, draw.status, draw.outcome)


def rehearsal(draw: Draw, outcome: Mapping[str, Any]) -> bytes:
    """A record that says that it is a rehearsal."""
    return _record(draw, "rehearsal", canonical(outcome).decode())


def _record(draw: Draw, status: str, outcome: str | None) -> bytes:
    shown = None if outcome is None else _with_withdrawn(draw, outcome)
    head: dict[str, Any] = {
        "id": str(draw.id),
        "edition": draw.edition,
        "status": status,
        "drawNeeded": draw.draw_needed,
        "announcedAt": utc(draw.announced_at),
        "drawableAt": utc(draw.drawable_at),
        "publishAt": utc(draw.publish_at) if draw.publish_at else None,
        "runAt": utc(draw.run_at) if draw.run_at else None,
        "publishedAt": utc(draw.published_at) if draw.published_at else None,
        "voidedAt": utc(draw.voided_at) if draw.voided_at else None,
        "voidReason": draw.void_reason,
        "machineChecked": draw.beacon is not None and draw.beacon["kind"] == "drand",
        "groups": draw.groups,
        "shortages": draw.shortages,
        "listHash": draw.list_hash.hex(),
        "outcomeHash": sha256(shown.encode()).hexdigest() if shown else None,
    }
    head["recordHash"] = sha256(canonical(head)).hexdigest()
    opening = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1]
    return f'{opening},"list":{draw.frozen_list},"outcome":{shown or "null"}}}'.encode()


def _with_withdrawn(draw: Draw, outcome: str) -> str:
    """The outcome with those who had left by its publication, which the run could not know."""
    return f'{outcome[:-1]},"withdrawn":{canonical(draw.withdrawn).decode()}}}'
