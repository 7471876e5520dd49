"""The enrolment form's page, as a browser without scripts meets it."""

import pytest

from tests.registrations.form_reader import PAGE, Fields, FormPage
from tests.world import JSON, PILOT, World, form

FINISHED = {
    "learningQuestion": "Hoe?\nEn waarom?",
    "workSituation": 'Docent <b>beeldend</b> & "meer"',
    "consent": "yes",
}


def _open(world: World, language: str = "nl") -> tuple[JSON, FormPage]:
    made = world.register()
    return made, FormPage(world, made["enrolmentForm"]["token"], language)


def _returned(world: World, made: JSON) -> JSON:
    read: JSON = world.fleck.get(f"/v1/registrations/{made['id']}/enrolment-form").json()
    return read


def test_a_form_is_saved_in_parts_and_submitted_without_a_script(world: World) -> None:
    made, page = _open(world)
    assert "<script" not in page.answer.text
    saved = page.press(
        "save", learningQuestion="Hoe?\nEn waarom?", coordinatorHours="2,5", wishes__dietary="Vis"
    )
    assert (saved.status_code, "Bewaard" in saved.text) == (200, True)
    assert page.fields.values["learningQuestion"] == "Hoe?\nEn waarom?"
    assert page.fields.values["coordinatorHours"] == "2,5"
    later = FormPage(world, made["enrolmentForm"]["token"], "en")
    assert later.fields.values["coordinatorHours"] == "2.5"
    done = later.press(
        "submit",
        **FINISHED,
        coordinatorMandate="spoken",
        schoolLeader__name="Jan",
        schoolLeader__consent="yes",
    )
    assert "Your form has been submitted" in done.text
    answers = _returned(world, made)["answers"]
    assert answers == {
        "learningQuestion": "Hoe?\nEn waarom?",
        "workSituation": FINISHED["workSituation"],
        "coordinatorHours": 2.5,
        "coordinatorMandate": "spoken",
        "schoolLeader": {"name": "Jan", "consent": True},
        "invoiceAddress": None,
        "wishes": {"dietary": "Vis", "accessibility": None},
        "consent": True,
    }
    assert world.fleck.get(f"/v1/registrations/{made['id']}").json()["status"] == "complete"


def test_every_fault_is_told_at_its_field_and_what_was_typed_stays(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"formRequired": ["schoolLeader", "coordinatorMandate"]})
    made, page = _open(world)
    typed = {
        "workSituation": "x" * 4001,
        "coordinatorHours": "veel",
        "coordinatorMandate": "",
        "invoiceAddress__city": "Almere",
        "wishes__dietary": "\x07",
    }
    refused = page.press("submit", **typed)
    assert (refused.status_code, _returned(world, made)["savedAt"]) == (400, None)
    wrong = {
        "learningQuestion",
        "workSituation",
        "coordinatorHours",
        "coordinatorMandate-fault",
        "schoolLeader.name",
        "schoolLeader.consent",
        "invoiceAddress.name",
        "invoiceAddress.street",
        "invoiceAddress.postalCode",
        "wishes.dietary",
        "consent",
    }
    assert page.fields.invalid == wrong
    for name in wrong:
        anchor = name.removesuffix("-fault").replace(".", "-")
        assert f'<a href="#{anchor}">' in refused.text
        assert refused.text.count(f'id="{anchor}"') == 1
        assert refused.text.count(f'id="{anchor}-fault"') == 1
    for said in (
        "er passen 4000 tekens in",
        "van 0 tot en met 40",
        "Kies een antwoord",
        "Zet hier een vinkje",
    ):
        assert said in refused.text
    assert refused.text.count("<title>Fout: ") == 1
    assert page.fields.values["coordinatorHours"] == "veel"
    assert page.fields.values["invoiceAddress.city"] == "Almere"
    assert page.fields.values["workSituation"] == "x" * 4001


@pytest.mark.parametrize(
    ("hours", "taken"),
    [("0", 0), ("2,5", 2.5), ("2.25", 2.25), (" 40 ", 40), ("", None), ("٢", 2)]
    + [(bad, "fault") for bad in ("-1", "40,25", "2,3", "1e1", "NaN", "2 uur", "1,5,0", "0x2")],
)
def test_hours_are_read_as_people_write_them(world: World, hours: str, taken: object) -> None:
    made, page = _open(world)
    answer = page.press("save", coordinatorHours=hours, learningQuestion="Hoe?")
    if taken == "fault":
        assert (answer.status_code, page.fields.invalid) == (400, {"coordinatorHours"})
        assert page.fields.values["coordinatorHours"] == hours
    else:
        assert answer.status_code == 200
        draft = world.http.get(page.path).json()["answers"]
        assert draft["coordinatorHours"] == taken
    assert made["status"] == "received"


