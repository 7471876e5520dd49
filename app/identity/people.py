"""People who come by an OpenID Connect provider: what their access tokens (RFC 9068) make of them. Pure."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from app.identity.caller import PERSON, ROLE_SCOPES, Caller, Forbidden, Role
from app.identity.jwk import ALGORITHMS, Key
from app.identity.tokens import is_access_token, refusal

LEEWAY = timedelta(seconds=60)  # for clocks that differ
LONGEST = 16_000  # characters of a token; a person in very many groups has a long one


@dataclass(frozen=True)
class Part:
    """Who has `value` in the claim plays `role` for `organisation`."""

    value: str
    role: Role
    organisation: str


@dataclass(frozen=True)
class Trust:
    """Which tokens of which provider are taken, and what their claim makes of who bears one."""

    issuer: str
    audience: str
    claim: str
    parts: Sequence[Part]
    longest_life: timedelta
    secret: bytes  # makes pseudonyms that nobody else can make, and so not trace back


def parts_of(written: str) -> list[Part]:
    """The parts in a setting such as `register-admins=admin:lkca,fleck-staff=partner:fleck`, in its order."""
    found: list[Part] = []
    for one in filter(None, (part.strip() for part in written.split(","))):
        value, _, target = one.rpartition("=")
        role, _, organisation = target.partition(":")
        found.append(Part(value, Role(role), organisation))
    return found


def heading(token: str) -> dict[str, Any]:
    """The header of a token, which nothing has proven yet. Raises Unauthenticated."""
    try:
        header: dict[str, Any] = jwt.get_unverified_header(token) if len(token) <= LONGEST else {}
    except jwt.InvalidTokenError as error:
        raise refusal("The token is not one of ours.") from error
    return header


def is_of_people(header: Mapping[str, Any]) -> bool:
    """Whether it is an access token that a provider may have signed; our own are signed otherwise."""
    return is_access_token(dict(header)) and header.get("alg") in ALGORITHMS and "crit" not in header


def read(trust: Trust, token: str, algorithm: str, key: Key, now: datetime) -> Caller:
    """The person that a token stands for at `now`, when `key` signed it with `algorithm`.

    Raises Unauthenticated, and Forbidden when the provider says nothing that gives a role here.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.public,
            [algorithm] if algorithm in key.algorithms else [],
            issuer=trust.issuer,
            audience=trust.audience,
            # Time is an argument here, so the library's own clock stays out of it.
            options={
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "require": ["exp", "iat", "sub"],
            },
        )
        begins = [_seconds(claims[name]) for name in ("iat", "nbf") if name in claims]
        lasts = _seconds(claims["exp"]) - _seconds(claims["iat"])
        at, leeway = now.timestamp(), LEEWAY.total_seconds()
        in_time = at < claims["exp"] and all(begin <= at + leeway for begin in begins)
    except (jwt.InvalidTokenError, TypeError, ValueError) as error:
        raise refusal("The token is not one that this register takes.") from error
    if not in_time:
        raise refusal("The token is not valid at this moment; sign in again.")
    if lasts > trust.longest_life.total_seconds():
        raise refusal("The token lives longer than this register allows.")
    return _caller(trust, claims)


def _caller(trust: Trust, claims: dict[str, Any]) -> Caller:
    held = _held(claims, trust.claim)
    # Who holds several plays the one that the setting names first.
    part = next((part for part in trust.parts if part.value in held), None)
    if part is None:
        raise Forbidden(
            f"Your account has no role in this register: nothing in its claim {trust.claim} gives one.",
            headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
        )
    name = pseudonym(trust.secret, trust.issuer, claims["sub"])
    return Caller(name, part.organisation, part.role, ROLE_SCOPES[part.role])


def pseudonym(secret: bytes, issuer: str, subject: str) -> str:
    """How a person is called here: always the same, and nothing that says who it is."""
    message = f"{issuer}\x1f{subject}".encode()
    return f"{PERSON}{hmac.digest(secret, message, 'sha256').hex()[:24]}"


def _held(claims: Mapping[str, Any], name: str) -> set[str]:
    """What a claim holds: a text or a list of texts; `a.b` also names the member b of a claim a."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for step in name.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return {found}
    return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("seconds")
    return value
