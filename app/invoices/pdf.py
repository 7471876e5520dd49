"""The invoice or credit note as a PDF: A4, Dutch, tagged PDF/A. Pure: the same document, the same bytes."""

from pathlib import Path

from app.core.typesetting import in_dutch as day_in_dutch
from app.core.typesetting import typeset
from app.invoices.amounts import in_dutch
from app.invoices.document import COUNTRY, Document
from app.invoices.standing import InvoiceKind
from app.trainings.prices import VatCategory


def render(document: Document) -> bytes:
    """The PDF; what the fonts lack is replaced, and a note says so."""
    return typeset(Path(__file__).with_name("invoice.typ"), document.issued_on, worded(document))


def worded(document: Document) -> dict[str, object]:
    """Everything that stands on it, as one writes it in Dutch."""
    seller, buyer = document.seller, document.buyer
    credit = document.kind is InvoiceKind.CREDIT_NOTE
    return {
        "title": "Creditnota" if credit else "Factuur",
        "number": document.number,
        "facts": _facts(document),
        "seller": {
            "name": seller.legal_name,
            "address": [seller.street, f"{seller.postal_code} {seller.city}"],
            "particulars": _pairs(
                ("KvK", seller.kvk_number),
                ("Btw-nummer", seller.vat_number),
                ("IBAN", grouped(seller.iban)),
                ("BIC", seller.bic),
                ("E-mail", seller.email),
            ),
        },
        "buyer": [
            buyer.name,
            buyer.street,
            f"{buyer.postal_code} {buyer.city}",
            *([] if buyer.country_code == COUNTRY else [buyer.country_code]),
        ],
        "lines": [
            {"title": line.title, "description": line.description, "amount": in_dutch(net)}
            for line, net in zip(document.lines, document.totals.lines, strict=True)
        ],
        "sums": _sums(document),
        "total": in_dutch(document.totals.payable),
        "total_name": "Wordt verrekend of terugbetaald" if credit else "Te betalen",
        "remarks": _remarks(document),
    }


def grouped(iban: str) -> str:
    """An account number in groups of four, as people read it."""
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))


def _facts(document: Document) -> list[tuple[str, str]]:
    buyer, period = document.buyer, document.period
    return _pairs(
        ("Nummer", document.number),
        ("Datum", day_in_dutch(document.issued_on)),
        ("Vervaldatum", day_in_dutch(document.due_on) if document.due_on else None),
        ("Bij factuur", document.credits),
        ("Periode", f"{day_in_dutch(period[0])} t/m {day_in_dutch(period[1])}" if period else None),
        ("Uw kenmerk", buyer.reference),
        ("Kostenplaats", buyer.cost_centre),
        ("Ordernummer", buyer.order_number),
        ("Uw KvK", buyer.kvk_number),
        ("Uw OIN", buyer.oin),
    )


def _sums(document: Document) -> list[tuple[str, str]]:
    sums = document.totals
    if document.vat.category is VatCategory.EXEMPT:
        vat = ("Btw (vrijgesteld)", in_dutch(0))
    else:
        vat = (f"Btw {document.vat.rate_percent}% over {in_dutch(sums.net)}", in_dutch(sums.vat))
    rounding = in_dutch(sums.rounding) if sums.rounding else None
    return [("Totaal zonder btw", in_dutch(sums.net)), vat, *_pairs(("Afronding", rounding))]


def _remarks(document: Document) -> list[str]:
    seller = document.seller
    remarks = [document.reason, document.vat.exemption_reason]
    if document.kind is InvoiceKind.INVOICE and document.due_on:
        remarks.append(
            f"Wilt u {in_dutch(document.totals.payable)} uiterlijk op {day_in_dutch(document.due_on)} "
            f"overmaken op {grouped(seller.iban)} ten name van {seller.legal_name}, onder vermelding van "
            f"{document.number}?"
        )
    return [remark for remark in remarks if remark]


def _pairs(*pairs: tuple[str, str | None]) -> list[tuple[str, str]]:
    return [(name, text) for name, text in pairs if text]
