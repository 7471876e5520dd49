"""A participant's own page as people meet it: read on a phone, and checked in on without JavaScript."""

from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.reader import DESKTOP, PHONE, Reader, hindrances, overflows
from tests.samples import PDF
from tests.stories.server import JSON, Server
from tests.world import form, registration

EDITION = "met-pagina"


@dataclass
class Course:
    """An edition with two sessions of which one runs, and the addresses of its participants' pages."""

    pages: list[str]
    code: str


@pytest.fixture(scope="module")
def course(server: Server) -> Course:
    """Two participants, who were at the first session; the second, a hybrid one, has just begun."""
    server.at("2021-06-15T09:00+02:00")
    admin, fleck, mocca = (
        server.client(*who) for who in (("lkca", "admin"), ("fleck", "partner"), ("mocca", "provider"))
    )
    edition: JSON = {
        "slug": EDITION,
        "training": "cultuurcoordinator-vo",
        "title": "Noord/Midden, met pagina",
        "region": "Noord/Midden",
        "window": {"opensAt": "2021-06-01T00:00:00+02:00", "closesAt": "2021-07-01T00:00:00+02:00"},
        "capacity": 3,
        "providers": ["mocca"],
    }
    admin.post("/v1/editions", edition, status=201)
    people = [fleck.post("/v1/registrations", registration(edition=EDITION), status=201) for _ in range(2)]
    for one in people:
        token = one["enrolmentForm"]["token"]
        assert httpx.put(f"{server.url}/v1/enrolment-forms/{token}", json=form()).status_code == 200
    admin.patch(f"/v1/editions/{EDITION}", {"window": {"closesAt": "2021-06-15T08:00:00+02:00"}})
    draw = admin.post(f"/v1/editions/{EDITION}/draws", {}, status=201)["id"]
    admin.post(f"/v1/draws/{draw}/_run", {})
    admin.post(f"/v1/draws/{draw}/_publish")
    sessions = [_planned(mocca.post("/v1/sessions", body, status=201)) for body in _sessions()]
    for one in people:
        fleck.post(f"/v1/registrations/{one['id']}/_confirm")
    server.at("2021-11-04T14:45+01:00")
    for one, minutes in zip(people, (180, 150), strict=True):
        mocca.put(f"/v1/sessions/{sessions[0]}/attendance/{one['id']}", {"minutes": minutes})
    links = [fleck.get(f"/v1/registrations/{one['id']}/personal-links")["page"] for one in people]
    return Course(links, mocca.get(f"/v1/sessions/{sessions[1]}/check-in-code")["code"])


def _sessions() -> list[JSON]:
    location = {"name": "Het Theater", "address": "Cultuurplein 1", "city": "Amersfoort"}
    about = {"editions": [EDITION], "location": location}
    return [
        {
            **about,
            "title": f"Bijeenkomst {number}",
            "mode": mode,
            "startsAt": f"{day}T14:30:00+01:00",
            "endsAt": f"{day}T17:30:00+01:00",
        }
        for number, (mode, day) in enumerate((("physical", "2021-10-07"), ("hybrid", "2021-11-04")), start=1)
    ]


def _planned(session: JSON) -> str:
    return str(session["id"])


def _is_for_everybody(page: Page) -> None:
    assert not overflows(page)
    assert hindrances(page) == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nl", ["Dag Noor van der Meer", "Inchecken bij Bijeenkomst 2", "Aanwezig: 3 uur.", "inhalen"]),
        ("en", ["Hello Noor van der Meer", "Check in to Bijeenkomst 2", "Present: 3 hours.", "make up"]),
    ],
)
def test_the_page_is_read_at_a_desk_and_on_a_phone(
    reader: Reader, course: Course, language: str, said: list[str]
) -> None:
    for width in (DESKTOP, PHONE):
        page = reader.open(course.pages[0], language=language, width=width)
        text = page.inner_text("main")
        assert [one for one in said if one not in text] == []
        _is_for_everybody(page)


