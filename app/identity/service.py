"""Organisations, their API clients, and the tokens that these get."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import tenancy
from app.core.database import flush
from app.core.etags import Expected
from app.core.paging import Window, fetch
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.core.tokens import digest, new_secret
from app.core.values import changed_members
from app.events import service as events
from app.identity import tokens
from app.identity.caller import ROLE_SCOPES, Caller, Role, Scope
from app.identity.models import Client, ClientSecret, Organisation
from app.identity.schemas import (
    ClientCreate,
    ClientPage,
    ClientRead,
    ClientWithSecret,
    OrganisationChange,
    OrganisationCreate,
    OrganisationPage,
    OrganisationRead,
    TokenRead,
)

_LIVE = "EXISTS (SELECT FROM client WHERE id = :client AND ended_at IS NULL) AS live"
# A request that takes the database longer is given up: its caller has long gone.
_AT_MOST = "set_config('statement_timeout', '30s', true), set_config('lock_timeout', '10s', true)"
_ADMIT = sa.text(f"SELECT {_LIVE}, {tenancy.ACT}, {_AT_MOST}")


class OrganisationExists(Problem):
    """The slug or the name is taken."""

    status, code = 409, "organisation-exists"
    title, title_nl = "Organisation exists", "Organisatie bestaat al"


class InvalidClient(Problem):
    """The client's credentials are wrong (RFC 6749, section 5.2)."""

    status, code = 401, "invalid-client"
    title, title_nl = "Unknown client or wrong secret", "Onbekende client of onjuist geheim"


class InvalidGrant(Problem):
    """The token request asks for what cannot be had (RFC 6749, section 5.2)."""

    status, code = 400, "invalid-token-request"
    title, title_nl = "The token request is not valid", "Het tokenverzoek is niet geldig"


async def organisation(db: AsyncSession, slug: str) -> OrganisationRead:
    """One organisation, or NotFound."""
    return OrganisationRead.model_validate(await _organisation(db, slug))


async def names(db: AsyncSession) -> dict[str, str]:
    """What each organisation is called, by slug."""
    return dict((await db.exec(select(Organisation.slug, Organisation.name))).all())


async def list_organisations(db: AsyncSession, window: Window) -> OrganisationPage:
    """Organisations by slug."""
    query = select(Organisation)
    page, next_cursor = await fetch(db, query, window, [col(Organisation.slug)], str, lambda one: one.slug)
    return OrganisationPage(
        items=[OrganisationRead.model_validate(one) for one in page], next_cursor=next_cursor
    )


async def add_organisation(
    db: AsyncSession, caller: Caller, wanted: OrganisationCreate, now: datetime
) -> OrganisationRead:
    """Add an organisation; OrganisationExists when its slug or name is taken."""
    added = Organisation(**wanted.model_dump())
    db.add(added)
    events.record(db, "organisation.added", subject=added.slug, actor=caller.client_id, at=now)
    taken = OrganisationExists("There is an organisation with that slug or name.")
    await flush(db, {"pk_organisation": taken, "uq_organisation_name": taken})
    return OrganisationRead.model_validate(added)


async def change_organisation(
    db: AsyncSession,
    caller: Caller,
    slug: str,
    change: OrganisationChange,
    now: datetime,
    expected: Expected,
) -> OrganisationRead:
    """Change an organisation, if it still carries the tag `expected`."""
    changed = await _organisation(db, slug, lock=True)
    expected.require(OrganisationRead.model_validate(changed))
    for name in change.model_fields_set:
        setattr(changed, name, getattr(change, name))
    fields = changed_members(change)
    events.record(db, "organisation.changed", subject=slug, actor=caller.client_id, at=now, fields=fields)
    await flush(db, {"uq_organisation_name": OrganisationExists("There is an organisation with that name.")})
    return OrganisationRead.model_validate(changed)


async def role_faults(db: AsyncSession, slug: str, role: Role, pointer: str) -> list[Fault]:
    """A fault at `pointer` unless there is an organisation `slug` that plays `role`."""
    found = await db.get(Organisation, slug)
    if found is None:
        detail = f"There is no organisation {slug}."
        return [Fault(pointer=pointer, code="unknown-organisation", detail=detail)]
    if role is not Role.ADMIN and role.value not in found.roles:
        detail = f"{found.name} is not a {role.value}."
        return [Fault(pointer=pointer, code="wrong-role", detail=detail)]
    return []


async def list_clients(db: AsyncSession, window: Window) -> ClientPage:
    """API clients by id, ended ones too."""
    query = select(Client)
    page, next_cursor = await fetch(db, query, window, [col(Client.id)], str, lambda one: one.id)
    return ClientPage(items=await _shown(db, page), next_cursor=next_cursor)


async def client(db: AsyncSession, client_id: str) -> ClientRead:
    """One API client, ended or not; or NotFound."""
    return (await _shown(db, [await _client(db, client_id)]))[0]


async def add_client(db: AsyncSession, actor: str, wanted: ClientCreate, now: datetime) -> ClientWithSecret:
    """Add an API client for an organisation in a role that it plays; the secret is given this once."""
    if faults := await role_faults(db, wanted.organisation, wanted.role, "#/organisation"):
        raise InvalidInput(faults)
    added = Client(
        id=f"{wanted.organisation}-{wanted.role}-{secrets.token_hex(4)}",
        organisation=wanted.organisation,
        role=wanted.role,
        name=wanted.name or f"{wanted.organisation} ({wanted.role})",
        created_at=now,
    )
    db.add(added)
    await db.flush()
    secret = _give_secret(db, added, now)
    events.record(db, "client.added", subject=added.id, actor=actor, at=now)
    await db.flush()
    return await _with_secret(db, added, secret)


