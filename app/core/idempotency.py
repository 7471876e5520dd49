"""Answers kept for repeats (table idempotent_answer): claimed, kept and purged; without HTTP.

A row tells nothing by itself: its id is a keyed hash of who asked what under which key, and the answer is
sealed (docs/decisions/0011-idempotency-keys.md).
"""

import contextlib
import hmac
import json
import os
import re
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from sqlalchemy.exc import DBAPIError
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import moment
from app.core.problems import Problem

KEPT_FOR = timedelta(hours=24)
# How long a request waits for an equal one that is under way, in PostgreSQL's own words.
PATIENCE = "5s"
NONCE_BYTES = 12
BATCH = 500
LOCK_NOT_AVAILABLE = "55P03"
# What is sealed in the place of an answer about somebody who was erased: no answer is empty.
FORGOTTEN = b""
_ADDRESS = re.compile(r"(?:https?:/)?/\S+")  # of something of the register, its id among the segments


class KeyReused(Problem):
    """The key was used before, for another request."""

    status, code = 422, "idempotency-key-reused"
    title, title_nl = (
        "Idempotency-Key used for another request",
        "Idempotency-Key al voor iets anders gebruikt",
    )


class KeyInUse(Problem):
    """An equal request is still under way."""

    status, code = 409, "idempotency-key-in-use"
    title, title_nl = "Still being worked on", "Nog in behandeling"

    def __init__(self) -> None:
        super().__init__(
            "A request with this Idempotency-Key is under way; repeat it in a moment.",
            headers={"Retry-After": "1"},
        )


class AnswerErased(Problem):
    """The answer was about somebody who was erased since; the request is not done once more."""

    status, code = 409, "answer-erased"
    title, title_nl = "Answer erased", "Antwoord gewist"


class IdempotentAnswer(SQLModel, table=True):
    """An answer, and what it is found by; written in the transaction that made it true."""

    __tablename__ = "idempotent_answer"

    id: bytes = Field(primary_key=True, sa_type=sa.LargeBinary(32))
    fingerprint: bytes = Field(sa_type=sa.LargeBinary(32))
    sealed: bytes = Field(sa_type=sa.LargeBinary)
    kept_until: datetime = moment(index=True)


@dataclass(frozen=True)
class Attempt:
    """A request with a key: the row that is its own, and what opens it."""

    id: bytes
    fingerprint: bytes
    secret: bytes

    @classmethod
    def of(cls, secret: bytes, client: str, operation: str, key: str, content: bytes) -> "Attempt":
        """The attempt of `client` at `operation` (method and path) with `content`, under `key`."""
        id = hmac.digest(secret, "\x1f".join((client, operation, key)).encode(), "sha256")
        return cls(id, hmac.digest(secret, content, "sha256"), secret)

    def seal(self, answer: bytes) -> bytes:
        """The answer, encrypted and bound to this attempt's row."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher().encrypt(nonce, answer, None)

    def open(self, sealed: bytes) -> bytes:
        """The answer that was sealed."""
        return self._cipher().decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)

    def _cipher(self) -> AESGCM:
        """A cipher of this row's own, so that no answer opens in another row."""
        return AESGCM(HKDFExpand(SHA256(), 32, info=b"idempotent answer " + self.id).derive(self.secret))


# One round trip: wait for an equal request, but not for ever; take the row, new or past its time; and go
# back to waiting as usual. Whoever gets no row back is a repeat.
CLAIM = sa.text("""
INSERT INTO idempotent_answer (id, fingerprint, sealed, kept_until)
SELECT CAST(:id AS bytea), CAST(:fingerprint AS bytea), '', CAST(:kept_until AS timestamptz)
  FROM set_config('lock_timeout', :patience, true)
ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, kept_until = excluded.kept_until
 WHERE idempotent_answer.kept_until <= CAST(:now AS timestamptz)
RETURNING set_config('lock_timeout', NULL, true)
""")


async def claim(db: AsyncSession, attempt: Attempt, now: datetime) -> bytes | None:
    """Make the key this transaction's own: None; or the answer that an equal request was given.

    The claim ends with the transaction, and is kept with it. Raises KeyReused when the key stands for
    another content, KeyInUse when the wait for an equal request was too long, and AnswerErased.
    """
    values = {
        "id": attempt.id,
        "fingerprint": attempt.fingerprint,
        "kept_until": now + KEPT_FOR,
        "patience": PATIENCE,
        "now": now,
    }
    try:
        claimed = (await (await db.connection()).execute(CLAIM, values)).first()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise KeyInUse from error
        raise
    return None if claimed else await _kept(db, attempt)


