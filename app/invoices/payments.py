"""Payments on invoices, and on credit notes what was given back."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.core.problems import Fault, InvalidInput, Problem
from app.identity.caller import Caller
from app.invoices.lists import own, shown
from app.invoices.models import InvoicePayment
from app.invoices.schemas import InvoiceRead, PaymentBody
from app.invoices.service import InvoiceCredited, record, require_seller
from app.registrations import service as registrations
from app.trainings import service as trainings


class AmountNotOpen(Problem):
    """More than is open, or more undone than was paid; `openCents` and `paidCents` say how it stands."""

    status, code = 409, "amount-not-open"
    title, title_nl = "Not that much is open", "Er staat niet zoveel open"


async def pay(
    db: AsyncSession, caller: Caller, number: str, wanted: PaymentBody, now: datetime, expected: Expected
) -> InvoiceRead:
    """Record a payment, whole or in part, or that one was undone.

    Raises NotFound, Forbidden, PreconditionFailed, InvoiceCredited (what was paid on it is given back on the
    credit note), AmountNotOpen and, for a day that is yet to come, InvalidInput.
    """
    found = await own(db, caller, number)
    require_seller(caller, found.seller)
    registration = await registrations.own(db, caller, found.registration)
    await db.refresh(found, with_for_update=True)
    if expected:
        expected.require(await shown(db, found, now))
    edition = await trainings.edition(db, registration.edition)
    if wanted.paid_on > now.astimezone(ZoneInfo(edition.time_zone)).date():
        detail = "The day of a payment should not lie in the future."
        raise InvalidInput([Fault(pointer="#/paidOn", code="future", detail=detail)])
    if found.credited_at is not None:
        raise InvoiceCredited(f"{number} is credited: what was paid on it is given back on the credit note.")
    still_open = found.due_cents - found.paid_cents
    most = found.paid_cents if wanted.undone else still_open
    size = most if wanted.amount_cents is None else wanted.amount_cents
    if size == 0 or size > most:
        raise AmountNotOpen(
            f"Of {number} {still_open} cents are open and {found.paid_cents} paid.",
            openCents=still_open,
            paidCents=found.paid_cents,
        )
    amount = -size if wanted.undone else size
    found.paid_cents += amount
    db.add(
        InvoicePayment(
            invoice=number,
            paid_on=wanted.paid_on,
            amount_cents=amount,
            note=wanted.note,
            recorded_by=caller.client_id,
            recorded_at=now,
        )
    )
    left = found.due_cents - found.paid_cents
    type = "invoice.payment-undone" if amount < 0 else "invoice.partly-paid" if left else "invoice.paid"
    record(db, caller.client_id, found, registration, type, now, amountCents=amount, openCents=left)
    await db.flush()
    return await shown(db, found, now)
