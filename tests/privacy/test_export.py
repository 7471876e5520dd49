"""Access: everything that is known of a person, to read and to carry off, without anybody else's."""

import pypdfium2
import pytest

from app.privacy import data_map
from tests.privacy.lives import EMAIL, NAMES, WORDS, Life, elsewhere, lived
from tests.world import World

# Written about a pair of registrations, of which only one may be the person's: for administrators.
INTERNAL = {"Dubbelredenkoekoek"}
# Not the person's data as such: what a receiver of webhooks answered, and rows that a partner sent in vain.
ELSEWHERE = {
    "Ontvangerzegtraaf",
    "Rijredenwielewaal",
    "Inhoudkluut",
    "Verteldredenijsvogel",
    "Afwijsredenspecht",
}


@pytest.fixture
def life(world: World) -> Life:
    return lived(world)


def test_everything_is_in_it_and_a_partner_gets_its_own(world: World, life: Life) -> None:
    theirs = elsewhere(world, world.mocca)
    path = f"/v1/applicants/{life.applicant}/export"
    whole = world.admin.get(path)
    assert whole.status_code == 200, whole.text
    assert [word for word in WORDS if word not in whole.text and word not in ELSEWHERE] == []
    assert "Afwijsredenspecht" in whole.text
    assert {one["partner"] for one in whole.json()["registrations"]} == {"fleck", "mocca"}

    own = world.fleck.get(path)
    assert [word for word in WORDS if word not in own.text and word not in ELSEWHERE | INTERNAL] == []
    assert {one["partner"] for one in own.json()["registrations"]} == {"fleck"}
    assert "Afwijsredenspecht" not in own.text
    assert "duplicateDecision" not in own.json()["known"]
    assert world.mocca.get(path).status_code == 404
    assert world.mocca.get(f"/v1/applicants/{theirs}/export").json()["known"].keys() >= {
        "applicant",
        "registration",
    }


def test_it_holds_no_secrets_and_nobody_else(world: World, life: Life) -> None:
    known = world.admin.get(f"/v1/applicants/{life.applicant}/export").json()["known"]
    hidden = {name for held in data_map.MAP.values() for name, datum in held.personal.items() if datum.hidden}
    for rows in known.values():
        for row in rows:
            assert not {"tokenDigest", "storageKey", "salt", "searchText"} & row.keys()
    assert {"token_digest", "storage_key", "salt", "search_text"} <= hidden
    assert {row["email"].lower() for row in known["applicant"]} <= {EMAIL, "qwirelia.z@zandoog.example"}


def test_as_a_pdf_it_is_to_be_read_in_either_language(world: World, life: Life) -> None:
    path = f"/v1/applicants/{life.applicant}/export"
    for language, heading in (
        ("nl", "Wat het register van u weet"),
        ("en", "What the register knows of you"),
    ):
        headers = {"Accept": "application/pdf", "Accept-Language": language}
        answer = world.fleck.get(path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.headers["content-language"] == language
        text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(answer.content))
        assert heading in text
        for word in (*NAMES, "Leervraagkievit", "Motivatiezwaluw", "Terugkoppelgors"):
            assert word in text.replace("\r\n", "").replace("\ufffe", "")


def test_after_erasure_it_shows_what_is_kept(world: World, life: Life) -> None:
    path = f"/v1/applicants/{life.applicant}"
    told = world.admin.post(f"{path}/_erase").json()
    known = world.admin.get(f"{path}/export").json()["known"]
    assert known["applicant"][0]["familyName"] == "[gewist]"
    assert [one["number"] for one in known["certificate"]] == [life.certificate]
    assert [one["number"] for one in known["invoice"]] == [life.invoice]
    assert {one["id"] for one in told["kept"]} == {life.certificate, life.invoice, None}
    assert not {"attendance", "progress", "file", "wishes", "message", "eventReason"} & known.keys()


def test_the_register_of_processing_says_what_the_map_says(world: World) -> None:
    answer = world.admin.get("/v1/processing-register", headers={"Accept-Language": "nl"})
    assert answer.status_code == 200, answer.text
    register = answer.json()
    holds = {column for use in register["uses"] for column in use["holds"]}
    personal = {f"{name}.{column}" for name, held in data_map.MAP.items() for column in held.personal}
    assert holds == personal
    (invoices,) = [use for use in register["uses"] if use["use"] == "invoices"]
    assert "artikel 52" in invoices["ground"]
    assert invoices["months"] == {"invoices": 84}
    assert {one["organisation"] for one in register["organisations"]} >= {"lkca", "fleck"}
    assert world.provider.get("/v1/processing-register").status_code == 403
