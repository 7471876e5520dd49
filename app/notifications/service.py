"""Messages: seen by who may know of them, previewed and sent again by administrators."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.core.paging import Window, fetch
from app.core.problems import NotFound, Problem
from app.events import service as events
from app.identity.caller import Caller
from app.notifications import about, sending
from app.notifications.kinds import Kind
from app.notifications.models import Message, MessageStatus
from app.notifications.schemas import MessagePage, MessagePreview, MessageRead
from app.notifications.sending import Untold
from app.registrations import service as registrations
from app.registrations.links import Links
from app.registrations.models import Registration

Row = tuple[Message, Registration]


class NotRetryable(Problem):
    """The message was sent, or has nothing to tell any more."""

    status, code = 409, "message-not-retryable"
    title, title_nl = "Message cannot be sent again", "Bericht kan niet opnieuw worden verstuurd"


class NothingToTell(Problem):
    """What the message was about is over, or as it was before."""

    status, code = 409, "nothing-to-tell"
    title, title_nl = "Nothing to tell", "Niets te melden"


@dataclass(frozen=True)
class Wanted:
    """Which messages."""

    edition: str | None = None
    registration: UUID | None = None
    status: MessageStatus | None = None
    kind: Kind | None = None


async def list_messages(db: AsyncSession, caller: Caller, window: Window, wanted: Wanted) -> MessagePage:
    """The messages about registrations that the caller may see, in the order in which they were made."""
    query = _rows(caller)
    if wanted.edition is not None:
        query = query.where(Registration.edition == wanted.edition)
    if wanted.registration is not None:
        query = query.where(Message.registration == wanted.registration)
    if wanted.status is not None:
        query = query.where(Message.status == wanted.status)
    if wanted.kind is not None:
        query = query.where(Message.kind == wanted.kind)
    page, next_cursor = await fetch(db, query, window, [col(Message.id)], UUID, lambda row: row[0].id)
    return MessagePage(items=[_shown(row) for row in page], next_cursor=next_cursor)


async def read(db: AsyncSession, caller: Caller, message_id: UUID) -> MessageRead:
    """One message that the caller may see, or NotFound."""
    return _shown(await _row(db, caller, message_id))


async def preview(
    db: AsyncSession, caller: Caller, message_id: UUID, links: Links, now: datetime, *, otherwise: bool
) -> MessagePreview:
    """A message as it would be sent now; `otherwise`: an answer goes somewhere without the partner's address.

    Raises NotFound, and NothingToTell for a message of something that is over.
    """
    message, _ = await _row(db, caller, message_id)
    known = await about.load(db, message)
    can_reply = bool(known.partner.email) or otherwise
    try:
        letter = await sending.written(db, known, links, now, can_reply=can_reply)
    except Untold:
        raise NothingToTell("What this message was about is over, or as it was before.") from None
    return MessagePreview(
        kind=message.kind,
        language=known.language,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
    )


async def retry(
    db: AsyncSession, caller: Caller, message_id: UUID, keep: timedelta, now: datetime, expected: Expected
) -> MessageRead:
    """Send a message that failed, expired or waits, as soon as can be; for `keep` from now on.

    Raises NotFound, PreconditionFailed and, for what was sent or cancelled, NotRetryable.
    """
    _, registration = await _row(db, caller, message_id)
    message = await db.get_one(
        Message, message_id, with_for_update={"key_share": True}, populate_existing=True
    )
    expected.require(_shown((message, registration)))
    if message.status in (MessageStatus.SENT, MessageStatus.CANCELLED):
        raise NotRetryable(f"The message is {message.status}.", currentStatus=message.status)
    message.status, message.next_attempt_at = MessageStatus.PENDING, now
    message.give_up_at = now + keep
    events.record(
        db,
        "message.retried",
        subject=message.id,
        actor=caller.client_id,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
        registration=str(registration.id),
    )
    await db.flush()
    return _shown((message, registration))


def _rows(caller: Caller) -> Any:
    return (
        select(Message, Registration)
        .join(Registration, col(Registration.id) == Message.registration)
        .where(registrations.visible(caller))
    )


async def _row(db: AsyncSession, caller: Caller, message_id: UUID) -> Row:
    found: Row | None = (await db.exec(_rows(caller).where(Message.id == message_id))).first()
    if found is None:
        raise NotFound("There is no such message.")
    return found


_NOT_SHOWN = {"first_event", "about", "next_attempt_at", "give_up_at"}


def _shown(row: Row) -> MessageRead:
    message, registration = row
    pending = message.status is MessageStatus.PENDING
    return MessageRead(
        **message.model_dump(exclude=_NOT_SHOWN),
        edition=registration.edition,
        partner=registration.partner,
        next_attempt_at=message.next_attempt_at if pending else None,
        give_up_at=message.give_up_at if pending else None,
    )
