"""What stands in a message: looked up when it is sent, so that it says how things are by then."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance.hours import in_hours
from app.certificates import service as certificates
from app.certificates.models import Certificate, CertificateStatus
from app.core.language import Language, spoken
from app.draws.models import PENDING, Draw, DrawCandidate, DrawStatus
from app.events.models import Event
from app.identity.models import Organisation
from app.notifications import kinds, meetings
from app.notifications.about import About, Values
from app.notifications.kinds import Kind
from app.notifications.models import Message, MessageStatus
from app.registrations import forms, waiting_list
from app.registrations.lifecycle import Status
from app.registrations.links import Links
from app.registrations.models import EnrolmentForm, Registration
from app.trainings.models import Edition

# Who writes to an organisation, and in whose name.
_SENDER: Mapping[Language, str] = {"nl": "Het register", "en": "The register"}
_TRAINING = "Cultuurcoördinator Voortgezet Onderwijs"


async def values(
    db: AsyncSession, about: About, links: Links, now: datetime, *, can_reply: bool
) -> Values | None:
    """What the template asks for; None when there is nothing to tell any more."""
    known = await _particulars(db, about, links, now)
    if known is None:
        return None
    return {
        "name": about.applicant.full_name,
        "training": about.training.title,
        "edition": about.edition.title,
        "partner": about.partner.name,
        "partner_email": about.partner.email or "",
        "can_reply": can_reply,
        **known,
    }


async def of_organisation(
    db: AsyncSession, message: Message, organisation: Organisation, links: Links, *, can_reply: bool
) -> Values:
    """What the template of a message to an organisation's contact asks for."""
    event = await db.get_one(Event, message.event)
    since = event.data.get("failingSince")
    zone = "Europe/Amsterdam"
    return {
        "name": organisation.name,
        "training": _TRAINING,
        "partner": _SENDER[message.language],
        "can_reply": can_reply,
        "ended": event.type == "webhook.ended",
        "since": spoken(datetime.fromisoformat(since), zone, message.language) if since else "",
        "webhook": event.subject,
        "docs_url": f"{links.base_url}/v1/docs",
    }


async def is_current(db: AsyncSession, about: About) -> bool:
    """Whether a message still holds: the registration's status fits, and no later one says it better."""
    kind = about.message.kind
    if about.applicant.erased_at is not None:
        return False
    if not about.edition.mails_applicants or not kinds.is_still_true(kind, about.registration.status):
        return False
    if not (family := kinds.family(kind)):
        return True
    later = select(Message.id).where(
        Message.registration == about.registration.id,
        Message.about == about.message.about,
        col(Message.kind).in_(family),
        Message.status != MessageStatus.CANCELLED,
        col(Message.event) > about.message.event,
    )
    return (await db.exec(later)).first() is None


async def _particulars(db: AsyncSession, about: About, links: Links, now: datetime) -> Values | None:
    kind = about.message.kind
    if kind in kinds.SESSIONS:
        return await meetings.values(db, about, links, now)
    return await _PARTICULARS[kind](db, about, links)


async def _nothing(_db: AsyncSession, _about: About, _links: Links) -> Values:
    return {}


async def _form(db: AsyncSession, about: About, links: Links) -> Values:
    form = await db.get_one(EnrolmentForm, about.registration.id, populate_existing=True)
    return {
        "form_url": links.enrolment_form(about.registration.id),
        "due_at": about.moment(forms.due_at(form, about.edition)),
    }


async def _carried_over(db: AsyncSession, about: About, _links: Links) -> Values:
    earlier = (
        select(Edition.title)
        .join(Registration, col(Registration.edition) == Edition.slug)
        .where(Registration.id == about.registration.carried_over_from)
    )
    return {"earlier": (await db.exec(earlier)).one()}


async def _announced(db: AsyncSession, about: About, links: Links) -> Values | None:
    draw = await db.get_one(Draw, UUID(about.event.subject))
    if draw.status not in PENDING:
        return None
    return {
        "needed": draw.draw_needed,
        "drawable_at": about.moment(draw.drawable_at),
        "publish_at": about.moment(draw.publish_at),
        "draw_url": _draw_url(draw, links),
        "receipt_url": _receipt_url(about, links),
    }


