"""Protocol 1 of the draw (docs/draw-protocol.md): the frozen list, its hash, and what a random value gives.

Pure: plain JSON values in and out, no database, no clock, no `random`.
"""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from app.draws.fairness import NO_CARRY, Candidates, Carry, Group, chances, whole_seats
from app.trainings.terms import CarryMode

PROTOCOL = "cultuurcoordinator-draw-1"
DRAW, REHEARSAL = b"cultuurcoordinator draw", b"cultuurcoordinator draw rehearsal"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One registration on the list, under its random label."""

    label: str
    partner: str
    carried_over: bool = False


@dataclass(frozen=True)
class Terms:
    """What a draw goes by: free seats, quotas (partner: minimum, maximum), and what else was decided."""

    seats: int
    quotas: Mapping[str, tuple[int, int]]
    held: bool = False
    carry: Carry = NO_CARRY


@dataclass(frozen=True, slots=True)
class Lot:
    """What the draw gave one candidate; `number` counts the seats, or the places on the waiting list."""

    label: str
    lot: int | None
    placed: bool
    number: int | None


def shortages(terms: Terms, sizes: Mapping[str, int]) -> dict[str, int]:
    """Per partner the seats of its minimum that too few candidates came for."""
    short = {partner: minimum - sizes.get(partner, 0) for partner, (minimum, _) in terms.quotas.items()}
    return {partner: number for partner, number in sorted(short.items()) if number > 0}


def available(terms: Terms, sizes: Mapping[str, int]) -> int:
    """The seats that the candidates can get; seats that a short partner keeps are not among them."""
    return terms.seats - (sum(shortages(terms, sizes).values()) if terms.held else 0)


def groups(candidates: Iterable[Candidate], terms: Terms) -> list[Group]:
    """The chances of the list, per group, in the published order; raises Infeasible."""
    counts = Counter((one.partner, one.carried_over) for one in candidates)
    partners = sorted({partner for partner, _ in counts})
    parties = [
        Candidates(
            partner, counts[partner, False], counts[partner, True], *terms.quotas.get(partner, (0, None))
        )
        for partner in partners
    ]
    sizes = {party.partner: party.size for party in parties}
    return chances(parties, available(terms, sizes), terms.carry)


def frozen(
    head: Mapping[str, Any], candidates: Iterable[Candidate], terms: Terms, parts: Iterable[Group]
) -> Json:
    """The list as it is published and hashed; `head` names draw, edition, times, beacon, earlier draws."""
    chance = {(one.partner, one.carried_over): str(one.chance) for one in parts}
    return {
        **head,
        "protocol": PROTOCOL,
        "seats": terms.seats,
        "quotas": [
            {"organisation": partner, "minimum": minimum, "maximum": maximum}
            for partner, (minimum, maximum) in sorted(terms.quotas.items())
        ],
        "unfilledMinimum": "held" if terms.held else "released",
        "carryOver": {"mode": terms.carry.mode.value, "weight": terms.carry.weight},
        "candidates": [
            {
                "label": one.label,
                "partner": one.partner,
                "carriedOver": one.carried_over,
                "chance": chance[one.partner, one.carried_over],
            }
            for one in sorted(candidates, key=lambda one: one.label)
        ],
    }


def chance_of(shown: Iterable[Mapping[str, Any]], partner: str, *, carried_over: bool) -> str:
    """The chance of a candidate, by the groups of the record.

    Who was carried over is among the others where that brings nothing.
    """
    own = {one["carriedOver"]: one["chance"] for one in shown if one["partner"] == partner}
    return str(own[carried_over and True in own])


def canonical(value: Any) -> bytes:
    """JSON in the one form of RFC 8785, for texts, whole numbers, lists and objects with ASCII names."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def list_hash(canonical_list: bytes) -> bytes:
    """SHA-256 of the list in canonical form."""
    return hashlib.sha256(canonical_list).digest()


def draw_key(randomness: bytes, hashed: bytes, info: bytes = DRAW) -> bytes:
    """HKDF-SHA256 (RFC 5869) over the random value, bound to the list; a rehearsal has another `info`."""
    extracted = hmac.digest(hashed, randomness, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def unit(key: bytes) -> Fraction:
    """The one number 0 <= u < 1 of a draw, on 256 bits."""
    return Fraction(int.from_bytes(hmac.digest(key, b"rounding", "sha256")), 2**256)


def in_order(candidates: Iterable[Candidate], key: bytes) -> list[Candidate]:
    """The candidates in the order of the draw: by HMAC-SHA256 of the label under its key."""
    return sorted(candidates, key=lambda one: (hmac.digest(key, one.label.encode(), "sha256"), one.label))


def seats_of(parts: Sequence[Group], key: bytes) -> list[int]:
    """The whole seats of each group."""
    return whole_seats((group.expected for group in parts), unit(key))


def lots(
    candidates: Sequence[Candidate], parts: Sequence[Group], key: bytes | None, carry: Carry
) -> list[Lot]:
    """What the draw gives everybody, by lot; without a key nothing is drawn and everybody has a seat."""
    if key is None:
        return [Lot(one.label, None, True, None) for one in sorted(candidates, key=lambda one: one.label)]
    left = {
        (group.partner, group.carried_over): count
        for group, count in zip(parts, seats_of(parts, key), strict=True)
    }
    order = in_order(candidates, key)
    placed: dict[str, int] = {}
    waiting: list[Candidate] = []
    for one in order:
        if left[one.partner, one.carried_over]:
            left[one.partner, one.carried_over] -= 1
            placed[one.label] = len(placed) + 1
        else:
            waiting.append(one)
    if carry.mode is CarryMode.PRIORITY:
        waiting.sort(key=lambda one: not one.carried_over)
    queue = {one.label: number for number, one in enumerate(waiting, start=1)}
    return [
        Lot(one.label, lot, one.label in placed, placed.get(one.label) or queue[one.label])
        for lot, one in enumerate(order, start=1)
    ]
