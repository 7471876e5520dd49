"""The enrolment form: one personal link, returned once."""

import pytest

from tests.world import PILOT, World, form


def test_the_form_completes_the_registration(world: World) -> None:
    made = world.register()
    link = made["enrolmentForm"]
    assert link["url"] == f"https://register.example/v1/enrolment-forms/{link['token']}"
    opened = world.http.get(f"/v1/enrolment-forms/{link['token']}").json()
    assert (opened["status"], opened["applicantName"]) == ("open", "Noor van der Meer")
    returned = world.http.put(f"/v1/enrolment-forms/{link['token']}", json=form())
    assert (returned.status_code, returned.json()["status"]) == (200, "submitted")
    after = world.fleck.get(f"/v1/registrations/{made['id']}").json()
    assert after["status"] == "complete"
    assert after["enrolmentForm"] == {
        "url": None,
        "token": None,
        "dueAt": None,
        "submittedAt": "2021-06-15T07:00:00Z",
    }


def test_a_link_works_once(world: World) -> None:
    made = world.complete()
    again = world.http.put(f"/v1/enrolment-forms/{made['enrolmentForm']['token']}", json=form())
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "form-already-submitted")


def test_answers_are_not_shown_again(world: World) -> None:
    made = world.complete()
    seen = world.http.get(f"/v1/enrolment-forms/{made['enrolmentForm']['token']}")
    assert "leerlijn" not in seen.text


@pytest.mark.parametrize("token", ["x", "%00", "a" * 43, "%F0%9F%8E%B2"])
def test_an_unknown_token_is_not_found(world: World, token: str) -> None:
    assert world.http.get(f"/v1/enrolment-forms/{token}").status_code == 404
    assert world.http.put(f"/v1/enrolment-forms/{token}", json=form()).status_code == 404


def test_without_permission_nothing_is_kept(world: World) -> None:
    made = world.register()
    path = f"/v1/enrolment-forms/{made['enrolmentForm']['token']}"
    answer = world.http.put(path, json=form(consent=False, learningQuestion=3))
    assert answer.status_code == 400
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"#/consent", "#/learningQuestion"}
    assert world.http.get(path).json()["status"] == "open"


def test_a_form_is_not_taken_after_its_date(world: World) -> None:
    due = {"formsDueAt": "2021-07-10T00:00:00+02:00"}
    assert world.admin.patch(f"/v1/editions/{PILOT}", due).status_code == 200
    made = world.register()
    world.at("2021-07-10T00:00:00+02:00")
    answer = world.http.put(f"/v1/enrolment-forms/{made['enrolmentForm']['token']}", json=form())
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "form-overdue")


def test_a_withdrawn_registration_takes_no_form(world: World) -> None:
    made = world.register()
    world.fleck.post(f"/v1/registrations/{made['id']}/_withdraw")
    answer = world.http.put(f"/v1/enrolment-forms/{made['enrolmentForm']['token']}", json=form())
    assert (answer.status_code, answer.json()["allowed"]) == (409, [])


def test_who_may_only_read_does_not_get_the_link(world: World) -> None:
    made = world.register(world.mocca)
    for party in (world.provider, world.lkca):
        assert party.get(f"/v1/registrations/{made['id']}").json()["enrolmentForm"] is None
    assert world.admin.get(f"/v1/registrations/{made['id']}").json()["enrolmentForm"]["token"]
