"""The keys that credentials are signed with: made when first needed, sealed at rest, rotated, published."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.problems import Problem
from app.core.settings import Settings
from app.credentials import did, multikey
from app.credentials.models import SigningKey
from app.credentials.proofs import Signer
from app.events import service as events

# Any number of our own: whoever makes a key holds this advisory lock.
LOCK = 7_218_007
_NONCE, _KEY = 12, 32  # bytes

# Random bytes, by number: an argument, so that tests can repeat.
Entropy = Callable[[int], bytes]


class SigningKeyUnreadable(Problem):
    """The secret that the signing key was sealed with is not the one that is set now."""

    status, code = 503, "signing-key-unreadable"
    title, title_nl = "Signing is not possible", "Ondertekenen is niet mogelijk"


@dataclass(frozen=True)
class Vault:
    """Where keys are made and opened: the secret they are sealed with, and the address they belong to."""

    base_url: str
    secret: bytes = field(repr=False)
    entropy: Entropy = field(repr=False)

    @classmethod
    def of(cls, settings: Settings) -> "Vault":
        """The vault that the settings say."""
        return cls(settings.base_url, settings.key("signing keys"), secrets.token_bytes)

    @property
    def did(self) -> str:
        """The register's own identifier."""
        return did.identifier(self.base_url)

    def seal(self, name: str, private: bytes) -> bytes:
        """A private key, encrypted and bound to its name."""
        nonce = self.entropy(_NONCE)
        return nonce + AESGCM(self.secret).encrypt(nonce, private, name.encode())

    def open(self, key: SigningKey) -> Signer:
        """The key, ready to sign; SigningKeyUnreadable when it was sealed with another secret."""
        try:
            private = AESGCM(self.secret).decrypt(key.sealed[:_NONCE], key.sealed[_NONCE:], key.name.encode())
        except InvalidTag as wrong:
            raise SigningKeyUnreadable(
                "The signing key was sealed with another SECRET_KEY; `cultuurcoordinator keys rotate` helps."
            ) from wrong
        return Signer(did.method(self.did, key.public), Ed25519PrivateKey.from_private_bytes(private))


async def signer(db: AsyncSession, vault: Vault, now: datetime) -> Signer:
    """The key that signs now; the first one is made when it is first asked for."""
    return vault.open(await _current(db) or await _made(db, vault, now))


async def published(db: AsyncSession) -> Sequence[bytes]:
    """Every public key there has been, the one that signs now first."""
    query = select(SigningKey.public).order_by(
        col(SigningKey.retired_at).desc().nulls_first(), col(SigningKey.name)
    )
    return (await db.exec(query)).all()


async def rotate(db: AsyncSession, vault: Vault, actor: str, now: datetime) -> str:
    """Retire the key that signs and make a new one; gives the new one's name.

    What the old one signed stays valid, for it stays published.
    """
    await _alone(db)
    old = await _current(db)
    if old:
        old.retired_at = now
        await db.flush()
    new = await _made(db, vault, now)
    events.record(
        db, "signing-key.rotated", subject=new.name, actor=actor, at=now, before=old.name if old else None
    )
    return new.name


async def _current(db: AsyncSession) -> SigningKey | None:
    return (await db.exec(select(SigningKey).where(col(SigningKey.retired_at).is_(None)))).first()


async def _made(db: AsyncSession, vault: Vault, now: datetime) -> SigningKey:
    """A new key, or the one that somebody else has just made."""
    await _alone(db)
    if there := await _current(db):
        return there
    private = Ed25519PrivateKey.from_private_bytes(vault.entropy(_KEY))
    public = private.public_key().public_bytes_raw()
    name = multikey.public(public)
    key = SigningKey(
        name=name, public=public, sealed=vault.seal(name, private.private_bytes_raw()), made_at=now
    )
    db.add(key)
    await db.flush()
    return key


async def _alone(db: AsyncSession) -> None:
    await (await db.connection()).execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
