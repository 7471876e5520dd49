"""Key, order and lots, by table and by property."""

import hashlib
import random
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.draws import protocol
from app.draws.fairness import Carry, Infeasible
from app.draws.protocol import Candidate, Terms
from app.trainings.terms import CarryMode
from tests.draws.vector import section, vector


def test_key_number_and_order_are_fixed_by_random_value_and_list() -> None:
    """Worked out once with another program (openssl kdf and mac), so that a change of method shows."""
    frozen = {"edition": "noord-midden-2021", "seats": 1, "candidates": [["a1", "fleck"], ["b2", "mocca"]]}
    text = protocol.canonical(frozen)
    assert text == b'{"candidates":[["a1","fleck"],["b2","mocca"]],"edition":"noord-midden-2021","seats":1}'
    hashed = protocol.list_hash(text)
    assert hashed.hex() == "8f53354f56d2ca43db1cc5f08aed5923152566b98e1939d79824728616da73ef"
    key = protocol.draw_key(bytes(range(32)), hashed)
    assert key.hex() == "acabb18e6c1a6ad6e24c75ba16ddc60206f3ce69131376320ee4c7abe7baab15"
    assert protocol.unit(key) * 2**256 == 0x8DD81BBF6121B673D79AB6A5F64B66EE89A6E3CB228246F3FB8060530F16EF72
    both = [Candidate("a1", "fleck"), Candidate("b2", "mocca")]
    assert [one.label for one in protocol.in_order(both, key)] == ["b2", "a1"]
    assert protocol.draw_key(bytes(range(32)), hashed, protocol.REHEARSAL) != key


def test_canonical_form_is_that_of_rfc_8785() -> None:
    """The example of RFC 8785, section 3.2.2, as far as texts, whole numbers and literals go."""
    value = {"numbers": [333333333, 4, 0], "string": '€$\x0f\nA\'B"\\\\"/', "literals": [None, True, False]}
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333,4,0],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert protocol.canonical(value).decode() == expected


@st.composite
def draws(draw: st.DrawFn) -> tuple[list[Candidate], Terms]:
    """A list of candidates of up to four partners, and any terms."""
    number = draw(st.integers(1, 30))
    candidates = [
        Candidate(
            hashlib.sha256(bytes([n])).hexdigest()[:16],
            f"partner-{draw(st.integers(0, 3))}",
            carried_over=draw(st.booleans()),
        )
        for n in range(number)
    ]
    quotas = {
        f"partner-{n}": (low, low + draw(st.integers(0, 6)))
        for n in draw(st.sets(st.integers(0, 4)))
        for low in (draw(st.integers(0, 4)),)
    }
    carry = draw(st.sampled_from([Carry(), Carry(CarryMode.PRIORITY), Carry(CarryMode.WEIGHT, 2)]))
    return candidates, Terms(draw(st.integers(0, 30)), quotas, draw(st.booleans()), carry)


@given(draws(), st.binary(min_size=32, max_size=32), st.randoms())
def test_lots_keep_every_quota_and_do_not_depend_on_input_order(
    made: tuple[list[Candidate], Terms], key: bytes, shuffling: random.Random
) -> None:
    candidates, terms = made
    try:
        parts = protocol.groups(candidates, terms)
    except Infeasible:
        return
    lots = protocol.lots(candidates, parts, key, terms.carry)
    turned = list(candidates)
    shuffling.shuffle(turned)
    assert protocol.lots(turned, protocol.groups(turned, terms), key, terms.carry) == lots

    partner = {one.label: one.partner for one in candidates}
    sizes = Counter(partner.values())
    placed = Counter(partner[one.label] for one in lots if one.placed)
    most = {name: min(terms.quotas.get(name, (0, 99))[1], size) for name, size in sizes.items()}
    assert sum(placed.values()) == min(protocol.available(terms, sizes), sum(most.values()))
    for name, size in sizes.items():
        assert min(terms.quotas.get(name, (0, 99))[0], size) <= placed[name] <= most[name]
    assert [one.lot for one in lots] == list(range(1, len(candidates) + 1))
    assert [one.number for one in lots if one.placed] == list(range(1, sum(placed.values()) + 1))
    waiting = sorted(one.number or 0 for one in lots if not one.placed)
    assert waiting == list(range(1, len(waiting) + 1))


@given(st.binary(min_size=32, max_size=32))
def test_with_priority_the_waiting_list_begins_with_those_carried_over(key: bytes) -> None:
    candidates = [Candidate(f"{n:016x}", "mocca", carried_over=n < 6) for n in range(12)]
    terms = Terms(3, {}, carry=Carry(CarryMode.PRIORITY))
    lots = protocol.lots(candidates, protocol.groups(candidates, terms), key, terms.carry)
    carried = {one.label for one in candidates if one.carried_over}
    assert {one.label for one in lots if one.placed} <= carried
    assert {one.label for one in lots if not one.placed and (one.number or 0) <= 3} <= carried


def test_shortages_are_released_or_held() -> None:
    candidates = [Candidate(f"{n:016x}", "mocca") for n in range(5)]
    quotas = {"fleck": (2, 4), "mocca": (1, 9)}
    for held, chance in ((False, "4/5"), (True, "2/5")):
        terms = Terms(4, quotas, held=held)
        assert protocol.shortages(terms, Counter(one.partner for one in candidates)) == {"fleck": 2}
        assert [str(part.chance) for part in protocol.groups(candidates, terms)] == [chance]


def test_the_fixed_vector_is_what_the_protocol_makes_of_it() -> None:
    assert vector() == Path("docs/draw-vector.json").read_bytes()
    assert section() in Path("docs/draw-protocol.md").read_text(encoding="utf-8")
