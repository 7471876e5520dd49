"""When a form that was not returned is reminded of. Pure: no database, no clock, no HTTP."""

from collections.abc import Iterable
from datetime import datetime, timedelta

# Whoever asks for one by hand waits this long after the last, so that nobody is pestered.
APART = timedelta(hours=24)


def due(days: Iterable[int], due_at: datetime, since: datetime, now: datetime) -> datetime | None:
    """The moment of the last reminder that should have gone out by `now`; None when there is none.

    Each of `days` stands for a moment that many days before `due_at`. What lies before `since`, when the form
    was handed out, is not made up for; after `due_at` nothing is.
    """
    moments = [due_at - timedelta(days=number) for number in days]
    passed = [moment for moment in moments if since <= moment <= now < due_at]
    return max(passed, default=None)
