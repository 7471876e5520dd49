"""Files with evidence: taken in by their content, kept once, read by who may, gone without a trace."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest

from app import worker
from app.attendance import files as files_service
from app.core.settings import Settings
from app.core.storage import new_key
from app.registrations.models import Registration
from tests.samples import PDF, REFUSED, TAKEN, large_pdf, opened, picture
from tests.world import JSON, Party, World

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
LIMIT = 200_000


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with a small limit, which is tried often."""
    return settings.model_copy(update={"max_file_bytes": LIMIT})


@pytest.fixture
def made(world: World) -> JSON:
    return world.participant()


def by_link(world: World, made: JSON, content: bytes, name: str = "plan.pdf", **more: Any) -> httpx.Response:
    """The answer to a participant who adds a file."""
    phase = more.pop("phase", "orientatie")
    path = f"{world.page(made['id'])}/progress/{phase}/files"
    return world.http.post(path, files={"file": (name, content)}, **more)


def by_provider(world: World, made: JSON, content: bytes, name: str = "plan.pdf") -> httpx.Response:
    path = f"/v1/registrations/{made['id']}/progress/orientatie/files"
    return world.provider.post(path, files={"file": (name, content)})


def added(answer: httpx.Response) -> JSON:
    assert answer.status_code == 201, answer.text
    file: JSON = answer.json()
    return file


def raw(world: World, made: JSON, body: bytes, kind: str) -> httpx.Response:
    path = f"{world.page(made['id'])}/progress/orientatie/files"
    return world.http.post(path, content=body, headers={"Content-Type": kind})


