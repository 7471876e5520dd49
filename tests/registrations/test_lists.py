"""Lists of registrations: pages, filters, search."""

from collections.abc import Callable
from functools import partial
from random import Random
from uuid import UUID

import pytest
from httpx import Response

from app.registrations import search
from tests.world import World, registration


def test_pages_hold_every_registration_once_in_order(world: World) -> None:
    made = [world.register()["id"] for _ in range(7)]
    seen, path = [], "/v1/registrations?limit=3"
    while path:
        answer = world.fleck.get(path)
        seen += [item["id"] for item in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url", "")
    assert seen == made


def test_a_page_that_ends_the_list_has_no_next(world: World) -> None:
    for _ in range(3):
        world.register()
    answer = world.fleck.get("/v1/registrations?limit=3")
    assert (answer.json()["nextCursor"], "link" in answer.headers) == (None, False)


NAMES = ["Bos", "Éénhoorn", "de Wit", "bosch", "Bos", "Ångström", "IJzer", "Ĳzer", "’t", "Bos-Vos", "Bos Vos"]


def pages(world: World, query: str, between: Callable[[], object] = lambda: None) -> list[str]:
    """The ids of a whole list, page by page, with something done after each."""
    seen, path = [], f"/v1/registrations?{query}"
    while path:
        answer = world.fleck.get(path)
        assert answer.status_code == 200, answer.text
        seen += [item["id"] for item in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url", "")
        between()
    return seen


def test_a_list_is_sorted_as_asked(world: World) -> None:
    made = []
    for n, name in enumerate(NAMES):
        world.at(f"2021-06-{20 - n}T09:00+02:00")
        made.append(world.register(applicant={"familyName": name, "givenName": f"Given {n % 3}"}))
    by_time = [one["id"] for one in reversed(made)]
    key = {
        one["id"]: search.name_key(one["applicant"]["familyName"], f"Given {n % 3}")
        for n, one in enumerate(made)
    }
    by_name = sorted(key, key=lambda id: (key[id].encode(), UUID(id)))
    folded = [key[id].partition("\t")[0] for id in by_name]
    assert folded == [
        *(
            "'t",
            "angstrom",
            "bos",
            "bos",
            "bos vos",
            "bos-vos",
            "bosch",
            "de wit",
            "eenhoorn",
            "ijzer",
            "ijzer",
        ),
    ]
    for limit in (1, 4, 100):
        assert pages(world, f"limit={limit}") == pages(world, f"limit={limit}&sort=receivedAt") == by_time
        assert pages(world, f"limit={limit}&sort=-receivedAt") == by_time[::-1]
        assert pages(world, f"limit={limit}&sort=familyName") == by_name
        assert pages(world, f"limit={limit}&sort=-familyName") == by_name[::-1]


@pytest.mark.parametrize("sort", ["receivedAt", "-receivedAt", "familyName", "-familyName"])
def test_pages_stand_while_others_insert(world: World, sort: str) -> None:
    """Before, after and in the middle of where the reader is: no row twice, none missed that was there."""
    chance = Random(sort)
    body = partial(registration, edition="voorbeeld")

    def one_more() -> Callable[[], Response]:
        name = chance.choice(["Aa", "Mm", "Zz"]) + chance.choice("abc")
        return partial(world.fleck.post, "/v1/registrations", body(applicant={"familyName": name}))

    for _ in range(4):
        world.http.together([one_more() for _ in range(6)])
    there = {item["id"] for item in world.fleck.get("/v1/registrations?limit=100").json()["items"]}
    assert len(there) == 24

    def insert() -> None:
        day, hour = chance.randint(10, 20), chance.randint(0, 23)  # also before what was read already
        world.at(f"2021-06-{day}T{hour:02}:00+02:00")
        answers = world.http.together([one_more() for _ in range(2)])
        assert {answer.status_code for answer in answers} == {201}

    posts = [one_more() for _ in range(9)]
    at_once = world.http.together([partial(_all, world, sort), *(partial(_posted, post) for post in posts)])[
        0
    ]
    for seen in (at_once, pages(world, f"limit=5&sort={sort}", insert)):
        assert len(seen) == len(set(seen))
        assert there <= set(seen)


def _all(world: World, sort: str) -> list[str]:
    return pages(world, f"limit=3&sort={sort}")


def _posted(post: Callable[[], Response]) -> list[str]:
    assert post().status_code == 201
    return []


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=%25", "cursor=bm9uc2Vucw=="])
def test_a_page_that_cannot_be_is_refused(world: World, query: str) -> None:
    answer = world.fleck.get(f"/v1/registrations?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["location"] == "query"


def test_filters_narrow(world: World) -> None:
    mine, complete = world.register(), world.complete()
    other = world.register(world.mocca, edition="voorbeeld")

    def found(query: str) -> list[str]:
        return [item["id"] for item in world.admin.get(f"/v1/registrations?{query}").json()["items"]]

    assert found("partner=mocca") == found("edition=voorbeeld") == [other["id"]]
    assert found("status=complete") == [complete["id"]]
    assert found("partner=fleck&status=received") == [mine["id"]]


@pytest.mark.parametrize(
    ("q", "found"),
    [("meer", True), ("van der MEER", True), ("lyceum", True), ("%", False), ("_", False), ("zzz", False)],
)
def test_search_looks_in_names_school_and_address(world: World, q: str, found: bool) -> None:
    world.register()
    items = world.fleck.get("/v1/registrations", params={"q": q}).json()["items"]
    assert bool(items) == found
