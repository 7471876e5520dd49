"""Swagger UI, as a partner's developer or an administrator meets it."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, Request

from tests.browser.reader import PHONE, Reader
from tests.stories.server import Caller, Server

TODAY = "2026-11-23T12:00+01:00"
REGISTER, READ = "registrations/createRegistration", "registrations/getRegistration"
# Words of Swagger UI's own that no Dutch reader should meet.
ENGLISH = (
    "Authorize|Try it out|Cancel|Execute|Clear|Reset|Parameters? content|No parameters|Name|Description|Type|"
    "Request body|Responses|Response body|Response headers|Server response|Request URL|Request duration|"
    "Details|Media type|Example Value|Edit Value|Controls|No links|Schemas|Close|Logout|Download|"
    "Available authorizations|Flow:|select all|required|Send email to .*|Scopes are used .*|API requires .*"
)


@pytest.fixture(scope="module")
def docs(server: Server) -> str:
    server.at(TODAY)
    return f"{server.url}/v1/docs"


@pytest.fixture(scope="module")
def fleck(server: Server, docs: str) -> Caller:
    assert docs.startswith(server.url)
    return server.client("fleck", "partner")


def opened(page: Page, operation: str) -> Locator:
    """The operation, which stands open when it can be tried."""
    found = page.locator(f"#operations-{operation.replace('/', '-')}")
    found.locator(".execute").wait_for()
    return found


def authorize(page: Page, caller: Caller) -> str:
    """Log in as the caller; what the dialog says then."""
    page.locator(".btn.authorize").click()
    dialog = page.locator(".dialog-ux")
    dialog.locator("#client_id_clientCredentials").fill(caller.credentials["clientId"])
    dialog.locator("#client_secret_clientCredentials").fill(caller.credentials["clientSecret"])
    before = dialog.inner_text()
    dialog.locator(".auth-btn-wrapper .authorize").click()
    dialog.locator(".btn-done").wait_for()
    dialog.locator("#client_id_clientCredentials").wait_for(state="detached")
    after = dialog.inner_text()
    dialog.locator(".btn-done").click()
    return f"{before}\n{after}"


def execute(operation: Locator) -> tuple[int, dict[str, object]]:
    """Status and body of the answer that Swagger UI shows."""
    with operation.page.expect_response(lambda answer: "/v1/" in answer.url):
        operation.locator(".execute").click()
    answer = operation.locator(".live-responses-table tbody tr.response")
    answer.wait_for()
    status = int(answer.locator(".response-col_status").inner_text())
    body = answer.locator(".highlight-code code").first.inner_text()
    return status, json.loads(body)


def expect(reader: Reader, status: int) -> None:
    """Take out the one complaint that the test asked for: an answer with this status."""
    [complaint] = [one for one in reader.complaints if f"status of {status}" in one]
    reader.complaints.remove(complaint)


def english(text: str) -> list[str]:
    """The lines, or cells, that are Swagger UI's English."""
    return [line for line in re.split(r"[\n\t]", text) if re.fullmatch(ENGLISH, line.strip())]


def test_a_dutch_reader_reads_dutch_and_can_switch(reader: Reader, docs: str) -> None:
    page = reader.open(f"{docs}#/{REGISTER}", language="nl")
    operation = opened(page, REGISTER)
    assert "Een docent aanmelden" in operation.inner_text()
    assert "het opleidingsregister" in page.inner_text(".info")
    assert english(page.inner_text("body")) == []

    page.get_by_role("link", name="English").click()
    operation = opened(page, REGISTER)
    assert page.url.endswith(f"?lang=en#/{REGISTER}")
    assert "Register a teacher" in operation.inner_text()
    assert {"Execute", "Cancel", "Responses"} <= set(english(page.inner_text("body")))

    page.get_by_role("link", name="Nederlands").click()
    assert "Een docent aanmelden" in opened(page, REGISTER).inner_text()


def test_who_reads_no_dutch_gets_english(reader: Reader, docs: str) -> None:
    page = reader.open(docs, language="fr")
    page.locator(".opblock").first.wait_for()
    assert "the training register" in page.inner_text(".info")


