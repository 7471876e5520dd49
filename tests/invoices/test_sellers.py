"""What an organisation needs to invoice: kept by administrators, checked, not public."""

from typing import Any

import pytest

from tests.world import JSON, SELLER, STANDARD_RATE, World

PATH = "/v1/organisations/mocca/invoicing"


def _faults(world: World, **change: Any) -> dict[str, str]:
    body = {name: value for name, value in {**SELLER, **change}.items() if value is not ...}
    answer = world.admin.put(PATH, body)
    assert answer.status_code == 400, answer.text
    return {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]}


def test_the_details_are_kept_as_they_are_written_by_machines(world: World) -> None:
    assert world.admin.get(PATH).json() == {"organisation": "mocca", "details": None}
    answer = world.admin.put(PATH, {**SELLER, "iban": "nl91 abna 0417.1643-00"})
    assert answer.status_code == 200, answer.text
    details = answer.json()["details"]
    assert (details["iban"], details["numberPrefix"]) == ("NL91ABNA0417164300", "MOCCA")
    assert details["vat"] == {**SELLER["vat"], "ratePercent": 0, "priceIncludesVat": False}
    assert world.admin.get(PATH).json() == answer.json()
    [event] = world.events("organisation.invoicing-changed")
    assert (event["subject"], event["data"]) == ("mocca", {})


def test_they_are_replaced_whole(world: World) -> None:
    world.admin.put(PATH, SELLER)
    body = {**SELLER, "vat": STANDARD_RATE, "numberPrefix": "FACT"}
    del body["bic"]
    details = world.admin.put(PATH, body).json()["details"]
    assert (details["bic"], details["numberPrefix"], details["vat"]["ratePercent"]) == (None, "FACT", 21)


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("iban", "NL91ABNA0417164301", "iban"),
        ("iban", "NL91", "iban"),
        ("iban", "x" * 200, "iban"),
        ("bic", "ABNA", "bic"),
        ("vatNumber", "NL123456789B01", "vat-number"),
        ("vatNumber", "123456782", "vat-number"),
        ("kvkNumber", "1234567", "kvk-number"),
        ("numberPrefix", "mocca", "string-pattern-mismatch"),
        ("numberPrefix", "1A", "string-pattern-mismatch"),
        ("paymentDays", -1, "greater-than-equal"),
        ("paymentDays", 30.5, "int-type"),
        ("email", "geen adres", "email"),
        ("legalName", "", "string-too-short"),
        ("vat", ..., "missing"),
    ],
)
def test_what_is_wrong_is_told(world: World, member: str, value: object, code: str) -> None:
    assert _faults(world, **{member: value}) == {f"#/{member}": code}


VAT = SELLER["vat"]


@pytest.mark.parametrize(
    ("vat", "code"),
    [
        ({"category": "E"}, "exemption-reason"),
        ({**VAT, "ratePercent": 21}, "rate"),
        ({"category": "S"}, "rate"),
        ({**VAT, "category": "S", "ratePercent": 21}, "exemption-reason"),
        ({**STANDARD_RATE, "exemptionReasonCode": "VATEX-EU-132-1I"}, "exemption-reason"),
    ],
)
def test_vat_is_as_its_category_asks(world: World, vat: JSON, code: str) -> None:
    assert _faults(world, vat=vat) == {"#/vat": code}
    answer = world.admin.patch("/v1/editions/voorbeeld", {"vat": vat})
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"#/vat"}


def test_all_faults_are_told_at_once(world: World) -> None:
    told = _faults(world, iban="NL00", kvkNumber="1", vatNumber="NL", email="x")
    assert told == {
        "#/iban": "iban",
        "#/kvkNumber": "kvk-number",
        "#/vatNumber": "vat-number",
        "#/email": "email",
    }


def test_no_two_organisations_give_the_same_numbers(world: World) -> None:
    world.admin.put(PATH, SELLER)
    answer = world.admin.put("/v1/organisations/fleck/invoicing", {**SELLER, "numberPrefix": "MOCCA"})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "prefix-taken")
    assert world.admin.get("/v1/organisations/fleck/invoicing").json()["details"] is None
    kept = world.admin.put("/v1/organisations/kunst-centraal/invoicing", SELLER).json()
    assert kept["details"]["numberPrefix"] == "KUNSTCENTRAAL"


def test_a_slug_that_makes_no_prefix_asks_for_one(world: World) -> None:
    world.admin.post("/v1/organisations", {"slug": "3d-atelier", "name": "3D", "roles": ["provider"]})
    path = "/v1/organisations/3d-atelier/invoicing"
    answer = world.admin.put(path, SELLER)
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/numberPrefix"]
    assert world.admin.put(path, {**SELLER, "numberPrefix": "DRIED"}).status_code == 200


def test_there_is_nothing_to_lay_down_for_nobody(world: World) -> None:
    assert world.admin.get("/v1/organisations/niemand/invoicing").status_code == 404
    assert world.admin.put("/v1/organisations/niemand/invoicing", SELLER).status_code == 404


def test_an_edition_has_its_own_price_vat_and_seller(world: World) -> None:
    path = "/v1/editions/voorbeeld"
    before = world.http.get(path).json()
    assert (before["priceCents"], before["invoicedBy"], before["vat"]) == (75_000, None, None)
    change = {"priceCents": 60_000, "invoicedBy": "kunst-centraal", "vat": STANDARD_RATE}
    changed = world.admin.patch(path, change).json()
    assert (changed["priceCents"], changed["invoicedBy"]) == (60_000, "kunst-centraal")
    assert changed["vat"] == {
        **STANDARD_RATE,
        "exemptionReason": None,
        "exemptionReasonCode": None,
        "priceIncludesVat": False,
    }
    assert world.http.get(path).json() == changed
    cleared = world.admin.patch(path, dict.fromkeys(change)).json()
    assert cleared == before
    for member, value in (("priceCents", -1), ("priceCents", 1.5), ("invoicedBy", "niemand")):
        answer = world.admin.patch(path, {member: value})
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [f"#/{member}"]


def test_a_new_edition_may_have_them_from_the_start(world: World) -> None:
    body = {
        "slug": "zuid-2027",
        "training": "cultuurcoordinator-vo",
        "title": "Zuid",
        "region": "Zuid",
        "window": {"opensAt": "2027-06-08T00:00:00Z", "closesAt": "2027-07-06T00:00:00Z"},
        "capacity": 20,
        "priceCents": 80_000,
        "invoicedBy": "lkca",
        "vat": SELLER["vat"],
    }
    made = world.admin.post("/v1/editions", body)
    assert made.status_code == 201, made.text
    assert (made.json()["priceCents"], made.json()["invoicedBy"]) == (80_000, "lkca")
    assert made.json()["vat"]["exemptionReason"] == SELLER["vat"]["exemptionReason"]
