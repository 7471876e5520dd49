"""Progress per phase, the product, and what is met and missing for a certificate."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance import files, make_up
from app.attendance import service as attendance
from app.attendance.hours import Standing, requirements
from app.attendance.models import Product, Progress, Verdict
from app.attendance.schemas import (
    EligibilityRead,
    PhaseProgress,
    ProductRead,
    ProgressRead,
    RequirementRead,
    SubmissionRead,
)
from app.core.language import Language
from app.core.problems import Fault, InvalidInput
from app.identity.caller import Caller
from app.registrations import service as registrations
from app.registrations.lifecycle import PARTICIPANT
from app.registrations.models import Registration
from app.trainings import service as trainings
from app.trainings.models import Edition, Phase, Training


@dataclass(frozen=True)
class Record:
    """Everything that counts for the certificate of one registration."""

    training: Training
    phases: list[tuple[Phase, Progress | None]]
    product: Product | None
    contact_minutes: int
    made_up_minutes: int
    minimum_contact_minutes: int

    @property
    def standing(self) -> Standing:
        """The same, as the rules of `hours` ask for it."""
        return Standing(
            contact_minutes=self.contact_minutes,
            minimum_contact_minutes=self.minimum_contact_minutes,
            phases=[
                (phase.title, bool(progress and progress.verdict is Verdict.PASSED))
                for phase, progress in self.phases
            ],
            product_title=self.product.title if self.product else None,
            product_approved=bool(self.product and self.product.approved),
            made_up_minutes=self.made_up_minutes,
        )


async def read(db: AsyncSession, caller: Caller, registration_id: UUID) -> ProgressRead:
    """How a participant stands; NotFound for what the caller may not see."""
    registration = await registrations.own(db, caller, registration_id)
    return await _shown(db, registration, await record(db, registration))


def no_product_here(phase: str) -> InvalidInput:
    """The refusal of a product in a phase that yields none."""
    detail = f"The phase {phase} yields no product."
    return InvalidInput([Fault(pointer="#/product", code="no-product-here", detail=detail)])


async def eligibility(
    db: AsyncSession, caller: Caller, registration_id: UUID, language: Language
) -> EligibilityRead:
    """Each requirement of the certificate, met or not, and why; NotFound for what the caller may not see."""
    registration = await registrations.own(db, caller, registration_id)
    return judged(registration, await record(db, registration), language)


def judged(registration: Registration, known: Record, language: Language) -> EligibilityRead:
    """The requirements, judged on what is known. Whoever is no participant is not eligible."""
    judged = requirements(known.standing, language)
    return EligibilityRead(
        registration=registration.id,
        eligible=registration.status in PARTICIPANT and all(one.met for one in judged),
        contact_minutes=known.contact_minutes,
        minimum_contact_minutes=known.minimum_contact_minutes,
        requirements=[RequirementRead.model_validate(one) for one in judged],
    )


async def record(db: AsyncSession, registration: Registration) -> Record:
    """Everything that counts for the certificate of a registration."""
    edition = await db.get_one(Edition, registration.edition)
    training = await db.get_one(Training, edition.training)
    attended = sum(minutes for _, minutes in await attendance.attended(db, registration.id))
    made_up = sum(one.minutes for one, _ in await make_up.counted(db, registration.id))
    asked = edition.minimum_contact_minutes
    query = select(Progress).where(Progress.registration == registration.id)
    progress = {row.phase: row for row in (await db.exec(query)).all()}
    return Record(
        training=training,
        phases=[(phase, progress.get(phase.slug)) for phase in await trainings.phases(db, training.slug)],
        product=await db.get(Product, registration.id),
        contact_minutes=attended + made_up,
        made_up_minutes=made_up,
        minimum_contact_minutes=training.minimum_contact_minutes if asked is None else asked,
    )


async def _shown(db: AsyncSession, registration: Registration, known: Record) -> ProgressRead:
    counts = await files.counts(db, registration.id)
    return ProgressRead(
        registration=registration.id,
        phases=[
            PhaseProgress(**of_phase(phase, progress, counts.get(phase.slug, 0)))
            for phase, progress in known.phases
        ],
        product=ProductRead.model_validate(known.product) if known.product else None,
        contact_minutes=known.contact_minutes,
        minimum_contact_minutes=known.minimum_contact_minutes,
    )


def of_phase(phase: Phase, progress: Progress | None, file_count: int) -> dict[str, Any]:
    """What is shown of every phase, whoever looks."""
    submitted_at = progress.submitted_at if progress else None
    return {
        "phase": phase.slug,
        "number": phase.number,
        "title": phase.title,
        "asks": phase.asks,
        "evidence_kind": phase.evidence_kind,
        "submission": SubmissionRead(evidence=progress.submission, submitted_at=submitted_at)
        if progress and submitted_at
        else None,
        "file_count": file_count,
        "verdict": progress.verdict if progress else Verdict.OPEN,
        "evidence": progress.evidence if progress else None,
        "feedback": progress.feedback if progress else None,
        "recorded_at": progress.recorded_at if progress else None,
    }
