"""The enrolment form: one personal link, saved in parts, returned once, reopened by the partner."""

from functools import partial
from uuid import UUID

import httpx
import pytest

from app.registrations.forms import InvoiceAddress, invoice_address
from tests.world import JSON, PILOT, PUBLIC_SOURCE, World, form


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


def _path(made: JSON) -> str:
    return f"/v1/enrolment-forms/{made['enrolmentForm']['token']}"


def _kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_a_draft_is_kept_and_shown_until_it_is_returned(world: World) -> None:
    path = _path(world.register())
    untouched = world.http.get(path).json()
    assert (untouched["savedAt"], untouched["editable"]) == (None, True)
    assert set(untouched["answers"].values()) == {None}
    world.at("2021-06-16T09:00+02:00")
    change = {
        "coordinatorHours": 2.5,
        "invoiceAddress": {"city": "Almere"},
        "wishes": {"dietary": "Geen noten"},
    }
    saved = world.http.request("PATCH", path, json=change)
    assert saved.status_code == 200, saved.text
    assert saved.json()["savedAt"] == "2021-06-16T07:00:00Z"
    world.http.request(
        "PATCH", path, json={"invoiceAddress": {"street": "Straat 1"}, "coordinatorHours": None}
    )
    draft = world.http.get(path).json()["answers"]
    assert draft["coordinatorHours"] is None
    assert (draft["invoiceAddress"]["city"], draft["invoiceAddress"]["street"]) == ("Almere", "Straat 1")
    assert draft["wishes"] == {"dietary": "Geen noten", "accessibility": None}
    world.http.put(path, json=form())
    returned = world.http.get(path)
    assert (returned.json()["answers"], returned.json()["editable"]) == (None, False)
    assert "noten" not in returned.text
    assert world.http.get(path, headers={"Accept": "text/html"}).text.count("Almere") == 0


def test_what_is_returned_takes_the_place_of_the_draft(world: World) -> None:
    made = world.register()
    draft = {"coordinatorHours": 2, "wishes": {"accessibility": "Een lift"}, "workSituation": "Oud"}
    world.http.request("PATCH", _path(made), json=draft)
    world.http.put(_path(made), json=form())
    answers = world.fleck.get(f"/v1/registrations/{made['id']}/enrolment-form").json()["answers"]
    assert (answers["coordinatorHours"], answers["wishes"]) == (None, None)
    assert answers["workSituation"] == form()["workSituation"]


def test_a_draft_is_changed_against_what_was_seen_in_whichever_language(world: World) -> None:
    path = _path(world.register())
    dutch = world.http.get(path)
    english = world.http.get(path, headers={"Accept-Language": "en"})
    assert dutch.headers["etag"] != english.headers["etag"]
    assert dutch.json()["schema"]["title"] == "Inschrijfformulier"
    assert english.json()["schema"]["title"] == "Enrolment form"
    assert world.http.get(f"{path}?lang=en").json() == english.json()
    for seen, text in ((english, "Een"), (world.http.get(path), "Twee")):
        tag = world.http.get(path, headers={"Accept-Language": seen.headers["content-language"]}).headers[
            "etag"
        ]
        change = {"learningQuestion": text}
        headers = {"If-Match": tag, "Accept-Language": "nl"}
        assert world.http.request("PATCH", path, json=change, headers=headers).status_code == 200
        assert _kind(world.http.request("PATCH", path, json=change, headers=headers)) == (
            412,
            "precondition-failed",
        )
    assert world.http.get(path).headers["vary"] == "Accept, Accept-Language, Origin"


def test_a_draft_that_stays_as_it_is_leaves_no_event(world: World) -> None:
    made = world.register()
    for _ in range(2):
        world.http.request("PATCH", _path(made), json={"coordinatorMandate": "written", "wishes": None})
    saved = world.events("enrolment-form.saved")
    assert [(one["subject"], one["actor"], one["data"]) for one in saved] == [
        (made["id"], "applicant", {"fields": ["coordinatorMandate", "wishes"]})
    ]


