"""The draw's page, as it is sent; `tests/browser` reads it as people do."""

from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.conftest import sql
from tests.world import PILOT, World


def _page(world: World, draw: str, language: str) -> httpx.Response:
    headers = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": language}
    return world.http.get(f"/v1/draws/{draw}", headers=headers)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "nl",
            [
                ("De loting is aangekondigd", "41,7% <small>5/12</small>", "plaatsen</strong>"),
                ("Er is geloot", "nog niet openbaar", "dinsdag 6 juli 2021, 12.00 uur"),
                ("De uitslag is bekend", "5 van de 12 kandidaten", "Alle loten"),
            ],
        ),
        (
            "en",
            [
                ("The draw is announced", "41.7% <small>5/12</small>", "seats</strong>"),
                ("The lots are drawn", "not public yet", "Tuesday 6 July 2021, 12:00"),
                ("The result is known", "5 of the 12 candidates", "All lots"),
            ],
        ),
    ],
)
def test_what_the_page_says_at_each_moment(world: World, language: str, said: list[tuple[str, ...]]) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 5, "quotas": []})
    for _ in range(6):
        world.complete(world.fleck)
        world.complete(world.kunst_centraal)
    announced = world.announce(publishAt="2021-07-06T12:00:00+02:00")
    for step, words in zip((None, world.run, world.publish), said, strict=True):
        if step:
            step(announced)
        page = _page(world, announced["id"], language)
        assert [
            one for one in (*words, "Kunst Centraal", announced["listHash"]) if one not in page.text
        ] == []
        assert "Noord/Midden" in page.text
        assert page.headers["vary"] == "Accept, Accept-Language, Origin"
        assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")


@pytest.mark.parametrize(
    ("capacity", "leaving", "nl", "en"),
    [
        (2, 0, [], []),
        (
            2,
            1,
            ["1 kandidaat trok zich na", "Zo kwam 1 plaats vrij, die meteen naar de wachtlijst ging.<"],
            [
                "1 candidate withdrew after",
                "That freed 1 seat, which passed on to the waiting list at once.<",
            ],
        ),
        (
            2,
            3,
            [
                "3 kandidaten trokken zich na",
                "Zo kwamen 2 plaatsen vrij, die meteen naar de wachtlijst gingen.<",
            ],
            [
                "3 candidates withdrew after",
                "That freed 2 seats, which passed on to the waiting list at once.<",
            ],
        ),
        (
            9,
            2,
            ["2 kandidaten trokken zich na", "Zo kwamen 2 plaatsen vrij.<"],
            ["2 candidates withdrew after", "That freed 2 seats.<"],
        ),
    ],
)
def test_the_page_says_who_left_between_announcement_and_result(
    world: World, capacity: int, leaving: int, nl: list[str], en: list[str]
) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": capacity, "quotas": []})
    people = {world.complete(world.mocca)["id"] for _ in range(5)}
    announced = world.announce()
    # The first to leave are those that the draw gives a seat.
    lots = world.run(announced)["outcome"]["lots"]
    owner = {
        label: str(id)
        for label, id in sql(world.database_url, "SELECT label, registration FROM draw_candidate")
    }
    for lot in lots[:leaving]:
        assert owner[lot["label"]] in people
        assert world.mocca.post(f"/v1/registrations/{owner[lot['label']]}/_withdraw").status_code == 200
    assert "trok" not in _page(world, announced["id"], "nl").text  # not before it is published
    world.publish(announced)
    for language, said, mark in (("nl", nl, "teruggetrokken"), ("en", en, "withdrawn")):
        text = _page(world, announced["id"], language).text
        assert [words for words in said if words not in text] == []
        assert text.count(f"<small>{mark}</small>") == leaving


def test_an_address_without_a_draw_has_a_page(world: World) -> None:
    path = f"/v1/draws/{uuid4()}"
    assert world.http.get(path).headers["content-type"] == "application/problem+json"
    for language, said in (("nl", "Hier is geen loting"), ("en", "There is no draw here")):
        page = world.http.get(path, headers={"Accept": "text/html", "Accept-Language": language})
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert (page.headers["content-language"], f'<html lang="{language}">' in page.text) == (
            language,
            True,
        )
        assert said in page.text


def test_what_was_agreed_stands_on_the_page(world: World) -> None:
    quotas = [
        {"organisation": "fleck", "minimum": 2, "maximum": 4},
        {"organisation": "mocca", "minimum": 1, "maximum": 1},
    ]
    body = {
        "capacity": 4,
        "quotas": quotas,
        "unfilledMinimum": "held",
        "carryOver": {"mode": "weight", "weight": 3},
    }
    world.admin.patch(f"/v1/editions/{PILOT}", body)
    for _ in range(3):
        world.complete(world.mocca)
    world.complete(world.fleck)
    text = _page(world, world.announce()["id"], "nl").text
    for said in (
        "FleCk krijgt 2 tot 4 plaatsen.",
        "Mocca krijgt precies 1 plaats.",
        "Voor FleCk kwamen te weinig kandidaten: 1 plaats blijft vrij voor deze partner.",
        "Wie eerder is uitgeloot, heeft 3 keer zoveel kans (tot hoogstens 100%).",
    ):
        assert said in text


def test_what_people_wrote_is_shown_as_text(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"title": "<b>Pilot</b>"})
    world.complete(world.mocca)
    announced = world.announce()
    world.admin.post(f"/v1/draws/{announced['id']}/_void", {"reason": "<script>alert(1)</script>"})
    text = _page(world, announced["id"], "nl").text
    assert "&lt;b&gt;Pilot&lt;/b&gt;" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script" not in text


def test_the_program_that_checks_a_draw_is_the_one_that_is_tested(world: World) -> None:
    answer = world.http.get("/v1/draw-verifier")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/x-python; charset=utf-8")
    assert answer.headers["content-disposition"] == 'attachment; filename="verify_draw.py"'
    assert answer.content == Path("app/draws/verify_draw.py").read_bytes()


def test_a_very_long_list_is_cut_off_and_the_page_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.draws.page._ROWS", 2)
    for _ in range(3):
        world.complete(world.mocca)
    announced = world.announce()
    labels = [one["label"] for one in announced["list"]["candidates"]]
    text = _page(world, announced["id"], "nl").text
    assert [label in text for label in labels] == [True, True, False]
    assert "Dit zijn de eerste 2; de hele lijst staat in het openbare verslag." in text
