"""HTTP for invoices and credit notes."""

from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response

from app.core.http.answers import created, page, problems, tagged
from app.core.http.dependencies import Db, Now, Paging, Precondition
from app.core.http.idempotency import Repeatable
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Slug
from app.identity.access import once, requires
from app.identity.caller import Caller, Scope
from app.invoices import lists, payments, pdf, ubl
from app.invoices import service as invoices
from app.invoices.payments import AmountNotOpen
from app.invoices.schemas import CreditReason, InvoiceCreate, InvoicePage, InvoiceRead, PaymentBody
from app.invoices.service import InvoiceCredited, InvoiceExists, NotAnInvoice, NotInvoiceable
from app.invoices.standing import InvoiceStatus
from app.registrations.applicants import ApplicantErased

router = APIRouter(prefix="/v1/invoices", tags=["invoices"], route_class=Repeatable)

Number = Annotated[
    str,
    Path(
        alias="invoiceNumber", pattern=r"^[A-Z][A-Z0-9]{0,19}-\d{4}-\d{5,9}$", examples=["MOCCA-2021-00001"]
    ),
]
Reading = Annotated[Caller, requires(Scope.INVOICES_READ)]
WritingOnce = Annotated[Caller, once(Scope.INVOICES_WRITE)]


def _file(media_type: str) -> dict[int | str, Any]:
    return {200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}}


@router.post(
    "",
    status_code=201,
    summary="Issue an invoice",
    operation_id="issueInvoice",
    responses=problems(InvalidInput, NotFound, ApplicantErased, NotInvoiceable, InvoiceExists),
)
async def issue_invoice(
    body: InvoiceCreate, caller: WritingOnce, response: Response, db: Db, now: Now
) -> InvoiceRead:
    """Issue the invoice of a participant, to the address of the enrolment form or the corrected one.

    Everything on it is copied and stays: who is invoiced wrongly gets a credit note, and then a new invoice.
    """
    issued = await invoices.issue(db, caller, body.registration, now)
    return created(response, f"/v1/invoices/{issued.number}", issued)


@router.get("", summary="List invoices", operation_id="listInvoices", responses=problems(InvalidInput))
async def list_invoices(
    request: Request,
    response: Response,
    caller: Reading,
    db: Db,
    now: Now,
    window: Paging,
    edition: Annotated[Slug | None, Query(description="Only those of this edition")] = None,
    partner: Annotated[Slug | None, Query(description="Only those of this partner's participants")] = None,
    status: Annotated[InvoiceStatus | None, Query(description="Only those that stand so today")] = None,
    sort: Annotated[Literal["number", "-number"], Query(description="A minus for descending")] = "number",
) -> InvoicePage:
    """The invoices and credit notes that you may see, by number."""
    found = await lists.list_invoices(
        db,
        caller,
        window,
        now,
        edition=edition,
        partner=partner,
        status=status,
        descending=sort == "-number",
    )
    return page(request, response, found)


@router.get(
    "/{invoiceNumber}",
    summary="Read an invoice",
    operation_id="getInvoice",
    responses=problems(InvalidInput, NotFound),
)
async def get_invoice(number: Number, caller: Reading, response: Response, db: Db, now: Now) -> InvoiceRead:
    """One invoice or credit note, with its payments and how it stands today."""
    return tagged(response, await lists.read(db, caller, number, now))


@router.get(
    "/{invoiceNumber}/pdf",
    summary="Download an invoice",
    operation_id="getInvoicePdf",
    response_class=Response,
    responses={**_file("application/pdf"), **problems(InvalidInput, NotFound)},
)
async def get_invoice_pdf(number: Number, caller: Reading, db: Db) -> Response:
    """The invoice or credit note as a PDF, to send to the buyer."""
    document = await lists.document(db, caller, number)
    rendered = await to_thread.run_sync(pdf.render, document)
    headers = {"Content-Disposition": f'attachment; filename="{number}.pdf"'}
    return Response(rendered, media_type="application/pdf", headers=headers)


@router.get(
    "/{invoiceNumber}/ubl",
    summary="Download an invoice as UBL",
    operation_id="getInvoiceUbl",
    response_class=Response,
    responses={**_file("application/xml"), **problems(InvalidInput, NotFound)},
)
async def get_invoice_ubl(number: Number, caller: Reading, db: Db) -> Response:
    """The invoice or credit note as UBL 2.1 by EN 16931, for the buyer's bookkeeping.

    By the Dutch profile NLCIUS when the buyer's KvK number or OIN is on it, as that profile asks.
    """
    rendered = ubl.render(await lists.document(db, caller, number))
    headers = {"Content-Disposition": f'attachment; filename="{number}.xml"'}
    return Response(rendered, media_type="application/xml", headers=headers)


@router.post(
    "/{invoiceNumber}/_pay",
    summary="Record a payment",
    operation_id="payInvoice",
    responses=problems(InvalidInput, NotFound, InvoiceCredited, AmountNotOpen, PreconditionFailed),
)
async def pay_invoice(
    number: Number,
    body: PaymentBody,
    caller: WritingOnce,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> InvoiceRead:
    """Record what was paid, all that is open unless an amount is given, or that a payment was undone.

    On a credit note it records what was given back.
    """
    return tagged(response, await payments.pay(db, caller, number, body, now, expected))


@router.post(
    "/{invoiceNumber}/_credit",
    status_code=201,
    summary="Credit an invoice",
    operation_id="creditInvoice",
    responses=problems(InvalidInput, NotFound, NotAnInvoice, InvoiceCredited, PreconditionFailed),
)
async def credit_invoice(
    number: Number,
    body: CreditReason,
    caller: WritingOnce,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> InvoiceRead:
    """Take an invoice back whole, by a credit note with its own number, which is the answer.

    What had been paid is then open on the credit note, to be given back. Another invoice may follow.
    """
    note = await invoices.credit(db, caller, number, body.reason, now, expected)
    return created(response, f"/v1/invoices/{note.number}", note)
