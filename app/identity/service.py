"""Organisations and their API clients."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import tenancy
from app.core.database import flush
from app.core.etags import Expected
from app.core.paging import Window, fetch
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.core.tokens import digest, new_secret
from app.core.values import changed_members, difference, utc
from app.events import service as events
from app.identity.caller import Caller, Role
from app.identity.models import Client, ClientSecret, Organisation
from app.identity.schemas import (
    ClientCreate,
    ClientPage,
    ClientRead,
    ClientWithSecret,
    KeySet,
    OrganisationChange,
    OrganisationCreate,
    OrganisationPage,
    OrganisationRead,
    Rotation,
    SecretRead,
)

# A client that has not been ended; a person's organisation, that plays the person's role: who plays
# it for whom is said outside the register.
_CLIENT = "EXISTS (SELECT FROM client WHERE id = :caller AND ended_at IS NULL) AS live"
_PLAYS = "slug = :organisation AND (:plays = 'admin' OR :plays = ANY (roles))"
_PERSON = f"EXISTS (SELECT FROM organisation WHERE {_PLAYS}) AS live"
_ADMIT_CLIENT = sa.text(f"SELECT {_CLIENT}, {tenancy.ACT}")
_ADMIT_PERSON = sa.text(f"SELECT {_PERSON}, {tenancy.ACT}")
# For how long secrets may overlap at most, how many are shown of one client, and how much of a digest.
LONGEST_OVERLAP = timedelta(days=30)
SHOWN_SECRETS = 10
FINGERPRINT = 8


class OrganisationExists(Problem):
    """The slug or the name is taken."""

    status, code = 409, "organisation-exists"
    title, title_nl = "Organisation exists", "Organisatie bestaat al"


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
    before = OrganisationRead.model_validate(changed)
    expected.require(before)
    for name in change.model_fields_set:
        setattr(changed, name, getattr(change, name))
    fields = changed_members(change)
    what = difference(before, OrganisationRead.model_validate(changed), fields)._asdict()
    events.record(
        db, "organisation.changed", subject=slug, actor=caller.client_id, at=now, fields=fields, **what
    )
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
    """Add an API client for an organisation in a role that it plays, with keys or with a secret.

    The secret is given this once; a client with keys gets none, and an empty text.
    """
    faults = await role_faults(db, wanted.organisation, wanted.role, "#/organisation")
    faults += _expiry_faults(wanted.secret_expires_at, now)
    if faults:
        raise InvalidInput(faults)
    added = Client(
        id=f"{wanted.organisation}-{wanted.role}-{secrets.token_hex(4)}",
        organisation=wanted.organisation,
        role=wanted.role,
        name=wanted.name or f"{wanted.organisation} ({wanted.role})",
        created_at=now,
        keys=wanted.jwks.as_jwks() if wanted.jwks else [],
        keys_given_at=now if wanted.jwks else None,
    )
    db.add(added)
    await db.flush()
    secret = "" if wanted.jwks else _give_secret(db, added, now, wanted.secret_expires_at)
    named = {"organisation": added.organisation, "role": added.role.value}
    what = {**named, **_named(secret, added)}
    events.record(db, "client.added", subject=added.id, actor=actor, at=now, **what)
    await db.flush()
    return await _with_secret(db, added, secret)


async def rotate_client(
    db: AsyncSession, actor: str, client_id: str, how: Rotation, now: datetime, expected: Expected
) -> ClientWithSecret:
    """Give a client a new secret; the ones before end at once, or when `how` says so.

    Raises NotFound, PreconditionFailed and InvalidInput.
    """
    client = await _client(db, client_id, lock=True)
    if client.ended_at:
        raise NotFound("There is no such client.")
    await _require(db, client, expected)
    until = how.keep_others_until
    faults = _expiry_faults(how.secret_expires_at, now)
    if until and not now < until <= now + LONGEST_OVERLAP:
        detail = f"Input should lie in the coming {LONGEST_OVERLAP.days} days"
        faults.append(Fault(pointer="#/keepOthersUntil", code="overlap", detail=detail))
    if faults:
        raise InvalidInput(faults)
    await _end_secrets(db, client, now, until)
    secret = _give_secret(db, client, now, how.secret_expires_at)
    what = {**_named(secret, client), "othersEndAt": utc(until or now)}
    events.record(db, "client.rotated", subject=client.id, actor=actor, at=now, **what)
    await db.flush()
    return await _with_secret(db, client, secret)


async def change_keys(
    db: AsyncSession, caller: Caller, client_id: str, wanted: KeySet, now: datetime, expected: Expected
) -> ClientRead:
    """Put a client's public keys in the place of those before. Raises NotFound and PreconditionFailed."""
    client = await _client(db, client_id, lock=True)
    if client.ended_at:
        raise NotFound("There is no such client.")
    await _require(db, client, expected)
    before = _kids(client)
    client.keys, client.keys_given_at = wanted.as_jwks(), now
    what: dict[str, Any] = {"before": {"kids": before}, "after": {"kids": _kids(client)}}
    events.record(db, "client.keys-changed", subject=client.id, actor=caller.client_id, at=now, **what)
    await db.flush()
    return (await _shown(db, [client]))[0]


