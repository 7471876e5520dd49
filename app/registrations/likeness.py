"""Which registrations may be the same person's: a matter for people to decide, never merged by itself.

Pure: no database, no clock.
"""

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class DuplicateVerdict(StrEnum):
    """What was decided about two registrations."""

    DIFFERENT = "different-people"
    SAME = "same-person"


class Ground(StrEnum):
    """Why two registrations look alike."""

    NAME_AND_SCHOOL = "name-and-school"  # in any order of given and family name
    EMAIL = "e-mail"  # the same mailbox: other case, a tag after +, or dots where they do not count


@dataclass(frozen=True, slots=True)
class Person:
    """What a registration says of the person behind it."""

    registration: UUID
    name: str
    email: str
    school: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two registrations that look alike, the older first, and on which grounds."""

    first: UUID
    second: UUID
    grounds: tuple[Ground, ...]


# Mail providers who deliver to one mailbox whatever the dots.
_DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


def mailbox(email: str) -> str:
    """The address without what does not change where it is delivered: case, a +tag, Gmail's dots."""
    local, _, domain = email.casefold().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        return f"{local.replace('.', '')}@{_DOTLESS[domain]}"
    return f"{local}@{domain}"


def words(text: str) -> str:
    """Its words without case, diacritics and punctuation, in alphabetical order."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(sorted(re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)))))


def possible_duplicates(
    people: Iterable[Person], different: Container[tuple[UUID, UUID]] = frozenset()
) -> list[Pair]:
    """Every pair to decide on that looks alike, by registration.

    Of several alike each is paired with the oldest, and with a next one only once it is known from
    `different`, pairs with the older first, that they are not the same person.
    """
    persons: dict[tuple[Ground, str], list[UUID]] = {}
    found: dict[tuple[UUID, UUID], list[Ground]] = {}
    for person in sorted(people, key=lambda one: one.registration):
        for key in _keys(person):
            older = persons.setdefault(key, [])
            for other in older:
                pair = other, person.registration
                found.setdefault(pair, []).append(key[0])
                if pair not in different:
                    break
            else:
                older.append(person.registration)
    return [Pair(first, second, tuple(sorted(grounds))) for (first, second), grounds in sorted(found.items())]


def _keys(person: Person) -> Iterator[tuple[Ground, str]]:
    yield Ground.EMAIL, mailbox(person.email)
    name = words(person.name)
    if name:  # a name of signs alone says nothing
        yield Ground.NAME_AND_SCHOOL, f"{name}|{words(person.school)}"
