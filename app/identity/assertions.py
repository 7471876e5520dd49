"""Assertions by which a client with keys says who it is: private_key_jwt (RFC 7523, RFC 7521). Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from app.identity.jwk import ALGORITHMS, Key

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE = timedelta(minutes=5)
LEEWAY = timedelta(seconds=60)  # for clocks that differ
LONGEST, LONGEST_ID = 8000, 200
KINDS = ("jwt", "client-authentication+jwt")


class NotProven(Exception):
    """The assertion does not prove who the client is."""


@dataclass(frozen=True)
class Assertion:
    """What was proven: an id that counts once, until `expires_at`."""

    id: str
    expires_at: datetime


def claimed(assertion: str) -> str:
    """Whose assertion it says it is, which nothing has proven yet. Raises NotProven."""
    try:
        subject = jwt.decode_complete(assertion, options={"verify_signature": False})["payload"].get("sub")
    except (jwt.InvalidTokenError, ValueError) as error:
        raise NotProven from error
    if not isinstance(subject, str) or not subject.isprintable():
        raise NotProven
    return subject


def read(
    assertion: str, client_id: str, keys: Sequence[Key], audiences: Collection[str], now: datetime
) -> Assertion:
    """What the assertion of `client_id` proves at `now`, by one of its keys, to one of our names.

    Raises NotProven.
    """
    try:
        header = jwt.get_unverified_header(assertion)
        claims = _signed(assertion, header, keys)
        expires_at, identifier = _moment(claims["exp"]), claims["jti"]
        starts = [_moment(claims[name]) for name in ("iat", "nbf") if name in claims]
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, OverflowError, OSError) as error:
        raise NotProven from error
    fits = (
        claims.get("iss") == claims.get("sub") == client_id
        and _audience(claims.get("aud")) in audiences
        and now < expires_at <= now + LONGEST_LIFE + LEEWAY
        and all(start <= now + LEEWAY for start in starts)
        and isinstance(identifier, str)
        and 0 < len(identifier) <= LONGEST_ID
    )
    if not fits:
        raise NotProven
    return Assertion(identifier, expires_at)


def _signed(assertion: str, header: dict[str, Any], keys: Sequence[Key]) -> dict[str, Any]:
    """The claims, when one of the keys signed them with an algorithm that is the key's."""
    kind, algorithm, name = header.get("typ", "JWT"), header.get("alg"), header.get("kid")
    if not isinstance(kind, str) or kind.lower() not in KINDS or algorithm not in ALGORITHMS:
        raise NotProven
    if "crit" in header:
        raise NotProven
    for key in keys:
        if algorithm not in key.algorithms or name not in (None, key.id):
            continue
        try:
            return _claims(assertion, key, algorithm)
        except jwt.InvalidSignatureError:
            continue
    raise NotProven


def _claims(assertion: str, key: Key, algorithm: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(
        assertion,
        key.public,
        [algorithm],
        # Each claim is looked at in `read`: its time is an argument, and the audience has to be alone.
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
    )
    return claims


def _audience(audience: object) -> object:
    """The one audience: an assertion for others too could be carried here by one of them."""
    match audience:
        case [str(only)] | str(only):
            return only
    return None


def _moment(seconds: object) -> datetime:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError("seconds")
    return datetime.fromtimestamp(seconds, UTC)
