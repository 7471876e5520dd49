"""Rows of a file, each judged as a single registration would be; nothing is registered here."""

import asyncio
import hmac
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.faults import fault_at
from app.core.problems import Fault, InvalidInput
from app.identity.caller import ROLE_SCOPES, Caller, Forbidden
from app.imports.columns import ID, TOLD_MEMBERS
from app.imports.models import RegistrationImport, RegistrationImportRow, RowVerdict
from app.registrations import intake, search
from app.registrations.intake import AlreadyRegistered, EditionClosed, Known, New, Person
from app.registrations.links import Links
from app.registrations.models import Registration
from app.registrations.schemas import RegistrationCreate
from app.trainings.models import Edition

TURN = 25  # rows that are read without giving way
_ATEXT = r"[\w.!#$%&'*+/=?^`{|}~-]"  # what stands in an address before its @ (RFC 5322, section 3.2.3)


@dataclass
class Judged:
    """A row with its verdict; `new` is what to register, `in_the_way` who is there already."""

    number: int
    verdict: RowVerdict = RowVerdict.REFUSED
    faults: list[Fault] = field(default_factory=list)
    registration: UUID | None = None
    digest: bytes | None = None
    person: bytes | None = None
    new: New | None = None
    in_the_way: Known | None = None
    edition: str = ""
    partner: str = ""


class Before(NamedTuple):
    """What an earlier row of the same file said of a person."""

    digest: bytes
    registration: UUID | None


class _Place(NamedTuple):
    """Where a row would be registered, and why that is not open now."""

    partner: str
    edition: Edition
    closed: Fault | None


@dataclass
class _Candidate:
    """A row that is well written, for a place that there is."""

    row: Judged
    wanted: RegistrationCreate
    place: _Place
    told: UUID | None  # the registration that an exported file says it is

    @property
    def person(self) -> Person:
        return intake.person_of(self.wanted)


def caller_of(one: RegistrationImport) -> Caller:
    """On whose behalf an import is done."""
    return Caller(one.asked_by, one.organisation, one.role, ROLE_SCOPES[one.role])


async def judge(
    db: AsyncSession,
    one: RegistrationImport,
    rows: Sequence[RegistrationImportRow],
    links: Links,
    *,
    registering: bool,
) -> list[Judged]:
    """The verdict on each of `rows`, which follow each other in the file.

    REFUSED, with all its faults; PRESENT, when the row was imported before, was exported from here, or the
    partner has registered the person; or ACCEPTED, when `registering` with what to insert. By itself it
    writes nothing.
    """
    read = _Reader(db, one, links)
    judged = []
    for count, each in enumerate(rows):
        if count % TURN == 0:
            await asyncio.sleep(0)  # others have their turn: this takes the processor, and waits for nothing
        judged.append(await read.row(each))
    candidates = [found for found in judged if isinstance(found, _Candidate)]
    people = {candidate.person for candidate in candidates}
    known = await intake.known(db, people) if people else {}
    imported = await _imported(db, [candidate.row.digest for candidate in candidates])
    exported = await _exported(db, candidates)
    earlier = await _earlier(db, one, rows[0].number, [candidate.row.person for candidate in candidates])
    for candidate in candidates:
        _decide(read.caller, candidate, earlier, imported | exported, known)
        row = candidate.row
        if row.verdict is RowVerdict.ACCEPTED and registering:
            row.new = intake.made(candidate.wanted, row.partner, links, one.asked_at)
            row.registration = row.new.registration.id
        if row.verdict is not RowVerdict.REFUSED and row.person and row.digest:
            earlier.setdefault(row.person, Before(row.digest, row.registration))
    return [found.row if isinstance(found, _Candidate) else found for found in judged]


