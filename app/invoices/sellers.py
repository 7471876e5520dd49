"""What an organisation needs to invoice: read and changed by administrators, and copied onto each invoice."""

import re
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import flush
from app.core.etags import Expected
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.events import service as events
from app.identity.caller import Caller
from app.identity.models import Organisation
from app.invoices.models import SellerDetails
from app.invoices.schemas import InvoicingRead, SellerPut, SellerRead

_PREFIX = re.compile(r"[A-Z][A-Z0-9]{0,19}")


class PrefixTaken(Problem):
    """Another organisation's numbers begin so."""

    status, code = 409, "prefix-taken"
    title, title_nl = "Numbers of another organisation begin so", "Zo beginnen al nummers van een ander"


async def read(db: AsyncSession, slug: str) -> InvoicingRead:
    """How an organisation invoices; NotFound when there is no such organisation."""
    if await db.get(Organisation, slug) is None:
        raise NotFound(f"There is no organisation {slug}.")
    return _shown(slug, await db.get(SellerDetails, slug))


async def save(
    db: AsyncSession, caller: Caller, slug: str, wanted: SellerPut, now: datetime, expected: Expected
) -> InvoicingRead:
    """Put the details in, or in the place of the old ones; invoices that were issued keep theirs.

    Raises NotFound, PrefixTaken and, where the slug makes no prefix, InvalidInput.
    """
    if await db.get(Organisation, slug, with_for_update={"key_share": True}) is None:
        raise NotFound(f"There is no organisation {slug}.")
    kept = await db.get(SellerDetails, slug, populate_existing=True)
    expected.require(_shown(slug, kept))
    prefix = wanted.number_prefix or _prefix_of(slug)
    values = {**wanted.model_dump(), "number_prefix": prefix}
    if kept is None:
        kept = SellerDetails(organisation=slug, **values)
    for name, value in values.items():
        setattr(kept, name, value)
    db.add(kept)
    events.record(db, "organisation.invoicing-changed", subject=slug, actor=caller.client_id, at=now)
    taken = PrefixTaken(f"The numbers of another organisation begin with {prefix}.")
    await flush(db, {"uq_seller_number_prefix": taken})
    return _shown(slug, kept)


def _prefix_of(slug: str) -> str:
    prefix = slug.replace("-", "").upper()[:20]
    if not _PREFIX.fullmatch(prefix):
        detail = "Say what the numbers begin with: the slug begins with a digit."
        raise InvalidInput([Fault(pointer="#/numberPrefix", code="missing", detail=detail)])
    return prefix


def _shown(slug: str, kept: SellerDetails | None) -> InvoicingRead:
    details = SellerRead.model_validate(kept.model_dump()) if kept else None
    return InvoicingRead(organisation=slug, details=details)