def test_an_edition_may_ask_more(world: World) -> None:
    made = world.register()
    asked = {"formRequired": ["invoiceAddress", "schoolLeader", "schoolLeader", "coordinatorHours"]}
    edition = world.admin.patch(f"/v1/editions/{PILOT}", asked).json()
    assert edition["formRequired"] == ["coordinatorHours", "schoolLeader", "invoiceAddress"]
    schema = world.http.get(_path(made)).json()["schema"]
    assert set(schema["required"]) == {
        "learningQuestion",
        "workSituation",
        "consent",
        *edition["formRequired"],
    }
    answer = world.http.put(_path(made), json=form(invoiceAddress=None))
    assert _kind(answer) == (400, "invalid-input")
    assert {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]} == {
        "#/coordinatorHours": "missing",
        "#/schoolLeader": "missing",
        "#/invoiceAddress": "missing",
    }
    more = {"coordinatorHours": 0, "schoolLeader": {"name": "Jan", "consent": True}}
    assert world.http.put(_path(made), json=form(**more)).status_code == 200
    assert world.admin.patch(f"/v1/editions/{PILOT}", {"formRequired": ["shoeSize"]}).status_code == 400


def test_permission_is_dated_by_the_server(world: World) -> None:
    made = world.register()
    world.http.request("PATCH", _path(made), json={"consent": True})
    read = f"/v1/registrations/{made['id']}/enrolment-form"
    assert world.fleck.get(read).json()["consentedAt"] is None
    world.at("2021-06-17T12:00+02:00")
    refused = world.http.put(_path(made), json=form(consentedAt="2021-06-01T00:00:00Z"))
    assert refused.json()["errors"][0]["code"] == "extra-forbidden"
    world.http.put(_path(made), json=form())
    assert world.fleck.get(read).json()["consentedAt"] == "2021-06-17T10:00:00Z"


@pytest.mark.parametrize(
    ("ending", "refusal"),
    [
        ("submit", (409, "form-already-submitted")),
        ("withdraw", (409, "move-not-allowed")),
        ("wait", (409, "form-overdue")),
        ("lapse", (409, "form-overdue")),
    ],
)
def test_a_form_that_is_closed_is_not_saved(world: World, ending: str, refusal: tuple[int, str]) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"formsDueAt": "2021-06-20T00:00:00+02:00"})
    made = world.register()
    world.http.request("PATCH", _path(made), json={"learningQuestion": "Geheim"})
    if ending == "submit":
        world.http.put(_path(made), json=form())
    elif ending == "withdraw":
        world.fleck.post(f"/v1/registrations/{made['id']}/_withdraw")
    else:
        world.at("2021-06-20T00:00:00+02:00")
    if ending == "lapse":
        assert world.work() == 1
    assert _kind(world.http.request("PATCH", _path(made), json={"learningQuestion": "Later"})) == refusal
    seen = world.http.get(_path(made))
    assert (seen.json()["editable"], seen.json()["answers"]) == (False, None)
    assert "Geheim" not in seen.text


@pytest.mark.parametrize(
    ("moment", "lapsed"), [("2021-06-19T23:59:59.999999+02:00", 0), ("2021-06-20T00:00:00+02:00", 1)]
)
def test_a_form_lapses_at_its_date_and_not_before(world: World, moment: str, lapsed: int) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"formsDueAt": "2021-06-20T00:00:00+02:00"})
    late, returned = world.register(), world.complete()
    world.at(moment)
    assert world.work() == lapsed
    answer = world.http.put(_path(late), json=form())
    assert answer.status_code == (409 if lapsed else 200)
    statuses = [
        world.fleck.get(f"/v1/registrations/{one['id']}").json()["status"] for one in (late, returned)
    ]
    assert statuses == (["lapsed", "complete"] if lapsed else ["complete", "complete"])


