"""Certificates: issued when every requirement is met, checked by anyone, revoked with a reason."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance import make_up, progress
from app.attendance import service as attendance
from app.attendance.models import MakeUp
from app.attendance.progress import Record
from app.certificates import register, signing
from app.certificates.chain import EntryKind
from app.certificates.models import Certificate, CertificateCounter, CertificateStatus
from app.certificates.pdf import CertificateSheet, HeldSession, PassedPhase
from app.certificates.schemas import CertificatePage, CertificateRead, VerificationRead
from app.core.etags import Expected
from app.core.language import Language
from app.core.paging import Window, fetch
from app.core.problems import NotFound, Problem
from app.core.tokens import digest
from app.credentials.keys import Vault
from app.events import service as events
from app.identity import service as identity
from app.identity.caller import Caller
from app.registrations import service as registrations
from app.registrations.lifecycle import PARTICIPANT
from app.registrations.models import Applicant, Registration
from app.registrations.moves import move
from app.trainings import service as trainings
from app.trainings.models import Edition, Session


class NotEligible(Problem):
    """Not every requirement is met; `requirements` says which and why."""

    status, code = 409, "not-eligible"
    title, title_nl = "Requirements not met", "Niet aan de eisen voldaan"


class CertificateRevoked(Problem):
    """The certificate was revoked before."""

    status, code = 409, "certificate-revoked"
    title, title_nl = "Certificate is revoked", "Certificaat is ingetrokken"


class CertificateSuperseded(Problem):
    """The certificate was issued anew; `supersededBy` names the one that counts."""

    status, code = 409, "certificate-superseded"
    title, title_nl = "Certificate was replaced", "Certificaat is vervangen"


class HolderErased(Problem):
    """Nothing is known of the holder any more, so no certificate is made in their name."""

    status, code = 409, "holder-erased"
    title, title_nl = "Holder was erased", "Houder is gewist"


@dataclass(frozen=True)
class Signed:
    """A certificate's credential as it was signed, as JSON with a proof and as a VC-JWT; None without."""

    document: str | None
    token: str | None
    # Where the two are no longer kept, since the holder was erased: what tells them from others.
    document_digest: bytes | None = None
    token_digest: bytes | None = None


_SIGNED = {
    "credential",
    "credential_jwt",
    "credential_digest",
    "credential_jwt_digest",
    "status_list",
    "status_index",
}
# What stays as it was when a certificate is issued anew.
_CERTIFIED = {
    "registration",
    "training_title",
    "edition_title",
    "contact_minutes",
    "study_load_hours",
    "product_title",
    "sessions",
    "phases",
}


async def issue(
    db: AsyncSession,
    caller: Caller,
    registration_id: UUID,
    vault: Vault,
    language: Language,
    now: datetime,
) -> CertificateRead:
    """Issue the certificate of a participant who meets every requirement, and its credential.

    Raises NotFound, NotEligible (409, with each requirement in `language`) and, for who holds one
    already, MoveNotAllowed.
    """
    registration = await registrations.own(db, caller, registration_id, lock=True)
    edition = await trainings.edition(db, registration.edition)
    known = await progress.record(db, registration)
    _require_eligible(registration, known, language)

    issuer = await identity.organisation(db, caller.organisation)
    issued = await _new(
        db,
        vault,
        known.training.certificate_prefix,
        edition,
        now,
        registration=registration.id,
        issuer=issuer.name,
        edition_title=edition.title,
        **await _snapshot(db, registration, known, edition),
    )
    move(db, registration, edition, "certify", caller.client_id, now)
    await signing.sign(db, vault, issued, now)
    db.add(issued)
    _record(db, issued, registration, "certificate.issued", caller, now)
    await db.flush()
    await register.enter(db, vault, issued, EntryKind.ISSUED, now)
    return shown(issued, vault.base_url)


