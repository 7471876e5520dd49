"""HTTP for organisations, API clients and tokens."""

import base64
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, NamedTuple
from urllib.parse import unquote_plus

from fastapi import APIRouter, Depends, Form, Header, Path, Request, Response

from app.core.http import addresses
from app.core.http.answers import created, page, problems, tagged
from app.core.http.dependencies import Config, Db, Now, Paging, Precondition
from app.core.http.idempotency import Repeatable
from app.core.http.limits import TooManyRequests
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.settings import Settings
from app.core.values import Slug
from app.identity import assertions, granting
from app.identity import service as identity
from app.identity.access import PUBLIC, PUBLIC_ON_REGISTER, TOKEN_PATH, once, requires
from app.identity.caller import Caller, Scope
from app.identity.granting import Grantor, InvalidClient, InvalidGrant
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
    TokenRead,
)
from app.identity.service import OrganisationExists

tokens = APIRouter(tags=["tokens"])
organisations = APIRouter(prefix="/v1/organisations", tags=["organisations"], route_class=Repeatable)
clients = APIRouter(prefix="/v1/clients", tags=["clients"], route_class=Repeatable)

ClientId = Annotated[
    str, Path(alias="clientId", max_length=100, pattern="^[a-z0-9-]+$", examples=["fleck-partner-1a2b3c4d"])
]


class Proof(NamedTuple):
    """By what a client says who it is: a secret, or else an assertion."""

    client_id: str
    secret: str
    assertion: str | None


class Said(NamedTuple):
    """What of a request for a token says who it is of, as it was sent."""

    client_id: str
    secret: str
    assertion_type: str
    assertion: str
    authorization: str | None

    def whose(self) -> str:
        """The client that it says it is of, unproven: guesses count for that one alone."""
        with contextlib.suppress(assertions.NotProven):
            return assertions.claimed(self.assertion)[:100] if self.assertion else self.proof().client_id
        return ""

    def proof(self) -> Proof:
        """In one way alone (RFC 6749, section 2.3). Raises InvalidGrant."""
        asserted = bool(self.assertion or self.assertion_type)
        _one_way(bool(self.authorization), bool(self.secret), asserted)
        if asserted:
            fits = self.assertion_type == assertions.TYPE and 0 < len(self.assertion) <= assertions.LONGEST
            if not fits:
                detail = f"Send client_assertion with client_assertion_type {assertions.TYPE}."
                raise InvalidGrant(detail, error="invalid_request")
            return Proof(self.client_id, "", self.assertion)
        if not self.authorization:
            return Proof(self.client_id, self.secret, None)
        client_id, secret = _basic(self.authorization)
        if self.client_id not in ("", client_id):
            raise InvalidGrant("The client_id is not that of the header.", error="invalid_request")
        return Proof(client_id, secret, None)


