"""Pages by keyset: everything once, in order, and no cursor that does harm."""

import base64

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.paging import Window
from app.core.problems import InvalidInput
from tests.world import JSON, World

PUBLIC = ["organisations", "trainings", "phases", "editions", "sessions"]
KEPT = ["clients", "registrations", "applicants", "attendance", "certificates", "events"]
NOBODY = "01890000-0000-7000-8000-000000000000"
quick = hypothesis.settings(max_examples=50, deadline=None)


def cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


@quick
@given(st.sets(st.integers(), max_size=30), st.integers(1, 10))
def test_pages_hold_everything_once_in_order(keys: set[int], limit: int) -> None:
    seen: list[int] = []
    window, pages = Window(limit), 0
    while True:
        after = window.after(int)
        rows = sorted(key for key in keys if after is None or key > after)[: limit + 1]
        page, following = window.cut(rows, lambda key: key)
        seen, pages = [*seen, *page], pages + 1
        if following is None:
            break
        assert len(page) == limit
        window = Window(limit, following)
    assert seen == sorted(keys)
    assert pages == max(1, -(-len(keys) // limit))


@quick
@given(st.text().filter(str.isprintable))
def test_a_cursor_holds_any_key(key: str) -> None:
    _, following = Window(1).cut([key, key], lambda one: one)
    assert Window(1, following).after(str) == key


def test_a_page_from_the_start_has_no_key() -> None:
    assert Window(1).after(int) is None


@pytest.mark.parametrize(
    "sent", ["", "%", "bm9", "MTc", "é", "MTc=\n", "_w==", cursor("x"), cursor("1 2"), cursor("1.5")]
)
def test_a_cursor_that_is_not_ours_is_refused(sent: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Window(1, sent).after(int)
    [fault] = refused.value.faults
    assert (fault.pointer, fault.location, fault.code) == ("#/cursor", "query", "cursor")


def test_a_page_has_between_1_and_100_items(world: World) -> None:
    for limit in ("0", "101", "-1", "x", "1.5", "", "9" * 30):
        answer = world.http.get(f"/v1/organisations?limit={limit}")
        assert answer.status_code == 400
        [fault] = answer.json()["errors"]
        assert (fault["pointer"], fault["location"]) == ("#/limit", "query")
    assert world.http.get("/v1/organisations?limit=100").status_code == 200


@pytest.mark.parametrize("name", PUBLIC + KEPT)
def test_no_cursor_is_a_failure_of_ours(world: World, name: str) -> None:
    """Each is a key that some list could have made, or nearly: refused, or followed by a page."""
    keys = [
        *("", "\x00", "fleck", "fleck\x00", "zzz", "😀", "-1", "0", "9" * 10, "9" * 20, "9" * 300, "1_0"),
        *("1 \x00", "1 orientatie", f"{'9' * 20} orientatie", " ", NOBODY, NOBODY.upper(), f"{NOBODY} "),
        *(f"2021-10-07T12:30:00+00:00 {NOBODY}", f"2021-10-07T12:30:00 {NOBODY}", f"2021-10-07 {NOBODY}"),
        *(f"0001-01-01T00:00:00+14:00 {NOBODY}", f"9999-12-31T23:59:59-14:00 {NOBODY}", "2021-10-07 \x00"),
        *(f"0001-01-01T00:00:00+00:00 {NOBODY}", f"9999-12-31T23:59:59.999999+00:00 {NOBODY}"),
    ]
    statuses = {key: world.admin.get(f"/v1/{name}?cursor={cursor(key)}").status_code for key in keys}
    assert {key: status for key, status in statuses.items() if status not in (200, 400)} == {}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_list_is_whole_in_pages(world: World, name: str) -> None:
    whole = world.http.get(f"/v1/{name}?limit=100").json()["items"]
    for limit in (1, 2, 3):
        seen: list[JSON] = []
        path = f"/v1/{name}?limit={limit}"
        while path:
            answer = world.http.get(path)
            page, path = answer.json(), answer.links.get("next", {}).get("url", "")
            assert (page["nextCursor"] is None) == (not path)
            assert len(page["items"]) <= limit
            seen += page["items"]
        assert seen == whole


def test_the_link_keeps_the_other_parts_of_the_query(world: World) -> None:
    answer = world.http.get("/v1/sessions?edition=noord-midden-2021&limit=3")
    following = answer.links["next"]
    cursor = answer.json()["nextCursor"].replace("=", "%3D")
    assert following["url"] == f"/v1/sessions?edition=noord-midden-2021&limit=3&cursor={cursor}"
    again = world.http.get(following["url"]).links["next"]["url"]
    assert again.count("cursor=") == 1
