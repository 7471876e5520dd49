"""An edition's certificates as a table for the certifier, as a Dutch spreadsheet opens it."""

from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.certificates.models import Certificate, CertificateStatus
from app.certificates.service import verification_url
from app.core import sheets
from app.core.sheets import Cell
from app.identity.caller import Caller
from app.registrations import service as registrations
from app.registrations.models import Registration
from app.trainings import service as trainings

HEADER = (
    *("nummer", "status", "naam", "opleiding", "editie", "contacturen", "studielast", "beroepsproduct"),
    *("uitgegeven op", "uitgegeven door", "ingetrokken op", "reden", "vervangt", "vervangen op"),
    *("partner", "controle", "aanmelding"),
)
STATUSES = {
    CertificateStatus.VALID: "geldig",
    CertificateStatus.REVOKED: "ingetrokken",
    CertificateStatus.SUPERSEDED: "vervangen",
}


async def of_edition(db: AsyncSession, caller: Caller, edition_slug: str, base_url: str) -> bytes:
    """The certificates of an edition that the caller may see, by number, as CSV; days are the edition's.

    Raises NotFound for an unknown edition.
    """
    edition = await trainings.edition(db, edition_slug)
    query = (
        select(Certificate, Registration.partner)
        .join(Registration, col(Registration.id) == Certificate.registration)
        .where(Registration.edition == edition.slug, registrations.visible(caller))
        .order_by(col(Certificate.number))
    )
    zone = ZoneInfo(edition.time_zone)
    found = (await db.exec(query)).all()
    return sheets.write(HEADER, [_row(one, partner, zone, base_url) for one, partner in found])


def _row(one: Certificate, partner: str, zone: ZoneInfo, base_url: str) -> list[Cell]:
    revoked, superseded = (
        moment.astimezone(zone).date() if moment else None for moment in (one.revoked_at, one.superseded_at)
    )
    hours = f"{one.contact_minutes / 60:.2f}".replace(".", ",")
    return [
        *(one.number, STATUSES[one.status], one.holder_name, one.training_title, one.edition_title),
        *(hours, one.study_load_hours, one.product_title, one.issued_on, one.issuer),
        *(revoked, one.revoke_reason, one.supersedes, superseded),
        *(partner, verification_url(one, base_url), str(one.registration)),
    ]
