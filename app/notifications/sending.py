"""Sending: one message at a time, claimed for a while, so that no transaction waits for a mail server."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.identity.models import Organisation
from app.notifications import about, contents, letters, mail, retries
from app.notifications.about import About
from app.notifications.mail import Envelope, Letter, Mailbox
from app.notifications.models import Message, MessageStatus
from app.notifications.retries import Refusal
from app.registrations.links import Links

# For so long a claimed message is one worker's: longer than a mail server is waited for. When the worker is
# killed, another sends the message again, under the same Message-ID.
LEASE = timedelta(minutes=5)


async def give_up(db: AsyncSession, now: datetime) -> int:
    """End what has waited for too long, so that nothing old is sent; gives the number of messages."""
    ended = sa.case(
        (col(Message.attempts) == 0, MessageStatus.EXPIRED.value), else_=MessageStatus.FAILED.value
    )
    late = (
        sa.update(Message)
        .where(col(Message.status) == MessageStatus.PENDING, col(Message.give_up_at) <= now)
        .values(status=ended)
    )
    return (await db.exec(late)).rowcount


async def is_anything_due(db: AsyncSession, now: datetime) -> bool:
    """Whether there is a message to send."""
    return (await db.exec(select(Message.id).where(_due(now)).limit(1))).first() is not None


async def claim(db: AsyncSession, sender: Mailbox, now: datetime) -> Message | None:
    """The next message that is due, as this worker's for a while; None when there is none."""
    query = select(Message).where(_due(now)).order_by(col(Message.next_attempt_at), col(Message.id)).limit(1)
    found = (await db.exec(query.with_for_update(skip_locked=True))).first()
    if found is None:
        return None
    found.attempts += 1
    found.next_attempt_at = now + LEASE
    found.message_id = found.message_id or mail.message_id(found.id, sender)
    return found


async def written(db: AsyncSession, known: About, links: Links, now: datetime, *, can_reply: bool) -> Letter:
    """The letter as it would be sent now, or Untold when there is nothing to tell any more."""
    values = await contents.values(db, known, links, now, can_reply=can_reply)
    if values is None:
        raise Untold
    return letters.write(known.message.kind, known.language, values)


class Untold(Exception):
    """A message has nothing to tell any more: what it was about is over, or as it was before."""


async def prepare(
    db: AsyncSession, message: Message, links: Links, sender: Mailbox, reply_to: Mailbox | None, now: datetime
) -> Envelope | None:
    """The e-mail of a claimed message, in the words of this moment; None when it is no longer to be sent."""
    if message.organisation is not None:
        return await _to_organisation(db, message, links, sender, reply_to, now)
    known = await about.load(db, message)
    if not await contents.is_current(db, known):
        return None
    answers = _answers_to(known, reply_to)
    try:
        letter = await written(db, known, links, now, can_reply=answers is not None)
    except Untold:
        return None
    return mail.compose(
        letter,
        sender=sender,
        recipient=Mailbox(known.applicant.email, known.applicant.full_name),
        reply_to=answers,
        message_id=message.message_id or mail.message_id(message.id, sender),
        language=known.language,
        at=now,
    )


async def _to_organisation(
    db: AsyncSession, message: Message, links: Links, sender: Mailbox, reply_to: Mailbox | None, now: datetime
) -> Envelope | None:
    """The e-mail to an organisation's contact; None when it has none by now."""
    organisation = await db.get_one(Organisation, message.organisation, populate_existing=True)
    if organisation.email is None:
        return None
    values = await contents.of_organisation(db, message, organisation, links, can_reply=reply_to is not None)
    return mail.compose(
        letters.write(message.kind, message.language, values),
        sender=sender,
        recipient=Mailbox(organisation.email, organisation.name),
        reply_to=reply_to,
        message_id=message.message_id or mail.message_id(message.id, sender),
        language=message.language,
        at=now,
    )


def _answers_to(known: About, otherwise: Mailbox | None) -> Mailbox | None:
    """Where an answer goes: to the partner where it has an address."""
    partner = known.partner
    return Mailbox(partner.email, partner.name) if partner.email else otherwise


async def cancel(db: AsyncSession, message_id: UUID) -> None:
    """Leave a message unsent, which has nothing to tell any more."""
    await db.exec(_of(message_id, MessageStatus.PENDING).values(status=MessageStatus.CANCELLED))


async def settle(
    db: AsyncSession, message: Message, refusal: Refusal | None, chance: float, now: datetime
) -> None:
    """Keep what came of an attempt: sent, tried again after a pause (spread by `chance`), or failed."""
    if refusal is None:
        # Sent is sent, whatever happened to the row meanwhile.
        sent = _of(message.id).values(status=MessageStatus.SENT, sent_at=now, last_error=None)
        await db.exec(sent)
        return
    again = now + retries.pause(message.attempts, chance)
    status = MessageStatus.FAILED if refusal.final else MessageStatus.PENDING
    refused = _of(message.id, MessageStatus.PENDING)
    await db.exec(refused.values(status=status, next_attempt_at=again, last_error=refusal.why))


def _due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(col(Message.status) == MessageStatus.PENDING, col(Message.next_attempt_at) <= now)


def _of(message_id: UUID, *statuses: MessageStatus) -> sa.Update:
    row = sa.update(Message).where(col(Message.id) == message_id)
    return row.where(col(Message.status).in_(statuses)) if statuses else row
