"""Carry-over: those who were drawn out of one edition move to the list of the next."""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.core.problems import Fault, InvalidInput
from app.core.tokens import digest
from app.events import service as events
from app.identity.caller import Caller
from app.registrations import wishes
from app.registrations.lifecycle import REOPENED, Status
from app.registrations.links import Links
from app.registrations.models import Applicant, EnrolmentForm, Registration
from app.registrations.moves import move
from app.registrations.schemas import CarriedOver, NotCarriedOver
from app.trainings import service as trainings
from app.trainings.models import Edition
from app.trainings.service import EditionFrozen

Row = tuple[Registration, Applicant, EnrolmentForm]


async def carry_over(
    db: AsyncSession,
    caller: Caller,
    target_slug: str,
    source_slug: str,
    links: Links,
    now: datetime,
    expected: Expected,
) -> CarriedOver:
    """Move the waiting list of one edition to another of the same training, forms and all.

    Each gets a new registration, complete; the old one is withdrawn with the reason. Who is registered
    for the target already stays where they are. What it brings in the draw is the target's setting.
    `expected` is about the target. Raises NotFound, InvalidInput for an edition that cannot be the source,
    EditionFrozen, and PreconditionFailed.
    """
    source, target = await _editions(db, source_slug, target_slug)
    if expected:
        expected.require(await trainings.read_edition(db, target_slug))
    made, left = [], []
    for row in await _waiting(db, source):
        if await _is_registered(db, target, row[0].email_key):
            left.append(NotCarriedOver(registration=row[0].id, why="already-registered"))
        else:
            made.append(await _copy(db, caller, row, target, links, now))
            move(db, row[0], source, "withdraw", caller.client_id, now, f"carried over to {target.slug}")
            await db.flush()
    return CarriedOver(registrations=[one.id for one in made], left=left)


async def _editions(db: AsyncSession, source_slug: str, target_slug: str) -> tuple[Edition, Edition]:
    """Both, locked in the order of their names; InvalidInput when the one cannot follow the other."""
    if source_slug == target_slug:
        detail = "An edition carries nobody over to itself."
        raise InvalidInput([Fault(pointer="#/from", code="same-edition", detail=detail)])
    both = {slug: await trainings.edition(db, slug, lock=True) for slug in sorted((source_slug, target_slug))}
    source, target = both[source_slug], both[target_slug]
    if source.training != target.training:
        detail = f"The edition {source.slug} is one of another training."
        raise InvalidInput([Fault(pointer="#/from", code="other-training", detail=detail)])
    if target.frozen or source.frozen:
        raise EditionFrozen("A draw is announced; publish its result or void it first.")
    return source, target


async def _waiting(db: AsyncSession, source: Edition) -> list[Row]:
    query = (
        select(Registration, Applicant, EnrolmentForm)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .join(EnrolmentForm, col(EnrolmentForm.registration) == Registration.id)
        .where(
            Registration.edition == source.slug,
            Registration.status == Status.WAITLISTED,
            col(Applicant.erased_at).is_(None),
        )
        .order_by(col(Registration.waiting_number))
        .with_for_update(of=Registration, key_share=True)
        .execution_options(populate_existing=True)
    )
    return list((await db.exec(query)).all())


async def _is_registered(db: AsyncSession, target: Edition, email_key: str) -> bool:
    query = select(Registration.id).where(
        Registration.edition == target.slug,
        Registration.email_key == email_key,
        col(Registration.status).not_in(REOPENED),
    )
    return (await db.exec(query)).first() is not None


async def _copy(
    db: AsyncSession, caller: Caller, row: Row, target: Edition, links: Links, now: datetime
) -> Registration:
    """The same applicant's registration for the next edition, with the form that was returned."""
    registration, applicant, form = row
    person = Applicant(**applicant.model_dump(exclude={"id"}))
    kept = registration.model_dump(
        include={"partner", "email_key", "school_name", "school_city", "position", "motivation"}
    )
    copied = Registration(
        **kept,
        edition=target.slug,
        applicant=person.id,
        status=Status.RECEIVED,
        received_at=now,
        carried_over_from=registration.id,
    )
    copied.describe(person)
    returned = EnrolmentForm(
        registration=copied.id,
        token_digest=digest(links.enrolment_token(copied.id)),
        **form.model_dump(include={"submitted_at", "answers", "saved_at", "consented_at"}),
    )
    for one in (person, copied, returned):
        db.add(one)
        await db.flush()
    await wishes.keep(db, copied.id, await wishes.read(db, registration.id))
    events.record(
        db,
        "registration.received",
        subject=copied.id,
        actor=caller.client_id,
        at=now,
        edition=target.slug,
        partner=copied.partner,
        carriedOverFrom=str(registration.id),
    )
    move(db, copied, target, "complete", caller.client_id, now)
    return copied