def test_who_works_with_a_form_sees_what_it_needs(world: World) -> None:
    wishes = {"dietary": "Vegetarisch", "accessibility": None}
    made = world.register()
    read = f"/v1/registrations/{made['id']}/enrolment-form"
    world.http.request("PATCH", _path(made), json={"learningQuestion": "Nog niet af"})
    draft = world.fleck.get(read).json()
    assert (draft["status"], draft["answers"], draft["savedAt"]) == ("open", None, "2021-06-15T07:00:00Z")
    world.http.put(_path(made), json=form(wishes={"dietary": "Vegetarisch"}))
    for party in (world.fleck, world.admin):
        answers = party.get(read).json()["answers"]
        assert (answers["wishes"], answers["invoiceAddress"]["city"]) == (wishes, "Almere")
    provider = world.provider.get(read).json()["answers"]
    assert (provider["wishes"], provider["invoiceAddress"]) == (None, None)
    assert provider["learningQuestion"] == form()["learningQuestion"]
    assert world.mocca.get(read).status_code == 404
    assert world.lkca.get(read).status_code == 403
    world.draw()
    assert world.provider.get(read).json()["answers"]["wishes"] == wishes
    assert world.provider.get(read).json()["answers"]["invoiceAddress"] is None


def test_a_reopened_form_is_changed_and_returned_once_more(world: World) -> None:
    made = world.complete()
    path, read = _path(made), f"/v1/registrations/{made['id']}/enrolment-form"
    world.at("2021-06-18T09:00+02:00")
    reopened = world.fleck.post(f"{read}/_reopen", {"reason": "Het factuuradres klopt niet."})
    assert reopened.status_code == 200, reopened.text
    assert reopened.json()["status"] == "received"
    assert reopened.json()["enrolmentForm"] == {**made["enrolmentForm"], "submittedAt": None}
    draft = world.http.get(path).json()
    assert (draft["status"], draft["answers"]["learningQuestion"]) == ("open", form()["learningQuestion"])
    assert world.fleck.get(read).json()["reopenedAt"] == "2021-06-18T07:00:00Z"
    world.http.request("PATCH", path, json={"invoiceAddress": {"city": "Lelystad"}})
    world.at("2021-06-19T09:00+02:00")
    answers = form(invoiceAddress={**form()["invoiceAddress"], "city": "Lelystad"})
    assert world.http.put(path, json=answers).status_code == 200
    after = world.fleck.get(read).json()
    assert after["answers"]["invoiceAddress"]["city"] == "Lelystad"
    assert after["submittedAt"] == after["consentedAt"] == "2021-06-19T07:00:00Z"
    assert _kind(world.http.put(path, json=answers)) == (409, "form-already-submitted")
    told = [event for event in world.events() if event["subject"] == made["id"]]
    assert [(event["type"], event["data"].get("before")) for event in told] == [
        ("registration.received", None),
        ("registration.complete", "received"),
        ("registration.received", "complete"),
        ("enrolment-form.reopened", None),
        ("enrolment-form.saved", None),
        ("registration.complete", "received"),
    ]


def test_only_a_returned_form_is_reopened_and_not_during_a_draw(world: World) -> None:
    open_one, made = world.register(), world.complete()
    reopen = "/v1/registrations/{}/enrolment-form/_reopen"
    assert _kind(world.fleck.post(reopen.format(open_one["id"]))) == (409, "move-not-allowed")
    assert world.mocca.post(reopen.format(made["id"])).status_code == 404
    announced = world.announce()
    assert _kind(world.fleck.post(reopen.format(made["id"]))) == (409, "edition-frozen")
    world.admin.post(f"/v1/draws/{announced['id']}/_void", {"reason": "Een formulier moet over."})
    assert world.fleck.post(reopen.format(made["id"])).status_code == 200
    answer = world.http.put(_path(made), json=form())
    assert answer.status_code == 200
    world.draw()
    assert _kind(world.fleck.post(reopen.format(made["id"]))) == (409, "move-not-allowed")


