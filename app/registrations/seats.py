"""Who on the waiting list gets a seat that fell free. Pure: no database, no clock, no chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Id = TypeVar("Id")


class Rule(StrEnum):
    """Why someone on the waiting list was the next."""

    FIRST_IN_LINE = "first-in-line"  # of those whose partner is under its maximum
    UNDER_MINIMUM = "under-minimum"  # their partner is under its minimum, and goes first


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
    line: Sequence[Waiting[Id]],
    taken: Mapping[str, int],
    quotas: Mapping[str, Range],
    *,
    free: int = 1,
    held: bool = False,
) -> tuple[Waiting[Id], Rule] | None:
    """The first in `line` who may have one of the `free` seats and the rule they come by, or None.

    `taken` counts the seats per partner as they are now. A partner under its minimum goes first;
    a partner at its maximum is passed over; with `held`, seats that an unfilled minimum needs stay free
    (docs/draw-protocol.md, section 6). Of each partner only the first in line matters.
    """
    owed = {
        one.partner
        for one in line
        if one.partner in quotas and taken.get(one.partner, 0) < quotas[one.partner].minimum
    }
    if owed:
        return next((one, Rule.UNDER_MINIMUM) for one in line if one.partner in owed)
    kept = sum(max(quota.minimum - taken.get(partner, 0), 0) for partner, quota in quotas.items())
    if held and free <= kept:
        return None
    for one in line:
        quota = quotas.get(one.partner)
        if quota is None or taken.get(one.partner, 0) < quota.maximum:
            return one, Rule.FIRST_IN_LINE
    return None
