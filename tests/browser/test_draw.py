"""The draw as people meet it: the draw's own page, and the receipt behind a person's link."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.browser.reader import DESKTOP, PHONE, Reader, hindrances, overflows
from tests.stories.server import JSON, Caller, Server
from tests.world import PUBLIC_SOURCE, form, registration

EDITIONS = ("drawn", "announced", "enough", "void")
ANNOUNCED_AT, DRAWN_AT = "2021-07-06T09:00+02:00", "2021-07-06T10:00+02:00"


class Words(NamedTuple):
    """What a page says to who reads a language."""

    language: str
    known: str
    by_drand: str
    at: str
    chance: str
    answer: str


WORDS = [
    Words("nl", "3 van de 6", "23 augustus 2023, 17.09.27 uur", "6 juli 2021, 10.00 uur", "66,7%", "20 juli"),
    Words("en", "3 of the 6", "23 August 2023, 17:09:27", "6 July 2021, 10:00", "66.7%", "20 July"),
]


@dataclass
class Pages:
    """Where the pages are: the draws' by edition, the receipts' by the status of who looks."""

    draws: dict[str, str]
    receipts: dict[str, str]


@pytest.fixture(scope="module")
def pages(server: Server) -> Pages:
    """Three draws of three moments, and one that does not count."""
    server.at(ANNOUNCED_AT)
    admin = server.client("lkca", "admin")
    partners = {slug: server.client(slug, "partner") for slug in ("fleck", "mocca", "kunst-centraal")}
    tokens = {edition: _filled(server, admin, partners, edition) for edition in EDITIONS}
    draws = {edition: _announced(admin, edition) for edition in EDITIONS}
    admin.post(f"/v1/draws/{draws['void']}/_void", {"reason": "Een kandidaat ontbrak op de lijst."})
    waiting = tokens["announced"][0]

    server.at(DRAWN_AT)
    admin.post(f"/v1/draws/{draws['drawn']}/_run", {"value": "739.55"})
    admin.post(f"/v1/draws/{draws['enough']}/_run", {})
    for edition in ("drawn", "enough"):
        admin.post(f"/v1/draws/{draws[edition]}/_publish")
    receipts = {"complete": waiting, "void": tokens["void"][0]}
    for token in tokens["drawn"]:
        receipt = httpx.get(f"{server.url}/v1/draw-receipts/{token}").json()
        receipts[receipt["registrationStatus"]] = token
    return Pages(
        {edition: f"{server.url}/v1/draws/{id}" for edition, id in draws.items()},
        {status: f"{server.url}/v1/draw-receipts/{token}" for status, token in receipts.items()},
    )


def _filled(server: Server, admin: Caller, partners: dict[str, Caller], edition: str) -> list[str]:
    """An edition of three seats whose window has closed, with its candidates; gives their links' tokens."""
    body: JSON = {
        "slug": edition,
        "training": "cultuurcoordinator-vo",
        "title": f"Noord/Midden 2021-2022, {edition}",
        "region": "Noord/Midden",
        "window": {"opensAt": "2021-06-01T00:00:00+02:00", "closesAt": "2021-07-07T00:00:00+02:00"},
        "capacity": 3,
        "answerDays": 14,
        "quotas": [{"organisation": "fleck", "minimum": 1, "maximum": 1}],
    }
    admin.post("/v1/editions", body, status=201)
    tokens = []
    intake = (
        {"fleck": 1, "mocca": 1, "kunst-centraal": 1} if edition == "enough" else {"fleck": 3, "mocca": 3}
    )
    for partner, count in intake.items():
        for _ in range(count):
            made = partners[partner].post("/v1/registrations", registration(edition=edition), status=201)
            tokens.append(made["enrolmentForm"]["token"])
            answer = httpx.put(f"{server.url}/v1/enrolment-forms/{tokens[-1]}", json=form())
            assert answer.status_code == 200, answer.text
    admin.patch(f"/v1/editions/{edition}", {"window": {"closesAt": "2021-07-06T08:59:00+02:00"}})
    return tokens


