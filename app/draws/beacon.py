"""drand's network quicknet: which round comes when, and whether a signature is that round's.

Pure: no network, no clock. Quicknet has run since 23 August 2023 with a round every 3 seconds; a round's
signature cannot be known before its time and can be checked by anyone for ever (https://docs.drand.love).
"""

import hashlib
from datetime import UTC, datetime, timedelta

from py_arkworks_bls12381 import GT, G1Point, G2Point

CHAIN = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
PERIOD = timedelta(seconds=3)
GENESIS = datetime.fromtimestamp(1_692_803_367, UTC)
_PUBLIC_KEY = bytes.fromhex(
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
# RFC 9380, section 8.8.1, as the signature scheme bls-unchained-g1-rfc9380 uses it.
_SUITE = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"


def time_of(number: int) -> datetime:
    """When a round, counted from 1, is published."""
    return GENESIS + (number - 1) * PERIOD


def round_from(moment: datetime) -> int:
    """The first round that is published at `moment` or later."""
    return max(-((GENESIS - moment) // PERIOD), 0) + 1


def is_signature(number: int, signature: bytes) -> bool:
    """Whether these 48 bytes are quicknet's signature of the round (BLS12-381, signatures on G1)."""
    try:
        point = G1Point.from_compressed_bytes(signature)
    except ValueError:
        return False
    message = hashlib.sha256(number.to_bytes(8, "big")).digest()
    hashed = G1Point.hash_to_curve(message, _SUITE)
    public_key = G2Point.from_compressed_bytes(_PUBLIC_KEY)
    return bool(GT.pairing_check([point, -hashed], [G2Point(), public_key]))


def randomness(signature: bytes) -> bytes:
    """The random value of a round: the SHA-256 of its signature."""
    return hashlib.sha256(signature).digest()
