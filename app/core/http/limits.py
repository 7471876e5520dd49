"""How often a client, or an address, may call; more is 429, with the moment to come back."""

import math
import time
from functools import lru_cache
from typing import Any, NamedTuple

from fastapi import Depends, Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter, RateLimiter
from starlette.types import Scope

from app.core.http.addresses import address
from app.core.http.dependencies import Config
from app.core.problems import Problem

WINDOW = 60  # seconds
# Where in a request's scope they stand.
TOLD = "answer's own headers"
_COUNTED = "counted calls"


class TooManyRequests(Problem):
    """The client or the address has called more often than it may."""

    status, code = 429, "too-many-requests"
    title, title_nl = "Too many requests", "Te veel verzoeken"


class Limiter:
    """Counts calls in one process: the public check's over the last minute, others' minute by minute.

    A window that moves is exact and keeps every moment; one that stands costs the same whatever it counts.
    """

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._moving = MovingWindowRateLimiter(self._storage)
        self._standing = FixedWindowRateLimiter(self._storage)

    async def hit(self, group: str, who: str, per_minute: int, *, moving: bool = False) -> "Count":
        """Count one call of `who`."""
        window, item = self._of(per_minute, moving=moving)
        if not moving:
            # As the library's own window does it, which asks for the count and the end once more each.
            key = item.key_for(group, who)
            calls = await self._storage.incr(key, item.get_expiry())
            ends_in = max(1, math.ceil(await self._storage.get_expiry(key) - time.time()))
            return Count(group, per_minute, max(0, per_minute - calls), ends_in, calls <= per_minute)
        allowed = await window.hit(item, group, who)
        reset, left = await window.get_window_stats(item, group, who)
        return Count(group, per_minute, left, max(1, math.ceil(reset - time.time())), allowed)

    async def seen(self, group: str, who: str, per_minute: int) -> "Count":
        """How it stands, without counting."""
        window, item = self._of(per_minute, moving=False)
        reset, left = await window.get_window_stats(item, group, who)
        return Count(group, per_minute, left, max(1, math.ceil(reset - time.time())), left > 0)

    def _of(self, per_minute: int, *, moving: bool) -> tuple[RateLimiter, RateLimitItemPerMinute]:
        return self._moving if moving else self._standing, _item(per_minute)


@lru_cache(maxsize=64)
def _item(per_minute: int) -> RateLimitItemPerMinute:
    return RateLimitItemPerMinute(per_minute)


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
        counted = await counted_once(request.scope, limiter, group, who, per_minute, moving=moving)
        counted.require()
        request.scope[TOLD].update(counted.headers)


async def counted_once(
    scope: Scope, limiter: Limiter, group: str, who: str, per_minute: int, *, moving: bool = False
) -> Count:
    """The count with this request in it, which is counted once, whoever asks how often."""
    counted: dict[tuple[str, str], Count] = scope.setdefault(_COUNTED, {})
    if (group, who) not in counted:
        counted[group, who] = await limiter.hit(group, who, per_minute, moving=moving)
    return counted[group, who]


def limited(group: str) -> Any:
    """The dependency of a public route that counts with the others of its `group` (PUBLIC_PER_MINUTE)."""

    async def count_address(request: Request, settings: Config) -> None:
        await count(request, group, address(request.scope), settings.public_per_minute, moving=True)

    return Depends(count_address)