def test_after_the_editions_date_a_form_is_reopened_with_a_date_of_its_own(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"formsDueAt": "2021-06-20T00:00:00+02:00"})
    made = world.complete()
    path = f"/v1/registrations/{made['id']}/enrolment-form/_reopen"
    world.at("2021-06-20T00:00:00+02:00")
    assert _kind(world.fleck.post(path)) == (409, "form-overdue")
    past = world.fleck.post(path, {"dueAt": "2021-06-20T00:00:00+02:00"})
    assert [fault["pointer"] for fault in past.json()["errors"]] == ["#/dueAt"]
    reopened = world.fleck.post(path, {"dueAt": "2021-06-22T00:00:00+02:00"})
    assert reopened.json()["enrolmentForm"]["dueAt"] == "2021-06-21T22:00:00Z"
    world.at("2021-06-21T23:59:59+02:00")
    assert world.work() == 0
    assert world.http.get(_path(made)).json()["editable"] is True
    world.at("2021-06-22T00:00:00+02:00")
    assert _kind(world.http.put(_path(made), json=form())) == (409, "form-overdue")
    assert world.work() == 1
    assert world.fleck.get(f"/v1/registrations/{made['id']}").json()["status"] == "lapsed"


def test_a_reopening_and_an_announcement_at_once_leave_nobody_half_drawn(world: World) -> None:
    """Whichever is first: who is on the frozen list is complete, who was reopened is not on it."""
    people = [world.complete() for _ in range(4)]
    world.at("2021-07-06T09:00+02:00")
    reopen = [
        partial(world.fleck.post, f"/v1/registrations/{one['id']}/enrolment-form/_reopen")
        for one in people[:3]
    ]
    announce = partial(world.admin.post, f"/v1/editions/{PILOT}/draws", {"beacon": PUBLIC_SOURCE})
    *reopened, announced = world.http.together([*reopen, announce])
    assert announced.status_code == 201
    done = [answer.status_code for answer in reopened]
    assert set(done) <= {200, 409}
    listed = announced.json()["list"]["candidates"]
    assert len(listed) == 4 - done.count(200)


def test_who_is_carried_over_takes_the_form_along(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 0, "quotas": []})
    made = world.register()
    world.http.put(_path(made), json=form(wishes={"dietary": "Vegetarisch"}))
    world.draw()
    carried = world.admin.post("/v1/editions/voorbeeld/_carry", {"from": PILOT}).json()["registrations"][0]
    before, after = (
        world.fleck.get(f"/v1/registrations/{id}/enrolment-form").json() for id in (made["id"], carried)
    )
    assert after["answers"] == before["answers"]
    assert after["answers"]["wishes"]["dietary"] == "Vegetarisch"
    assert after["consentedAt"] == before["consentedAt"] == "2021-06-15T07:00:00Z"
    world.work()
    gone, kept = (
        world.fleck.get(f"/v1/registrations/{id}/enrolment-form").json() for id in (made["id"], carried)
    )
    assert gone["answers"]["wishes"] is None
    assert kept["answers"]["wishes"]["dietary"] == "Vegetarisch"


def test_the_invoice_address_is_that_of_the_returned_form(world: World) -> None:
    made = world.register()
    address = {**form()["invoiceAddress"], "costCentre": "4210", "orderNumber": "PO-42"}
    world.http.request("PATCH", _path(made), json={"invoiceAddress": address})
    assert _invoice_address(world, made) is None
    world.http.put(_path(made), json=form(invoiceAddress=address))
    assert _invoice_address(world, made) == InvoiceAddress(
        "Het Lyceum", "Schoolstraat 1", "1315 AA", "Almere", None, "4210", "PO-42"
    )
    without = world.register()
    world.http.put(_path(without), json=form(invoiceAddress=None))
    assert _invoice_address(world, without) is None


def _invoice_address(world: World, made: JSON) -> InvoiceAddress | None:
    async def read() -> InvoiceAddress | None:
        async with world.app.state.database.transaction() as db:
            return await invoice_address(db, UUID(made["id"]))

    found: InvoiceAddress | None = world.http.portal.call(read)
    return found
