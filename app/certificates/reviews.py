"""Reviews: what a certificate rests on was corrected after it was issued, and the certifier decides.

The certificate stays valid until then. Who corrects something need not know of certificates: `settle` looks
at what a transaction recorded, before it is committed, and opens or closes reviews as part of it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance import progress
from app.attendance.models import Attendance
from app.certificates.models import Certificate, CertificateReview, CertificateStatus, ReviewVerdict
from app.certificates.schemas import ReviewPage, ReviewRead
from app.core.etags import Expected
from app.core.paging import Window, fetch
from app.core.problems import NotFound, Problem
from app.events import service as events
from app.events.models import Event
from app.identity.caller import SYSTEM, Caller
from app.registrations.models import Applicant, Registration
from app.registrations.moves import locked

# What may change what a certificate rests on, by the beginning of the event's type.
_OF_A_REGISTRATION = ("attendance.", "make-up.", "progress.")
_OF_A_SESSION = ("session.changed", "session.cancelled")
_OF_A_CERTIFICATE = ("certificate.revoked", "certificate.reissued")


class ReviewDecided(Problem):
    """The review was decided before."""

    status, code = 409, "review-decided"
    title, title_nl = "Review is decided", "Herbeoordeling is afgerond"


async def list_reviews(
    db: AsyncSession, window: Window, *, status: Literal["open", "decided"] | None, edition: str | None
) -> ReviewPage:
    """The reviews, oldest first; of those that are open, or decided, or both."""
    query = (
        select(CertificateReview)
        .join(Certificate, col(Certificate.number) == CertificateReview.certificate)
        .join(Registration, col(Registration.id) == Certificate.registration)
    )
    if status is not None:
        decided = col(CertificateReview.decided_at)
        query = query.where(decided.is_(None) if status == "open" else decided.is_not(None))
    if edition is not None:
        query = query.where(Registration.edition == edition)
    order = [col(CertificateReview.id)]
    page, next_cursor = await fetch(db, query, window, order, UUID, lambda one: one.id)
    return ReviewPage(items=[ReviewRead.model_validate(one) for one in page], next_cursor=next_cursor)


async def read(db: AsyncSession, review_id: UUID) -> ReviewRead:
    """One review, or NotFound."""
    return ReviewRead.model_validate(await _review(db, review_id))


async def uphold(
    db: AsyncSession, caller: Caller, review_id: UUID, reason: str, now: datetime, expected: Expected
) -> ReviewRead:
    """Let the certificate stand as it is; a further correction opens another review.

    Raises NotFound, PreconditionFailed and ReviewDecided. Who decides otherwise revokes the certificate,
    which closes the review.
    """
    review = await _review(db, review_id, lock=True)
    expected.require(ReviewRead.model_validate(review))
    if review.decided_at:
        raise ReviewDecided("This review was decided before.")
    await _decide(db, review, ReviewVerdict.UPHELD, caller.client_id, now, reason)
    return ReviewRead.model_validate(review)


async def settle(db: AsyncSession) -> None:
    """Open or close the reviews that the running transaction gives reason to, as part of it."""
    certificates, now = set[str](), None
    for event in events.recorded(db):
        if concerned := await _concerned(db, event):
            certificates.update(concerned)
            now = event.at
    if now:
        query = select(Certificate).where(col(Certificate.number).in_(certificates))
        # In the order in which everybody locks registrations.
        query = query.order_by(col(Certificate.registration), col(Certificate.number))
        for certificate in (await db.exec(query)).all():
            await _judge(db, certificate, now)


async def _concerned(db: AsyncSession, event: Event) -> Sequence[str]:
    """The certificates that an event may be about."""
    if event.type in _OF_A_CERTIFICATE:
        return [event.subject, *filter(None, [event.data.get("supersedes")])]
    query = select(Certificate.number).where(Certificate.status == CertificateStatus.VALID)
    if event.type.startswith(_OF_A_REGISTRATION):
        query = query.where(Certificate.registration == UUID(event.subject))
    elif event.type in _OF_A_SESSION:
        there = select(Attendance.registration).where(Attendance.session == UUID(event.subject))
        query = query.where(col(Certificate.registration).in_(there))
    else:
        return []
    return (await db.exec(query)).all()


async def _judge(db: AsyncSession, certificate: Certificate, now: datetime) -> None:
    """Compare a certificate with what it rests on; the registration is locked, so one review is opened."""
    registration = await locked(db, certificate.registration)
    await db.refresh(certificate)
    if (await db.get_one(Applicant, registration.applicant)).erased_at is not None:
        return  # what it rests on is gone: there is nothing to compare it with
    query = (
        select(CertificateReview)
        .where(CertificateReview.certificate == certificate.number)
        .order_by(col(CertificateReview.id).desc())
    )
    last = (await db.exec(query)).first()
    still_open = last if last and last.decided_at is None else None
    if certificate.status is not CertificateStatus.VALID:
        if still_open:
            await _decide(db, still_open, ReviewVerdict.ENDED, SYSTEM.client_id, now)
        return
    found = await _found(db, certificate, registration)
    if not found:
        if still_open:
            await _decide(db, still_open, ReviewVerdict.RESTORED, SYSTEM.client_id, now)
    elif still_open:
        still_open.found = found
    elif last is None or last.found != found or last.verdict is not ReviewVerdict.UPHELD:
        await _open(db, certificate, registration, found, now)
    await db.flush()


async def _found(db: AsyncSession, certificate: Certificate, registration: Registration) -> dict[str, Any]:
    """What is otherwise now than the certificate says; nothing when all is as it was."""
    known = await progress.record(db, registration)
    judged = progress.judged(registration, known, "nl")
    unmet = [one.code.value for one in judged.requirements if not one.met]
    same_hours = known.contact_minutes == certificate.contact_minutes
    if same_hours and not unmet:
        return {}
    return {"contactMinutes": known.contact_minutes, "unmet": unmet}


async def _open(
    db: AsyncSession,
    certificate: Certificate,
    registration: Registration,
    found: dict[str, Any],
    now: datetime,
) -> None:
    review = CertificateReview(certificate=certificate.number, opened_at=now, found=found)
    db.add(review)
    await _tell(
        db, "certificate.review-opened", certificate, registration, SYSTEM.client_id, now, review, **found
    )


async def _decide(
    db: AsyncSession,
    review: CertificateReview,
    verdict: ReviewVerdict,
    actor: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    review.verdict, review.decided_at, review.decided_by, review.reason = verdict, now, actor, reason
    certificate = await db.get_one(Certificate, review.certificate)
    registration = await db.get_one(Registration, certificate.registration)
    await _tell(
        db, "certificate.review-closed", certificate, registration, actor, now, review, verdict=verdict.value
    )
    await db.flush()


async def _tell(
    db: AsyncSession,
    type: str,
    certificate: Certificate,
    registration: Registration,
    actor: str,
    now: datetime,
    review: CertificateReview,
    **data: Any,
) -> None:
    events.record(
        db,
        type,
        subject=certificate.number,
        actor=actor,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
        registration=str(registration.id),
        review=str(review.id),
        **data,
    )


async def _review(db: AsyncSession, review_id: UUID, *, lock: bool = False) -> CertificateReview:
    found = await db.get(CertificateReview, review_id, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such review.")
    return found


def under_review() -> Any:
    """The condition that a certificate has an open review."""
    return sa.exists().where(
        col(CertificateReview.certificate) == Certificate.number, col(CertificateReview.decided_at).is_(None)
    )
