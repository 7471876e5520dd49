"""The conversation with a mail server (RFC 5321): one line, over TLS, for as many messages as there are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import errors

from app.notifications.mail import Envelope
from app.notifications.retries import Refusal, judged

_GONE = 421  # the server ends the conversation


class ServerUnavailable(Exception):
    """The mail server cannot be reached, lets nobody in, or takes nothing from this sender.

    No message is at fault: all of them wait. The text says why, without what the server said itself.
    """


@dataclass(frozen=True)
class MailServer:
    """Where messages are handed over, and how."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    implicit_tls: bool = False
    # True: refuse to go on without; None: when the server offers it; False: the line stays on this machine.
    start_tls: bool | None = True
    seconds: float = 30.0

    @classmethod
    def parse(cls, url: str, *, strict: bool, seconds: float) -> "MailServer":
        """A server by its address, smtp://user:password@host:587 or smtps://…; `strict` asks for TLS."""
        parts = urlsplit(url)
        implicit, host = parts.scheme == "smtps", parts.hostname or ""
        start_tls = False if implicit or _is_loopback(host) else (True if strict else None)
        return cls(
            host=host,
            port=parts.port or (465 if implicit else 587),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            implicit_tls=implicit,
            start_tls=start_tls,
            seconds=seconds,
        )


class Connection:
    """An open line to a mail server."""

    def __init__(self, client: aiosmtplib.SMTP, seconds: float) -> None:
        self._client, self._seconds = client, seconds

    async def send(self, envelope: Envelope) -> Refusal | None:
        """Hand over a message; None when the server has taken it, a Refusal when it has not.

        Raises ServerUnavailable when the line breaks: the message may or may not have been taken.
        """
        try:
            async with asyncio.timeout(self._seconds):
                await self._hand_over(envelope)
        except errors.SMTPNotSupported:
            return Refusal(final=True, why="the mail server takes no letters outside ASCII in an address")
        except errors.SMTPRecipientsRefused as refused:
            return _refused("RCPT TO", refused.recipients[0])
        except errors.SMTPDataError as refused:
            return _refused("DATA", refused)
        except errors.SMTPSenderRefused as refused:
            raise ServerUnavailable(judged("MAIL FROM", refused.code, refused.message).why) from refused
        except (errors.SMTPException, OSError, TimeoutError) as broken:
            raise ServerUnavailable(_why(broken)) from broken
        return None

    async def _hand_over(self, envelope: Envelope) -> None:
        options = ["SMTPUTF8", "BODY=8BITMIME"] if envelope.utf8 else []
        await self._client.sendmail(
            envelope.sender, [envelope.recipient], envelope.content, mail_options=options
        )


@asynccontextmanager
async def connected(server: MailServer) -> AsyncIterator[Connection]:
    """A line to the server, closed at the end; ServerUnavailable when there is none to be had."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        use_tls=server.implicit_tls,
        start_tls=server.start_tls,
        timeout=server.seconds,
    )
    try:
        async with asyncio.timeout(server.seconds):
            await client.connect()
    except (errors.SMTPException, OSError, TimeoutError) as broken:
        client.close()
        raise ServerUnavailable(_why(broken)) from broken
    try:
        yield Connection(client, server.seconds)
    finally:
        await _quit(client)


async def _quit(client: aiosmtplib.SMTP) -> None:
    """Say goodbye; who does not answer is left."""
    try:
        if client.is_connected:
            async with asyncio.timeout(2):
                await client.quit()
    except (errors.SMTPException, OSError, TimeoutError):
        pass
    finally:
        client.close()


def _refused(stage: str, refused: errors.SMTPResponseException) -> Refusal:
    if refused.code == _GONE:
        raise ServerUnavailable(judged(stage, refused.code, refused.message).why) from refused
    return judged(stage, refused.code, refused.message)


def _why(broken: Exception) -> str:
    """What went wrong, in our own words."""
    if isinstance(broken, errors.SMTPResponseException):
        return judged("the start", broken.code, broken.message).why
    if isinstance(broken, TimeoutError):
        return "the mail server did not answer in time"
    if isinstance(broken, errors.SMTPServerDisconnected):
        return "the mail server closed the line"
    return f"the mail server cannot be reached ({type(broken).__name__})"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