async def _kept(db: AsyncSession, attempt: Attempt) -> bytes:
    query = select(IdempotentAnswer.fingerprint, IdempotentAnswer.sealed).where(
        col(IdempotentAnswer.id) == attempt.id
    )
    fingerprint, sealed = (await db.exec(query)).one()
    if not hmac.compare_digest(fingerprint, attempt.fingerprint):
        raise KeyReused("This Idempotency-Key was sent with another body before; use a new key.")
    answer = attempt.open(sealed)
    if answer == FORGOTTEN:
        raise AnswerErased(
            "This was done before, and the answer was about somebody who was erased since; "
            "nothing was done again."
        )
    return answer


async def keep(db: AsyncSession, attempt: Attempt, answer: bytes) -> None:
    """Keep the answer of a claimed attempt."""
    await _execute(db, sa.update(IdempotentAnswer).values(sealed=attempt.seal(answer)), attempt)


async def release(db: AsyncSession, attempt: Attempt) -> None:
    """Give up a claim in a transaction that commits without success: the key may be tried again."""
    await _execute(db, sa.delete(IdempotentAnswer), attempt)


async def _execute(db: AsyncSession, statement: sa.Update | sa.Delete, attempt: Attempt) -> None:
    await (await db.connection()).execute(statement.where(col(IdempotentAnswer.id) == attempt.id))


async def opened(db: AsyncSession, secret: bytes) -> AsyncIterator[tuple[bytes, bytes]]:
    """Every answer that is kept, with its row's id, opened; what another key sealed is passed over."""
    query = select(IdempotentAnswer.id, IdempotentAnswer.sealed).execution_options(yield_per=BATCH)
    async for id, sealed in await db.stream(query):
        with contextlib.suppress(InvalidTag):
            if sealed:
                yield id, Attempt(id, b"", secret).open(sealed)


async def forget(db: AsyncSession, secret: bytes, ids: Collection[str]) -> int:
    """Forget what the answers say in which one of these ids stands; gives their number.

    That there was an answer stays known for as long as it would have been, so that a repeat brings nobody
    back. An id is looked for and no address: that may be known elsewhere too, and be part of another one.
    """
    found = [id async for id, answer in opened(db, secret) if _speaks_of(answer, ids)]
    of = col(IdempotentAnswer.id) == sa.bindparam("of", type_=sa.LargeBinary)
    statement = sa.update(IdempotentAnswer).where(of).values(sealed=sa.bindparam("empty"))
    if found:
        sealed = [{"of": one, "empty": Attempt(one, b"", secret).seal(FORGOTTEN)} for one in found]
        await (await db.connection()).execute(statement, sealed)
    return len(found)


def _speaks_of(answer: bytes, ids: Collection[str]) -> bool:
    """Whether one of the ids stands in the answer by itself, or as a segment of an address."""
    if not any(id.encode() in answer for id in ids):  # reading it takes longer
        return False
    wanted = set(ids)
    return any(not wanted.isdisjoint(_parts(text)) for line in answer.split(b"\n", 1) for text in _said(line))


def _said(content: bytes) -> Iterator[str]:
    """Every string of JSON; the words of what is no JSON."""
    text = content.decode(errors="replace")
    try:
        left: list[Any] = [json.loads(text)]
    except (ValueError, RecursionError):
        yield from re.split(r"[^\w-]+", text)
        return
    while left:
        match left.pop():
            case str() as value:
                yield value
            case dict() as members:
                left += [*members.keys(), *members.values()]
            case list() as items:
                left += items


def _parts(text: str) -> list[str]:
    return re.split(r"[/?#&=]", text) if _ADDRESS.fullmatch(text) else [text]


async def purge(db: AsyncSession, now: datetime) -> None:
    """Forget the answers whose time is over."""
    await (await db.connection()).execute(
        sa.delete(IdempotentAnswer).where(col(IdempotentAnswer.kept_until) <= now)
    )
