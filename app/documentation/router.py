"""HTTP for the documentation: no file comes from elsewhere, and the page's policy allows no other."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from app import openapi
from app.identity.access import PUBLIC

router = APIRouter(prefix="/v1", include_in_schema=False)

_FOLDER = Path(__file__).parent
# Swagger UI sets styles from its script and draws with data: images.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


@router.get("/openapi.json", dependencies=[PUBLIC])
async def openapi_document(request: Request) -> JSONResponse:
    """The OpenAPI document, for anyone and from any origin (API Design Rules, /core/publish-openapi)."""
    made: dict[str, Any] = openapi.document(request.app)
    return JSONResponse(made, headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"})


@router.get("/docs", dependencies=[PUBLIC])
async def swagger_ui() -> Response:
    """Swagger UI."""
    return FileResponse(_FOLDER / "docs.html", headers={"Content-Security-Policy": POLICY})


@router.get("/docs/start.js", dependencies=[PUBLIC])
async def start_script() -> Response:
    """The script that starts Swagger UI."""
    return FileResponse(_FOLDER / "start.js", media_type="text/javascript")
