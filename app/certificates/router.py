"""HTTP for certificates and their public check."""

from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.certificates import checks, pdf
from app.certificates import page as page_for_people
from app.certificates import service as certificates
from app.certificates.dependencies import CHECKING, Asked, Signing
from app.certificates.schemas import (
    CertificateCreate,
    CertificatePage,
    CertificateRead,
    CheckBody,
    CheckRead,
    ReissueReason,
    RevokeReason,
    VerificationRead,
)
from app.certificates.service import (
    CertificateRevoked,
    CertificateSuperseded,
    HolderErased,
    NotEligible,
)
from app.core.http.accept import ForPeople, or_page
from app.core.http.answers import created, page, problems, spoken, tagged
from app.core.http.dependencies import Config, Db, Now, Paging, Precondition, Reader
from app.core.http.idempotency import Repeatable
from app.core.http.limits import TooManyRequests
from app.core.http.origins import FOR_EVERY_ORIGIN
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Slug
from app.credentials.keys import SigningKeyUnreadable
from app.credentials.media import CREDENTIAL, TOKEN, TOKENS
from app.identity.access import PUBLIC_ON_REGISTER, once, requires
from app.identity.caller import Caller, Scope
from app.registrations.applicants import ApplicantErased
from app.registrations.moves import MoveNotAllowed

router = APIRouter(prefix="/v1/certificates", tags=["certificates"], route_class=Repeatable)
verifications = APIRouter(prefix="/v1/verifications", tags=["verifications"])

ENDED = (CertificateRevoked, CertificateSuperseded)

Number = Annotated[str, Path(pattern=r"^[A-Z]{1,10}-\d{4}-\d{6,9}$", examples=["CCVO-2022-000001"])]
Code = Annotated[str, Path(max_length=100, description="the last part of the address in the QR code")]
Reading = Annotated[Caller, requires(Scope.CERTIFICATES_READ)]
Writing = Annotated[Caller, requires(Scope.CERTIFICATES_WRITE)]


Issuing = Annotated[Caller, once(Scope.CERTIFICATES_WRITE)]


@router.post(
    "",
    status_code=201,
    summary="Issue a certificate",
    operation_id="issueCertificate",
    responses=problems(
        InvalidInput, NotFound, ApplicantErased, NotEligible, MoveNotAllowed, SigningKeyUnreadable
    ),
)
async def issue_certificate(
    body: CertificateCreate,
    caller: Issuing,
    response: Response,
    db: Db,
    now: Now,
    vault: Signing,
    language: Reader,
) -> CertificateRead:
    """Issue the certificate of a participant who meets every requirement; otherwise 409 says why not."""
    issued = await certificates.issue(db, caller, body.registration, vault, language, now)
    return created(response, f"/v1/certificates/{issued.number}", issued)


@router.get(
    "", summary="List certificates", operation_id="listCertificates", responses=problems(InvalidInput)
)
async def list_certificates(
    request: Request,
    response: Response,
    caller: Reading,
    db: Db,
    window: Paging,
    settings: Config,
    edition: Annotated[Slug | None, Query(description="Only those of this edition")] = None,
    sort: Annotated[Literal["number", "-number"], Query(description="A minus for descending")] = "number",
) -> CertificatePage:
    """The certificates that you may see, by number."""
    found = await certificates.list_certificates(
        db, caller, window, settings.base_url, edition=edition, descending=sort == "-number"
    )
    return page(request, response, found)


@router.get(
    "/{number}",
    summary="Read a certificate",
    operation_id="getCertificate",
    responses=problems(InvalidInput, NotFound),
)
async def get_certificate(
    number: Number, caller: Reading, response: Response, db: Db, settings: Config
) -> CertificateRead:
    """One certificate."""
    return tagged(response, await certificates.read(db, caller, number, settings.base_url))


@router.get(
    "/{number}/pdf",
    summary="Download a certificate",
    operation_id="getCertificatePdf",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
        **problems(InvalidInput, NotFound),
    },
)
async def get_certificate_pdf(number: Number, caller: Reading, db: Db, settings: Config) -> Response:
    """The certificate as a PDF, with a QR code that leads to the public check."""
    sheet = await certificates.sheet(db, caller, number, settings.base_url)
    rendered = await to_thread.run_sync(pdf.render, sheet)
    headers = {"Content-Disposition": f'attachment; filename="{number}.pdf"'}
    return Response(rendered, media_type="application/pdf", headers=headers)


