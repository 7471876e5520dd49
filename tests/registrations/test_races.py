"""What must hold when requests come at the same moment."""

from functools import partial

from tests.world import World, form, registration


def test_many_equal_registrations_at_once_make_one(world: World) -> None:
    parties = [world.fleck, world.mocca, world.kunst_centraal]
    body = registration(applicant={"email": "noor@lyceum.example"})
    requests = [partial(parties[n % 3].post, "/v1/registrations", body) for n in range(18)]
    statuses = [answer.status_code for answer in world.http.together(requests)]
    assert sorted(statuses) == [201] + [409] * 17
    assert len(world.admin.get("/v1/registrations").json()["items"]) == 1
    assert len(world.events("registration.refused")) == 17


def test_a_form_returned_twice_at_once_counts_once(world: World) -> None:
    made = world.register()
    path = f"/v1/enrolment-forms/{made['enrolmentForm']['token']}"
    answers = world.http.together([partial(world.http.put, path, json=form()) for _ in range(8)])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert len(world.events("registration.complete")) == 1


def test_seats_given_up_at_once_are_each_offered_once(world: World) -> None:
    people = [world.complete(world.mocca) for _ in range(26)]
    world.draw()
    seated = [one["id"] for one in _in_status(world, "placed")]
    assert (len(people), len(seated)) == (26, 20)
    requests = [partial(world.mocca.post, f"/v1/registrations/{id}/_withdraw") for id in seated[:6]]
    assert {answer.status_code for answer in world.http.together(requests)} == {200}
    assert len(_in_status(world, "placed")) == 20
    assert _in_status(world, "waitlisted") == []
    seats = world.http.get("/v1/editions/noord-midden-2021").json()["seats"]
    assert seats == {"capacity": 20, "taken": 20, "free": 0, "waiting": 0}


def _in_status(world: World, status: str) -> list[dict[str, str]]:
    items: list[dict[str, str]] = world.mocca.get(
        "/v1/registrations", params={"status": status, "limit": "100"}
    ).json()["items"]
    return items