def test_an_emptied_field_is_cleared(world: World) -> None:
    _, page = _open(world)
    page.press(
        "save", wishes__dietary="Vis", invoiceAddress__city="Almere", consent="yes", coordinatorMandate="none"
    )
    assert page.fields.values["consent"] == "yes"
    assert page.fields.values["coordinatorMandate"] == "none"
    page.fields.values.pop("consent")  # unticked
    page.press("save", wishes__dietary=" ", invoiceAddress__city="", coordinatorMandate="")
    assert set(world.http.get(page.path).json()["answers"].values()) == {None}


def test_what_another_window_saved_is_not_overwritten_unseen(world: World) -> None:
    made, first = _open(world)
    second = FormPage(world, made["enrolmentForm"]["token"], "en")
    first.press("save", learningQuestion="Van het eerste venster")
    refused = second.press("save", learningQuestion="From the second window")
    assert (refused.status_code, "Changed in the meantime" in refused.text) == (412, True)
    assert second.fields.values["learningQuestion"] == "From the second window"
    assert world.http.get(first.path).json()["answers"]["learningQuestion"] == "Van het eerste venster"
    assert second.press("save").status_code == 200
    assert world.http.get(first.path).json()["answers"]["learningQuestion"] == "From the second window"


def test_what_is_typed_is_text_and_never_markup(world: World) -> None:
    _, page = _open(world)
    nasty = "</textarea><script>alert(1)</script>\"'&amp;"
    page.press("save", learningQuestion=nasty, invoiceAddress__name=nasty)
    assert "<script" not in page.answer.text
    assert page.fields.values["learningQuestion"] == nasty
    assert page.fields.values["invoiceAddress.name"] == nasty


def test_the_link_does_not_leak_from_the_page(world: World) -> None:
    made, page = _open(world)
    posted = world.http.post(page.path, data={"press": "save", "learningQuestion": "Hoe?"}, headers=PAGE)
    assert (posted.status_code, posted.headers["location"]) == (303, "?lang=nl&saved=true")
    for answer in (page.answer, posted, page.press("submit")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert made["enrolmentForm"]["token"] not in answer.text + str(answer.headers)
    policy = page.answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} < {
        *policy
    }
    assert "noindex" in page.answer.text


@pytest.mark.parametrize(
    ("language", "accept_language", "lang", "title"),
    [
        ("nl", "", "", "Inschrijfformulier"),
        ("nl", "fr, de;q=0.9", "", "Inschrijfformulier"),
        ("en", "en-GB, nl;q=0.5", "", "Enrolment form"),
        ("en", "nl", "?lang=en", "Enrolment form"),
        ("nl", "en", "?lang=nl", "Inschrijfformulier"),
    ],
)
def test_it_speaks_dutch_unless_asked_for_english(
    world: World, language: str, accept_language: str, lang: str, title: str
) -> None:
    _, page = _open(world, accept_language)
    answer = page.open(lang)
    assert answer.headers["content-language"] == language
    assert answer.headers["vary"] == "Accept, Accept-Language, Origin"
    assert f'<html lang="{language}">' in answer.text
    assert f"<h1>{title}</h1>" in answer.text
    # Whoever chose a language keeps it.
    assert page.fields.action == f"?lang={language}"
    assert page.press("submit").headers["content-language"] == language


def test_a_form_that_is_closed_says_why(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"formsDueAt": "2021-06-20T00:00:00+02:00"})
    told = {}
    for ending in ("submitted", "withdrawn", "late"):
        made, page = _open(world)
        if ending == "submitted":
            world.http.put(page.path, json=form())
        elif ending == "withdrawn":
            world.fleck.post(f"/v1/registrations/{made['id']}/_withdraw")
        else:
            world.at("2021-06-20T00:00:00+02:00")
        shown = world.http.get(page.path, headers=PAGE)
        assert (shown.status_code, Fields(shown.text).values) == (200, {})
        refused = page.press("submit", **FINISHED)
        assert refused.status_code == 409
        told[ending] = refused.text.partition("<h2>")[2].partition("</h2>")[0]
    assert told == {
        "submitted": "Je formulier is ingestuurd",
        "withdrawn": "Dit formulier is gesloten",
        "late": "Dit formulier kan niet meer worden ingestuurd",
    }
    for method in ("GET", "POST"):
        unknown = world.http.request(method, "/v1/enrolment-forms/nothing", headers=PAGE)
        assert (unknown.status_code, "Achter deze link is geen formulier" in unknown.text) == (404, True)


def test_who_is_no_browser_gets_problems(world: World) -> None:
    _, page = _open(world)
    answer = world.http.post(page.path, data={"press": "submit", "wishes.dietary": "x" * 1001})
    assert answer.headers["content-type"] == "application/problem+json"
    told = {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]}
    assert told == {
        "#/learningQuestion": "missing",
        "#/workSituation": "missing",
        "#/wishes/dietary": "string-too-long",
        "#/consent": "missing",
    }
    for data in ({"press": "x"}, {"learningQuestion": "x" * 20_001}, {"shoeSize": "42"}):
        assert world.http.post(page.path, data=data, headers=PAGE).status_code == 400
    assert world.http.post(page.path, json={}, headers=PAGE).status_code == 415
