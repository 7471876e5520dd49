"""Corrections: merge patch, and no change against what was not seen."""

from tests.world import World


def test_absent_stays_and_null_clears(world: World) -> None:
    made = world.register()
    path = f"/v1/registrations/{made['id']}"
    answer = world.fleck.patch(path, {"school": {"city": "Lelystad"}, "motivation": None})
    assert answer.status_code == 200
    assert answer.json() == {
        **made,
        "school": {**made["school"], "city": "Lelystad"},
        "motivation": None,
    }


def test_a_change_against_an_old_version_is_refused(world: World) -> None:
    made = world.register()
    path = f"/v1/registrations/{made['id']}"
    tag = world.fleck.get(path).headers["etag"]
    assert world.fleck.patch(path, {"position": "x"}, headers={"If-Match": tag}).status_code == 200
    stale = world.fleck.patch(path, {"position": "y"}, headers={"If-Match": tag})
    assert stale.status_code == 412
    assert world.fleck.get(path).json()["position"] == "x"


def test_status_and_partner_are_not_changed_by_patch(world: World) -> None:
    made = world.register()
    answer = world.fleck.patch(f"/v1/registrations/{made['id']}", {"status": "placed", "partner": "mocca"})
    assert answer.status_code == 400
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"#/status", "#/partner"}


def test_a_name_that_must_be_there_cannot_be_cleared(world: World) -> None:
    applicant = world.register()["applicant"]["id"]
    answer = world.fleck.patch(f"/v1/applicants/{applicant}", {"familyName": None, "email": None})
    assert answer.status_code == 400
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"#/familyName", "#/email"}


def test_an_applicant_becomes_a_mononym(world: World) -> None:
    applicant = world.register()["applicant"]["id"]
    change = {"givenName": None, "familyNamePrefix": None, "familyName": "Suharto"}
    answer = world.fleck.patch(f"/v1/applicants/{applicant}", change)
    assert (answer.json()["givenName"], answer.json()["familyName"]) == (None, "Suharto")


def test_an_address_cannot_become_that_of_somebody_else(world: World) -> None:
    world.register(world.mocca, applicant={"email": "taken@lyceum.example"})
    mine = world.register()["applicant"]
    answer = world.fleck.patch(f"/v1/applicants/{mine['id']}", {"email": "TAKEN@lyceum.example"})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "email-taken")
    assert world.fleck.get(f"/v1/applicants/{mine['id']}").json() == mine


def test_a_changed_address_is_free_for_another(world: World) -> None:
    mine = world.register(applicant={"email": "old@lyceum.example"})["applicant"]
    world.fleck.patch(f"/v1/applicants/{mine['id']}", {"email": "new@lyceum.example"})
    world.register(world.mocca, applicant={"email": "old@lyceum.example"})
