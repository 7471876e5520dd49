"""Issuing invoices and taking them back: numbers, snapshots, refusals, lists, and who may."""

from collections.abc import Sequence

import httpx
import pytest

from app import worker
from tests.world import ADDRESS, JSON, PILOT, SELLER, STANDARD_RATE, World, form

REASON = {"reason": "Afgemeld voor de eerste bijeenkomst"}


def check_problem(answer: httpx.Response, status: int, code: str) -> JSON:
    """The problem document of a refusal."""
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (status, code), answer.text
    problem: JSON = answer.json()
    return problem


@pytest.fixture
def participant(world: World) -> JSON:
    """A participant of the pilot, which Mocca invoices."""
    made = world.participant()
    world.invoices_by("mocca")
    world.at("2021-09-01T00:30+02:00")
    return made


def test_an_invoice_has_everything_on_it(world: World, participant: JSON) -> None:
    made = world.invoice(participant["id"])
    vat = {**SELLER["vat"], "ratePercent": 0, "priceIncludesVat": False}
    expected = {
        "number": "MOCCA-2021-00001",
        "kind": "invoice",
        "status": "open",
        "registration": participant["id"],
        "registrationStatus": "confirmed",
        "edition": PILOT,
        "partner": "fleck",
        "seller": "mocca",
        "participantName": "Noor van der Meer",
        "lines": [
            {
                "title": "Cultuurcoördinator Voortgezet Onderwijs",
                "description": "Pilot Noord/Midden 2021-2022, deelnemer Noor van der Meer",
                "netCents": 75_000,
            }
        ],
        "vat": vat,
        "netCents": 75_000,
        "vatCents": 0,
        "roundingCents": 0,
        "totalCents": 75_000,
        "paidCents": 0,
        "openCents": 75_000,
        "payments": [],
        "issuedAt": "2021-08-31T22:30:00Z",
        "issuedOn": "2021-09-01",  # where the edition is
        "dueOn": "2021-10-01",
        "periodStartsOn": "2021-10-07",
        "periodEndsOn": "2022-04-07",
        "credits": None,
        "creditedBy": None,
        "reason": None,
        "ublProfile": "en16931",
    }
    assert expected.items() <= made.items()
    assert set(made) - set(expected) == {"sellerDetails", "buyer"}
    assert made["sellerDetails"]["iban"] == "NL91ABNA0417164300"
    assert made["buyer"]["name"] == "Het Lyceum"
    assert world.fleck.get(f"/v1/invoices/{made['number']}").json() == made
    [event] = world.events("invoice.issued")
    assert (event["subject"], event["partner"], event["edition"]) == (made["number"], "fleck", PILOT)
    assert event["data"] == {"registration": participant["id"], "totalCents": 75_000}


def test_it_never_changes_whatever_becomes_of_what_it_was_made_from(world: World, participant: JSON) -> None:
    made = world.invoice(participant["id"])
    path = f"/v1/invoices/{made['number']}"
    documents = [world.fleck.get(f"{path}/{part}").content for part in ("ubl", "pdf")]
    world.invoices_by("mocca", legalName="Mocca BV", iban="NL02ABNA0123456789", vat=STANDARD_RATE)
    world.admin.patch(f"/v1/editions/{PILOT}", {"title": "Anders", "priceCents": 1, "vat": STANDARD_RATE})
    world.fleck.put(f"/v1/registrations/{participant['id']}/invoice-address", ADDRESS)
    world.fleck.patch(f"/v1/applicants/{participant['applicant']['id']}", {"familyName": "Anders"})
    assert world.fleck.get(path).json() == made
    assert [world.fleck.get(f"{path}/{part}").content for part in ("ubl", "pdf")] == documents
    assert world.fleck.get(f"/v1/registrations/{participant['id']}/invoice").json()["priceCents"] == 1