@pytest.mark.parametrize("javascript", [True, False])
def test_one_checks_in_by_the_code_on_the_trainers_screen(
    reader: Reader, course: Course, *, javascript: bool
) -> None:
    url = course.pages[javascript]
    page = reader.open(url, width=PHONE, javascript=javascript, status=200)
    page.get_by_label("Online").check()
    page.get_by_label("De zes cijfers die je docent toont").fill(course.code)
    page.get_by_role("button", name="Inchecken").click()
    page.wait_for_load_state("load")
    assert page.url == url
    assert "Je bent ingecheckt, 15 minuten na het begin." in page.inner_text("main")
    shown = httpx.get(url).json()["sessions"][1]["attendance"]
    assert (shown["channel"], shown["minutes"]) == ("online", 165)


@pytest.mark.parametrize("javascript", [True, False])
def test_one_hands_in_words_and_files(
    reader: Reader, course: Course, tmp_path: Path, *, javascript: bool
) -> None:
    url = course.pages[javascript]
    plan = tmp_path / f"Cultuurbeleidsplan_{'van_het_Lyceum_' * 6}.pdf"
    plan.write_bytes(PDF)
    page = reader.open(url, width=PHONE, javascript=javascript)
    phase = page.locator("#uitvoering")
    phase.get_by_label("Je tekst").fill("Ons plan.\nEn wat het deed.")
    phase.get_by_label("Hoe heet je beroepsproduct?").fill("Cultuurbeleidsplan")
    phase.get_by_label("Wat is het?").select_option("Een ander beroepsproduct")
    phase.get_by_role("button", name="Tekst inleveren").click()
    page.wait_for_url(f"{url}#uitvoering")
    assert phase.get_by_label("Je tekst").input_value() == "Ons plan.\nEn wat het deed."
    assert phase.get_by_label("Wat is het?").input_value() == "other"
    phase.get_by_label("Kies een bestand").set_input_files(plan)
    phase.get_by_role("button", name="Bestand toevoegen").click()
    page.wait_for_url(f"{url}#uitvoering")
    with page.expect_download() as saved:
        phase.get_by_role("link", name=plan.name).click()
    assert saved.value.suggested_filename == plan.name
    assert saved.value.path().read_bytes() == PDF
    if javascript:
        for width in (PHONE, DESKTOP):
            page.set_viewport_size({"width": width, "height": 800})
            _is_for_everybody(page)
    phase.get_by_text("Verwijderen").click()
    phase.get_by_role("button", name=f"Ja, verwijder {plan.name}").click()
    page.wait_for_url(f"{url}#uitvoering")
    assert phase.get_by_role("link").count() == 0
    shown = httpx.get(url).json()["phases"][2]
    assert (shown["submission"]["evidence"], shown["files"]) == ("Ons plan.\nEn wat het deed.", [])


def test_a_file_that_is_not_taken_is_told_in_words(reader: Reader, course: Course, tmp_path: Path) -> None:
    wrong = tmp_path / "plan.pdf"
    wrong.write_text("geen pdf", encoding="utf-8")
    page = reader.open(course.pages[0], width=PHONE)
    phase = page.locator("#onderzoek")
    phase.get_by_label("Kies een bestand").set_input_files(wrong)
    phase.get_by_role("button", name="Bestand toevoegen").click()
    page.get_by_text("Dit is niet gelukt").wait_for()
    assert "aan de inhoud te zien" in page.inner_text("main")
    _is_for_everybody(page)
    reader.forgive(400)


def test_a_wrong_code_is_told_in_words(reader: Reader, course: Course) -> None:
    answer = httpx.post(
        f"{course.pages[0]}/check-ins", data={"session": "x", "code": "1"}, headers={"Accept-Language": "nl"}
    )
    assert answer.status_code == 400
    page = reader.open(course.pages[0])
    page.set_content(answer.text)
    assert "Inchecken is niet gelukt" in page.inner_text("h1")
    _is_for_everybody(page)


@pytest.mark.parametrize(("language", "said"), [("nl", "Deze link werkt niet"), ("en", "does not work")])
def test_a_link_that_does_not_work(
    reader: Reader, server: Server, course: Course, language: str, said: str
) -> None:
    assert course.pages
    page = reader.open(f"{server.url}/v1/personal-pages/x", language=language, width=PHONE, status=404)
    assert said in page.inner_text("main")
    _is_for_everybody(page)
