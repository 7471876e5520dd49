"""What the answer to a webhook means, when it is tried again, and when its receiver is given rest. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FIRST, LONGEST = timedelta(seconds=5), timedelta(hours=4)
# For so long a delivery is tried.
GIVE_UP = timedelta(days=3)
# After so many failures in a row a receiver is left alone for a while, and then asked one at a time.
TRIPS, LONGEST_REST = 5, timedelta(minutes=15)
# A receiver that has taken nothing for so long, whatever it was sent, is paused.
PAUSE_AFTER, PAUSE_FAILURES = timedelta(days=1), 10
_LONGEST_RETRY_AFTER = 3600
_OK, _REDIRECT, _GONE, _DONE = 200, 300, 410, 400


class Verdict(StrEnum):
    """What an attempt came to."""

    DELIVERED = "delivered"
    FAILED = "failed"  # tried again
    GONE = "gone"  # the receiver wants no more of these: 410


@dataclass(frozen=True)
class Outcome:
    """What an attempt came to, why, and how long the receiver asks to be left alone (None: it does not)."""

    verdict: Verdict
    why: str | None = None
    retry_after: timedelta | None = None


def judged(status: int, retry_after: str | None = None) -> Outcome:
    """What an answer means: 2xx is taken, 410 ends the webhook, everything else is tried again.

    `retry_after` is the header's value; seconds alone are heeded, up to an hour.
    Standard Webhooks, "Retry schedule" and "Endpoint failure".
    """
    if _OK <= status < _REDIRECT:
        return Outcome(Verdict.DELIVERED)
    if status == _GONE:
        return Outcome(Verdict.GONE, "410: gone")
    why = f"{status}: redirects are not followed" if _REDIRECT <= status < _DONE else str(status)
    asked = retry_after.strip() if retry_after else ""
    if asked.isascii() and asked.isdecimal() and len(asked) < len(str(_LONGEST_RETRY_AFTER)) * 2:
        seconds = min(int(asked), _LONGEST_RETRY_AFTER)
        return Outcome(Verdict.FAILED, why, timedelta(seconds=seconds))
    return Outcome(Verdict.FAILED, why)


def pause(attempts: int, chance: float) -> timedelta:
    """How long after so many attempts a delivery waits: twice as long each time, up to four hours.

    `chance`, from 0 to 1, spreads it from half as long to half as long again, so that what failed together
    does not come back together.
    """
    return _doubled(FIRST, attempts, LONGEST) * (0.5 + chance)


def rest(failures: int, chance: float) -> timedelta | None:
    """How long a receiver is left alone after so many failures in a row; None: it is not."""
    if failures < TRIPS:
        return None
    return _doubled(FIRST, failures - TRIPS + 1, LONGEST_REST) * (0.5 + chance)


def next_attempt(
    attempts: int, outcome: Outcome, now: datetime, give_up_at: datetime, chance: float
) -> datetime | None:
    """When a delivery that failed is tried again; None when that would be later than it is worth."""
    wait = max(pause(attempts, chance), outcome.retry_after or timedelta(0))
    return now + wait if now + wait < give_up_at else None


def keeps_failing(failures: int, failing_since: datetime, now: datetime) -> bool:
    """Whether a receiver has failed for so long that it is paused."""
    return failures >= PAUSE_FAILURES and now - failing_since >= PAUSE_AFTER


def room(failures: int, concurrency: int) -> int:
    """How many deliveries to one receiver may be under way at once."""
    return 1 if failures >= TRIPS else concurrency


def _doubled(first: timedelta, times: int, longest: timedelta) -> timedelta:
    return min(first * (1 << min(max(times, 1) - 1, 20)), longest)
