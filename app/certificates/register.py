"""The register of certificates as a chain that only grows: entered, published day by day, checked whole."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.certificates import chain
from app.certificates.chain import Entry, EntryKind
from app.certificates.models import (
    Certificate,
    CertificateStatus,
    RegisterEntry,
    RegisterHead,
    RegisterSalt,
)
from app.certificates.schemas import (
    RegisterEntryPage,
    RegisterEntryRead,
    RegisterHeadPage,
    RegisterHeadRead,
)
from app.core.paging import Window, fetch, whole
from app.core.problems import NotFound
from app.core.values import utc
from app.credentials import keys, proofs
from app.credentials.keys import Vault

# Any number of our own: whoever writes to the chain holds this advisory lock until the commit.
LOCK = 7_218_008
_BATCH = 500
_ENDS = {
    CertificateStatus.VALID: None,
    CertificateStatus.REVOKED: EntryKind.REVOKED,
    CertificateStatus.SUPERSEDED: EntryKind.SUPERSEDED,
}


async def enter(
    db: AsyncSession, vault: Vault, certificate: Certificate, kind: EntryKind, now: datetime
) -> int:
    """Enter what happened to a certificate, which is written already; gives the entry's number."""
    await (await db.connection()).execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    salt = vault.entropy(chain.SALT_BYTES)
    committed = chain.commitment(salt, facts(certificate, kind))
    entry = chain.following(await _last(db), kind, committed, now)
    db.add(RegisterEntry(**entry.__dict__))
    await db.flush()
    db.add(RegisterSalt(entry=entry.number, certificate=certificate.number, salt=salt))
    await db.flush()
    return entry.number


def facts(certificate: Certificate, kind: EntryKind) -> dict[str, Any]:
    """What an entry commits to: when issued all that the certificate says, later its number and when."""
    if kind is not EntryKind.ISSUED:
        ended = certificate.revoked_at if kind is EntryKind.REVOKED else certificate.superseded_at
        assert ended is not None
        return {"number": certificate.number, "kind": kind.value, "at": utc(ended)}
    said = certificate.model_dump(
        mode="json",
        include={
            "number",
            "code",
            "issued_on",
            "issuer",
            "holder_name",
            "training_title",
            "edition_title",
            "contact_minutes",
            "study_load_hours",
            "product_title",
            "sessions",
            "phases",
            "supersedes",
        },
    )
    credential = hashlib.sha256((certificate.credential or "").encode()).hexdigest()
    return {**said, "kind": kind.value, "credential": credential}


async def list_entries(db: AsyncSession, window: Window) -> RegisterEntryPage:
    """Every entry, in order."""
    query = select(RegisterEntry)
    page, next_cursor = await fetch(
        db, query, window, [col(RegisterEntry.number)], whole, lambda one: one.number
    )
    return RegisterEntryPage(items=[_entry_shown(one) for one in page], next_cursor=next_cursor)


async def list_heads(db: AsyncSession, window: Window) -> RegisterHeadPage:
    """The published heads, the newest first."""
    page, next_cursor = await fetch(
        db,
        select(RegisterHead),
        window,
        [col(RegisterHead.on)],
        date.fromisoformat,
        lambda one: one.on.isoformat(),
        descending=True,
    )
    return RegisterHeadPage(items=[_head_shown(one) for one in page], next_cursor=next_cursor)


async def head(db: AsyncSession, on: date) -> RegisterHeadRead:
    """The head of a day, or NotFound."""
    found = await db.get(RegisterHead, on)
    if found is None:
        raise NotFound(f"There is no head of {on}.")
    return _head_shown(found)


