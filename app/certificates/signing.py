"""The credential of a certificate: signed when it is issued, struck off its status list when it ends."""

import base64
import json
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.certificates import badge
from app.certificates.badge import Badge
from app.certificates.models import Certificate, CertificateStatus
from app.credentials import keys, proofs, status_lists
from app.credentials.keys import Vault
from app.credentials.models import StatusList
from app.registrations.models import Applicant, Registration
from app.trainings.models import Edition, Training

SALT_BYTES = 16


async def sign(db: AsyncSession, vault: Vault, certificate: Certificate, now: datetime) -> None:
    """Give a certificate, not yet written, its credential in both forms and a random bit of a status list."""
    status_list = await status_lists.open_list(db, vault, now)
    certificate.status_list = status_list.id
    certificate.status_index = await _free_place(db, vault, status_list)
    document = badge.document(await _badge(db, vault, certificate, status_list))
    signer = await keys.signer(db, vault, now)
    signed = proofs.with_proof(document, signer, now)
    certificate.credential = json.dumps(signed, ensure_ascii=False)
    certificate.credential_jwt = proofs.token(document, signer)


async def strike_off(db: AsyncSession, vault: Vault, certificate: Certificate, now: datetime) -> None:
    """Raise the bit of a certificate that no longer counts, and sign its list anew."""
    if certificate.status_list is None:
        return
    status_list = await status_lists.locked(db, certificate.status_list)
    await db.flush()
    query = select(Certificate.status_index).where(
        Certificate.status_list == status_list.id, Certificate.status != CertificateStatus.VALID
    )
    await status_lists.sign(
        db, vault, status_list, [i for i in (await db.exec(query)).all() if i is not None], now
    )


async def _free_place(db: AsyncSession, vault: Vault, status_list: StatusList) -> int:
    """A random place in a locked list that no certificate has yet."""
    while True:
        place = status_lists.place(vault.entropy)
        taken = sa.exists().where(
            col(Certificate.status_list) == status_list.id, col(Certificate.status_index) == place
        )
        if not (await db.exec(select(taken))).one():
            return place


async def _badge(db: AsyncSession, vault: Vault, certificate: Certificate, status_list: StatusList) -> Badge:
    query = (
        select(Applicant.email, Training, Edition)
        .join(Registration, col(Registration.applicant) == Applicant.id)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .join(Training, col(Training.slug) == Edition.training)
        .where(Registration.id == certificate.registration)
    )
    email, training, edition = (await db.exec(query)).one()
    asked = edition.minimum_contact_minutes
    return Badge(
        verification_url=f"{vault.base_url}/v1/verifications/{certificate.code}",
        issuer_did=vault.did,
        issuer_name=certificate.issuer,
        base_url=vault.base_url,
        number=certificate.number,
        # An id of its own: nobody follows a person by it from one credential to another.
        subject=UUID(bytes=vault.entropy(16), version=4),
        holder_name=certificate.holder_name,
        email=email,
        salt=base64.b32encode(vault.entropy(SALT_BYTES)).decode().rstrip("=").lower(),
        training_slug=training.slug,
        training_title=certificate.training_title,
        training_summary=training.summary,
        certificate_prefix=training.certificate_prefix,
        edition_title=edition.title,
        phases=tuple(phase["title"] for phase in certificate.phases),
        product_title=certificate.product_title,
        contact_minutes=certificate.contact_minutes,
        minimum_contact_minutes=training.minimum_contact_minutes if asked is None else asked,
        study_load_hours=certificate.study_load_hours,
        issued_at=certificate.issued_at,
        status_list_url=status_lists.address(vault, status_list.id or 0),
        status_index=certificate.status_index or 0,
    )
