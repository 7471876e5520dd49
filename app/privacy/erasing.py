"""Erasing: every place where the register holds something of somebody is gone through, by the data map."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance.models import File
from app.certificates import forgetting
from app.core import idempotency
from app.core.settings import Settings
from app.credentials.keys import Vault
from app.events import service as events
from app.imports import service as imports
from app.privacy import data_map, people
from app.privacy.people import Person
from app.privacy.uses import Certificates
from app.registrations.intake import email_key
from app.registrations.links import Links
from app.registrations.models import Applicant, Registration
from app.trainings.terms import Retained


@dataclass(frozen=True)
class Means:
    """What erasing needs beside the database: the register's keys."""

    vault: Vault
    links: Links
    answers: bytes  # opens the answers that are kept for repeats

    @classmethod
    def of(cls, settings: Settings) -> "Means":
        """Those of the settings."""
        links = Links(settings.base_url, settings.key("personal links"))
        return cls(Vault.of(settings), links, settings.key("idempotent answers"))


@dataclass
class Erased:
    """What went: rows by table, and the keys of contents that are to go from storage after the commit."""

    rows: Counter[str] = field(default_factory=Counter)
    contents: list[str] = field(default_factory=list)

    def __iadd__(self, other: "Erased") -> "Erased":
        self.rows += other.rows
        self.contents += other.contents
        return self


async def everything(
    db: AsyncSession,
    means: Means,
    person: Person,
    certificates: Certificates | None,
    actor: str,
    now: datetime,
) -> Erased:
    """Erase all that is not kept by duty of somebody whose registrations are locked.

    `certificates` says what becomes of those; None leaves them whole, with the holder's own page: the
    register's term is over for the rest, and nobody asked. Of who is erased before, what came since goes.
    """
    applicants = await _applicants(db, person)
    erased = Erased()
    if certificates is not None:
        numbers = await _certificates(db, means, person, certificates, now)
        erased.rows["certificate"] += len(numbers)
    erased += await _found_otherwise(db, means, person)
    erased += await rows(db, person)
    changed = {"erased_at": now}
    await db.exec(sa.update(Applicant).where(col(Applicant.id).in_(applicants)).values(**changed))
    if certificates is not None and erased.rows.total():  # personal links end, the holder's too
        ended = sa.update(Registration).where(col(Registration.id).in_(person.registrations))
        await db.exec(ended.values(links_generation=Registration.links_generation + 1))
    await _record(db, applicants, certificates, actor, now)
    await db.flush()
    return erased


async def rows(db: AsyncSession, person: Person, term: Retained | None = None) -> Erased:
    """Erase what the data map says, on erasure of the person or, given one, at this term alone."""
    await db.flush()
    connection, erased = await db.connection(), Erased()
    for table, held, where in data_map.of_people():
        goes = held.goes and (term is None or held.term is term)
        if goes and table == "file":
            keys = select(File.storage_key).where(col(File.registration).in_(person.registrations))
            erased.contents += (await db.exec(keys)).all()
        blanked = {} if goes else data_map.blanks(held, term)
        if goes:
            statement = f'DELETE FROM "{table}" WHERE {where}'  # noqa: S608  names of the data map's own
        elif held.part and held.part[0] is term:
            statement = f'DELETE FROM "{table}" WHERE ({where}) AND {held.part[1]}'  # noqa: S608  as above
        elif blanked:
            to = ", ".join(f"{name} = {value}" for name, value in blanked.items())
            other = " OR ".join(f"{name} IS DISTINCT FROM {value}" for name, value in blanked.items())
            statement = f'UPDATE "{table}" SET {to} WHERE ({where}) AND ({other})'  # noqa: S608  as above
        else:
            continue
        if gone := (await connection.execute(person.bound(statement))).rowcount:
            erased.rows[table] += gone
    return erased


async def _applicants(db: AsyncSession, person: Person) -> dict[UUID, UUID]:
    """The applicants who are not erased yet, each with the registration."""
    query = (
        select(Registration.applicant, Registration.id)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .where(col(Registration.id).in_(person.registrations), col(Applicant.erased_at).is_(None))
    )
    return dict((await db.exec(query)).all())


async def _certificates(
    db: AsyncSession, means: Means, person: Person, wanted: Certificates, now: datetime
) -> list[str]:
    treat = forgetting.forget if wanted is Certificates.FORGET else forgetting.reduce
    return [number for one in person.registrations for number in await treat(db, means.vault, one, now)]


async def _found_otherwise(db: AsyncSession, means: Means, person: Person) -> Erased:
    """What no condition on ids finds: rows of files by a keyed hash, answers that are sealed."""
    query = select(Registration.edition, Registration.email_key).where(
        col(Registration.id).in_(person.registrations)
    )
    known = set((await db.exec(query)).all())
    addresses = [email_key(email) for email in await people.emails(db, person)]
    known |= {(edition, address) for edition, _ in known for address in addresses}
    erased = Erased()
    if forgotten := await imports.forget_people(db, means.links, person.registrations, known, person.partner):
        erased.rows["registration_import_row"] += forgotten
    if forgotten := await idempotency.forget(db, means.answers, person.names):
        erased.rows["idempotent_answer"] += forgotten
    return erased


async def _record(
    db: AsyncSession,
    applicants: dict[UUID, UUID],
    certificates: Certificates | None,
    actor: str,
    now: datetime,
) -> None:
    query = select(Registration).where(col(Registration.id).in_(applicants.values()))
    for one in (await db.exec(query.order_by(col(Registration.id)))).all():
        events.record(
            db,
            "applicant.changed",
            subject=one.applicant,
            actor=actor,
            at=now,
            edition=one.edition,
            partner=one.partner,
            fields=["erasedAt"],
            registration=str(one.id),
            certificates=certificates.value if certificates else None,
        )
