"""Secrets of webhooks and the signatures made with them (Standard Webhooks, "Signature scheme"). Pure.

`standardwebhooks` signs with one secret; while a secret is being replaced, a delivery carries two signatures.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from standardwebhooks import Webhook

SECRET_BYTES, NONCE_BYTES = 32, 12
_PREFIX = "whsec_"


def secret_of(random: bytes) -> str:
    """Random bytes as a secret is shown."""
    return _PREFIX + base64.b64encode(random).decode()


def headers(message_id: str, content: bytes, secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """What a delivery carries: id, moment, and a signature of each secret, the newest first."""
    text = content.decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, at, text) for secret in secrets),
    }


class Unreadable(Exception):
    """A secret was sealed with another SECRET_KEY than is set now."""


@dataclass(frozen=True)
class Seal:
    """Keeps secrets unreadable in the database: AES-256-GCM, bound to the webhook that they are of."""

    key: bytes = field(repr=False)

    def close(self, secret: str, webhook: object, nonce: bytes) -> bytes:
        """The secret as it is kept; `nonce` is twelve random bytes."""
        return nonce + AESGCM(self.key).encrypt(nonce, secret.encode(), str(webhook).encode())

    def open(self, sealed: bytes, webhook: object) -> str:
        """The secret that was sealed, or Unreadable."""
        nonce, kept = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return AESGCM(self.key).decrypt(nonce, kept, str(webhook).encode()).decode()
        except InvalidTag as wrong:
            raise Unreadable("The secret was sealed with another SECRET_KEY; rotate it.") from wrong
