"""An edition's invoices and credit notes as a table for the books, as a Dutch spreadsheet opens it."""

from datetime import datetime
from decimal import Decimal

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import sheets
from app.core.sheets import Cell
from app.identity.caller import Caller
from app.invoices.amounts import euros
from app.invoices.lists import rows, shown_all
from app.invoices.models import Invoice
from app.invoices.schemas import InvoiceRead
from app.invoices.standing import InvoiceKind, InvoiceStatus
from app.registrations.models import Registration
from app.trainings import service as trainings

HEADER = (
    *("nummer", "soort", "datum", "vervaldatum", "status", "debiteur", "straat", "postcode", "plaats"),
    *("land", "kvk", "oin", "kenmerk", "kostenplaats", "ordernummer", "deelnemer", "omschrijving"),
    *("btw-categorie", "btw-percentage", "netto", "btw", "afronding", "totaal", "betaald", "open"),
    *("bij factuur", "gecrediteerd door", "aanmelding", "status aanmelding"),
)
KINDS = {InvoiceKind.INVOICE: "factuur", InvoiceKind.CREDIT_NOTE: "creditnota"}
STATUSES = {
    InvoiceStatus.OPEN: "open",
    InvoiceStatus.OVERDUE: "te laat",
    InvoiceStatus.PAID: "voldaan",
    InvoiceStatus.CREDITED: "gecrediteerd",
}


class Euros(Decimal):
    """An amount, written with a comma: a Dutch spreadsheet takes a point for thousands."""

    def __str__(self) -> str:
        """The amount with two decimals."""
        return f"{self:.2f}".replace(".", ",")


async def table(db: AsyncSession, caller: Caller, edition_slug: str, now: datetime) -> bytes:
    """The invoices of an edition that the caller may see, as CSV; credit notes count below zero.

    Raises NotFound for an unknown edition.
    """
    edition = await trainings.edition(db, edition_slug)
    query = rows(caller).where(Registration.edition == edition.slug)
    found = (await db.exec(query.order_by(col(Invoice.number)))).all()
    return sheets.write(HEADER, [_row(one) for one in await shown_all(db, found, now)])


def _row(one: InvoiceRead) -> list[Cell]:
    sign, buyer = -1 if one.kind is InvoiceKind.CREDIT_NOTE else 1, one.buyer
    amounts = (one.net_cents, one.vat_cents, one.rounding_cents, one.total_cents)
    standing = (one.paid_cents, one.open_cents)
    return [
        *(one.number, KINDS[one.kind], one.issued_on, one.due_on, STATUSES[one.status]),
        *(buyer.name, buyer.street, buyer.postal_code, buyer.city, buyer.country_code),
        *(buyer.kvk_number, buyer.oin, buyer.reference, buyer.cost_centre, buyer.order_number),
        *(one.participant_name, "; ".join(line.title for line in one.lines)),
        *(one.vat.category.value, one.vat.rate_percent),
        *(Euros(euros(sign * cents)) for cents in (*amounts, *standing)),
        *(one.credits, one.credited_by, str(one.registration), one.registration_status.value),
    ]
