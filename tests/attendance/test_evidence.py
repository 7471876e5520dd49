"""Evidence of a phase: asked, handed in by the participant's link, judged, and what happened to it."""

import pytest

from tests.world import JSON, PILOT, World, form, registration

TEXT = "Mijn leervraag: hoe maak ik een doorlopende leerlijn?"


@pytest.fixture
def made(world: World) -> JSON:
    return world.participant()


def phase_of(world: World, made: JSON, phase: str = "orientatie") -> JSON:
    """The phase as its provider sees it."""
    answer = world.provider.get(f"/v1/registrations/{made['id']}/progress/{phase}")
    assert answer.status_code == 200, answer.text
    seen: JSON = answer.json()
    return seen


def judge(world: World, made: JSON, verdict: str, phase: str = "orientatie", **more: object) -> None:
    path = f"/v1/registrations/{made['id']}/progress/{phase}"
    assert world.provider.put(path, {"verdict": verdict, **more}).status_code == 200


def test_each_phase_says_what_evidence_it_asks(world: World) -> None:
    phases = world.http.get("/v1/phases").json()["items"]
    assert [one["evidenceKind"] for one in phases] == [
        "learning-question",
        "research",
        "product",
        "next-steps",
    ]
    assert all(one["asks"].startswith("Je ") for one in phases)


def test_a_participant_hands_in_and_the_provider_reads_and_judges(world: World, made: JSON) -> None:
    page = world.page(made["id"])
    before = world.http.get(f"{page}/progress/orientatie").json()
    assert (before["submission"], before["open"], before["files"]) == (None, True, [])
    assert before["asks"].startswith("Je leervraag")

    handed_in = world.http.put(f"{page}/progress/orientatie", json={"evidence": TEXT})
    assert handed_in.status_code == 200, handed_in.text
    assert handed_in.json()["submission"]["evidence"] == TEXT
    seen = phase_of(world, made)
    assert (seen["submission"], seen["verdict"]) == (handed_in.json()["submission"], "open")
    assert seen["recordedAt"] is None

    judge(world, made, "failed", feedback="Maak het kleiner", evidence="Besproken op 7 oktober")
    own = world.http.get(f"{page}/progress/orientatie").json()
    assert (own["verdict"], own["feedback"], own["open"]) == ("failed", "Maak het kleiner", True)
    assert own["submission"]["evidence"] == TEXT  # what the provider noted does not replace it

    again = world.http.put(f"{page}/progress/orientatie", json={"evidence": "Kleiner"})
    assert again.json()["submission"]["evidence"] == "Kleiner"
    judge(world, made, "passed")
    assert phase_of(world, made)["submission"]["evidence"] == "Kleiner"


def test_the_history_says_who_did_what_when(world: World, made: JSON) -> None:
    page = world.page(made["id"])
    world.http.put(f"{page}/progress/orientatie", json={"evidence": TEXT})
    world.at("2021-11-01T12:00+01:00")
    judge(world, made, "failed")
    world.at("2021-12-01T12:00+01:00")
    judge(world, made, "passed")
    judge(world, made, "passed", phase="onderzoek")
    history = phase_of(world, made)["history"]
    assert [(one["type"], one["by"], one["before"], one["after"]) for one in history] == [
        ("progress.submitted", "applicant", None, None),
        ("progress.recorded", world.provider.id, "open", "failed"),
        ("progress.recorded", world.provider.id, "failed", "passed"),
    ]
    assert [one["at"] for one in history[1:]] == ["2021-11-01T11:00:00Z", "2021-12-01T11:00:00Z"]
    assert "history" not in world.http.get(f"{page}/progress/orientatie").json()


def test_a_phase_that_is_passed_takes_no_more(world: World, made: JSON) -> None:
    page = world.page(made["id"])
    world.http.put(f"{page}/progress/orientatie", json={"evidence": TEXT})
    judge(world, made, "passed")
    refused = world.http.put(f"{page}/progress/orientatie", json={"evidence": "Anders"})
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "urn:problem-type:cultuurcoordinator:phase-passed",
    )
    own = world.http.get(f"{page}/progress/orientatie").json()
    assert (own["submission"]["evidence"], own["open"]) == (TEXT, False)
    judge(world, made, "open")
    assert world.http.put(f"{page}/progress/orientatie", json={"evidence": "Anders"}).status_code == 200


def test_the_participant_names_the_product_and_the_provider_approves_it(world: World, made: JSON) -> None:
    page = f"{world.page(made['id'])}/progress/uitvoering"
    named = world.http.put(page, json={"product": {"title": "Beleidsplan", "kind": "policy-plan"}})
    assert named.json()["product"] == {"title": "Beleidsplan", "kind": "policy-plan", "approved": False}
    approved = {"title": "Beleidsplan", "kind": "policy-plan", "approved": True}
    judge(world, made, "failed", phase="uitvoering", product=approved)
    same = world.http.put(page, json={"product": {"title": "Beleidsplan"}, "evidence": "Zie bijlage"})
    assert same.json()["product"] == approved
    assert world.http.put(page, json={"evidence": "Zie bijlage"}).json()["product"] == approved
    other = world.http.put(page, json={"product": {"title": "Een ander plan", "kind": "other"}})
    assert other.json()["product"] == {"title": "Een ander plan", "kind": "other", "approved": False}
    assert phase_of(world, made, "uitvoering")["product"]["approved"] is False


