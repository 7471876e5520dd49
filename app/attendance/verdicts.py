"""Verdicts on phases, and on the product."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance import evidence, places, progress
from app.attendance.models import Product, Progress, Verdict
from app.attendance.records import NotParticipant
from app.attendance.schemas import ProgressPut, ProgressRead
from app.core.etags import Expected
from app.events import service as events
from app.identity.caller import Caller
from app.registrations import service as registrations
from app.registrations.lifecycle import PARTICIPANT
from app.registrations.models import Registration
from app.trainings import service as trainings
from app.trainings.models import Edition


async def put(
    db: AsyncSession,
    caller: Caller,
    registration_id: UUID,
    phase_slug: str,
    wanted: ProgressPut,
    now: datetime,
    expected: Expected,
) -> ProgressRead:
    """Record the verdict on a phase, and the product when the phase yields it.

    `expected` is about the whole progress, or about the phase as it is read at its own address.

    Raises NotFound, NotParticipant, and InvalidInput for a product in a phase that yields none.
    """
    registration = await registrations.own(db, caller, registration_id, lock=True)
    edition = await trainings.edition(db, registration.edition)
    await _check(db, registration, edition, phase_slug, wanted)
    if expected:
        whole = await progress.read(db, caller, registration_id)
        expected.require(whole, await evidence.read(db, caller, registration_id, phase_slug))

    found = await db.get(Progress, (registration_id, phase_slug), populate_existing=True)
    before = found.verdict if found else Verdict.OPEN
    judged = found or Progress(registration=registration_id, phase=phase_slug, verdict=before)
    judged.verdict, judged.evidence, judged.feedback = wanted.verdict, wanted.evidence, wanted.feedback
    judged.recorded_by, judged.recorded_at = caller.client_id, now
    db.add(judged)
    if wanted.product:
        await db.merge(Product(registration=registration_id, **wanted.product.model_dump()))
    events.record(
        db,
        "progress.recorded",
        subject=registration_id,
        actor=caller.client_id,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
        phase=phase_slug,
        before=before,
        after=wanted.verdict,
        productApproved=wanted.product.approved if wanted.product else None,
    )
    await db.flush()
    return await progress.read(db, caller, registration_id)


async def _check(
    db: AsyncSession, registration: Registration, edition: Edition, phase_slug: str, wanted: ProgressPut
) -> None:
    phase = await places.phase_of(db, edition.training, phase_slug)
    if registration.status not in PARTICIPANT:
        raise NotParticipant(f"The registration is {registration.status}; only participants make progress.")
    if wanted.product and not phase.yields_product:
        raise progress.no_product_here(phase_slug)
