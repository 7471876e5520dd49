"""The register's identifier on the web and the keys it publishes (did:web, JSON Web Key Sets). Pure."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from app.credentials import multikey, proofs

CONTEXTS = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")


def identifier(base_url: str) -> str:
    """The DID of the register at `base_url` (did:web): host, port and path, with colons."""
    address = urlsplit(base_url)
    parts = [address.netloc.rpartition("@")[2], *address.path.strip("/").split("/")]
    return "did:web:" + ":".join(quote(part, safe="") for part in parts if part)


def method(did: str, public: bytes) -> str:
    """The id of a key in the document of `did`: the key itself, so that it never names another."""
    return f"{did}#{multikey.public(public)}"


def document(did: str, keys: Sequence[bytes]) -> dict[str, Any]:
    """The DID document with every public key, the newest first; all of them may have signed."""
    names = [method(did, key) for key in keys]
    return {
        "@context": list(CONTEXTS),
        "id": did,
        "verificationMethod": [
            {"id": name, "type": "Multikey", "controller": did, "publicKeyMultibase": multikey.public(key)}
            for name, key in zip(names, keys, strict=True)
        ],
        "assertionMethod": names,
    }


def key_set(did: str, keys: Sequence[bytes]) -> dict[str, Any]:
    """The same keys as a JSON Web Key Set (RFC 7517)."""
    return {"keys": [proofs.jwk(method(did, key), key) for key in keys]}