def test_a_participant_says_no_more_than_is_asked(world: World, made: JSON) -> None:
    page = f"{world.page(made['id'])}/progress/orientatie"
    wrong: list[tuple[JSON, str]] = [
        ({"product": {"title": "Plan"}}, "#/product"),
        ({"product": {"title": "Plan", "approved": True}}, "#/product/approved"),
        ({"verdict": "passed"}, "#/verdict"),
        ({"evidence": "x" * 4001}, "#/evidence"),
        ({"evidence": " "}, "#/evidence"),
    ]
    for body, pointer in wrong:
        refused = world.http.put(page, json=body)
        assert refused.status_code == 400, body
        assert pointer in {fault["pointer"] for fault in refused.json()["errors"]}, body


def test_only_a_participant_hands_in(world: World) -> None:
    made = world.register()
    page = f"{world.page(made['id'])}/progress/orientatie"
    assert world.http.put(page, json={"evidence": TEXT}).status_code == 409
    assert world.http.get(page).json()["open"] is False
    assert world.http.get(page.replace("orientatie", "rust")).status_code == 404


def test_a_link_that_was_renewed_or_is_another_ones_opens_nothing(world: World, made: JSON) -> None:
    page = world.page(made["id"])
    links = world.fleck.get(f"/v1/registrations/{made['id']}/personal-links").json()
    calendar = links["calendar"].rpartition("/")[2]
    assert world.http.get(f"/v1/personal-pages/{calendar}/progress/orientatie").status_code == 404
    world.fleck.post(f"/v1/registrations/{made['id']}/personal-links/_renew")
    assert world.http.get(f"{page}/progress/orientatie").status_code == 404
    assert world.http.put(f"{page}/progress/orientatie", json={"evidence": TEXT}).status_code == 404


def test_another_partner_and_another_provider_find_nothing(world: World, made: JSON) -> None:
    path = f"/v1/registrations/{made['id']}/progress/orientatie"
    assert world.mocca.get(path).status_code == 404
    assert world.fleck.get(path).status_code == 200
    assert world.provider.get(path).status_code == 200
    changed = world.admin.patch(f"/v1/editions/{PILOT}", {"providers": ["neos"]})
    assert changed.status_code == 200, changed.text
    assert world.provider.get(path).status_code == 404


def test_a_form_in_a_browser_hands_in_too(world: World, made: JSON) -> None:
    page = world.page(made["id"])
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    fields = {"evidence": TEXT, "productTitle": "Plan", "productKind": "other"}
    path = f"{page}/progress/uitvoering/_submit"
    sent = world.http.post(path, data=fields, headers=browser)
    assert (sent.status_code, sent.headers["location"]) == (303, f"{page}#uitvoering")
    own = world.http.get(f"{page}/progress/uitvoering").json()
    assert own["submission"]["evidence"] == TEXT
    assert own["product"] == {"title": "Plan", "kind": "other", "approved": False}
    longest = "\n".join(["x" * 19] * 200)
    lines = world.http.post(path, data={"evidence": longest.replace("\n", "\r\n")})
    assert lines.json()["submission"]["evidence"] == longest
    empty = world.http.post(path, data={"evidence": "", "productTitle": "", "productKind": "other"})
    assert (empty.status_code, empty.json()["submission"]["evidence"]) == (200, None)
    assert empty.json()["product"]["title"] == "Plan"


def test_a_browser_reads_in_words_why_a_form_is_refused(world: World, made: JSON) -> None:
    path = f"{world.page(made['id'])}/progress/orientatie/_submit"
    fields = {"evidence": "x" * 4001, "extra": "<b>"}
    page = world.http.post(path, data=fields, headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert page.headers["content-language"] == "nl"
    assert '<html lang="nl">' in page.text
    assert "De invoer is niet geldig" in page.text
    assert "style-src 'sha256-" in page.headers["content-security-policy"]
    english = world.http.post(path, data=fields, headers={"Accept": "text/html", "Accept-Language": "en"})
    assert "The input is not valid" in english.text
    problem = world.http.post(path, data=fields)
    assert problem.headers["content-type"] == "application/problem+json"
    assert {fault["pointer"] for fault in problem.json()["errors"]} == {"#/evidence", "#/extra"}


def test_two_who_hand_in_at_once_both_get_in(world: World, made: JSON) -> None:
    page = f"{world.page(made['id'])}/progress/orientatie"
    answers = world.http.together(
        [lambda text=text: world.http.put(page, json={"evidence": text}) for text in ("Een", "Twee")]  # type: ignore[misc]
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    assert world.http.get(page).json()["submission"]["evidence"] in ("Een", "Twee")
    assert len(world.events("progress.submitted")) == 2


def test_events_hold_no_words_of_the_participant(world: World, made: JSON) -> None:
    page = f"{world.page(made['id'])}/progress/uitvoering"
    world.http.put(page, json={"evidence": TEXT, "product": {"title": "Plan van Noor"}})
    assert "leervraag" not in str(world.events())
    assert "Noor" not in str(world.events())
    [event] = world.events("progress.submitted")
    assert (event["actor"], event["partner"], event["data"]) == (
        "applicant",
        "fleck",
        {"phase": "uitvoering"},
    )


def test_an_unfinished_form_is_no_participant(world: World) -> None:
    made = world.fleck.post("/v1/registrations", registration()).json()
    world.http.put(f"/v1/enrolment-forms/{made['enrolmentForm']['token']}", json=form())
    refused = world.http.put(f"{world.page(made['id'])}/progress/orientatie", json={"evidence": TEXT})
    assert refused.json()["type"].endswith("not-a-participant")
