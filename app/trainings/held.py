"""What of a session may still change when attendance was recorded: nothing that contradicts it.

Attendance lies above this feature and is not known here; whoever puts the application together hands in a
`Recorded`, which looks it up.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.problems import Problem
from app.trainings.changes import Snapshot

# What is on record of a session: of each participant the edition and the minutes.
Recorded = Callable[[AsyncSession, UUID], Awaitable[Sequence[tuple[str, int]]]]


class SessionAttended(Problem):
    """The attendance that is on record would no longer be true."""

    status, code = 409, "session-attended"
    title, title_nl = "Attendance is on record", "Er is aanwezigheid vastgelegd"


def require_agreement(
    recorded: Sequence[tuple[str, int]], before: Snapshot, after: Snapshot, now: datetime
) -> None:
    """Raise SessionAttended, telling of how many participants, if the change contradicts what is recorded."""
    if not recorded:
        return
    count = len(recorded)
    if after.starts_at is None:
        raise SessionAttended(
            f"A session that was held keeps its date; attendance on record: {count}.", participants=count
        )
    if after.starts_at > now and after.starts_at != before.starts_at:
        raise SessionAttended(
            f"A session that was held cannot be still to come; attendance on record: {count}.",
            participants=count,
        )
    if more := sum(minutes > after.minutes for _, minutes in recorded):
        raise SessionAttended(
            f"It would count for {after.minutes} minutes; attendance on record of more than that: {more}.",
            participants=more,
        )
    removed = set(before.editions) - set(after.editions)
    if theirs := sum(edition in removed for edition, _ in recorded):
        raise SessionAttended(
            f"It stays with the editions that attended it; attendance on record of those left out: {theirs}.",
            participants=theirs,
        )
