"""Who calls, by the token: its signature is checked once, its time and its client at every request.

That the client has not been ended is asked by the statement that does the work (LIVE), so that it is refused
from that moment on.
"""

from datetime import datetime
from typing import Any

import jwt

from app.core import tenancy
from app.core.problems import Problem
from app.core.tenancy import Acting
from app.identity import tokens
from app.identity.caller import Caller, Role

MOST = 2000  # tokens that are remembered
# With the client's id as the first parameter.
LIVE = "EXISTS (SELECT FROM client WHERE id = $1 AND ended_at IS NULL)"


class Tokens:
    """Tokens that were found genuine, each until it ends."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Caller, float, float]] = {}

    def read(self, key: bytes, issuer: str, token: str, now: datetime) -> Caller | None:
        """The caller that a token stands for at `now`; None when the long way has to look at it."""
        at, known = now.timestamp(), self._known.get(token)
        if known is None:
            try:
                caller = tokens.read(key, issuer, token, now)
            except Problem:
                return None
            claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
            known = caller, claims["iat"], claims["exp"]
            self._remember(token, known, at)
        caller, issued_at, ends_at = known
        if issued_at - tokens.AHEAD.total_seconds() <= at < ends_at:
            return caller
        del self._known[token]
        return None

    def _remember(self, token: str, known: tuple[Caller, float, float], at: float) -> None:
        if len(self._known) >= MOST:
            self._known = {one: kept for one, kept in self._known.items() if at < kept[2]}
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[token] = known


def acting_as(caller: Caller) -> Acting:
    """As whom the caller's statements act: as `identity.admit` has it."""
    return tenancy.of_partner(caller.organisation) if caller.role is Role.PARTNER else tenancy.WHOLE
