"""HTTP for imports of registrations."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.core import sheets
from app.core.http import tables
from app.core.http.answers import created, page, problems, spoken, tagged
from app.core.http.dependencies import Config, Db, Now, Paging, Reader
from app.core.http.downloads import spooled
from app.core.http.tables import Takes
from app.core.language import preferred
from app.core.problems import BodyTooLarge, InvalidInput, NotFound, UnsupportedMediaType
from app.core.values import TRUE_OR_FALSE, Slug
from app.identity.access import once, requires
from app.identity.caller import Caller, Scope
from app.imports import service as imports
from app.imports.models import ImportMode, RowVerdict
from app.imports.reading import ImportFormat, Sheet
from app.imports.schemas import ImportRead, ImportRowPage, ImportWanted
from app.registrations.dependencies import Linking

router = APIRouter(prefix="/v1/registration-imports", tags=["registrations"], route_class=Takes)

ImportId = Annotated[UUID, Path(alias="importId")]
Registering = Annotated[Caller, requires(Scope.REGISTRATIONS_WRITE)]
FORMATS = {tables.CSV: ImportFormat.CSV, tables.JSON_LINES: ImportFormat.JSON_LINES}

CSV_EXAMPLE = """\
editie;voornaam;tussenvoegsel;achternaam;e-mail;telefoon;school;plaats;functie;motivatie
voorbeeld;Noor;van der;Meer;noor@lyceum.example;0612345678;Het Lyceum;Almere;docent beeldende vorming;
voorbeeld;Sam;;Jansen;sam@werkplaats;;De Werkplaats;Lelystad;docent muziek;"Eerst luisteren,
dan zingen"
"""
JSON_LINES_EXAMPLE = (
    '{"edition": "voorbeeld", "applicant": {"givenName": "Yara", "familyNamePrefix": "el", '
    '"familyName": "Amrani", "email": "yara@college.example"}, "school": {"name": "Het College", '
    '"city": "Dronten"}}\n'
)
_TEXT = {"schema": {"type": "string"}}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            tables.CSV: {**_TEXT, "example": CSV_EXAMPLE},
            tables.JSON_LINES: {**_TEXT, "example": JSON_LINES_EXAMPLE},
            "application/x-ndjson": {**_TEXT, "example": JSON_LINES_EXAMPLE},
        },
    }
}
_CSV: dict[int | str, Any] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


async def _wanted(
    edition: Annotated[Slug | None, Query(description="For the rows that name no edition")] = None,
    partner: Annotated[
        Slug | None,
        Query(description="For an administrator: the partner of the rows that name none"),
    ] = None,
    mode: Annotated[
        ImportMode,
        Query(description="What becomes of the good rows when there are bad ones: `all` registers none then"),
    ] = ImportMode.PARTIAL,
    dry_run: Annotated[
        bool,
        Query(alias="dryRun", description="Give the verdicts, and register nobody"),
        TRUE_OR_FALSE,
    ] = False,
) -> ImportWanted:
    return ImportWanted(edition, partner, mode, dry_run)


@router.post(
    "",
    status_code=201,
    summary="Register teachers from a file",
    operation_id="createRegistrationImport",
    responses=problems(InvalidInput, BodyTooLarge, UnsupportedMediaType),
    openapi_extra=BODY,
)
async def create_registration_import(
    request: Request,
    caller: Annotated[Caller, once(Scope.REGISTRATIONS_WRITE)],
    wanted: Annotated[ImportWanted, Depends(_wanted)],
    response: Response,
    db: Db,
    now: Now,
    settings: Config,
) -> ImportRead:
    """Send a file, CSV or JSON lines; each row is judged and registered as a single registration would be.

    Columns are named in Dutch or English, as an exported file has them; separators and encoding are
    recognised. The work is done in the background: the import tells how far it is. A row that was imported
    before is not registered again, so the same file may be sent again at any time.
    """
    table = tables.received(request)
    kind = FORMATS[table.kind]
    given = ("edition",) if wanted.edition else ()
    sheet = Sheet(table.file, kind, table.charset, given)
    made = await imports.ask(db, caller, wanted, kind, sheet, settings.max_import_rows, now)
    sheet.close()
    return created(response, f"/v1/registration-imports/{made.id}", made)


@router.get(
    "/{importId}",
    summary="Read how far an import is",
    operation_id="getRegistrationImport",
    responses=problems(InvalidInput, NotFound),
)
async def get_registration_import(
    import_id: ImportId, caller: Registering, response: Response, db: Db
) -> ImportRead:
    """How many rows were read, and with which verdicts."""
    return tagged(response, await imports.read(db, caller, import_id))


@router.get(
    "/{importId}/rows",
    summary="List the rows of an import",
    operation_id="listRegistrationImportRows",
    responses=problems(InvalidInput, NotFound),
)
async def list_registration_import_rows(
    import_id: ImportId,
    request: Request,
    response: Response,
    caller: Registering,
    db: Db,
    window: Paging,
    links: Linking,
    language: Reader,
    verdict: Annotated[RowVerdict | None, Query(description="Only those with this verdict")] = None,
) -> ImportRowPage:
    """Each row with its verdict: the registration and the link to its form, or all that is wrong with it."""
    found = await imports.list_rows(db, caller, import_id, window, verdict, links, language)
    spoken(response, language)
    return page(request, response, found)


@router.get(
    "/{importId}/refused.csv",
    summary="Download the refused rows of an import",
    operation_id="getRefusedRowsCsv",
    response_class=Response,
    responses={**_CSV, **problems(InvalidInput, NotFound)},
)
async def get_refused_rows_csv(
    import_id: ImportId, request: Request, caller: Registering, db: Db
) -> Response:
    """The refused rows as a file to mend and to send again, with what is wrong in the last column.

    Dutch unless you ask else; kept for 30 days.
    """
    language = preferred(request.headers.get("accept-language"), default="nl")
    refused = imports.refused_as_csv(db, caller, import_id, language)
    return spoken(await spooled(refused, f"refused-{import_id}.csv", sheets.MEDIA_TYPE), language)