def test_the_operations_stand_in_the_order_of_the_way_to_a_certificate(reader: Reader, docs: str) -> None:
    page = reader.open(docs)
    page.locator(".opblock").first.wait_for()
    names = page.locator(".opblock-tag").evaluate_all("found => found.map(one => one.dataset.tag)")
    way = ["tokens", "editions", "registrations", "enrolment-forms", "draws", "attendance", "certificates"]
    assert [name for name in names if name in way] == way


def test_a_partner_registers_a_teacher_with_the_example_and_reads_it_back(
    reader: Reader, docs: str, fleck: Caller
) -> None:
    asked: list[tuple[str, str]] = []

    def note(request: Request) -> None:
        asked.append((request.url, request.headers["accept-language"]))

    page = reader.open(f"{docs}#/{REGISTER}", language="nl")
    page.on("request", note)
    operation = opened(page, REGISTER)
    assert english(authorize(page, fleck)) == []
    status, made = execute(operation)
    assert (status, made["status"]) == (201, "received")

    page.goto(f"{docs}#/{READ}")
    reading = page.locator(f"#operations-{READ.replace('/', '-')}")
    reading.locator(".opblock-summary-control").click()
    reading.locator(".execute").wait_for()
    reading.get_by_placeholder("registrationId").fill(str(made["id"]))
    assert execute(reading) == (200, made)
    assert english(page.inner_text("body")) == []

    status, problem = execute(operation)
    assert (status, problem["title"]) == (409, "Al aangemeld")
    expect(reader, 409)
    assert {language for _, language in asked} == {"nl"}
    assert {url.partition("/v1/")[0] for url, _ in asked if not url.startswith("data:")} == {fleck.server.url}


def test_bad_input_is_explained(reader: Reader, docs: str, fleck: Caller) -> None:
    page = reader.open(f"{docs}#/{REGISTER}", language="nl")
    operation = opened(page, REGISTER)
    authorize(page, fleck)
    body = operation.locator("textarea").first
    body.fill(body.input_value().replace("noor@lyceum.example", "noor").replace("voorbeeld", "nergens"))
    status, problem = execute(operation)
    assert (status, problem["title"]) == (400, "De invoer is niet geldig")
    assert problem["errors"] == [
        {
            "pointer": "#/applicant/email",
            "location": "body",
            "code": "email",
            "detail": "Moet een e-mailadres zijn",
        }
    ]
    expect(reader, 400)


def test_a_wrong_secret_is_refused_in_the_dialog(reader: Reader, docs: str, fleck: Caller) -> None:
    page = reader.open(docs, language="nl")
    page.locator(".btn.authorize").click()
    page.locator("#client_id_clientCredentials").fill(fleck.credentials["clientId"])
    page.locator("#client_secret_clientCredentials").fill("wrong")
    page.locator(".dialog-ux .auth-btn-wrapper .authorize").click()
    said = page.locator(".dialog-ux .errors").inner_text()
    assert "Deze client en dit geheim horen niet bij elkaar." in said
    assert page.locator("#client_id_clientCredentials").is_visible()
    expect(reader, 401)


def test_every_read_that_can_be_tried_untouched_succeeds(reader: Reader, docs: str) -> None:
    page = reader.open(docs, language="nl")
    page.locator(".opblock").first.wait_for()
    for operation in (
        "organisations/listOrganisations",
        "organisations/getOrganisation",
        "trainings/getTraining",
        "phases/listPhases",
        "phases/getPhase",
        "editions/listEditions",
        "editions/getEdition",
        "sessions/listSessions",
    ):
        found = page.locator(f"#operations-{operation.replace('/', '-')}")
        found.locator(".opblock-summary-control").click()
        found.locator(".execute").wait_for()
        assert execute(found)[0] == 200, operation


def test_a_phone_can_read_it(reader: Reader, docs: str) -> None:
    page = reader.open(f"{docs}#/{REGISTER}", width=PHONE)
    assert opened(page, REGISTER).locator(".execute").is_visible()
    assert page.get_by_role("link", name="English").is_visible()
