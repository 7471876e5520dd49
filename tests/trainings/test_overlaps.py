"""Sessions of one edition at the same time: refused unless that is meant, also when planned at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from app.trainings import overlaps
from tests.trainings.test_sessions import SESSION, planned
from tests.world import JSON, PILOT, World

OTHER = "voorbeeld"
DAY = {"startsAt": "2021-11-25T13:30:00Z", "endsAt": "2021-11-25T16:30:00Z"}


def overlap(answer: Any) -> list[str]:
    """The titles of what a refused session overlaps with."""
    assert answer.status_code == 409, answer.text
    problem = answer.json()
    assert problem["type"].endswith(":session-overlap")
    titles = [one["title"] for one in problem["sessions"]]
    assert all(title in problem["detail"] for title in titles)
    return titles


def plan(world: World, **change: object) -> Any:
    return world.provider.post("/v1/sessions", {**SESSION, **change})


def times(start: int, end: int) -> JSON:
    """From so many minutes after half past one in the afternoon, in UTC, until so many."""
    first = datetime(2021, 11, 25, 13, 30, tzinfo=UTC)
    return {
        "startsAt": (first + timedelta(minutes=start)).isoformat(),
        "endsAt": (first + timedelta(minutes=end)).isoformat(),
    }


@pytest.mark.parametrize(
    ("start", "end", "refused"),
    [
        (0, 180, True),
        (-60, 1, True),
        (179, 240, True),
        (60, 120, True),
        (-60, 240, True),
        (-60, 0, False),
        (180, 240, False),
        (1440, 1500, False),
    ],
)
def test_sessions_overlap_when_some_moment_is_in_both(
    world: World, start: int, end: int, *, refused: bool
) -> None:
    planned(world, title="Eerder")
    answer = plan(world, **times(start, end))
    assert (overlap(answer) == ["Eerder"]) if refused else (answer.status_code == 201)


def test_the_refusal_names_every_other_session(world: World) -> None:
    first = planned(world, title="Een", **times(0, 60))
    planned(world, title="Twee", **times(60, 120), editions=[PILOT, OTHER])
    problem = plan(world).json()
    assert problem["sessions"][0] == {
        "id": first["id"],
        "title": "Een",
        "startsAt": "2021-11-25T13:30:00Z",
        "endsAt": "2021-11-25T14:30:00Z",
        "editions": [PILOT],
    }
    assert [one["title"] for one in problem["sessions"]] == ["Een", "Twee"]
    assert "Een, Twee" in problem["detail"]


def test_cancelled_unscheduled_and_other_editions_sessions_are_in_nobodys_way(world: World) -> None:
    cancelled = planned(world)
    world.provider.post(f"/v1/sessions/{cancelled['id']}/_cancel")
    planned(world, startsAt=None, endsAt=None)
    planned(world, editions=[OTHER])
    assert plan(world).status_code == 201
    assert plan(world, startsAt=None, endsAt=None).status_code == 201


def test_an_overlap_that_is_meant_is_allowed(world: World) -> None:
    planned(world, title="Eerder")
    for value in ("true", 1, None):
        assert plan(world, allowOverlap=value).status_code == 400
    assert overlap(plan(world, allowOverlap=False)) == ["Eerder"]
    made = plan(world, allowOverlap=True)
    assert (made.status_code, "allowOverlap" in made.json()) == (201, False)


def test_a_move_into_another_session_is_refused_and_the_rest_is_not(world: World) -> None:
    planned(world, title="Eerder")
    made = planned(world, title="Later", **times(1440, 1500))
    path = f"/v1/sessions/{made['id']}"
    assert overlap(world.provider.patch(path, DAY)) == ["Eerder"]
    assert world.http.get(path).json() == made
    assert world.provider.patch(path, {**DAY, "allowOverlap": True}).status_code == 200
    # It overlaps now, as was meant: what moves nothing need not say so again.
    for change in ({"title": "Nog later"}, DAY, {"editions": [PILOT]}, {"location": {"city": "Almere"}}):
        assert world.provider.patch(path, change).status_code == 200
    assert overlap(world.provider.patch(path, times(10, 60))) == ["Eerder"]
    assert world.provider.patch(path, times(-100, 0)).status_code == 200


def test_a_session_that_comes_to_an_edition_is_in_no_ones_way_there(world: World) -> None:
    planned(world, title="Daar", editions=[OTHER])
    made = planned(world)
    path = f"/v1/sessions/{made['id']}"
    assert overlap(world.provider.patch(path, {"editions": [PILOT, OTHER]})) == ["Daar"]
    allowed = {"editions": [PILOT, OTHER], "allowOverlap": True}
    assert world.provider.patch(path, allowed).status_code == 200


def race(world: World) -> list[int]:
    """What comes of plans that overlap and are made at once, and of a move into the same time."""
    made = planned(world, **times(1440, 1500), editions=[PILOT, OTHER])
    requests = [partial(plan, world, **times(n, 200 + n)) for n in range(5)]
    requests.append(partial(plan, world, editions=[OTHER, PILOT]))
    requests.append(partial(world.provider.patch, f"/v1/sessions/{made['id']}", DAY))
    return sorted(answer.status_code for answer in world.http.together(requests))


def test_of_overlapping_plans_at_once_one_wins(world: World) -> None:
    statuses = race(world)
    assert statuses in ([200] + [409] * 6, [201] + [409] * 6)


def test_without_the_lock_several_would_win(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test above tells is the lock's doing."""

    async def no_lock(*_: object) -> None:
        return None

    others = overlaps.overlapping

    async def slow(*arguments: Any) -> Any:
        found = await others(*arguments)
        await asyncio.sleep(0.3)
        return found

    monkeypatch.setattr(overlaps, "lock_editions", no_lock)
    monkeypatch.setattr(overlaps, "overlapping", slow)
    assert race(world).count(409) < 6
