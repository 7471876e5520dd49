"""POST /v1/registration-imports: each row as a single registration, each once, whatever happens half-way."""

import json
import secrets
from typing import Any

import pytest
from anyio import to_thread

from app.imports import service as imports
from app.registrations import intake
from tests.conftest import sql
from tests.imports.files import BAD, NOOR, SAM, counts, csv, imported, links_of, rows, sent, take, verdicts
from tests.world import JSON, PILOT, World, registration

YARA = f"{PILOT};Yara;el;Amrani;yara@college.example;;Het College;Dronten;;"
REFUSED = ("refused", ["already-registered"])


def test_each_row_is_judged_and_the_good_ones_are_registered(world: World) -> None:
    answer = sent(world.fleck, csv(NOOR, BAD, SAM))
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/registration-imports/{made['id']}"
    assert (made["status"], counts(made)) == ("waiting", {"rows": 3, "waiting": 3})
    assert world.fleck.get("/v1/registrations").json()["items"] == []
    take(world)
    done = world.fleck.get(answer.headers["location"]).json()
    assert (done["status"], counts(done)) == ("done", {"rows": 3, "registered": 2, "refused": 1})

    noor, bad, sam = rows(world.fleck, done)
    read = world.fleck.get(f"/v1/registrations/{noor['registration']}").json()
    assert (read["enrolmentForm"], read["partner"]) == (noor["enrolmentForm"], "fleck")
    assert read["applicant"]["phone"] == "0612345678"
    assert rows(world.fleck, done, verdict="refused") == [bad]
    assert [row["line"] for row in (noor, bad, sam)] == [2, 3, 4]
    told = {fault["pointer"]: (fault["column"], fault["code"]) for fault in bad["faults"]}
    assert told == {
        "#/applicant/email": ("e-mail", "email"),
        "#/applicant/familyName": ("achternaam", "missing"),
        "#/school/city": ("plaats", "missing"),
    }
    received = world.events("registration.received")
    assert [event["subject"] for event in received] == [noor["registration"], sam["registration"]]
    types = [event["type"] for event in world.events() if event["type"].startswith("registration-import.")]
    assert types == ["registration-import.received", "registration-import.completed"]


def test_a_row_is_told_what_a_single_registration_is(world: World) -> None:
    """The same faults, in the same words and both languages."""
    body = registration(applicant={"email": "x", "phone": "1", "familyName": "a\0"}, school={"name": ""}, x=1)
    done = imported(world.fleck, world, json.dumps(body).encode(), "application/x-ndjson")
    for language in ("nl", "en"):
        headers = {"Accept-Language": language}
        single = world.fleck.post("/v1/registrations", body, headers=headers).json()["errors"]
        path = f"/v1/registration-imports/{done['id']}/rows"
        row = world.fleck.get(path, headers=headers).json()["items"][0]
        told = [{name: fault[name] for name in ("pointer", "code", "detail")} for fault in row["faults"]]
        assert told == [{name: fault[name] for name in ("pointer", "code", "detail")} for fault in single]


FILES: dict[str, tuple[str, ...]] = {
    "good": (NOOR, SAM),
    "bad": (NOOR, BAD, SAM),
    "twice": (NOOR, SAM, NOOR, NOOR.replace("Almere", "Urk"), NOOR.replace("Noor", "Nora")),
    "others": (NOOR, YARA, SAM),
    "closed": (NOOR, NOOR.replace(PILOT, "gesloten"), SAM.replace(PILOT, "nergens")),
}


@pytest.mark.parametrize("mode", ["partial", "all"])
@pytest.mark.parametrize("file", FILES)
def test_a_dry_run_gives_the_verdicts_of_the_real_one(world: World, file: str, mode: str) -> None:
    window = {"opensAt": "2021-01-01T00:00:00Z", "closesAt": "2021-02-01T00:00:00Z"}
    closed = {"slug": "gesloten", "training": "cultuurcoordinator-vo", "title": "G", "region": "G"}
    assert world.admin.post("/v1/editions", {**closed, "window": window, "capacity": 1}).status_code == 201
    world.register(world.mocca, applicant={"email": "YARA@college.example"})
    before = world.events("registration.received"), world.events("registration.refused")
    content = csv(*FILES[file])
    dry = imported(world.fleck, world, content, mode=mode, dryRun="true")
    foreseen = verdicts(world.fleck, dry)
    assert before == (world.events("registration.received"), world.events("registration.refused"))
    real = imported(world.fleck, world, content, mode=mode)
    assert verdicts(world.fleck, real) == foreseen
    assert real["counts"] == dry["counts"]
    assert len(world.fleck.get("/v1/registrations").json()["items"]) == real["counts"]["registered"]
    if mode == "all" and real["counts"]["refused"]:
        assert real["counts"]["registered"] == 0
        assert real["counts"]["skipped"] > 0
    conflicts = sum("already-registered" in codes for _, codes in foreseen)
    assert len(world.events("registration.refused")) == (conflicts if file == "others" else 0)


