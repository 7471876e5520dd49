"""The waiting list over HTTP: who gets a seat that falls free, also when many fall free at once."""

from collections import Counter
from functools import partial
from typing import Any

from app.worker import once
from tests.conftest import sql
from tests.world import JSON, PILOT, Party, World

QUOTAS = {"fleck": (2, 4), "kunst-centraal": (5, 8)}


def _set(world: World, capacity: int, quotas: dict[str, tuple[int, int]], **change: Any) -> None:
    body = {
        "capacity": capacity,
        "quotas": [
            {"organisation": partner, "minimum": minimum, "maximum": maximum}
            for partner, (minimum, maximum) in quotas.items()
        ],
        **change,
    }
    assert world.admin.patch(f"/v1/editions/{PILOT}", body).status_code == 200


def _in_status(world: World, status: str) -> list[JSON]:
    items: list[JSON] = world.admin.get(f"/v1/registrations?status={status}&limit=100").json()["items"]
    return items


def test_twenty_seats_given_up_at_once_go_to_twenty_others(world: World) -> None:
    _set(world, 20, QUOTAS)
    parties = {"fleck": world.fleck, "mocca": world.mocca, "kunst-centraal": world.kunst_centraal}
    intake: list[Party] = [
        parties[slug]
        for slug, count in (("fleck", 10), ("mocca", 20), ("kunst-centraal", 15))
        for _ in range(count)
    ]
    for start in range(0, len(intake), 15):
        world.http.together([partial(world.complete, party) for party in intake[start : start + 15]])
    world.draw()
    seated = _in_status(world, "placed")
    line = {one["id"]: one["waitingNumber"] for one in _in_status(world, "waitlisted")}
    assert (len(seated), len(line)) == (20, 25)

    leave = [
        partial(parties[one["partner"]].post, f"/v1/registrations/{one['id']}/_withdraw") for one in seated
    ]
    assert Counter(answer.status_code for answer in world.http.together(leave)) == {200: 20}
    placed, waiting = _in_status(world, "placed"), _in_status(world, "waitlisted")
    assert {one["id"] for one in placed} | {one["id"] for one in waiting} == set(line)
    assert (len(placed), len(waiting), len(_in_status(world, "withdrawn"))) == (20, 5, 20)
    seats = world.http.get(f"/v1/editions/{PILOT}").json()["seats"]
    assert seats == {"capacity": 20, "taken": 20, "free": 0, "waiting": 5}
    taken = Counter(one["partner"] for one in placed)
    assert [partner for partner, (low, high) in QUOTAS.items() if not low <= taken[partner] <= high] == []
    offers = sql(world.database_url, "SELECT registration::text, waiting_number FROM seat_offer")
    assert {one["registration"]: one["waiting_number"] for one in offers} == {
        one["id"]: line[one["id"]] for one in placed
    }
    assert len(offers) == 20
    for slug in parties:  # of one partner nobody is passed over
        own = [one["waitingNumber"] for one in placed if one["partner"] == slug]
        rest = [one["waitingNumber"] for one in waiting if one["partner"] == slug]
        assert not rest or max(own) < min(rest)


def test_an_offer_that_lapses_moves_on_and_each_has_a_term_of_its_own(world: World) -> None:
    _set(world, 1, {}, answerDays=14)
    for _ in range(3):
        world.complete(world.mocca)
    world.draw()
    second, third = sorted(_in_status(world, "waitlisted"), key=lambda one: one["waitingNumber"])
    for moment, holder, answer_by in (
        ("2021-07-20T10:00+02:00", second, "2021-08-03T08:00:00Z"),
        ("2021-08-03T10:00+02:00", third, "2021-08-17T08:00:00Z"),
    ):
        world.at(moment)
        world.http.portal.call(once, world.app.state.database, world.app.state.clock)
        [placed] = _in_status(world, "placed")
        assert (placed["id"], placed["answerBy"]) == (holder["id"], answer_by)
    assert len(_in_status(world, "lapsed")) == 2


def test_a_seat_that_was_confirmed_and_given_back_passes_on(world: World) -> None:
    _set(world, 1, {})
    for _ in range(2):
        world.complete(world.mocca)
    world.draw()
    [first], [second] = _in_status(world, "placed"), _in_status(world, "waitlisted")
    assert world.mocca.post(f"/v1/registrations/{first['id']}/_confirm").status_code == 200
    assert world.mocca.post(f"/v1/registrations/{first['id']}/_withdraw").status_code == 200
    assert [one["id"] for one in _in_status(world, "placed")] == [second["id"]]
