"""Who is one person: everything that the register has of somebody, through whichever partner."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from app.certificates.models import Certificate
from app.core import tenancy
from app.core.problems import NotFound
from app.events.models import EventDetail
from app.identity.caller import Caller, Role
from app.invoices.models import Invoice
from app.privacy.models import Erasure
from app.registrations.likeness import DuplicateVerdict
from app.registrations.models import Applicant, DuplicateDecision, Registration


@dataclass(frozen=True)
class Person:
    """The ids under which the register knows somebody."""

    registrations: tuple[UUID, ...]
    applicants: tuple[UUID, ...]
    numbers: tuple[str, ...] = ()  # of certificates and invoices
    partner: str | None = None  # whose alone is looked through; None is the whole register

    @property
    def names(self) -> list[str]:
        """What events and other rows call the person by."""
        return [*map(str, self.registrations), *map(str, self.applicants), *self.numbers]

    def bound(self, statement: str) -> sa.TextClause:
        """SQL that names the person as the data map does (`:registrations`, `:applicants`, `:names`)."""
        values = {
            "registrations": (list(self.registrations), ARRAY(sa.Uuid)),
            "applicants": (list(self.applicants), ARRAY(sa.Uuid)),
            "names": (self.names, ARRAY(sa.Text)),
        }
        used = {name: given for name, given in values.items() if f":{name}" in statement}
        return sa.text(statement).bindparams(
            *(sa.bindparam(name, value, type) for name, (value, type) in used.items())
        )


async def find(db: AsyncSession, caller: Caller, applicant_id: UUID) -> Person:
    """Everything of the person behind an applicant that the caller may see; or NotFound.

    One person is who has the same e-mail address, whom an administrator found to be the same, who was carried
    over, and who was erased at once. A partner's walk stays among its own registrations.
    """
    partner = caller.organisation if caller.role is Role.PARTNER else None
    query = select(Registration.id).where(Registration.applicant == applicant_id)
    async with tenancy.whole_register(db):  # of what it decides, the partner's own alone comes out
        first = (await db.exec(_of(query, partner))).first()
        if first is None:
            raise NotFound("There is no such applicant.")
        found, new = {first}, {first}
        while new:
            new = set((await db.exec(_of(_beside(new), partner))).all()) - found
            found |= new
        return await of_registrations(db, found, partner)


async def of_registrations(
    db: AsyncSession, registrations: Collection[UUID], partner: str | None = None
) -> Person:
    """The person behind these registrations, as far as a `partner` is concerned."""
    ids = sorted(registrations)
    applicants = await db.exec(select(Registration.applicant).where(col(Registration.id).in_(ids)))
    certificates = await db.exec(select(Certificate.number).where(col(Certificate.registration).in_(ids)))
    invoices = await db.exec(select(Invoice.number).where(col(Invoice.registration).in_(ids)))
    numbers = (*sorted(certificates.all()), *sorted(invoices.all()))
    return Person(tuple(ids), tuple(sorted(applicants.all())), numbers, partner)


def _of(query: SelectOfScalar[UUID], partner: str | None) -> SelectOfScalar[UUID]:
    return query if partner is None else query.where(col(Registration.partner) == partner)


def _beside(known: Collection[UUID]) -> SelectOfScalar[UUID]:
    """The registrations that are of the same person as one of these, by one step."""
    ids = list(known)
    keys = select(Registration.email_key).where(col(Registration.id).in_(ids))
    same = col(DuplicateDecision.verdict) == DuplicateVerdict.SAME
    first = select(DuplicateDecision.first).where(same, col(DuplicateDecision.second).in_(ids))
    second = select(DuplicateDecision.second).where(same, col(DuplicateDecision.first).in_(ids))
    before = select(Registration.carried_over_from).where(
        col(Registration.id).in_(ids), col(Registration.carried_over_from).is_not(None)
    )
    requests = select(Erasure.request).where(col(Erasure.registration).in_(ids))
    together = select(Erasure.registration).where(col(Erasure.request).in_(requests))
    return select(Registration.id).where(
        sa.or_(
            col(Registration.email_key).in_(keys),
            col(Registration.id).in_(first),
            col(Registration.id).in_(second),
            col(Registration.id).in_(before),
            col(Registration.carried_over_from).in_(ids),
            col(Registration.id).in_(together),
        )
    )


async def emails(db: AsyncSession, person: Person) -> list[str]:
    """The addresses of somebody who is not erased yet, those from before a change too."""
    query = select(Applicant.email).where(
        col(Applicant.id).in_(person.applicants), col(Applicant.erased_at).is_(None)
    )
    changes = select(EventDetail.before).where(
        EventDetail.type == "applicant.changed",
        col(EventDetail.subject).in_(list(map(str, person.applicants))),
    )
    before = [was["email"] for was in (await db.exec(changes)).all() if was and was.get("email")]
    return sorted({*(await db.exec(query)).all(), *before})
