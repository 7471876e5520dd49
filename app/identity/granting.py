"""Access tokens for clients that prove who they are, by a secret or by an assertion of their own key."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.problems import Problem
from app.core.tokens import digest
from app.identity import assertions, jwk, tokens
from app.identity.caller import ROLE_SCOPES, Caller, Role, Scope
from app.identity.models import Client, ClientAssertion, ClientSecret
from app.identity.schemas import TokenRead

# When something was last used is kept to the minute, so that most requests for a token write nothing.
COARSE = timedelta(minutes=1)
# How many used assertions that have expired are taken away with each new one.
SWEPT = 20


class InvalidClient(Problem):
    """The client's credentials are wrong (RFC 6749, section 5.2)."""

    status, code = 401, "invalid-client"
    title, title_nl = "Unknown client or wrong secret", "Onbekende client of onjuist geheim"


class InvalidGrant(Problem):
    """The token request asks for what cannot be had (RFC 6749, section 5.2)."""

    status, code = 400, "invalid-token-request"
    title, title_nl = "The token request is not valid", "Het tokenverzoek is niet geldig"


@dataclass(frozen=True)
class Grantor:
    """What tokens are made with: the key, the register's own address, and how long they last."""

    key: bytes
    issuer: str
    lifetime: timedelta

    def grant(self, client: Client, scope: str, now: datetime) -> TokenRead:
        """A token for a client that has proven who it is, with the scopes that it asks for or all."""
        scopes = _granted(client.role, scope.split())
        caller = Caller(client.id, client.organisation, client.role, scopes)
        return TokenRead(
            access_token=tokens.issue(self.key, self.issuer, caller, now, self.lifetime),
            expires_in=int(self.lifetime.total_seconds()),
            scope=" ".join(sorted(scopes)),
        )


async def by_secret(
    db: AsyncSession, grantor: Grantor, client_id: str, secret: str, scope: str, now: datetime
) -> TokenRead:
    """A token for the client with this id and secret (RFC 6749, section 4.4).

    `scope` is a list separated by spaces, empty for all that the role has. Raises InvalidClient and,
    for a scope outside the role's, InvalidGrant.
    """
    known = digest(secret)
    expires_at = col(ClientSecret.expires_at)
    query = (
        select(Client, ClientSecret.last_used_at)
        .join(ClientSecret, col(ClientSecret.client) == Client.id)
        .where(Client.id == client_id, ClientSecret.digest == known)
        .where(col(ClientSecret.ended_at).is_(None), col(Client.ended_at).is_(None))
        .where(sa.or_(expires_at.is_(None), expires_at > now))
    )
    found = (await db.exec(query)).first()
    if found is None:
        raise _unproven()
    client, used_at = found
    token = grantor.grant(client, scope, now)
    if _is_stale(used_at, now):
        await _note_use(db, ClientSecret, col(ClientSecret.digest) == known, {"last_used_at": now})
    return token


async def by_assertion(
    db: AsyncSession,
    grantor: Grantor,
    assertion: str,
    client_id: str,
    audiences: Collection[str],
    scope: str,
    now: datetime,
) -> TokenRead:
    """A token for the client whose key signed `assertion` (RFC 7523), which counts this once.

    `client_id` may be empty; the one that the assertion names counts, and has to be the same. Raises
    InvalidClient and InvalidGrant.
    """
    try:
        claimed = assertions.claimed(assertion)
        client = await db.get(Client, claimed) if client_id in ("", claimed) else None
        if client is None or client.ended_at:
            raise _unproven()
        keys = [jwk.read(one) for one in client.keys]
        proven = assertions.read(assertion, client.id, keys, audiences, now)
    except assertions.NotProven as refused:
        raise _unproven() from refused
    await _use_once(db, client, proven, now)
    token = grantor.grant(client, scope, now)
    if _is_stale(client.keys_used_at, now):
        await _note_use(db, Client, col(Client.id) == client.id, {"keys_used_at": now})
    return token


def _unproven() -> InvalidClient:
    return InvalidClient(
        "The client id and secret do not belong together.",
        headers={"WWW-Authenticate": 'Basic realm="token"'},
        error="invalid_client",
    )


def _granted(role: Role, asked: Iterable[str]) -> frozenset[Scope]:
    names = set(asked)
    outside = sorted(names - {scope.value for scope in ROLE_SCOPES[role]})
    if outside:
        raise InvalidGrant(
            f"The role {role} does not have the scope {', '.join(outside)}.", error="invalid_scope"
        )
    return frozenset(Scope(name) for name in names) or ROLE_SCOPES[role]


async def _use_once(db: AsyncSession, client: Client, proven: assertions.Assertion, now: datetime) -> None:
    """Keep the assertion's id until it expires; InvalidClient when it was used before, by any process."""
    wanted = insert(ClientAssertion).values(
        client=client.id, digest=digest(proven.id), expires_at=proven.expires_at
    )
    kept = await _rows(db, wanted.on_conflict_do_nothing())
    if not kept:
        raise _unproven()
    mine = (col(ClientAssertion.client) == client.id, col(ClientAssertion.expires_at) < now)
    over = sa.select(col(ClientAssertion.digest)).where(*mine).limit(SWEPT).with_for_update(skip_locked=True)
    await _rows(db, sa.delete(ClientAssertion).where(*mine, col(ClientAssertion.digest).in_(over)))


def _is_stale(used_at: datetime | None, now: datetime) -> bool:
    return used_at is None or now - used_at >= COARSE


async def _note_use(
    db: AsyncSession,
    table: type[Client | ClientSecret],
    which: sa.ColumnElement[bool],
    values: dict[str, datetime],
) -> None:
    """Write when it was used, unless somebody else holds the row: then it is changed, or noted, anyway."""
    key = sa.inspect(table).primary_key[0]
    free = sa.select(key).where(which).with_for_update(skip_locked=True)
    await _rows(db, sa.update(table).where(key.in_(free)).values(values))


async def _rows(db: AsyncSession, statement: sa.Executable) -> int:
    """Do it; gives how many rows it touched."""
    done = await (await db.connection()).execute(statement)
    return done.rowcount
