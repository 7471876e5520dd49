"""A participant's own page: as JSON, as a page for people, and its check-in form."""

import re
from html import unescape

import pytest

from app.attendance.page import in_megabytes
from tests.samples import PDF
from tests.world import JSON, World

HTML = {"Accept": "text/html"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def page(world: World) -> str:
    """The address of the page of a participant, who was at the first session half an hour late."""
    made = world.participant()
    links = world.fleck.get(f"/v1/registrations/{made['id']}/personal-links").json()
    world.at("2021-10-07T17:30+02:00")
    path = f"/v1/sessions/{world.sessions()[0]['id']}/attendance/{made['id']}"
    assert world.provider.put(path, {"lateMinutes": 30}).status_code == 200
    body = {"verdict": "passed", "feedback": "Mooie leervraag"}
    world.provider.put(f"/v1/registrations/{made['id']}/progress/orientatie", body)
    return str(links["page"].removeprefix("https://register.example"))


def _words(text: str) -> str:
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL)).split())


def test_it_holds_what_a_participant_wants_to_know(world: World, page: str) -> None:
    shown = world.http.get(page).json()
    assert (shown["name"], shown["status"]) == ("Noor van der Meer", "confirmed")
    assert len(shown["sessions"]) == 8
    first, second = shown["sessions"][:2]
    assert (first["session"]["title"], first["attendance"]["minutes"]) == ("Bijeenkomst 1", 150)
    assert (second["attendance"], second["checkInOpen"]) == (None, False)
    assert (shown["contactHours"]["attended"], shown["contactHours"]["possible"]) == (150, 900)
    assert shown["contactHours"]["explanation"][0].startswith("Je hebt 2,5 uur contacttijd gevolgd")
    assert [phase["verdict"] for phase in shown["phases"]] == ["passed", "open", "open", "open"]
    assert shown["calendarUrl"].startswith("https://register.example/v1/personal-calendars/")
    english = world.http.get(page, headers={"Accept-Language": "en"})
    assert english.headers["content-language"] == "en"
    assert english.json()["contactHours"]["explanation"][0].startswith("You have attended 2.5 hours")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "nl",
            [
                "Dag Noor van der Meer",
                "Je hebt nog 17,5 uur nodig. Er kan nog 15 uur bij komen.",
                "donderdag 4 november 2021, 14.30 uur \u2013 17.30 uur",
                "Amersfoort",
                "Landelijke onlinebijeenkomst 1 Nog niet gepland Online",
                "Aanwezig: 2,5 uur, 30 minuten te laat.",
                "Fase 1: Oriëntatie Je leervraag: waar je",
                "Behaald Feedback: Mooie leervraag Wat je hebt ingeleverd Nog niets. Fase 2: Onderzoek",
            ],
        ),
        (
            "en",
            [
                "Hello Noor van der Meer",
                "You still need 17.5 hours. As much as 15 hours can still be added.",
                "Present: 2.5 hours, 30 minutes late.",
                "Thursday 4 November 2021, 14:30 \u2013 17:30",
                "Passed Feedback: Mooie leervraag What you handed in Nothing yet. Phase 2: Onderzoek",
            ],
        ),
    ],
)
def test_it_is_a_page_for_people_in_their_language(
    world: World, page: str, language: str, said: list[str]
) -> None:
    answer = world.http.get(page, headers={**HTML, "Accept-Language": language})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == language
    assert answer.headers["cache-control"] == "no-store"
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    words = _words(answer.text)
    assert [one for one in said if one not in words] == []


def test_a_link_that_does_not_work_says_so(world: World, page: str) -> None:
    for wrong in ("/v1/personal-pages/nothing", f"{page[:-1]}{'A' if page[-1] != 'A' else 'B'}"):
        assert world.http.get(wrong).status_code == 404
        answer = world.http.get(wrong, headers=HTML)
        assert (answer.status_code, "Deze link werkt niet" in answer.text) == (404, True)


def test_who_does_not_take_part_reads_how_it_stands(world: World) -> None:
    made = world.register()
    links = world.fleck.get(f"/v1/registrations/{made['id']}/personal-links").json()
    path = links["page"].removeprefix("https://register.example")
    assert world.http.get(path).json()["contactHours"] is None
    assert "Wij wachten op je inschrijfformulier." in world.http.get(path, headers=HTML).text


def _phase(text: str, slug: str) -> str:
    """The part of the page that is about a phase."""
    return text[text.index(f'<section id="{slug}">') :].partition("</section>")[0]


def test_it_asks_what_the_phases_ask_and_shows_what_was_handed_in(world: World, page: str) -> None:
    own = f"{page}/progress/uitvoering"
    product = {"title": "Cultuurplan <Het Lyceum>", "kind": "other"}
    handed = world.http.put(own, json={"evidence": "Eerst dit.\nDan dat.", "product": product})
    assert handed.status_code == 200
    file = world.http.post(f"{own}/files", files={"file": ("Plan & bijlage.pdf", PDF)}).json()
    shown = world.http.get(page).json()["phases"][2]
    assert shown == world.http.get(own).json()
    assert (shown["yieldsProduct"], shown["open"], shown["fileCount"]) == (True, True, 1)

    text = world.http.get(page, headers=HTML).text
    part = _phase(text, "uitvoering")
    assert (
        f'<a href="{page}/files/{file["id"]}" download>Plan &amp; bijlage.pdf</a> <small>0,1 MB</small>'
        in part
    )
    assert ">\nEerst dit.\nDan dat.</textarea>" in part
    assert 'value="Cultuurplan &lt;Het Lyceum&gt;"' in part
    assert 'value="other" selected' in part
    assert "(ander beroepsproduct, nog niet goedgekeurd)" in part
    actions = re.findall(r'action="([^"]+)"', part)
    assert actions == [f"{page}/files/{file['id']}/_remove", f"{own}/_submit", f"{own}/files"]
    assert "productTitle" not in _phase(text, "onderzoek")
    passed = _phase(text, "orientatie")
    assert "<form" not in passed


