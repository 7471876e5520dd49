"""Payments: in parts, undone, given back; never more than is open."""

import pytest

from tests.invoices.test_invoices import REASON, check_problem
from tests.world import JSON, World


@pytest.fixture
def number(world: World) -> str:
    """An invoice of 750 euros."""
    made = world.participant()
    world.invoices_by("mocca")
    world.at("2021-09-20T10:00+02:00")
    issued: str = world.invoice(made["id"])["number"]
    return issued


def _pay(world: World, number: str, cents: int | None = None, **more: object) -> JSON:
    body = {"paidOn": "2021-09-20", **({"amountCents": cents} if cents is not None else {}), **more}
    answer = world.provider.post(f"/v1/invoices/{number}/_pay", body)
    assert answer.status_code == 200, answer.text
    paid: JSON = answer.json()
    return paid


def _stands(read: JSON) -> tuple[str, int, int]:
    return read["status"], read["paidCents"], read["openCents"]


def test_it_is_paid_whole_unless_an_amount_is_given(world: World, number: str) -> None:
    paid = _pay(world, number, note="Afschrift 118")
    assert _stands(paid) == ("paid", 75_000, 0)
    assert paid["payments"] == [
        {
            "paidOn": "2021-09-20",
            "amountCents": 75_000,
            "note": "Afschrift 118",
            "recordedBy": world.provider.id,
            "recordedAt": "2021-09-20T08:00:00Z",
        }
    ]
    assert world.fleck.get(f"/v1/invoices/{number}").json() == paid
    [event] = world.events("invoice.paid")
    assert event["data"]["openCents"] == 0


def test_it_is_paid_in_parts_and_a_part_undone(world: World, number: str) -> None:
    assert _stands(_pay(world, number, 25_000)) == ("open", 25_000, 50_000)
    assert _stands(_pay(world, number, 50_000)) == ("paid", 75_000, 0)
    assert _stands(_pay(world, number, 50_000, undone=True)) == ("open", 25_000, 50_000)
    paid = _pay(world, number)
    assert [one["amountCents"] for one in paid["payments"]] == [25_000, 50_000, -50_000, 50_000]
    assert _stands(_pay(world, number, undone=True)) == ("open", 0, 75_000)
    told = [event["type"] for event in world.events() if event["subject"] == number]
    assert told == [
        "invoice.issued",
        "invoice.partly-paid",
        "invoice.paid",
        "invoice.payment-undone",
        "invoice.paid",
        "invoice.payment-undone",
    ]


def test_no_more_is_paid_than_is_open_and_no_more_undone_than_was_paid(world: World, number: str) -> None:
    path = f"/v1/invoices/{number}/_pay"
    for more in ({"amountCents": 75_001}, {"amountCents": 1, "undone": True}, {"undone": True}):
        answer = world.provider.post(path, {"paidOn": "2021-09-20", **more})
        problem = check_problem(answer, 409, "amount-not-open")
        assert (problem["openCents"], problem["paidCents"]) == (75_000, 0)
    _pay(world, number)
    check_problem(world.provider.post(path, {"paidOn": "2021-09-20"}), 409, "amount-not-open")
    assert _stands(world.fleck.get(f"/v1/invoices/{number}").json()) == ("paid", 75_000, 0)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/paidOn"),
        ({"paidOn": "2021-09-21"}, "#/paidOn"),
        ({"paidOn": "20-09-2021"}, "#/paidOn"),
        ({"paidOn": "2021-09-20", "amountCents": 0}, "#/amountCents"),
        ({"paidOn": "2021-09-20", "amountCents": -1}, "#/amountCents"),
        ({"paidOn": "2021-09-20", "amountCents": 1.5}, "#/amountCents"),
        ({"paidOn": "2021-09-20", "amountCents": "75000"}, "#/amountCents"),
    ],
)
def test_what_is_no_payment_is_refused(world: World, number: str, body: JSON, pointer: str) -> None:
    answer = world.provider.post(f"/v1/invoices/{number}/_pay", body)
    assert answer.status_code == 400, answer.text
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_what_was_paid_on_a_credited_invoice_is_given_back_on_the_credit_note(
    world: World, number: str
) -> None:
    _pay(world, number, 25_000)
    note = world.provider.post(f"/v1/invoices/{number}/_credit", REASON).json()
    assert _stands(note) == ("open", 0, 25_000)
    world.at("2023-01-01T00:00Z")
    assert _stands(world.fleck.get(f"/v1/invoices/{note['number']}").json()) == ("open", 0, 25_000)
    answer = world.provider.post(f"/v1/invoices/{number}/_pay", {"paidOn": "2021-09-20"})
    check_problem(answer, 409, "invoice-credited")
    assert _stands(_pay(world, note["number"])) == ("paid", 25_000, 0)
    assert _stands(world.fleck.get(f"/v1/invoices/{number}").json()) == ("credited", 25_000, 0)


def test_the_same_payment_sent_twice_with_a_key_counts_once(world: World, number: str) -> None:
    body, headers = {"paidOn": "2021-09-20", "amountCents": 25_000}, {"Idempotency-Key": '"afschrift-118"'}
    path = f"/v1/invoices/{number}/_pay"
    first, second = (world.provider.post(path, body, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert _stands(world.fleck.get(f"/v1/invoices/{number}").json()) == ("open", 25_000, 50_000)
