"""HTTP for the evidence of one phase and its files: for who judges it, keeps it or certifies it."""

from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, BackgroundTasks, Path, Request, Response

from app.attendance import evidence, files, places
from app.attendance.files import TooManyFiles
from app.attendance.records import NotParticipant
from app.attendance.schemas import FileRead, PhaseDetail
from app.core.database import set_aside
from app.core.http.answers import created, problems, tagged
from app.core.http.dependencies import Config, Db, Files, Now, Precondition
from app.core.http.downloads import CONTENT, download
from app.core.http.uploads import BODY, Upload, boundary_of, received
from app.core.problems import BodyTooLarge, InvalidInput, NotFound, PreconditionFailed, UnsupportedMediaType
from app.core.values import Slug
from app.identity.access import requires
from app.identity.caller import Caller, Scope
from app.registrations.applicants import ApplicantErased

router = APIRouter(prefix="/v1", tags=["progress"])
uploads = APIRouter(prefix="/v1/registrations", tags=["progress"], route_class=Upload)

RegistrationId = Annotated[UUID, Path(alias="registrationId")]
FileId = Annotated[UUID, Path(alias="fileId")]
Reading = Annotated[Caller, requires(Scope.FILES_READ)]
Judging = Annotated[Caller, requires(Scope.PROGRESS_WRITE)]


@router.get(
    "/registrations/{registrationId}/progress/{phase}",
    summary="Read one phase of a participant",
    operation_id="getPhaseProgress",
    responses=problems(InvalidInput, NotFound),
)
async def get_phase_progress(
    registration_id: RegistrationId,
    phase: Slug,
    caller: Annotated[Caller, requires(Scope.PROGRESS_READ)],
    response: Response,
    db: Db,
) -> PhaseDetail:
    """What was handed in and how it was judged, with its files and its history.

    The files are those that you may download: the provider's and an administrator's are all, the certifier's
    those of the phase that yields the product, the partner's none.
    """
    return tagged(response, await evidence.read(db, caller, registration_id, phase))


@uploads.post(
    "/{registrationId}/progress/{phase}/files",
    status_code=201,
    summary="Add a file to a phase",
    operation_id="addFile",
    responses=problems(
        InvalidInput,
        NotFound,
        ApplicantErased,
        NotParticipant,
        TooManyFiles,
        BodyTooLarge,
        UnsupportedMediaType,
    ),
    openapi_extra=BODY,
)
async def add_file(
    registration_id: RegistrationId,
    phase: Slug,
    caller: Judging,
    request: Request,
    response: Response,
    db: Db,
    now: Now,
    storage: Files,
    settings: Config,
) -> FileRead:
    """Evidence on the participant's behalf: PDF, Word, OpenDocument, JPEG, PNG or WebP, told by its content.

    The same content once more is the same file, so that a repeat does no harm.
    """
    boundary = boundary_of(request)
    (await places.of_caller(db, caller, registration_id, phase)).require_open()
    await set_aside(db)
    async with received(request, boundary, settings.max_file_bytes, storage) as came:
        place = await places.of_caller(db, caller, registration_id, phase, lock=True)
        file = await files.add(db, place, came.kept, settings.max_files_per_phase, now)
        if file.storage_key != came.kept.key:
            await came.forget()
    return created(response, f"/v1/files/{file.id}", FileRead.model_validate(file))


@router.get(
    "/files/{fileId}",
    summary="Read about a file",
    operation_id="getFile",
    responses=problems(InvalidInput, NotFound),
)
async def get_file(file_id: FileId, caller: Reading, response: Response, db: Db) -> FileRead:
    """What a file is, without its content."""
    return tagged(response, FileRead.model_validate(await files.read(db, caller, file_id)))


@router.get(
    "/files/{fileId}/content",
    summary="Download a file",
    operation_id="getFileContent",
    response_class=Response,
    responses={**CONTENT, **problems(InvalidInput, NotFound)},
)
async def get_file_content(file_id: FileId, caller: Reading, db: Db, storage: Files) -> Response:
    """The content of a file, of the media type that it was found to be, to be saved."""
    return await download(storage, (await files.read(db, caller, file_id)).kept)


@router.delete(
    "/files/{fileId}",
    status_code=204,
    summary="Remove a file",
    operation_id="removeFile",
    responses=problems(InvalidInput, NotFound, PreconditionFailed),
)
async def remove_file(
    file_id: FileId,
    caller: Judging,
    db: Db,
    now: Now,
    expected: Precondition,
    storage: Files,
    after: BackgroundTasks,
) -> None:
    """Remove a file and its content, for good; the audit trail keeps that it was there, without its name."""
    removed = await files.remove(db, caller, file_id, now, expected)
    after.add_task(to_thread.run_sync, storage.delete, removed.storage_key)