def test_there_is_one_that_counts(world: World, participant: JSON) -> None:
    made = world.invoice(participant["id"])
    again = world.provider.post("/v1/invoices", {"registration": participant["id"]})
    assert check_problem(again, 409, "invoice-exists")["number"] == made["number"]
    note = world.provider.post(f"/v1/invoices/{made['number']}/_credit", REASON).json()
    assert world.invoice(participant["id"])["number"] == "MOCCA-2021-00003"
    assert note["number"] == "MOCCA-2021-00002"


@pytest.mark.parametrize(
    ("vat", "price", "sums"),
    [
        (STANDARD_RATE, 75_000, (75_000, 15_750, 0, 90_750)),
        ({**STANDARD_RATE, "priceIncludesVat": True}, 75_000, (61_983, 13_016, 1, 75_000)),
        (SELLER["vat"], 12_345, (12_345, 0, 0, 12_345)),
    ],
)
def test_the_edition_says_what_it_costs(
    world: World, participant: JSON, vat: JSON, price: int, sums: Sequence[int]
) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"priceCents": price, "vat": vat})
    made = world.invoice(participant["id"])
    assert tuple(made[name] for name in ("netCents", "vatCents", "roundingCents", "totalCents")) == tuple(
        sums
    )


def test_only_a_participant_is_invoiced_where_it_is_known_by_whom_and_what(world: World) -> None:
    waiting, made = world.register(), world.participant()
    body = {"registration": made["id"]}

    def refused() -> str:
        answer = world.admin.post("/v1/invoices", body)
        detail: str = check_problem(answer, 409, "not-invoiceable")["detail"]
        assert check_problem(world.admin.post(f"/v1/editions/{PILOT}/invoices"), 409, "not-invoiceable")
        return detail

    assert "set invoicedBy" in refused()
    world.admin.patch(f"/v1/editions/{PILOT}", {"invoicedBy": "mocca"})
    assert "not known yet" in refused()
    world.invoices_by("mocca")
    world.admin.patch(f"/v1/editions/{PILOT}", {"priceCents": 0})
    assert "free of charge" in refused()
    world.admin.patch(f"/v1/editions/{PILOT}", {"priceCents": None})
    answer = world.provider.post("/v1/invoices", {"registration": waiting["id"]})
    check_problem(answer, 409, "not-invoiceable")
    assert world.invoice(made["id"])["number"] == "MOCCA-2021-00001"


def test_who_gave_no_address_is_invoiced_when_it_is_there(world: World) -> None:
    made = world.register()
    path = f"/v1/enrolment-forms/{made['enrolmentForm']['token']}"
    world.http.put(path, json=form(invoiceAddress=None))
    world.draw()
    world.fleck.post(f"/v1/registrations/{made['id']}/_confirm")
    world.invoices_by("mocca")
    check_problem(world.provider.post("/v1/invoices", {"registration": made["id"]}), 409, "not-invoiceable")
    all_at_once = world.provider.post(f"/v1/editions/{PILOT}/invoices").json()
    assert all_at_once == {"issued": [], "left": [{"registration": made["id"], "why": "no-address"}]}
    world.fleck.put(f"/v1/registrations/{made['id']}/invoice-address", ADDRESS)
    issued = world.provider.post(f"/v1/editions/{PILOT}/invoices").json()
    assert issued == {"issued": ["MOCCA-2021-00001"], "left": []}
    read = world.fleck.get("/v1/invoices/MOCCA-2021-00001").json()
    assert (read["buyer"], read["ublProfile"]) == (ADDRESS, "nlcius")


def test_a_whole_edition_is_invoiced_at_once_and_again_without_harm(world: World) -> None:
    people = world.participants(4)
    world.invoices_by("mocca")
    first = world.invoice(people[2]["id"])
    path = f"/v1/editions/{PILOT}/invoices"
    issued = world.provider.post(path).json()
    assert issued == {"issued": [f"MOCCA-2021-0000{number}" for number in (2, 3, 4)], "left": []}
    assert world.provider.post(path).json() == {"issued": [], "left": []}
    items = world.provider.get("/v1/invoices").json()["items"]
    assert [one["number"] for one in items] == [first["number"], *issued["issued"]]
    order = [people[number]["id"] for number in (2, 0, 1, 3)]
    assert [one["registration"] for one in items] == order