async def end_client(db: AsyncSession, actor: str, client_id: str, now: datetime, expected: Expected) -> None:
    """End a client: its secrets and its tokens are refused from now on. Ending it again changes nothing.

    Raises NotFound and PreconditionFailed.
    """
    client = await _client(db, client_id, lock=True)
    await _require(db, client, expected)
    if client.ended_at:
        return
    client.ended_at = now
    await _end_secrets(db, client, now)
    events.record(db, "client.ended", subject=client.id, actor=actor, at=now)


async def admit(db: AsyncSession, caller: Caller) -> bool:
    """Whether the caller's client has not been ended; the transaction acts as the caller from now on.

    Of a person, whether the organisation is there and plays the role. One round trip: a partner sees its
    own rows, others what the services let them see.
    """
    acting = tenancy.of_partner(caller.organisation) if caller.role is Role.PARTNER else tenancy.WHOLE
    said = {"caller": caller.client_id, **tenancy.said(db.sync_session, acting)}
    if caller.is_person:
        said = {
            "organisation": caller.organisation,
            "plays": caller.role.value,
            **tenancy.said(db.sync_session, acting),
        }
    statement = _ADMIT_PERSON if caller.is_person else _ADMIT_CLIENT
    admitted = await (await db.connection()).execute(statement, said)
    tenancy.begin_as(db, acting)  # should it begin another transaction
    return bool(admitted.one().live)


def _expiry_faults(expires_at: datetime | None, now: datetime) -> list[Fault]:
    if expires_at is None or expires_at > now:
        return []
    detail = "Input should lie in the future"
    return [Fault(pointer="#/secretExpiresAt", code="past", detail=detail)]


def _give_secret(db: AsyncSession, client: Client, now: datetime, expires_at: datetime | None) -> str:
    secret = new_secret()
    db.add(ClientSecret(digest=digest(secret), client=client.id, created_at=now, expires_at=expires_at))
    return secret


def _kids(client: Client) -> list[str]:
    return [one["kid"] for one in client.keys]


def _named(secret: str, client: Client) -> dict[str, Any]:
    """What a client comes with, and not what proves it: its secret's fingerprint, or its keys' ids."""
    if secret:
        return {"fingerprint": digest(secret).hex()[:FINGERPRINT]}
    return {"kids": _kids(client)}


async def _end_secrets(
    db: AsyncSession, client: Client, now: datetime, until: datetime | None = None
) -> None:
    """End what secrets a client has, now or at `until`; none lives longer for it than it would have."""
    live = select(ClientSecret).where(ClientSecret.client == client.id, col(ClientSecret.ended_at).is_(None))
    for secret in (await db.exec(live)).all():
        if until is None:
            secret.ended_at = now
        else:
            secret.expires_at = min(until, secret.expires_at or until)


async def _require(db: AsyncSession, client: Client, expected: Expected) -> None:
    """Raise PreconditionFailed when the client, apart from its use, is another than what was expected."""
    if expected:
        [shown] = await _shown(db, [client])
        expected.require(shown.unused)


async def _shown(db: AsyncSession, clients: Sequence[Client]) -> list[ClientRead]:
    query = (
        select(ClientSecret)
        .where(col(ClientSecret.client).in_([one.id for one in clients]))
        .order_by(col(ClientSecret.created_at).desc(), col(ClientSecret.ended_at).desc().nulls_first())
    )
    theirs: dict[str, list[ClientSecret]] = {one.id: [] for one in clients}
    for secret in (await db.exec(query)).all():
        theirs[secret.client].append(secret)
    return [_read(one, theirs[one.id]) for one in clients]


def _read(client: Client, newest_first: Sequence[ClientSecret]) -> ClientRead:
    given = newest_first[0].created_at if newest_first else client.keys_given_at or client.created_at
    uses = [client.keys_used_at, *(secret.last_used_at for secret in newest_first)]
    return ClientRead(
        client_id=client.id,
        secret_given_at=given,
        last_used_at=max((use for use in uses if use), default=None),
        secrets=[
            SecretRead(
                fingerprint=secret.digest.hex()[:FINGERPRINT],
                given_at=secret.created_at,
                expires_at=secret.expires_at,
                ended_at=secret.ended_at,
                last_used_at=secret.last_used_at,
            )
            for secret in newest_first[:SHOWN_SECRETS]
        ],
        # In an order of their own, for the database keeps none.
        keys=[dict(sorted(key.items())) for key in client.keys],
        **client.model_dump(include={"organisation", "role", "name", "created_at", "ended_at"}),
    )


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
