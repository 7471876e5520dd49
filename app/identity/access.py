"""The authentication decision of every route: `requires(scope)`, or PUBLIC said aloud."""

from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request, Security
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import OAuth2, SecurityScopes

from app.core import tenancy
from app.core.database import set_aside
from app.core.http import idempotency, limits, tables
from app.core.http.addresses import address, network
from app.core.http.dependencies import Config, Db, Now
from app.core.settings import Settings
from app.identity import people, tokens
from app.identity import service as identity
from app.identity.caller import SCOPE_TEXTS, Caller, Forbidden, Scope, Unauthenticated
from app.identity.provider import SignIn

TOKEN_PATH = "/v1/oauth/token"  # noqa: S105  an address, no password

scheme = OAuth2(
    scheme_name="oauth2",
    description="Client credentials of an organisation; ask an administrator for them.",
    flows=OAuthFlows(
        clientCredentials=OAuthFlowClientCredentials(
            tokenUrl=TOKEN_PATH, scopes={scope.value: text for scope, text in SCOPE_TEXTS.items()}
        )
    ),
    auto_error=False,
)


async def _bearer(request: Request, settings: Settings, token: str, now: datetime) -> Caller:
    """The caller that a token stands for: a client by one of our own, a person by one of the provider's."""
    sign_in: SignIn | None = request.app.state.sign_in
    if sign_in and people.is_of_people(header := people.heading(token)):
        return await sign_in.caller(token, header, now)
    return tokens.read(settings.key("access tokens"), settings.base_url, token, now)


async def authenticate(
    request: Request,
    wanted: SecurityScopes,
    authorization: Annotated[str | None, Depends(scheme)],
    db: Db,
    now: Now,
    settings: Config,
) -> Caller:
    """The caller behind the request's token; 401 without a valid one, 403 when it lacks a scope, 429."""
    kind, _, token = (authorization or "").partition(" ")
    if kind.lower() != "bearer" or not token:
        detail = "Send an access token: Authorization: Bearer …"
        raise Unauthenticated(detail, headers={"WWW-Authenticate": "Bearer"})
    caller = await _bearer(request, settings, token.strip(), now)
    at = address(request.scope)
    tenancy.come_from(db, network(at) if caller.is_person else at)
    if not await identity.admit(db, caller):
        if caller.is_person:
            raise Forbidden(f"{caller.organisation} is no {caller.role} here, so neither are you.")
        raise tokens.refusal("This client has been ended.")
    missing = sorted(set(wanted.scopes) - caller.scopes)
    if missing:
        challenge = f'Bearer error="insufficient_scope", scope="{" ".join(missing)}"'
        detail = f"The token lacks the scope {', '.join(missing)}."
        raise Forbidden(detail, headers={"WWW-Authenticate": challenge})
    structlog.contextvars.bind_contextvars(client=caller.client_id)
    await limits.count(request, "client", caller.client_id, settings.client_per_minute)
    return caller


def requires(scope: Scope) -> Any:
    """The dependency that lets a caller with `scope` in, and gives its Caller."""
    return Security(authenticate, scopes=[scope.value])


async def _authenticate_once(
    request: Request,
    caller: Annotated[Caller, Depends(authenticate)],
    db: Db,
    settings: Config,
    key: idempotency.KeyHeader = None,
) -> Caller:
    """The caller, who is let in before a key is looked at; a repeat goes no further.

    A table comes in between, and holds no connection while it does.
    """
    content = None
    if tables.are_taken_by(request):
        await set_aside(db)
        content = await tables.receive(request)
    secret = settings.key("idempotent answers")
    await idempotency.claim(request, db, secret, caller.client_id, key, content)
    return caller


def once(scope: Scope) -> Any:
    """As `requires(scope)`, on a route that an Idempotency-Key makes safe to repeat (of class Repeatable)."""
    return Security(_authenticate_once, scopes=[scope.value])


async def _open_to_all(request: Request, settings: Config) -> None:
    """Nothing to check: the route is public on purpose, and reads nothing that is anybody's."""
    await limits.count(request, "public", address(request.scope), settings.address_per_minute)


async def _open_on_the_register(request: Request, db: Db, settings: Config) -> None:
    """Nothing to check here: whoever has the secret in the address, or asks for what is public, is let in.

    The service reads the whole register, and picks from it.
    """
    await limits.count(request, "public", address(request.scope), settings.address_per_minute)
    tenancy.come_from(db, network(address(request.scope)))
    tenancy.begin_as(db, tenancy.WHOLE)


async def _always_open(db: Db) -> None:
    """For who watches over the server, and for the documentation; not counted."""
    tenancy.begin_as(db, tenancy.WHOLE)


PUBLIC = Depends(_open_to_all)
PUBLIC_ON_REGISTER = Depends(_open_on_the_register)
ALWAYS_OPEN = Depends(_always_open)
