"""The evidence sheet, as JSON and as PDF, before and after the certificate."""

import pypdfium2

from tests.world import World


def _words(content: bytes) -> str:
    with pypdfium2.PdfDocument(content) as document:
        return " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())


def test_the_sheet_says_what_was_done_and_what_is_missing(world: World) -> None:
    made = world.participant()
    world.attend(made["id"], 2)
    path = f"/v1/registrations/{made['id']}/evidence-sheet"
    sheet = world.fleck.get(path).json()
    assert (sheet["holderName"], sheet["certificate"], sheet["contactMinutes"]) == (
        "Noor van der Meer",
        None,
        360,
    )
    assert [one["heldOn"] for one in sheet["sessions"]] == ["2021-10-07", "2021-11-04"]
    assert [one["passed"] for one in sheet["phases"]] == [False] * 4
    assert [one["met"] for one in sheet["criteria"]] == [False] * 3
    text = _words(world.fleck.get(f"{path}/pdf", headers={"Accept-Language": "nl"}).content)
    for said in ("Bewijs van deelname", "Noor van der Meer", "07-10-2021", "6 uur", "nog niet behaald"):
        assert said in text
    assert world.mocca.get(path).status_code == world.mocca.get(f"{path}/pdf").status_code == 404


def test_after_the_certificate_it_names_it_and_the_holder_has_it_too(world: World) -> None:
    certificate = world.certified()
    path = f"/v1/registrations/{certificate['registration']}"
    sheet = world.fleck.get(f"{path}/evidence-sheet").json()
    assert (sheet["certificate"], sheet["productTitle"]) == (certificate["number"], "Cultuurbeleidsplan")
    assert all(one["met"] for one in sheet["criteria"])
    english = world.fleck.get(f"{path}/evidence-sheet/pdf")
    assert "Evidence of participation" in _words(english.content)
    again = world.fleck.get(f"{path}/evidence-sheet/pdf")
    assert english.content == again.content
    link = world.fleck.get(f"{path}/personal-links").json()["holder"]
    held = world.http.get(world.http.get(link).json()["evidenceUrl"])
    assert held.content == english.content


def test_names_and_texts_of_all_sorts_fit(world: World) -> None:
    name = {
        "givenName": None,
        "familyNamePrefix": None,
        "familyName": "Wolfeschlegelsteinhausenbergerdorff" * 2 + "日本",
    }
    made = world.participant(applicant=name)
    path = f"/v1/registrations/{made['id']}/evidence-sheet/pdf"
    assert world.fleck.get(path).status_code == 200
