"""Chances that are as equal as the quotas allow, and their rounding to whole seats.

Pure and exact: fractions, never floats; no database, no clock, no `random`. The rules are those of
docs/draw-protocol.md, sections 3 and 5.3. Leximin: the smallest chance is as large as it can be, then the
next. With extra weight the same holds for chances divided by weights; with priority, first for those who
were carried over, then for the others.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from app.trainings.terms import CarryMode

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Carry:
    """The mode, and for `weight` how many times the chance of others."""

    mode: CarryMode = CarryMode.NONE
    weight: int | None = None


NO_CARRY = Carry()


@dataclass(frozen=True)
class Candidates:
    """The candidates of one partner, and the seats that these get at least and at most (None: no limit)."""

    partner: str
    others: int
    carried_over: int = 0
    minimum: int = 0
    maximum: int | None = None

    @property
    def size(self) -> int:
        """All its candidates."""
        return self.others + self.carried_over

    @property
    def least(self) -> int:
        """The seats that they get at least: no more than there are of them."""
        return min(self.minimum, self.size)

    @property
    def most(self) -> int:
        """The seats that they get at most."""
        return self.size if self.maximum is None else min(self.maximum, self.size)


@dataclass(frozen=True)
class Group:
    """Candidates who have the same chance: those of one partner, carried over or not."""

    partner: str
    carried_over: bool
    size: int
    chance: Fraction

    @property
    def expected(self) -> Fraction:
        """The seats that they get on average."""
        return self.chance * self.size


class Infeasible(Exception):
    """The minimums together ask for more seats than there are."""

    def __init__(self, wanted: int, seats: int) -> None:
        super().__init__(f"the minimums ask for {wanted} seats and there are {seats}")
        self.wanted, self.seats = wanted, seats


@dataclass(frozen=True)
class _Pool:
    """Candidates in (weight, number) parts, who together get from `least` to `most` seats."""

    parts: tuple[tuple[int, int], ...]
    least: Fraction
    most: Fraction

    def at(self, factor: Fraction) -> Fraction:
        """The seats that a factor asks for: each chance is the factor times the weight, at most 1."""
        return sum((number * min(ONE, factor * weight) for weight, number in self.parts), ZERO)

    def clipped(self, factor: Fraction) -> Fraction:
        return min(max(self.at(factor), self.least), self.most)

    def factor(self, seats: Fraction) -> Fraction:
        """The smallest factor that asks for `seats`, which are at most its candidates."""
        sure = ZERO
        for place, (weight, number) in enumerate(self.parts):  # the heaviest are the first to be sure
            rest = sum(other * count for other, count in self.parts[place:])
            factor = (seats - sure) / rest if rest else ZERO
            if factor * weight <= 1:
                return factor
            sure += number
        return ONE

    def edges(self) -> Iterable[Fraction]:
        """Where its clipped seats change their slope."""
        return (
            self.factor(self.least),
            self.factor(self.most),
            *(Fraction(1, weight) for weight, _ in self.parts),
        )


def chances(parties: Sequence[Candidates], seats: int, carry: Carry) -> list[Group]:
    """Everybody's chance of one of `seats`: a group per partner, and one for those carried over.

    By partner, those carried over first; groups without candidates are left out. The chances add up to
    all `seats`, or to all that the maximums let through. Raises Infeasible.
    """
    ordered = sorted(parties, key=lambda one: one.partner)
    wanted = sum(one.least for one in ordered)
    if wanted > seats:
        raise Infeasible(wanted, seats)
    if carry.mode is CarryMode.PRIORITY:
        both = _by_priority(ordered, seats)
    else:
        both = _by_weight(ordered, seats, carry.weight or 1)
    return [
        Group(one.partner, carried_over, size, chance)
        for one, (first, second) in zip(ordered, both, strict=True)
        for carried_over, size, chance in ((True, one.carried_over, first), (False, one.others, second))
        if size
    ]


def _by_weight(parties: Sequence[Candidates], seats: int, weight: int) -> list[tuple[Fraction, Fraction]]:
    """Per partner the chances of those carried over and of the others."""
    pools = [
        _Pool(
            tuple((heft, n) for heft, n in ((weight, one.carried_over), (1, one.others)) if n),
            Fraction(one.least),
            Fraction(one.most),
        )
        for one in parties
    ]
    factors = [pool.factor(share) for pool, share in zip(pools, _shares(pools, Fraction(seats)), strict=True)]
    return [(min(ONE, factor * weight), min(ONE, factor)) for factor in factors]


def _by_priority(parties: Sequence[Candidates], seats: int) -> list[tuple[Fraction, Fraction]]:
    """The same, where those carried over come first; a minimum beyond them is kept for the others."""
    kept = sum(max(one.least - one.carried_over, 0) for one in parties)
    first = [
        _plain(one.carried_over, min(one.least, one.carried_over), min(one.most, one.carried_over))
        for one in parties
    ]
    early = _shares(first, Fraction(seats - kept))
    second = [
        _plain(one.others, max(one.least - share, ZERO), min(one.most - share, Fraction(one.others)))
        for one, share in zip(parties, early, strict=True)
    ]
    late = _shares(second, seats - sum(early, ZERO))
    return [
        (share / (one.carried_over or 1), rest / (one.others or 1))
        for one, share, rest in zip(parties, early, late, strict=True)
    ]


def _plain(number: int, least: Fraction | int, most: Fraction | int) -> _Pool:
    return _Pool(((1, number),) if number else (), Fraction(least), Fraction(most))


def _shares(pools: Sequence[_Pool], seats: Fraction) -> list[Fraction]:
    """The expected seats of each pool: one factor for all, at which they use all seats that they may."""
    given = min(seats, sum((pool.most for pool in pools), ZERO))
    edges = sorted({edge for pool in pools for edge in pool.edges()} | {ZERO})
    place = bisect_left(edges, given, key=lambda factor: _total(pools, factor))
    high = edges[min(place, len(edges) - 1)]
    low = edges[max(place - 1, 0)]
    at_low, at_high = _total(pools, low), _total(pools, high)
    factor = low + (given - at_low) / (at_high - at_low) * (high - low) if at_high > at_low else high
    return [pool.clipped(factor) for pool in pools]


def _total(pools: Iterable[_Pool], factor: Fraction) -> Fraction:
    return sum((pool.clipped(factor) for pool in pools), ZERO)


def whole_seats(expected: Iterable[Fraction], u: Fraction) -> list[int]:
    """Each expectation rounded down or up by systematic sampling with one number 0 <= u < 1.

    The total stays exact, so does that of every run of neighbours (so a partner's quota is kept), and
    over u each group's expectation is kept.
    """
    seats, before, running = [], int(u), u
    for share in expected:
        running += share
        seats.append(int(running) - before)
        before = int(running)
    return seats


def lowered_minimums(minimums: Sequence[int], excess: int) -> list[int]:
    """The minimums, together `excess` lower, the largest first: the smallest change that makes room."""
    lowered = list(minimums)
    for _ in range(excess):
        lowered[lowered.index(max(lowered))] -= 1
    return lowered
