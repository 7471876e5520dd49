"""Which registrations look like the same person's, by table and by property."""

from itertools import combinations
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registrations.likeness import Ground, Pair, Person, mailbox, possible_duplicates, words

LETTERS = st.text("abcdeéëijlmnorstüABÉZ", min_size=1, max_size=6)
PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(("Noor Meer", "Meer, Noor", "Daan Berg")),
        st.sampled_from(("noor@a.example", "noor+1@a.example", "daan@a.example")),
        st.sampled_from(("Het Lyceum", "HET LYCEUM", "De Campus")),
    ),
    max_size=7,
)


def _person(number: int, name: str, email: str, school: str) -> Person:
    return Person(UUID(int=number), name, email, school)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("noor@lyceum.example", "NOOR@Lyceum.Example", True),
        ("noor@lyceum.example", "noor+1@lyceum.example", True),
        ("noor+1@lyceum.example", "noor+school@lyceum.example", True),
        ("noor.meer@gmail.com", "noormeer@gmail.com", True),
        ("noor.meer+1@googlemail.com", "NoorMeer@gmail.com", True),
        ("noor.meer@lyceum.example", "noormeer@lyceum.example", False),
        ("noor@lyceum.example", "noor@campus.example", False),
        ("noor1@lyceum.example", "noor@lyceum.example", False),
        ("noor-1@lyceum.example", "noor@lyceum.example", False),
        ("+1@lyceum.example", "+2@lyceum.example", False),
    ],
)
def test_the_same_mailbox(one: str, other: str, same: bool) -> None:
    assert (mailbox(one) == mailbox(other)) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("Noor van der Meer", "Het Lyceum"), ("noor VAN DER meer", "het  lyceum"), True),
        (("Noor van der Meer", "Het Lyceum"), ("Meer, van der Noor", "Lyceum, Het"), True),
        (("José Müller", "Collège Créteil"), ("Jose\u0301 Muller", "College Creteil"), True),
        (("Jan-Willem Groß", "Sint-Janslyceum"), ("Jan Willem Gross", "Sint Janslyceum"), True),
        (("Ĳsbrand Smit", "Het Lyceum"), ("IJsbrand Smit", "Het Lyceum"), True),
        (("Suharto", "Het Lyceum"), ("SUHARTO", "Het Lyceum"), True),
        (("Noor van der Meer", "Het Lyceum"), ("Noor van der Meer", "De Campus"), False),
        (("Noor van der Meer", "Het Lyceum"), ("Daan van der Meer", "Het Lyceum"), False),
        (("Noor van der Meer", "Het Lyceum"), ("Noor Meer", "Het Lyceum"), False),
        (("Jan Jan", "Het Lyceum"), ("Jan", "Het Lyceum"), False),
        (("Noor Het", "Lyceum"), ("Noor", "Het Lyceum"), False),
        (("☺", "Het Lyceum"), ("☻", "Het Lyceum"), False),
    ],
)
def test_the_same_name_at_the_same_school(one: tuple[str, str], other: tuple[str, str], same: bool) -> None:
    people = [_person(1, one[0], "a@x.example", one[1]), _person(2, other[0], "b@x.example", other[1])]
    expected = [Pair(UUID(int=1), UUID(int=2), (Ground.NAME_AND_SCHOOL,))] if same else []
    assert possible_duplicates(people) == expected


@given(st.lists(LETTERS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_order_case_and_spacing_of_a_name_do_not_matter(parts: list[str], random: Random) -> None:
    shuffled = random.sample(parts, len(parts))
    assert words("  ".join(shuffled).upper()) == words(" ".join(parts))
    assert words(" ".join([*parts, "extra"])) != words(" ".join(parts))


@given(PEOPLE, st.randoms(use_true_random=False))
def test_everybody_who_looks_like_somebody_is_paired_with_the_oldest(
    given_people: list[tuple[str, str, str]], random: Random
) -> None:
    people = [_person(number, *one) for number, one in enumerate(given_people)]
    found = possible_duplicates(random.sample(people, len(people)))
    grounds = {
        Ground.EMAIL: {one.registration: mailbox(one.email) for one in people},
        Ground.NAME_AND_SCHOOL: {
            one.registration: f"{words(one.name)}|{words(one.school)}" for one in people
        },
    }
    expected = set()
    for ground, keys in grounds.items():
        for later, key in keys.items():
            oldest = min(id for id, other in keys.items() if other == key)
            if oldest != later:
                expected.add((oldest, later, ground))
    assert {(one.first, one.second, ground) for one in found for ground in one.grounds} == expected
    assert [(one.first, one.second) for one in found] == sorted({(a, b) for a, b, _ in expected})


@given(PEOPLE, st.randoms(use_true_random=False))
def test_as_long_as_alike_ones_are_different_people_each_pair_of_them_is_asked_about(
    given_people: list[tuple[str, str, str]], random: Random
) -> None:
    people = [_person(number, *one) for number, one in enumerate(given_people)]
    different: set[tuple[UUID, UUID]] = set()
    while asked := {(one.first, one.second) for one in possible_duplicates(people, different)} - different:
        different.add(random.choice(sorted(asked)))
    alike = {(one.first, one.second) for pair in combinations(people, 2) for one in possible_duplicates(pair)}
    assert different == alike