def test_what_is_passed_can_be_read_and_not_changed(world: World, page: str) -> None:
    own = f"{page}/progress/onderzoek"
    world.http.put(own, json={"evidence": "Mijn onderzoek."})
    file = world.http.post(f"{own}/files", files={"file": ("plan.pdf", PDF)}).json()
    progress = f"/v1/registrations/{file['registration']}/progress/onderzoek"
    failed = {"verdict": "failed", "evidence": "Verslag gelezen", "feedback": "Nog even."}
    assert world.provider.put(progress, failed).status_code == 200
    part = _phase(world.http.get(page, headers=HTML).text, "onderzoek")
    for said in ("Nog niet voldoende", "Je kunt verbeteren", "Verslag gelezen", "Nog even.", "<textarea"):
        assert said in part
    assert world.provider.put(progress, {"verdict": "passed"}).status_code == 200
    part = _phase(world.http.get(page, headers=HTML).text, "onderzoek")
    assert f"{page}/files/{file['id']}" in part
    assert "Mijn onderzoek." in part
    assert "<form" not in part


def test_who_has_as_many_files_as_one_may_have_is_told(world: World, page: str) -> None:
    own = f"{page}/progress/onderzoek"
    settings = world.app.state.settings
    world.app.state.settings = settings.model_copy(update={"max_files_per_phase": 1})
    world.http.post(f"{own}/files", files={"file": ("plan.pdf", PDF)})
    part = _phase(world.http.get(page, headers=HTML).text, "onderzoek")
    assert "Meer dan 1 bestand kan niet; verwijder het eerst." in _words(part)
    assert f'action="{own}/files"' not in part


@pytest.mark.parametrize(
    ("octets", "words"), [(1, "0,1 MB"), (1024**2, "1 MB"), (26_214_400, "25 MB"), (1_600_000, "1,5 MB")]
)
def test_sizes_are_told_in_megabytes(octets: int, words: str) -> None:
    assert in_megabytes(octets, "nl") == words
    assert in_megabytes(octets, "en") == words.replace(",", ".")


class Reader:
    """Somebody who fills in the form of a page, as a browser without JavaScript sends it."""

    def __init__(self, world: World, page: str) -> None:
        self.world, self.page = world, page

    def fields(self) -> JSON:
        """What stands in the form already."""
        text = self.world.http.get(self.page, headers=HTML).text
        assert f'action="{self.page}/check-ins"' in text
        return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', text))

    def send(self, **fields: str) -> tuple[int, str, str]:
        """Status, where it leads, and what is said."""
        answer = self.world.http.post(f"{self.page}/check-ins", data={**self.fields(), **fields})
        return answer.status_code, answer.headers.get("location", ""), _words(answer.text)


def test_the_form_checks_in_and_leads_back_to_the_page(world: World, page: str) -> None:
    world.at("2021-11-04T14:45+01:00")
    session = world.sessions()[1]["id"]
    code = world.provider.get(f"/v1/sessions/{session}/check-in-code").json()["code"]
    reader = Reader(world, page)
    assert "Inchecken bij Bijeenkomst 2" in _words(world.http.get(page, headers=HTML).text)
    status, address, _ = reader.send(code=code)
    assert (status, address) == (303, page)
    words = _words(world.http.get(page, headers=HTML).text)
    assert "Je bent ingecheckt, 15 minuten na het begin." in words
    assert 'name="code"' not in world.http.get(page, headers=HTML).text


def test_a_form_that_is_refused_says_why_in_words(world: World, page: str) -> None:
    world.at("2021-11-04T14:30+01:00")
    reader = Reader(world, page)
    wrong = [
        (reader.send(code="000000"), 409, "Dit is niet de code die je docent nu toont"),
        (reader.send(code="12"), 400, "Inchecken is niet gelukt"),
        (reader.send(), 400, "Inchecken is niet gelukt"),
        (reader.send(code="123456", channel="online"), 400, "Inchecken is niet gelukt"),
    ]
    for (status, _, words), expected, said in wrong:
        assert status == expected
        assert said in words
    for body in (b"code=1&code=2", b"code", b"\xff=1", b""):
        answer = world.http.post(f"{page}/check-ins", content=body, headers=FORM)
        assert answer.status_code == 400, body
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for _ in range(4):
        reader.send(code="000000")
    answer = world.http.post(f"{page}/check-ins", data={**reader.fields(), "code": "000000"})
    assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (429, True)
    english = world.http.post(f"{page}/check-ins", data=reader.fields(), headers={"Accept-Language": "en"})
    assert "You are not checked in" in english.text
