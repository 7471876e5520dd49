"""The register of certificates as a chain that only grows: entered, published day by day."""

import hashlib
from collections.abc import Mapping, Sequence
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
    RegisterForgotten,
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
# What entries of the first versions did not commit to (app/certificates/audit.py opens those too).
ADDED = {"registration", "reason"}
# What an entry says that takes the place of those that cannot be opened any more.
FORGOTTEN = "forgotten"
# What a certificate says that stands when its holder is erased.
_STANDS = {
    "number",
    "code",
    "registration",
    "issued_on",
    "issuer",
    "holder_name",
    "training_title",
    "edition_title",
    "contact_minutes",
    "study_load_hours",
    "supersedes",
}


async def enter(
    db: AsyncSession, vault: Vault, certificate: Certificate, kind: EntryKind, now: datetime
) -> int:
    """Enter what happened to a certificate, which is written already; gives the entry's number."""
    return await _enter(db, vault, certificate, kind, facts(certificate, kind), now)


async def enter_forgotten(
    db: AsyncSession, vault: Vault, certificate: Certificate, entries: Sequence[int], now: datetime
) -> int:
    """Enter that what these entries say cannot be opened any more, and what is left of the certificate.

    What such an entry said before is said by the new one: so every list stands in an entry that opens.
    """
    query = select(RegisterForgotten).where(col(RegisterForgotten.said_by).in_(entries))
    before = (await db.exec(query)).all()
    every = sorted([*entries, *(one.entry for one in before)])
    said = left(certificate, every, had_ended=certificate.status is not CertificateStatus.VALID)
    number = await _enter(db, vault, certificate, EntryKind.SUPERSEDED, said, now)
    for one in before:
        one.said_by = number
    db.add_all(RegisterForgotten(entry=entry, said_by=number) for entry in entries)
    await db.flush()
    return number


async def _enter(
    db: AsyncSession,
    vault: Vault,
    certificate: Certificate,
    kind: EntryKind,
    said: Mapping[str, Any],
    now: datetime,
) -> int:
    await (await db.connection()).execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    salt = vault.entropy(chain.SALT_BYTES)
    entry = chain.following(await _last(db), kind, chain.commitment(salt, said), now)
    db.add(RegisterEntry(**entry.__dict__))
    await db.flush()
    db.add(RegisterSalt(entry=entry.number, certificate=certificate.number, salt=salt))
    await db.flush()
    return entry.number


def left(certificate: Certificate, entries: Sequence[int], *, had_ended: bool) -> dict[str, Any]:
    """What an entry of what was forgotten commits to: these entries, and what stands of the certificate.

    With how it had ended by then, if it had: when it is revoked afterwards, that is an entry of its own.
    """
    said = certificate.model_dump(
        mode="json",
        include=_STANDS,
    )
    said["credential"] = (certificate.credential_digest or b"").hex()
    ended = certificate.revoked_at or certificate.superseded_at if had_ended else None
    return {
        **said,
        "kind": FORGOTTEN,
        "entries": list(entries),
        "ended": {"status": certificate.status.value, "at": utc(ended)} if ended else None,
    }


def facts(certificate: Certificate, kind: EntryKind) -> dict[str, Any]:
    """What an entry commits to: when issued all that the certificate says, later its number, when and why."""
    if kind is not EntryKind.ISSUED:
        ended = certificate.revoked_at if kind is EntryKind.REVOKED else certificate.superseded_at
        assert ended is not None
        reason = {"reason": certificate.revoke_reason} if kind is EntryKind.REVOKED else {}
        return {"number": certificate.number, "kind": kind.value, "at": utc(ended), **reason}
    said = certificate.model_dump(
        mode="json",
        include={*_STANDS, "product_title", "sessions", "phases"},
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


async def publish_heads(db: AsyncSession, vault: Vault, now: datetime) -> int:
    """Publish how the chain stood at the end of each day that is over (UTC) and has no head; gives how many.

    So a day on which no server ran has its head too, later.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    await (await db.connection()).execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    first = await db.get(RegisterEntry, 1)
    if first is None:
        return 0
    start = first.at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = range((today - start).days)
    count = (await db.exec(select(sa.func.count()).select_from(RegisterHead))).one()
    if count >= len(days):
        return 0
    there = set((await db.exec(select(col(RegisterHead.on)))).all())
    missing = [day for n in days if (day := start + timedelta(days=n)).date() not in there]
    for day in missing:
        await _publish(db, vault, day, now)
    return len(missing)


async def _publish(db: AsyncSession, vault: Vault, day: datetime, now: datetime) -> None:
    query = select(RegisterEntry).where(RegisterEntry.at < day + timedelta(days=1))
    last = (await db.exec(query.order_by(col(RegisterEntry.number).desc()).limit(1))).one()
    on = day.date()
    claims = {"on": on.isoformat(), "size": last.number, "hash": last.hash.hex(), "iss": vault.did}
    token = proofs.signed(claims, await keys.signer(db, vault, now))
    db.add(RegisterHead(on=on, size=last.number, hash=last.hash, at=now, token=token))
    await db.flush()


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
