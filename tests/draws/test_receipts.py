"""The receipt: what a draw meant for one applicant, behind their own link."""

from typing import Any

import pytest

from tests.conftest import sql
from tests.world import JSON, PILOT, Party, World

FLECK = [{"organisation": "fleck", "minimum": 1, "maximum": 1}]


def _terms(world: World, capacity: int, quotas: list[JSON] | None = None) -> None:
    body = {"capacity": capacity, "quotas": quotas or []}
    assert world.admin.patch(f"/v1/editions/{PILOT}", body).status_code == 200


def _people(world: World, party: Party, number: int) -> dict[str, str]:
    """Complete registrations, with the token of each."""
    made = [world.complete(party) for _ in range(number)]
    return {one["id"]: one["enrolmentForm"]["token"] for one in made}


def _receipt(world: World, token: str, **headers: str) -> JSON:
    answer = world.http.get(f"/v1/draw-receipts/{token}", headers=headers)
    assert answer.status_code == 200, answer.text
    receipt: JSON = answer.json()
    return receipt


def _why(world: World, token: str) -> list[str]:
    """The reasons, in English."""
    why: list[str] = _receipt(world, token, **{"Accept-Language": "en"})["why"]
    return why


def _page(world: World, token: str, language: str = "nl") -> Any:
    headers = {"Accept": "text/html", "Accept-Language": language}
    return world.http.get(f"/v1/draw-receipts/{token}", headers=headers)


def _in_status(party: Party, status: str) -> list[str]:
    items = party.get(f"/v1/registrations?status={status}").json()["items"]
    return [one["id"] for one in sorted(items, key=lambda one: one["waitingNumber"] or 0)]


def _in_line(world: World, *registrations: str) -> None:
    """Put the waiting list in this order."""
    updates = [
        f"UPDATE registration SET waiting_number = {number} WHERE id = '{id}'"
        for number, id in enumerate(registrations, start=101)
    ]
    sql(world.database_url, *updates)


@pytest.mark.parametrize(("language", "said"), [("nl", "geen loting"), ("en", "no draw")])
def test_a_link_behind_which_there_is_no_draw(world: World, language: str, said: str) -> None:
    [token] = _people(world, world.mocca, 1).values()
    for unknown in (token, "unknown", "x" * 200):
        answer = world.http.get(f"/v1/draw-receipts/{unknown}")
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (404, "not-found")
        page = _page(world, unknown, language)
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert said in page.text
        assert "script" not in page.headers["content-security-policy"]


def test_nothing_leaks_before_the_result_is_published(world: World) -> None:
    _terms(world, 1)
    people = _people(world, world.mocca, 3)
    announced = world.announce()
    before = {token: (_receipt(world, token), _page(world, token).text) for token in people.values()}
    for receipt, page in before.values():
        assert (receipt["status"], receipt["chance"], receipt["partnerName"]) == ("announced", "1/3", "Mocca")
        assert receipt["label"] in {one["label"] for one in announced["list"]["candidates"]}
        assert receipt["listHash"] == announced["listHash"]
        assert "33,3% (1/3)" in page
    world.run(announced)
    for token, (receipt, page) in before.items():
        assert _receipt(world, token) == {**receipt, "status": "run"}
        assert [receipt[name] for name in ("lot", "outcome", "number", "placeInLine", "passedOver")] == [
            None,
            None,
            None,
            None,
            [],
        ]
        assert _page(world, token).text == page


def test_lot_outcome_and_why(world: World) -> None:
    _terms(world, 2)
    people = _people(world, world.mocca, 4)
    record = world.draw()
    lots = {one["label"]: one for one in record["outcome"]["lots"]}
    seen = set()
    for token in people.values():
        receipt = _receipt(world, token)
        own = lots[receipt["label"]]
        names = ("label", "lot", "outcome", "number")
        assert {name: receipt[name] for name in names} == own
        seen.add(own["label"])
        lot, number = own["lot"], own["number"]
        if own["outcome"] == "placed":
            assert receipt["why"] == [f"Je lotnummer is {lot}: plaats {number} van 2."]
            assert _why(world, token) == [f"Your lot is number {lot}: seat {number} of 2."]
        else:
            assert receipt["placeInLine"] == number
            assert _why(world, token) == [
                f"Your lot is number {lot}: number {number} on the waiting list.",
                f"You are number {number} on the waiting list now.",
            ]
    assert seen == set(lots)


def test_when_nothing_had_to_be_drawn(world: World) -> None:
    [token] = _people(world, world.mocca, 1).values()
    world.draw()
    receipt = _receipt(world, token)
    assert (receipt["chance"], receipt["lot"], receipt["number"]) == ("1", None, None)
    assert _why(world, token) == ["There were enough seats, so no draw was needed: you have a seat."]


