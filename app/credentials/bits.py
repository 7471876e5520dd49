"""The bits of a status list (Bitstring Status List 1.0): compressed for publication and read again. Pure."""

import base64
import gzip
import zlib
from collections.abc import Iterable

# The smallest that the standard allows (section 3): among so many nobody is found by their place.
LENGTH = 131_072
# A list that is longer than this is not unpacked.
_LONGEST = 16 * LENGTH // 8


def encoded(raised: Iterable[int]) -> str:
    """The `encodedList` of a list of LENGTH bits in which those of `raised` are 1; the same each time."""
    bits = bytearray(LENGTH // 8)
    for index in raised:
        if not 0 <= index < LENGTH:
            raise ValueError(f"there is no bit {index}")
        bits[index // 8] |= 0x80 >> index % 8
    packed = gzip.compress(bytes(bits), mtime=0)
    return "u" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def is_raised(encoded_list: str, index: int) -> bool:
    """Whether the bit at `index` is 1; ValueError for what is no list, or has no such bit."""
    bits = _unpacked(encoded_list)
    if not 0 <= index < 8 * len(bits):
        raise ValueError(f"there is no bit {index}")
    return bool(bits[index // 8] & 0x80 >> index % 8)


def all_raised(encoded_list: str) -> frozenset[int]:
    """The places of all bits that are 1; ValueError for what is no list."""
    bits = _unpacked(encoded_list)
    return frozenset(8 * n + k for n, byte in enumerate(bits) if byte for k in range(8) if byte & 0x80 >> k)


def _unpacked(encoded_list: str) -> bytes:
    if not encoded_list.startswith("u"):
        raise ValueError("base64url begins with u")
    packed = base64.urlsafe_b64decode(encoded_list[1:] + "=" * (-(len(encoded_list) - 1) % 4))
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, _LONGEST)
    except zlib.error as wrong:
        raise ValueError("no gzip") from wrong
