"""Imports of registrations: a file is asked for once, and its rows are taken in chunk by chunk.

Each step is a transaction of its own and leaves what it did in the rows: ended half-way, an import goes on
where it was. docs/decisions/0024 says why the background work does it.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import sheets
from app.core.language import Language
from app.core.paging import Window, fetch, whole
from app.core.problems import BodyTooLarge, Fault, InvalidInput, NotFound
from app.core.texts import PROBLEMS
from app.events import service as events
from app.identity import service as identity
from app.identity.caller import Caller, Forbidden, Role
from app.imports import judging
from app.imports.columns import COLUMNS, REFUSED, flat
from app.imports.judging import Judged, caller_of, faults_in, judge
from app.imports.models import ImportMode, RegistrationImport, RegistrationImportRow, RowVerdict
from app.imports.reading import ImportFormat, Row, Sheet
from app.imports.schemas import (
    ImportCounts,
    ImportFault,
    ImportRead,
    ImportRowPage,
    ImportRowRead,
    ImportWanted,
)
from app.registrations import intake
from app.registrations import service as registrations
from app.registrations.intake import Person
from app.registrations.links import Links
from app.registrations.models import Registration
from app.trainings.models import Edition

CHUNK = 250  # rows that are judged and registered in one transaction
KEPT_FOR = timedelta(days=30)
TRIES = 5  # how often somebody else may register one of a chunk between looking and inserting

_V = RowVerdict
_GIVEN = ("verdict", "registration", "digest", "person", "content", "faults")
_ROWS: Any = RegistrationImportRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it


async def ask(
    db: AsyncSession,
    caller: Caller,
    wanted: ImportWanted,
    kind: ImportFormat,
    sheet: Sheet,
    most_rows: int,
    now: datetime,
) -> ImportRead:
    """Keep the rows of a file, for the background work to take in.

    Raises Forbidden when a partner names another one, InvalidInput for an unknown edition or partner and for
    a file without rows, BodyTooLarge for one of more than `most_rows`.
    """
    await _check(db, caller, wanted)
    one = RegistrationImport(
        organisation=caller.organisation,
        asked_by=caller.client_id,
        role=caller.role,
        mode=wanted.mode,
        dry_run=wanted.dry_run,
        format=kind,
        encoding=sheet.encoding,
        columns=dict(sheet.columns),
        edition=wanted.edition,
        partner=wanted.partner,
        asked_at=now,
    )
    db.add(one)
    await db.flush()
    if not await _keep(db, one, iter(sheet), most_rows):
        raise InvalidInput([Fault(pointer="#", code="no-rows", detail="The file has no rows.")])
    events.record(
        db,
        "registration-import.received",
        subject=one.id,
        actor=caller.client_id,
        at=now,
        partner=_heard_by(one),
        mode=one.mode.value,
        dryRun=one.dry_run,
    )
    await db.flush()
    return await _shown(db, one)


async def read(db: AsyncSession, caller: Caller, import_id: UUID) -> ImportRead:
    """How far an import is, or NotFound."""
    return await _shown(db, await _own(db, caller, import_id))


async def list_rows(
    db: AsyncSession,
    caller: Caller,
    import_id: UUID,
    window: Window,
    verdict: RowVerdict | None,
    links: Links,
    language: Language,
) -> ImportRowPage:
    """The rows of an import, those of one verdict or all, each with what is wrong in words; or NotFound."""
    one = await _own(db, caller, import_id)
    query = select(RegistrationImportRow).where(RegistrationImportRow.part_of == one.id)
    if verdict is not None:
        query = query.where(RegistrationImportRow.verdict == verdict)
    order = [col(RegistrationImportRow.number)]
    page, next_cursor = await fetch(db, query, window, order, whole, lambda row: row.number)
    ids = [row.registration for row in page if row.registration]
    there = (await db.exec(registrations.rows(caller).where(col(Registration.id).in_(ids)))).all()
    shown = {found[0].id: registrations.shown(caller, links, found) for found in there}
    items = [
        ImportRowRead(
            number=row.number,
            line=row.line,
            verdict=row.verdict,
            registration=row.registration if row.registration in shown else None,
            faults=_faults(one, row, language),
            enrolment_form=shown[row.registration].enrolment_form if row.registration in shown else None,
        )
        for row in page
    ]
    return ImportRowPage(items=items, next_cursor=next_cursor)


async def refused_as_csv(
    db: AsyncSession, caller: Caller, import_id: UUID, language: Language
) -> AsyncIterator[bytes]:
    """The refused rows as a file to mend and send again, with what is wrong beside each; or NotFound."""
    one = await _own(db, caller, import_id)
    if one.forgotten_at:
        raise NotFound("What the rows of this import said is no longer kept.")
    yield sheets.head([*(column.name(language) for column in COLUMNS), *REFUSED[language]])
    after = 0
    while rows := await _next_rows(db, one, _V.REFUSED, after):
        after = rows[-1].number
        yield sheets.lines(
            [
                *flat(json.loads(row.content) if row.content else {}),
                row.line,
                "; ".join(_told(fault) for fault in _faults(one, row, language)),
            ]
            for row in rows
        )


async def claim(db: AsyncSession, but: Collection[UUID] = ()) -> RegistrationImport | None:
    """The oldest import that is not done, `but` some, that nobody is busy with but this transaction."""
    query = (
        select(RegistrationImport)
        .where(col(RegistrationImport.completed_at).is_(None), col(RegistrationImport.id).not_in(but))
        .order_by(col(RegistrationImport.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await db.exec(query)).first()


async def advance(db: AsyncSession, one: RegistrationImport, links: Links, now: datetime) -> None:
    """Do the next step of an import that was claimed.

    A step judges one chunk, and where good rows are registered at once, registers it; the last step
    completes the import.
    """
    rows = await _next_rows(db, one, _V.WAITING)
    if rows:
        await _take(db, one, rows, links, now, registering=one.mode is ImportMode.PARTIAL and not one.dry_run)
    else:
        await _complete(db, one, links, now)
    await db.flush()


async def forget(db: AsyncSession, now: datetime) -> None:
    """Erase what rows say of imports that came in longer ago than they are kept."""
    past = select(RegistrationImport).where(
        col(RegistrationImport.forgotten_at).is_(None),
        col(RegistrationImport.completed_at).is_not(None),
        RegistrationImport.asked_at <= now - KEPT_FOR,
    )
    for one in (await db.exec(past.with_for_update(skip_locked=True))).all():
        await _update(db, one, {"content": None}, _V.REFUSED)
        one.forgotten_at = now
    await db.flush()


async def forget_people(
    db: AsyncSession,
    links: Links,
    registrations: Collection[UUID],
    people: Collection[Person],
    organisation: str | None,
) -> int:
    """Erase what rows that are judged say of these people, registered or refused; gives their number.

    Of refused rows those of the files of `organisation` alone; None is everybody's. The keyed hash of a row
    stays, so that the same file does not bring anybody back.
    """
    hashes = [judging.person_hash(links, person) for person in people]
    judged = _ROWS.c.verdict.not_in([_V.WAITING, _V.ACCEPTED])
    own: sa.ColumnElement[bool] = sa.true()
    if organisation is not None:
        files = select(RegistrationImport.id).where(RegistrationImport.organisation == organisation)
        own = _ROWS.c.part_of.in_(files)
    naming = await _rows_naming(db, {email for _, email in people}, sa.and_(judged, own))
    statement = (
        sa.update(_ROWS)
        .where(
            judged,
            sa.or_(
                _ROWS.c.registration.in_(list(registrations)),
                sa.and_(own, _ROWS.c.person.in_(hashes)),
                sa.tuple_(_ROWS.c.part_of, _ROWS.c.number).in_(naming),
            ),
            sa.or_(*(column.is_not(None) for column in (_ROWS.c.content, _ROWS.c.faults, _ROWS.c.person))),
        )
        .values(content=None, faults=None, person=None)
    )
    return (await (await db.connection()).execute(statement)).rowcount


async def _rows_naming(
    db: AsyncSession, emails: Collection[str], among: sa.ColumnElement[bool]
) -> list[tuple[UUID, int]]:
    """The rows in which one of these addresses stands, and not as a part of another one."""
    # What JSON has escaped is read before it is passed over.
    may = [sa.func.strpos(sa.func.lower(_ROWS.c.content), each) > 0 for each in (*emails, "\\u")]
    query = sa.select(_ROWS.c.part_of, _ROWS.c.number, _ROWS.c.content).where(among, sa.or_(*may))
    return [
        (part_of, number)
        async for part_of, number, content in await db.stream(query.execution_options(yield_per=CHUNK))
        if judging.names_one(content, emails)
    ]


async def _check(db: AsyncSession, caller: Caller, wanted: ImportWanted) -> None:
    """Refuse an edition or a partner for all rows that no row could be registered for."""
    faults = []
    if wanted.partner is not None:
        if caller.role is Role.PARTNER and wanted.partner != caller.organisation:
            raise Forbidden("Only an administrator may register on behalf of another organisation.")
        faults = await identity.role_faults(db, wanted.partner, Role.PARTNER, "#/partner")
    if wanted.edition is not None and await db.get(Edition, wanted.edition) is None:
        detail = f"There is no edition {wanted.edition}."
        faults.append(Fault(pointer="#/edition", code="unknown-edition", detail=detail))
    if faults:
        raise InvalidInput([fault.model_copy(update={"location": "query"}) for fault in faults])


async def _keep(db: AsyncSession, one: RegistrationImport, rows: Iterable[Row], most: int) -> int:
    """Insert the rows, chunk by chunk; gives their number."""
    connection, count = await db.connection(), 0
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        count += len(chunk)
        if count > most:
            raise BodyTooLarge(f"A file may have {most} rows at most.")
        values = [
            {
                "part_of": one.id,
                "number": row.number,
                "line": row.line,
                "verdict": _V.WAITING,
                "content": row.content,
                "faults": _packed(row.faults),
            }
            for row in chunk
        ]
        await connection.execute(sa.insert(_ROWS), values)
    return count


async def _take(
    db: AsyncSession,
    one: RegistrationImport,
    rows: Sequence[RegistrationImportRow],
    links: Links,
    now: datetime,
    *,
    registering: bool,
) -> list[Judged]:
    """Judge rows, register those that are accepted if so wanted, and keep the verdicts."""
    caller = caller_of(one)
    for _ in range(TRIES):
        judged = await judge(db, one, rows, links, registering=registering)
        new = [row.new for row in judged if row.new]
        if not registering or await intake.insert_all(db, caller, new, now):
            break
    else:
        raise RuntimeError("others keep registering the same people at the same time")
    for row in judged:
        if row.new:
            row.verdict = _V.REGISTERED
    contents = {row.number: row.content for row in rows}
    await _give(db, one, judged, contents)
    if not one.dry_run:
        for row in judged:
            _note_conflict(db, caller, row, now)
    return judged


def _note_conflict(db: AsyncSession, caller: Caller, row: Judged, now: datetime) -> None:
    """Record that somebody is registered already, as for a single registration, for administrators to see."""
    if row.in_the_way:
        intake.refusal(db, caller, row.in_the_way, row.edition, row.partner, now)


async def _give(
    db: AsyncSession, one: RegistrationImport, judged: Sequence[Judged], contents: dict[int, str | None]
) -> None:
    """Keep the verdicts; what is settled and good need not be kept any longer."""
    settled = (_V.REGISTERED, _V.PRESENT)
    statement = (
        sa.update(_ROWS)
        .where(_ROWS.c.part_of == one.id, _ROWS.c.number == sa.bindparam("_number"))
        .values({name: sa.bindparam(f"_{name}") for name in _GIVEN})
    )
    values = [
        {
            "_number": row.number,
            "_verdict": row.verdict,
            "_registration": row.registration,
            "_digest": row.digest,
            "_person": row.person,
            "_content": None if row.verdict in settled else contents[row.number],
            "_faults": _packed(row.faults),
        }
        for row in judged
    ]
    await (await db.connection()).execute(statement, values)


async def _complete(db: AsyncSession, one: RegistrationImport, links: Links, now: datetime) -> None:
    """Every row has been judged: do what waited for that, and say that it is done."""
    counts = await _counts(db, one)
    if counts[_V.ACCEPTED]:
        if one.mode is ImportMode.ALL and counts[_V.REFUSED]:
            await _update(db, one, {"verdict": _V.SKIPPED, "content": None}, _V.ACCEPTED)
        elif one.dry_run:
            await _update(db, one, {"verdict": _V.REGISTERED, "content": None}, _V.ACCEPTED)
        elif not await _register_all(db, one, links, now):
            return  # somebody was registered in the meantime: with the verdict on that row, nothing goes in
        counts = await _counts(db, one)
    one.completed_at = now
    events.record(
        db,
        "registration-import.completed",
        subject=one.id,
        actor=one.asked_by,
        at=now,
        partner=_heard_by(one),
        dryRun=one.dry_run,
        counts={verdict.value: counts[verdict] for verdict in _V},
    )


async def _register_all(db: AsyncSession, one: RegistrationImport, links: Links, now: datetime) -> bool:
    """Register every accepted row in this one transaction, or none: then the rows in the way are refused."""
    point = await db.begin_nested()
    while rows := await _next_rows(db, one, _V.ACCEPTED):
        judged = await _take(db, one, rows, links, now, registering=True)
        refused = [row for row in judged if row.verdict is _V.REFUSED]
        if refused:
            await point.rollback()
            await _give(db, one, refused, {row.number: row.content for row in rows})
            for row in refused:
                _note_conflict(db, caller_of(one), row, now)
            return False
    await point.commit()
    await _name_twins(db, one)
    return True


async def _name_twins(db: AsyncSession, one: RegistrationImport) -> None:
    """Name the registration at rows that say the same as an earlier one, which had to wait for it."""
    first = _ROWS.alias("first")
    await (await db.connection()).execute(
        sa.update(_ROWS)
        .values(registration=first.c.registration)
        .where(
            _ROWS.c.part_of == one.id,
            _ROWS.c.verdict == _V.PRESENT,
            _ROWS.c.registration.is_(None),
            first.c.part_of == one.id,
            first.c.verdict == _V.REGISTERED,
            first.c.digest == _ROWS.c.digest,
        )
    )


async def _update(
    db: AsyncSession, one: RegistrationImport, values: dict[str, Any], verdict: RowVerdict
) -> None:
    """Change all rows of an import that have this verdict."""
    statement = sa.update(_ROWS).where(_ROWS.c.part_of == one.id, _ROWS.c.verdict == verdict)
    await (await db.connection()).execute(statement.values(values))


async def _next_rows(
    db: AsyncSession, one: RegistrationImport, verdict: RowVerdict, after: int = 0
) -> Sequence[RegistrationImportRow]:
    query = (
        select(RegistrationImportRow)
        .where(
            RegistrationImportRow.part_of == one.id,
            RegistrationImportRow.verdict == verdict,
            RegistrationImportRow.number > after,
        )
        .order_by(col(RegistrationImportRow.number))
        .limit(CHUNK)
        .execution_options(populate_existing=True)
    )
    rows = (await db.exec(query)).all()
    for row in rows:
        db.expunge(row)
    return rows


async def _own(db: AsyncSession, caller: Caller, import_id: UUID) -> RegistrationImport:
    """An import of the caller's organisation, or for an administrator anybody's; NotFound otherwise."""
    found = await db.get(RegistrationImport, import_id)
    if found is None or (caller.role is not Role.ADMIN and found.organisation != caller.organisation):
        raise NotFound("There is no such import.")
    return found


async def _counts(db: AsyncSession, one: RegistrationImport) -> Counter[str]:
    query = (
        select(RegistrationImportRow.verdict, sa.func.count())
        .where(RegistrationImportRow.part_of == one.id)
        .group_by(col(RegistrationImportRow.verdict))
    )
    return Counter(dict((await db.exec(query)).all()))


async def _shown(db: AsyncSession, one: RegistrationImport) -> ImportRead:
    counts = await _counts(db, one)
    rows = counts.total()
    begun = counts[_V.WAITING] < rows
    return ImportRead(
        id=one.id,
        status="done" if one.completed_at else "running" if begun else "waiting",
        mode=one.mode,
        dry_run=one.dry_run,
        format=one.format,
        encoding=one.encoding,
        edition=one.edition,
        partner=one.partner,
        received_at=one.asked_at,
        completed_at=one.completed_at,
        expires_at=None if one.forgotten_at else one.asked_at + KEPT_FOR,
        counts=ImportCounts(rows=rows, **{verdict.value: counts[verdict] for verdict in RowVerdict}),
    )


def _heard_by(one: RegistrationImport) -> str | None:
    """The partner whose import it is; None where an administrator's rows name their own."""
    return one.organisation if one.role is Role.PARTNER else one.partner


def _packed(faults: Sequence[Fault]) -> str | None:
    """Faults as they are kept with a row."""
    return json.dumps([fault.model_dump(exclude={"location"}) for fault in faults]) if faults else None


def _faults(one: RegistrationImport, row: RegistrationImportRow, language: Language) -> list[ImportFault]:
    return [
        ImportFault(
            pointer=fault.pointer,
            column=one.columns.get(fault.pointer),
            code=fault.code,
            detail=PROBLEMS.dutch(fault.detail) if language == "nl" else fault.detail,
        )
        for fault in faults_in(row)
    ]


def _told(fault: ImportFault) -> str:
    """A fault in one cell of a file: where, and what is wrong."""
    place = fault.column or fault.pointer.removeprefix("#/")
    return f"{place}: {fault.detail}" if place != "#" else fault.detail
