"""Signatures on a credential: an embedded proof (eddsa-rdfc-2022) and a token (VC-JWT). Pure."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.core.values import utc
from app.credentials import multikey
from app.credentials.quads import NotCanonical, canonical

Json = Mapping[str, Any]
SUITE = "eddsa-rdfc-2022"
LONGEST_VALUE = 89  # characters of a signature of 64 bytes in base58, as multibase


@dataclass(frozen=True)
class Signer:
    """A private key, and the id under which its public half is published: DID#name."""

    method: str
    key: Ed25519PrivateKey

    @property
    def controller(self) -> str:
        """The DID that the key belongs to."""
        return self.method.partition("#")[0]


def with_proof(document: Json, signer: Signer, now: datetime) -> dict[str, Any]:
    """The document with an embedded proof (Data Integrity EdDSA Cryptosuites 1.0, section 3.2).

    `now` is an aware time; the proof names the second.
    """
    options = {
        "type": "DataIntegrityProof",
        "created": utc(now.replace(microsecond=0)),
        "verificationMethod": signer.method,
        "cryptosuite": SUITE,
        "proofPurpose": "assertionMethod",
    }
    signature = signer.key.sign(_hashed(document, options))
    return {**document, "proof": [{**options, "proofValue": multikey.base58(signature)}]}


def holds(document: Json, proof: Json, key: bytes) -> bool:
    """Whether `proof` was made over `document`, which is without proofs, by the Ed25519 public key `key`."""
    options = {name: value for name, value in proof.items() if name not in ("proofValue", "@context")}
    try:
        if len(proof["proofValue"]) > LONGEST_VALUE:
            return False
        signature = multikey.from_base58(proof["proofValue"])
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _hashed(document, options))
    except (InvalidSignature, NotCanonical, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


def token(document: Json, signer: Signer) -> str:
    """The document as a VC-JWT (Open Badges 3.0, section 8.2): a JWS that claims what the credential says."""
    claims = {
        **document,
        "iss": signer.controller,
        "jti": document["id"],
        "sub": document["credentialSubject"]["id"],
        "nbf": int(datetime.fromisoformat(document["validFrom"]).timestamp()),
    }
    return signed(claims, signer)


def signed(claims: Json, signer: Signer) -> str:
    """Claims as a JWT, signed with EdDSA (RFC 8037)."""
    header = {"alg": "EdDSA", "kid": signer.method, "typ": "JWT"}
    content = f"{_url64(_compact(header))}.{_url64(_compact(claims))}"
    return f"{content}.{_url64(signer.key.sign(content.encode()))}"


def jwk(name: str, key: bytes) -> dict[str, str]:
    """An Ed25519 public key for a JWKS (RFC 8037), under the id that tokens name it by."""
    return {"kty": "OKP", "crv": "Ed25519", "x": _url64(key), "kid": name, "use": "sig", "alg": "EdDSA"}


def _hashed(document: Json, options: Json) -> bytes:
    """What is signed: the hash of the proof's options, then that of the document (section 3.2.4)."""
    return b"".join(hashlib.sha256(canonical(one).encode()).digest() for one in (options, document))


def _compact(document: Json) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
