"""The rule of the waiting list, by table and by property."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registrations.seats import Range, Rule, Waiting, next_in_line

PARTNERS = ("fleck", "mocca", "kunst-centraal")


@pytest.mark.parametrize(
    ("line", "taken", "chosen"),
    [
        ("", {}, None),
        ("m1 f1", {}, "f1"),  # fleck is under its minimum of 2
        ("m1 f1", {"fleck": 2}, "m1"),
        ("f1 m1", {"fleck": 2}, "f1"),
        ("f1 m1", {"fleck": 4}, "m1"),  # fleck is at its maximum
        ("f1 f2", {"fleck": 4}, None),
        ("m1 m2", {}, "m1"),  # nobody of fleck waits: its minimum holds no seat
    ],
)
def test_the_next_in_line(line: str, taken: dict[str, int], chosen: str | None) -> None:
    waiting = [Waiting(name, "fleck" if name.startswith("f") else "mocca") for name in line.split()]
    found = next_in_line(waiting, taken, {"fleck": Range(2, 4)})
    assert (found[0].id if found else None) == chosen


def test_whoever_goes_first_does_so_by_a_rule() -> None:
    line = [Waiting("m1", "mocca"), Waiting("f1", "fleck")]
    quotas = {"fleck": Range(2, 4)}
    assert next_in_line(line, {}, quotas) == (line[1], Rule.UNDER_MINIMUM)
    assert next_in_line(line, {"fleck": 2}, quotas) == (line[0], Rule.FIRST_IN_LINE)


@pytest.mark.parametrize(("free", "chosen"), [(1, None), (2, None), (3, "m1")])
def test_a_held_minimum_keeps_its_seats_free(free: int, chosen: str | None) -> None:
    line = [Waiting("m1", "mocca")]
    found = next_in_line(line, {}, {"fleck": Range(2, 4)}, free=free, held=True)
    assert (found[0].id if found else None) == chosen
    assert next_in_line(line, {}, {"fleck": Range(2, 4)}, free=free) == (line[0], Rule.FIRST_IN_LINE)


@given(
    st.lists(st.sampled_from(PARTNERS), max_size=12),
    st.dictionaries(st.sampled_from(PARTNERS), st.integers(0, 5)),
    st.dictionaries(
        st.sampled_from(PARTNERS),
        st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda pair: Range(pair[0], sum(pair))),
    ),
)
def test_whoever_is_chosen_keeps_the_quotas(
    partners: list[str], taken: dict[str, int], quotas: dict[str, Range]
) -> None:
    line = [Waiting(number, partner) for number, partner in enumerate(partners)]
    held = Counter(taken)
    while (found := next_in_line(line, held, quotas)) is not None:
        chosen = found[0]
        before = [one for one in line if one.id < chosen.id]
        limit = quotas.get(chosen.partner)
        assert limit is None or held[chosen.partner] < limit.maximum
        owed = {p for p in set(partners) if p in quotas and held[p] < quotas[p].minimum}
        owed &= {one.partner for one in line}
        assert not owed or chosen.partner in owed
        assert chosen.partner not in {one.partner for one in before}
        held[chosen.partner] += 1
        line.remove(chosen)
    for one in line:
        assert held[one.partner] >= quotas[one.partner].maximum
