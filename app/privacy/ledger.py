"""The ledger of erasures: ids alone, in the database and beside the files, so that a restore undoes none."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

import sqlalchemy as sa
from anyio import to_thread
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.certificates import forgetting
from app.certificates.models import Certificate
from app.core.database import Database, new_id
from app.core.storage import Storage
from app.core.values import utc
from app.privacy import erasing, people
from app.privacy.erasing import Means
from app.privacy.models import Erasure
from app.privacy.people import Person
from app.privacy.uses import Certificates
from app.registrations.models import Applicant, Registration

FORMAT = 1


@dataclass(frozen=True)
class Line:
    """One registration that was erased, as it stands beside the files."""

    request: UUID
    registration: UUID
    applicant: UUID
    certificates: Certificates
    actor: str
    at: datetime


async def write(
    db: AsyncSession, person: Person, certificates: Certificates, actor: str, now: datetime
) -> UUID:
    """Write that somebody is erased, as part of that; gives the id of it. What is written before stays."""
    query = select(Registration.id, Registration.applicant)
    found = (await db.exec(query.where(col(Registration.id).in_(person.registrations)))).all()
    request = new_id()
    await _insert(
        db,
        [
            Line(request, registration, applicant, certificates, actor, now)
            for registration, applicant in found
        ],
    )
    return request


async def copy(database: Database, storage: Storage) -> int:
    """Write beside the files what is in the database and not there yet; gives how many erasures."""
    async with database.transaction() as db:
        query = select(Erasure).where(col(Erasure.copied_at).is_(None))
        waiting = (await db.exec(query.order_by(col(Erasure.request), col(Erasure.id)))).all()
    written = 0
    for _, rows in groupby(waiting, key=lambda one: one.request):
        lines = list(rows)
        await to_thread.run_sync(storage.note, lines[0].request, _packed(lines))
        async with database.transaction() as db:
            copied = sa.update(Erasure).where(col(Erasure.id).in_([one.id for one in lines]))
            await db.exec(copied.values(copied_at=sa.func.now()))
        written += 1
    return written


async def replay(database: Database, storage: Storage, means: Means, now: datetime) -> int:
    """Erase again whom the ledger names and the database still knows, as after a restore; gives how many.

    The ledger is that of the database together with that beside the files. What a line says that the
    database has not is written there too.
    """
    beside = await to_thread.run_sync(lambda: list(_read(storage)))
    async with database.transaction() as db:
        await _insert(db, beside)
        lines = (await db.exec(select(Erasure).order_by(col(Erasure.at), col(Erasure.request)))).all()
    again = 0
    for _, rows in groupby(lines, key=lambda one: one.request):
        named = list(rows)
        async with database.transaction() as db:
            gone = await _again(db, means, named, now)
        again += gone is not None
        for key in gone or ():
            await to_thread.run_sync(storage.delete, key)
    return again


async def _again(db: AsyncSession, means: Means, lines: list[Erasure], now: datetime) -> list[str] | None:
    """Erase whom these lines name; gives the keys of contents to forget, None where nobody was known."""
    wanted = lines[0].certificates
    query = (
        select(Registration.id)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .where(col(Registration.id).in_([one.registration for one in lines]))
        .where(sa.or_(col(Applicant.erased_at).is_(None), _holds(wanted)))
        .order_by(col(Registration.id))
        .with_for_update(of=Registration)
    )
    known = (await db.exec(query)).all()
    if not known:
        return None
    person = await people.of_registrations(db, known)
    erased = await erasing.everything(db, means, person, wanted, lines[0].actor, now)
    return erased.contents


def _holds(wanted: Certificates) -> sa.ColumnElement[bool]:
    """Whether a certificate of a registration says more than it should since."""
    more: sa.ColumnElement[bool] = (
        col(Certificate.holder_name) != forgetting.NOBODY
        if wanted is Certificates.FORGET
        else sa.or_(col(Certificate.forgotten_at).is_(None), col(Certificate.revoke_reason).is_not(None))
    )
    return sa.exists().where(col(Certificate.registration) == Registration.id, more)


async def _insert(db: AsyncSession, lines: list[Line]) -> None:
    if lines:
        values = [{"id": new_id(), **line.__dict__} for line in lines]
        table = SQLModel.metadata.tables["erasure"]
        await (await db.connection()).execute(insert(table).on_conflict_do_nothing(), values)


def _packed(lines: list[Erasure]) -> bytes:
    """A record beside the files."""
    first = lines[0]
    said = {
        "format": FORMAT,
        "request": str(first.request),
        "at": utc(first.at),
        "actor": first.actor,
        "certificates": first.certificates.value,
        "erased": [{"registration": str(one.registration), "applicant": str(one.applicant)} for one in lines],
    }
    return json.dumps(said, indent=1).encode()


def _read(storage: Storage) -> Iterator[Line]:
    for note in storage.notes():
        said = json.loads(note)
        for one in said["erased"]:
            yield Line(
                UUID(said["request"]),
                UUID(one["registration"]),
                UUID(one["applicant"]),
                Certificates(said["certificates"]),
                said["actor"],
                datetime.fromisoformat(said["at"]),
            )
