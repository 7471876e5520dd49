"""Certificates of who is erased: kept with the least that can be checked, or forgotten altogether.

What a certificate said stands in the register's chain as a commitment. When part of it goes, what was entered
before cannot be opened any more: its salts are removed, and a new entry, of kind `superseded`, takes their
place. It commits to which entries these are and to what is left, so that the audit still finds tampering.
"""

import base64
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.certificates import checks, register, signing
from app.certificates.chain import EntryKind
from app.certificates.models import Certificate, CertificateStatus, RegisterSalt
from app.core.tokens import digest
from app.credentials.keys import Vault

NOBODY = "[gewist]"  # in the place of a holder who was forgotten


async def reduce(db: AsyncSession, vault: Vault, registration: UUID, now: datetime) -> list[str]:
    """Keep of a registration's certificates what the public check shows, and no more; gives their numbers.

    Its holder's own copies stay good: the code, the signature and the status list are as they were. One that
    was revoked since loses the reason.
    """
    reduced = [
        one
        for one in await _of(db, registration)
        if one.forgotten_at is None or one.revoke_reason is not None
    ]
    for one in reduced:
        if one.forgotten_at is None:
            one.credential_digest = checks.document_digest(one.credential)
            one.credential_jwt_digest = checks.token_digest(one.credential_jwt)
        await _blank(db, vault, one, now)
    return [one.number for one in reduced]


async def forget(db: AsyncSession, vault: Vault, registration: UUID, now: datetime) -> list[str]:
    """Forget a registration's certificates: nobody can check them any more; gives their numbers.

    A number stays taken. A copy that somebody kept shows as revoked, by the status list that it names.
    """
    forgotten = [one for one in await _of(db, registration) if one.holder_name != NOBODY]
    for one in forgotten:
        if one.status is CertificateStatus.VALID:
            one.status, one.revoked_at = CertificateStatus.REVOKED, now
            await signing.strike_off(db, vault, one, now)
            await db.flush()
            await register.enter(db, vault, one, EntryKind.REVOKED, now)
        one.holder_name = NOBODY
        one.credential_digest = one.credential_jwt_digest = None
        one.code = base64.b32encode(vault.entropy(16)).decode().rstrip("=").lower()
        one.code_digest = digest(one.code)
        await _blank(db, vault, one, now)
    return [one.number for one in forgotten]


async def _of(db: AsyncSession, registration: UUID) -> list[Certificate]:
    query = select(Certificate).where(Certificate.registration == registration)
    locked = query.order_by(col(Certificate.number)).with_for_update()
    return list((await db.exec(locked.execution_options(populate_existing=True))).all())


async def _blank(db: AsyncSession, vault: Vault, certificate: Certificate, now: datetime) -> None:
    certificate.product_title, certificate.sessions, certificate.phases = "", [], []
    certificate.revoke_reason = certificate.credential = certificate.credential_jwt = None
    certificate.forgotten_at = now
    await db.flush()
    salts = select(RegisterSalt.entry).where(RegisterSalt.certificate == certificate.number)
    entries = list((await db.exec(salts.order_by(col(RegisterSalt.entry)))).all())
    await db.exec(sa.delete(RegisterSalt).where(col(RegisterSalt.certificate) == certificate.number))
    await register.enter_forgotten(db, vault, certificate, entries, now)
