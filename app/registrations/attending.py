"""Which sessions stand in somebody's own calendar, and how. Pure: no database, no clock."""

from dataclasses import dataclass
from datetime import datetime

from app.registrations.lifecycle import PARTICIPANT, SEATED, Status
from app.trainings.feed import Certainty


@dataclass(frozen=True)
class Standing:
    """Where a registration stands, where it stood `before` that, and `since` when; None where not known."""

    status: Status
    before: Status | None = None
    since: datetime | None = None

    @property
    def takes_part(self) -> bool:
        """Whether the sessions are theirs to attend."""
        return self.status in PARTICIPANT

    @property
    def left(self) -> bool:
        """Whether there was a seat, and with it sessions in the calendar, and there is none any more."""
        return self.status not in SEATED and self.before in SEATED

    @property
    def changes(self) -> int:
        """Counts up with each step that changes all of the calendar: offered a seat, taking part, gone."""
        return 2 if self.left else 1 if self.takes_part else 0


def certainty(standing: Standing, starts_at: datetime | None, *, cancelled: bool) -> Certainty | None:
    """How a session stands in the calendar; None where it does not.

    Who was offered a seat sees when it would be; who left finds what was still to come cancelled, so that
    calendars let go of it, and keeps what was attended before.
    """
    planned = Certainty.CANCELLED if cancelled else Certainty.CONFIRMED
    if standing.takes_part:
        return planned
    if standing.status is Status.PLACED:
        return Certainty.CANCELLED if cancelled else Certainty.TENTATIVE
    if not standing.left:
        return None
    attended = standing.before in PARTICIPANT and starts_at and standing.since and starts_at < standing.since
    return planned if attended else Certainty.CANCELLED
