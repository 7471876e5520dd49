"""Letting a caller in: its call is counted, and what is said of that."""

from structlog.contextvars import bind_contextvars

from app.core.http import limits
from app.fast.asked import Asked, OutOfTheOrdinary
from app.identity.caller import Caller


async def counted(asked: Asked, caller: Caller) -> limits.Count | None:
    """The call, counted with the others of its client; None where there is no limit."""
    most = asked.settings.client_per_minute
    if not most:
        return None
    limiter = asked.scope["app"].state.limiter
    count = await limits.counted_once(asked.scope, limiter, "client", caller.client_id, most)
    if not count.allowed:
        raise OutOfTheOrdinary
    return count


def let_in(asked: Asked, caller: Caller, count: limits.Count | None) -> None:
    """Say so: to the caller how many calls are left, and in the log who it is."""
    bind_contextvars(client=caller.client_id)
    if count:
        asked.scope[limits.TOLD].update(count.headers)
