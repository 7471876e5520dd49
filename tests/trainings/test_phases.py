"""Trainings and phases: what is taught, as the pilot published it."""

from tests.world import World

TRAINING = "cultuurcoordinator-vo"


def test_the_training_asks_what_the_pilot_asked(world: World) -> None:
    [training] = world.http.get("/v1/trainings").json()["items"]
    summary = training.pop("summary")
    assert training == {
        "slug": TRAINING,
        "title": "Cultuurcoördinator Voortgezet Onderwijs",
        "studyLoadHours": 40,
        "minimumContactMinutes": 1200,
        "priceCents": 75000,
    }
    assert world.http.get(f"/v1/trainings/{TRAINING}").json() == {**training, "summary": summary}


def test_there_are_four_phases_in_their_order(world: World) -> None:
    items = world.http.get("/v1/phases").json()["items"]
    assert [(item["number"], item["slug"], item["title"], item["yieldsProduct"]) for item in items] == [
        (1, "orientatie", "Oriëntatie", False),
        (2, "onderzoek", "Onderzoek", False),
        (3, "uitvoering", "Uitvoering", True),
        (4, "evaluatie", "Evaluatie", False),
    ]
    assert {item["training"] for item in items} == {TRAINING}
    assert all(item["summary"] for item in items)


def test_phases_are_those_of_one_training(world: World) -> None:
    whole = world.http.get("/v1/phases").json()
    assert world.http.get(f"/v1/phases?training={TRAINING}").json() == whole
    assert world.http.get("/v1/phases?training=nergens").json() == {"items": [], "nextCursor": None}
    assert world.http.get("/v1/phases?training=Nergens").status_code == 400


def test_one_phase_is_read(world: World) -> None:
    listed = {item["slug"]: item for item in world.http.get("/v1/phases").json()["items"]}
    for slug, phase in listed.items():
        answer = world.http.get(f"/v1/phases/{slug}")
        assert (answer.status_code, answer.json()) == (200, phase)
        assert answer.headers["etag"]


def test_what_is_not_taught_is_not_found(world: World) -> None:
    for path in ("phases/nergens", "trainings/nergens"):
        answer = world.http.get(f"/v1/{path}")
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (404, "not-found")
    assert world.http.get("/v1/phases/Oriëntatie").status_code == 400