@router.get(
    "/{number}/credential",
    summary="Download a certificate's credential",
    operation_id="getCredential",
    response_class=Response,
    responses={
        200: {"content": {CREDENTIAL: {"schema": {"type": "object"}}, TOKEN: {"schema": {"type": "string"}}}},
        **problems(InvalidInput, NotFound),
    },
)
async def get_credential(
    number: Number,
    caller: Reading,
    db: Db,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """The certificate as an Open Badge 3.0, as it was signed: JSON with a proof, or a VC-JWT, by `Accept`."""
    as_token = any(kind in accept.lower() for kind in TOKENS)
    signed = await certificates.credential(db, caller, number, as_token=as_token)
    ending = "jwt" if as_token else "json"
    headers = {"Content-Disposition": f'attachment; filename="{number}.{ending}"', "Vary": "Accept"}
    return Response(signed, media_type=TOKEN if as_token else CREDENTIAL, headers=headers)


@router.post(
    "/{number}/_revoke",
    summary="Revoke a certificate",
    operation_id="revokeCertificate",
    responses=problems(InvalidInput, NotFound, *ENDED, SigningKeyUnreadable, PreconditionFailed),
)
async def revoke_certificate(
    number: Number,
    body: RevokeReason,
    caller: Writing,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    vault: Signing,
) -> CertificateRead:
    """Revoke a certificate; every check shows it and the date, none the reason."""
    revoked = await certificates.revoke(db, caller, number, body.reason, vault, now, expected)
    return tagged(response, revoked)


@router.post(
    "/{number}/_reissue",
    status_code=201,
    summary="Issue a certificate anew",
    operation_id="reissueCertificate",
    responses=problems(
        InvalidInput, NotFound, *ENDED, HolderErased, SigningKeyUnreadable, PreconditionFailed
    ),
)
async def reissue_certificate(
    number: Number,
    body: ReissueReason,
    caller: Issuing,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    vault: Signing,
) -> CertificateRead:
    """Issue a certificate anew in the applicant's present name.

    The old one is superseded; both can be checked.
    """
    issued = await certificates.reissue(db, caller, number, body.reason, vault, now, expected)
    return created(response, f"/v1/certificates/{issued.number}", issued)


@verifications.post(
    "",
    dependencies=[PUBLIC_ON_REGISTER, CHECKING],
    summary="Check a credential or a PDF",
    operation_id="checkCredential",
    responses=problems(InvalidInput, TooManyRequests),
)
async def check_credential(body: CheckBody, db: Db, vault: Signing) -> CheckRead:
    """Whether a credential or a certificate's PDF is genuine, unaltered and still counts; nothing is kept."""
    if body.credential is not None:
        return await checks.check_text(db, vault, body.credential)
    return await checks.check_pdf(db, vault, body.pdf or "")


@verifications.get(
    "/{code}",
    dependencies=[PUBLIC_ON_REGISTER, CHECKING, FOR_EVERY_ORIGIN],
    summary="Check a certificate",
    operation_id="verifyCertificate",
    response_model=VerificationRead,
    responses=or_page(problems(InvalidInput, NotFound, TooManyRequests), 200, 404),
)
async def verify_certificate(
    code: Code,
    db: Db,
    for_people: ForPeople,
    language: Asked,
) -> Response:
    """Whether a certificate is valid: JSON, or a page for people when `Accept` asks for text/html."""
    if not for_people:
        found = await certificates.verify(db, code)
        return Response(found.model_dump_json(), media_type="application/json", headers={"Vary": "Accept"})
    try:
        known, status = await certificates.verify(db, code), 200
    except NotFound:
        known, status = None, 404
    headers = {"Content-Security-Policy": page_for_people.policy(), "Vary": "Accept"}
    return spoken(HTMLResponse(page_for_people.render(known, language), status, headers), language)
