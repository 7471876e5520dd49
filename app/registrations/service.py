"""Registrations: what can be done with one, each as load, authorise, validate, change, record."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import constraint_of
from app.core.etags import Expected
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.core.tokens import digest
from app.core.values import changed_members, utc
from app.events import service as events
from app.identity import service as identity
from app.identity.caller import SYSTEM, Caller, Forbidden, Role, Scope
from app.registrations import waiting_list
from app.registrations.lifecycle import REOPENED, SEATED, Status
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


class EditionClosed(Problem):
    """Registrations are not taken in at this moment."""

    status, code = 409, "edition-closed"
    title, title_nl = "Registration is not open", "Aanmelding is niet geopend"


class AlreadyRegistered(Problem):
    """The person is registered for this edition; by whom is not told."""

    status, code = 409, "already-registered"
    title, title_nl = "Already registered", "Al aangemeld"
    keeps_record = True


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
    partner, edition = await _named(db, caller, wanted)
    _require_open(edition, now)

    applicant = Applicant(partner=partner, **wanted.applicant.model_dump())
    registration = Registration(
        edition=edition.slug,
        partner=partner,
        applicant=applicant.id,
        email_key=email_key(applicant.email),
        school_name=wanted.school.name,
        school_city=wanted.school.city,
        position=wanted.position,
        motivation=wanted.motivation,
        status=Status.RECEIVED,
        received_at=now,
    )
    registration.describe(applicant)
    form = EnrolmentForm(
        registration=registration.id, token_digest=digest(links.enrolment_token(registration.id))
    )
    await _insert(db, caller, now, applicant, registration, form)
    events.record(
        db,
        "registration.received",
        subject=registration.id,
        actor=caller.client_id,
        at=now,
        edition=edition.slug,
        partner=partner,
    )
    await db.flush()
    return shown(caller, links, (registration, applicant, form, edition.forms_due_at))


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
    """Correct what was registered, if it still carries the tag `expected`."""
    await own(db, caller, registration_id, lock=True)
    row = await _row(db, caller, registration_id)
    expected.require(shown(caller, links, row))
    registration = row[0]
    for name in wanted.model_fields_set - {"school"}:
        setattr(registration, name, getattr(wanted, name))
    for name in wanted.school.model_fields_set:
        setattr(registration, f"school_{name}", getattr(wanted.school, name))
    registration.describe(row[1])
    events.record(
        db,
        "registration.changed",
        subject=registration.id,
        actor=caller.client_id,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
        fields=changed_members(wanted),
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

    Raises NotFound for what the caller may not see, PreconditionFailed, MoveNotAllowed for what its status
    does not allow, CandidatesFrozen for rejecting who may be in an announced draw.
    """
    registration = await own(db, caller, registration_id)
    edition = await trainings.edition(db, registration.edition, lock=True)
    registration = await locked(db, registration_id)
    if expected:
        expected.require(await read(db, caller, registration_id, links))
    held_seat = registration.status in SEATED
    move(db, registration, edition, verb, caller.client_id, now, reason)
    if held_seat and registration.status not in SEATED:
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


async def own(db: AsyncSession, caller: Caller, registration_id: UUID, *, lock: bool = False) -> Registration:
    """The row of a registration that the caller may see, or NotFound; locked until the commit on request."""
    query = select(Registration).where(Registration.id == registration_id, visible(caller))
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = (await db.exec(query)).first()
    if found is None:
        raise NotFound("There is no such registration.")
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


def email_key(email: str) -> str:
    """What makes two addresses the same person's: the address without regard to case, as Unicode has it.

    That is case folding, for which `straße` is `strasse` (both are STRASSE in capitals), and not `lower()`,
    which keeps them apart. Of two addresses that differ in that alone one nearly always stands in for the
    other, where letters outside ASCII are not taken; so the register would rather refuse the second, which
    an administrator sees, than give one person two chances in a draw.
    """
    return email.casefold()