def test_each_kind_is_taken_in_by_its_content_and_given_back(world: World, made: JSON) -> None:
    # Neither the name nor the type that is sent has a say.
    path = f"{world.page(made['id'])}/progress/orientatie/files"
    for name, (content, kind) in TAKEN.items():
        answer = world.http.post(path, files={"file": ("x.exe", content, "text/html")})
        file = added(answer)
        assert (file["mediaType"], file["size"], file["addedBy"]) == (kind, len(content), "applicant")
        assert file["name"] == f"x.exe.{name.rpartition('.')[2]}"
        own = world.http.get(answer.headers["location"])
        for download in (own, world.provider.get(f"/v1/files/{file['id']}/content")):
            assert (download.status_code, download.content) == (200, content)
            assert download.headers["content-type"] == kind
            assert download.headers["x-content-type-options"] == "nosniff"
            assert download.headers["content-disposition"] == f'attachment; filename="{file["name"]}"'
            assert download.headers["content-length"] == str(len(content))
            assert download.headers["etag"] == f'"{file["sha256"]}"'
        again = world.http.get(answer.headers["location"], headers={"If-None-Match": own.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert len(world.stored()) == len(TAKEN)


def test_anything_else_is_refused_in_either_language_and_leaves_nothing(world: World, made: JSON) -> None:
    before, tried = world.events(), 0
    path = f"{world.page(made['id'])}/progress/orientatie/files"
    for name, (content, why) in REFUSED.items():
        said = set()
        for language in ("en", "nl"):
            sent = {"file": ("plan.pdf", content, "application/pdf")}
            refused = world.http.post(path, files=sent, headers={"Accept-Language": language})
            if len(content) > LIMIT:
                assert refused.status_code == 413, name
                continue
            assert refused.status_code == 400, (name, refused.text)
            [fault] = refused.json()["errors"]
            assert (fault["pointer"], fault["code"]) == ("#/file", why), name
            said.add(fault["detail"])
            tried += 1
        assert len(said) in (0, 2), name
    assert tried > 60
    assert (world.stored(), world.events()) == ([], before)


def test_a_file_as_large_as_may_be_and_one_byte_more(world: World, made: JSON) -> None:
    assert added(by_link(world, made, large_pdf(LIMIT)))["size"] == LIMIT
    for content in (large_pdf(LIMIT + 1), large_pdf(LIMIT * 3)):
        refused = by_link(world, made, content)
        assert (refused.status_code, refused.json()["type"][-14:]) == (413, "body-too-large")
    assert len(world.stored()) == 1


def test_other_bodies_are_as_small_as_before(world: World, made: JSON) -> None:
    large = b'{"evidence": "' + b"x" * 1_100_000 + b'"}'
    path = f"{world.page(made['id'])}/progress/orientatie"
    assert world.http.request("PUT", path, content=large).status_code == 413


def test_who_may_not_add_is_told_before_the_body_is_read(world: World, made: JSON) -> None:
    asked: list[int] = []

    async def stream() -> Any:
        asked.append(1)
        yield b""

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    nobody = f"/v1/personal-pages/{'A' * 43}/progress/orientatie/files"
    assert world.http.post(nobody, content=stream(), headers=kind).status_code == 404
    path = f"/v1/registrations/{made['id']}/progress/orientatie/files"
    assert world.http.post(path, content=stream(), headers=kind).status_code == 401
    for party in (world.fleck, world.lkca):
        assert party.post(path, content=stream(), headers=kind).status_code == 403
    world.pass_phases(made["id"])
    passed = f"{world.page(made['id'])}/progress/orientatie/files"
    assert world.http.post(passed, content=stream(), headers=kind).status_code == 409
    assert asked == []


def test_the_same_content_is_one_file(world: World, made: JSON) -> None:
    first, second = added(by_link(world, made, PDF)), added(by_link(world, made, PDF, "kopie.pdf"))
    assert second == first
    assert added(by_provider(world, made, PDF))["id"] == first["id"]
    other_phase = added(by_link(world, made, PDF, phase="onderzoek"))
    assert other_phase["id"] != first["id"]
    assert other_phase["sha256"] == first["sha256"]
    assert len(world.stored()) == 2
    assert len(world.events("file.added")) == 2


def test_many_at_once_are_each_kept_once(world: World, made: JSON) -> None:
    contents = [PDF, PDF, PDF, picture("image/png"), picture("image/png"), TAKEN["plan.docx"][0]]
    answers = world.http.together([partial(by_link, world, made, content) for content in contents])
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 3
    assert len(world.stored()) == 3


def test_a_phase_has_a_limit_of_files_also_at_once(world: World, made: JSON) -> None:
    world.app.state.settings = world.app.state.settings.model_copy(update={"max_files_per_phase": 3})
    contents = [large_pdf(1000 + number) for number in range(6)]
    answers = world.http.together([partial(by_link, world, made, content) for content in contents])
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409, 409, 409]
    assert len(world.stored()) == 3
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["type"].endswith("too-many-files")
    taken = next(n for n, answer in enumerate(answers) if answer.status_code == 201)
    assert by_link(world, made, contents[taken]).status_code == 201  # a repeat is no further file
    assert by_link(world, made, PDF, phase="onderzoek").status_code == 201


NAMES = {
    "../../etc/passwd": "passwd.pdf",
    "..\\..\\plan.pdf": "plan.pdf",
    "/etc/cron.d/plan.pdf": "plan.pdf",
    "plan\u202efdp.exe": "plan fdp.exe.pdf",
    "Zoe\u0308's plan.pdf": "Zoë's plan.pdf",
    "計画.pdf": "計画.pdf",
    'a"; filename="b.exe': "a_; filename=_b.exe.pdf",
}


def test_a_name_is_made_safe(world: World, made: JSON) -> None:
    for number, (sent, shown) in enumerate(NAMES.items()):
        file = added(by_link(world, made, large_pdf(1000 + number), sent))
        assert file["name"] == shown
        header = world.provider.get(f"/v1/files/{file['id']}/content").headers["content-disposition"]
        assert header.isascii()
        assert header.startswith('attachment; filename="')
    for path in world.stored():
        assert path.name.isalnum()
        assert path.parents[1] == world.app.state.settings.data_dir / "files"


def test_no_name_breaks_a_header(world: World, made: JSON) -> None:
    for name in (b"plan\r\nSet-Cookie: a=b.pdf", b"plan\nX: y.pdf", b"a\0.pdf", b"\xff.pdf"):
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n'
        answer = raw(world, made, head + PDF + b"\r\n--x--\r\n", "multipart/form-data; boundary=x")
        if answer.status_code == 201:
            headers = world.provider.get(f"/v1/files/{answer.json()['id']}/content").headers
            assert "set-cookie" not in headers
            assert headers["content-disposition"].isprintable()
            assert world.provider.delete(f"/v1/files/{answer.json()['id']}").status_code == 204
        else:
            assert answer.status_code == 400, name
        assert world.stored() == []


def part(name: str = "file", content: bytes = PDF) -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="plan.pdf"\r\n\r\n'
    return head.encode() + content + b"\r\n"


FORMS = [
    (b"", "#", "multipart-invalid"),
    (b"--x--\r\n", "#/file", "missing"),
    (b"nothing of the kind", "#", "multipart-invalid"),
    (part(), "#", "multipart-invalid"),  # without its end
    (part()[:-20], "#", "multipart-invalid"),
    (part() + part(content=b"%PDF-2") + b"--x--\r\n", "#/file", "too-many"),
    (part() + part("remark") + b"--x--\r\n", "#/remark", "extra-forbidden"),
    (part("File") + b"--x--\r\n", "#/file", "missing"),
    (b"--x\r\n\r\n" + PDF + b"\r\n--x--\r\n", "#/file", "missing"),
    (b"--x\r\n" + b"X-Y: z\r\n" * 50 + b"\r\n\r\n--x--\r\n", "#", "multipart-invalid"),
    (b"--x\r\nX-Y: " + b"z" * 10_000 + b"\r\n\r\n\r\n--x--\r\n", "#", "multipart-invalid"),
]


def test_a_form_holds_one_file_and_nothing_else(world: World, made: JSON) -> None:
    for body, pointer, code in FORMS:
        refused = raw(world, made, body, "multipart/form-data; boundary=x")
        assert refused.status_code == 400, (body, refused.text)
        assert (pointer, code) in {(one["pointer"], one["code"]) for one in refused.json()["errors"]}, body
    assert world.stored() == []


def test_a_file_comes_as_a_form(world: World, made: JSON) -> None:
    for kind, status in {
        "multipart/form-data": 400,
        "multipart/form-data; boundary=": 400,
        f"multipart/form-data; boundary={'x' * 71}": 400,
        "multipart/mixed; boundary=x": 415,
        "application/pdf": 415,
        "application/x-www-form-urlencoded": 415,
    }.items():
        assert raw(world, made, part() + b"--x--\r\n", kind).status_code == status, kind


def test_who_reads_which_files(world: World, made: JSON) -> None:
    ids = {
        phase: added(by_link(world, made, PDF, phase=phase))["id"] for phase in ("orientatie", "uitvoering")
    }
    readers: list[tuple[Party, dict[str, int]]] = [
        (world.provider, {"orientatie": 200, "uitvoering": 200}),
        (world.admin, {"orientatie": 200, "uitvoering": 200}),
        (world.lkca, {"orientatie": 404, "uitvoering": 200}),
        (world.fleck, {"orientatie": 403, "uitvoering": 403}),
        (world.mocca, {"orientatie": 403, "uitvoering": 403}),
    ]
    for party, expected in readers:
        for phase, status in expected.items():
            for path in (f"/v1/files/{ids[phase]}", f"/v1/files/{ids[phase]}/content"):
                assert party.get(path).status_code == status, (party.role, path)
            seen = party.get(f"/v1/registrations/{made['id']}/progress/{phase}")
            if party is world.mocca:
                assert seen.status_code == 404
            else:
                assert seen.json()["fileCount"] == 1
                shown = [file["id"] for file in seen.json()["files"]]
                assert shown == ([ids[phase]] if status == 200 else []), party.role
    counts = [one["fileCount"] for one in _progress(world.fleck, made)["phases"]]
    assert counts == [1, 0, 1, 0]


def _progress(party: Party, made: JSON) -> JSON:
    seen: JSON = party.get(f"/v1/registrations/{made['id']}/progress").json()
    return seen


def test_another_provider_and_another_participant_find_nothing(world: World) -> None:
    one, other = world.complete(), world.complete()
    world.draw()
    for made in (one, other):
        world.fleck.post(f"/v1/registrations/{made['id']}/_confirm")
    file = added(by_link(world, one, PDF))
    stranger = f"{world.page(other['id'])}/files/{file['id']}"
    assert world.http.get(stranger).status_code == 404
    assert world.http.request("DELETE", stranger).status_code == 404
    assert world.http.post(f"{stranger}/_remove").status_code == 404
    credentials = world.admin.post(
        "/v1/clients", {"organisation": "neos", "role": "provider", "name": "NEOS"}
    )
    neos = Party(world, credentials.json())
    assert neos.get(f"/v1/files/{file['id']}").status_code == 200  # it gives the edition too
    editions = {"title": "Elders", "slug": "elders", "training": "cultuurcoordinator-vo", "region": "Elders"}
    window = {"opensAt": "2021-06-08T00:00:00+02:00", "closesAt": "2022-07-06T00:00:00+02:00"}
    elsewhere = {**editions, "window": window, "capacity": 1, "providers": ["fleck"]}
    world.admin.patch("/v1/organisations/fleck", {"roles": ["partner", "provider"]})
    assert world.admin.post("/v1/editions", elsewhere).status_code == 201
    credentials = world.admin.post("/v1/clients", {"organisation": "fleck", "role": "provider", "name": "x"})
    outsider = Party(world, credentials.json())
    for path in (f"/v1/files/{file['id']}", f"/v1/files/{file['id']}/content"):
        assert outsider.get(path).status_code == 404
    assert outsider.delete(f"/v1/files/{file['id']}").status_code == 404
    path = f"/v1/registrations/{one['id']}/progress/orientatie/files"
    assert outsider.post(path, files={"file": ("x.pdf", PDF)}).status_code == 404
    assert len(world.stored()) == 1


def test_a_participant_removes_a_file_until_the_phase_is_passed(world: World, made: JSON) -> None:
    first, second = added(by_link(world, made, PDF)), added(by_link(world, made, picture("image/png")))
    page = world.page(made["id"])
    assert world.http.request("DELETE", f"{page}/files/{first['id']}").status_code == 204
    assert world.http.get(f"{page}/files/{first['id']}").status_code == 404
    assert len(world.stored()) == 1
    world.pass_phases(made["id"])
    refused = world.http.request("DELETE", f"{page}/files/{second['id']}")
    assert refused.json()["type"].endswith("phase-passed")
    assert by_link(world, made, PDF).json()["type"].endswith("phase-passed")
    assert world.http.get(f"{page}/files/{second['id']}").status_code == 200
    # The provider still may: evidence that came by post, or that is another person's.
    assert by_provider(world, made, PDF).status_code == 201
    assert world.provider.delete(f"/v1/files/{second['id']}").status_code == 204
    assert [event["data"]["phase"] for event in world.events("file.removed")] == ["orientatie"] * 2


def test_a_form_in_a_browser_adds_and_removes(world: World, made: JSON) -> None:
    page = world.page(made["id"])
    sent = by_link(world, made, PDF, headers=BROWSER)
    assert (sent.status_code, sent.headers["location"]) == (303, f"{page}#orientatie")
    [file] = world.http.get(f"{page}/progress/orientatie").json()["files"]
    gone = world.http.post(f"{page}/files/{file['id']}/_remove", headers=BROWSER)
    assert (gone.status_code, gone.headers["location"]) == (303, f"{page}#orientatie")
    assert world.stored() == []
    nothing = by_link(world, made, b"", "", headers=BROWSER)  # as when none was chosen
    assert (nothing.status_code, nothing.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert "Er staat niets in het bestand" in nothing.text
    large = by_link(world, made, large_pdf(LIMIT * 3), headers=BROWSER)
    assert (large.status_code, large.headers["content-type"]) == (413, "text/html; charset=utf-8")
    assert "Een bestand mag hoogstens 0.1907 MB groot zijn." in large.text


def test_handing_in_a_file_is_handing_in(world: World, made: JSON) -> None:
    world.at("2021-11-01T12:00+01:00")
    by_link(world, made, PDF)
    seen = world.provider.get(f"/v1/registrations/{made['id']}/progress/orientatie").json()
    assert seen["submission"] == {"evidence": None, "submittedAt": "2021-11-01T11:00:00Z"}
    assert [(one["type"], one["by"]) for one in seen["history"]] == [("file.added", "applicant")]
    by_provider(world, made, picture("image/png"))
    seen = world.provider.get(f"/v1/registrations/{made['id']}/progress/onderzoek").json()
    assert seen["submission"] is None


def test_events_do_not_name_a_file(world: World, made: JSON) -> None:
    file = added(by_link(world, made, PDF, "leervraag-Noor.pdf"))
    world.provider.delete(f"/v1/files/{file['id']}")
    kept = [event for event in world.events() if event["type"].startswith("file.")]
    assert [event["data"]["file"] for event in kept] == [file["id"]] * 2
    assert "Noor" not in str(world.events())
    assert file["sha256"] not in str(kept)


def test_only_participants_files_are_taken_in(world: World) -> None:
    made = world.register()
    assert by_link(world, made, PDF).json()["type"].endswith("not-a-participant")
    assert by_provider(world, made, PDF).json()["type"].endswith("not-a-participant")
    assert by_link(world, made, PDF, phase="rust").status_code == 404
    assert world.stored() == []


def failing(_: object) -> None:
    raise OSError("the disk is full")


@pytest.mark.parametrize("when", ["put", "add", "commit"])
def test_whatever_fails_leaves_no_file(
    world: World, made: JSON, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    page = world.page(made["id"])
    if when == "put":
        monkeypatch.setattr(world.app.state.storage, "put", lambda *_: failing(None))
    elif when == "add":
        monkeypatch.setattr(files_service, "_record", lambda *_, **__: failing(None))
    else:
        commit = "sqlmodel.ext.asyncio.session.AsyncSession.commit"

        async def lost(_: object) -> None:
            failing(None)

        monkeypatch.setattr(commit, lost)
    path = f"{page}/progress/orientatie/files"
    assert world.http.post(path, files={"file": ("x.pdf", PDF)}).status_code == 500
    monkeypatch.undo()
    assert world.http.get(f"{page}/progress/orientatie").json()["files"] == []
    # The commit comes last: what it leaves in storage, the sweep finds when it is a day old.
    assert len(world.stored()) == (1 if when == "commit" else 0)
    assert sweep(world, timedelta(seconds=-60)) == (1 if when == "commit" else 0)
    assert world.stored() == []


def sweep(world: World, age: timedelta) -> int:
    app = world.app
    call: Callable[..., int] = partial(world.http.portal.call, worker.sweep)
    return call(app.state.database, app.state.storage, age)


def test_the_sweep_takes_what_no_file_has_and_is_a_day_old(world: World, made: JSON) -> None:
    added(by_link(world, made, PDF))
    world.app.state.storage.put(new_key(), opened(b"of an upload that broke off"))
    assert sweep(world, timedelta(days=1)) == 0
    assert len(world.stored()) == 2
    assert sweep(world, timedelta(seconds=-60)) == 1
    assert len(world.stored()) == 1
    assert sweep(world, timedelta(seconds=-60)) == 0


def test_content_that_storage_has_lost_is_said_to_be_missing(world: World, made: JSON) -> None:
    file = added(by_link(world, made, PDF))
    world.stored()[0].unlink()
    missing = world.provider.get(f"/v1/files/{file['id']}/content")
    assert (missing.status_code, missing.json()["detail"]) == (404, "The content of this file is missing.")
    assert world.provider.delete(f"/v1/files/{file['id']}").status_code == 204


def test_the_files_of_a_registration_can_all_be_removed(world: World, made: JSON) -> None:
    by_link(world, made, PDF)
    by_link(world, made, picture("image/png"), phase="uitvoering")

    async def erase() -> list[str]:
        async with world.app.state.database.transaction() as db:
            registration = await db.get_one(Registration, UUID(made["id"]))
            now = world.app.state.clock.now()
            return await files_service.remove_all(db, registration, "system", now)

    keys = world.http.portal.call(erase)
    assert {path.name for path in world.stored()} == set(keys)
    for key in keys:
        world.app.state.storage.delete(key)
    assert world.stored() == []
    assert [one["fileCount"] for one in _progress(world.provider, made)["phases"]] == [0, 0, 0, 0]
    assert len(world.events("file.removed")) == 2


def test_an_upload_holds_no_connection_while_it_comes_in(world: World, made: JSON) -> None:
    """Ten that are slow would otherwise be all that the server can do."""
    taken: list[int] = []

    async def slowly() -> Any:
        body = part() + b"--x--\r\n"
        for place in range(0, len(body), 40):
            taken.append(world.app.state.database.engine.pool.checkedout())
            yield body[place : place + 40]

    path = f"{world.page(made['id'])}/progress/orientatie/files"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert world.http.post(path, content=slowly(), headers=kind).status_code == 201
    assert set(taken[1:]) == {0}
