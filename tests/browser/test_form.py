"""The enrolment form as a teacher fills it in: on a phone and at a desk, with a keyboard, without scripts."""

from typing import NamedTuple
from uuid import uuid4

import pytest
from playwright.sync_api import Page

from tests.browser.reader import DESKTOP, PHONE, Reader, hindrances, overflows
from tests.stories.server import Caller, Server
from tests.world import JSON, registration

OPENED_AT = "2021-06-15T09:00+02:00"


@pytest.fixture(scope="module")
def fleck(server: Server) -> Caller:
    """A partner, and an edition that asks for everything."""
    server.at(OPENED_AT)
    admin = server.client("lkca", "admin")
    edition = {
        "slug": "gevraagd",
        "training": "cultuurcoordinator-vo",
        "title": "Noord/Midden, alles gevraagd",
        "region": "Noord/Midden",
        "window": {"opensAt": "2021-06-01T00:00:00+02:00", "closesAt": "2021-07-07T00:00:00+02:00"},
        "capacity": 20,
        "formsDueAt": "2021-07-07T00:00:00+02:00",
        "formRequired": ["coordinatorHours", "coordinatorMandate", "schoolLeader", "invoiceAddress"],
    }
    admin.post("/v1/editions", edition, status=201)
    return server.client("fleck", "partner")


def _link(fleck: Caller, edition: str = "gevraagd") -> tuple[str, JSON]:
    applicant = {"email": f"{uuid4().hex}@lyceum.example"}
    made = fleck.post("/v1/registrations", registration(edition=edition, applicant=applicant), status=201)
    return made["enrolmentForm"]["url"], made


def _reads_well(page: Page) -> None:
    assert not overflows(page)
    assert hindrances(page) == []


class Words(NamedTuple):
    """What the page says to who reads a language."""

    language: str
    title: str
    save: str
    saved: str
    wrong: str
    thanks: str


DUTCH = Words(
    "nl", "Inschrijfformulier", "Bewaren", "Bewaard", "Nog niet bewaard", "Je formulier is ingestuurd"
)
ENGLISH = Words("en", "Enrolment form", "Save", "Saved", "Not saved", "Your form has been submitted")


@pytest.mark.parametrize(
    ("words", "width", "edition"),
    [
        (DUTCH, PHONE, "gevraagd"),
        (DUTCH, DESKTOP, "voorbeeld"),
        (ENGLISH, PHONE, "voorbeeld"),
        (ENGLISH, DESKTOP, "gevraagd"),
    ],
)
def test_every_state_of_the_page_reads_well(
    reader: Reader, fleck: Caller, words: Words, width: int, edition: str
) -> None:
    url, _ = _link(fleck, edition)
    page = reader.open(url, language=words.language, width=width)
    assert page.locator("h1").inner_text() == words.title
    _reads_well(page)
    page.get_by_role("button", name=words.save).click()
    assert page.get_by_role("status").locator("h2").inner_text() == words.saved
    _reads_well(page)
    page.fill("#coordinatorHours", "veel")
    page.locator("button[value=submit]").click()
    assert words.wrong in page.get_by_role("alert").inner_text()
    _reads_well(page)
    reader.forgive(400)
    _fill_in(page)
    page.locator("button[value=submit]").click()
    assert words.thanks in page.inner_text("main")
    _reads_well(page)


def _fill_in(page: Page) -> None:
    page.fill("#learningQuestion", "Hoe maak ik een doorlopende leerlijn?")
    page.fill("#workSituation", "Docent beeldend")
    page.fill("#coordinatorHours", "2,5")
    page.check("#coordinatorMandate-written")
    page.fill("#schoolLeader-name", "Jan de Boer")
    page.check("#schoolLeader-consent")
    for name in ("name", "street", "postalCode", "city"):
        page.fill(f"#invoiceAddress-{name}", name)
    page.check("#consent")


def test_it_works_without_scripts(reader: Reader, fleck: Caller) -> None:
    url, made = _link(fleck)
    page = reader.open(url, width=PHONE, javascript=False)
    page.fill("#learningQuestion", "Hoe?\nEn waarom?")
    page.locator("button[value=save]").click()
    assert page.input_value("#learningQuestion") == "Hoe?\nEn waarom?"
    _fill_in(page)
    page.locator("button[value=submit]").click()
    assert "Je formulier is ingestuurd" in page.inner_text("main")
    page.reload()  # posts nothing once more
    assert "Je formulier is ingestuurd" in page.inner_text("main")
    answers = fleck.get(f"/v1/registrations/{made['id']}/enrolment-form")["answers"]
    assert (answers["coordinatorHours"], answers["coordinatorMandate"]) == (2.5, "written")


def test_a_fault_leads_to_its_field_by_keyboard(reader: Reader, fleck: Caller) -> None:
    page = reader.open(_link(fleck)[0])
    page.locator("button[value=submit]").focus()
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert page.title().startswith("Fout: ")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    faults = page.get_by_role("alert").get_by_role("link").all()
    assert len(faults) == 11
    for fault in faults:
        fault.focus()
        page.keyboard.press("Enter")
        field = page.locator("[id='" + str(fault.get_attribute("href")).removeprefix("#") + "']")
        assert field.is_visible()
        assert field.evaluate("one => one === document.activeElement")
    reader.forgive(400)


def test_enter_in_a_field_saves_and_does_not_submit(reader: Reader, fleck: Caller) -> None:
    url, made = _link(fleck)
    page = reader.open(url)
    page.fill("#schoolLeader-name", "Jan de Boer")
    page.locator("#schoolLeader-name").press("Enter")
    page.get_by_role("status").wait_for()
    assert fleck.get(f"/v1/registrations/{made['id']}")["status"] == "received"


def test_the_other_language_is_one_link_away(reader: Reader, fleck: Caller) -> None:
    page = reader.open(_link(fleck)[0])
    page.get_by_role("link", name="English").click()
    assert page.locator("h1").inner_text() == "Enrolment form"
    page.locator("button[value=save]").click()
    assert page.get_by_role("status").locator("h2").inner_text() == "Saved"


@pytest.mark.parametrize(("language", "said"), [("nl", "geen formulier"), ("en", "no form")])
def test_an_unknown_link(reader: Reader, fleck: Caller, language: str, said: str) -> None:
    url = _link(fleck)[0][:-3] + "xxx"
    page = reader.open(url, language=language, width=PHONE, status=404)
    assert said in page.inner_text("main")
    _reads_well(page)


def test_a_form_of_a_registration_that_was_withdrawn(reader: Reader, fleck: Caller) -> None:
    url, made = _link(fleck)
    fleck.post(f"/v1/registrations/{made['id']}/_withdraw")
    page = reader.open(url, width=PHONE)
    assert "Dit formulier is gesloten" in page.inner_text("main")
    _reads_well(page)
