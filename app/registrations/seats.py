"""Who on the waiting list gets a seat that fell free. Pure: no database, no clock, no chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Id = TypeVar("Id")


@dataclass(frozen=True)
class Range:
    """The seats that a partner gets at least and at most."""

    minimum: int
    maximum: int


@dataclass(frozen=True)
class Waiting(Generic[Id]):
    """Someone on the waiting list, with the partner that they came through."""

    id: Id
    partner: str


def next_in_line(
    line: Sequence[Waiting[Id]], taken: Mapping[str, int], quotas: Mapping[str, Range]
) -> Waiting[Id] | None:
    """The first in `line` who may have a seat, or None.

    `taken` counts the seats per partner as they are now. A partner under its minimum goes first;
    a partner at its maximum is passed over (the waiting list of the draw, design section 6).
    """
    owed = {
        one.partner
        for one in line
        if one.partner in quotas and taken.get(one.partner, 0) < quotas[one.partner].minimum
    }
    for one in line:
        quota = quotas.get(one.partner)
        has_room = quota is None or taken.get(one.partner, 0) < quota.maximum
        if has_room and (one.partner in owed or not owed):
            return one
    return None
