"""Secrets that are shown once and kept as a digest, and links whose token can be made again."""

import base64
import hashlib
import hmac
import secrets


def new_secret() -> str:
    """256 random bits as text that survives shells, forms and URLs."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is kept of a secret with full entropy: its SHA-256."""
    return hashlib.sha256(secret.encode()).digest()


def link_token(key: bytes, *about: object) -> str:
    """A token for a personal link: unguessable without `key`, and the same each time for the same `about`.

    So the link can be sent again (a reminder) although the database holds the digest alone.
    """
    message = "\x1f".join(str(part) for part in about).encode()
    return base64.urlsafe_b64encode(hmac.digest(key, message, "sha256")).decode().rstrip("=")