def _announced(admin: Caller, edition: str) -> str:
    body = {"publishAt": "2023-08-23T20:00:00+02:00"} if edition == "announced" else {"beacon": PUBLIC_SOURCE}
    return str(admin.post(f"/v1/editions/{edition}/draws", body, status=201)["id"])


def _reads_well(reader: Reader, url: str, language: str, *said: str) -> None:
    """It says so to everybody: at a desk or with a phone, with JavaScript or without."""
    for width in (DESKTOP, PHONE):
        page = reader.open(url, language=language, width=width)
        text = page.inner_text("main")
        assert [one for one in said if one not in text] == []
        assert not overflows(page)
        assert hindrances(page) == []
        for time in page.locator("time").all():
            assert str(time.get_attribute("datetime")).endswith("Z")
    plain = reader.open(url, language=language, width=PHONE, javascript=False)
    assert [one for one in said if one not in plain.inner_text("main")] == []


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.language)
@pytest.mark.parametrize("edition", EDITIONS)
def test_the_page_of_a_draw(reader: Reader, pages: Pages, words: Words, edition: str) -> None:
    url = pages.draws[edition]
    said = {
        "drawn": (words.known, words.at, words.chance, "33,3%".replace(",", words.chance[2])),
        "announced": (words.by_drand, words.chance),
        "enough": ("100%",),
        "void": ("Een kandidaat ontbrak op de lijst.",),
    }[edition]
    command = f"verify_draw.py {url}" if words.language == "nl" else f"verify_draw.py --lang en {url}"
    _reads_well(reader, url, words.language, "FleCk", command, *said)


def test_the_program_that_checks_a_draw_is_there_to_be_had(
    reader: Reader, pages: Pages, tmp_path: Path
) -> None:
    page = reader.open(pages.draws["drawn"])
    with page.expect_download() as downloading:
        page.get_by_role("link", name="verify_draw.py").click()
    program = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(program)
    command = [sys.executable, "-I", "-S", str(program), pages.draws["drawn"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr, program.name) == (0, "", "verify_draw.py"), done.stdout


def test_the_list_is_there_to_be_opened(reader: Reader, pages: Pages) -> None:
    record = httpx.get(pages.draws["drawn"]).json()
    page = reader.open(pages.draws["drawn"], width=PHONE, javascript=False)
    page.locator("summary").click()
    assert not overflows(page)
    rows = [row.inner_text() for row in page.locator("details tbody tr").all()]
    assert [one["label"] in row for one, row in zip(record["outcome"]["lots"], rows, strict=True)] == [
        True
    ] * 6
    assert not page.get_by_text(record["listHash"]).is_hidden()


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.language)
@pytest.mark.parametrize("status", ["complete", "placed", "waitlisted", "void"])
def test_the_receipt_behind_a_persons_link(reader: Reader, pages: Pages, words: Words, status: str) -> None:
    url = pages.receipts[status]
    receipt = httpx.get(url, headers={"Accept-Language": words.language}).json()
    assert receipt["why"]
    said = [receipt["label"], receipt["listHash"], receipt["partnerName"], *receipt["why"]]
    _reads_well(reader, url, words.language, *said, *([words.answer] if status == "placed" else []))
    page = reader.open(url, language=words.language)
    page.get_by_role("link").click()
    assert page.url == receipt["drawUrl"]


@pytest.mark.parametrize(("language", "said"), [("nl", "geen loting"), ("en", "no draw")])
def test_a_link_behind_which_there_is_no_draw(
    reader: Reader, server: Server, pages: Pages, language: str, said: str
) -> None:
    assert pages.draws
    page = reader.open(f"{server.url}/v1/draw-receipts/unknown", language=language, width=PHONE, status=404)
    assert said in page.inner_text("main")
    assert not overflows(page)
    assert hindrances(page) == []
