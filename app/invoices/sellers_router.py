"""HTTP for what an organisation needs to invoice."""

from typing import Annotated

from fastapi import APIRouter, Response

from app.core.http.answers import problems, tagged
from app.core.http.dependencies import Db, Now, Precondition
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Slug
from app.identity.access import requires
from app.identity.caller import Caller, Scope
from app.invoices import sellers
from app.invoices.schemas import InvoicingRead, SellerPut
from app.invoices.sellers import PrefixTaken

router = APIRouter(prefix="/v1/organisations", tags=["organisations"])

Administrating = Annotated[Caller, requires(Scope.ORGANISATIONS_WRITE)]


@router.get(
    "/{organisation}/invoicing",
    dependencies=[requires(Scope.ORGANISATIONS_WRITE)],
    summary="Read how an organisation invoices",
    operation_id="getInvoicing",
    responses=problems(InvalidInput, NotFound),
)
async def get_invoicing(organisation: Slug, response: Response, db: Db) -> InvoicingRead:
    """Legal name, address, numbers, account and VAT, for invoices; not public."""
    return tagged(response, await sellers.read(db, organisation))


@router.put(
    "/{organisation}/invoicing",
    summary="Lay down how an organisation invoices",
    operation_id="saveInvoicing",
    responses=problems(InvalidInput, NotFound, PrefixTaken, PreconditionFailed),
)
async def save_invoicing(
    organisation: Slug,
    body: SellerPut,
    caller: Administrating,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
) -> InvoicingRead:
    """Everything at once; invoices that were issued keep what they had."""
    return tagged(response, await sellers.save(db, caller, organisation, body, now, expected))
