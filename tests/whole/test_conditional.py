"""Conditional requests on every route: whoever adds one that reads or changes a thing meets these rules.

RFC 9110, section 13 (If-Match, If-None-Match), and RFC 7396 (merge patch).
"""

from uuid import UUID

import httpx
import pytest

from app.identity.schemas import EXAMPLE_KEY
from app.registrations.links import Links
from tests.imports.files import imported
from tests.notifications.post_office import Postman
from tests.samples import PDF
from tests.whole.test_access import ROWS, _made_up, _routes, _webhook
from tests.world import ADDRESS, JSON, PILOT, SELLER, World, form, registration

ROUTES = [(method, route.path) for route in _routes() for method in sorted(route.methods or ())]
READ = [path for method, path in ROUTES if method == "GET"]
# The metrics count that they were read: never the same twice.
TAGGED = [path for path in READ if path != "/metrics"]
CHANGED = [(method, path) for method, path in ROUTES if method in ("PATCH", "PUT")]
# It records several participants at once: no single thing, which could be as somebody has seen it.
OF_SEVERAL = ("PUT", "/v1/sessions/{sessionId}/attendance")
# What a change may say, and where the tag of what it changes can be read; a new route needs a row.
CHANGES: dict[tuple[str, str], tuple[list[JSON], str]] = {
    ("PATCH", "/v1/organisations/{organisation}"): (
        [{"region": "Flevopolder"}, {"region": None}],
        "/v1/organisations/{organisation}",
    ),
    ("PATCH", "/v1/editions/{edition}"): ([{"title": "Een"}, {"title": "Twee"}], "/v1/editions/{edition}"),
    ("PATCH", "/v1/sessions/{sessionId}"): (
        [{"title": "Een"}, {"title": "Twee"}],
        "/v1/sessions/{sessionId}",
    ),
    ("PATCH", "/v1/registrations/{registrationId}"): (
        [{"position": "docent"}, {"position": None}],
        "/v1/registrations/{registrationId}",
    ),
    ("PATCH", "/v1/applicants/{applicantId}"): (
        [{"phone": "+31687654321"}, {"phone": None}],
        "/v1/applicants/{applicantId}",
    ),
    ("PUT", "/v1/registrations/{registrationId}/progress/{phase}"): (
        [{"verdict": "failed"}, {"verdict": "passed"}],
        "/v1/registrations/{registrationId}/progress",
    ),
    ("PUT", "/v1/sessions/{sessionId}/attendance/{registrationId}"): (
        [{"minutes": 90}, {"minutes": 60}],
        "/v1/sessions/{sessionId}/attendance/{registrationId}",
    ),
    ("PUT", "/v1/organisations/{organisation}/invoicing"): (
        [{**SELLER, "paymentDays": 14}, {**SELLER, "paymentDays": 60}],
        "/v1/organisations/{organisation}/invoicing",
    ),
    ("PUT", "/v1/registrations/{registrationId}/invoice-address"): (
        [{**ADDRESS, "city": "Utrecht"}, {**ADDRESS, "city": "Almere"}],
        "/v1/registrations/{registrationId}/invoice-address",
    ),
    ("PUT", "/v1/personal-pages/{pageToken}/progress/{phase}"): (
        [{"evidence": "Een"}, {"evidence": "Twee"}],
        "/v1/personal-pages/{pageToken}/progress/{phase}",
    ),
    ("PUT", "/v1/clients/{clientId}/keys"): (
        [{"keys": [EXAMPLE_KEY]}, {"keys": []}],
        "/v1/clients/{clientId}",
    ),
    ("PATCH", "/v1/webhooks/{webhookId}"): (
        [{"description": "Een"}, {"description": None}],
        "/v1/webhooks/{webhookId}",
    ),
    ("PUT", "/v1/enrolment-forms/{token}"): ([form()], "/v1/enrolment-forms/{token}"),
    ("PATCH", "/v1/enrolment-forms/{token}"): (
        [{"learningQuestion": "Een"}, {"learningQuestion": None}],
        "/v1/enrolment-forms/{token}",
    ),
}


