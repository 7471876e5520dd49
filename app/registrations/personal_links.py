"""The links of a participant: handed out by who may send them on, renewed when one got into other hands."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.core.problems import NotFound
from app.events import service as events
from app.identity.caller import Caller
from app.registrations.applicants import require_all_known
from app.registrations.links import Links, Purpose, registration_in
from app.registrations.models import Applicant, Registration
from app.registrations.schemas import PersonalLinks
from app.registrations.service import own

_NOTHING = "There is nothing behind this link."


async def read(db: AsyncSession, caller: Caller, registration_id: UUID, links: Links) -> PersonalLinks:
    """The links of a registration that the caller may see, NotFound or ApplicantErased."""
    registration = await own(db, caller, registration_id)
    await _require_holder(db, registration)
    return _shown(registration, links)


async def renew(
    db: AsyncSession,
    caller: Caller,
    registration_id: UUID,
    links: Links,
    now: datetime,
    expected: Expected,
    reason: str | None,
) -> PersonalLinks:
    """Give a registration new links, if they are as `expected`; those handed out stop working at once.

    Raises NotFound, ApplicantErased and PreconditionFailed.
    """
    registration = await own(db, caller, registration_id, lock=True, erased=True)
    await _require_holder(db, registration)
    expected.require(_shown(registration, links))
    registration.links_generation += 1
    events.record(
        db,
        "registration.links-renewed",
        subject=registration.id,
        actor=caller.client_id,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
        reason=reason,
    )
    await db.flush()
    return _shown(registration, links)


async def holder(db: AsyncSession, links: Links, purpose: Purpose, token: str) -> Registration:
    """The registration whose link for `purpose` this is, or NotFound, as of who was erased.

    A certificate that outlasts the rest of the registration keeps its holder's page; where the person is
    erased on request, that link ends by its generation.
    """
    registration_id = registration_in(token)
    found = await db.get(Registration, registration_id) if registration_id else None
    if found is None or not links.is_genuine(token, purpose, found.id, found.links_generation):
        raise NotFound(_NOTHING)
    if purpose is not Purpose.HOLDER and (await db.get_one(Applicant, found.applicant)).erased_at:
        raise NotFound(_NOTHING)
    return found


async def _require_holder(db: AsyncSession, registration: Registration) -> None:
    """ApplicantErased, unless a certificate outlasted the rest: whose it is finds it by the link."""
    certificate = SQLModel.metadata.tables["certificate"].c
    whole = sa.exists().where(certificate.registration == registration.id, certificate.forgotten_at.is_(None))
    if not (await db.exec(select(whole))).one():
        await require_all_known(db, [registration])


def _shown(registration: Registration, links: Links) -> PersonalLinks:
    generation = registration.links_generation
    return PersonalLinks(
        page=links.page(registration.id, generation),
        calendar=links.calendar(registration.id, generation),
        holder=links.holder(registration.id, generation),
    )
