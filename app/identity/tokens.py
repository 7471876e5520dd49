"""Access tokens: short-lived JWTs (RFC 7519, RFC 9068), signed and read by this register alone."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt

from app.identity.caller import ROLE_SCOPES, Caller, Role, Scope, Unauthenticated

ALGORITHM = "HS256"
KIND = "at+jwt"


def issue(key: bytes, issuer: str, caller: Caller, now: datetime, lifetime: timedelta) -> str:
    """A token of the register at the address `issuer`, for itself: it stands for `caller` for `lifetime`."""
    claims = {
        "iss": issuer,
        "aud": issuer,
        "sub": caller.client_id,
        "client_id": caller.client_id,
        "org": caller.organisation,
        "role": caller.role.value,
        "scope": " ".join(sorted(caller.scopes)),
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
        "jti": str(uuid4()),
    }
    return jwt.encode(claims, key, ALGORITHM, headers={"typ": KIND})


def read(key: bytes, issuer: str, token: str, now: datetime) -> Caller:
    """The caller that a token stands for at `now`; Unauthenticated when it is not ours or not in time.

    Rights are never more than the role has today, whatever the token says.
    """
    try:
        read = jwt.decode_complete(
            token,
            key,
            [ALGORITHM],
            issuer=issuer,
            audience=issuer,
            # Time is an argument here, so the library's own clock stays out of it.
            options={
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "require": ["exp", "iat", "sub", "jti"],
                "strict_aud": True,
            },
        )
        claims: dict[str, Any] = read["payload"]
        caller = _caller(claims)
        is_ours = is_access_token(read["header"]) and claims["client_id"] == claims["sub"]
        begins = max(_second(claims["iat"]), _second(claims.get("nbf", 0)))
        in_time = begins <= now.timestamp() < _second(claims["exp"])
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise refusal("The token is not one of ours.") from error
    if not is_ours:
        raise refusal("The token is not one of ours.")
    if not in_time:
        raise refusal("The token is not valid at this moment; ask for a new one.")
    return caller


def is_access_token(header: dict[str, Any]) -> bool:
    """Whether the header says so (RFC 9068, section 4): a token of another kind is none."""
    return str(header.get("typ")).lower() in (KIND, f"application/{KIND}")


def _second(value: object) -> int:
    """A moment as the register writes it; TypeError for another number, such as one without an end."""
    if type(value) is not int:
        raise TypeError("a time")
    return value


def _caller(claims: dict[str, Any]) -> Caller:
    role = Role(claims["role"])
    scopes = frozenset(Scope(scope) for scope in claims["scope"].split())
    if not isinstance(claims["org"], str):
        raise TypeError("org")
    return Caller(claims["sub"], claims["org"], role, scopes & ROLE_SCOPES[role])


def refusal(detail: str) -> Unauthenticated:
    """401 with the challenge of RFC 6750, section 3."""
    return Unauthenticated(detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
