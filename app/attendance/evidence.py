"""Evidence of one phase: handed in by the participant, read with its files and its history."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance import files, places
from app.attendance.models import File, Product
from app.attendance.places import Place
from app.attendance.progress import no_product_here, of_phase
from app.attendance.schemas import (
    FileRead,
    OwnPhaseRead,
    PhaseDetail,
    ProductRead,
    ProductSubmission,
    ProgressEvent,
    SubmissionPut,
)
from app.core.etags import Expected
from app.events import service as events
from app.identity.caller import Caller
from app.registrations.links import Links

HISTORY = ("progress.recorded", "progress.submitted", "file.added", "file.removed")


async def read(db: AsyncSession, caller: Caller, registration_id: UUID, phase: str) -> PhaseDetail:
    """A phase of a registration that the caller may see, with the files that it may read, or NotFound."""
    place = await places.of_caller(db, caller, registration_id, phase)
    shown, found = await _shown(db, place)
    happened = await events.history(db, place.registration.id, HISTORY, phase=phase)
    return PhaseDetail(
        **shown,
        registration=place.registration.id,
        files=[FileRead.model_validate(file) for file in found if files.may_read(caller, place.phase)],
        history=[
            ProgressEvent(
                type=event.type,
                by=event.actor,
                at=event.at,
                before=event.data.get("before"),
                after=event.data.get("after"),
            )
            for event in happened
        ],
    )


async def read_own(db: AsyncSession, links: Links, token: str, phase: str) -> OwnPhaseRead:
    """A phase of the participant who holds the link, or NotFound."""
    return await own(db, await places.of_holder(db, links, token, phase))


async def submit(
    db: AsyncSession,
    links: Links,
    token: str,
    phase: str,
    wanted: SubmissionPut,
    now: datetime,
    expected: Expected,
) -> OwnPhaseRead:
    """Hand in the evidence of a phase in words, and what the product is called where the phase yields it.

    Raises NotFound, NotParticipant, PhasePassed, and InvalidInput for a product in a phase that yields none.
    """
    place = await places.of_holder(db, links, token, phase, lock=True)
    if wanted.product and not place.phase.yields_product:
        raise no_product_here(phase)
    place.require_open()
    expected.require(await own(db, place))
    progress = places.handed_in(db, place, now)
    progress.submission = wanted.evidence
    if wanted.product:
        await _name(db, place, wanted.product)
    events.record(
        db,
        "progress.submitted",
        subject=place.registration.id,
        actor=place.actor,
        at=now,
        edition=place.registration.edition,
        partner=place.registration.partner,
        phase=phase,
    )
    await db.flush()
    return await read_own(db, links, token, phase)


async def own(db: AsyncSession, place: Place) -> OwnPhaseRead:
    """A place as its participant sees it."""
    shown, found = await _shown(db, place)
    own_files = [FileRead.model_validate(file) for file in found]
    return OwnPhaseRead(
        **shown, files=own_files, yields_product=place.phase.yields_product, open=place.is_open
    )


async def _shown(db: AsyncSession, place: Place) -> tuple[dict[str, Any], list[File]]:
    """What is shown of a place to everybody, and its files."""
    found = list(await files.of_phase(db, place.registration.id, place.phase.slug))
    product = await db.get(Product, place.registration.id) if place.phase.yields_product else None
    shown = of_phase(place.phase, place.progress, len(found))
    return {**shown, "product": ProductRead.model_validate(product) if product else None}, found


async def _name(db: AsyncSession, place: Place, wanted: ProductSubmission) -> None:
    """Keep what the product is; one that became another is no longer approved."""
    product = await db.get(Product, place.registration.id, populate_existing=True)
    if product and (product.title, product.kind) == (wanted.title, wanted.kind):
        return
    await db.merge(Product(registration=place.registration.id, approved=False, **wanted.model_dump()))