async def revoke(
    db: AsyncSession,
    caller: Caller,
    number: str,
    reason: str,
    vault: Vault,
    now: datetime,
    expected: Expected,
) -> CertificateRead:
    """Revoke a certificate: every check says so from now on, and the participant is confirmed again.

    Raises NotFound, PreconditionFailed, CertificateRevoked and CertificateSuperseded.
    """
    certificate, registration = await _valid(db, caller, number, vault.base_url, expected)
    edition = await trainings.edition(db, registration.edition)
    certificate.status = CertificateStatus.REVOKED
    certificate.revoked_at, certificate.revoke_reason = now, reason
    move(db, registration, edition, "uncertify", caller.client_id, now)
    await signing.strike_off(db, vault, certificate, now)
    _record(db, certificate, registration, "certificate.revoked", caller, now)
    await db.flush()
    await register.enter(db, vault, certificate, EntryKind.REVOKED, now)
    return shown(certificate, vault.base_url)


async def reissue(
    db: AsyncSession,
    caller: Caller,
    number: str,
    reason: str,
    vault: Vault,
    now: datetime,
    expected: Expected,
) -> CertificateRead:
    """Issue a certificate anew, in the name that the applicant has now; the old one is superseded.

    Hours, sessions, phases and product stay as they were certified.
    Raises NotFound, PreconditionFailed, CertificateRevoked, CertificateSuperseded and HolderErased.
    """
    old, registration = await _valid(db, caller, number, vault.base_url, expected)
    edition = await trainings.edition(db, registration.edition)
    applicant = await db.get_one(Applicant, registration.applicant)
    if applicant.erased_at is not None:
        raise HolderErased(f"The holder of {number} was erased; the certificate stays as it is.")
    issuer = await identity.organisation(db, caller.organisation)
    said = {
        **old.model_dump(include=_CERTIFIED),
        "holder_name": applicant.full_name,
        "issuer": issuer.name,
        "supersedes": old.number,
    }
    # First the number, then the lists, then the chain: everybody locks them in this order.
    issued = await _new(db, vault, number.partition("-")[0], edition, now, **said)
    await signing.sign(db, vault, issued, now)
    old.status, old.superseded_at = CertificateStatus.SUPERSEDED, now
    await signing.strike_off(db, vault, old, now)
    db.add(issued)
    _record(
        db, issued, registration, "certificate.reissued", caller, now, supersedes=old.number, reason=reason
    )
    await db.flush()
    await register.enter(db, vault, old, EntryKind.SUPERSEDED, now)
    await register.enter(db, vault, issued, EntryKind.ISSUED, now)
    return shown(issued, vault.base_url)


async def read(db: AsyncSession, caller: Caller, number: str, base_url: str) -> CertificateRead:
    """One certificate that the caller may see, or NotFound."""
    return shown(await _own(db, caller, number), base_url)


async def list_certificates(
    db: AsyncSession,
    caller: Caller,
    window: Window,
    base_url: str,
    *,
    edition: str | None,
    descending: bool = False,
) -> CertificatePage:
    """The certificates that the caller may see, by number."""
    query = (
        select(Certificate)
        .join(Registration, col(Registration.id) == Certificate.registration)
        .where(registrations.visible(caller))
    )
    if edition is not None:
        query = query.where(Registration.edition == edition)
    order = [col(Certificate.number)]
    page, next_cursor = await fetch(
        db, query, window, order, str, lambda one: one.number, descending=descending
    )
    return CertificatePage(items=[shown(one, base_url) for one in page], next_cursor=next_cursor)


async def credential(db: AsyncSession, caller: Caller, number: str, *, as_token: bool) -> str:
    """The credential of a certificate as it was signed: JSON with its proof, or a VC-JWT.

    NotFound for what the caller may not see, and for what was issued before there were credentials.
    """
    certificate = await _own(db, caller, number)
    signed = certificate.credential_jwt if as_token else certificate.credential
    if signed is None:
        raise NotFound(f"{number} was issued without a credential.")
    return signed


async def signed(db: AsyncSession, code: str) -> Signed:
    """The credential of the certificate with this verification code, in both forms; NotFound otherwise."""
    certificate = await _of_code(db, code)
    digests = certificate.credential_digest, certificate.credential_jwt_digest
    return Signed(certificate.credential, certificate.credential_jwt, *digests)


