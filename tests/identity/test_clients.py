"""API clients: added, rotated and ended by an administrator."""

from functools import partial

import httpx

from tests.conftest import sql
from tests.world import JSON, Party, World


def add(world: World, organisation: str = "fleck", role: str = "partner", **more: object) -> httpx.Response:
    return world.admin.post("/v1/clients", {"organisation": organisation, "role": role, **more})


def added(world: World, organisation: str = "fleck", role: str = "partner", **more: object) -> JSON:
    answer = add(world, organisation, role, **more)
    assert answer.status_code == 201, answer.text
    made: JSON = answer.json()
    return made


def token(world: World, client: JSON) -> httpx.Response:
    """The answer of the token endpoint to this client with this secret."""
    form = {"client_id": client["clientId"], "client_secret": client["clientSecret"]}
    return world.http.post("/v1/oauth/token", data={"grant_type": "client_credentials", **form})


def test_a_client_is_added_and_works(world: World) -> None:
    made = added(world, name="Formulier op de website")
    assert (made["organisation"], made["role"], made["name"]) == (
        "fleck",
        "partner",
        "Formulier op de website",
    )
    assert (made["createdAt"], made["endedAt"]) == ("2021-06-15T07:00:00Z", None)
    access = token(world, made).json()["access_token"]
    answer = world.http.get("/v1/registrations", headers={"Authorization": f"Bearer {access}"})
    assert answer.status_code == 200


def test_a_client_without_a_name_gets_one(world: World) -> None:
    assert added(world)["name"] == "fleck (partner)"


def test_clients_are_listed_without_their_secrets(world: World) -> None:
    made = [added(world) for _ in range(2)]
    answer = world.admin.get("/v1/clients?limit=100")
    items = answer.json()["items"]
    ids = [item["clientId"] for item in items]
    assert ids == sorted(ids)
    assert {one["clientId"] for one in made} | {world.fleck.id, world.admin.id} <= set(ids)
    assert {name for item in items for name in item} == {
        *("clientId", "organisation", "role", "name", "createdAt", "secretGivenAt", "endedAt"),
        *("lastUsedAt", "secrets", "keys"),
    }
    assert all(one["clientSecret"] not in answer.text for one in made)


def test_a_secret_is_kept_nowhere(world: World) -> None:
    made = added(world)
    again = world.admin.post(f"/v1/clients/{made['clientId']}/_rotate").json()
    for table in ("client", "client_secret", "event"):
        rows = str(sql(world.database_url, f'SELECT * FROM "{table}"'))
        assert made["clientSecret"] not in rows
        assert again["clientSecret"] not in rows
    assert len(made["clientSecret"]) >= 43


def test_two_clients_have_two_ids_and_two_secrets(world: World) -> None:
    first, second = added(world), added(world)
    assert first["clientId"] != second["clientId"]
    assert first["clientSecret"] != second["clientSecret"]
    crossed = {**first, "clientSecret": second["clientSecret"]}
    assert token(world, crossed).status_code == 401


def test_rotating_ends_the_old_secret_at_once(world: World) -> None:
    old = added(world)
    new = world.admin.post(f"/v1/clients/{old['clientId']}/_rotate").json()
    changed = {"clientSecret": "", "secrets": []}
    assert {**new, **changed} == {**old, **changed}
    assert [token(world, one).status_code for one in (old, new)] == [401, 200]


def test_of_many_rotations_at_once_one_secret_is_left(world: World) -> None:
    path = f"/v1/clients/{added(world)['clientId']}/_rotate"
    answers = world.http.together([partial(world.admin.post, path) for _ in range(6)])
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(token(world, answer.json()).status_code for answer in answers) == [200] + [401] * 5