def _decide(
    caller: Caller,
    candidate: _Candidate,
    earlier: Mapping[bytes, Before],
    imported: Mapping[bytes, UUID],
    known: Mapping[Person, Known],
) -> None:
    """Give a candidate its verdict; what was there before comes before whether the edition is open."""
    row, place = candidate.row, candidate.place
    assert row.digest
    assert row.person
    before, there = earlier.get(row.person), known.get(candidate.person)
    if before and before.digest != row.digest:
        row.registration = before.registration
        detail = "An earlier row of this file has the same e-mail address for this edition."
        row.faults = [Fault(pointer="#/applicant/email", code=AlreadyRegistered.code, detail=detail)]
    elif before:
        row.verdict, row.registration = RowVerdict.PRESENT, before.registration
    elif row.digest in imported:
        row.verdict, row.registration = RowVerdict.PRESENT, imported[row.digest]
    elif there and _is_the_same(there, candidate):
        row.verdict, row.registration = RowVerdict.PRESENT, there.registration
    elif place.closed:
        row.faults = [place.closed]
    elif there:
        refusal = intake.already(caller, there)
        row.registration = there.registration if refusal.extra else None
        row.in_the_way = there
        row.faults = [Fault(pointer="#/applicant/email", code=refusal.code, detail=refusal.detail)]
    else:
        row.verdict = RowVerdict.ACCEPTED


def _is_the_same(there: Known, candidate: _Candidate) -> bool:
    """Whether who is there is who is meant: through the same partner, and of the same name.

    Two teachers may share a mailbox; of these the second is refused, so that nobody is overlooked.
    """
    applicant = candidate.wanted.applicant
    name_key = search.name_key(applicant.family_name, applicant.given_name)
    return (there.partner, there.name_key) == (candidate.row.partner, name_key)


def _id_in(said: Mapping[str, Any]) -> UUID | None:
    try:
        return UUID(said.get(ID.path[0]))
    except (TypeError, ValueError, AttributeError):
        return None


def faults_in(row: RegistrationImportRow) -> list[Fault]:
    """The faults that are kept with a row."""
    return [Fault(**one) for one in json.loads(row.faults or "[]")]


def person_hash(links: Links, person: Person) -> bytes:
    """What a row's person is known again by."""
    return _hash(links, "person", *person)


def names_one(content: str, emails: Collection[str]) -> bool:
    """Whether one of these addresses, case folded, stands in a row by itself, in whichever column.

    A longer address that ends or begins with it is somebody else's; a full stop after it ends a sentence.
    """
    wanted = "|".join(re.escape(email) for email in emails)
    alone = re.compile(rf"(?<!{_ATEXT})(?:{wanted})(?![\w@-]|\.[\w-])")
    left: list[Any] = [json.loads(content)]
    while left:
        match left.pop():
            case str() as value:
                if alone.search(value.casefold()):
                    return True
            case dict() as members:
                left += members.values()
            case list() as items:
                left += items
    return False


def _hash(links: Links, *parts: str) -> bytes:
    return hmac.digest(links.key, "\x1f".join(("import", *parts)).encode(), "sha256")


async def _imported(db: AsyncSession, digests: Iterable[bytes | None]) -> dict[bytes, UUID]:
    """What came of equal rows in earlier imports, even where the person has left since."""
    query = select(RegistrationImportRow.digest, RegistrationImportRow.registration).where(
        col(RegistrationImportRow.digest).in_(list(digests)),
        col(RegistrationImportRow.registration).is_not(None),
        col(RegistrationImportRow.verdict).in_([RowVerdict.REGISTERED, RowVerdict.PRESENT]),
    )
    found = (await db.exec(query)).all()
    return {digest: registration for digest, registration in found if digest and registration}


async def _exported(db: AsyncSession, candidates: Sequence[_Candidate]) -> dict[bytes, UUID]:
    """By their digests, the rows of an exported file whose registration is here, whatever became of it."""
    told = {one.told: one.row for one in candidates if one.told}
    query = select(Registration.id, Registration.partner, Registration.edition)
    found = (await db.exec(query.where(col(Registration.id).in_(told)))).all() if told else []
    return {
        row.digest: id
        for id, partner, edition in found
        if (row := told[id]).digest and (partner, edition) == (row.partner, row.edition)
    }


