"""Access tokens: short-lived JWTs (RFC 7519), signed and read by this register alone."""

from datetime import datetime, timedelta
from typing import Any

import jwt

from app.identity.caller import ROLE_SCOPES, Caller, Role, Scope, Unauthenticated

ALGORITHM = "HS256"
ISSUER = AUDIENCE = "cultuurcoordinator"
# So far the clock of the host that issued a token may be ahead of this one's, or this one's be set back.
AHEAD = timedelta(seconds=60)


def issue(key: bytes, caller: Caller, now: datetime, lifetime: timedelta) -> str:
    """A token that stands for `caller` from `now` until `lifetime` later."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": caller.client_id,
        "org": caller.organisation,
        "role": caller.role.value,
        "scope": " ".join(sorted(caller.scopes)),
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
    }
    return jwt.encode(claims, key, ALGORITHM, headers={"typ": "at+jwt"})


def read(key: bytes, token: str, now: datetime) -> Caller:
    """The caller that a token stands for at `now`; Unauthenticated when it is not ours or not in time.

    Rights are never more than the role has today, whatever the token says.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            [ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            # Time is an argument here, so the library's own clock stays out of it.
            options={"verify_exp": False, "verify_iat": False, "require": ["exp", "iat", "sub"]},
        )
        caller = _caller(claims)
        in_time = claims["iat"] - AHEAD.total_seconds() <= now.timestamp() < claims["exp"]
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise refusal("The token is not one of ours.") from error
    if not in_time:
        raise refusal("The token is not valid at this moment; ask for a new one.")
    return caller


def _caller(claims: dict[str, Any]) -> Caller:
    role = Role(claims["role"])
    scopes = frozenset(Scope(scope) for scope in claims["scope"].split())
    if not isinstance(claims["org"], str):
        raise TypeError("org")
    return Caller(claims["sub"], claims["org"], role, scopes & ROLE_SCOPES[role])


def refusal(detail: str) -> Unauthenticated:
    """401 with the challenge of RFC 6750, section 3."""
    return Unauthenticated(detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