def test_passed_over_because_the_partner_was_at_its_maximum(world: World) -> None:
    _terms(world, 2, FLECK)
    flevoland, amsterdam = _people(world, world.fleck, 2), _people(world, world.mocca, 4)
    world.draw()
    [passed], rest = (
        _in_status(world.fleck, "waitlisted"),
        _in_status(world.mocca, "waitlisted"),
    )
    _in_line(world, passed, *rest)
    token = flevoland[passed]
    assert _receipt(world, token)["passedOver"] == []
    for times, (often, vaak) in enumerate((("once", "Eén keer"), ("twice", "2 keer")), start=1):
        [seated] = _in_status(world.mocca, "placed")
        world.mocca.post(f"/v1/registrations/{seated}/_withdraw")
        receipt = _receipt(world, token)
        assert receipt["passedOver"] == [{"times": times, "why": "partner-at-maximum"}]
        assert receipt["why"][-1] == f"{vaak} overgeslagen, omdat FleCk aan het maximum zat."
        assert _why(world, token)[-1] == f"Passed over {often}, because FleCk was at its maximum."
        assert receipt["placeInLine"] == 1
    offered = _why(world, amsterdam[rest[0]])
    assert offered[1:] == ["Your registration was withdrawn."]
    assert _why(world, amsterdam[rest[1]])[1:] == ["A seat fell free and it is yours."]


def test_passed_over_because_another_partner_was_under_its_minimum(world: World) -> None:
    _terms(world, 2, FLECK)
    _people(world, world.fleck, 2)
    amsterdam = _people(world, world.mocca, 3)
    world.draw()
    [behind], first = (
        _in_status(world.fleck, "waitlisted"),
        _in_status(world.mocca, "waitlisted"),
    )
    _in_line(world, *first, behind)
    [seated] = _in_status(world.fleck, "placed")
    world.fleck.post(f"/v1/registrations/{seated}/_withdraw")
    token = amsterdam[first[0]]
    assert _receipt(world, token)["passedOver"] == [{"times": 1, "why": "other-partner-under-minimum"}]
    assert _why(world, token)[-1] == (
        "Passed over once, because another partner was under its minimum and then goes first."
    )


def test_who_left_the_list_was_not_passed_over_afterwards(world: World) -> None:
    _terms(world, 1)
    people = _people(world, world.mocca, 3)
    world.draw()
    first, _ = _in_status(world.mocca, "waitlisted")
    [seated] = _in_status(world.mocca, "placed")
    for one in (first, seated):
        world.mocca.post(f"/v1/registrations/{one}/_withdraw")
    receipt = _receipt(world, people[first])
    assert (receipt["passedOver"], receipt["placeInLine"]) == ([], None)
    assert receipt["why"][1:] == ["Je aanmelding is ingetrokken."]


def test_who_withdrew_between_the_freeze_and_the_run_keeps_the_lot(world: World) -> None:
    _terms(world, 1)
    people = _people(world, world.mocca, 3)
    announced = world.announce()
    gone, *stayed = people
    world.mocca.post(f"/v1/registrations/{gone}/_withdraw")
    world.run(announced)
    record = world.publish(announced)
    receipt = _receipt(world, people[gone])
    assert record["outcome"]["withdrawn"] == [receipt["label"]]
    own = next(one for one in record["outcome"]["lots"] if one["label"] == receipt["label"])
    assert (receipt["lot"], receipt["outcome"], receipt["number"]) == (
        own["lot"],
        own["outcome"],
        own["number"],
    )
    assert receipt["why"][-1] == "Je aanmelding is ingetrokken."
    [placed] = _in_status(world.mocca, "placed")
    assert placed in stayed
    if own["outcome"] == "placed":
        assert _why(world, people[placed])[1:] == ["A seat fell free and it is yours."]


def test_the_receipt_is_that_of_the_latest_draw_and_says_when_it_does_not_count(world: World) -> None:
    _terms(world, 1)
    token, _ = _people(world, world.mocca, 2).values()
    announced = world.announce()
    first = _receipt(world, token)
    world.run(announced)
    world.admin.post(f"/v1/draws/{announced['id']}/_void", {"reason": "Verkeerde bron."})
    void = _receipt(world, token)
    assert (void["lot"], void["why"]) == (None, ["Deze loting telt niet: Verkeerde bron."])
    again = world.announce()
    receipt = _receipt(world, token)
    assert (receipt["draw"], receipt["status"]) == (again["id"], "announced")
    assert receipt["label"] != first["label"]


def test_until_when_to_answer(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"answerDays": 14})
    [token] = _people(world, world.mocca, 1).values()
    world.draw()
    assert _receipt(world, token)["answerBy"] == "2021-07-20T08:00:00Z"
    by = '<time datetime="2021-07-20T08:00:00Z">{}</time>'
    assert by.format("dinsdag 20 juli 2021, 10.00 uur") in _page(world, token).text
    assert by.format("Tuesday 20 July 2021, 10:00") in _page(world, token, "en").text
