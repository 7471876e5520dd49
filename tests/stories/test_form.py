"""The enrolment form's whole way: saved in parts, reminded of, returned, reopened, and its wishes erased."""

from tests.conftest import sql
from tests.registrations.form_reader import FormPage
from tests.world import PILOT, World


def test_from_the_link_to_the_last_session(world: World) -> None:
    asked = {
        "formsDueAt": "2021-07-05T22:00:00Z",
        "formReminderDays": [7],
        "formRequired": ["coordinatorHours", "schoolLeader", "invoiceAddress"],
    }
    assert world.admin.patch(f"/v1/editions/{PILOT}", asked).status_code == 200
    made = world.register()
    token, read = made["enrolmentForm"]["token"], f"/v1/registrations/{made['id']}/enrolment-form"

    # A frontend draws the form from its schema and keeps what there is.
    opened = world.http.get(f"/v1/enrolment-forms/{token}").json()
    assert set(asked["formRequired"]) < set(opened["schema"]["required"])
    members = [name for section in opened["sections"] for name in section["members"]]
    assert members == list(opened["schema"]["properties"])
    part = {"learningQuestion": "Hoe krijgt cultuur een vaste plek?", "wishes": {"dietary": "Vegetarisch"}}
    saved = world.http.request("PATCH", f"/v1/enrolment-forms/{token}", json=part).json()
    assert saved["answers"]["wishes"] == {"dietary": "Vegetarisch", "accessibility": None}

    # Nothing more comes, so the register reminds once, and the partner once more by hand.
    world.at("2021-06-28T22:00:00Z")
    world.work()
    world.work()
    world.at("2021-06-30T09:00+02:00")
    assert world.fleck.post(f"{read}/_remind").status_code == 200
    reminders = world.events("enrolment-form.reminder-due")
    assert [event["data"]["byHand"] for event in reminders] == [False, True]

    # On the page the draft is there; two fields are forgotten at first.
    page = FormPage(world, token)
    assert page.fields.values["learningQuestion"] == part["learningQuestion"]
    filled = {
        "workSituation": "Docent beeldend",
        "coordinatorHours": "2,5",
        "schoolLeader__name": "Jan de Boer",
        "schoolLeader__consent": "yes",
        "invoiceAddress__name": "Het Lyceum",
        "invoiceAddress__street": "Schoolstraat 1",
        "invoiceAddress__postalCode": "1315 AA",
        "invoiceAddress__costCentre": "4120",
    }
    assert page.press("submit", **filled).status_code == 400
    assert page.fields.invalid == {"invoiceAddress.city", "consent"}
    done = page.press("submit", invoiceAddress__city="Almere", consent="yes")
    assert "Je formulier is ingestuurd" in done.text
    returned = world.fleck.get(read).json()
    assert returned["answers"]["invoiceAddress"]["costCentre"] == "4120"
    assert returned["consentedAt"] == "2021-06-30T07:00:00Z"

    # The cost centre was wrong: the partner opens the form again, and the teacher mends it.
    world.at("2021-07-01T09:00+02:00")
    body = {"reason": "De kostenplaats klopt niet."}
    assert world.fleck.post(f"{read}/_reopen", body).json()["status"] == "received"
    page = FormPage(world, token)
    assert page.fields.values["invoiceAddress.costCentre"] == "4120"
    assert "Je formulier is ingestuurd" in page.press("submit", invoiceAddress__costCentre="4210").text
    returned = world.fleck.get(read).json()
    assert returned["answers"]["invoiceAddress"]["costCentre"] == "4210"
    assert returned["answers"]["wishes"] == {"dietary": "Vegetarisch", "accessibility": None}
    assert returned["consentedAt"] == "2021-07-01T07:00:00Z"

    # A seat, the year, and what the caterer needed to know is forgotten.
    world.draw()
    assert world.fleck.post(f"/v1/registrations/{made['id']}/_confirm").status_code == 200
    assert world.provider.get(read).json()["answers"]["wishes"]["dietary"] == "Vegetarisch"
    world.schedule_national()
    world.at("2022-04-07T17:30+02:00")
    world.work()
    assert world.provider.get(read).json()["answers"]["wishes"] is None
    assert sql(world.database_url, "SELECT * FROM wishes") == []

    told = [event["type"] for event in world.events() if event["subject"] == made["id"]]
    assert told == [
        "registration.received",
        "enrolment-form.saved",
        "enrolment-form.reminder-due",
        "enrolment-form.reminder-due",
        "registration.complete",
        "registration.received",
        "enrolment-form.reopened",
        "registration.complete",
        "registration.placed",
        "registration.confirmed",
        "enrolment-form.wishes-erased",
        "participant.out-of-reach",  # nobody recorded the attendance of the whole year
    ]