async def _voided(db: AsyncSession, about: About, links: Links) -> Values:
    draw = await db.get_one(Draw, UUID(about.event.subject))
    return {"reason": draw.void_reason, "draw_url": _draw_url(draw, links)}


async def _offer(db: AsyncSession, about: About, links: Links) -> Values:
    return {
        "answer_by": about.moment(about.registration.answer_by),
        "receipt_url": await _drawn_receipt_url(db, about, links),
    }


async def _confirmed(_db: AsyncSession, about: About, links: Links) -> Values:
    registration = about.registration
    return {
        "page_url": about.personal_page(links),
        "calendar_url": links.calendar(registration.id, registration.links_generation),
    }


async def _waitlisted(db: AsyncSession, about: About, links: Links) -> Values:
    return {
        "place": await waiting_list.place_in_line(db, about.registration),
        "receipt_url": await _drawn_receipt_url(db, about, links),
    }


async def _lapsed(_db: AsyncSession, about: About, _links: Links) -> Values:
    return {"had_seat": about.event.data["before"] == Status.PLACED}


async def _reach(_db: AsyncSession, about: About, links: Links) -> Values:
    data, language = about.event.data, about.language
    done = data["attended"] + data["makeUp"]
    return {
        "done": in_hours(done, language),
        "possible": in_hours(done + data["possible"], language),
        "minimum": in_hours(data["minimum"], language),
        "page_url": about.personal_page(links),
    }


async def _certificate(db: AsyncSession, about: About, links: Links) -> Values | None:
    certificate = await db.get_one(Certificate, about.event.subject)
    revoked = about.message.kind is Kind.CERTIFICATE_REVOKED
    if certificate.status is not (CertificateStatus.REVOKED if revoked else CertificateStatus.VALID):
        return None
    registration = about.registration
    return {
        "number": certificate.number,
        "verification_url": certificates.verification_url(certificate, links.base_url),
        "holder_url": links.holder(registration.id, registration.links_generation),
    }


def _draw_url(draw: Draw, links: Links) -> str:
    return f"{links.base_url}/v1/draws/{draw.id}"


def _receipt_url(about: About, links: Links) -> str:
    return f"{links.base_url}/v1/draw-receipts/{links.enrolment_token(about.registration.id)}"


async def _drawn_receipt_url(db: AsyncSession, about: About, links: Links) -> str:
    """Where somebody sees how they were drawn; nothing for who was in no draw."""
    drawn = (
        select(Draw.id)
        .join(DrawCandidate, col(DrawCandidate.draw) == Draw.id)
        .where(DrawCandidate.registration == about.registration.id, Draw.status == DrawStatus.COMPLETED)
    )
    return _receipt_url(about, links) if (await db.exec(drawn)).first() else ""


_PARTICULARS: Mapping[Kind, Callable[[AsyncSession, About, Links], Awaitable[Values | None]]] = {
    Kind.REGISTRATION_RECEIVED: _form,
    Kind.REGISTRATION_CARRIED_OVER: _carried_over,
    Kind.FORM_REMINDER: _form,
    Kind.FORM_REOPENED: _form,
    Kind.FORM_RECEIVED: _nothing,
    Kind.DRAW_ANNOUNCED: _announced,
    Kind.DRAW_VOIDED: _voided,
    Kind.SEAT_PLACED: _offer,
    Kind.SEAT_OFFERED: _offer,
    Kind.SEAT_CONFIRMED: _confirmed,
    Kind.WAITLISTED: _waitlisted,
    Kind.DECLINED: _nothing,
    Kind.WITHDRAWN: _nothing,
    Kind.REJECTED: _nothing,
    Kind.LAPSED: _lapsed,
    Kind.OUT_OF_REACH: _reach,
    Kind.WITHIN_REACH: _reach,
    Kind.CERTIFICATE_ISSUED: _certificate,
    Kind.CERTIFICATE_REISSUED: _certificate,
    Kind.CERTIFICATE_REVOKED: _certificate,
}