async def sheet(db: AsyncSession, caller: Caller, number: str, base_url: str) -> CertificateSheet:
    """What stands on the PDF of a certificate that the caller may see; NotFound otherwise."""
    return sheet_of(await _own(db, caller, number), base_url)


async def sheet_of_code(db: AsyncSession, code: str, base_url: str) -> CertificateSheet:
    """What stands on the PDF of the certificate with this verification code; NotFound otherwise."""
    return sheet_of(await _of_code(db, code), base_url)


def sheet_of(certificate: Certificate, base_url: str) -> CertificateSheet:
    """What stands on the PDF of a certificate; NotFound where no more is kept than what the check shows."""
    if certificate.forgotten_at is not None:
        raise NotFound(f"Of {certificate.number} only what the check shows is kept: the holder was erased.")
    return CertificateSheet(
        number=certificate.number,
        holder_name=certificate.holder_name,
        training_title=certificate.training_title,
        edition_title=certificate.edition_title,
        issuer=certificate.issuer,
        issued_on=certificate.issued_on,
        contact_minutes=certificate.contact_minutes,
        study_load_hours=certificate.study_load_hours,
        product_title=certificate.product_title,
        sessions=tuple(
            HeldSession(**{**held, "on": date.fromisoformat(held["on"])}) for held in certificate.sessions
        ),
        phases=tuple(PassedPhase(**phase) for phase in certificate.phases),
        verification_url=verification_url(certificate, base_url),
        credential=certificate.credential,
    )


async def verify(db: AsyncSession, code: str) -> VerificationRead:
    """What anyone may know of the certificate with this verification code, or NotFound.

    Of one that was superseded not which one took its place: the new name is its holder's to tell.
    """
    query = (
        select(Certificate, Edition.time_zone)
        .join(Registration, col(Registration.id) == Certificate.registration)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .where(Certificate.code_digest == digest(code))
    )
    found = (await db.exec(query)).first()
    if found is None:
        raise NotFound("There is no certificate with this code.")
    certificate, time_zone = found
    return VerificationRead(
        status=certificate.status,
        holder_name=certificate.holder_name,
        training_title=certificate.training_title,
        issuer=certificate.issuer,
        issued_on=certificate.issued_on,
        contact_hours=certificate.contact_minutes / 60,
        revoked_on=day(certificate.revoked_at, time_zone),
        superseded_on=day(certificate.superseded_at, time_zone),
    )


def day(moment: datetime | None, time_zone: str) -> date | None:
    """The day on which `moment` was, there; None of none."""
    return moment.astimezone(ZoneInfo(time_zone)).date() if moment else None


def verification_url(certificate: Certificate, base_url: str) -> str:
    """Where anyone can check the certificate."""
    return f"{base_url}/v1/verifications/{certificate.code}"


def shown(certificate: Certificate, base_url: str) -> CertificateRead:
    """A certificate as its readers see it."""
    hidden = {"code", "code_digest", "study_load_hours", "sessions", "phases", *_SIGNED}
    return CertificateRead(
        **certificate.model_dump(exclude=hidden), verification_url=verification_url(certificate, base_url)
    )


def _require_eligible(registration: Registration, known: Record, language: Language) -> None:
    judged = progress.judged(registration, known, language)
    if registration.status in PARTICIPANT and not judged.eligible:
        missing = [one for one in judged.requirements if not one.met]
        raise NotEligible(
            " ".join(one.explanation for one in missing),
            requirements=[one.model_dump(mode="json") for one in judged.requirements],
        )


async def _next_number(db: AsyncSession, prefix: str, year: int) -> str:
    """The next number of the year; others who ask wait for this transaction, so that none is missing."""
    counter = insert(CertificateCounter).values(prefix=prefix, year=year, last=1)
    counter = counter.on_conflict_do_update(
        index_elements=["prefix", "year"], set_={"last": col(CertificateCounter.last) + 1}
    )
    last = (await db.exec(counter.returning(col(CertificateCounter.last)))).scalar_one()
    return f"{prefix}-{year}-{last:06d}"


