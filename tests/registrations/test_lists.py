"""Lists of registrations: pages, filters, search."""

import pytest

from tests.world import World


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
