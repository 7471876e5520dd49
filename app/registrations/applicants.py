"""Applicants: the people behind the registrations, as their partner and administrators see them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import flush
from app.core.etags import Expected
from app.core.paging import Window, fetch
from app.core.problems import NotFound, Problem
from app.core.values import changed_members, difference
from app.events import service as events
from app.identity.caller import Caller, Role
from app.registrations.intake import email_key
from app.registrations.models import Applicant, Registration
from app.registrations.schemas import ApplicantChange, ApplicantPage, ApplicantRead


class EmailTaken(Problem):
    """Another registration for the same edition has the address."""

    status, code = 409, "email-taken"
    title, title_nl = "E-mail address is taken", "E-mailadres is al in gebruik"


class ApplicantErased(Problem):
    """Nothing is known of the person any more, and nothing is written about them."""

    status, code = 409, "applicant-erased"
    title, title_nl = "Applicant was erased", "Aanmelder is gewist"


async def read(db: AsyncSession, caller: Caller, applicant_id: UUID) -> ApplicantRead:
    """One applicant of the caller's, or NotFound."""
    return ApplicantRead.model_validate(await _own(db, caller, applicant_id))


async def list_applicants(db: AsyncSession, caller: Caller, window: Window) -> ApplicantPage:
    """The caller's applicants, in the order in which they came."""
    query = select(Applicant).where(_visible(caller))
    page, next_cursor = await fetch(db, query, window, [col(Applicant.id)], UUID, lambda one: one.id)
    return ApplicantPage(items=[ApplicantRead.model_validate(one) for one in page], next_cursor=next_cursor)


async def change(
    db: AsyncSession,
    caller: Caller,
    applicant_id: UUID,
    wanted: ApplicantChange,
    now: datetime,
    expected: Expected,
) -> ApplicantRead:
    """Correct a name or an address, if the applicant still carries the tag `expected`.

    A certificate keeps the name that it was issued with. Raises EmailTaken when the new address
    is that of another registration for the same edition, and ApplicantErased.
    """
    await _own(db, caller, applicant_id)
    # The registration first, as who changes the school does: both write what is searched.
    query = select(Registration).where(Registration.applicant == applicant_id)
    registration = (await db.exec(query.with_for_update(key_share=True))).one()
    changed = await _own(db, caller, applicant_id, lock=True)
    before = ApplicantRead.model_validate(changed)
    expected.require(before)
    require_known(changed)
    for name in wanted.model_fields_set:
        setattr(changed, name, getattr(wanted, name))
    registration.email_key = email_key(changed.email)
    registration.describe(changed)
    fields, after = changed_members(wanted), ApplicantRead.model_validate(changed)
    events.record_change(
        db,
        "applicant.changed",
        difference(before, after, fields),
        subject=applicant_id,
        actor=caller.client_id,
        at=now,
        edition=registration.edition,
        partner=changed.partner,
        fields=fields,
    )
    taken = EmailTaken("Another registration for this edition has that e-mail address.")
    await flush(db, {"uq_registration_edition_email_key": taken})
    return ApplicantRead.model_validate(changed)


def require_known(applicant: Applicant) -> None:
    """ApplicantErased for who was erased."""
    if applicant.erased_at is not None:
        raise ApplicantErased("The person was erased; nothing can be changed any more.")


async def require_all_known(db: AsyncSession, registrations: Iterable[Registration]) -> None:
    """ApplicantErased where the person behind one of these registrations was erased.

    Asked once they are locked, as who erases does: it cannot happen afterwards.
    """
    ids = [one.applicant for one in registrations]
    query = select(Applicant.id).where(col(Applicant.id).in_(ids), col(Applicant.erased_at).is_not(None))
    if (await db.exec(query.limit(1))).first() is not None:
        raise ApplicantErased("The person was erased; nothing can be changed any more.")


def _visible(caller: Caller) -> Any:
    return Applicant.partner == caller.organisation if caller.role is Role.PARTNER else sa.true()


async def _own(db: AsyncSession, caller: Caller, applicant_id: UUID, *, lock: bool = False) -> Applicant:
    query = select(Applicant).where(Applicant.id == applicant_id, _visible(caller))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = (await db.exec(query)).first()
    if found is None:
        raise NotFound("There is no such applicant.")
    return found
