"""POST /v1/registrations: who, when, and what is refused."""

import pytest

from tests.conftest import sql
from tests.world import PILOT, World, registration


def test_a_registration_is_kept_as_it_was_sent(world: World) -> None:
    body = registration()
    answer = world.fleck.post("/v1/registrations", body)
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/registrations/{made['id']}"
    assert {**made["applicant"], "id": None} == {
        **body["applicant"],
        "id": None,
        "language": "nl",
        "erasedAt": None,
    }
    assert made["school"] == body["school"]
    assert (made["edition"], made["partner"], made["status"]) == (PILOT, "fleck", "received")
    assert made["receivedAt"] == "2021-06-15T07:00:00Z"
    again = world.fleck.get(answer.headers["location"])
    assert (again.json(), again.headers["etag"]) == (made, answer.headers["etag"])


@pytest.mark.parametrize(
    ("given_name", "prefix", "family_name"),
    [
        ("Noor", "van der", "Meer"),
        ("é", None, "Éé"),
        ("Daan", None, "’t Hooft"),
        (None, None, "Suharto"),
        ("Željko", None, "Đurić-O'Neill"),
        ("محمد", "el", "العربي"),
    ],
)
def test_names_are_kept_exactly(
    world: World, given_name: str | None, prefix: str | None, family_name: str
) -> None:
    names = {"givenName": given_name, "familyNamePrefix": prefix, "familyName": family_name}
    made = world.register(applicant=names)
    kept = world.fleck.get(f"/v1/applicants/{made['applicant']['id']}").json()
    assert {name: kept[name] for name in names} == names


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2021-06-07T23:59:59+02:00", 409),
        ("2021-06-08T00:00:00+02:00", 201),
        ("2021-07-05T23:59:59+02:00", 201),
        ("2021-07-06T00:00:00+02:00", 409),
    ],
)
def test_the_window_is_kept_to_the_second_in_the_editions_time_zone(
    world: World, moment: str, status: int
) -> None:
    world.at(moment)
    answer = world.fleck.post("/v1/registrations", registration())
    assert answer.status_code == status
    if status == 409:
        assert answer.json()["type"].endswith(":edition-closed")
        assert answer.json()["window"] == {
            "opensAt": "2021-06-07T22:00:00Z",
            "closesAt": "2021-07-05T22:00:00Z",
        }


def test_every_fault_of_a_body_comes_in_one_answer(world: World) -> None:
    body = {
        "edition": 7,
        "applicant": {"email": "not an address", "familyName": " ", "nickname": "N"},
        "school": {"name": "x" * 201},
        "position": "a\u0000b",
        "motivation": True,
        "extra": 1,
    }
    answer = world.fleck.post("/v1/registrations", body)
    problem = answer.json()
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert {fault["pointer"] for fault in problem["errors"]} == {
        "#/edition",
        "#/applicant/email",
        "#/applicant/familyName",
        "#/applicant/nickname",
        "#/school/name",
        "#/school/city",
        "#/position",
        "#/motivation",
        "#/extra",
    }
    assert world.fleck.get("/v1/registrations").json()["items"] == []


def test_an_unknown_edition_is_a_fault_of_the_body(world: World) -> None:
    answer = world.fleck.post("/v1/registrations", registration(edition="nergens"))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "#/edition")


def test_every_name_that_leads_nowhere_comes_in_one_answer(world: World) -> None:
    for partner, code in (("nobody", "unknown-organisation"), ("neos", "wrong-role"), (None, "missing")):
        answer = world.admin.post("/v1/registrations", registration(edition="nergens", partner=partner))
        faults = {one["pointer"]: one["code"] for one in answer.json()["errors"]}
        assert (answer.status_code, faults) == (400, {"#/partner": code, "#/edition": "unknown-edition"})