def test_a_credit_note_takes_it_back_whole(world: World, participant: JSON) -> None:
    made = world.invoice(participant["id"])
    world.at("2022-01-05T10:00+01:00")
    answer = world.provider.post(f"/v1/invoices/{made['number']}/_credit", REASON)
    assert answer.status_code == 201, answer.text
    note = answer.json()
    assert answer.headers["location"] == f"/v1/invoices/{note['number']}"
    differs = {
        "number": "MOCCA-2022-00001",
        "kind": "credit-note",
        "status": "paid",  # nothing had been paid, so nothing is to be given back
        "issuedAt": "2022-01-05T09:00:00Z",
        "issuedOn": "2022-01-05",
        "dueOn": None,
        "openCents": 0,
        "credits": made["number"],
        "reason": REASON["reason"],
    }
    assert note == {**made, **differs}
    read = world.fleck.get(f"/v1/invoices/{made['number']}").json()
    assert read == {**made, "status": "credited", "openCents": 0, "creditedBy": note["number"]}
    credit = f"/v1/invoices/{made['number']}/_credit"
    check_problem(world.provider.post(credit, REASON), 409, "invoice-credited")
    again = world.provider.post(f"/v1/invoices/{note['number']}/_credit", REASON)
    check_problem(again, 409, "not-an-invoice")
    [event] = world.events("invoice.credited")
    assert event["subject"] == made["number"]
    assert event["data"] == {"registration": participant["id"], "creditNote": note["number"]}


def test_a_participant_is_seen_to_be_invoiced_or_not(world: World, participant: JSON) -> None:
    path = f"/v1/registrations/{participant['id']}/invoice"

    def stands() -> tuple[str, str | None]:
        read = world.fleck.get(path).json()
        return read["status"], (read["invoice"] or {}).get("number")

    assert stands() == ("not-invoiced", None)
    made = world.invoice(participant["id"])
    assert stands() == ("open", made["number"])
    world.at("2021-10-02T00:30+02:00")
    assert stands() == ("overdue", made["number"])
    world.provider.post(f"/v1/invoices/{made['number']}/_credit", REASON)
    assert stands() == ("credited", made["number"])
    again = world.invoice(participant["id"])
    assert stands() == ("open", again["number"])
    assert world.mocca.get(path).status_code == 404


def test_who_leaves_keeps_the_invoice_and_it_is_told_once(world: World, participant: JSON) -> None:
    made = world.invoice(participant["id"])
    assert _work(world) == []
    world.fleck.post(f"/v1/registrations/{participant['id']}/_withdraw")
    read = world.fleck.get(f"/v1/invoices/{made['number']}").json()
    assert read == {**made, "registrationStatus": "withdrawn"}
    for _ in range(2):
        [event] = _work(world)
        assert event["subject"] == made["number"]
        assert event["data"] == {"registration": participant["id"], "became": "withdrawn"}
    assert world.fleck.get(f"/v1/invoices/{made['number']}").json() == read


def _work(world: World) -> list[JSON]:
    """What the background work tells of those who have left."""
    world.http.portal.call(worker.once, world.app.state.database, world.app.state.clock)
    return world.events("invoice.participant-left")