async def _earlier(
    db: AsyncSession, one: RegistrationImport, first: int, people: Iterable[bytes | None]
) -> dict[bytes, Before]:
    """What earlier rows of this import say of the same people."""
    query = select(
        RegistrationImportRow.person, RegistrationImportRow.digest, RegistrationImportRow.registration
    ).where(
        RegistrationImportRow.part_of == one.id,
        RegistrationImportRow.number < first,
        col(RegistrationImportRow.person).in_(list(people)),
        col(RegistrationImportRow.verdict) != RowVerdict.REFUSED,
    )
    found = (await db.exec(query.order_by(col(RegistrationImportRow.number).desc()))).all()
    return {person: Before(digest, there) for person, digest, there in found if person and digest}


class _Reader:
    """Reads the rows of one import: by the schema of a single registration, for a place that there is."""

    def __init__(self, db: AsyncSession, one: RegistrationImport, links: Links) -> None:
        self.db, self.one, self.links, self.caller = db, one, links, caller_of(one)
        self._places: dict[tuple[str, str | None], _Place | list[Fault]] = {}

    async def row(self, row: RegistrationImportRow) -> Judged | _Candidate:
        """The row when it is refused already, or what has to be looked up about it."""
        judged = Judged(row.number, faults=faults_in(row))
        if row.content is None:
            return judged
        said: dict[str, Any] = json.loads(row.content)
        body = self._body(said)
        try:
            wanted = RegistrationCreate.model_validate(body)
        except ValidationError as error:
            judged.faults += [fault_at("body", entry["loc"], entry) for entry in error.errors()]
            wanted = None
        place = await self._place_of(body, judged.faults)
        if isinstance(place, list):
            judged.faults += place
        if judged.faults or wanted is None or not isinstance(place, _Place):
            return judged
        judged.edition, judged.partner = wanted.edition, place.partner
        judged.digest = self._hash("row", place.partner, wanted.model_dump_json(exclude={"partner"}))
        judged.person = person_hash(self.links, intake.person_of(wanted))
        return _Candidate(judged, wanted, place, _id_in(said))

    def _body(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """What the row says, with what goes for all rows and without what only an exported file tells."""
        given = {"edition": self.one.edition, "partner": self.one.partner}
        body = {name: value for name, value in given.items() if value is not None}
        return {**body, **{name: value for name, value in said.items() if name not in TOLD_MEMBERS}}

    async def _place_of(self, body: dict[str, Any], faults: Sequence[Fault]) -> _Place | list[Fault] | None:
        """Where it would go; None where edition or partner are no such names at all."""
        edition, partner = body.get("edition"), body.get("partner")
        is_unreadable = any(fault.pointer in ("#/edition", "#/partner") for fault in faults)
        if is_unreadable or not isinstance(edition, str) or not isinstance(partner, str | None):
            return None
        if (edition, partner) not in self._places:
            self._places[edition, partner] = await self._place(edition, partner)
        return self._places[edition, partner]

    async def _place(self, edition: str, partner: str | None) -> _Place | list[Fault]:
        try:
            found_partner, found = await intake.named(self.db, self.caller, edition, partner)
        except InvalidInput as refused:
            return refused.faults
        except Forbidden as refused:
            return [Fault(pointer="#/partner", code=refused.code, detail=refused.detail)]
        try:
            intake.require_open(found, self.one.asked_at)
        except EditionClosed as closed:
            fault = Fault(pointer="#/edition", code=closed.code, detail=closed.detail)
            return _Place(found_partner, found, fault)
        return _Place(found_partner, found, None)

    def _hash(self, *parts: str) -> bytes:
        return _hash(self.links, *parts)
