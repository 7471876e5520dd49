"""The life of a registration: which verb may act on which status, and where it leads.

Pure: no database, no clock. The diagram in docs/architecture.md is drawn from MOVES (a test compares them).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where a registration stands."""

    RECEIVED = "received"  # posted by a partner; the form is with the applicant, perhaps once more
    COMPLETE = "complete"  # form returned; takes part in the allocation
    PLACED = "placed"  # has a seat on offer
    WAITLISTED = "waitlisted"
    CONFIRMED = "confirmed"  # accepted the seat: a participant
    CERTIFIED = "certified"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"
    REJECTED = "rejected"
    LAPSED = "lapsed"  # form or answer not given in time


# A seat is held while it is offered, taken and used.
SEATED = frozenset({Status.PLACED, Status.CONFIRMED, Status.CERTIFIED})
PARTICIPANT = frozenset({Status.CONFIRMED, Status.CERTIFIED})
# Who left of their own accord, or simply did not react, may register again.
REOPENED = frozenset({Status.WITHDRAWN, Status.LAPSED})


@dataclass(frozen=True)
class Move:
    """What one verb does: from any of `sources` to `target`."""

    sources: frozenset[Status]
    target: Status


def _move(target: Status, *sources: Status) -> Move:
    return Move(frozenset(sources), target)


_S = Status
MOVES: Mapping[str, Move] = {
    "complete": _move(_S.COMPLETE, _S.RECEIVED),
    "reopen": _move(_S.RECEIVED, _S.COMPLETE),
    "place": _move(_S.PLACED, _S.COMPLETE, _S.WAITLISTED),
    "waitlist": _move(_S.WAITLISTED, _S.COMPLETE),
    "confirm": _move(_S.CONFIRMED, _S.PLACED),
    "decline": _move(_S.DECLINED, _S.PLACED),
    "withdraw": _move(_S.WITHDRAWN, _S.RECEIVED, _S.COMPLETE, _S.WAITLISTED, _S.PLACED, _S.CONFIRMED),
    "reject": _move(_S.REJECTED, _S.RECEIVED, _S.COMPLETE),
    "lapse": _move(_S.LAPSED, _S.RECEIVED, _S.PLACED),
    "certify": _move(_S.CERTIFIED, _S.CONFIRMED),
    "uncertify": _move(_S.CONFIRMED, _S.CERTIFIED),
}


class NotAllowed(Exception):
    """The verb does not apply to this status; `allowed` names the verbs that do."""

    def __init__(self, status: Status, verb: str) -> None:
        super().__init__(f"cannot {verb} a registration that is {status}")
        self.status, self.verb, self.allowed = status, verb, verbs(status)


def verbs(status: Status) -> list[str]:
    """The verbs that apply to `status`, in the order of MOVES."""
    return [verb for verb, move in MOVES.items() if status in move.sources]


def after(status: Status, verb: str) -> Status:
    """The status that `verb` leads to; NotAllowed when it does not apply."""
    if status not in MOVES[verb].sources:
        raise NotAllowed(status, verb)
    return MOVES[verb].target
