"""Progress per phase, the product, and eligibility with its reasons."""

from tests.world import World


def _progress(world: World, registration_id: str, phase: str, **body: object) -> int:
    path = f"/v1/registrations/{registration_id}/progress/{phase}"
    return world.provider.put(path, {"verdict": "passed", **body}).status_code


def test_phases_come_in_their_order_and_begin_open(world: World) -> None:
    made = world.participant()
    progress = world.provider.get(f"/v1/registrations/{made['id']}/progress").json()
    assert [(one["phase"], one["verdict"]) for one in progress["phases"]] == [
        ("orientatie", "open"),
        ("onderzoek", "open"),
        ("uitvoering", "open"),
        ("evaluatie", "open"),
    ]
    assert (progress["product"], progress["contactMinutes"], progress["minimumContactMinutes"]) == (
        None,
        0,
        1200,
    )


def test_a_verdict_is_recorded_and_can_be_changed(world: World) -> None:
    made = world.participant()
    assert _progress(world, made["id"], "onderzoek", evidence="Literatuurstudie") == 200
    assert _progress(world, made["id"], "onderzoek", verdict="failed", feedback="Nog te breed") == 200
    phase = world.fleck.get(f"/v1/registrations/{made['id']}/progress").json()["phases"][1]
    assert (phase["verdict"], phase["feedback"], phase["evidence"]) == ("failed", "Nog te breed", None)
    assert [event["data"]["after"] for event in world.events("progress.recorded")] == ["passed", "failed"]


def test_the_product_belongs_to_the_phase_that_yields_it(world: World) -> None:
    made = world.participant()
    product = {"title": "Beleidsplan", "kind": "policy-plan", "approved": True}
    assert _progress(world, made["id"], "orientatie", product=product) == 400
    assert _progress(world, made["id"], "uitvoering", product=product) == 200
    assert _progress(world, made["id"], "uitvoering", feedback="Mooi") == 200
    assert world.fleck.get(f"/v1/registrations/{made['id']}/progress").json()["product"] == product


def test_an_unknown_phase_is_not_found(world: World) -> None:
    made = world.participant()
    assert _progress(world, made["id"], "rust") == 404


def test_who_is_no_participant_makes_no_progress(world: World) -> None:
    made = world.register()
    assert _progress(world, made["id"], "orientatie") == 409


def test_only_a_provider_judges(world: World) -> None:
    made = world.participant()
    for party in (world.fleck, world.lkca):
        path = f"/v1/registrations/{made['id']}/progress/orientatie"
        assert party.put(path, {"verdict": "passed"}).status_code == 403


def test_eligibility_says_what_is_missing_in_the_readers_language(world: World) -> None:
    made = world.participant()
    world.attend(made["id"], 6)
    path = f"/v1/registrations/{made['id']}/eligibility"
    answer = world.lkca.get(path, headers={"Accept-Language": "nl"})
    assert (answer.headers["content-language"], answer.headers["vary"]) == ("nl", "Accept-Language, Origin")
    dutch = answer.json()
    english = world.provider.get(path).json()
    assert (dutch["eligible"], dutch["contactMinutes"]) == (False, 1080)
    assert [one["met"] for one in dutch["requirements"]] == [False, False, False]
    assert dutch["requirements"][0]["explanation"].startswith("Nog 2 uur contacttijd nodig")
    assert english["requirements"][0]["explanation"].startswith("2 hours of contact time missing")


def test_who_did_everything_is_eligible(world: World) -> None:
    made = world.participant()
    world.schedule_national()
    world.attend(made["id"], 8)
    world.pass_phases(made["id"])
    answer = world.lkca.get(f"/v1/registrations/{made['id']}/eligibility").json()
    assert (answer["eligible"], answer["contactMinutes"]) == (True, 1440)
    assert all(one["met"] for one in answer["requirements"])


def test_who_withdrew_is_not_eligible_whatever_was_done(world: World) -> None:
    made = world.participant()
    world.schedule_national()
    world.attend(made["id"], 8)
    world.pass_phases(made["id"])
    world.fleck.post(f"/v1/registrations/{made['id']}/_withdraw")
    assert world.lkca.get(f"/v1/registrations/{made['id']}/eligibility").json()["eligible"] is False
