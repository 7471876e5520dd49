"""Registrations: what can be done with one, each as load, authorise, validate, change, record."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import tenancy
from app.core.etags import Expected
from app.core.problems import NotFound
from app.core.values import changed_members, difference
from app.events import service as events
from app.identity.caller import SYSTEM, Caller, Role, Scope
from app.registrations import intake, waiting_list
from app.registrations.applicants import require_all_known
from app.registrations.lifecycle import SEATED, Status
from app.registrations.links import Links
from app.registrations.models import Applicant, EnrolmentForm, Registration
from app.registrations.moves import locked, move
from app.registrations.schemas import (
    ApplicantRead,
    EnrolmentFormLink,
    RegistrationChange,
    RegistrationCreate,
    RegistrationRead,
    SchoolRead,
)
from app.trainings import service as trainings
from app.trainings.models import Edition

_NOT_SHOWN = {"applicant", "school_name", "school_city", "email_key", "name_key", "links_generation"}
Row = tuple[Registration, Applicant, EnrolmentForm, datetime | None]
# A form that was reopened may have a term of its own.
_FORM_DUE_AT = sa.func.coalesce(col(EnrolmentForm.due_at), col(Edition.forms_due_at))


async def register(
    db: AsyncSession, caller: Caller, wanted: RegistrationCreate, links: Links, now: datetime
) -> RegistrationRead:
    """Take in one teacher for one edition.

    `now` is an aware UTC time. Raises InvalidInput for an unknown edition or partner, EditionClosed (409,
    with the window) and, when the person is registered for this edition through whichever partner,
    AlreadyRegistered (409), of which an administrator finds the event `registration.refused`.
    """
    partner, edition = await intake.named(db, caller, wanted.edition, wanted.partner)
    intake.require_open(edition, now)
    new = intake.made(wanted, partner, links, now)
    await intake.insert(db, caller, new, now)
    events.record(
        db,
        "registration.received",
        subject=new.registration.id,
        actor=caller.client_id,
        at=now,
        edition=edition.slug,
        partner=partner,
    )
    await db.flush()
    return shown(caller, links, (new.registration, new.applicant, new.form, edition.forms_due_at))


async def read(db: AsyncSession, caller: Caller, registration_id: UUID, links: Links) -> RegistrationRead:
    """One registration that the caller may see, or NotFound."""
    return shown(caller, links, await _row(db, caller, registration_id))


async def change(
    db: AsyncSession,
    caller: Caller,
    registration_id: UUID,
    wanted: RegistrationChange,
    links: Links,
    now: datetime,
    expected: Expected,
) -> RegistrationRead:
    """Correct what was registered, if it still carries the tag `expected`; ApplicantErased for the erased."""
    await own(db, caller, registration_id, lock=True)
    row = await _row(db, caller, registration_id)
    before = shown(caller, links, row)
    expected.require(before)
    registration, fields = row[0], changed_members(wanted)
    for name in wanted.model_fields_set - {"school"}:
        setattr(registration, name, getattr(wanted, name))
    for name in wanted.school.model_fields_set:
        setattr(registration, f"school_{name}", getattr(wanted.school, name))
    registration.describe(row[1])
    events.record_change(
        db,
        "registration.changed",
        difference(before, shown(caller, links, row), fields),
        subject=registration.id,
        actor=caller.client_id,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
        fields=fields,
    )
    await db.flush()
    return shown(caller, links, row)


async def act(
    db: AsyncSession,
    caller: Caller,
    registration_id: UUID,
    verb: str,
    links: Links,
    now: datetime,
    expected: Expected,
    reason: str | None = None,
) -> RegistrationRead:
    """Withdraw, reject, confirm or decline; a seat that falls free goes to the next on the waiting list.

    Raises NotFound for what the caller may not see, ApplicantErased, PreconditionFailed, MoveNotAllowed for
    what its status does not allow, CandidatesFrozen for rejecting who may be in an announced draw.
    """
    registration = await own(db, caller, registration_id)
    edition = await trainings.edition(db, registration.edition, lock=True)
    registration = await locked(db, registration_id)
    await require_all_known(db, [registration])
    if expected:
        expected.require(await read(db, caller, registration_id, links))
    held_seat = registration.status in SEATED
    move(db, registration, edition, verb, caller.client_id, now, reason)
    if held_seat and registration.status not in SEATED:
        async with tenancy.whole_register(db):  # the next in line may be another partner's
            await waiting_list.offer_free_seats(db, edition, SYSTEM.client_id, now)
    await db.flush()
    return shown(caller, links, await _row(db, caller, registration_id))


async def overdue_editions(db: AsyncSession, now: datetime) -> list[str]:
    """The editions in which a form or an answer is overdue."""
    query = (
        select(Registration.edition)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .join(EnrolmentForm, col(EnrolmentForm.registration) == Registration.id)
        .where(_overdue(now))
        .distinct()
        .order_by(col(Registration.edition))
    )
    return list((await db.exec(query)).all())


async def lapse_overdue(db: AsyncSession, edition_slug: str, now: datetime) -> int:
    """Lapse the forms and the offers of an edition that were not answered in time; gives their number.

    Seats that fall free are offered to the next on the waiting list.
    """
    edition = await trainings.edition(db, edition_slug, lock=True)
    query = (
        select(Registration)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .join(EnrolmentForm, col(EnrolmentForm.registration) == Registration.id)
        .where(Registration.edition == edition_slug, _overdue(now))
        .order_by(col(Registration.id))
        .with_for_update(of=Registration)
        .execution_options(populate_existing=True)
    )
    lapsed = (await db.exec(query)).all()
    for registration in lapsed:
        move(db, registration, edition, "lapse", SYSTEM.client_id, now)
    await waiting_list.offer_free_seats(db, edition, SYSTEM.client_id, now)
    return len(lapsed)


async def waiting_editions(db: AsyncSession) -> list[str]:
    """The editions with a free seat and somebody waiting."""
    return await waiting_list.waiting_editions(db)


async def offer_free_seats(db: AsyncSession, edition_slug: str, now: datetime) -> None:
    """Offer the free seats of an edition, such as those that it has gained, to its waiting list."""
    edition = await trainings.edition(db, edition_slug, lock=True)
    await waiting_list.offer_free_seats(db, edition, SYSTEM.client_id, now)


def _overdue(now: datetime) -> Any:
    return sa.or_(
        sa.and_(col(Registration.status) == Status.RECEIVED, now >= _FORM_DUE_AT),
        sa.and_(col(Registration.status) == Status.PLACED, col(Registration.answer_by) <= now),
    )


async def own(
    db: AsyncSession, caller: Caller, registration_id: UUID, *, lock: bool = False, erased: bool = False
) -> Registration:
    """The row of a registration that the caller may see, or NotFound; locked until the commit on request.

    Who locks it is about to write of the person, which ApplicantErased refuses of who was erased; but for
    what is kept of them too (`erased`).
    """
    query = select(Registration).where(Registration.id == registration_id, visible(caller))
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = (await db.exec(query)).first()
    if found is None:
        raise NotFound("There is no such registration.")
    if lock and not erased:
        await require_all_known(db, [found])
    return found


def visible(caller: Caller) -> Any:
    """The condition that a registration is the caller's to see.

    A partner sees its own, a provider those of the editions it gives, certifier and administrator all.
    """
    if caller.role is Role.PARTNER:
        return Registration.partner == caller.organisation
    if caller.role is Role.PROVIDER:
        return col(Registration.edition).in_(trainings.provided_by(caller.organisation))
    return sa.true()


def shown(caller: Caller, links: Links, row: Row) -> RegistrationRead:
    """A registration as the caller sees it; the link to the form only for who may send it on."""
    registration, applicant, *_ = row
    return RegistrationRead(
        **registration.model_dump(exclude=_NOT_SHOWN),
        applicant=ApplicantRead.model_validate(applicant),
        school=SchoolRead(name=registration.school_name, city=registration.school_city),
        enrolment_form=_form_link(links, row) if Scope.REGISTRATIONS_WRITE in caller.scopes else None,
    )


def _form_link(links: Links, row: Row) -> EnrolmentFormLink:
    registration, applicant, form, due_at = row
    usable = registration.status is Status.RECEIVED and applicant.erased_at is None
    return EnrolmentFormLink(
        url=links.enrolment_form(registration.id) if usable else None,
        token=links.enrolment_token(registration.id) if usable else None,
        due_at=due_at,
        submitted_at=form.submitted_at,
    )


def rows(caller: Caller) -> Any:
    """The query for everything that is shown of the registrations that the caller may see."""
    return (
        select(Registration, Applicant, EnrolmentForm, _FORM_DUE_AT)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .join(EnrolmentForm, col(EnrolmentForm.registration) == Registration.id)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .where(visible(caller))
    )


async def _row(db: AsyncSession, caller: Caller, registration_id: UUID) -> Row:
    found: Row | None = (await db.exec(rows(caller).where(Registration.id == registration_id))).first()
    if found is None:
        raise NotFound("There is no such registration.")
    return found