class Everything:
    """A world in which every address leads to something, and who may read or change it."""

    def __init__(self, world: World) -> None:
        self.world = world
        certificate = world.certified()
        made = world.fleck.get(f"/v1/registrations/{certificate['registration']}").json()
        draw = next(event["subject"] for event in world.events() if event["type"].startswith("draw."))
        unanswered = world.register(edition="voorbeeld")
        world.invoices_by("mocca")
        self.names = {
            "organisation": "fleck",
            "training": "cultuurcoordinator-vo",
            "clientId": world.fleck.id,
            "phase": "orientatie",
            "edition": PILOT,
            "sessionId": world.sessions()[0]["id"],
            "registrationId": made["id"],
            "applicantId": made["applicant"]["id"],
            "drawId": draw,
            "receiptToken": self._form_token(made["id"]),
            "number": certificate["number"],
            "invoiceNumber": world.invoice(made["id"])["number"],
            "code": certificate["verificationUrl"].rpartition("/")[2],
            "token": unanswered["enrolmentForm"]["token"],
            "messageId": self._message(),
            "kind": "waitlisted",
            "calendarToken": world.fleck.get(f"/v1/registrations/{made['id']}/personal-links")
            .json()["calendar"]
            .rpartition("/")[2],
            "pageToken": self._page_token(made["id"]),
            "makeUpId": _made_up(world, made["id"]),
            "holderToken": world.fleck.get(f"/v1/registrations/{made['id']}/personal-links")
            .json()["holder"]
            .rpartition("/")[2],
            "batchId": world.lkca.post("/v1/certificate-batches", {"edition": PILOT, "dryRun": True}).json()[
                "id"
            ],
            "reviewId": self._review(made["id"]),
            "importId": imported(world.fleck, world)["id"],
            "listId": "1",
            "on": world.publish_head(),
        }
        self.names |= _webhook(world)
        self.names["fileId"] = self._file(made["id"])
        world.at("2021-10-07T15:00+02:00")  # the first session runs, so there is a code to check in by

    def _file(self, registration: str) -> str:
        """A file in a phase that is open again."""
        path = f"/v1/registrations/{registration}/progress/orientatie"
        assert self.world.provider.put(path, {"verdict": "open"}).status_code == 200
        added = self.world.provider.post(f"{path}/files", files={"file": ("plan.pdf", PDF)})
        return str(added.json()["id"])

    def _review(self, registration: str) -> str:
        """A review of the certificate, by a correction that makes little difference."""
        session = self.world.sessions()[0]["id"]
        path = f"/v1/sessions/{session}/attendance/{registration}"
        body = {"minutes": 175, "reason": "Vijf minuten later"}
        assert self.world.provider.put(path, body).status_code == 200
        return str(self.world.lkca.get("/v1/certificate-reviews").json()["items"][0]["id"])

    def _form_token(self, registration: str) -> str:
        settings = self.world.app.state.settings
        return Links(settings.base_url, settings.key("personal links")).enrolment_token(UUID(registration))

    def _message(self) -> str:
        Postman(self.world, None).collect()
        page = self.world.admin.get("/v1/messages", params={"kind": "seat-confirmed"})
        return str(page.json()["items"][0]["id"])

    def _page_token(self, registration: str) -> str:
        links = self.world.fleck.get(f"/v1/registrations/{registration}/personal-links").json()
        return str(links["page"]).rpartition("/")[2]

    def path(self, template: str) -> str:
        """An address that is there."""
        return template.format(**self.names)

    def ask(self, method: str, template: str, **kwargs: object) -> httpx.Response:
        """The answer to the administrator, or the certifier, whose alone it is."""
        allowed = ROWS["GET" if method == "HEAD" else method, template]
        party = self.world.lkca if allowed == ["c"] else self.world.admin
        return party.request(method, self.path(template), **kwargs)

    def tag(self, template: str) -> str:
        """The tag of what a change changes, as its reader gets it."""
        where = CHANGES["PUT", template][1] if ("PUT", template) in CHANGES else template
        if where:
            return self.ask("GET", where).headers["etag"]
        return self.ask("PUT", template, json=CHANGES["PUT", template][0][-1]).headers["etag"]


