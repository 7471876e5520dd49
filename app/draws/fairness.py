"""The draw's arithmetic: exact chances, rounding and orders. Pure: no database, no clock, no `random`.

Within the quotas the chances are leximin: the smallest is as large as it can be, then the next
(design, section 6). Everything is exact: fractions, never floats.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class Group:
    """The candidates of one partner, and the seats that these get at least and at most."""

    name: str
    size: int
    minimum: int
    maximum: int

    @property
    def least(self) -> int:
        """The seats it gets at least: no more than it has candidates."""
        return min(self.minimum, self.size)

    @property
    def most(self) -> int:
        """The seats it gets at most."""
        return min(self.maximum, self.size)


class Infeasible(Exception):
    """The minimums together ask for more seats than there are."""

    def __init__(self, wanted: int, seats: int) -> None:
        super().__init__(f"the minimums ask for {wanted} seats and there are {seats}")
        self.wanted, self.seats = wanted, seats


def expected_seats(groups: Sequence[Group], seats: int) -> list[Fraction]:
    """The expected seats of each group: its size times one factor, held between its least and its most.

    The factor is the one at which together they use all `seats`, or all that the maximums let through.
    A candidate's chance is the expected seats of its group divided by the size. Raises Infeasible.
    """
    wanted = sum(group.least for group in groups)
    if wanted > seats:
        raise Infeasible(wanted, seats)
    given = min(seats, sum(group.most for group in groups))
    steps = sorted({Fraction(edge, group.size) for group in groups if group.size for edge in _edges(group)})
    for low, high in zip([Fraction(0), *steps], steps, strict=False):
        if _total(groups, high) >= given:
            return _between(groups, low, high, given)
    return [Fraction(group.least) for group in groups]


def _edges(group: Group) -> tuple[int, int]:
    return group.least, group.most


def _clipped(group: Group, factor: Fraction) -> Fraction:
    return min(max(factor * group.size, Fraction(group.least)), Fraction(group.most))


def _total(groups: Iterable[Group], factor: Fraction) -> Fraction:
    return sum((_clipped(group, factor) for group in groups), Fraction(0))


def _between(groups: Sequence[Group], low: Fraction, high: Fraction, given: int) -> list[Fraction]:
    """The solution on a stretch on which the total grows evenly from `low` to `high`."""
    at_low, at_high = _total(groups, low), _total(groups, high)
    share = (given - at_low) / (at_high - at_low) if at_high > at_low else Fraction(0)
    factor = low + share * (high - low)
    return [_clipped(group, factor) for group in groups]


def whole_seats(expected: Sequence[Fraction], u: Fraction) -> list[int]:
    """Each expectation rounded down or up by systematic sampling with one number 0 <= u < 1.

    The total stays exact and, over u, each group's expectation is kept.
    """
    seats, before, running = [], int(u), u
    for share in expected:
        running += share
        seats.append(int(running) - before)
        before = int(running)
    return seats


def draw_key(seed: bytes, list_hash: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869) over the seed, bound to the frozen list."""
    extracted = hmac.digest(list_hash, seed, "sha256")
    return hmac.digest(extracted, b"cultuurcoordinator draw\x01", "sha256")


def unit(key: bytes) -> Fraction:
    """The one number 0 <= u < 1 of a draw, on 256 bits."""
    return Fraction(int.from_bytes(hmac.digest(key, b"rounding", "sha256")), 2**256)


def in_order(labels: Iterable[str], key: bytes) -> list[str]:
    """The labels in the order of the draw: by HMAC-SHA256 under its key."""
    return sorted(labels, key=lambda label: (hmac.digest(key, label.encode(), "sha256"), label))


def canonical(value: Any) -> bytes:
    """JSON in the one form of RFC 8785, for texts, whole numbers, lists and objects with ASCII names."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def list_hash(frozen: Mapping[str, Any]) -> bytes:
    """SHA-256 of the frozen list in canonical form."""
    return hashlib.sha256(canonical(frozen)).digest()


def allocate(
    candidates: Mapping[str, str], groups: Sequence[Group], seats: int, key: bytes
) -> tuple[list[str], set[str]]:
    """The order of all labels, and those among them who get a seat.

    `candidates` maps labels to group names; the result does not depend on its order.
    """
    order = in_order(candidates, key)
    counts = whole_seats(expected_seats(groups, seats), unit(key))
    winners: set[str] = set()
    for group, count in zip(groups, counts, strict=True):
        winners.update([label for label in order if candidates[label] == group.name][:count])
    return order, winners