def test_only_who_invoices_writes_and_each_reads_its_own(world: World) -> None:
    made = world.participant(world.mocca)
    world.invoices_by("lkca", legalName="LKCA")
    body = {"registration": made["id"]}
    refused = world.provider.post("/v1/invoices", body)
    assert (refused.status_code, "sent by lkca" in refused.text) == (403, True)
    assert world.provider.post(f"/v1/editions/{PILOT}/invoices").status_code == 403
    number = world.admin.post("/v1/invoices", body).json()["number"]
    assert number == "LKCA-2021-00001"
    for path in (f"/v1/invoices/{number}/_pay", f"/v1/invoices/{number}/_credit"):
        sent = {"paidOn": "2021-07-01"} if path.endswith("_pay") else REASON
        assert world.provider.post(path, sent).status_code == 403
    for party in (world.mocca, world.provider, world.admin):
        assert party.get(f"/v1/invoices/{number}").status_code == 200
        assert len(party.get("/v1/invoices").json()["items"]) == 1
    assert world.fleck.get(f"/v1/invoices/{number}").status_code == 404
    assert world.fleck.get("/v1/invoices").json()["items"] == []
    assert world.lkca.get("/v1/invoices").status_code == 403
    for path in ("/v1/invoices", f"/v1/editions/{PILOT}/invoices"):
        assert world.mocca.post(path, body if path == "/v1/invoices" else None).status_code == 403


def test_a_provider_of_other_editions_sees_nothing(world: World, participant: JSON) -> None:
    made = world.invoice(participant["id"])
    world.admin.patch(f"/v1/editions/{PILOT}", {"providers": ["neos"]})
    assert world.provider.get(f"/v1/invoices/{made['number']}").status_code == 404
    assert world.provider.get("/v1/invoices").json()["items"] == []
    assert world.provider.post("/v1/invoices", {"registration": participant["id"]}).status_code == 404


def test_the_list_is_filtered_and_paged(world: World) -> None:
    world.participants(3)
    world.invoices_by("mocca")
    world.at("2021-09-01T12:00+02:00")
    world.provider.post(f"/v1/editions/{PILOT}/invoices")
    first, second, third = (f"MOCCA-2021-0000{number}" for number in (1, 2, 3))
    world.provider.post(f"/v1/invoices/{first}/_pay", {"paidOn": "2021-09-01"})
    note = world.provider.post(f"/v1/invoices/{second}/_credit", REASON).json()["number"]

    def listed(**query: str) -> list[str]:
        answer = world.provider.get("/v1/invoices", params=query)
        assert answer.status_code == 200, answer.text
        return [one["number"] for one in answer.json()["items"]]

    assert listed() == [first, second, third, note]
    assert listed(sort="-number") == [note, third, second, first]
    by_status = {"open": [third], "overdue": [], "paid": [first, note], "credited": [second]}
    assert {status: listed(status=status) for status in by_status} == by_status
    world.at("2021-10-01T23:30+02:00")
    assert listed(status="overdue") == []
    world.at("2021-10-02T00:30+02:00")
    assert (listed(status="overdue"), listed(status="open")) == ([third], [])
    read = world.provider.get(f"/v1/invoices/{third}").json()
    assert read["status"] == "overdue"
    assert listed(partner="fleck") == listed(edition="voorbeeld") == []
    assert listed(partner="mocca", edition=PILOT) == listed()
    page = world.provider.get("/v1/invoices?limit=3").json()
    rest = world.provider.get("/v1/invoices", params={"limit": "3", "cursor": page["nextCursor"]}).json()
    assert [one["number"] for one in rest["items"]] == [note]
    assert rest["nextCursor"] is None
    assert world.provider.get("/v1/invoices?status=late").status_code == 400


def test_the_documents_are_sent_as_files(world: World, participant: JSON) -> None:
    number = world.invoice(participant["id"])["number"]
    for part, kind, ending, begin in (
        ("pdf", "application/pdf", "pdf", b"%PDF-"),
        ("ubl", "application/xml", "xml", b"<?xml"),
    ):
        answer = world.fleck.get(f"/v1/invoices/{number}/{part}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-disposition"] == f'attachment; filename="{number}.{ending}"'
        assert answer.content.startswith(begin)
        assert world.mocca.get(f"/v1/invoices/{number}/{part}").status_code == 404
        assert world.fleck.get(f"/v1/invoices/MOCCA-2021-09999/{part}").status_code == 404
