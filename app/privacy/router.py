"""HTTP for the rights of people: what is known of somebody, erasure, and the register of processing."""

from typing import Annotated, Any
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, BackgroundTasks, Depends, Path, Request, Response

from app.core.http.accept import prefers
from app.core.http.answers import problems, spoken, tagged
from app.core.http.dependencies import Config, Db, Files, Now, Precondition, Reader
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.identity.access import requires
from app.identity.caller import Caller, Forbidden, Scope
from app.privacy import export, export_pdf, ledger
from app.privacy import service as privacy
from app.privacy.erasing import Means
from app.privacy.schemas import EraseBody, ErasureRead, PersonExport, ProcessingRegister
from app.privacy.service import StillTakingPart
from app.privacy.uses import Certificates

router = APIRouter(prefix="/v1", tags=["privacy"])

PDF = "application/pdf"
ApplicantId = Annotated[UUID, Path(alias="applicantId")]
AS_PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
}


async def _means(settings: Config) -> Means:
    return Means.of(settings)


@router.get(
    "/applicants/{applicantId}/export",
    response_model=PersonExport,
    summary="Read everything that is known of a person",
    operation_id="exportApplicant",
    responses={**AS_PDF, **problems(InvalidInput, NotFound)},
)
async def export_applicant(
    applicant_id: ApplicantId,
    caller: Annotated[Caller, requires(Scope.APPLICANTS_READ)],
    request: Request,
    db: Db,
    now: Now,
    language: Reader,
) -> Response:
    """For the right of access: JSON or, asked for by `Accept: application/pdf`, a PDF to read.

    One person is everything with the same e-mail address, what an administrator found to be the same person,
    and what was carried over; to a partner its own registrations alone.
    """
    known = await export.of_person(db, caller, applicant_id, language, now)
    headers = {"Vary": "Accept", "Content-Disposition": 'attachment; filename="person.json"'}
    if prefers(request, PDF):
        rendered = await to_thread.run_sync(export_pdf.render, known, language)
        headers["Content-Disposition"] = 'attachment; filename="person.pdf"'
        return spoken(Response(rendered, media_type=PDF, headers=headers), language)
    answer = Response(known.model_dump_json(), media_type="application/json", headers=headers)
    return spoken(answer, language)


@router.post(
    "/applicants/{applicantId}/_erase",
    summary="Erase a person",
    operation_id="eraseApplicant",
    responses=problems(InvalidInput, NotFound, Forbidden, StillTakingPart, PreconditionFailed),
)
async def erase_applicant(  # noqa: PLR0913, PLR0917  what FastAPI hands in, each by its name
    applicant_id: ApplicantId,
    caller: Annotated[Caller, requires(Scope.APPLICANTS_WRITE)],
    request: Request,
    response: Response,
    after: BackgroundTasks,
    db: Db,
    now: Now,
    language: Reader,
    expected: Precondition,
    storage: Files,
    means: Annotated[Means, Depends(_means)],
    body: EraseBody | None = None,
) -> ErasureRead:
    """Erase all that is known of a person but what has to be kept, which the answer lists with the reason.

    A certificate stays, with what its public check shows; an invoice stays for as long as the law says.
    """
    wanted = Certificates.FORGET if body and body.forget_certificates else Certificates.KEEP
    told, contents = await privacy.erase(db, caller, applicant_id, wanted, means, language, now, expected)
    for key in contents:
        after.add_task(to_thread.run_sync, storage.delete, key)
    after.add_task(ledger.copy, request.app.state.database, storage)
    spoken(response, language)
    return told


@router.get(
    "/processing-register",
    summary="Download the register of processing",
    operation_id="getProcessingRegister",
    responses=problems(InvalidInput),
)
async def get_processing_register(
    _: Annotated[Caller, requires(Scope.APPLICANTS_READ)],
    response: Response,
    db: Db,
    now: Now,
    language: Reader,
) -> ProcessingRegister:
    """What personal data is processed for, on which ground, and for how long (AVG, article 30)."""
    spoken(response, language)
    return tagged(response, await export.processing(db, language, now))