def shown(caller: Caller, links: Links, row: Row) -> RegistrationRead:
    """A registration as the caller sees it; the link to the form only for who may send it on."""
    registration, applicant, form, due_at = row
    return RegistrationRead(
        **registration.model_dump(exclude=_NOT_SHOWN),
        applicant=ApplicantRead.model_validate(applicant),
        school=SchoolRead(name=registration.school_name, city=registration.school_city),
        enrolment_form=_form_link(links, registration, form, due_at)
        if Scope.REGISTRATIONS_WRITE in caller.scopes
        else None,
    )


def _form_link(
    links: Links, registration: Registration, form: EnrolmentForm, due_at: datetime | None
) -> EnrolmentFormLink:
    usable = registration.status is Status.RECEIVED
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


async def _named(db: AsyncSession, caller: Caller, wanted: RegistrationCreate) -> tuple[str, Edition]:
    """The partner that it comes through, and its edition; InvalidInput with the faults of both."""
    partner = wanted.partner
    if caller.role is Role.PARTNER:
        if partner not in (None, caller.organisation):
            raise Forbidden("Only an administrator may register on behalf of another organisation.")
        partner = caller.organisation
    if partner is None:
        detail = "Name the partner that the registration comes through."
        faults = [Fault(pointer="#/partner", code="missing", detail=detail)]
    else:
        faults = await identity.role_faults(db, partner, Role.PARTNER, "#/partner")
    edition = await db.get(Edition, wanted.edition)
    if edition is None:
        detail = f"There is no edition {wanted.edition}."
        faults.append(Fault(pointer="#/edition", code="unknown-edition", detail=detail))
    if partner is None or edition is None or faults:
        raise InvalidInput(faults)
    return partner, edition


def _require_open(edition: Edition, now: datetime) -> None:
    """EditionClosed unless `now` lies in the window: from opens_at on, up to but not including closes_at."""
    if not edition.opens_at <= now < edition.closes_at:
        opens_at, closes_at = utc(edition.opens_at), utc(edition.closes_at)
        raise EditionClosed(
            f"Registration for {edition.slug} is open from {opens_at} until {closes_at}.",
            window={"opensAt": opens_at, "closesAt": closes_at},
        )


async def _insert(
    db: AsyncSession,
    caller: Caller,
    now: datetime,
    applicant: Applicant,
    registration: Registration,
    form: EnrolmentForm,
) -> None:
    """Insert all three, or record the refusal and raise AlreadyRegistered."""
    try:
        async with db.begin_nested():
            db.add(applicant)
            await db.flush()
            db.add(registration)
            await db.flush()
            db.add(form)
            await db.flush()
    except IntegrityError as error:
        if constraint_of(error) != "uq_registration_edition_email_key":
            raise
        raise await _refusal(db, caller, registration, now) from error


async def _refusal(
    db: AsyncSession, caller: Caller, refused: Registration, now: datetime
) -> AlreadyRegistered:
    """The refusal, with an event that shows administrators the conflict."""
    query = select(Registration.id, Registration.partner).where(
        Registration.edition == refused.edition,
        Registration.email_key == refused.email_key,
        col(Registration.status).not_in(REOPENED),
    )
    found = (await db.exec(query)).first()
    if found is None:  # withdrawn between the two statements: the next try will succeed
        return AlreadyRegistered("This person was registered for this edition; try again.")
    existing, partner = found
    events.record(
        db,
        "registration.refused",
        subject=existing,
        actor=caller.client_id,
        at=now,
        edition=refused.edition,
        registeredBy=partner,
        refusedFor=refused.partner,
    )
    mine = caller.role is Role.ADMIN or partner == caller.organisation
    particulars: dict[str, Any] = {"registration": str(existing), "partner": partner} if mine else {}
    return AlreadyRegistered("This person is registered for this edition.", **particulars)
