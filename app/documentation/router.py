"""HTTP for the documentation: no file comes from elsewhere, and the page's policy allows no other."""

from pathlib import Path
from string import Template
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app import openapi
from app.core.http.answers import spoken
from app.core.http.dependencies import Reader
from app.core.language import Language
from app.identity.access import ALWAYS_OPEN

router = APIRouter(prefix="/v1", include_in_schema=False)

_FOLDER = Path(__file__).parent
# Swagger UI draws with data: images.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
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


@router.get("/openapi.json", dependencies=[ALWAYS_OPEN])
async def openapi_document(request: Request, language: Asked) -> JSONResponse:
    """The OpenAPI document, for anyone and from any origin (API Design Rules, /core/publish-openapi)."""
    made: dict[str, Any] = openapi.document(request.app, language)
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
    return spoken(JSONResponse(made, headers=headers), language)


@router.get("/docs", dependencies=[ALWAYS_OPEN])
async def swagger_ui(language: Asked) -> HTMLResponse:
    """Swagger UI in the reader's language, with a link to the other one."""
    other, name = SWITCH[language]
    page = Template((_FOLDER / "docs.html").read_text(encoding="utf-8"))
    content = page.substitute(language=language, other=other, name=name)
    return spoken(HTMLResponse(content, headers={"Content-Security-Policy": POLICY}), language)


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
