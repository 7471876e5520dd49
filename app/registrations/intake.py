"""Taking registrations in, one or many: by the same rules, refused in the same words."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import tenancy
from app.core.database import constraint_of
from app.core.problems import Fault, InvalidInput, Problem
from app.core.tokens import digest
from app.core.values import utc
from app.events import service as events
from app.identity import service as identity
from app.identity.caller import Caller, Forbidden, Role
from app.registrations.lifecycle import REOPENED, Status
from app.registrations.links import Links
from app.registrations.models import Applicant, EnrolmentForm, Registration
from app.registrations.schemas import RegistrationCreate
from app.trainings.models import Edition

ONE_PERSON_ONCE = "uq_registration_edition_email_key"
# An edition, and what makes two addresses one person's (`email_key`).
Person = tuple[str, str]


class EditionClosed(Problem):
    """Registrations are not taken in at this moment."""

    status, code = 409, "edition-closed"
    title, title_nl = "Registration is not open", "Aanmelding is niet geopend"


class AlreadyRegistered(Problem):
    """The person is registered for this edition; by whom is not told."""

    status, code = 409, "already-registered"
    title, title_nl = "Already registered", "Al aangemeld"
    keeps_record = True


class New(NamedTuple):
    """The rows of a registration that is not there yet."""

    applicant: Applicant
    registration: Registration
    form: EnrolmentForm


class Known(NamedTuple):
    """A registration that is there, of a person who is looked for."""

    registration: UUID
    partner: str
    name_key: str


def email_key(email: str) -> str:
    """What makes two addresses the same person's: the address without regard to case, as Unicode has it.

    That is case folding, for which `straße` is `strasse` (both are STRASSE in capitals), and not `lower()`,
    which keeps them apart. Of two addresses that differ in that alone one nearly always stands in for the
    other, where letters outside ASCII are not taken; so the register would rather refuse the second, which
    an administrator sees, than give one person two chances in a draw.
    """
    return email.casefold()


def person_of(wanted: RegistrationCreate) -> Person:
    """Who a registration is for."""
    return wanted.edition, email_key(wanted.applicant.email)


async def named(
    db: AsyncSession, caller: Caller, edition_slug: str, partner: str | None
) -> tuple[str, Edition]:
    """The partner that a registration comes through, and its edition.

    Raises Forbidden when a partner names another one, InvalidInput with the faults of both.
    """
    if caller.role is Role.PARTNER:
        if partner not in (None, caller.organisation):
            raise Forbidden("Only an administrator may register on behalf of another organisation.")
        partner = caller.organisation
    if partner is None:
        detail = "Name the partner that the registration comes through."
        faults = [Fault(pointer="#/partner", code="missing", detail=detail)]
    else:
        faults = await identity.role_faults(db, partner, Role.PARTNER, "#/partner")
    edition = await db.get(Edition, edition_slug)
    if edition is None:
        detail = f"There is no edition {edition_slug}."
        faults.append(Fault(pointer="#/edition", code="unknown-edition", detail=detail))
    if partner is None or edition is None or faults:
        raise InvalidInput(faults)
    return partner, edition


def require_open(edition: Edition, now: datetime) -> None:
    """EditionClosed unless `now` lies in the window: from opens_at on, up to but not including closes_at."""
    if not edition.opens_at <= now < edition.closes_at:
        opens_at, closes_at = utc(edition.opens_at), utc(edition.closes_at)
        raise EditionClosed(
            f"Registration for {edition.slug} is open from {opens_at} until {closes_at}.",
            window={"opensAt": opens_at, "closesAt": closes_at},
        )


def made(wanted: RegistrationCreate, partner: str, links: Links, now: datetime) -> New:
    """The rows of a registration that came in at `now` through `partner`; nothing is written."""
    applicant = Applicant(partner=partner, **wanted.applicant.model_dump())
    registration = Registration(
        edition=wanted.edition,
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
    token = digest(links.enrolment_token(registration.id))
    return New(applicant, registration, EnrolmentForm(registration=registration.id, token_digest=token))


async def insert(db: AsyncSession, caller: Caller, new: New, now: datetime) -> None:
    """Insert all three rows, or record the refusal and raise AlreadyRegistered."""
    try:
        async with db.begin_nested():
            for row in new:
                db.add(row)
                await db.flush()
    except IntegrityError as error:
        if constraint_of(error) != ONE_PERSON_ONCE:
            raise
        person = new.registration.edition, new.registration.email_key
        async with tenancy.whole_register(db):  # whose the other is, administrators are told
            found = (await known(db, [person])).get(person)
            if found is None:  # withdrawn between the two statements: the next try will succeed
                detail = "This person was registered for this edition; try again."
                raise AlreadyRegistered(detail) from error
            refused = refusal(db, caller, found, person[0], new.registration.partner, now)
        raise refused from error


async def insert_all(db: AsyncSession, caller: Caller, new: Sequence[New], now: datetime) -> bool:
    """Insert many in a few statements, each with its event; False, and nothing, when somebody got before one.

    As `insert` does with one: then it says who is known (`known`), and is tried again without them.
    """
    if not new:
        return True
    rows: tuple[tuple[type[Any], list[dict[str, Any]]], ...] = (
        (Applicant, [one.applicant.model_dump() for one in new]),
        (Registration, [one.registration.model_dump() for one in new]),
        (EnrolmentForm, [one.form.model_dump(include={"registration", "token_digest"}) for one in new]),
    )
    try:
        async with db.begin_nested():
            connection = await db.connection()
            for model, values in rows:
                await connection.execute(sa.insert(model.__table__), values)
    except IntegrityError as error:
        if constraint_of(error) != ONE_PERSON_ONCE:
            raise
        return False
    registrations = sorted((one.registration for one in new), key=lambda one: (one.edition, one.id))
    for edition, group in groupby(registrations, key=lambda one: one.edition):
        ids = [one.id for one in group]
        query: Any = sa.select(col(Registration.id).label("subject"), col(Registration.partner))
        await events.record_each(
            db,
            "registration.received",
            query.where(col(Registration.id).in_(ids)).cte(),
            actor=caller.client_id,
            at=now,
            edition=edition,
        )
    return True


async def known(db: AsyncSession, people: Collection[Person]) -> Mapping[Person, Known]:
    """Those of `people` who are registered; who has left, or let it lapse, may come back."""
    query: Any = sa.select(
        col(Registration.edition),
        col(Registration.email_key),
        col(Registration.id),
        col(Registration.partner),
        col(Registration.name_key),
    ).where(
        sa.tuple_(col(Registration.edition), col(Registration.email_key)).in_(people),
        col(Registration.status).not_in(REOPENED),
    )
    found = (await db.exec(query)).all()
    return {(edition, key): Known(*rest) for edition, key, *rest in found}


def refusal(
    db: AsyncSession, caller: Caller, found: Known, edition: str, partner: str, now: datetime
) -> AlreadyRegistered:
    """The refusal of who is `found`, for `partner`, with an event that shows administrators the conflict."""
    events.record(
        db,
        "registration.refused",
        subject=found.registration,
        actor=caller.client_id,
        at=now,
        edition=edition,
        registeredBy=found.partner,
        refusedFor=partner,
    )
    return already(caller, found)


def already(caller: Caller, found: Known) -> AlreadyRegistered:
    """What a caller is told of a person who is registered: whose it is may know which registration."""
    mine = caller.role is Role.ADMIN or found.partner == caller.organisation
    particulars: dict[str, Any] = (
        {"registration": str(found.registration), "partner": found.partner} if mine else {}
    )
    return AlreadyRegistered("This person is registered for this edition.", **particulars)
