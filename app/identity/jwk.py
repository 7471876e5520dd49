"""Public keys as JSON Web Keys (RFC 7517): which are taken, and what each may be used with."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

# By kind of key, so that a token's own word on its algorithm never decides how it is read.
RSA, P256, P384, ED25519 = ("PS256", "RS256"), ("ES256",), ("ES384",), ("EdDSA",)
ALGORITHMS = (*ED25519, *P256, *P384, *RSA)
PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
# The members that make a key what it is (RFC 7638, section 3.2; RFC 8037).
ESSENTIAL = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
RSA_BITS = range(2048, 8193)

Public = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class NotAKey(ValueError):
    """What was given is no key that is taken; the text says why."""


@dataclass(frozen=True)
class Key:
    """A public key, by its id, with the algorithms that it may be used with."""

    id: str
    algorithms: tuple[str, ...]
    public: Public


def read(jwk: Mapping[str, Any]) -> Key:
    """The key in a JWK: RSA of 2048 bits or more, P-256, P-384 or Ed25519. Raises NotAKey."""
    if PRIVATE & jwk.keys():
        raise NotAKey("this key is private: make a new pair, and send its public half")
    if jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ["verify"]):
        raise NotAKey("the key is not for signatures")
    members = ESSENTIAL.get(str(jwk.get("kty")))
    if members is None or not all(isinstance(jwk.get(name), str) for name in members):
        raise NotAKey("a key is of kty RSA (n, e), EC (crv, x, y) or OKP (crv, x)")
    public, algorithms = _public({name: jwk[name] for name in members})
    if "alg" in jwk:
        if jwk["alg"] not in algorithms:
            raise NotAKey(f"the alg of this key is {' or '.join(algorithms)}")
        algorithms = (jwk["alg"],)
    return Key(jwk.get("kid") or thumbprint(jwk), algorithms, public)


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The SHA-256 thumbprint of a key (RFC 7638)."""
    essential = {name: jwk[name] for name in ESSENTIAL[jwk["kty"]]}
    canonical = json.dumps(essential, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).decode().rstrip("=")


def _public(jwk: dict[str, Any]) -> tuple[Public, tuple[str, ...]]:
    try:
        # Named by hand: the library would take any algorithm of its own for a key.
        read_as = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}[jwk["kty"]]
        public = jwt.get_algorithm_by_name(read_as).from_jwk(jwk)
    except (jwt.InvalidKeyError, ValueError, TypeError, KeyError) as error:
        raise NotAKey("the members make no key") from error
    match public:
        case rsa.RSAPublicKey(key_size=size, public_numbers=numbers) if size in RSA_BITS:
            if numbers().e >= 2**16:
                return public, RSA
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return public, P256
        case ec.EllipticCurvePublicKey(curve=ec.SECP384R1()):
            return public, P384
        case ed25519.Ed25519PublicKey():
            return public, ED25519
    raise NotAKey("a key is RSA of 2048 to 8192 bits, P-256, P-384 or Ed25519")
