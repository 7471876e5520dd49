"""One attempt: a signed POST to a receiver, and what came back of it."""

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpcore

from app import __version__
from app.webhooks import outcomes, payloads, signing
from app.webhooks.claims import Claimed, Sent
from app.webhooks.connecting import NotPublic
from app.webhooks.outcomes import Outcome, Verdict
from app.webhooks.signing import Seal, Unreadable

# Of an answer so much is read, and so much of that is kept.
MOST, KEPT = 65_536, 500
_SHOWN = ("content-type", "content-length", "date", "location", "retry-after", "server", "via")
_ATTEMPT = {"content-type": "application/json", "user-agent": f"cultuurcoordinator/{__version__}"}


@dataclass(frozen=True)
class Way:
    """How deliveries go out: over which connections, with which links, how long an answer may take."""

    pool: httpcore.AsyncConnectionPool
    base_url: str
    seal: Seal
    seconds: float


async def send(way: Way, claimed: Claimed, at: Callable[[], datetime]) -> tuple[Sent, Outcome]:
    """Send a delivery once; every failure is an outcome. `at` gives the moment as receivers have it."""
    begun, now = time.perf_counter(), at()
    message_id = payloads.message_id(claimed.told.id, claimed.id)
    content = payloads.content(claimed.told, way.base_url)
    try:
        secrets = [way.seal.open(sealed, claimed.webhook) for sealed in claimed.secrets]
    except Unreadable as wrong:
        return Sent(now, 0, {}), Outcome(Verdict.FAILED, str(wrong))
    headers = {**_ATTEMPT, **signing.headers(message_id, content, secrets, now)}
    # The signature is as good as the content with it: it is not kept.
    shown = {name: value for name, value in headers.items() if name != "webhook-signature"}
    try:
        async with asyncio.timeout(way.seconds):
            status, response, start = await _post(way, claimed.url, headers, content)
    except Exception as failure:  # noqa: BLE001  whatever goes wrong at a receiver is what came of it
        why = _in_words(failure, way.seconds)
        return Sent(now, _since(begun), shown), Outcome(Verdict.FAILED, why)
    kept = {name: _printable(response[name])[:200] for name in _SHOWN if name in response}
    sent = Sent(now, _since(begun), shown, status, kept, start)
    return sent, outcomes.judged(status, response.get("retry-after"))


async def _post(
    way: Way, url: str, headers: dict[str, str], content: bytes
) -> tuple[int, dict[str, str], str]:
    """Status, headers and the beginning of the answer; what is longer than MOST is cut off unread."""
    waits = dict.fromkeys(("connect", "read", "write", "pool"), way.seconds)
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    async with way.pool.stream(
        "POST", url, headers=sent, content=content, extensions={"timeout": waits}
    ) as answer:
        start, length = b"", 0
        async for piece in answer.aiter_stream():
            start += piece[: KEPT * 4 - len(start)]
            length += len(piece)
            if length > MOST:
                break
        found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        return answer.status, found, start.decode(errors="replace").replace("\0", "")[:KEPT]


def _printable(text: str) -> str:
    """Text that the database keeps: it knows no NUL."""
    return "".join(character for character in text if character.isprintable())


def _since(begun: float) -> int:
    return round((time.perf_counter() - begun) * 1000)


def _in_words(failure: BaseException, seconds: float) -> str:
    """Why there was no answer, in words that tell nothing of this side's network."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"TLS: {cause.verify_message}"[:200]
        if isinstance(cause, ssl.SSLError):
            return f"TLS: {cause.reason or 'failed'}"[:200]
        cause = cause.__cause__ or cause.__context__
    if isinstance(failure, NotPublic):
        return "the name leads to no public address"
    if isinstance(failure, (TimeoutError, httpcore.TimeoutException)):
        return f"no answer in {seconds:g} seconds"
    if isinstance(failure, httpcore.ConnectError):
        unknown = str(failure) == "the name is not known"
        return "the name is not known" if unknown else "the connection was refused"
    return f"the connection broke off ({type(failure).__name__})"
