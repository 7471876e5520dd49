"""The README's way through Swagger UI today, with the edition that is open now."""

from tests.world import World, registration

EDITION = "voorbeeld"


def test_a_newcomer_carries_a_teacher_to_a_certificate(world: World) -> None:
    world.at("2026-11-23T12:00+01:00")
    made = world.complete(world.fleck, edition=EDITION)
    closed = {"window": {"closesAt": "2026-11-23T11:59:00+01:00"}}
    assert world.admin.patch(f"/v1/editions/{EDITION}", closed).status_code == 200
    assert world.fleck.post("/v1/registrations", registration(edition=EDITION)).status_code == 409
    announced = world.admin.post(f"/v1/editions/{EDITION}/draws").json()
    assert world.admin.post(f"/v1/draws/{announced['id']}/_run").json()["drawNeeded"] is False
    assert world.admin.post(f"/v1/draws/{announced['id']}/_publish").json()["status"] == "completed"
    assert world.fleck.post(f"/v1/registrations/{made['id']}/_confirm").status_code == 200

    for session in world.sessions(EDITION):
        path = f"/v1/sessions/{session['id']}/attendance/{made['id']}"
        assert world.provider.put(path, {"minutes": 420}).status_code == 200
    world.pass_phases(made["id"])
    certificate = world.lkca.post("/v1/certificates", {"registration": made["id"]})
    assert certificate.status_code == 201
    checked = world.http.get(certificate.json()["verificationUrl"])
    assert (checked.json()["status"], checked.json()["contactHours"]) == ("valid", 21)
