"""The audit of the register: chain, heads, numbers, certificates and signatures, each against the others."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jwt
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.certificates import chain, register
from app.certificates.chain import Entry, EntryKind
from app.certificates.models import (
    Certificate,
    CertificateCounter,
    CertificateStatus,
    RegisterEntry,
    RegisterForgotten,
    RegisterHead,
    RegisterSalt,
)
from app.core.tokens import digest
from app.core.values import utc
from app.credentials import bits, keys, multikey, proofs
from app.credentials.models import StatusList
from app.events.models import Event

_BATCH = 500
_SHOWN = 5  # of a row of missing numbers
# After midnight the head of the day before may be a while in coming.
_GRACE = timedelta(hours=1)
_NUMBER = re.compile(r"([A-Z]{1,10})-(\d{4})-(\d{6,9})")
_ENDS = {
    CertificateStatus.VALID: None,
    CertificateStatus.REVOKED: EntryKind.REVOKED,
    CertificateStatus.SUPERSEDED: EntryKind.SUPERSEDED,
}
# What a document that was tampered with raises when it is read as one that was not.
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)

Keys = Mapping[str, bytes]


@dataclass(frozen=True)
class Verified:
    """What came of the audit: how much there is, and every sentence that is wrong with it."""

    entries: int
    certificates: int
    heads: int
    faults: list[str]


@dataclass
class _Chain:
    """What the audit keeps of the chain when it has gone through it."""

    first: Entry | None = None
    last: Entry | None = None
    issued: int = 0
    found: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    # The certificates that had ended before they were forgotten.
    had_ended: set[str] = field(default_factory=set)
    marks: dict[int, Entry] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


async def verify(db: AsyncSession, now: datetime, kept: Sequence[str] = ()) -> Verified:
    """Recompute the whole chain, and compare heads, certificates, numbers and status lists with it.

    `kept` are tokens of heads that were kept elsewhere, which the chain must still contain. Needs a
    transaction that sees one state of the database throughout (repeatable read).
    """
    public = {multikey.public(key): key for key in await keys.published(db)}
    heads = (await db.exec(select(RegisterHead).order_by(col(RegisterHead.on)))).all()
    claims = [_claims(token, public) for token in kept]
    sizes = {head.size for head in heads} | {one["size"] for one in claims if one}
    read = await _chain(db, sizes)
    faults = [*read.faults, *_heads(heads, read, public, now)]
    for said in claims:
        faults += _kept(said, read)
    count, more = await _certificates(db, read, public)
    return Verified(read.last.number if read.last else 0, count, len(heads), faults + more)


async def _chain(db: AsyncSession, sizes: set[int]) -> _Chain:
    """Go through every entry in order; keeps those at `sizes`."""
    read = _Chain()
    covered = await _covered(db)
    async for row, salt, certificate in await db.stream(_opened()):
        entry = Entry(row.number, row.kind, row.commitment, row.previous, row.hash, row.at)
        if not chain.is_next(entry, read.last):
            read.faults.append(f"The chain is broken at entry {entry.number}.")
        read.first, read.last = read.first or entry, entry
        read.issued += entry.kind is EntryKind.ISSUED
        if entry.number in sizes:
            read.marks[entry.number] = entry
        if salt is None:
            if not any(entry.number in entries for by, entries in covered.items() if by > entry.number):
                read.faults.append(f"The salt of entry {entry.number} is gone, so that nobody can open it.")
        elif certificate is None:
            read.faults.append(
                f"Entry {entry.number} is about certificate {salt.certificate}, which is not there."
            )
        elif entry.number in covered and _is_left(entry, salt, certificate, covered[entry.number], read):
            read.found[certificate.number].append(register.FORGOTTEN)
        elif entry.number not in covered and _opens(entry, salt, certificate):
            read.found[certificate.number].append(entry.kind)
        else:
            read.faults.append(
                f"Entry {entry.number} does not say what certificate {certificate.number} says."
            )
    return read


async def _covered(db: AsyncSession) -> dict[int, list[int]]:
    """By the entries that say so, the entries of which the salts were forgotten."""
    covered: defaultdict[int, list[int]] = defaultdict(list)
    for one in (await db.exec(select(RegisterForgotten).order_by(col(RegisterForgotten.entry)))).all():
        covered[one.said_by].append(one.entry)
    return dict(covered)


def _opened() -> Any:
    """Every entry in order, with its salt and its certificate where they are there."""
    query = (
        select(RegisterEntry, RegisterSalt, Certificate)
        .join(RegisterSalt, col(RegisterSalt.entry) == RegisterEntry.number, isouter=True)
        .join(Certificate, col(Certificate.number) == RegisterSalt.certificate, isouter=True)
        .order_by(col(RegisterEntry.number))
    )
    return query.execution_options(yield_per=_BATCH)


def _is_left(
    entry: Entry, salt: RegisterSalt, certificate: Certificate, covered: Sequence[int], read: _Chain
) -> bool:
    """Whether an entry says what is left of a certificate, in the place of the entries that it covers."""
    if entry.kind is not EntryKind.SUPERSEDED or certificate.forgotten_at is None:
        return False
    for had_ended in (False, True):
        left = register.left(certificate, covered, had_ended=had_ended)
        if entry.commitment == chain.commitment(salt.salt, left):
            if had_ended:
                read.had_ended.add(certificate.number)
            return True
    return False


def _opens(entry: Entry, salt: RegisterSalt, certificate: Certificate) -> bool:
    ended = {EntryKind.REVOKED: certificate.revoked_at, EntryKind.SUPERSEDED: certificate.superseded_at}
    if entry.kind in ended and ended[entry.kind] is None:
        return False
    said = register.facts(certificate, entry.kind)
    # Entries from before these were committed to say the rest alone; later ones open with them or not at all.
    before = {name: value for name, value in said.items() if name not in register.ADDED}
    return entry.commitment in (chain.commitment(salt.salt, one) for one in (said, before))


def _heads(heads: Sequence[RegisterHead], read: _Chain, public: Keys, now: datetime) -> Iterator[str]:
    """What is wrong with the heads that are published, each by itself and in their order."""
    today, size = now.astimezone(UTC).date(), 0
    for head in heads:
        wanted = {"on": head.on.isoformat(), "size": head.size, "hash": head.hash.hex()}
        if _claims(head.token, public) != wanted:
            yield f"The head of {head.on} is not what the register signed."
        entry = read.marks.get(head.size)
        if entry is None or entry.hash != head.hash or entry.at.astimezone(UTC).date() > head.on:
            yield f"The head of {head.on} is not that of the chain."
        if head.on >= today:
            yield f"The head of {head.on} is of a day that is not over."
        if head.size < size:
            yield f"The head of {head.on} is of a shorter chain than the one before it."
        size = max(size, head.size)
    there = {head.on for head in heads}
    missing = [day for day in _days(heads, read, now) if day not in there]
    if missing:
        yield f"No head is published of {_row([day.isoformat() for day in missing])}."


def _days(heads: Sequence[RegisterHead], read: _Chain, now: datetime) -> Iterator[date]:
    """The days that need a head: from the first entry to the last entry or head, those that are over."""
    if read.first is None or read.last is None:
        return
    on, last = (one.at.astimezone(UTC).date() for one in (read.first, read.last))
    over = (now.astimezone(UTC) - _GRACE).date()
    until = max([last, *(head.on for head in heads)])
    while on <= until and on < over:
        yield on
        on += timedelta(days=1)


def _kept(said: Mapping[str, Any] | None, read: _Chain) -> Iterator[str]:
    """What is wrong with a head that was kept elsewhere and claims `said`; None: no good signature."""
    if said is None:
        yield "The head that was given is not signed with a key of this register."
        return
    entry = read.marks.get(said["size"])
    if entry is None or entry.hash.hex() != said["hash"]:
        yield f"The chain does not contain the head of {said['on']} that was given."


def _claims(token: str, public: Keys) -> dict[str, Any] | None:
    """Day, size and hash of a head, as a key of the register signed them; None when none did."""
    try:
        said = _signed(token, public)
        if not (isinstance(said["on"], str) and isinstance(said["size"], int)):
            return None
        return {"on": said["on"], "size": said["size"], "hash": said["hash"]}
    except (*_MALFORMED, jwt.InvalidTokenError):
        return None


def _signed(token: str, public: Keys) -> dict[str, Any]:
    """The claims of a token that a key of the register signed; raises what `_MALFORMED` and PyJWT name."""
    name = jwt.get_unverified_header(token)["kid"]
    key = jwt.PyJWK(proofs.jwk(name, public[name.partition("#")[2]]))
    options: Any = {"verify_nbf": False, "verify_aud": False}
    said: dict[str, Any] = jwt.decode(token, key, algorithms=["EdDSA"], options=options)
    if said["iss"] != name.partition("#")[0]:
        raise ValueError("signed for another")
    return said


async def _certificates(db: AsyncSession, read: _Chain, public: Keys) -> tuple[int, list[str]]:
    """How many certificates there are, and what is wrong with them."""
    faults: list[str] = []
    numbers: set[str] = set()
    raised = {one.id: _raised(one, public) for one in (await db.exec(select(StatusList))).all()}
    faults += [f"Status list {n} is not what the register signed." for n, up in raised.items() if up is None]
    revoked = set((await db.exec(select(Event.subject).where(Event.type == "certificate.revoked"))).all())
    query = select(Certificate).execution_options(yield_per=_BATCH)
    async for one in await db.stream_scalars(query):
        numbers.add(one.number)
        faults += _differs(one, read.found.get(one.number, []), one.number in read.had_ended)
        faults += [f"Certificate {one.number}: {fault}." for fault in _forged(one, public)]
        up = raised.get(one.status_list)
        if up is not None and (one.status_index in up) != (one.status is not CertificateStatus.VALID):
            faults.append(f"Certificate {one.number} is {one.status}, and its status list says otherwise.")
        if one.number in revoked and one.status is not CertificateStatus.REVOKED:
            faults.append(f"Certificate {one.number} is {one.status}, and the log says that it was revoked.")
    counters = (await db.exec(select(CertificateCounter))).all()
    faults += _numbers(counters, numbers, read.issued)
    return len(numbers), faults


def _differs(certificate: Certificate, kinds: list[str], had_ended: bool) -> Iterator[str]:
    """Whether the entries of a certificate are those that its status asks for, once each."""
    end = _ENDS[certificate.status]
    expected: set[str] = {EntryKind.ISSUED} | ({end} if end else set())
    if certificate.forgotten_at is not None:
        # What was entered before says nothing any more; how it had ended stands in the entry that says so.
        expected = {register.FORGOTTEN} | ({end} if end and not had_ended else set())
    names = sorted(expected ^ set(kinds))
    if names:
        yield (
            f"Certificate {certificate.number} is {certificate.status}, which does not fit: "
            f"{', '.join(names)}."
        )
    elif len(kinds) != len(expected):
        yield f"Certificate {certificate.number} was entered more than once."


def _forged(certificate: Certificate, public: Keys) -> Iterator[str]:
    """What of a certificate differs from what was signed, and from itself."""
    if certificate.code_digest != digest(certificate.code):
        yield "its digest is not that of its code"
    if certificate.credential is None:
        if certificate.credential_jwt is not None:
            yield "it has a token and no credential"
        return
    try:
        document = _proven(certificate.credential, public)
        if not _says(document, certificate):
            yield "its credential says otherwise"
    except _MALFORMED:
        yield "its credential was not signed by the register"
        return
    try:
        claims = _signed(certificate.credential_jwt or "", public)
        added = {"iss", "jti", "sub", "nbf"}
        if {name: value for name, value in claims.items() if name not in added} != document:
            yield "its token says otherwise than its credential"
    except (*_MALFORMED, jwt.InvalidTokenError):
        yield "its token was not signed by the register"


def _proven(text: str, public: Keys) -> dict[str, Any]:
    """A document without its proof, which a key of the register made; raises what `_MALFORMED` names."""
    document: dict[str, Any] = json.loads(text)
    (proof,) = document.pop("proof")
    if not proofs.holds(document, proof, public[proof["verificationMethod"].partition("#")[2]]):
        raise ValueError("no proof")
    return document


def _says(document: Mapping[str, Any], one: Certificate) -> bool:
    """Whether a credential is about this row: number, code, name, moment and place in the status list."""
    status, subject = document["credentialStatus"], document["credentialSubject"]
    names = [said["identityHash"] for said in subject["identifier"] if said["identityType"] == "name"]
    return (
        subject["licenseNumber"] == one.number
        and document["id"].endswith(f"/v1/verifications/{one.code}")
        and names == [one.holder_name]
        and document["validFrom"] == utc(one.issued_at.replace(microsecond=0))
        and status["statusListIndex"] == str(one.status_index)
        and status["statusListCredential"].endswith(f"/v1/status-lists/{one.status_list}")
    )


def _raised(one: StatusList, public: Keys) -> frozenset[int] | None:
    """The raised bits of a status list as the register signed them; None when it did not."""
    try:
        document = _proven(one.credential, public)
        if not document["id"].endswith(f"/v1/status-lists/{one.id}"):
            return None
        return bits.all_raised(document["credentialSubject"]["encodedList"])
    except _MALFORMED:
        return None


def _numbers(counters: Iterable[CertificateCounter], numbers: set[str], issued: int) -> Iterator[str]:
    """Whether the numbers that were given out are those of the certificates, and of the chain's entries."""
    rest, total = set(numbers), 0
    for counter in counters:
        total += counter.last
        lasting = {n for n in numbers if _in_year(n, counter)}
        # Never more than there are entries and certificates, whatever the counter was set to.
        reach = min(counter.last, len(numbers) + issued + _SHOWN + 1)
        given = [f"{counter.prefix}-{counter.year}-{n:06d}" for n in range(1, reach + 1)]
        if missing := [number for number in given if number not in numbers]:
            yield f"There is no certificate {_row(missing)}, though the number was given out."
        rest -= lasting
    if rest:
        yield f"Certificate {_row(sorted(rest))} has a number that was never given out."
    if total != issued:
        yield f"{total} numbers were given out, and the chain has {issued} certificates issued."


def _in_year(number: str, counter: CertificateCounter) -> bool:
    found = _NUMBER.fullmatch(number)
    if found is None:
        return False
    prefix, year, place = found[1], int(found[2]), int(found[3])
    canonical = number == f"{prefix}-{year}-{place:06d}"
    return canonical and (prefix, year) == (counter.prefix, counter.year) and 1 <= place <= counter.last


def _row(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
