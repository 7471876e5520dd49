"""Who has not been told before the summer holiday what became of their registration."""

from typing import Any

import pytest

from tests.notifications.post_office import Postman, PostOffice
from tests.world import PILOT, Party, World

PATH = f"/v1/editions/{PILOT}/untold-outcomes"


def _untold(party: Party) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = party.get(PATH).json()["items"]
    return items


@pytest.fixture
def drawn(world: World) -> list[dict[str, Any]]:
    """Two of FleCk's and one of Mocca's, of whom one is on the waiting list; nobody was told."""
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 2, "quotas": []})
    made = [world.complete(), world.complete(), world.complete(world.mocca)]
    world.draw()
    return [world.admin.get(f"/v1/registrations/{one['id']}").json() for one in made]


def test_everybody_with_an_outcome_is_in_it_until_the_message_was_sent(
    world: World, office: PostOffice, postman: Postman, drawn: list[dict[str, Any]]
) -> None:
    untold = _untold(world.admin)
    assert {one["registration"]: one["outcome"] for one in untold} == {
        one["id"]: one["status"] for one in drawn
    }
    assert {one["since"] for one in untold} == {"2021-07-06T08:00:00Z"}
    assert {(one["message"], one["messageStatus"]) for one in untold} == {(None, None)}
    postman.collect()
    assert {one["messageStatus"] for one in _untold(world.admin)} == {"pending"}
    # First the three forms that were received, then the outcomes, of which one is refused.
    office.at_recipient = [*[""] * 4, "550 5.1.1 No such user"]
    postman.send()
    (left,) = _untold(world.admin)
    assert (left["messageStatus"], left["lastError"]) == ("failed", "550 5.1.1 at RCPT TO")
    assert left["message"]
    world.admin.post(f"/v1/messages/{left['message']}/_retry")
    postman.send()
    assert _untold(world.admin) == []


def test_a_partner_sees_its_own_and_can_say_that_somebody_was_told(
    world: World, drawn: list[dict[str, Any]]
) -> None:
    Postman(world, None).collect()
    mine = _untold(world.fleck)
    assert {one["registration"] for one in mine} == {one["id"] for one in drawn[:2]}
    assert len(_untold(world.mocca)) == 1
    told = mine[0]["registration"]
    path = f"/v1/registrations/{told}/_told"
    assert world.mocca.post(path, {"reason": "Gebeld."}).status_code == 404
    assert world.fleck.post(path, {}).status_code == 400
    answer = world.fleck.post(path, {"reason": "Gebeld op 6 juli."})
    assert (answer.status_code, answer.json()["id"]) == (200, told)
    assert told not in {one["registration"] for one in _untold(world.admin)}
    (event,) = world.events("registration.told")
    assert event["data"] == {"outcome": mine[0]["outcome"], "reason": "Gebeld op 6 juli."}
    again = world.fleck.post(path, {"reason": "Nog eens gebeld."})
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "no-untold-outcome")


def test_a_new_outcome_has_to_be_told_anew(world: World, drawn: list[dict[str, Any]]) -> None:
    waiting = next(one for one in drawn if one["status"] == "waitlisted")
    placed = next(one for one in drawn if one["status"] == "placed")
    world.admin.post(f"/v1/registrations/{waiting['id']}/_told", {"reason": "Gebeld."})
    assert waiting["id"] not in {one["registration"] for one in _untold(world.admin)}
    world.admin.post(f"/v1/registrations/{placed['id']}/_decline")
    untold = {one["registration"]: one["outcome"] for one in _untold(world.admin)}
    assert untold[waiting["id"]] == "placed"
    # Who declined knows it.
    assert placed["id"] not in untold


def test_there_is_nothing_to_tell_before_there_is_an_outcome(world: World) -> None:
    made = world.complete()
    assert _untold(world.admin) == []
    assert world.fleck.post(f"/v1/registrations/{made['id']}/_told", {"reason": "x"}).status_code == 409
    assert world.admin.get("/v1/editions/nowhere/untold-outcomes").status_code == 404
    world.fleck.post(f"/v1/registrations/{made['id']}/_reject")
    assert [one["outcome"] for one in _untold(world.fleck)] == ["rejected"]


def test_an_edition_whose_partners_write_themselves_is_told_by_them(world: World, office: PostOffice) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"mailsApplicants": False})
    made = world.complete()
    world.draw()
    Postman(world, office.port).round()
    (one,) = _untold(world.fleck)
    assert one["message"] is None
    world.fleck.post(f"/v1/registrations/{made['id']}/_told", {"reason": "Eigen brief van 6 juli."})
    assert _untold(world.fleck) == []


def test_it_comes_in_pages(world: World, drawn: list[dict[str, Any]]) -> None:
    page = world.admin.get(PATH, params={"limit": "2"}).json()
    rest = world.admin.get(PATH, params={"limit": "2", "cursor": page["nextCursor"]}).json()
    seen = [one["registration"] for one in page["items"] + rest["items"]]
    assert sorted(seen) == seen
    assert set(seen) == {one["id"] for one in drawn}
