"""Where evidence belongs: one phase of one registration, found by who may add to it or change it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance.models import Progress, Verdict
from app.attendance.records import NotParticipant
from app.core.problems import NotFound, Problem
from app.identity.caller import Caller
from app.registrations import personal_links
from app.registrations import service as registrations
from app.registrations.forms import APPLICANT
from app.registrations.lifecycle import PARTICIPANT
from app.registrations.links import Links, Purpose
from app.registrations.models import Registration
from app.registrations.moves import locked
from app.trainings.models import Edition, Phase


class PhasePassed(Problem):
    """The phase was passed; its evidence stays as it was judged."""

    status, code = 409, "phase-passed"
    title, title_nl = "The phase is passed", "De fase is behaald"


@dataclass(frozen=True)
class Place:
    """One phase of one registration, what is known of it, and who acts."""

    registration: Registration
    phase: Phase
    progress: Progress | None
    actor: str

    @property
    def is_own(self) -> bool:
        """Whether it is the participant who acts."""
        return self.actor == APPLICANT

    @property
    def is_open(self) -> bool:
        """Whether the participant can still hand something in."""
        passed = self.progress is not None and self.progress.verdict is Verdict.PASSED
        return self.registration.status in PARTICIPANT and not passed

    def require_open(self) -> None:
        """Raise NotParticipant, or for the participant PhasePassed, where nothing may be added or changed."""
        status = self.registration.status
        if status not in PARTICIPANT:
            raise NotParticipant(f"The registration is {status}; only participants make progress.")
        if self.is_own and not self.is_open:
            raise PhasePassed(f"The phase {self.phase.slug} is passed; what was handed in stays as it is.")


async def of_caller(
    db: AsyncSession, caller: Caller, registration_id: UUID, phase: str, *, lock: bool = False
) -> Place:
    """The place, for a client that may see its registration, or NotFound; locked on request."""
    registration = await registrations.own(db, caller, registration_id, lock=lock)
    return await _place(db, registration, phase, caller.client_id)


async def of_holder(db: AsyncSession, links: Links, token: str, phase: str, *, lock: bool = False) -> Place:
    """The place, for whoever holds the link to the participant's page, or NotFound."""
    registration = await personal_links.holder(db, links, Purpose.PAGE, token)
    if lock:
        registration = await locked(db, registration.id)
    return await _place(db, registration, phase, APPLICANT)


async def phase_of(db: AsyncSession, training: str, slug: str) -> Phase:
    """The phase of a training, or NotFound."""
    phase = await db.get(Phase, slug)
    if phase is None or phase.training != training:
        raise NotFound(f"There is no phase {slug} in this training.")
    return phase


async def _place(db: AsyncSession, registration: Registration, phase: str, actor: str) -> Place:
    edition = await db.get_one(Edition, registration.edition)
    found = await phase_of(db, edition.training, phase)
    progress = await db.get(Progress, (registration.id, phase), populate_existing=True)
    return Place(registration, found, progress, actor)


def handed_in(db: AsyncSession, place: Place, now: datetime) -> Progress:
    """The progress row of a place, where the participant hands something in at `now`."""
    progress = place.progress or Progress(
        registration=place.registration.id, phase=place.phase.slug, verdict=Verdict.OPEN
    )
    progress.submitted_at = now
    db.add(progress)
    return progress