async def publish_head(db: AsyncSession, vault: Vault, now: datetime) -> bool:
    """Publish how the chain stood at the end of yesterday (UTC); False when it was, or when there is none."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    on = (midnight - timedelta(days=1)).date()
    await (await db.connection()).execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    if await db.get(RegisterHead, on):
        return False
    query = select(RegisterEntry).where(RegisterEntry.at < midnight)
    last = (await db.exec(query.order_by(col(RegisterEntry.number).desc()).limit(1))).first()
    if last is None:
        return False
    claims = {"on": on.isoformat(), "size": last.number, "hash": last.hash.hex(), "iss": vault.did}
    token = proofs.signed(claims, await keys.signer(db, vault, now))
    db.add(RegisterHead(on=on, size=last.number, hash=last.hash, at=now, token=token))
    await db.flush()
    return True


@dataclass(frozen=True)
class Verified:
    """What came of checking the register: how much there is, and every sentence that is wrong with it."""

    entries: int
    certificates: int
    heads: int
    erased: int
    faults: list[str]


async def verify(db: AsyncSession) -> Verified:
    """Recompute the whole chain, and compare it with the heads and with every certificate.

    Needs a transaction that sees one state of the database throughout (repeatable read).
    """
    heads = {one.size: one for one in (await db.exec(select(RegisterHead))).all()}
    found: defaultdict[str, set[EntryKind]] = defaultdict(set)
    faults, erased, last = [], 0, None
    async for row, salt, certificate in await db.stream(_opened()):
        entry = _plain(row)
        if not chain.is_next(entry, last):
            faults.append(f"The chain is broken at entry {entry.number}.")
        last = entry
        head = heads.pop(entry.number, None)
        if head and head.hash != entry.hash:
            faults.append(f"The head of {head.on} is not that of the chain.")
        if salt is None:
            erased += 1
        elif _opens(entry, salt, certificate):
            found[certificate.number].add(entry.kind)
        else:
            faults.append(f"Entry {entry.number} does not say what certificate {certificate.number} says.")
    faults += [f"The head of {head.on} is not that of the chain." for head in heads.values()]
    numbers = 0
    async for certificate in await db.stream_scalars(select(Certificate).execution_options(yield_per=_BATCH)):
        numbers += 1
        if found[certificate.number] != _expected(certificate):
            faults.append(_missing(certificate, found[certificate.number]))
    count = (await db.exec(select(sa.func.count()).select_from(RegisterHead))).one()
    return Verified(last.number if last else 0, numbers, count, erased, faults)


def _opened() -> Any:
    """Every entry in order, with its salt and its certificate where they are there."""
    query = (
        select(RegisterEntry, RegisterSalt, Certificate)
        .join(RegisterSalt, col(RegisterSalt.entry) == RegisterEntry.number, isouter=True)
        .join(Certificate, col(Certificate.number) == RegisterSalt.certificate, isouter=True)
        .order_by(col(RegisterEntry.number))
    )
    return query.execution_options(yield_per=_BATCH)


def _opens(entry: Entry, salt: RegisterSalt, certificate: Certificate) -> bool:
    ended = {EntryKind.REVOKED: certificate.revoked_at, EntryKind.SUPERSEDED: certificate.superseded_at}
    if entry.kind in ended and ended[entry.kind] is None:
        return False
    return chain.commitment(salt.salt, facts(certificate, entry.kind)) == entry.commitment


def _expected(certificate: Certificate) -> set[EntryKind]:
    end = _ENDS[certificate.status]
    return {EntryKind.ISSUED} | ({end} if end else set())


def _missing(certificate: Certificate, kinds: set[EntryKind]) -> str:
    names = sorted(_expected(certificate) ^ kinds)
    return (
        f"Certificate {certificate.number} is {certificate.status}, which does not fit: {', '.join(names)}."
    )


async def _last(db: AsyncSession) -> Entry | None:
    query = select(RegisterEntry).order_by(col(RegisterEntry.number).desc()).limit(1)
    found = (await db.exec(query)).first()
    return _plain(found) if found else None


def _plain(row: RegisterEntry) -> Entry:
    return Entry(row.number, row.kind, row.commitment, row.previous, row.hash, row.at)


def _entry_shown(row: RegisterEntry) -> RegisterEntryRead:
    return RegisterEntryRead(
        number=row.number,
        kind=row.kind,
        commitment=row.commitment.hex(),
        previous=row.previous.hex(),
        hash=row.hash.hex(),
        at=row.at,
    )


def _head_shown(row: RegisterHead) -> RegisterHeadRead:
    return RegisterHeadRead(on=row.on, size=row.size, hash=row.hash.hex(), at=row.at, token=row.token)
