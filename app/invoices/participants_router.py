"""HTTP for the invoices of a participant and of an edition: how they stand, where they go, for the books."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from app.core import sheets
from app.core.http.answers import problems, tagged
from app.core.http.dependencies import Db, Now, Precondition
from app.core.http.idempotency import Repeatable
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Slug
from app.identity.access import once, requires
from app.identity.caller import Caller, Scope
from app.invoices import addresses, books, lists
from app.invoices import service as invoices
from app.invoices.schemas import BuyerBody, InvoiceAddressRead, InvoicesIssued, ParticipantInvoice
from app.invoices.service import NotInvoiceable
from app.registrations.applicants import ApplicantErased

router = APIRouter(prefix="/v1", tags=["invoices"], route_class=Repeatable)

RegistrationId = Annotated[UUID, Path(alias="registrationId")]
Reading = Annotated[Caller, requires(Scope.INVOICES_READ)]
Correcting = Annotated[Caller, requires(Scope.INVOICE_ADDRESSES_WRITE)]


@router.get(
    "/registrations/{registrationId}/invoice",
    summary="See how a participant's invoice stands",
    operation_id="getParticipantInvoice",
    responses=problems(InvalidInput, NotFound),
)
async def get_participant_invoice(
    registration_id: RegistrationId, caller: Reading, response: Response, db: Db, now: Now
) -> ParticipantInvoice:
    """Not invoiced, open, overdue, paid or credited; with the newest invoice."""
    return tagged(response, await lists.of_participant(db, caller, registration_id, now))


@router.get(
    "/registrations/{registrationId}/invoice-address",
    summary="Read where a participant's invoice goes",
    operation_id="getInvoiceAddress",
    responses=problems(InvalidInput, NotFound),
)
async def get_invoice_address(
    registration_id: RegistrationId, caller: Reading, response: Response, db: Db
) -> InvoiceAddressRead:
    """The address of the enrolment form, or the one that was put in its place."""
    return tagged(response, await addresses.read(db, caller, registration_id))


@router.put(
    "/registrations/{registrationId}/invoice-address",
    summary="Correct where a participant's invoice goes",
    operation_id="saveInvoiceAddress",
    responses=problems(InvalidInput, NotFound, ApplicantErased, PreconditionFailed),
)
async def save_invoice_address(
    registration_id: RegistrationId,
    body: BuyerBody,
    caller: Correcting,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> InvoiceAddressRead:
    """Put an address in the place of the form's, for the next invoice; one that was issued keeps its own."""
    return tagged(response, await addresses.save(db, caller, registration_id, body, now, expected))


@router.post(
    "/editions/{edition}/invoices",
    summary="Issue the invoices of an edition",
    operation_id="issueInvoices",
    responses=problems(InvalidInput, NotFound, NotInvoiceable),
)
async def issue_invoices(
    edition: Slug, caller: Annotated[Caller, once(Scope.INVOICES_WRITE)], db: Db, now: Now
) -> InvoicesIssued:
    """Issue an invoice for every participant who has none; who has no whole address is told of and left.

    Asked again, it goes on with who was left.
    """
    return await invoices.issue_all(db, caller, edition, now)


@router.get(
    "/editions/{edition}/invoices.csv",
    summary="Download an edition's invoices for the books",
    operation_id="getInvoicesCsv",
    response_class=Response,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
        **problems(InvalidInput, NotFound),
    },
)
async def get_invoices_csv(edition: Slug, caller: Reading, db: Db, now: Now) -> Response:
    """Invoices and credit notes as CSV with semicolons and decimal commas, as a Dutch spreadsheet opens it.

    No cell is a formula: a text that looks like one has an apostrophe before it.
    """
    headers = {"Content-Disposition": f'attachment; filename="facturen-{edition}.csv"'}
    return Response(
        await books.table(db, caller, edition, now), media_type=sheets.MEDIA_TYPE, headers=headers
    )
