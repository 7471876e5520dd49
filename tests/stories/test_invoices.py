"""From an invoice address on a form to a paid invoice in the books, over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from facturex.parsers import ubl as reader
from lxml import etree

from app.core import sheets
from tests.invoices.norms import against_cen, against_nlcius, against_schema, claims_nlcius
from tests.stories.server import JSON, Caller, Server
from tests.world import PILOT, SELLER, STANDARD_RATE, form, registration

SCHOOL = {
    "name": "Het Lyceum, administratie",
    "street": "Schoolstraat 1",
    "postalCode": "1315 AA",
    "city": "Almere",
    "reference": "Cultuur 2021",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as server:
        yield server


def _participants(server: Server, fleck: Caller, admin: Caller) -> list[str]:
    """Two who registered, whose forms say where the invoice goes, and who accepted their seats."""
    people = []
    for number in range(2):
        made = fleck.post("/v1/registrations", registration(), status=201)
        answers = form(invoiceAddress={**SCHOOL, "reference": f"Cultuur 2021-{number}"})
        token = made["enrolmentForm"]["token"]
        fleck.put(f"/v1/enrolment-forms/{token}", answers)
        people.append(made["id"])
    server.at("2021-07-06T10:00+02:00")
    announced = admin.post(f"/v1/editions/{PILOT}/draws", status=201)
    admin.post(f"/v1/draws/{announced['id']}/_run")
    admin.post(f"/v1/draws/{announced['id']}/_publish")
    for registration_id in people:
        fleck.post(f"/v1/registrations/{registration_id}/_confirm")
    return people


def _check_ubl(caller: Caller, number: str) -> JSON:
    """The document keeps every rule that it claims; what another reader finds in it."""
    made = caller.request("GET", f"/v1/invoices/{number}/ubl").content
    assert against_schema(made) == []
    assert against_cen(made) == [[]]
    assert claims_nlcius(made)
    assert against_nlcius(made) == []
    read = reader.parse_root(etree.fromstring(made))
    assert read.buyer
    assert read.buyer.address
    return {"number": read.number, "due": str(read.amount_due), "buyer": read.buyer.address.city}


def test_two_participants_are_invoiced_one_pays_and_one_leaves(server: Server) -> None:
    server.at("2021-06-15T09:00+02:00")
    admin, fleck = server.client("lkca", "admin"), server.client("fleck", "partner")
    provider = server.client("mocca", "provider")
    admin.put("/v1/organisations/mocca/invoicing", SELLER)
    admin.patch(f"/v1/editions/{PILOT}", {"invoicedBy": "mocca"})
    stays, leaves = _participants(server, fleck, admin)

    # The school's number of the trade register is not on the form; the provider adds it.
    for registration_id in (stays, leaves):
        path = f"/v1/registrations/{registration_id}/invoice-address"
        address = provider.get(path)["address"]
        assert address["name"] == SCHOOL["name"]
        assert provider.put(path, {**address, "kvkNumber": "87654321"})["ublProfile"] == "nlcius"

    server.at("2021-09-01T09:00+02:00")
    assert fleck.get(f"/v1/registrations/{stays}/invoice")["status"] == "not-invoiced"
    issued = provider.post(f"/v1/editions/{PILOT}/invoices")
    assert issued == {"issued": ["MOCCA-2021-00001", "MOCCA-2021-00002"], "left": []}
    assert _check_ubl(provider, "MOCCA-2021-00001") == {
        "number": "MOCCA-2021-00001",
        "due": "750.00",
        "buyer": SCHOOL["city"],
    }
    pdf = provider.request("GET", "/v1/invoices/MOCCA-2021-00001/pdf").content
    words = " ".join(pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range().split())
    for text in ("Te betalen € 750,00", "Btw (vrijgesteld)", "Cultuur 2021-0", "1 oktober 2021"):
        assert text in words

    server.at("2021-10-05T09:00+02:00")
    assert fleck.get(f"/v1/registrations/{stays}/invoice")["status"] == "overdue"
    provider.post("/v1/invoices/MOCCA-2021-00001/_pay", {"paidOn": "2021-10-04"})
    provider.post("/v1/invoices/MOCCA-2021-00002/_pay", {"paidOn": "2021-10-04", "amountCents": 30_000})
    assert fleck.get(f"/v1/registrations/{stays}/invoice")["status"] == "paid"

    fleck.post(f"/v1/registrations/{leaves}/_withdraw", {"reason": "Andere baan"})
    still = fleck.get("/v1/invoices/MOCCA-2021-00002")
    assert (still["status"], still["openCents"]) == ("overdue", 45_000)
    assert still["registrationStatus"] == "withdrawn"
    reason = {"reason": "Afgemeld wegens een andere baan"}
    note = provider.post("/v1/invoices/MOCCA-2021-00002/_credit", reason, status=201)
    assert (note["number"], note["credits"], note["openCents"]) == (
        "MOCCA-2021-00003",
        "MOCCA-2021-00002",
        30_000,
    )
    assert _check_ubl(provider, note["number"])["due"] == "750.00"
    provider.post(f"/v1/invoices/{note['number']}/_pay", {"paidOn": "2021-10-05"})

    header, *rows = sheets.read(provider.request("GET", f"/v1/editions/{PILOT}/invoices.csv").content)
    told = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(row["nummer"], row["soort"], row["status"], row["totaal"]) for row in told] == [
        ("MOCCA-2021-00001", "factuur", "voldaan", "750,00"),
        ("MOCCA-2021-00002", "factuur", "gecrediteerd", "750,00"),
        ("MOCCA-2021-00003", "creditnota", "voldaan", "-750,00"),
    ]
    assert [row["aanmelding"] for row in told] == [stays, leaves, leaves]
    types = [event["type"] for event in fleck.get("/v1/events?limit=100")["items"]]
    # The background work tells of who left in its next round, whenever that is.
    known = [type for type in types if type.startswith("invoice.") and type != "invoice.participant-left"]
    assert known == [
        "invoice.issued",
        "invoice.issued",
        "invoice.paid",
        "invoice.partly-paid",
        "invoice.credited",
        "invoice.paid",
    ]


def test_an_edition_with_vat_in_its_price(server: Server) -> None:
    server.at("2021-06-15T09:00+02:00")
    admin, fleck = server.client("lkca", "admin"), server.client("fleck", "partner")
    admin.put("/v1/organisations/mocca/invoicing", SELLER)
    vat = {**STANDARD_RATE, "priceIncludesVat": True}
    admin.patch(f"/v1/editions/{PILOT}", {"invoicedBy": "mocca", "vat": vat})
    first, _ = _participants(server, fleck, admin)
    path = f"/v1/registrations/{first}/invoice-address"
    fleck.put(path, {**SCHOOL, "kvkNumber": "87654321"})
    made = admin.post("/v1/invoices", {"registration": first}, status=201)
    amounts = [made[name] for name in ("netCents", "vatCents", "roundingCents", "totalCents")]
    assert amounts == [61_983, 13_016, 1, 75_000]
    assert _check_ubl(fleck, made["number"])["due"] == "750.00"
