"""HTTP for an edition's certificates as a table."""

from typing import Annotated

from fastapi import APIRouter, Response

from app.certificates import table
from app.core import sheets
from app.core.http.answers import problems
from app.core.http.dependencies import Config, Db
from app.core.problems import InvalidInput, NotFound
from app.core.values import Slug
from app.identity.access import requires
from app.identity.caller import Caller, Scope

router = APIRouter(prefix="/v1/editions", tags=["certificates"])


@router.get(
    "/{edition}/certificates.csv",
    summary="Download an edition's certificates as a table",
    operation_id="getCertificatesCsv",
    response_class=Response,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
        **problems(InvalidInput, NotFound),
    },
)
async def get_certificates_csv(
    edition: Slug, caller: Annotated[Caller, requires(Scope.CERTIFICATES_READ)], db: Db, settings: Config
) -> Response:
    """The certificates that you may see, by number, as CSV with semicolons, as a Dutch spreadsheet opens it.

    No cell is a formula: a text that looks like one has an apostrophe before it.
    """
    headers = {"Content-Disposition": f'attachment; filename="certificaten-{edition}.csv"'}
    content = await table.of_edition(db, caller, edition, settings.base_url)
    return Response(content, media_type=sheets.MEDIA_TYPE, headers=headers)
