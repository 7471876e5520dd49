"""A real mail server on loopback, and a postman who brings what the register has for it."""

import asyncio
import socket
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from functools import partial
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import SecretStr

from app import acting
from app.core.clock import Clock
from app.notifications import posting
from app.notifications.posting import Post
from tests.world import World

SENDER = "Register <register@register.example>"


class _Doors(Controller):
    """The library's server thread; at the end it hangs up on who is still on the line."""

    def factory(self) -> SMTP:
        """A conversation, which is remembered."""
        made: SMTP = super().factory()  # type: ignore[no-untyped-call]
        self.__dict__.setdefault("conversations", []).append(made)
        return made

    def stop(self, no_assert: bool = False) -> None:
        """Hang up, and end the thread."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(10)
        super().stop(no_assert=no_assert)

    async def _hang_up(self) -> None:
        for conversation in self.__dict__.get("conversations", []):
            if conversation.transport:
                conversation.transport.abort()
        await asyncio.sleep(0.01)


class PostOffice:
    """Keeps what it is sent, in order; answers as it is told to, once per answer, and otherwise takes all."""

    def __init__(self, *, utf8: bool = True) -> None:
        self.received: list[EmailMessage] = []
        self.envelopes: list[tuple[str, str]] = []
        self.at_recipient: list[str] = []
        self.at_data: list[str] = []
        # Set when a message has come in whole; the answer then waits for `slow` seconds.
        self.arrived, self.slow = threading.Event(), 0.0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._controller = _Doors(
            self, hostname="127.0.0.1", port=self.port, enable_SMTPUTF8=utf8, ready_timeout=20
        )

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802  the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or answer as was told."""
        if self.at_recipient and (answer := self.at_recipient.pop(0)):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a message, or answer as was told."""
        if self.at_data and (answer := self.at_data.pop(0)):
            return answer
        assert isinstance(envelope.content, bytes)
        assert envelope.mail_from is not None
        self.envelopes += [(envelope.mail_from, recipient) for recipient in envelope.rcpt_tos]
        self.received.append(message_from_string(envelope.content.decode(), policy=default))
        self.arrived.set()
        await asyncio.sleep(self.slow)
        return "250 OK"


class Postman:
    """The background work on messages, by hand: one round at a time, at the world's moment."""

    def __init__(self, world: World, port: int | None, **settings: Any) -> None:
        self.world = world
        self.settings = world.app.state.settings.model_copy(
            update={
                "smtp_url": SecretStr(f"smtp://127.0.0.1:{port}") if port else None,
                "mail_from": SENDER,
                "smtp_seconds": 60.0,
                **settings,
            }
        )
        self.post = Post.of(self.settings)

    def collect(self) -> int:
        """Make messages of what happened."""
        return self._call(acting.empty_outbox)

    def send(self) -> int:
        """Send what is due."""
        return self._call(posting.send)

    def round(self) -> int:
        """Both, one after the other; gives how many messages were tried."""
        self.collect()
        return self.send()

    def later(self, **by: float) -> None:
        """Let time pass."""
        clock = self.world.app.state.clock
        self.world.app.state.clock = Clock(clock.now() + timedelta(**by))

    @property
    def now(self) -> datetime:
        """The world's moment."""
        now: datetime = self.world.app.state.clock.now()
        return now

    def _call(self, work: Any) -> int:
        state = self.world.app.state
        done: int = self.world.http.portal.call(partial(work, state.database, state.clock, self.post))
        return done


def text_of(mail: EmailMessage) -> str:
    """The text of a mail, with its lines joined, so that a sentence can be looked for."""
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def html_of(mail: EmailMessage) -> str:
    """The HTML of a mail."""
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def kinds(items: Iterable[Any]) -> list[tuple[str, str]]:
    """Kind and status of messages, as the interface shows them."""
    return [(one["kind"], one["status"]) for one in items]
