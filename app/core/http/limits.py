"""How often a client, or an address, may call; more is 429, with the moment to come back."""

import math
import time
from typing import Any, NamedTuple

from fastapi import Depends, Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter, RateLimiter

from app.core.http.addresses import address
from app.core.http.dependencies import Config
from app.core.problems import Problem

WINDOW = 60  # seconds
TOLD = "answer's own headers"  # where in a request's scope they stand


class TooManyRequests(Problem):
    """The client or the address has called more often than it may."""

    status, code = 429, "too-many-requests"
    title, title_nl = "Too many requests", "Te veel verzoeken"


class Limiter:
    """Counts calls in one process: the public check's over the last minute, others' minute by minute.

    A window that moves is exact and keeps every moment; one that stands costs the same whatever it counts.
    """

    def __init__(self) -> None:
        storage = MemoryStorage()
        self._moving, self._standing = MovingWindowRateLimiter(storage), FixedWindowRateLimiter(storage)

    async def hit(self, group: str, who: str, per_minute: int, *, moving: bool = False) -> "Count":
        """Count one call of `who`."""
        window, item = self._of(per_minute, moving=moving)
        allowed = await window.hit(item, group, who)
        reset, left = await window.get_window_stats(item, group, who)
        return Count(group, per_minute, left, max(1, math.ceil(reset - time.time())), allowed)

    async def seen(self, group: str, who: str, per_minute: int) -> "Count":
        """How it stands, without counting."""
        window, item = self._of(per_minute, moving=False)
        reset, left = await window.get_window_stats(item, group, who)
        return Count(group, per_minute, left, max(1, math.ceil(reset - time.time())), left > 0)

    def _of(self, per_minute: int, *, moving: bool) -> tuple[RateLimiter, RateLimitItemPerMinute]:
        return self._moving if moving else self._standing, RateLimitItemPerMinute(per_minute)


class Count(NamedTuple):
    """How often something may be done in a minute, how often still, and in how many seconds more."""

    group: str
    quota: int
    left: int
    seconds: int
    allowed: bool

    @property
    def headers(self) -> dict[str, str]:
        """Those of draft-ietf-httpapi-ratelimit-headers."""
        return {
            "RateLimit-Policy": f'"{self.group}";q={self.quota};w={WINDOW}',
            "RateLimit": f'"{self.group}";r={self.left};t={self.seconds}',
        }

    def require(self) -> None:
        """Raise TooManyRequests, with the moment to come back, when it may not be done now."""
        if not self.allowed:
            detail = f"Try again in {self.seconds} seconds."
            raise TooManyRequests(detail, headers={**self.headers, "Retry-After": str(self.seconds)})


async def count(request: Request, group: str, who: str, per_minute: int, *, moving: bool = False) -> None:
    """Count one call of `who` in `group`; 0 is no limit. Raises TooManyRequests.

    What is told goes with the answer itself (`envelope.py`), and not into one that is kept for repeats.
    """
    if per_minute:
        limiter: Limiter = request.app.state.limiter
        counted = await limiter.hit(group, who, per_minute, moving=moving)
        counted.require()
        request.scope[TOLD].update(counted.headers)


def limited(group: str) -> Any:
    """The dependency of a public route that counts with the others of its `group` (PUBLIC_PER_MINUTE)."""

    async def count_address(request: Request, settings: Config) -> None:
        await count(request, group, address(request), settings.public_per_minute, moving=True)

    return Depends(count_address)
