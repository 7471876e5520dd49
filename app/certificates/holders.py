"""The holder's own page: every form of the certificates that a personal link is about."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.certificates.models import Certificate
from app.certificates.pdf import CertificateSheet
from app.certificates.schemas import HeldCertificate, HolderPage
from app.certificates.service import sheet_of, verification_url
from app.core.problems import NotFound
from app.registrations import personal_links
from app.registrations.links import Links, Purpose


async def read(db: AsyncSession, links: Links, token: str) -> HolderPage:
    """The certificates behind a link; NotFound for an unknown link, and while there is no certificate."""
    held = await _held(db, links, token)
    page = f"{links.base_url}/v1/holder-pages/{token}/certificates"
    return HolderPage(
        holder_name=held[0].holder_name,
        evidence_url=f"{links.base_url}/v1/holder-pages/{token}/evidence-sheet",
        certificates=[
            HeldCertificate(
                number=one.number,
                holder_name=one.holder_name,
                status=one.status,
                training_title=one.training_title,
                issuer=one.issuer,
                issued_on=one.issued_on,
                verification_url=verification_url(one, links.base_url),
                pdf_url=f"{page}/{one.number}/pdf",
                credential_url=f"{page}/{one.number}/credential",
                token_url=f"{page}/{one.number}/token",
            )
            for one in held
        ],
    )


async def sheet(db: AsyncSession, links: Links, token: str, number: str) -> CertificateSheet:
    """What stands on the PDF of one of them, or NotFound."""
    return sheet_of(await _one(db, links, token, number), links.base_url)


async def credential(db: AsyncSession, links: Links, token: str, number: str, *, as_token: bool) -> str:
    """The credential of one of them as it was signed, or NotFound."""
    certificate = await _one(db, links, token, number)
    signed = certificate.credential_jwt if as_token else certificate.credential
    if signed is None:
        raise NotFound(f"{number} was issued without a credential.")
    return signed


async def _one(db: AsyncSession, links: Links, token: str, number: str) -> Certificate:
    for certificate in await _held(db, links, token):
        if certificate.number == number:
            return certificate
    raise NotFound(f"There is no certificate {number}.")


async def _held(db: AsyncSession, links: Links, token: str) -> list[Certificate]:
    registration = await personal_links.holder(db, links, Purpose.HOLDER, token)
    query = select(Certificate).where(Certificate.registration == registration.id)
    found = (
        await db.exec(query.order_by(col(Certificate.issued_at).desc(), col(Certificate.number).desc()))
    ).all()
    if not found:
        raise NotFound("There is nothing behind this link.")
    return list(found)