async def _snapshot(
    db: AsyncSession, registration: Registration, known: Record, edition: Edition
) -> dict[str, Any]:
    """What the certificate says, as it is at this moment."""
    applicant = await db.get_one(Applicant, registration.applicant)
    return {
        "holder_name": applicant.full_name,
        "training_title": known.training.title,
        "contact_minutes": known.contact_minutes,
        "study_load_hours": known.training.study_load_hours,
        "product_title": known.product.title if known.product else "",
        "sessions": await held_sessions(db, registration, edition),
        "phases": [{"number": phase.number, "title": phase.title} for phase, _ in known.phases],
    }


async def held_sessions(
    db: AsyncSession, registration: Registration, edition: Edition
) -> list[dict[str, object]]:
    """What contact time was spent at, by date, made up or not, as a certificate keeps it."""
    held = _held(await attendance.attended(db, registration.id), ZoneInfo(edition.time_zone))
    made_up = _made_up(await make_up.counted(db, registration.id))
    return sorted(held + made_up, key=lambda one: str(one["on"]))


def _held(attended: Sequence[tuple[Session, int]], zone: ZoneInfo) -> list[dict[str, object]]:
    return [
        {
            "on": session.starts_at.astimezone(zone).date().isoformat(),
            "title": session.title,
            "place": session.city,
            "mode": session.mode.value,
            "minutes": minutes,
        }
        for session, minutes in attended
        if session.starts_at
    ]


def _made_up(counted: Sequence[tuple[MakeUp, Session | None]]) -> list[dict[str, object]]:
    """What was made up for elsewhere, as it stands among the sessions."""
    return [
        {
            "on": make_up.done_on.isoformat(),
            "title": make_up.title,
            "place": session.city if session else None,
            "mode": "made-up" if session is None else session.mode.value,
            "minutes": make_up.minutes,
        }
        for make_up, session in counted
    ]


async def _of_code(db: AsyncSession, code: str) -> Certificate:
    query = select(Certificate).where(Certificate.code_digest == digest(code))
    found = (await db.exec(query)).first()
    if found is None:
        raise NotFound("There is no certificate with this code.")
    return found


async def _own(db: AsyncSession, caller: Caller, number: str) -> Certificate:
    query = (
        select(Certificate)
        .join(Registration, col(Registration.id) == Certificate.registration)
        .where(Certificate.number == number, registrations.visible(caller))
    )
    found = (await db.exec(query)).first()
    if found is None:
        raise NotFound(f"There is no certificate {number}.")
    return found


async def _valid(
    db: AsyncSession, caller: Caller, number: str, base_url: str, expected: Expected
) -> tuple[Certificate, Registration]:
    """A certificate that counts and is as `expected`, and its registration, both locked until the commit."""
    certificate = await _own(db, caller, number)
    registration = await registrations.own(db, caller, certificate.registration, lock=True, erased=True)
    await db.refresh(certificate, with_for_update=True)
    expected.require(shown(certificate, base_url))
    if certificate.status is CertificateStatus.REVOKED:
        raise CertificateRevoked(f"{number} was revoked before.")
    if certificate.status is CertificateStatus.SUPERSEDED:
        query = select(Certificate.number).where(Certificate.supersedes == number)
        by = (await db.exec(query)).one()
        raise CertificateSuperseded(f"{number} was replaced by {by}.", supersededBy=by)
    return certificate, registration


async def _new(
    db: AsyncSession, vault: Vault, prefix: str, edition: Edition, now: datetime, **said: Any
) -> Certificate:
    """A certificate with the next number and a code that nobody can guess; not yet written."""
    issued_on = now.astimezone(ZoneInfo(edition.time_zone)).date()
    code = base64.b32encode(vault.entropy(16)).decode().rstrip("=").lower()
    return Certificate(
        number=await _next_number(db, prefix, issued_on.year),
        code=code,
        code_digest=digest(code),
        status=CertificateStatus.VALID,
        issued_at=now,
        issued_on=issued_on,
        **said,
    )


def _record(
    db: AsyncSession,
    certificate: Certificate,
    registration: Registration,
    type: str,
    caller: Caller,
    now: datetime,
    **data: Any,
) -> None:
    events.record(
        db,
        type,
        subject=certificate.number,
        actor=caller.client_id,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
        registration=str(registration.id),
        **data,
    )
