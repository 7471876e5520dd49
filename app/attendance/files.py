"""Files with evidence: rows here, their content in storage under a key that only the row knows.

The content comes first and the row second, and the row goes first and the content second; so a row always
has its content, and content without a row is an orphan that `orphans` finds.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance import places
from app.attendance.models import File
from app.attendance.places import Place
from app.attendance.schemas import FileRead
from app.core.etags import Expected
from app.core.problems import NotFound, Problem
from app.core.storage import Kept
from app.events import service as events
from app.identity.caller import Caller, Role
from app.registrations import personal_links
from app.registrations import service as registrations
from app.registrations.links import Links, Purpose
from app.registrations.models import Registration
from app.registrations.service import visible
from app.trainings.models import Phase


class TooManyFiles(Problem):
    """The phase has as many files as one may have."""

    status, code = 409, "too-many-files"
    title, title_nl = "Too many files", "Te veel bestanden"


async def add(db: AsyncSession, place: Place, kept: Kept, most: int, now: datetime) -> File:
    """Add what was kept to a place that is locked; the same content once more is the file that is there.

    Whose `storage_key` the answer has tells which it is. Raises NotParticipant, PhasePassed, TooManyFiles.
    """
    place.require_open()
    there = await of_phase(db, place.registration.id, place.phase.slug)
    for file in there:
        if file.sha256 == kept.sha256:
            return file
    if len(there) >= most:
        raise TooManyFiles(f"A phase may have {most} files; remove one first.")
    file = File(
        registration=place.registration.id,
        phase=place.phase.slug,
        name=kept.name,
        media_type=kept.kind,
        size=kept.size,
        sha256=kept.sha256,
        storage_key=kept.key,
        added_by=place.actor,
        added_at=now,
    )
    db.add(file)
    if place.is_own:
        places.handed_in(db, place, now)
    _record(db, "file.added", file, place.registration, place.actor, now, mediaType=kept.kind, size=kept.size)
    await db.flush()
    return file


async def read(db: AsyncSession, caller: Caller, file_id: UUID) -> File:
    """A file that the caller may read, or NotFound."""
    query = (
        select(File, Phase)
        .join(Registration, col(Registration.id) == File.registration)
        .join(Phase, col(Phase.slug) == File.phase)
        .where(File.id == file_id, visible(caller))
    )
    found = (await db.exec(query)).first()
    if found is None or not may_read(caller, found[1]):
        raise NotFound("There is no such file.")
    return found[0]


async def read_own(db: AsyncSession, links: Links, token: str, file_id: UUID) -> File:
    """A file of the participant who holds the link, or NotFound."""
    registration = await personal_links.holder(db, links, Purpose.PAGE, token)
    return await _of(db, registration, file_id)


async def remove(db: AsyncSession, caller: Caller, file_id: UUID, now: datetime, expected: Expected) -> File:
    """Remove a file that the caller may read; its content is to be forgotten after the commit."""
    file = await read(db, caller, file_id)
    registration = await registrations.own(db, caller, file.registration, lock=True, erased=True)
    file = await _of(db, registration, file_id)
    expected.require(FileRead.model_validate(file))
    return await _remove(db, file, registration, caller.client_id, now)


async def remove_own(
    db: AsyncSession, links: Links, token: str, file_id: UUID, now: datetime, expected: Expected
) -> File:
    """Remove a file of the participant who holds the link, while its phase is open; its content as above.

    `expected` may name its content, which is what is read at its address, or what was told when it was added.
    """
    file = await read_own(db, links, token, file_id)
    place = await places.of_holder(db, links, token, file.phase, lock=True)
    place.require_open()
    file = await _of(db, place.registration, file_id)
    expected.require(file.kept.tag, FileRead.model_validate(file))
    places.handed_in(db, place, now)
    return await _remove(db, file, place.registration, place.actor, now)


async def remove_all(db: AsyncSession, registration: Registration, actor: str, now: datetime) -> list[str]:
    """Remove every file of a registration; gives the keys of their contents, to forget after the commit."""
    found = await of_registration(db, registration.id)
    return [(await _remove(db, file, registration, actor, now)).storage_key for file in found]


async def of_registration(db: AsyncSession, registration_id: UUID) -> Sequence[File]:
    """The files of a registration, in the order in which they came."""
    query = select(File).where(File.registration == registration_id).order_by(col(File.id))
    return (await db.exec(query)).all()


async def of_phase(db: AsyncSession, registration_id: UUID, phase: str) -> Sequence[File]:
    """The files of one phase of a registration, in the order in which they came."""
    return [file for file in await of_registration(db, registration_id) if file.phase == phase]


async def counts(db: AsyncSession, registration_id: UUID) -> dict[str, int]:
    """How many files each phase of a registration has, where it has any."""
    query = select(File.phase, sa.func.count()).where(File.registration == registration_id)
    return dict((await db.exec(query.group_by(File.phase))).all())


async def orphans(db: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Those of the keys that no file has."""
    known = await db.exec(select(File.storage_key).where(col(File.storage_key).in_(keys)))
    return set(keys) - set(known.all())


def may_read(caller: Caller, phase: Phase) -> bool:
    """Whether the files of a phase, of a registration that the caller may see, are also the caller's to read.

    Evidence is personal. The provider judges it and an administrator keeps it, so they read all; the
    certifier certifies the product, so it reads the files of the phase that yields that, and no others; the
    partner's work ended when the edition began, and it reads none.
    """
    return caller.role in (Role.PROVIDER, Role.ADMIN) or (
        caller.role is Role.CERTIFIER and phase.yields_product
    )


async def _of(db: AsyncSession, registration: Registration, file_id: UUID) -> File:
    query = select(File).where(File.id == file_id, File.registration == registration.id)
    found = (await db.exec(query)).first()
    if found is None:
        raise NotFound("There is no such file.")
    return found


async def _remove(
    db: AsyncSession, file: File, registration: Registration, actor: str, now: datetime
) -> File:
    await db.delete(file)
    _record(db, "file.removed", file, registration, actor, now)
    await db.flush()
    return file


def _record(
    db: AsyncSession,
    type: str,
    file: File,
    registration: Registration,
    actor: str,
    now: datetime,
    **data: Any,
) -> None:
    """An event, without the file's name, which may be a person's."""
    events.record(
        db,
        type,
        subject=registration.id,
        actor=actor,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
        phase=file.phase,
        file=str(file.id),
        **data,
    )
