"""HTTP for the documentation: no file comes from elsewhere, and the page's policy allows no other."""

import json
from html import escape
from pathlib import Path
from string import Template
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from swagger_ui_bundle import swagger_ui_path

from app import openapi
from app.core.http.answers import spoken
from app.core.http.dependencies import Config, Reader
from app.core.http.origins import FOR_EVERY_ORIGIN
from app.core.language import Language
from app.identity.access import ALWAYS_OPEN
from app.identity.provider import Known, ProviderUnavailable, SignIn, origin

router = APIRouter(prefix="/v1", include_in_schema=False)

_FOLDER = Path(__file__).parent
# Swagger UI draws with data: images. It exchanges a code for a token at the provider, and nowhere else.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src {}; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
# The other language, and what it calls itself.
SWITCH = {"en": ("nl", "Nederlands"), "nl": ("en", "English")}


class Assets(StaticFiles):
    """Files of others, each at one address: no slash at its end, no two in a row."""

    def get_path(self, scope: Scope) -> str:
        """The file's path, for an address that is written as that; 404 for another."""
        path = super().get_path(scope)
        if scope["path"] != f"{scope['root_path']}/{path}":
            raise HTTPException(404)
        return path


async def _asked(reader: Reader, lang: Annotated[Language | None, Query()] = None) -> Language:
    """The language that the link names, or else the reader's."""
    return lang or reader


Asked = Annotated[Language, Depends(_asked)]


@router.get("/openapi.json", dependencies=[ALWAYS_OPEN, FOR_EVERY_ORIGIN])
async def openapi_document(request: Request, language: Asked) -> JSONResponse:
    """The OpenAPI document, for anyone and from any origin (API Design Rules, /core/publish-openapi)."""
    made: dict[str, Any] = openapi.document(request.app, language)
    if known := await _provider(request):
        made = openapi.with_sign_in(made, known, request.app.state.settings.oidc_scopes)
    headers = {"Cache-Control": "no-cache"}
    return spoken(JSONResponse(made, headers=headers), language)


@router.get("/docs", dependencies=[ALWAYS_OPEN])
async def swagger_ui(request: Request, settings: Config, language: Asked) -> HTMLResponse:
    """Swagger UI in the reader's language, with a link to the other one, and with how people sign in."""
    other, name = SWITCH[language]
    page = Template((_FOLDER / "docs.html").read_text(encoding="utf-8"))
    known = await _provider(request)
    signing_in = {
        "clientId": settings.oidc_client_id,
        "scopes": settings.oidc_scopes,
        "additionalQueryStringParams": {"resource": settings.oidc_audience},
        "usePkceWithAuthorizationCodeGrant": True,
    }
    oauth = escape(json.dumps(signing_in if known else None))
    content = page.substitute(language=language, other=other, name=name, oauth=oauth)
    may_reach = f"'self' {origin(known.token_endpoint)}" if known else "'self'"
    headers = {"Content-Security-Policy": POLICY.format(may_reach)}
    return spoken(HTMLResponse(content, headers=headers), language)


async def _provider(request: Request) -> Known | None:
    """What people sign in with, when they can in Swagger UI; without it the documentation is there too."""
    signing_in: SignIn | None = request.app.state.sign_in
    if signing_in is None or not request.app.state.settings.oidc_client_id:
        return None
    try:
        return await signing_in.provider.known()
    except ProviderUnavailable:
        return None


@router.get("/docs/oauth2-redirect.html", dependencies=[ALWAYS_OPEN], operation_id="showSignedIn")
async def signed_in() -> Response:
    """The page that a provider sends people back to: Swagger UI's own."""
    return FileResponse(
        Path(swagger_ui_path) / "oauth2-redirect.html",
        media_type="text/html",
        headers={"Content-Security-Policy": POLICY.format("'none'")},
    )


@router.get("/docs/oauth2-redirect.js", dependencies=[ALWAYS_OPEN])
async def signed_in_script() -> Response:
    """The script of that page, which hands the code to the page that asked for it."""
    return FileResponse(Path(swagger_ui_path) / "oauth2-redirect.js", media_type="text/javascript")


@router.get("/docs/start.js", dependencies=[ALWAYS_OPEN])
async def start_script() -> Response:
    """The script that starts Swagger UI."""
    return FileResponse(_FOLDER / "start.js", media_type="text/javascript")


@router.get("/docs/dutch.js", dependencies=[ALWAYS_OPEN])
async def dutch_script() -> Response:
    """The script that gives Swagger UI its Dutch words."""
    return FileResponse(_FOLDER / "dutch.js", media_type="text/javascript")


@router.get("/docs/docs.css", dependencies=[ALWAYS_OPEN])
async def page_style() -> Response:
    """The style of what we add to Swagger UI."""
    return FileResponse(_FOLDER / "docs.css", media_type="text/css")
