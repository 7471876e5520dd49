"""What a change of a session comes to: for its event, and for calendars. Pure: no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.values import utc
from app.trainings.terms import SessionStatus


@dataclass(frozen=True)
class Snapshot:
    """A session at one moment, as far as somebody can see it change."""

    title: str
    status: SessionStatus
    starts_at: datetime | None
    ends_at: datetime | None
    mode: str
    minutes: int
    phase: str | None
    place: tuple[str | None, str | None, str | None]  # name, city, address
    travel_note: str | None
    online_url: str | None
    editions: Sequence[str]

    def told(self) -> dict[str, Any]:
        """What an event says of it: no free text, and no address that is not public."""
        return {
            "status": self.status,
            "startsAt": utc(self.starts_at) if self.starts_at else None,
            "endsAt": utc(self.ends_at) if self.ends_at else None,
            "mode": self.mode,
            "city": self.place[1],
            "contactMinutes": self.minutes,
        }

    def members(self) -> dict[str, object]:
        """Its members by their names in the contract."""
        return {
            "title": self.title,
            "startsAt": self.starts_at,
            "endsAt": self.ends_at,
            "mode": self.mode,
            "contactMinutes": self.minutes,
            "phase": self.phase,
            "location": (self.place, self.travel_note),
            "onlineUrl": self.online_url,
            "editions": sorted(self.editions),
        }


def changed_fields(before: Snapshot, after: Snapshot) -> list[str]:
    """The members that really changed, by their names in the contract, sorted."""
    then, now = before.members(), after.members()
    return sorted(name for name in then if then[name] != now[name])


def is_rescheduled(before: Snapshot, after: Snapshot) -> bool:
    """Whether time, place or status changed, so that the copies in calendars are out of date (RFC 5546)."""
    return _when_and_where(before) != _when_and_where(after)


def clashes_anew(before: Snapshot, after: Snapshot) -> bool:
    """Whether a change may make a session overlap with others: by other times, or in another edition."""
    same_times = (before.starts_at, before.ends_at) == (after.starts_at, after.ends_at)
    return after.starts_at is not None and not (same_times and set(after.editions) <= set(before.editions))


def memberships(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str]]:
    """Each edition that a change concerns, sorted, with what it means there: kept, added or removed."""
    meant = {
        slug: "kept" if slug in before and slug in after else "added" if slug in after else "removed"
        for slug in (*before, *after)
    }
    return sorted(meant.items())


def _when_and_where(seen: Snapshot) -> tuple[object, ...]:
    return (seen.status, seen.starts_at, seen.ends_at, seen.mode, seen.place, seen.online_url)
