"""Chances and rounding, by property, by table, and against linear programs."""

import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from app.draws.fairness import (
    NO_CARRY,
    Candidates,
    Carry,
    Group,
    Infeasible,
    chances,
    lowered_minimums,
    whole_seats,
)
from app.trainings.terms import CarryMode

CARRIES = [NO_CARRY, Carry(CarryMode.PRIORITY), Carry(CarryMode.WEIGHT, 2), Carry(CarryMode.WEIGHT, 5)]


@st.composite
def partners(draw: st.DrawFn) -> list[Candidates]:
    """Up to five partners with any quotas, some of whose candidates were drawn out before."""
    made = []
    for number in range(draw(st.integers(1, 5))):
        minimum = draw(st.integers(0, 6))
        maximum = draw(st.none() | st.integers(minimum, minimum + 8))
        others, carried = draw(st.integers(0, 9)), draw(st.integers(0, 4))
        made.append(Candidates(f"partner-{number}", others, carried, minimum, maximum))
    return made


def _feasible(made: list[Candidates], seats: int) -> bool:
    return sum(one.least for one in made) <= seats


def _per_partner(groups: list[Group]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for group in groups:
        found[group.partner] = found.get(group.partner, Fraction(0)) + group.expected
    return found


@given(partners(), st.integers(0, 40), st.sampled_from(CARRIES))
def test_chances_keep_total_minimums_and_maximums(made: list[Candidates], seats: int, carry: Carry) -> None:
    if not _feasible(made, seats):
        with pytest.raises(Infeasible) as refused:
            chances(made, seats, carry)
        assert (refused.value.seats, refused.value.wanted) == (seats, sum(one.least for one in made))
        return
    groups = chances(made, seats, carry)
    assert all(0 <= group.chance <= 1 for group in groups)
    assert sum(group.expected for group in groups) == min(seats, sum(one.most for one in made))
    expected = _per_partner(groups)
    assert all(one.least <= expected.get(one.partner, 0) <= one.most for one in made)
    assert sum(group.size for group in groups) == sum(one.size for one in made)


@given(partners(), st.integers(0, 40), st.sampled_from(CARRIES), st.randoms())
def test_chances_do_not_depend_on_the_order_of_input(
    made: list[Candidates], seats: int, carry: Carry, shuffling: random.Random
) -> None:
    if _feasible(made, seats):
        turned = list(made)
        shuffling.shuffle(turned)
        assert chances(turned, seats, carry) == chances(made, seats, carry)


def _random_case(source: random.Random) -> tuple[list[Candidates], int]:
    made = []
    for number in range(source.randint(1, 4)):
        minimum = source.randint(0, 3)
        maximum = source.choice([None, minimum + source.randint(0, 4)])
        made.append(Candidates(f"p{number}", source.randint(0, 4), source.randint(0, 3), minimum, maximum))
    return made, source.randint(sum(one.least for one in made), sum(one.size for one in made) + 1)


class _Program:
    """Leximin by linear programs (HiGHS): one variable per candidate, raised together until each is stuck."""

    def __init__(self, made: list[Candidates], seats: int) -> None:
        self.who = [
            (one.partner, carried)
            for one in made
            for carried, size in ((True, one.carried_over), (False, one.others))
            for _ in range(size)
        ]
        self.total = min(seats, sum(one.most for one in made))
        self.limits = {one.partner: (one.least, one.most) for one in made}

    def _solve(
        self, goal: list[float], rows: list[list[float]], bounds: list[float], fixed: dict[int, float]
    ) -> np.ndarray:
        """Maximise `goal` over the chances and one more variable, t."""
        number = len(self.who)
        for partner, (least, most) in self.limits.items():
            row = [1.0 if one[0] == partner else 0.0 for one in self.who] + [0.0]
            rows, bounds = [*rows, row, [-x for x in row]], [*bounds, most, -least]
        answer = linprog(
            [-x for x in goal],
            A_ub=rows,
            b_ub=bounds,
            A_eq=[[1.0] * number + [0.0]],
            b_eq=[self.total],
            bounds=[(fixed[n], fixed[n]) if n in fixed else (0, 1) for n in range(number)] + [(0, 200)],
            method="highs",
        )
        assert answer.status == 0, answer.message
        found: np.ndarray = answer.x
        return found

    def leximin(self, weights: list[float], among: list[int], fixed: dict[int, float]) -> dict[int, float]:
        """The chances of `among`, whose smallest chance per weight is as large as it can be, and so on."""
        fixed, number = dict(fixed), len(self.who)
        free = [n for n in among if n not in fixed]
        while free:
            rows = [[-1.0 if m == n else 0.0 for m in range(number)] + [weights[n]] for n in free]
            level = self._solve([0.0] * number + [1.0], rows, [0.0] * len(free), fixed)[-1]
            # Whoever cannot be above this level while nobody is below it is settled.
            floor = [[-1.0 if m == n else 0.0 for m in range(number)] + [0.0] for n in free]
            settled = set()
            # One of each group is tried: nothing in a program tells those of one group apart.
            for group, n in {self.who[n]: n for n in free}.items():
                goal = [1.0 if m == n else 0.0 for m in range(number)] + [0.0]
                best = self._solve(goal, floor, [-level * weights[m] + 1e-9 for m in free], fixed)[n]
                if best < level * weights[n] + 1e-6:
                    settled.add(group)
            assert settled
            fixed.update({n: level * weights[n] for n in free if self.who[n] in settled})
            free = [n for n in free if n not in fixed]
        return fixed


def _by_programs(made: list[Candidates], seats: int, carry: Carry) -> dict[tuple[str, bool], float]:
    program = _Program(made, seats)
    everybody = list(range(len(program.who)))
    if carry.mode is CarryMode.PRIORITY:
        first = [n for n in everybody if program.who[n][1]]
        found = program.leximin([1.0] * len(everybody), first, {})
        found = program.leximin([1.0] * len(everybody), everybody, found)
    else:
        weights = [float(carry.weight or 1) if one[1] else 1.0 for one in program.who]
        found = program.leximin(weights, everybody, {})
    return {program.who[n]: chance for n, chance in found.items()}


@pytest.mark.parametrize("carry", CARRIES, ids=lambda carry: f"{carry.mode}-{carry.weight}")
@pytest.mark.parametrize("part", range(5))
def test_chances_equal_those_of_linear_programs(carry: Carry, part: int) -> None:
    """Thousands of random small cases in all: 5 parts of 100 for each of 4 modes."""
    source = random.Random(f"{carry} {part}")
    for _ in range(100):
        made, seats = _random_case(source)
        expected = _by_programs(made, seats, carry)
        for group in chances(made, seats, carry):
            right = expected[group.partner, group.carried_over]
            assert float(group.chance) == pytest.approx(right, abs=1e-5), (made, seats, group)


@given(partners(), st.integers(0, 40), st.sampled_from(CARRIES), st.fractions(0, 1).filter(lambda u: u < 1))
def test_rounding_goes_down_or_up_and_keeps_total_and_quotas(
    made: list[Candidates], seats: int, carry: Carry, u: Fraction
) -> None:
    if not _feasible(made, seats):
        return
    groups = chances(made, seats, carry)
    whole = whole_seats((group.expected for group in groups), u)
    assert sum(whole) == sum(group.expected for group in groups)
    per_partner = dict.fromkeys((one.partner for one in made), 0)
    for group, count in zip(groups, whole, strict=True):
        assert count in (int(group.expected), -int(-group.expected // 1))
        assert 0 <= count <= group.size
        per_partner[group.partner] += count
    assert all(one.least <= per_partner[one.partner] <= one.most for one in made)


@given(partners(), st.integers(0, 40), st.sampled_from(CARRIES))
def test_over_all_rounding_numbers_every_group_gets_what_is_expected(
    made: list[Candidates], seats: int, carry: Carry
) -> None:
    """Integrated exactly: between two fractional parts of the running sums the rounding is constant."""
    if not _feasible(made, seats):
        return
    expected = [group.expected for group in chances(made, seats, carry)]
    edges, running = {Fraction(0), Fraction(1)}, Fraction(0)
    for share in expected:
        running += share
        edges.add(-running % 1)
    total = [Fraction(0)] * len(expected)
    for low, high in pairwise(sorted(edges)):
        for n, count in enumerate(whole_seats(expected, low)):
            assert count == whole_seats(expected, (low + high) / 2)[n]
            total[n] += (high - low) * count
    assert total == expected


def test_the_pilots_chances() -> None:
    """6 candidates from Flevoland (2 to 4 seats) and 21 from elsewhere for 20 seats: at the maximum, 4."""
    made = [Candidates("elsewhere", 21), Candidates("fleck", 6, 0, 2, 4)]
    assert [str(group.chance) for group in chances(made, 20, NO_CARRY)] == ["16/21", "2/3"]


def test_equal_chances_where_the_quotas_leave_room() -> None:
    made = [Candidates("a", 10), Candidates("b", 5), Candidates("c", 12, 0, 1)]
    assert {group.chance for group in chances(made, 20, NO_CARRY)} == {Fraction(20, 27)}


@pytest.mark.parametrize(
    ("carry", "expected"),
    [
        (NO_CARRY, {True: "1/2", False: "1/2"}),
        (Carry(CarryMode.PRIORITY), {True: "1", False: "1/4"}),
        (Carry(CarryMode.WEIGHT, 2), {True: "3/4", False: "3/8"}),  # 4 · 2λ + 8 · λ = 6
    ],
)
def test_what_it_brings_to_have_been_drawn_out(carry: Carry, expected: dict[bool, str]) -> None:
    groups = chances([Candidates("mocca", 8, 4)], 6, carry)
    assert {group.carried_over: str(group.chance) for group in groups} == expected


@pytest.mark.parametrize(
    ("minimums", "excess", "lowered"),
    [([8, 2], 3, [5, 2]), ([4, 4], 2, [3, 3]), ([5, 4, 1], 3, [3, 3, 1]), ([2], 0, [2])],
)
def test_the_smallest_change_that_makes_room_takes_from_the_largest(
    minimums: list[int], excess: int, lowered: list[int]
) -> None:
    assert lowered_minimums(minimums, excess) == lowered
