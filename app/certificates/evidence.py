"""The evidence sheet: what a participant did, for a teacher's portfolio; before and after a certificate."""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance import progress
from app.attendance.models import Verdict
from app.certificates.evidence_pdf import EvidencePdf
from app.certificates.models import Certificate, CertificateStatus
from app.certificates.pdf import HeldSession
from app.certificates.schemas import EvidenceCriterion, EvidencePhase, EvidenceSession, EvidenceSheet
from app.certificates.service import held_sessions
from app.core.language import Language
from app.identity.caller import Caller
from app.registrations import personal_links
from app.registrations import service as registrations
from app.registrations.links import Links, Purpose
from app.registrations.models import Applicant, Registration
from app.trainings import service as trainings


async def read(
    db: AsyncSession, caller: Caller, registration_id: UUID, language: Language, now: datetime
) -> EvidenceSheet:
    """The sheet of a registration that the caller may see, or NotFound."""
    return await _sheet(db, await registrations.own(db, caller, registration_id), language, now)


async def of_holder(
    db: AsyncSession, links: Links, token: str, language: Language, now: datetime
) -> EvidenceSheet:
    """The sheet behind a holder's link, or NotFound."""
    return await _sheet(db, await personal_links.holder(db, links, Purpose.HOLDER, token), language, now)


def printed(sheet: EvidenceSheet, language: Language) -> EvidencePdf:
    """The same sheet, as it is set as a PDF."""
    return EvidencePdf(
        language=language,
        holder_name=sheet.holder_name,
        training_title=sheet.training_title,
        edition_title=sheet.edition_title,
        certificate=sheet.certificate,
        made_on=sheet.made_on,
        contact_minutes=sheet.contact_minutes,
        study_load_hours=sheet.study_load_hours,
        product_title=sheet.product_title,
        sessions=tuple(
            HeldSession(on=one.held_on, title=one.title, place=one.place, mode=one.mode, minutes=one.minutes)
            for one in sheet.sessions
        ),
        phases=tuple((one.title, one.passed, one.evidence or "") for one in sheet.phases),
        criteria=tuple((one.met, one.explanation) for one in sheet.criteria),
    )


async def _sheet(
    db: AsyncSession, registration: Registration, language: Language, now: datetime
) -> EvidenceSheet:
    edition = await trainings.edition(db, registration.edition)
    known = await progress.record(db, registration)
    applicant = await db.get_one(Applicant, registration.applicant)
    query = select(Certificate.number).where(
        Certificate.registration == registration.id, col(Certificate.status) == CertificateStatus.VALID
    )
    return EvidenceSheet(
        registration=registration.id,
        holder_name=applicant.full_name,
        training_title=known.training.title,
        edition_title=edition.title,
        certificate=(await db.exec(query)).first(),
        made_on=now.astimezone(ZoneInfo(edition.time_zone)).date(),
        contact_minutes=known.contact_minutes,
        minimum_contact_minutes=known.minimum_contact_minutes,
        study_load_hours=known.training.study_load_hours,
        product_title=known.product.title if known.product else None,
        sessions=[
            EvidenceSession(
                held_on=date.fromisoformat(str(one["on"])),
                **{name: one[name] for name in ("title", "place", "mode", "minutes")},
            )
            for one in await held_sessions(db, registration, edition)
        ],
        phases=[
            EvidencePhase(
                phase=phase.slug,
                number=phase.number,
                title=phase.title,
                passed=bool(judged and judged.verdict is Verdict.PASSED),
                evidence=judged.evidence if judged else None,
            )
            for phase, judged in known.phases
        ],
        criteria=[
            EvidenceCriterion(**one.model_dump())
            for one in progress.judged(registration, known, language).requirements
        ],
    )
