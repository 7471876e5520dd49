"""The register's hash chain: each entry commits to a certificate and to every entry before it. Pure.

An entry holds no personal data: what it commits to is hidden by a salt that is kept apart, and without the
salt nobody can tell, or try out, what it was. Who has the entries can recompute every hash.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.core.values import utc
from app.draws.protocol import canonical

NOTHING = bytes(32)  # what the first entry follows on
SALT_BYTES = 32


class EntryKind(StrEnum):
    """What happened to a certificate."""

    ISSUED = "issued"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"  # by another, or by less of the same: app/certificates/forgetting.py


@dataclass(frozen=True)
class Entry:
    """One entry, numbered from 1 without gaps."""

    number: int
    kind: EntryKind
    commitment: bytes
    previous: bytes
    hash: bytes
    at: datetime


def commitment(salt: bytes, facts: Mapping[str, Any]) -> bytes:
    """What an entry says of `facts`, JSON values: HMAC-SHA256 under the salt, over their canonical form."""
    return hmac.digest(salt, canonical(facts), "sha256")


def hashed(number: int, kind: EntryKind, committed: bytes, previous: bytes, at: datetime) -> bytes:
    """The hash of an entry: SHA-256 over its members and the hash before it, as canonical JSON (RFC 8785)."""
    members = {
        "at": utc(at),
        "commitment": committed.hex(),
        "kind": kind.value,
        "number": number,
        "previous": previous.hex(),
    }
    return hashlib.sha256(canonical(members)).digest()


def following(last: Entry | None, kind: EntryKind, committed: bytes, at: datetime) -> Entry:
    """The entry that comes after `last`; the first one when there is none."""
    number, previous = (last.number + 1, last.hash) if last else (1, NOTHING)
    return Entry(number, kind, committed, previous, hashed(number, kind, committed, previous, at), at)


def is_next(entry: Entry, last: Entry | None) -> bool:
    """Whether `entry` is what may follow on `last`, its hash recomputed."""
    return entry == following(last, entry.kind, entry.commitment, entry.at)