async def rotate_client(
    db: AsyncSession, caller: Caller, client_id: str, now: datetime, expected: Expected
) -> ClientWithSecret:
    """Give a client a new secret; the ones before end at once. Raises NotFound and PreconditionFailed."""
    client = await _client(db, client_id, lock=True)
    if client.ended_at:
        raise NotFound("There is no such client.")
    expected.require(*await _shown(db, [client]))
    await _end_secrets(db, client, now)
    secret = _give_secret(db, client, now)
    events.record(db, "client.rotated", subject=client.id, actor=caller.client_id, at=now)
    await db.flush()
    return await _with_secret(db, client, secret)


async def end_client(
    db: AsyncSession, caller: Caller, client_id: str, now: datetime, expected: Expected
) -> None:
    """End a client: its secrets and its tokens are refused from now on. Ending it again changes nothing.

    Raises NotFound and PreconditionFailed.
    """
    client = await _client(db, client_id, lock=True)
    expected.require(*await _shown(db, [client]))
    if client.ended_at:
        return
    client.ended_at = now
    await _end_secrets(db, client, now)
    events.record(db, "client.ended", subject=client.id, actor=caller.client_id, at=now)


async def admit(db: AsyncSession, caller: Caller) -> bool:
    """Whether the caller's client has not been ended; the transaction acts as the caller from now on.

    One round trip: a partner sees its own rows, others what the services let them see.
    """
    acting = tenancy.of_partner(caller.organisation) if caller.role is Role.PARTNER else tenancy.WHOLE
    admitted = await (await db.connection()).execute(_ADMIT, {"client": caller.client_id, **acting.said()})
    tenancy.begin_as(db, acting)  # should it begin another transaction
    return bool(admitted.one().live)


async def issue_token(
    db: AsyncSession, key: bytes, client_id: str, secret: str, scope: str, now: datetime, lifetime: timedelta
) -> TokenRead:
    """A token for the client with this id and secret (RFC 6749, section 4.4).

    `scope` is a list separated by spaces, empty for all that the role has. Raises InvalidClient and,
    for a scope outside the role's, InvalidGrant.
    """
    query = (
        select(Client)
        .join(ClientSecret, col(ClientSecret.client) == Client.id)
        .where(Client.id == client_id, ClientSecret.digest == digest(secret))
        .where(col(ClientSecret.ended_at).is_(None), col(Client.ended_at).is_(None))
    )
    client = (await db.exec(query)).first()
    if client is None:
        raise InvalidClient(
            "The client id and secret do not belong together.",
            headers={"WWW-Authenticate": 'Basic realm="token"'},
            error="invalid_client",
        )
    scopes = _granted(client.role, scope.split())
    caller = Caller(client.id, client.organisation, client.role, scopes)
    return TokenRead(
        access_token=tokens.issue(key, caller, now, lifetime),
        expires_in=int(lifetime.total_seconds()),
        scope=" ".join(sorted(scopes)),
    )


def _granted(role: Role, asked: Iterable[str]) -> frozenset[Scope]:
    names = set(asked)
    outside = sorted(names - {scope.value for scope in ROLE_SCOPES[role]})
    if outside:
        raise InvalidGrant(
            f"The role {role} does not have the scope {', '.join(outside)}.", error="invalid_scope"
        )
    return frozenset(Scope(name) for name in names) or ROLE_SCOPES[role]


def _give_secret(db: AsyncSession, client: Client, now: datetime) -> str:
    secret = new_secret()
    db.add(ClientSecret(digest=digest(secret), client=client.id, created_at=now))
    return secret


async def _end_secrets(db: AsyncSession, client: Client, now: datetime) -> None:
    live = select(ClientSecret).where(ClientSecret.client == client.id, col(ClientSecret.ended_at).is_(None))
    for secret in (await db.exec(live)).all():
        secret.ended_at = now


async def _shown(db: AsyncSession, clients: Sequence[Client]) -> list[ClientRead]:
    query = (
        select(ClientSecret.client, sa.func.max(col(ClientSecret.created_at)))
        .where(col(ClientSecret.client).in_([one.id for one in clients]))
        .group_by(col(ClientSecret.client))
    )
    given = dict((await db.exec(query)).all())
    return [
        ClientRead(client_id=one.id, secret_given_at=given[one.id], **one.model_dump(exclude={"id"}))
        for one in clients
    ]


async def _with_secret(db: AsyncSession, client: Client, secret: str) -> ClientWithSecret:
    [shown] = await _shown(db, [client])
    return ClientWithSecret(**shown.model_dump(by_alias=False), client_secret=secret)


async def _client(db: AsyncSession, client_id: str, *, lock: bool = False) -> Client:
    client = await db.get(Client, client_id, with_for_update=lock or None)
    if client is None:
        raise NotFound("There is no such client.")
    return client


async def _organisation(db: AsyncSession, slug: str, *, lock: bool = False) -> Organisation:
    found = await db.get(Organisation, slug, with_for_update=lock or None)
    if found is None:
        raise NotFound(f"There is no organisation {slug}.")
    return found
