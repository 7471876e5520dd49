"""The one place that reads the clock; everywhere else time is an argument."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """Tells the time, or, for development, stands still at `at` (aware, UTC)."""

    at: datetime | None = None

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        return self.at or datetime.now(UTC)

    def real(self) -> datetime:
        """The moment as the rest of the world has it: for what others compare with clocks of their own."""
        return datetime.now(UTC)