def test_the_same_file_again_registers_nobody_twice(world: World) -> None:
    content = csv(NOOR, BAD, SAM, NOOR, NOOR.replace("Almere", "Urk"))
    first = imported(world.fleck, world, content)
    one = rows(world.fleck, first)
    assert [row["verdict"] for row in one] == ["registered", "refused", "registered", "present", "refused"]
    assert one[3]["registration"] == one[4]["registration"] == one[0]["registration"]
    # Corrected since, gone since, and the window closed since: they are there all the same.
    applicant = world.fleck.get(f"/v1/registrations/{one[0]['registration']}").json()["applicant"]["id"]
    assert world.fleck.patch(f"/v1/applicants/{applicant}", {"familyName": "Zee"}).status_code == 200
    assert world.fleck.post(f"/v1/registrations/{one[2]['registration']}/_withdraw").status_code == 200
    world.at("2021-08-01T12:00+02:00")
    again = rows(world.fleck, imported(world.fleck, world, content, mode="partial"))
    assert [row["verdict"] for row in again] == ["present", "refused", "present", "present", "refused"]
    assert [row["registration"] for row in again] == [row["registration"] for row in one]
    assert len(world.events("registration.received")) == 2


def test_who_is_registered_is_present_when_it_is_the_same_person(world: World) -> None:
    noor = {"email": "Noor@Lyceum.example", "givenName": "Noor", "familyName": "Meer"}
    mine = world.register(applicant=noor)
    theirs = world.register(world.mocca, applicant={"email": "sam@werkplaats.example"})
    shares = NOOR.replace("Noor", "Nora")
    done = imported(world.fleck, world, csv(NOOR, SAM))
    there, elsewhere = rows(world.fleck, done)
    assert (there["verdict"], there["registration"]) == ("present", mine["id"])
    assert verdicts(world.fleck, done)[1] == REFUSED
    assert elsewhere["registration"] is None
    (other,) = rows(world.fleck, imported(world.fleck, world, csv(shares)))
    assert (other["verdict"], other["registration"]) == ("refused", mine["id"])
    conflicts = {event["subject"] for event in world.events("registration.refused")}
    assert conflicts == {mine["id"], theirs["id"]}


