"""HTTP for what OAuth clients read of the token endpoint (RFC 8414). Open to all, from any origin."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.core.http.dependencies import Config
from app.core.http.origins import FOR_EVERY_ORIGIN
from app.identity.access import PUBLIC, TOKEN_PATH
from app.identity.caller import Scope
from app.identity.jwk import ALGORITHMS

# Its address is the standard's, outside the contract's server /v1.
router = APIRouter(prefix="/.well-known", include_in_schema=False)

WAYS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
SHARED = {"Cache-Control": "public, max-age=300"}


@router.get("/oauth-authorization-server", dependencies=[PUBLIC, FOR_EVERY_ORIGIN])
async def get_authorization_server(settings: Config) -> JSONResponse:
    """Where tokens are asked for, how clients say who they are, and which scopes there are."""
    base = settings.base_url
    document = {
        "issuer": base,
        "token_endpoint": f"{base}{TOKEN_PATH}",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": list(WAYS),
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": [scope.value for scope in Scope],
        "service_documentation": f"{base}/v1/docs",
    }
    return JSONResponse(document, headers=SHARED)
