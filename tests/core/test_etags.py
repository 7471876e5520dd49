"""Entity tags: equal for what is equal, and If-Match as RFC 9110 has it."""

import pytest

from app.core import etags
from app.core.etags import Expected
from app.core.problems import PreconditionFailed
from app.core.values import Output
from tests.world import PILOT, World


class Seen(Output):
    """What a caller saw."""

    title: str
    count: int | None = None


NOW = Seen(title="Bijeenkomst 1", count=3)
TAG = etags.of(NOW)


def test_a_tag_is_a_strong_one() -> None:
    assert TAG.startswith('"')
    assert TAG.endswith('"')
    assert '"' not in TAG[1:-1]


def test_a_tag_follows_what_is_seen() -> None:
    assert etags.of(Seen(title="Bijeenkomst 1", count=3)) == TAG
    others = [Seen(title="Bijeenkomst 2", count=3), Seen(title="Bijeenkomst 1", count=4), Seen(title="")]
    assert len({TAG, *(etags.of(other) for other in others)}) == 4


@pytest.mark.parametrize(
    "expected",
    [None, "*", " * ", TAG, f" {TAG} ", f'"other", {TAG}', f'{TAG},"other"', f'W/"x", , "a,b",{TAG}'],
)
def test_a_change_against_what_was_seen_goes_on(expected: str | None) -> None:
    Expected(expected).require(NOW)


@pytest.mark.parametrize(
    "expected",
    [
        "",
        '""',
        '"other"',
        f"W/{TAG}",
        TAG.strip('"'),
        TAG.upper(),
        f"{TAG}x",
        f"{TAG} {TAG}",
        f'"x{TAG}',
        f"*, {TAG}x",
    ],
)
def test_a_change_against_anything_else_is_refused(expected: str) -> None:
    with pytest.raises(PreconditionFailed):
        Expected(expected).require(NOW)


def test_nothing_agrees_with_what_is_not_there_yet() -> None:
    for match in ("*", TAG, ""):
        with pytest.raises(PreconditionFailed):
            Expected(match).require(None)
    for none_match in ("*", TAG):
        Expected(none_match=none_match).require(None)
    Expected().require(None)


@pytest.mark.parametrize("none_match", ["*", TAG, f"W/{TAG}", f'"other", W/{TAG}'])
def test_a_change_that_is_only_for_something_else_is_refused(none_match: str) -> None:
    with pytest.raises(PreconditionFailed):
        Expected(none_match=none_match).require(NOW)
    Expected(none_match='"other"').require(NOW)


def test_a_weak_tag_counts_for_reading_and_not_for_changing() -> None:
    """RFC 9110, section 8.8.3.2."""
    assert (etags.weak_match(f"W/{TAG}", TAG), etags.strong_match(f"W/{TAG}", TAG)) == (True, False)


@pytest.mark.parametrize("long", ['"' * 50_000, "," * 50_000, " " * 50_000, 'W/"",' * 20_000 + "x"])
def test_a_long_header_costs_no_time(long: str) -> None:
    assert not etags.strong_match(long, TAG)
    assert not etags.weak_match(long, TAG)


def test_every_single_thing_has_a_tag_that_stays_while_it_does(world: World) -> None:
    paths = [
        "organisations/fleck",
        "trainings/cultuurcoordinator-vo",
        "phases/orientatie",
        f"editions/{PILOT}",
    ]
    for path in [*paths, f"sessions/{world.sessions()[0]['id']}"]:
        first, second = world.http.get(f"/v1/{path}"), world.http.get(f"/v1/{path}")
        assert first.headers["etag"] == second.headers["etag"]
