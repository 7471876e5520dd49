"""Secrets of clients: several at once for a while, until when they work, and when they were last used."""

import hashlib
from functools import partial

import pytest

from tests.identity.test_clients import added, token
from tests.world import JSON, World


def rotated(world: World, client: JSON, **how: str) -> JSON:
    answer = world.admin.post(f"/v1/clients/{client['clientId']}/_rotate", how or None)
    assert answer.status_code == 200, answer.text
    made: JSON = answer.json()
    return made


def read(world: World, client: JSON) -> JSON:
    found: JSON = world.admin.get(f"/v1/clients/{client['clientId']}").json()
    return found


def statuses(world: World, *clients: JSON) -> list[int]:
    return [token(world, one).status_code for one in clients]


def test_secrets_overlap_for_as_long_as_is_asked(world: World) -> None:
    old = added(world)
    new = rotated(world, old, keepOthersUntil="2021-06-15T09:00:00Z")
    assert statuses(world, old, new) == [200, 200]
    world.at("2021-06-15T08:59:59+00:00")
    assert statuses(world, old, new) == [200, 200]
    world.at("2021-06-15T09:00:00+00:00")
    assert statuses(world, old, new) == [401, 200]


def test_nothing_makes_a_secret_live_longer_than_it_would_have(world: World) -> None:
    first = added(world, secretExpiresAt="2021-06-15T08:00:00Z")
    second = rotated(world, first, keepOthersUntil="2021-06-15T12:00:00Z")
    third = rotated(world, first, keepOthersUntil="2021-06-15T10:00:00Z")
    rotated(world, first, keepOthersUntil="2021-06-16T10:00:00Z")
    ends = [one["expiresAt"] for one in read(world, first)["secrets"]]
    assert sorted(map(str, ends)) == [
        *("2021-06-15T08:00:00Z", "2021-06-15T10:00:00Z", "2021-06-16T10:00:00Z", "None")
    ]
    world.at("2021-06-15T08:00:00+00:00")
    assert statuses(world, first, second, third) == [401, 200, 200]


def test_by_default_every_other_secret_ends_at_once(world: World) -> None:
    first = added(world)
    second = rotated(world, first, keepOthersUntil="2021-06-20T09:00:00Z")
    third = rotated(world, first)
    assert statuses(world, first, second, third) == [401, 401, 200]


def test_a_secret_expires(world: World) -> None:
    made = added(world, secretExpiresAt="2021-06-15T07:30:00Z")
    assert token(world, made).status_code == 200
    world.at("2021-06-15T07:30:00+00:00")
    assert token(world, made).status_code == 401
    new = rotated(world, made, secretExpiresAt="2021-06-15T08:00:00Z")
    assert token(world, new).status_code == 200
    world.at("2021-06-15T08:00:00+00:00")
    assert token(world, new).status_code == 401


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"keepOthersUntil": "2021-06-15T07:00:00Z"}, "overlap"),
        ({"keepOthersUntil": "2021-07-15T07:00:01Z"}, "overlap"),
        ({"secretExpiresAt": "2021-06-15T07:00:00Z"}, "past"),
    ],
)
def test_an_end_that_is_past_or_too_far_is_refused(world: World, how: JSON, code: str) -> None:
    made = added(world)
    answer = world.admin.post(f"/v1/clients/{made['clientId']}/_rotate", how)
    assert answer.status_code == 400
    [fault] = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == (f"#/{next(iter(how))}", code)
    assert token(world, made).status_code == 200
    assert len(read(world, made)["secrets"]) == 1


def test_a_client_shows_its_secrets_by_their_fingerprints(world: World) -> None:
    made = added(world)
    world.at("2021-06-15T07:10:00+00:00")
    new = rotated(world, made)
    found = read(world, made)
    assert found["secrets"] == [
        {
            "fingerprint": hashlib.sha256(secret.encode()).hexdigest()[:8],
            "givenAt": given,
            "expiresAt": None,
            "endedAt": ended,
            "lastUsedAt": None,
        }
        for secret, given, ended in (
            (new["clientSecret"], "2021-06-15T07:10:00Z", None),
            (made["clientSecret"], "2021-06-15T07:00:00Z", "2021-06-15T07:10:00Z"),
        )
    ]
    for _ in range(10):
        rotated(world, made)
    assert len(read(world, made)["secrets"]) == 10


def test_when_it_was_last_used_is_kept_to_the_minute(world: World) -> None:
    made = added(world)
    seen = []
    for moment in ("07:01:00", "07:01:59", "07:02:00", "07:30:00"):
        world.at(f"2021-06-15T{moment}+00:00")
        assert token(world, made).status_code == 200
        found = read(world, made)
        assert found["secrets"][0]["lastUsedAt"] == found["lastUsedAt"]
        seen.append(found["lastUsedAt"][11:19])
    assert seen == ["07:01:00", "07:01:00", "07:02:00", "07:30:00"]


def test_a_refused_secret_counts_as_no_use(world: World) -> None:
    made = added(world)
    assert token(world, {**made, "clientSecret": "wrong"}).status_code == 401
    assert read(world, made)["lastUsedAt"] is None


def test_many_requests_at_once_do_not_wait_for_each_other_to_note_a_use(world: World) -> None:
    made = added(world)
    answers = world.http.together([partial(token, world, made) for _ in range(8)])
    assert {answer.status_code for answer in answers} == {200}
    assert read(world, made)["lastUsedAt"] == "2021-06-15T07:00:00Z"


def test_a_use_is_noted_although_nobody_waits_for_a_row_that_is_held(world: World) -> None:
    """The request for a token goes on when a rotation holds the secret's row."""
    made = added(world)

    async def ask_while_held() -> int:
        database = world.app.state.database
        async with database.transaction() as db:
            connection = await db.connection()
            await connection.exec_driver_sql("SELECT * FROM client_secret FOR UPDATE")
            form = {"client_id": made["clientId"], "client_secret": made["clientSecret"]}
            answer = await world.http.client.post(
                "/v1/oauth/token", data={"grant_type": "client_credentials", **form}, timeout=10
            )
            return int(answer.status_code)

    assert world.http.portal.call(ask_while_held) == 200
    assert read(world, made)["lastUsedAt"] is None