@pytest.mark.parametrize("mode", ["partial", "all"])
def test_what_was_ended_half_way_goes_on(world: World, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """The process ends before a commit, again and again; each step is there whole or not at all."""
    monkeypatch.setattr(imports, "CHUNK", 2)
    content = csv(*(NOOR.replace("noor@", f"n{number}@") for number in range(7)))
    location = sent(world.fleck, content, mode=mode).headers["location"]
    advance, calls = imports.advance, iter(range(100))

    async def ended(*arguments: Any) -> None:
        await advance(*arguments)
        if next(calls) % 2:
            raise ConnectionError("the process ended here")

    monkeypatch.setattr(imports, "advance", ended)
    seen, done = set(), False
    while not done:
        take(world)
        read = world.fleck.get(location).json()
        seen.add(read["counts"]["registered"])
        assert len(world.fleck.get("/v1/registrations").json()["items"]) == read["counts"]["registered"]
        done = read["status"] == "done"
    assert seen == ({2, 4, 6, 7} if mode == "partial" else {0, 7})
    assert counts(world.fleck.get(location).json()) == {"rows": 7, "registered": 7}
    assert len(world.events("registration.received")) == 7


def test_an_import_that_fails_delays_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, whole = (sent(world.fleck, csv(row)).headers["location"] for row in (NOOR, SAM))
    advance = imports.advance

    async def failing(db: Any, one: Any, *arguments: Any) -> None:
        if broken.endswith(str(one.id)):
            raise ValueError("a defect of ours")
        await advance(db, one, *arguments)

    monkeypatch.setattr(imports, "advance", failing)
    take(world)
    assert [world.fleck.get(one).json()["status"] for one in (broken, whole)] == ["waiting", "done"]
    monkeypatch.undo()
    take(world)
    assert world.fleck.get(broken).json()["status"] == "done"


def test_somebody_who_comes_in_between_is_seen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another partner registers a person after the row was judged, and before it is inserted."""
    known, post = intake.known, iter([True])

    async def late(*arguments: Any) -> Any:
        found = await known(*arguments)
        if next(post, False):
            await to_thread.run_sync(_register_elsewhere, world, "sam@werkplaats.example")
        return found

    location = sent(world.fleck, csv(NOOR, SAM)).headers["location"]
    monkeypatch.setattr(intake, "known", late)
    take(world)
    done = world.fleck.get(location).json()
    assert verdicts(world.fleck, done) == [("registered", []), REFUSED]


def test_all_or_nothing_even_when_somebody_comes_in_between(world: World) -> None:
    location = sent(world.fleck, csv(NOOR, SAM, NOOR), mode="all").headers["location"]

    async def step() -> None:
        state = world.app.state
        async with state.database.transaction() as db:
            one = await imports.claim(db)
            assert one
            await imports.advance(db, one, links_of(world), state.clock.now())

    world.http.portal.call(step)
    done = world.fleck.get(location).json()
    assert (done["status"], counts(done)) == ("running", {"rows": 3, "accepted": 2, "present": 1})
    world.register(world.mocca, applicant={"email": "sam@werkplaats.example"})
    take(world)
    done = world.fleck.get(location).json()
    assert verdicts(world.fleck, done) == [("skipped", []), REFUSED, ("present", [])]
    assert world.fleck.get("/v1/registrations").json()["items"] == []
    assert len(world.events("registration.refused")) == 1


def _register_elsewhere(world: World, email: str) -> None:
    """Register somebody through another partner, in the database's own words."""
    applicant, one = (f"0189{secrets.token_hex(2)}-0000-7000-8000-{secrets.token_hex(6)}" for _ in range(2))
    person = f"('{applicant}', 'mocca', 'Jansen', '{email}', '')"
    row = f"('{one}', '{PILOT}', 'mocca', '{applicant}', '{email}', 'S', 'P', '', 'received', now())"
    columns = (
        "id, edition, partner, applicant, email_key, school_name, school_city, name_key, status, received_at"
    )
    sql(
        world.database_url,
        f"INSERT INTO applicant (id, partner, family_name, email, search_text) VALUES {person}",
        f"INSERT INTO registration ({columns}) VALUES {row}",
        f"INSERT INTO enrolment_form (registration, token_digest) VALUES ('{one}', sha256('{one}'))",
    )


def test_several_workers_share_the_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "CHUNK", 3)
    content = csv(*(NOOR.replace("noor@", f"n{number}@") for number in range(20)))
    places = [sent(world.fleck, content, mode=mode).headers["location"] for mode in ("partial", "all")]
    for _ in range(20):
        world.http.together([lambda: take(world)] * 3)
        done = [world.fleck.get(place).json() for place in places]
        if all(one["status"] == "done" for one in done):
            break
    assert sum(one["counts"]["registered"] for one in done) == 20
    assert sum(one["counts"]["present"] for one in done) == 20
    assert len(world.events("registration.received")) == 20


def test_the_window_is_that_of_the_moment_when_the_file_came_in(world: World) -> None:
    world.at("2021-07-05T23:59+02:00")
    location = sent(world.fleck, csv(NOOR)).headers["location"]
    world.at("2021-07-06T00:01+02:00")
    take(world)
    assert counts(world.fleck.get(location).json()) == {"rows": 1, "registered": 1}
    late = imported(world.fleck, world, csv(SAM))
    assert verdicts(world.fleck, late) == [("refused", ["edition-closed"])]


def test_only_an_administrator_names_another_partner(world: World) -> None:
    content = csv(NOOR).decode().replace("editie;", "partner;editie;").replace(PILOT, f"mocca;{PILOT}")
    done = imported(world.fleck, world, content.encode())
    assert verdicts(world.fleck, done) == [("refused", ["forbidden"])]
    assert sent(world.fleck, csv(NOOR), partner="mocca").status_code == 403
    assert sent(world.fleck, csv(NOOR), partner="fleck").status_code == 201
    nobody = imported(world.admin, world, csv(SAM))
    assert verdicts(world.admin, nobody) == [("refused", ["missing"])]
    done = imported(world.admin, world, csv(YARA), partner="kunst-centraal")
    (row,) = rows(world.admin, done)
    assert world.kunst_centraal.get(f"/v1/registrations/{row['registration']}").status_code == 200
    assert world.kunst_centraal.get(f"/v1/registration-imports/{done['id']}").status_code == 404
    for query, code in (({"partner": "neos"}, "wrong-role"), ({"edition": "nergens"}, "unknown-edition")):
        answer = sent(world.admin, csv(NOOR), **query)
        assert [(one["location"], one["code"]) for one in answer.json()["errors"]] == [("query", code)]


