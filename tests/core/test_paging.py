"""Pages by keyset: everything once, in order, and no cursor that does harm."""

import base64
from urllib.parse import urlencode

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.paging import Window
from app.core.problems import InvalidInput
from tests.world import JSON, World

PUBLIC = ["organisations", "trainings", "phases", "editions", "sessions"]
KEPT = ["clients", "registrations", "applicants", "attendance", "certificates", "events"]
# Cursors with a number in them, but none of the seal, or the seal of another list.
OTHERS = [base64.urlsafe_b64encode(b"17").decode(), Window(1, of="another").cursor_at(17)]
NOBODY = "01890000-0000-7000-8000-000000000000"
quick = hypothesis.settings(max_examples=50, deadline=None)


def cursor(key: str, of: str = "") -> str:
    return Window(1, of=of).cursor_at(key)


def list_of(path: str) -> str:
    """What names a list without filters to its cursors."""
    return urlencode([("", path)])


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
    "sent", ["", "%", "bm9", "MTc", "é", "MTc=\n", "_w==", cursor("x"), cursor("1 2"), cursor("1.5"), *OTHERS]
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
        f"{NOBODY} {NOBODY}",
        *(f"2021-10-07T12:30:00+00:00 {NOBODY}", f"2021-10-07T12:30:00 {NOBODY}", f"2021-10-07 {NOBODY}"),
        *(f"0001-01-01T00:00:00+14:00 {NOBODY}", f"9999-12-31T23:59:59-14:00 {NOBODY}", "2021-10-07 \x00"),
        *(f"0001-01-01T00:00:00+00:00 {NOBODY}", f"9999-12-31T23:59:59.999999+00:00 {NOBODY}"),
    ]
    statuses = {
        key: world.admin.get(f"/v1/{name}?cursor={cursor(key, list_of(f'/v1/{name}'))}").status_code
        for key in keys
    }
    assert 200 in statuses.values()
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


KINDS = [
    (
        "registrations",
        "edition=noord-midden-2021",
        ["receivedAt", "-receivedAt", "familyName", "-familyName"],
    ),
    ("events", "type=registration.received", ["at", "-at"]),
]


@pytest.mark.parametrize(("name", "kept", "sorts"), KINDS)
def test_a_cursor_is_for_its_filters_and_its_sort(
    world: World, name: str, kept: str, sorts: list[str]
) -> None:
    for _ in range(3):
        world.register()
    queries = ["", kept, *(f"sort={sort}" for sort in sorts), f"{kept}&sort={sorts[1]}"]
    cursors = {
        query: world.admin.get(f"/v1/{name}?limit=1&{query}").json()["nextCursor"] for query in queries
    }
    default = f"sort={sorts[0]}"
    for made_for, following in cursors.items():
        for query in queries:
            answer = world.admin.get(f"/v1/{name}?limit=2&{query}&{urlencode({'cursor': following})}")
            same = query.replace(default, "") == made_for.replace(default, "")
            assert answer.status_code == (200 if same else 400), (made_for, query, answer.text)
            if not same:
                assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/cursor"]


def test_a_cursor_is_for_its_list(world: World) -> None:
    following = world.http.get("/v1/organisations?limit=1").json()["nextCursor"]
    for name in ("trainings", "phases", "editions", "clients"):
        assert world.admin.get(f"/v1/{name}?cursor={following}").status_code == 400, name


@pytest.mark.parametrize("name", PUBLIC + KEPT)
def test_a_list_names_every_part_of_the_query_that_it_does_not_know(world: World, name: str) -> None:
    answer = world.admin.get(f"/v1/{name}?foo=1&limit=0&Limit=5&offset=3&foo=2&%00=1")
    assert answer.status_code == 400
    assert {(fault["pointer"], fault["location"]) for fault in answer.json()["errors"]} == {
        *((f"#/{part}", "query") for part in ("foo", "limit", "Limit", "offset", "%00")),
    }


@pytest.mark.parametrize("name", PUBLIC + KEPT)
def test_all_that_is_wrong_with_a_list_is_told_at_once(world: World, name: str) -> None:
    """/core/error-handling/all-errors: a cursor is no exception."""
    mine = cursor("fleck", list_of(f"/v1/{name}"))
    for query, wanted in (
        ("cursor=zz&limit=900&foo=1", {"cursor", "limit", "foo"}),
        (f"cursor={cursor('fleck')}&foo=1", {"cursor", "foo"}),
        (f"cursor={mine}&limit=900&foo=1", {"limit", "foo"}),
        (f"cursor={'x' * 3000}&limit=x", {"cursor", "limit"}),
        ("cursor=zz&cursor=zz&limit=1&limit=1", {"cursor", "limit"}),
    ):
        answer = world.admin.get(f"/v1/{name}?{query}")
        assert answer.status_code == 400, query
        faults = [(fault["pointer"], fault["location"]) for fault in answer.json()["errors"]]
        assert set(faults) == {(f"#/{part}", "query") for part in wanted}, query


@pytest.mark.parametrize("name", PUBLIC + KEPT)
def test_a_sort_that_is_not_offered_is_refused(world: World, name: str) -> None:
    for sort in ("nothing", "", "-", "receivedAt,familyName", "RECEIVEDAT", "+at"):
        answer = world.admin.get(f"/v1/{name}", params={"sort": sort})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "#/sort"), sort


@pytest.mark.parametrize(("path", "sort"), [("events", "at"), ("certificates", "number")])
def test_descending_is_the_same_list_from_its_end(world: World, path: str, sort: str) -> None:
    world.certified()
    upward = world.admin.get(f"/v1/{path}?limit=100&sort={sort}").json()["items"]
    assert upward == world.admin.get(f"/v1/{path}?limit=100").json()["items"] != []
    seen: list[JSON] = []
    following = f"/v1/{path}?limit=7&sort=-{sort}"
    while following:
        answer = world.admin.get(following)
        seen, following = [*seen, *answer.json()["items"]], answer.links.get("next", {}).get("url", "")
    assert seen == upward[::-1]