@pytest.fixture
def everything(world: World) -> Everything:
    return Everything(world)


def check_unchanged(answer: httpx.Response, tag: str, name: str) -> None:
    assert (answer.status_code, answer.content) == (304, b""), (name, answer.status_code)
    assert answer.headers["etag"] == tag, name
    assert "api-version" in answer.headers, name
    assert not {"content-type", "content-length", "content-disposition"} & set(answer.headers), name


def check_problem(answer: httpx.Response, status: int, name: object) -> None:
    assert answer.status_code == status, (name, answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/problem+json", name
    assert answer.json()["status"] == status, name


def test_whatever_can_be_read_has_a_tag_and_is_not_sent_twice(everything: Everything) -> None:
    for template in TAGGED:
        answer = everything.ask("GET", template)
        assert (answer.status_code, bool(answer.content)) == (200, True), (template, answer.text)
        tag = answer.headers["etag"]
        assert tag.startswith('"'), template
        assert len(tag) > 10, template
        for named in (tag, f"W/{tag}", f'"other", {tag}', f'W/"other",W/{tag},', "*"):
            for method in ("GET", "HEAD"):
                again = everything.ask(method, template, headers={"If-None-Match": named})
                check_unchanged(again, tag, f"{method} {template} {named}")
        for named in ('"other"', "", tag.strip('"'), f"{tag}x"):
            again = everything.ask("GET", template, headers={"If-None-Match": named})
            assert (again.status_code, again.content) == (200, answer.content), (template, named)


def test_several_lines_of_tags_are_one_list(everything: Everything) -> None:
    tag = everything.ask("GET", "/v1/phases").headers["etag"]
    lines = [("If-None-Match", '"other"'), ("If-None-Match", tag)]
    assert everything.world.http.get("/v1/phases", headers=lines).status_code == 304


def test_what_is_asked_for_without_content_has_the_same_headers(everything: Everything) -> None:
    for template in TAGGED:
        whole, head = everything.ask("GET", template), everything.ask("HEAD", template)
        assert (head.status_code, head.content) == (200, b""), template
        own = {"x-request-id", "ratelimit"}
        assert set(head.headers) == set(whole.headers), template
        assert {name: head.headers[name] for name in head.headers if name not in own} == {
            name: whole.headers[name] for name in whole.headers if name not in own
        }, template


def test_what_is_read_only_if_it_is_as_expected(everything: Everything) -> None:
    for template in TAGGED:
        tag = everything.ask("GET", template).headers["etag"]
        for named in ('"other"', f"W/{tag}", ""):
            check_problem(everything.ask("GET", template, headers={"If-Match": named}), 412, template)
        for named in (tag, "*", f'"other", {tag}'):
            assert everything.ask("GET", template, headers={"If-Match": named}).status_code == 200, template


def test_what_is_not_there_has_no_condition(world: World) -> None:
    for condition in ("If-None-Match", "If-Match"):
        answer = world.http.get("/v1/organisations/nobody", headers={condition: "*"})
        check_problem(answer, 404, condition)
    assert world.http.get("/v1/clients", headers={"If-None-Match": "*"}).status_code == 401


def test_a_list_has_another_tag_when_it_is_another_list(world: World) -> None:
    before = world.fleck.get("/v1/registrations").headers["etag"]
    world.register()
    answer = world.fleck.get("/v1/registrations", headers={"If-None-Match": before})
    assert (answer.status_code, len(answer.json()["items"])) == (200, 1)


def test_every_change_has_a_row() -> None:
    assert {*CHANGES, OF_SEVERAL} == set(CHANGED)


@pytest.mark.parametrize(("method", "template"), sorted(CHANGES))
def test_a_change_is_made_against_what_was_seen(everything: Everything, method: str, template: str) -> None:
    bodies, _ = CHANGES[method, template]
    tag = everything.tag(template)

    def change(body: JSON, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return everything.ask(method, template, json=body, headers=named)

    for headers in (
        *({"If_Match": named} for named in ('"other"', f"W/{tag}", "", tag.strip('"'), f'W/{tag}, "other"')),
        *({"If_None_Match": named} for named in ("*", tag, f"W/{tag}", f'"other", {tag}')),
        {"If_Match": tag, "If_None_Match": tag},
    ):
        check_problem(change(bodies[0], **headers), 412, (method, template, headers))
        assert everything.tag(template) == tag, (template, headers)
    changed = change(bodies[0], If_Match=f'"other", {tag}', If_None_Match='"other"')
    assert changed.status_code == 200, changed.text
    assert changed.headers["etag"] not in ("", tag)
    if CHANGES[method, template][1]:
        assert everything.tag(template) == changed.headers["etag"]
    if len(bodies) > 1:
        check_problem(change(bodies[1], If_Match=tag), 412, (method, template))
        assert change(bodies[1], If_Match=changed.headers["etag"]).status_code == 200
        assert change(bodies[0], If_Match="*").status_code == 200
        assert change(bodies[1]).status_code == 200


def test_what_is_not_there_yet_is_made_only_as_new(everything: Everything) -> None:
    """PUT of an attendance that nobody has recorded (section 13.1.2: `If-None-Match: *`)."""
    world = everything.world
    world.at("2022-04-20T12:00+02:00")
    fresh = world.fleck.post("/v1/registrations", registration(edition="voorbeeld")).json()
    world.http.put(f"/v1/enrolment-forms/{fresh['enrolmentForm']['token']}", json=form())
    world.admin.patch("/v1/editions/voorbeeld", {"window": {"closesAt": "2022-01-01T00:00:00Z"}})
    announced = world.admin.post("/v1/editions/voorbeeld/draws").json()
    assert world.admin.post(f"/v1/draws/{announced['id']}/_run").status_code == 200
    world.publish(announced)
    assert world.fleck.post(f"/v1/registrations/{fresh['id']}/_confirm").status_code == 200
    world.at("2022-10-01T09:00+02:00")
    path = f"/v1/sessions/{world.sessions('voorbeeld')[0]['id']}/attendance/{fresh['id']}"
    for match in ("*", '"other"'):
        check_problem(world.admin.put(path, {"minutes": 60}, headers={"If-Match": match}), 412, match)
    assert world.admin.put(path, {"minutes": 60}, headers={"If-None-Match": "*"}).status_code == 200
    check_problem(world.admin.put(path, {"minutes": 61}, headers={"If-None-Match": "*"}), 412, "again")
    assert world.admin.get(f"/v1/attendance?registration={fresh['id']}").json()["items"][0]["minutes"] == 60


# What is changed of a form stands inside of it, and saving leaves its moment.
PATCHED = [
    template
    for method, template in sorted(CHANGES)
    if method == "PATCH" and template != "/v1/enrolment-forms/{token}"
]


@pytest.mark.parametrize("template", PATCHED)
def test_a_patch_is_a_merge_patch(everything: Everything, template: str) -> None:
    before = everything.ask("GET", template)
    unchanged = everything.ask("PATCH", template, json={})
    assert (unchanged.json(), unchanged.headers["etag"]) == (before.json(), before.headers["etag"])

    body = CHANGES["PATCH", template][0][0]
    for kind in (
        "application/merge-patch+json",
        "application/json",
        "Application/Merge-Patch+JSON; charset=utf-8",
    ):
        answer = everything.ask("PATCH", template, json=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()) == (200, {**before.json(), **body}), kind
    for kind in ("application/json-patch+json", "application/x+json", "text/plain"):
        answer = everything.ask("PATCH", template, json=body, headers={"Content-Type": kind})
        check_problem(answer, 415, kind)
    for wrong in ([], [{"op": "remove", "path": "/title"}], None, "x", 1):
        check_problem(everything.ask("PATCH", template, json=wrong), 400, wrong)


NULLS = [
    ("/v1/organisations/{organisation}", {"region", "email"}, {"name", "roles"}),
    (
        "/v1/editions/{edition}",
        {"formsDueAt", "answerDays", "invoicedBy", "vat"},
        {"title", "window", "capacity", "quotas", "mailsApplicants", "retention"},
    ),
    ("/v1/sessions/{sessionId}", {"phase", "location"}, {"title", "mode"}),
    ("/v1/registrations/{registrationId}", {"position", "motivation"}, {"school"}),
    (
        "/v1/applicants/{applicantId}",
        {"givenName", "familyNamePrefix", "phone"},
        {"familyName", "email", "language"},
    ),
]


@pytest.mark.parametrize(("template", "cleared", "kept"), NULLS)
def test_null_clears_what_can_be_empty_and_nothing_else(
    everything: Everything, template: str, cleared: set[str], kept: set[str]
) -> None:
    before = everything.ask("GET", template).json()
    for name in sorted(cleared):
        answer = everything.ask("PATCH", template, json={name: None})
        before = {**before, name: None}
        assert (answer.status_code, answer.json()) == (200, before), name
    refused = everything.ask("PATCH", template, json=dict.fromkeys(kept))
    assert {fault["pointer"] for fault in refused.json()["errors"]} == {f"#/{name}" for name in kept}
    assert everything.ask("GET", template).json() == before


def test_nested_members_are_merged_too(everything: Everything) -> None:
    """RFC 7396, section 2: an object is patched by its members, however deep."""
    session, path = everything.ask("GET", "/v1/sessions/{sessionId}").json(), "/v1/sessions/{sessionId}"
    location = {"name": None, "city": "Amsterdam", "address": None, "travelNote": None}
    assert session["location"] == location
    for change, after in (
        ({"name": "Paradiso"}, {"name": "Paradiso"}),
        ({"city": "Almere"}, {"name": "Paradiso", "city": "Almere"}),
        ({"name": None, "address": "Plein 1"}, {"city": "Almere", "address": "Plein 1"}),
        ({"travelNote": "Lijn 2"}, {"city": "Almere", "address": "Plein 1", "travelNote": "Lijn 2"}),
        ({}, {"city": "Almere", "address": "Plein 1", "travelNote": "Lijn 2"}),
    ):
        changed = everything.ask("PATCH", path, json={"location": change}).json()["location"]
        assert changed == {**location, **after}
    refused = everything.ask("PATCH", path, json={"location": {"city": None}})
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["#/location/city"]
    assert everything.ask("PATCH", path, json={"location": None}).json()["location"] is None
    assert everything.ask("PATCH", path, json={"location": {}}).json()["location"] is None
    refused = everything.ask("PATCH", path, json={"location": {"name": "Paradiso"}})
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["#/location/city"]
    before = everything.ask("GET", "/v1/registrations/{registrationId}").json()["school"]
    school = everything.ask("PATCH", "/v1/registrations/{registrationId}", json={"school": {"city": "Urk"}})
    assert school.json()["school"] == {"name": before["name"], "city": "Urk"}


def test_a_condition_is_no_longer_than_the_contract_says(everything: Everything) -> None:
    for path in ("/v1/editions/{edition}", "/v1/registrations"):
        longest = {"If-None-Match": f'"{"x" * 3998}"'}
        assert everything.ask("GET", path, headers=longest).status_code == 200
        refused = everything.ask("GET", path, headers={"If-None-Match": f'"{"x" * 3999}"'})
        check_problem(refused, 400, path)
        assert [fault["pointer"] for fault in refused.json()["errors"]] == ["#/If-None-Match"]