def test_an_edition_for_all_rows_need_not_stand_in_the_file(world: World) -> None:
    content = csv(NOOR).decode().replace("editie;", "").replace(f"{PILOT};", "")
    assert sent(world.fleck, content.encode()).json()["errors"][0]["code"] == "missing-column"
    done = imported(world.fleck, world, content.encode(), edition=PILOT)
    assert counts(done) == {"rows": 1, "registered": 1}


def test_what_was_refused_is_mended_and_sent_again(world: World) -> None:
    done = imported(world.fleck, world, csv(NOOR, BAD))
    path = f"/v1/registration-imports/{done['id']}/refused.csv"
    refused = world.fleck.get(path)
    assert refused.headers["content-disposition"].startswith("attachment")
    assert "achternaam: Dit is verplicht; e-mail: Moet een e-mailadres zijn; plaats:" in refused.text
    assert "line;problem" in world.fleck.get(path, headers={"Accept-Language": "en"}).text
    mended = refused.text.replace("yara@", "yara@college.example").replace("el;;", "el;Amrani;")
    mended = mended.replace("Het College;;", "Het College;Dronten;")
    again = imported(world.fleck, world, mended.encode())
    assert counts(again) == {"rows": 1, "registered": 1}


def test_what_refused_rows_said_is_forgotten_in_time(world: World) -> None:
    done = imported(world.fleck, world, csv(NOOR, BAD))
    path = f"/v1/registration-imports/{done['id']}"
    kept = sql(world.database_url, "SELECT count(*) FROM registration_import_row WHERE content IS NOT NULL")
    assert kept[0][0] == 1  # of what is registered nothing is kept beside the registration
    world.at("2021-07-15T08:59+02:00")
    world.work()
    assert world.fleck.get(f"{path}/refused.csv").status_code == 200
    world.at("2021-07-15T09:00+02:00")
    world.work()
    assert world.fleck.get(f"{path}/refused.csv").status_code == 404
    assert world.fleck.get(path).json()["expiresAt"] is None
    left = sql(world.database_url, "SELECT count(*) FROM registration_import_row WHERE content IS NOT NULL")
    assert left[0][0] == 0


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "missing-column"),
        (csv(), 400, "no-rows"),
        (b"voornaam;leeftijd\n", 400, "unknown-column"),
        (b"x" * 3000, 413, None),
        (csv(NOOR, SAM, YARA, SAM), 413, None),
    ],
)
def test_a_file_that_cannot_be_taken_in_leaves_nothing(
    world: World, content: bytes, status: int, code: str | None
) -> None:
    settings = world.app.state.settings.model_copy(update={"max_import_rows": 3})
    world.app.state.settings = settings
    if status == 413 and code is None and len(content) == 3000:
        content *= 6000
    answer = sent(world.fleck, content)
    assert answer.status_code == status, answer.text
    assert code in (None, *(fault["code"] for fault in answer.json().get("errors", [])))
    assert sql(world.database_url, "SELECT count(*) FROM registration_import")[0][0] == 0


def test_json_lines_are_bodies_a_line_each(world: World) -> None:
    lines = [registration(), registration(applicant={"familyName": None}), {"edition": 7}]
    content = "\n".join([*map(json.dumps, lines), "no JSON"]).encode()
    done = imported(world.fleck, world, content, "application/jsonl; charset=utf-8")
    found = verdicts(world.fleck, done)
    assert found[0] == ("registered", [])
    assert found[1] == ("refused", ["missing"])
    assert found[2] == ("refused", ["string-type", "missing", "missing"])
    assert found[3] == ("refused", ["json-invalid"])
    refused = world.fleck.get(f"/v1/registration-imports/{done['id']}/refused.csv").text
    assert len(refused.splitlines()) == 4


def test_rows_come_in_pages(world: World) -> None:
    done = imported(world.fleck, world, csv(NOOR, SAM, YARA, BAD))
    path: str | None = f"/v1/registration-imports/{done['id']}/rows?limit=3"
    found: list[JSON] = []
    while path:
        answer = world.fleck.get(path)
        found += answer.json()["items"]
        path = answer.links.get("next", {}).get("url")
    assert [row["number"] for row in found] == [1, 2, 3, 4]