def test_ending_a_client_ends_its_secret_and_its_tokens(world: World) -> None:
    made = added(world)
    headers = {"Authorization": f"Bearer {token(world, made).json()['access_token']}"}
    assert world.http.get("/v1/registrations", headers=headers).status_code == 200
    world.at("2021-06-15T07:01:00+00:00")
    ended = world.admin.delete(f"/v1/clients/{made['clientId']}")
    assert (ended.status_code, ended.content) == (204, b"")
    assert world.http.get("/v1/registrations", headers=headers).status_code == 401
    assert token(world, made).status_code == 401
    [item] = [
        item
        for item in world.admin.get("/v1/clients").json()["items"]
        if item["clientId"] == made["clientId"]
    ]
    assert item["endedAt"] == "2021-06-15T07:01:00Z"
    assert world.admin.get(f"/v1/clients/{made['clientId']}").json() == item


def test_ending_again_changes_nothing_and_nothing_brings_a_client_back(world: World) -> None:
    path = f"/v1/clients/{added(world)['clientId']}"
    assert [world.admin.delete(path).status_code for _ in range(2)] == [204, 204]
    assert len(world.events("client.ended")) == 1
    assert world.admin.post(f"{path}/_rotate").status_code == 404


def test_other_clients_of_the_organisation_go_on(world: World) -> None:
    world.admin.delete(f"/v1/clients/{added(world)['clientId']}")
    assert world.fleck.get("/v1/registrations").status_code == 200


def test_a_role_that_the_organisation_does_not_play_is_refused(world: World) -> None:
    for organisation, role, code in (
        ("fleck", "provider", "wrong-role"),
        ("fleck", "certifier", "wrong-role"),
        ("neos", "partner", "wrong-role"),
        ("lkca", "partner", "wrong-role"),
        ("nergens", "partner", "unknown-organisation"),
        ("nergens", "admin", "unknown-organisation"),
    ):
        answer = add(world, organisation, role)
        assert answer.status_code == 400
        [fault] = answer.json()["errors"]
        assert (fault["pointer"], fault["code"]) == ("#/organisation", code)


def test_a_body_that_is_not_a_client_names_every_fault(world: World) -> None:
    answer = add(world, "Fleck", "support", name="", secret="x", clientId="y")
    pointers = {fault["pointer"] for fault in answer.json()["errors"]}
    assert pointers == {"#/organisation", "#/role", "#/name", "#/secret", "#/clientId"}


def test_a_client_that_is_not_there_cannot_be_read_ended_or_rotated(world: World) -> None:
    for name, status in (("nobody", 404), ("%20", 400), ("a%00", 400), ("x" * 101, 400)):
        assert world.admin.get(f"/v1/clients/{name}").status_code == status
        assert world.admin.delete(f"/v1/clients/{name}").status_code == status
        assert world.admin.post(f"/v1/clients/{name}/_rotate").status_code == status


def test_only_an_administrator_sees_and_changes_clients(world: World) -> None:
    path = f"/v1/clients/{world.mocca.id}"
    parties: list[Party] = [world.fleck, world.mocca, world.provider, world.lkca]
    for party in parties:
        assert party.get("/v1/clients").status_code == 403
        assert party.post("/v1/clients", {"organisation": "fleck", "role": "admin"}).status_code == 403
        assert party.post(f"{path}/_rotate").status_code == 403
        assert party.delete(path).status_code == 403
    assert world.mocca.get("/v1/registrations").status_code == 200


def test_every_step_leaves_an_event(world: World) -> None:
    made = added(world)
    world.admin.post(f"/v1/clients/{made['clientId']}/_rotate")
    world.admin.delete(f"/v1/clients/{made['clientId']}")
    events = [event for event in world.events() if event["subject"] == made["clientId"]]
    assert [event["type"] for event in events] == ["client.added", "client.rotated", "client.ended"]
    # By its fingerprint one sees which secret it is, and nobody gets in.
    first, second, _ = (event["data"] for event in events)
    assert len(first["fingerprint"]) == len(second["fingerprint"]) == 8
    assert first["fingerprint"] != second["fingerprint"]
    assert (first["role"], second["othersEndAt"]) == ("partner", events[1]["at"])
    assert {event["actor"] for event in events} == {world.admin.id}
    assert {event["partner"] for event in events} == {None}
