"""Calls are counted by client and by address; who calls too often hears when to come back."""

from app.core.http.limits import Limiter
from tests.world import World, registration

CODE = "/v1/verifications/nothing"


def _allow(world: World, count: int) -> None:
    _set(world, public_per_minute=count, address_per_minute=0)


def _set(world: World, **limits: int) -> None:
    world.app.state.settings = world.app.state.settings.model_copy(update=limits)
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


def test_a_client_is_counted_wherever_it_calls_and_no_other_with_it(world: World) -> None:
    _set(world, client_per_minute=3)
    paths = ("/v1/registrations", "/v1/applicants", "/v1/events", "/v1/registrations")
    answers = [world.fleck.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["ratelimit"].partition(";t=")[0] for answer in answers] == [
        f'"client";r={left}' for left in (2, 1, 0, 0)
    ]
    assert answers[3].headers["ratelimit-policy"] == '"client";q=3;w=60'
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    assert world.mocca.get("/v1/registrations").status_code == 200
    assert world.http.get("/v1/phases").headers["ratelimit-policy"].startswith('"public"')


def test_what_is_refused_for_being_too_often_changes_nothing(world: World) -> None:
    _set(world, client_per_minute=1)
    codes = [world.fleck.post("/v1/registrations", registration()).status_code for _ in range(2)]
    assert codes == [201, 429]
    _set(world, client_per_minute=0)
    assert len(world.fleck.get("/v1/registrations").json()["items"]) == 1


def test_a_repeat_does_not_tell_what_was_left_at_the_first(world: World) -> None:
    key = {"Idempotency-Key": "once"}
    body = registration()
    first, again = (world.fleck.post("/v1/registrations", body, headers=key) for _ in range(2))
    assert again.headers["idempotency-replayed"] == "true"
    left = [int(answer.headers["ratelimit"].split(";")[1].removeprefix("r=")) for answer in (first, again)]
    assert left[0] == left[1] + 1


def test_an_address_is_counted_on_all_that_is_open_but_not_where_health_is_asked(world: World) -> None:
    _set(world, address_per_minute=3)
    paths = ("/v1/phases", "/v1/enrolment-forms/nothing", "/v1/personal-pages/nothing", "/v1/editions")
    assert [world.http.get(path).status_code for path in paths] == [200, 404, 404, 429]
    assert world.http.get("/health/ready").status_code == 200
    assert world.http.get("/v1/openapi.json").status_code == 200
    assert world.fleck.get("/v1/registrations").status_code == 200


def test_wrong_secrets_are_counted_and_right_ones_are_not(world: World) -> None:
    _set(world, guesses_per_minute=2)

    def token(secret: str, client: str = world.fleck.id) -> int:
        form = {"grant_type": "client_credentials"}
        return world.http.post("/v1/oauth/token", data=form, auth=(client, secret)).status_code

    right = world.fleck.credentials["clientSecret"]
    assert [token(right) for _ in range(4)] == [200] * 4
    assert [token(secret) for secret in ("wrong", right, "wrong", "wrong")] == [401, 200, 401, 429]
    # Not even the right one, or trying on would tell it from wrong ones; but every other client goes on.
    assert token(right) == 429
    assert token(world.mocca.credentials["clientSecret"], world.mocca.id) == 200
