"""The post: what the background work does with messages, a transaction each."""

import asyncio
import random
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import structlog

from app.core.clock import Clock
from app.core.database import Database
from app.core.problems import Unavailable
from app.core.settings import Settings
from app.notifications import sending
from app.notifications.mail import Mailbox
from app.notifications.outbox import Timing
from app.notifications.retries import Refusal
from app.notifications.smtp import Connection, MailServer, ServerUnavailable, connected
from app.registrations.links import Links

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

GRACE = 10.0  # seconds that what has begun may take once the worker is stopped


@dataclass(frozen=True)
class Post:
    """How messages are sent, by the settings; without a server they wait, and expire."""

    server: MailServer | None
    sender: Mailbox
    reply_to: Mailbox | None
    links: Links
    timing: Timing

    @classmethod
    def of(cls, settings: Settings) -> "Post":
        """The post as it is set."""
        url = settings.smtp_url
        strict = settings.environment == "production"
        return cls(
            server=MailServer.parse(url.get_secret_value(), strict=strict, seconds=settings.smtp_seconds)
            if url
            else None,
            sender=Mailbox.parse(settings.mail_from or ""),
            reply_to=Mailbox.parse(settings.mail_reply_to) if settings.mail_reply_to else None,
            links=Links(settings.base_url, settings.key("personal links")),
            timing=Timing(timedelta(days=settings.mail_days), timedelta(minutes=settings.mail_quiet_minutes)),
        )


async def send(database: Database, clock: Clock, post: Post) -> int:
    """Send every message that is due; gives how many there were.

    Raises ServerUnavailable when the mail server cannot be used: what is left waits.
    """
    async with database.transaction() as db:
        await sending.give_up(db, clock.now())
        due = await sending.is_anything_due(db, clock.now())
    sent = 0
    if post.server and due:
        async with connected(post.server) as line:
            while await _to_its_end(_send_one(database, clock, post, line)):
                sent += 1
    return sent


async def _send_one(database: Database, clock: Clock, post: Post, line: Connection) -> bool:
    """Send the next message; False when none is due."""
    async with database.transaction() as db:
        message = await sending.claim(db, post.sender, clock.now())
    if message is None:
        return False
    log.debug("sending", message=str(message.id), attempt=message.attempts)
    broken: ServerUnavailable | None = None
    try:
        async with database.transaction() as db:
            envelope = await sending.prepare(db, message, post.links, post.sender, post.reply_to, clock.now())
        if envelope is None:
            async with database.transaction() as db:
                await sending.cancel(db, message.id)
            return True
        refusal = await line.send(envelope)
    except ServerUnavailable as unavailable:
        broken, refusal = unavailable, Refusal(final=False, why=str(unavailable))
    except Unavailable:
        raise
    except Exception as fault:  # a message that cannot be written holds up no other
        log.exception("a message cannot be written", message=str(message.id))
        refusal = Refusal(final=False, why=f"the message cannot be written ({type(fault).__name__})")
    async with database.transaction() as db:
        await sending.settle(db, message, refusal, random.random(), clock.now())  # noqa: S311  a pause, no secret
    if broken:
        raise broken
    return True


async def _to_its_end(work: Coroutine[Any, Any, Result]) -> Result:
    """What `work` gives. When the worker is stopped meanwhile, work that has begun gets a moment to end."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        ended, _ = await asyncio.wait([task], timeout=GRACE)
        if not ended:
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
