"""HTTP for the evidence of one phase: for the participant, by the link to the personal page.

The last routes are what a form on that page can send without a script; a browser is sent back to the page.
"""

from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, BackgroundTasks, Form, Path, Request, Response

from app.attendance import evidence, files, places
from app.attendance.files import TooManyFiles
from app.attendance.places import PhasePassed
from app.attendance.records import NotParticipant
from app.attendance.schemas import FileRead, OwnPhaseRead, SubmissionForm, SubmissionPut
from app.core.database import set_aside
from app.core.http.answers import created, problems, tagged
from app.core.http.dependencies import Config, Db, Files, Now, Precondition
from app.core.http.downloads import CONTENT, download
from app.core.http.uploads import BODY, Upload, back, boundary_of, received
from app.core.problems import BodyTooLarge, InvalidInput, NotFound, PreconditionFailed, UnsupportedMediaType
from app.core.values import Slug
from app.identity.access import PUBLIC_ON_REGISTER
from app.registrations.dependencies import Linking

router = APIRouter(prefix="/v1/personal-pages/{pageToken}", tags=["progress"])
uploads = APIRouter(prefix="/v1/personal-pages/{pageToken}", tags=["progress"], route_class=Upload)

Token = Annotated[
    str, Path(alias="pageToken", max_length=200, description="the last part of the personal link")
]
FileId = Annotated[UUID, Path(alias="fileId")]
BACK: dict[int | str, dict[str, str]] = {303: {"description": "Back to the page, for a browser"}}


@router.get(
    "/progress/{phase}",
    dependencies=[PUBLIC_ON_REGISTER],
    summary="Read a phase of one's own",
    operation_id="getOwnPhase",
    responses=problems(InvalidInput, NotFound),
)
async def get_own_phase(
    token: Token, phase: Slug, response: Response, db: Db, links: Linking
) -> OwnPhaseRead:
    """What the phase asks, what was handed in, and the verdict with its feedback."""
    return tagged(response, await evidence.read_own(db, links, token, phase))


@router.put(
    "/progress/{phase}",
    dependencies=[PUBLIC_ON_REGISTER],
    summary="Hand in the evidence of a phase",
    operation_id="submitEvidence",
    responses=problems(InvalidInput, NotFound, NotParticipant, PhasePassed, PreconditionFailed),
)
async def submit_evidence(
    token: Token,
    phase: Slug,
    body: SubmissionPut,
    response: Response,
    db: Db,
    links: Linking,
    now: Now,
    expected: Precondition,
) -> OwnPhaseRead:
    """The evidence in words, and the product's title and kind in the phase that yields it.

    It replaces what was handed in before, until the phase is passed.
    """
    return tagged(response, await evidence.submit(db, links, token, phase, body, now, expected))


@uploads.post(
    "/progress/{phase}/files",
    dependencies=[PUBLIC_ON_REGISTER],
    status_code=201,
    summary="Add a file to a phase of one's own",
    operation_id="addOwnFile",
    response_model=FileRead,
    responses=BACK
    | problems(
        InvalidInput, NotFound, NotParticipant, PhasePassed, TooManyFiles, BodyTooLarge, UnsupportedMediaType
    ),
    openapi_extra=BODY,
)
async def add_own_file(
    token: Token,
    phase: Slug,
    request: Request,
    response: Response,
    db: Db,
    links: Linking,
    now: Now,
    storage: Files,
    settings: Config,
) -> FileRead | Response:
    """Evidence as PDF, Word, OpenDocument, JPEG, PNG or WebP, told by its content.

    The same content once more is the same file, so that a repeat does no harm.
    """
    boundary = boundary_of(request)
    (await places.of_holder(db, links, token, phase)).require_open()
    await set_aside(db)
    async with received(request, boundary, settings.max_file_bytes, storage) as came:
        place = await places.of_holder(db, links, token, phase, lock=True)
        file = await files.add(db, place, came.kept, settings.max_files_per_phase, now)
        if file.storage_key != came.kept.key:
            await came.forget()
    made = created(response, _file(token, file.id), FileRead.model_validate(file))
    return back(request, _page(token, phase)) or made


@router.get(
    "/files/{fileId}",
    dependencies=[PUBLIC_ON_REGISTER],
    summary="Download a file of one's own",
    operation_id="getOwnFile",
    response_class=Response,
    responses={**CONTENT, **problems(InvalidInput, NotFound)},
)
async def get_own_file(token: Token, file_id: FileId, db: Db, links: Linking, storage: Files) -> Response:
    """The content of a file, of the media type that it was found to be, to be saved."""
    return await download(storage, (await files.read_own(db, links, token, file_id)).kept)


@router.delete(
    "/files/{fileId}",
    dependencies=[PUBLIC_ON_REGISTER],
    status_code=204,
    summary="Remove a file of one's own",
    operation_id="removeOwnFile",
    responses=problems(InvalidInput, NotFound, NotParticipant, PhasePassed, PreconditionFailed),
)
async def remove_own_file(
    token: Token,
    file_id: FileId,
    db: Db,
    links: Linking,
    now: Now,
    expected: Precondition,
    storage: Files,
    after: BackgroundTasks,
) -> None:
    """Remove a file and its content, for good, until the phase is passed."""
    removed = await files.remove_own(db, links, token, file_id, now, expected)
    after.add_task(to_thread.run_sync, storage.delete, removed.storage_key)


@router.post(
    "/files/{fileId}/_remove",
    dependencies=[PUBLIC_ON_REGISTER],
    status_code=204,
    summary="Remove a file of one's own, from a page",
    operation_id="removeOwnFileFromPage",
    responses=BACK | problems(InvalidInput, NotFound, NotParticipant, PhasePassed, PreconditionFailed),
)
async def remove_own_file_from_page(
    token: Token,
    file_id: FileId,
    request: Request,
    db: Db,
    links: Linking,
    now: Now,
    expected: Precondition,
    storage: Files,
    after: BackgroundTasks,
) -> Response:
    """As DELETE does, for a form in a browser, which knows no DELETE."""
    removed = await files.remove_own(db, links, token, file_id, now, expected)
    after.add_task(to_thread.run_sync, storage.delete, removed.storage_key)
    return back(request, _page(token, removed.phase)) or Response(status_code=204)


@router.post(
    "/progress/{phase}/_submit",
    dependencies=[PUBLIC_ON_REGISTER],
    summary="Hand in the evidence of a phase, from a page",
    operation_id="submitEvidenceFromPage",
    response_model=OwnPhaseRead,
    responses=BACK | problems(InvalidInput, NotFound, NotParticipant, PhasePassed, PreconditionFailed),
)
async def submit_evidence_from_page(
    token: Token,
    phase: Slug,
    request: Request,
    response: Response,
    db: Db,
    links: Linking,
    now: Now,
    expected: Precondition,
    body: Annotated[SubmissionForm, Form()],
) -> OwnPhaseRead | Response:
    """As PUT does, for a form in a browser; a field that is empty is left out."""
    shown = await evidence.submit(db, links, token, phase, body.submission, now, expected)
    return back(request, _page(token, phase)) or tagged(response, shown)


def _page(token: str, phase: str) -> str:
    return f"/v1/personal-pages/{token}#{phase}"


def _file(token: str, file_id: UUID) -> str:
    return f"/v1/personal-pages/{token}/files/{file_id}"
