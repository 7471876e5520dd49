"""Certificates for a whole edition: asked for once, issued one by one, each in a transaction of its own."""

from collections import Counter
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance import progress
from app.certificates import service as certificates
from app.certificates.models import (
    Certificate,
    CertificateBatch,
    CertificateBatchItem,
    CertificateStatus,
    ItemState,
)
from app.certificates.schemas import BatchCounts, BatchCreate, BatchItemPage, BatchItemRead, BatchRead
from app.core.language import Language
from app.core.paging import Window, fetch
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.credentials.keys import SigningKeyUnreadable, Vault
from app.events import service as events
from app.identity.caller import ROLE_SCOPES, Caller, Role
from app.registrations.lifecycle import Status
from app.registrations.models import Registration
from app.trainings.models import Edition

# Whether somebody whose certificate was revoked gets another is for people to say, one by one.
_REVOKED: dict[Language, str] = {
    "nl": "Certificaat {} is ingetrokken. Een nieuw certificaat geeft u alleen afzonderlijk uit.",
    "en": "Certificate {} was revoked. A new certificate can only be issued singly.",
}


async def ask(
    db: AsyncSession, caller: Caller, wanted: BatchCreate, language: Language, now: datetime
) -> BatchRead:
    """Look who of an edition's participants is eligible; unless it is a dry run, the rest happens by itself.

    Whoever had a certificate revoked is refused, with the reason in `language`.

    InvalidInput for an unknown edition.
    """
    if await db.get(Edition, wanted.edition) is None:
        detail = f"There is no edition {wanted.edition}."
        raise InvalidInput([Fault(pointer="#/edition", code="unknown-edition", detail=detail)])
    batch = CertificateBatch(
        edition=wanted.edition,
        dry_run=wanted.dry_run,
        organisation=caller.organisation,
        asked_by=caller.client_id,
        asked_at=now,
    )
    db.add(batch)
    await db.flush()
    query = select(Registration).where(
        Registration.edition == wanted.edition, Registration.status == Status.CONFIRMED
    )
    for registration in (await db.exec(query.order_by(col(Registration.id)))).all():
        state, explanation = await _looked_at(db, registration, language)
        item = CertificateBatchItem(
            batch=batch.id, registration=registration.id, state=state, explanation=explanation
        )
        db.add(item)
    if not wanted.dry_run:
        events.record(
            db,
            "certificate-batch.asked",
            subject=batch.id,
            actor=caller.client_id,
            at=now,
            edition=batch.edition,
        )
    await db.flush()
    return await _shown(db, batch)


async def read(db: AsyncSession, batch_id: UUID) -> BatchRead:
    """How far a batch is, or NotFound."""
    return await _shown(db, await _batch(db, batch_id))


async def list_items(
    db: AsyncSession, batch_id: UUID, window: Window, state: ItemState | None
) -> BatchItemPage:
    """Those in a batch, of one state or all, or NotFound."""
    query = select(CertificateBatchItem).where(CertificateBatchItem.batch == batch_id)
    if state is not None:
        query = query.where(CertificateBatchItem.state == state)
    order = [col(CertificateBatchItem.registration)]
    page, next_cursor = await fetch(db, query, window, order, UUID, lambda one: one.registration)
    await _batch(db, batch_id)
    return BatchItemPage(items=[BatchItemRead.model_validate(one) for one in page], next_cursor=next_cursor)


async def issue_next(db: AsyncSession, vault: Vault, now: datetime) -> bool:
    """Issue the next certificate that a batch waits for; False when none does.

    Whoever comes at the same time takes another. The certificate and the mark are one transaction: ended
    half-way, neither is there, and the next round begins with it again.
    """
    query = (
        select(CertificateBatchItem, CertificateBatch)
        .join(CertificateBatch, col(CertificateBatch.id) == CertificateBatchItem.batch)
        .where(CertificateBatchItem.state == ItemState.ELIGIBLE, sa.not_(col(CertificateBatch.dry_run)))
        .order_by(col(CertificateBatchItem.batch), col(CertificateBatchItem.registration))
        .limit(1)
        .with_for_update(of=CertificateBatchItem, skip_locked=True)
    )
    found = (await db.exec(query)).first()
    if found is None:
        return False
    item, batch = found
    if refusal := await _refusal(db, item.registration, "nl"):
        item.state, item.explanation = ItemState.REFUSED, refusal
        await db.flush()
        return True
    caller = Caller(batch.asked_by, batch.organisation, Role.CERTIFIER, ROLE_SCOPES[Role.CERTIFIER])
    try:
        async with db.begin_nested():
            issued = await certificates.issue(db, caller, item.registration, vault, "nl", now)
    except SigningKeyUnreadable:
        raise  # it is not the participant that is wanting: the next round tries again
    except Problem as refused:
        item.state, item.explanation = ItemState.REFUSED, refused.detail
    else:
        item.state, item.certificate = ItemState.ISSUED, issued.number
    await db.flush()
    return True


async def _looked_at(
    db: AsyncSession, registration: Registration, language: Language
) -> tuple[ItemState, str | None]:
    """How somebody stands when a batch is asked for, and why not eligible."""
    judged = progress.judged(registration, await progress.record(db, registration), language)
    if not judged.eligible:
        missing = " ".join(one.explanation for one in judged.requirements if not one.met)
        return ItemState.NOT_ELIGIBLE, missing
    if refusal := await _refusal(db, registration.id, language):
        return ItemState.REFUSED, refusal
    return ItemState.ELIGIBLE, None


async def _refusal(db: AsyncSession, registration: UUID, language: Language) -> str | None:
    query = select(Certificate.number).where(
        Certificate.registration == registration, Certificate.status == CertificateStatus.REVOKED
    )
    revoked = (await db.exec(query.order_by(col(Certificate.number).desc()).limit(1))).first()
    return _REVOKED[language].format(revoked) if revoked else None


async def _batch(db: AsyncSession, batch_id: UUID) -> CertificateBatch:
    found = await db.get(CertificateBatch, batch_id)
    if found is None:
        raise NotFound("There is no such batch.")
    return found


async def _shown(db: AsyncSession, batch: CertificateBatch) -> BatchRead:
    query = (
        select(CertificateBatchItem.state, sa.func.count())
        .where(CertificateBatchItem.batch == batch.id)
        .group_by(col(CertificateBatchItem.state))
    )
    counts = Counter(dict((await db.exec(query)).all()))
    waiting = 0 if batch.dry_run else counts[ItemState.ELIGIBLE]
    return BatchRead(
        id=batch.id,
        edition=batch.edition,
        dry_run=batch.dry_run,
        status="running" if waiting else "done",
        asked_at=batch.asked_at,
        counts=BatchCounts(
            eligible=counts[ItemState.ELIGIBLE],
            not_eligible=counts[ItemState.NOT_ELIGIBLE],
            issued=counts[ItemState.ISSUED],
            refused=counts[ItemState.REFUSED],
        ),
    )