async def _said(
    client_id: Annotated[str, Form(json_schema_extra={"maxLength": 100})] = "",
    client_secret: Annotated[str, Form(json_schema_extra={"maxLength": 200})] = "",
    client_assertion_type: Annotated[str, Form(json_schema_extra={"const": assertions.TYPE})] = "",
    client_assertion: Annotated[
        str, Form(description="A JWT signed by the client's key", json_schema_extra={"maxLength": 8000})
    ] = "",
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Said:
    return Said(client_id, client_secret, client_assertion_type, client_assertion, authorization)


@tokens.post(
    TOKEN_PATH,
    dependencies=[PUBLIC_ON_REGISTER],
    summary="Get an access token",
    operation_id="createToken",
    responses=problems(InvalidGrant, InvalidClient, TooManyRequests),
    openapi_extra={"requestBody": {"required": True}},
)
async def create_token(
    request: Request,
    db: Db,
    now: Now,
    settings: Config,
    said: Annotated[Said, Depends(_said)],
    grant_type: Annotated[str, Form(json_schema_extra={"const": "client_credentials"})] = "",
    scope: Annotated[
        str, Form(description="Fewer scopes than the role has", json_schema_extra={"maxLength": 2000})
    ] = "",
) -> TokenRead:
    """Client credentials (RFC 6749, section 4.4), by HTTP Basic, in the form, or by an assertion.

    An assertion is a JWT that the client's own key signed (`private_key_jwt`, RFC 7523), for this address or
    for the register's own, which ends within five minutes and counts once.
    """
    client_id, secret, assertion = said.proof()
    if not grant_type or not _well_formed(client_id, secret, scope):
        raise InvalidGrant("Send grant_type, client_id and client_secret as a form.", error="invalid_request")
    if grant_type != "client_credentials":
        raise InvalidGrant("The grant_type is client_credentials.", error="unsupported_grant_type")
    lifetime = timedelta(seconds=settings.token_seconds)
    grantor = Grantor(settings.key("access tokens"), settings.base_url, lifetime)
    audiences = (settings.base_url, f"{settings.base_url}{TOKEN_PATH}")
    async with _guesses_are_few(request, said.whose(), settings):
        if assertion is None:
            return await granting.by_secret(db, grantor, client_id, secret, scope, now)
        return await granting.by_assertion(db, grantor, assertion, client_id, audiences, scope, now)


def _one_way(*ways: bool) -> None:
    """Refuse a request that says in two ways who it is of (RFC 6749, section 2.3)."""
    if sum(ways) > 1:
        detail = "Authenticate in one way: by HTTP Basic, by client_secret or by client_assertion."
        raise InvalidGrant(detail, error="invalid_request")


@contextlib.asynccontextmanager
async def _guesses_are_few(request: Request, client_id: str, settings: Settings) -> AsyncIterator[None]:
    """Let nobody try one secret after another: only wrong ones count, and only where they come from."""
    most, limiter = settings.guesses_per_minute, request.app.state.limiter
    who = f"{addresses.address(request.scope)} {client_id}"
    if most:
        (await limiter.seen("guesses", who, most)).require()
    try:
        yield
    except InvalidClient:
        if most:
            await limiter.hit("guesses", who, most)
        raise


def _well_formed(client_id: str, secret: str, scope: str) -> bool:
    """Whether these can be what they say; checked by hand, since OAuth has its own word for it."""
    lengths = ((client_id, 100), (secret, 200), (scope, 2000))
    return all(part.isprintable() and len(part) <= most for part, most in lengths)


def _basic(authorization: str) -> tuple[str, str]:
    """Id and secret from a Basic header, form-decoded as RFC 6749, section 2.3.1 asks."""
    scheme, _, credentials = authorization.partition(" ")
    refusal = InvalidGrant("The Authorization header is not a Basic one.", error="invalid_request")
    try:
        pair = base64.b64decode(credentials, validate=True).decode()
    except ValueError as error:
        raise refusal from error
    if scheme.lower() != "basic" or not pair.isprintable():
        raise refusal
    client_id, _, secret = pair.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


@organisations.get(
    "",
    dependencies=[PUBLIC],
    summary="List organisations",
    operation_id="listOrganisations",
    responses=problems(InvalidInput),
)
async def list_organisations(
    request: Request, response: Response, db: Db, window: Paging
) -> OrganisationPage:
    """The partners, providers and certifiers of the training."""
    return page(request, response, await identity.list_organisations(db, window))


@organisations.get(
    "/{organisation}",
    dependencies=[PUBLIC],
    summary="Read an organisation",
    operation_id="getOrganisation",
    responses=problems(NotFound),
)
async def get_organisation(organisation: Slug, response: Response, db: Db) -> OrganisationRead:
    """One organisation."""
    return tagged(response, await identity.organisation(db, organisation))


@organisations.post(
    "",
    status_code=201,
    summary="Add an organisation",
    operation_id="addOrganisation",
    responses=problems(OrganisationExists),
)
async def add_organisation(
    body: OrganisationCreate,
    caller: Annotated[Caller, once(Scope.ORGANISATIONS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
) -> OrganisationRead:
    """Add a partner, provider or certifier."""
    added = await identity.add_organisation(db, caller, body, now)
    return created(response, f"/v1/organisations/{added.slug}", added)


@organisations.patch(
    "/{organisation}",
    summary="Change an organisation",
    operation_id="changeOrganisation",
    responses=problems(NotFound, OrganisationExists, PreconditionFailed),
)
async def change_organisation(
    organisation: Slug,
    body: OrganisationChange,
    caller: Annotated[Caller, requires(Scope.ORGANISATIONS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> OrganisationRead:
    """Merge patch: members left out stay as they are, null clears."""
    changed = await identity.change_organisation(db, caller, organisation, body, now, expected)
    return tagged(response, changed)


@clients.get(
    "",
    dependencies=[requires(Scope.CLIENTS_READ)],
    summary="List API clients",
    operation_id="listClients",
    responses=problems(InvalidInput),
)
async def list_clients(request: Request, response: Response, db: Db, window: Paging) -> ClientPage:
    """Every API client, without secrets."""
    return page(request, response, await identity.list_clients(db, window))


@clients.get(
    "/{clientId}",
    dependencies=[requires(Scope.CLIENTS_READ)],
    summary="Read an API client",
    operation_id="getClient",
    responses=problems(InvalidInput, NotFound),
)
async def get_client(client_id: ClientId, response: Response, db: Db) -> ClientRead:
    """One API client, without its secret."""
    found = await identity.client(db, client_id)
    tagged(response, found.unused)
    return found


@clients.post(
    "", status_code=201, summary="Add an API client", operation_id="addClient", responses=problems()
)
async def add_client(
    body: ClientCreate,
    caller: Annotated[Caller, once(Scope.CLIENTS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
) -> ClientWithSecret:
    """Add a client for an organisation; its secret is shown in this answer alone."""
    added = await identity.add_client(db, caller.client_id, body, now)
    created(response, f"/v1/clients/{added.client_id}", added.unused)
    return added


@clients.post(
    "/{clientId}/_rotate",
    summary="Renew a client's secret",
    operation_id="rotateClient",
    responses=problems(InvalidInput, NotFound, PreconditionFailed),
)
async def rotate_client(
    client_id: ClientId,
    caller: Annotated[Caller, once(Scope.CLIENTS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    body: Rotation | None = None,
) -> ClientWithSecret:
    """Give a new secret, shown in this answer alone; the old ones stop working at once, or when you say."""
    how = body or Rotation()
    rotated = await identity.rotate_client(db, caller.client_id, client_id, how, now, expected)
    tagged(response, rotated.unused)
    return rotated


@clients.put(
    "/{clientId}/keys",
    summary="Replace a client's public keys",
    operation_id="changeClientKeys",
    responses=problems(InvalidInput, NotFound, PreconditionFailed),
)
async def change_client_keys(
    client_id: ClientId,
    body: KeySet,
    caller: Annotated[Caller, requires(Scope.CLIENTS_WRITE)],
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> ClientRead:
    """The keys that sign its assertions from now on; its secrets stay as they are."""
    changed = await identity.change_keys(db, caller, client_id, body, now, expected)
    tagged(response, changed.unused)
    return changed


@clients.delete(
    "/{clientId}",
    status_code=204,
    summary="End an API client",
    operation_id="endClient",
    responses=problems(NotFound, PreconditionFailed),
)
async def end_client(
    client_id: ClientId,
    caller: Annotated[Caller, requires(Scope.CLIENTS_WRITE)],
    db: Db,
    now: Now,
    expected: Precondition,
) -> None:
    """End a client: its secrets and tokens are refused from now on."""
    await identity.end_client(db, caller.client_id, client_id, now, expected)