def test_no_answer_says_that_it_is_done_before_it_is_kept(world: World) -> None:
    """A commit that fails is a failure of the request: the caller is not told 201 for what is not there."""
    sql(
        world.database_url,
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'refused at the commit'; END $$""",
        """CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON registration
           DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()""",
    )
    answer = world.fleck.post("/v1/registrations", registration(), headers={"Idempotency-Key": "one"})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (500, "internal-error")
    assert sql(world.database_url, "SELECT id FROM registration") == []
    assert world.events("registration.received") == []

    sql(world.database_url, "DROP TRIGGER refuse ON registration")
    again = world.fleck.post("/v1/registrations", registration(), headers={"Idempotency-Key": "one"})
    assert (again.status_code, "Idempotency-Replayed" in again.headers) == (201, False)


def test_the_same_address_in_other_case_is_the_same_person(world: World) -> None:
    first = world.register(applicant={"email": "Noor@Lyceum.example"})
    answer = world.fleck.post("/v1/registrations", registration(applicant={"email": "nOOR@lyceum.EXAMPLE"}))
    assert answer.status_code == 409
    assert answer.json()["type"].endswith(":already-registered")
    assert answer.json()["registration"] == first["id"]


def test_letters_that_capitals_make_the_same_are_the_same(world: World) -> None:
    """As `email_key` says: STRASSE is both."""
    world.register(applicant={"email": "straße@lyceum.example"})
    for email in ("STRASSE@lyceum.example", "strasse@lyceum.example"):
        answer = world.fleck.post("/v1/registrations", registration(applicant={"email": email}))
        assert answer.json()["type"].endswith(":already-registered"), email


def test_another_partner_learns_nothing_of_who_registered_first(world: World) -> None:
    first = world.register(world.mocca, applicant={"email": "noor@lyceum.example"})
    answer = world.fleck.post("/v1/registrations", registration(applicant={"email": "noor@lyceum.example"}))
    assert answer.status_code == 409
    assert "mocca" not in answer.text
    assert first["id"] not in answer.text
    assert set(answer.json()) == {"type", "title", "status", "detail", "instance"}


def test_an_administrator_sees_the_conflict(world: World) -> None:
    first = world.register(world.mocca, applicant={"email": "noor@lyceum.example"})
    world.fleck.post("/v1/registrations", registration(applicant={"email": "noor@lyceum.example"}))
    [event] = world.events("registration.refused")
    assert (event["subject"], event["actor"]) == (first["id"], world.fleck.id)
    assert event["data"] == {"registeredBy": "mocca", "refusedFor": "fleck"}
    seen = world.fleck.get("/v1/events", params={"type": "registration.refused"}).json()["items"]
    assert seen == []


def test_a_refused_registration_leaves_no_applicant_behind(world: World) -> None:
    world.register(applicant={"email": "noor@lyceum.example"})
    world.fleck.post("/v1/registrations", registration(applicant={"email": "noor@lyceum.example"}))
    assert len(world.admin.get("/v1/applicants").json()["items"]) == 1


def test_who_withdrew_may_register_again(world: World) -> None:
    first = world.register(applicant={"email": "noor@lyceum.example"})
    world.fleck.post(f"/v1/registrations/{first['id']}/_withdraw", {"reason": "Vergissing"})
    second = world.register(world.mocca, applicant={"email": "noor@lyceum.example"})
    assert second["id"] != first["id"]


def test_one_person_may_register_for_two_editions(world: World) -> None:
    world.register(applicant={"email": "noor@lyceum.example"})
    world.register(edition="voorbeeld", applicant={"email": "noor@lyceum.example"})


def test_only_an_administrator_names_another_partner(world: World) -> None:
    assert world.fleck.post("/v1/registrations", registration(partner="mocca")).status_code == 403
    assert world.fleck.post("/v1/registrations", registration(partner="fleck")).status_code == 201
    made = world.admin.post("/v1/registrations", registration(partner="mocca"))
    assert (made.status_code, made.json()["partner"]) == (201, "mocca")


@pytest.mark.parametrize(
    ("partner", "code"), [(None, "missing"), ("neos", "wrong-role"), ("x", "unknown-organisation")]
)
def test_an_administrator_names_an_organisation_that_takes_in_registrations(
    world: World, partner: str | None, code: str
) -> None:
    answer = world.admin.post("/v1/registrations", registration(partner=partner))
    assert answer.status_code == 400
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [("#/partner", code)]


def test_a_registration_leaves_an_event_without_personal_data(world: World) -> None:
    made = world.register()
    [event] = world.events("registration.received")
    assert (event["subject"], event["partner"], event["edition"]) == (made["id"], "fleck", PILOT)
    assert (event["data"], event["actor"]) == ({}, world.fleck.id)
