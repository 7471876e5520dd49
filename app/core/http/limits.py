"""How often one address may call what is open to all; more is 429, with the moment to come back."""

import math
import time
from typing import Any

from fastapi import Depends, Request, Response
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.core.http.dependencies import Config
from app.core.problems import Problem

WINDOW = 60  # seconds


class TooManyRequests(Problem):
    """The address has called more often than it may."""

    status, code = 429, "too-many-requests"
    title, title_nl = "Too many requests", "Te veel verzoeken"


class Limiter:
    """Counts the calls of each address in one process, over the last minute."""

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def hit(self, group: str, address: str, per_minute: int) -> tuple[bool, int, int]:
        """Count one call: whether it may go on, how many more may, and in how many seconds one more may."""
        item = RateLimitItemPerMinute(per_minute)
        allowed = await self._window.hit(item, group, address)
        reset, remaining = await self._window.get_window_stats(item, group, address)
        return allowed, remaining, max(1, math.ceil(reset - time.time()))


def limited(group: str) -> Any:
    """The dependency of a public route that counts with the others of its `group` (PUBLIC_PER_MINUTE).

    The headers are those of draft-ietf-httpapi-ratelimit-headers.
    """

    async def count(request: Request, response: Response, settings: Config) -> None:
        if not settings.public_per_minute:
            return
        limiter: Limiter = request.app.state.limiter
        address = request.client.host if request.client else ""
        allowed, left, seconds = await limiter.hit(group, address, settings.public_per_minute)
        told = {
            "RateLimit-Policy": f'"{group}";q={settings.public_per_minute};w={WINDOW}',
            "RateLimit": f'"{group}";r={left};t={seconds}',
        }
        if not allowed:
            detail = f"Try again in {seconds} seconds."
            raise TooManyRequests(detail, headers={**told, "Retry-After": str(seconds)})
        response.headers.update(told)

    return Depends(count)
