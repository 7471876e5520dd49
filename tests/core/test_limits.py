"""What is open to all is counted by address; who calls too often hears when to come back."""

from app.core.http.limits import Limiter
from tests.world import World

CODE = "/v1/verifications/nothing"


def _allow(world: World, count: int) -> None:
    world.app.state.settings = world.app.state.settings.model_copy(update={"public_per_minute": count})
    world.app.state.limiter = Limiter()


def test_more_calls_than_allowed_are_refused(world: World) -> None:
    _allow(world, 3)
    assert [world.http.get(CODE).status_code for _ in range(5)] == [404, 404, 404, 429, 429]
    refused = world.http.get(CODE)
    assert refused.headers["ratelimit-policy"] == '"verifications";q=3;w=60'
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert refused.json()["type"].rpartition(":")[2] == "too-many-requests"


def test_both_checks_count_together(world: World) -> None:
    _allow(world, 2)
    codes = [world.http.post("/v1/verifications", json={"credential": "{}"}).status_code]
    codes += [world.http.get(CODE).status_code for _ in range(2)]
    assert codes == [200, 404, 429]


def test_who_may_go_on_hears_how_often(world: World) -> None:
    _allow(world, 5)
    answer = world.http.post("/v1/verifications", json={"credential": "{}"})
    assert answer.headers["ratelimit"].startswith('"verifications";r=4;t=')


def test_at_the_same_moment_no_more_get_through(world: World) -> None:
    _allow(world, 4)
    codes = [one.status_code for one in world.http.together([lambda: world.http.get(CODE)] * 12)]
    assert (codes.count(404), codes.count(429)) == (4, 8)


def test_without_a_limit_nothing_is_counted(world: World) -> None:
    _allow(world, 0)
    answers = [world.http.get(CODE) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {404}
    assert "ratelimit" not in answers[0].headers


def test_other_routes_are_not_counted(world: World) -> None:
    _allow(world, 1)
    assert [world.http.get("/v1/phases").status_code for _ in range(3)] == [200] * 3
