"""Where an invoice goes: the form's answer, whatever form it was, or what was put in its place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.invoices.addresses import from_answers
from app.invoices.document import Buyer
from tests.world import ADDRESS, JSON, World, form

WHOLE = {"name": "Het Lyceum", "street": "Schoolstraat 1", "postalCode": "1315 AA", "city": "Almere"}


@pytest.mark.parametrize(
    ("given_address", "more"),
    [
        (WHOLE, {}),
        ({**WHOLE, "reference": None}, {}),
        ({**WHOLE, "reference": "Kostenplaats 42"}, {"reference": "Kostenplaats 42"}),
        (
            {**WHOLE, "costCentre": "4210", "orderNumber": "INK-77", "somethingNew": {"x": 1}},
            {"cost_centre": "4210", "order_number": "INK-77"},
        ),
    ],
)
def test_a_form_of_any_age_is_read(given_address: JSON, more: dict[str, str]) -> None:
    expected = Buyer("Het Lyceum", "Schoolstraat 1", "1315 AA", "Almere", **more)
    assert from_answers({"consent": True, "invoiceAddress": given_address}) == expected


@pytest.mark.parametrize(
    "answers",
    [
        None,
        {},
        {"invoiceAddress": None},
        {"invoiceAddress": "Schoolstraat 1"},
        *({"invoiceAddress": {**WHOLE, name: value}} for name in WHOLE for value in (None, "", "  ", 1)),
    ],
)
def test_half_an_address_is_none(answers: JSON | None) -> None:
    assert from_answers(answers) is None


@given(st.dictionaries(st.sampled_from([*WHOLE, "reference"]), st.sampled_from(["", " ", "x", None, 1, []])))
def test_whatever_a_form_holds_is_an_address_or_none(address: dict[str, Any]) -> None:
    buyer = from_answers({"invoiceAddress": address})
    assert buyer is None or all((buyer.name, buyer.street, buyer.postal_code, buyer.city))


def test_it_is_the_forms_until_somebody_puts_another_in_its_place(world: World) -> None:
    made = world.complete()
    path = f"/v1/registrations/{made['id']}/invoice-address"
    before = world.fleck.get(path).json()
    assert (before["source"], before["address"]["city"]) == ("form", "Almere")
    assert (before["ublProfile"], before["correctedAt"]) == ("en16931", None)
    world.at("2021-06-20T09:00+02:00")
    changed = world.fleck.put(path, ADDRESS)
    assert changed.status_code == 200, changed.text
    assert changed.json() == {
        "registration": made["id"],
        "source": "corrected",
        "address": ADDRESS,
        "ublProfile": "nlcius",
        "correctedAt": "2021-06-20T07:00:00Z",
    }
    for party in (world.fleck, world.provider, world.admin):
        assert party.get(path).json() == changed.json()
        assert party.put(path, ADDRESS).status_code == 200
    assert world.mocca.get(path).status_code == world.mocca.put(path, ADDRESS).status_code == 404
    assert world.lkca.get(path).status_code == 403
    [event, *_] = world.events("registration.invoice-address-changed")
    assert (event["partner"], event["data"]) == ("fleck", {})


def test_it_is_nowhere_while_the_form_has_not_come_back(world: World) -> None:
    made = world.register()
    path = f"/v1/registrations/{made['id']}/invoice-address"
    nothing = {"source": None, "address": None, "ublProfile": None, "correctedAt": None}
    assert world.fleck.get(path).json() == {"registration": made["id"], **nothing}
    world.http.put(f"/v1/enrolment-forms/{made['enrolmentForm']['token']}", json=form(invoiceAddress=None))
    assert world.fleck.get(path).json()["source"] is None
    assert world.fleck.put(path, WHOLE).json()["source"] == "corrected"


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("kvkNumber", "123", "kvk-number"),
        ("oin", "123", "oin"),
        ("countryCode", "XX", "country"),
        ("countryCode", "nl", "country"),
        ("email", "x", "email"),
        ("name", " ", "string-too-short"),
        ("vatNumber", "NL123456782B01", "extra-forbidden"),
    ],
)
def test_what_is_wrong_with_it_is_told(world: World, member: str, value: str, code: str) -> None:
    made = world.register()
    answer = world.fleck.put(f"/v1/registrations/{made['id']}/invoice-address", {**ADDRESS, member: value})
    assert answer.status_code == 400
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [(f"#/{member}", code)]
