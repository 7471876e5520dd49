"""Answers that are a page for people or data, by Accept: on every route that has both."""

import pytest

from tests.whole.test_access import FILLED
from tests.whole.test_conditional import Everything
from tests.whole.test_strictness import DOCUMENT
from tests.world import World

GETS = {
    f"/v1{path}": operations["get"] for path, operations in DOCUMENT["paths"].items() if "get" in operations
}
BOTH = sorted(
    path
    for path, operation in GETS.items()
    if {"text/html", "application/json"} <= set(operation["responses"]["200"].get("content", ()))
)
PAGE = ("text/html", "TEXT/HTML;q=0.9, application/json;q=0.5")
DATA = ("application/json, text/html;q=0.1", "*/*")


def test_there_are_pages_to_try() -> None:
    assert {"/v1/draws/{drawId}", "/v1/draw-receipts/{receiptToken}", "/v1/verifications/{code}"} <= set(BOTH)


def test_who_asks_for_a_page_gets_one_and_others_data(world: World) -> None:
    everything = Everything(world)
    for path in BOTH:
        for accepts, kind in ((PAGE, "text/html"), (DATA, "application/json")):
            for accept in accepts:
                answer = everything.ask("GET", path, headers={"Accept": accept})
                assert answer.status_code == 200, (path, accept)
                assert answer.headers["content-type"].partition(";")[0] == kind, (path, accept)
                assert "Accept" in answer.headers["vary"], path


@pytest.mark.parametrize("accept", [*PAGE, *DATA])
def test_what_is_not_there_is_said_as_the_contract_says(world: World, accept: str) -> None:
    for path in BOTH:
        declared = GETS[path]["responses"]
        answer = world.admin.get(path.format(**FILLED), headers={"Accept": accept})
        kinds = declared[str(answer.status_code)]["content"]
        assert answer.headers["content-type"].partition(";")[0] in kinds, (path, accept)
        if "text/html" in kinds and answer.status_code == 404:
            assert (accept in PAGE) == answer.headers["content-type"].startswith("text/html"), (path, accept)
