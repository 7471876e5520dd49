"""The draw's arithmetic, by property and by table."""

from collections import Counter
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.draws.fairness import (
    Group,
    Infeasible,
    allocate,
    canonical,
    draw_key,
    expected_seats,
    in_order,
    list_hash,
    unit,
    whole_seats,
)


@st.composite
def groups(draw: st.DrawFn) -> list[Group]:
    """Up to five partners with any quotas."""
    made = []
    for number in range(draw(st.integers(1, 5))):
        minimum = draw(st.integers(0, 6))
        size, maximum = draw(st.integers(0, 12)), minimum + draw(st.integers(0, 8))
        made.append(Group(f"partner-{number}", size, minimum, maximum))
    return made


def _feasible(made: list[Group], seats: int) -> bool:
    return sum(group.least for group in made) <= seats


@given(groups(), st.integers(0, 40))
def test_expected_seats_keep_total_minimums_and_maximums(made: list[Group], seats: int) -> None:
    if not _feasible(made, seats):
        with pytest.raises(Infeasible) as refused:
            expected_seats(made, seats)
        assert (refused.value.seats, refused.value.wanted) == (seats, sum(group.least for group in made))
        return
    expected = expected_seats(made, seats)
    assert sum(expected) == min(seats, sum(group.most for group in made))
    assert all(group.least <= share <= group.most for group, share in zip(made, expected, strict=True))


@given(groups(), st.integers(0, 40))
def test_no_chance_can_be_raised_without_lowering_one_that_is_no_larger(
    made: list[Group], seats: int
) -> None:
    """Leximin for disjoint groups: whoever has less is at the maximum, or who has more at the minimum."""
    if not _feasible(made, seats):
        return
    expected = expected_seats(made, seats)
    shares = [
        (group, share, share / group.size) for group, share in zip(made, expected, strict=True) if group.size
    ]
    for less, less_share, less_chance in shares:
        for more, more_share, more_chance in shares:
            if less_chance < more_chance:
                assert less_share == less.most or more_share == more.least


@given(groups(), st.integers(0, 40), st.fractions(0, 1).filter(lambda u: u < 1))
def test_rounding_goes_down_or_up_and_keeps_the_total(made: list[Group], seats: int, u: Fraction) -> None:
    if not _feasible(made, seats):
        return
    expected = expected_seats(made, seats)
    whole = whole_seats(expected, u)
    assert sum(whole) == sum(expected)
    for group, share, count in zip(made, expected, whole, strict=True):
        assert count in (int(share), -int(-share // 1))
        assert group.least <= count <= group.most


@given(groups(), st.integers(0, 40))
def test_over_all_rounding_numbers_every_group_gets_what_is_expected(made: list[Group], seats: int) -> None:
    """Integrated exactly: between two fractional parts of the running sums the rounding is constant."""
    if not _feasible(made, seats):
        return
    expected = expected_seats(made, seats)
    edges, running = {Fraction(0), Fraction(1)}, Fraction(0)
    for share in expected:
        running += share
        edges.add(-running % 1)
    ordered = sorted(edges)
    total = [Fraction(0)] * len(expected)
    for low, high in pairwise(ordered):
        for n, count in enumerate(whole_seats(expected, low)):
            assert count == whole_seats(expected, (low + high) / 2)[n]
            total[n] += (high - low) * count
    assert total == expected


@given(groups(), st.integers(0, 40), st.binary(min_size=32, max_size=32))
def test_an_allocation_keeps_quotas_and_does_not_depend_on_input_order(
    made: list[Group], seats: int, key: bytes
) -> None:
    if not _feasible(made, seats):
        return
    candidates = {f"{group.name}/{n}": group.name for group in made for n in range(group.size)}
    order, winners = allocate(candidates, made, seats, key)
    counts = Counter(candidates[label] for label in winners)
    assert sorted(order) == sorted(candidates)
    assert len(winners) == min(seats, sum(group.most for group in made))
    assert all(group.least <= counts[group.name] <= group.most for group in made)
    turned = dict(reversed(candidates.items()))
    assert allocate(turned, made, seats, key) == (order, winners)


def test_the_pilots_chances() -> None:
    """6 candidates from Flevoland (2 to 4 seats) and 21 from elsewhere for 20 seats: at the maximum, 4."""
    made = [Group("elsewhere", 21, 0, 21), Group("fleck", 6, 2, 4)]
    assert expected_seats(made, 20) == [Fraction(16), Fraction(4)]


def test_equal_chances_where_the_quotas_leave_room() -> None:
    made = [Group("a", 10, 0, 10), Group("b", 5, 0, 5), Group("c", 12, 1, 12)]
    assert [share / group.size for group, share in zip(made, expected_seats(made, 20), strict=True)] == [
        Fraction(20, 27)
    ] * 3


def test_key_number_and_order_are_fixed_by_seed_and_list() -> None:
    """Worked out once with another program (openssl kdf and mac), so that a change of method shows."""
    frozen = {"edition": "noord-midden-2021", "seats": 1, "candidates": [["a1", "fleck"], ["b2", "mocca"]]}
    assert canonical(frozen) == (
        b'{"candidates":[["a1","fleck"],["b2","mocca"]],"edition":"noord-midden-2021","seats":1}'
    )
    key = draw_key(bytes(range(32)), list_hash(frozen))
    assert list_hash(frozen).hex() == "8f53354f56d2ca43db1cc5f08aed5923152566b98e1939d79824728616da73ef"
    assert key.hex() == "acabb18e6c1a6ad6e24c75ba16ddc60206f3ce69131376320ee4c7abe7baab15"
    assert unit(key) == Fraction(0x8DD81BBF6121B673D79AB6A5F64B66EE89A6E3CB228246F3FB8060530F16EF72, 2**256)
    assert in_order(["a1", "b2"], key) == ["b2", "a1"]
