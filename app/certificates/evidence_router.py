"""HTTP for the evidence sheet: for who may see a registration, and for the holder by the personal link."""

from typing import Annotated, Any
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Path, Response

from app.certificates import evidence, evidence_pdf
from app.certificates.schemas import EvidenceSheet
from app.core.http.answers import problems, spoken, tagged
from app.core.http.dependencies import Db, Now, Reader
from app.core.language import Language
from app.core.problems import InvalidInput, NotFound
from app.identity.access import PUBLIC_ON_REGISTER, requires
from app.identity.caller import Caller, Scope
from app.registrations.dependencies import Linking

router = APIRouter(prefix="/v1", tags=["certificates"])

RegistrationId = Annotated[UUID, Path(alias="registrationId")]
HolderToken = Annotated[
    str, Path(alias="holderToken", max_length=200, description="the last part of the personal link")
]
Reading = Annotated[Caller, requires(Scope.ELIGIBILITY_READ)]
PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get(
    "/registrations/{registrationId}/evidence-sheet",
    summary="Read a participant's evidence sheet",
    operation_id="getEvidenceSheet",
    responses=problems(InvalidInput, NotFound),
)
async def get_evidence_sheet(
    registration_id: RegistrationId, caller: Reading, response: Response, db: Db, now: Now, language: Reader
) -> EvidenceSheet:
    """Hours, dates, phases, criteria and product, for a teacher's portfolio; as they are now."""
    spoken(response, language)
    return tagged(response, await evidence.read(db, caller, registration_id, language, now))


@router.get(
    "/registrations/{registrationId}/evidence-sheet/pdf",
    summary="Download a participant's evidence sheet",
    operation_id="getEvidenceSheetPdf",
    response_class=Response,
    responses={**PDF, **problems(InvalidInput, NotFound)},
)
async def get_evidence_sheet_pdf(
    registration_id: RegistrationId, caller: Reading, db: Db, now: Now, language: Reader
) -> Response:
    """The same as a PDF, in Dutch or English by Accept-Language."""
    return await _printed(await evidence.read(db, caller, registration_id, language, now), language)


@router.get(
    "/holder-pages/{holderToken}/evidence-sheet",
    dependencies=[PUBLIC_ON_REGISTER],
    summary="Download your evidence sheet",
    operation_id="getHeldEvidenceSheet",
    response_class=Response,
    responses={**PDF, **problems(InvalidInput, NotFound)},
)
async def get_held_evidence_sheet(
    token: HolderToken, db: Db, links: Linking, now: Now, language: Reader
) -> Response:
    """What you did, as a PDF for your portfolio."""
    return await _printed(await evidence.of_holder(db, links, token, language, now), language)


async def _printed(sheet: EvidenceSheet, language: Language) -> Response:
    rendered = await to_thread.run_sync(evidence_pdf.render, evidence.printed(sheet, language))
    headers = {"Content-Disposition": 'attachment; filename="evidence-sheet.pdf"'}
    return spoken(Response(rendered, media_type="application/pdf", headers=headers), language)
