"""Where invoices go: the applicant's own answer, unless somebody put another address in its place."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.events import service as events
from app.identity.caller import Caller
from app.invoices import ubl
from app.invoices.document import Buyer
from app.invoices.models import CorrectedAddress
from app.invoices.schemas import BuyerBody, BuyerRead, InvoiceAddressRead
from app.registrations import service as registrations
from app.registrations.models import EnrolmentForm


def from_answers(answers: Mapping[str, Any] | None) -> Buyer | None:
    """The buyer that a returned form names; None when it names none, or no whole address.

    Forms have asked for more over time: what a form did not ask for is not there.
    """
    given = (answers or {}).get("invoiceAddress")
    if not isinstance(given, Mapping):
        return None

    def text(name: str) -> str | None:
        value = given.get(name)
        return value.strip() or None if isinstance(value, str) else None

    name, street, postal_code, city = (text(each) for each in ("name", "street", "postalCode", "city"))
    if not (name and street and postal_code and city):
        return None
    return Buyer(
        name=name,
        street=street,
        postal_code=postal_code,
        city=city,
        reference=text("reference"),
        cost_centre=text("costCentre"),
        order_number=text("orderNumber"),
    )


async def buyers(db: AsyncSession, wanted: Sequence[UUID]) -> dict[UUID, Buyer]:
    """Who pays for each of these registrations, as far as a whole address is known."""
    query = (
        select(EnrolmentForm.registration, EnrolmentForm.answers, CorrectedAddress.buyer)
        .join(
            CorrectedAddress, col(CorrectedAddress.registration) == EnrolmentForm.registration, isouter=True
        )
        .where(col(EnrolmentForm.registration).in_(wanted))
    )
    found: dict[UUID, Buyer] = {}
    for registration, answers, corrected in (await db.exec(query)).all():
        buyer = Buyer(**corrected) if corrected else from_answers(answers)
        if buyer:
            found[registration] = buyer
    return found


async def read(db: AsyncSession, caller: Caller, registration_id: UUID) -> InvoiceAddressRead:
    """Where the next invoice of a registration goes; NotFound for what the caller may not see."""
    await registrations.own(db, caller, registration_id)
    return await _shown(db, registration_id)


async def save(
    db: AsyncSession,
    caller: Caller,
    registration_id: UUID,
    wanted: BuyerBody,
    now: datetime,
    expected: Expected,
) -> InvoiceAddressRead:
    """Put an address in the place of the form's; an invoice that was issued keeps the one it has."""
    registration = await registrations.own(db, caller, registration_id, lock=True)
    expected.require(await _shown(db, registration_id))
    kept = await db.get(CorrectedAddress, registration_id, populate_existing=True)
    if kept is None:
        kept = CorrectedAddress(registration=registration_id, buyer={}, corrected_at=now)
    kept.buyer, kept.corrected_at = asdict(Buyer(**wanted.model_dump())), now
    db.add(kept)
    events.record(
        db,
        "registration.invoice-address-changed",
        subject=registration.id,
        actor=caller.client_id,
        at=now,
        edition=registration.edition,
        partner=registration.partner,
    )
    await db.flush()
    return await _shown(db, registration_id)


async def _shown(db: AsyncSession, registration_id: UUID) -> InvoiceAddressRead:
    buyer = (await buyers(db, [registration_id])).get(registration_id)
    corrected = await db.get(CorrectedAddress, registration_id)
    return InvoiceAddressRead(
        registration=registration_id,
        source=None if buyer is None else "corrected" if corrected else "form",
        address=BuyerRead.model_validate(buyer) if buyer else None,
        ubl_profile=ubl.profile(buyer) if buyer else None,
        corrected_at=corrected.corrected_at if corrected else None,
    )
