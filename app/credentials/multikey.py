"""Keys and signatures as others read them: Multikey and multibase (Controlled Identifiers 1.0). Pure."""

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# What the bytes of an Ed25519 public key begin with, in the table of multicodec.
_ED25519 = b"\xed\x01"


def base58(data: bytes) -> str:
    """The bytes in base58btc, as multibase: with a z in front."""
    number, text = int.from_bytes(data), ""
    while number:
        number, rest = divmod(number, 58)
        text = _BASE58[rest] + text
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + _BASE58[0] * zeros + text


def from_base58(text: str) -> bytes:
    """The bytes behind `base58`; ValueError for what is none."""
    if not text.startswith("z"):
        raise ValueError("base58btc begins with z")
    number = 0
    for character in text[1:]:
        number = number * 58 + _BASE58.index(character)
    zeros = len(text) - 1 - len(text[1:].lstrip(_BASE58[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


def public(key: bytes) -> str:
    """An Ed25519 public key of 32 bytes as a Multikey's `publicKeyMultibase`."""
    return base58(_ED25519 + key)
