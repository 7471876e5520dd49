"""The rights of people: erased on request; what is kept is said, and why."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.certificates import forgetting
from app.certificates.models import Certificate
from app.core import tenancy
from app.core.etags import Expected
from app.core.language import Language
from app.core.problems import Problem
from app.identity.caller import Caller, Forbidden, Role
from app.invoices.models import Invoice
from app.privacy import erasing, ledger, people, terms
from app.privacy.erasing import Erased, Means
from app.privacy.people import Person
from app.privacy.schemas import ErasureRead, KeptRead
from app.privacy.uses import EXPLAINED, Certificates, Use
from app.registrations import applicants, lifecycle
from app.registrations.models import Applicant, Registration
from app.trainings import service as trainings
from app.trainings.models import Edition
from app.trainings.terms import Retained

# The verbs that end a registration; while one may, and the edition goes on, somebody takes part.
ENDING = ("withdraw", "reject", "decline")
# What is left of a certificate: as much as its public check shows, and what it is found by.
CHECKED = ["number", "holderName", "trainingTitle", "issuer", "issuedOn", "contactMinutes", "status", "code"]
INVOICED = ["number", "buyer", "participantName", "lines", "payments"]


class StillTakingPart(Problem):
    """A registration of the person goes on; `registrations` says which, and by which verbs it ends."""

    status, code = 409, "still-taking-part"
    title, title_nl = "Registration has not ended", "Aanmelding is niet beëindigd"


async def erase(
    db: AsyncSession,
    caller: Caller,
    applicant_id: UUID,
    wanted: Certificates,
    means: Means,
    language: Language,
    now: datetime,
    expected: Expected,
) -> tuple[ErasureRead, Sequence[str]]:
    """Erase the person behind an applicant, as far as the caller may see them (AVG, article 17).

    Done again it changes nothing, and tells what is kept. Gives also the keys of contents that are to go from
    storage after the commit. Raises NotFound, PreconditionFailed, Forbidden to a partner that wants
    certificates forgotten, and StillTakingPart.
    """
    applicant = await applicants.read(db, caller, applicant_id)
    if expected:
        expected.require(applicant)
    if wanted is Certificates.FORGET and caller.role is not Role.ADMIN:
        raise Forbidden("Only an administrator may have certificates forgotten.")
    person = await people.find(db, caller, applicant_id)
    async with tenancy.whole_register(db):  # what is about the person may be in tables of others
        editions = await _locked(db, person)
        await _require_ended(db, person, editions, now)
        erased = await erase_person(db, means, person, wanted, caller.client_id, now)
        return await _told(db, applicant_id, person, erased, wanted, language, now), erased.contents


async def erase_person(
    db: AsyncSession, means: Means, person: Person, wanted: Certificates, actor: str, now: datetime
) -> Erased:
    """Erase somebody whose editions and registrations are locked, and write it in the ledger."""
    erased = await erasing.everything(db, means, person, wanted, actor, now)
    if erased.rows.total():
        await ledger.write(db, person, wanted, actor, now)
    return erased


async def _locked(db: AsyncSession, person: Person) -> dict[str, Edition]:
    """Lock the editions and then the registrations, in the order in which everybody does."""
    slugs = select(Registration.edition).where(col(Registration.id).in_(person.registrations)).distinct()
    editions = {
        slug: await trainings.edition(db, slug, lock=True) for slug in sorted((await db.exec(slugs)).all())
    }
    locked = select(Registration).where(col(Registration.id).in_(person.registrations))
    await db.exec(locked.order_by(col(Registration.id)).with_for_update())
    return editions


async def _require_ended(
    db: AsyncSession, person: Person, editions: dict[str, Edition], now: datetime
) -> None:
    """StillTakingPart unless every registration has ended, or its edition has."""
    query = (
        select(Registration)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .where(col(Registration.id).in_(person.registrations), col(Applicant.erased_at).is_(None))
        .order_by(col(Registration.id))
        .execution_options(populate_existing=True)
    )
    going: list[dict[str, Any]] = []
    for one in (await db.exec(query)).all():
        verbs = [verb for verb in lifecycle.verbs(one.status) if verb in ENDING]
        if verbs and not await terms.is_over(db, editions[one.edition], now):
            known = {"edition": one.edition, "partner": one.partner, "currentStatus": one.status}
            going.append({"id": str(one.id), **known, "allowed": verbs})
    if going:
        raise StillTakingPart("End the registration first, by one of the verbs named.", registrations=going)


async def _told(
    db: AsyncSession,
    applicant_id: UUID,
    person: Person,
    erased: Erased,
    wanted: Certificates,
    language: Language,
    now: datetime,
) -> ErasureRead:
    query = select(Applicant.erased_at).where(Applicant.id == applicant_id)
    since = (await db.exec(query)).one() or now
    return ErasureRead(
        applicant=applicant_id,
        registrations=list(person.registrations),
        erased_at=since,
        certificates=wanted,
        erased={table: number for table, number in sorted(erased.rows.items()) if number},
        kept=await kept(db, person, language),
    )


async def kept(db: AsyncSession, person: Person, language: Language) -> list[KeptRead]:
    """What stays of somebody who was erased, why, and until when."""
    of_person = col(Registration.id).in_(person.registrations)
    certificates = (
        select(Certificate)
        .join(Registration, col(Registration.id) == Certificate.registration)
        .where(of_person, col(Certificate.holder_name) != forgetting.NOBODY)
        .order_by(col(Certificate.number))
    )
    stays = [
        _kept(Use.CERTIFICATE, one.number, CHECKED, None, language)
        for one in (await db.exec(certificates)).all()
    ]
    invoices = (
        select(Invoice, Edition)
        .join(Registration, col(Registration.id) == Invoice.registration)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .where(of_person)
        .order_by(col(Invoice.number))
    )
    for one, edition in (await db.exec(invoices)).all():
        until = terms.end_of_invoices(one.issued_on, trainings.months(edition)[Retained.INVOICES])
        stays.append(_kept(Use.INVOICE, one.number, INVOICED, until, language))
    stays.append(_kept(Use.AUDIT, None, ["ids"], None, language))
    return stays


def _kept(use: Use, id: str | None, holds: list[str], until: date | None, language: Language) -> KeptRead:
    said = EXPLAINED[use]
    return KeptRead(
        what=use,
        id=id,
        holds=holds,
        ground=said.ground[language],
        until=until,
        term=said.kept[language],
    )
