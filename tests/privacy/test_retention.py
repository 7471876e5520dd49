"""Retention: what has served goes by the edition's terms, and is found nowhere afterwards."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from app.privacy import purging, terms
from app.privacy.erasing import Means
from app.privacy.purging import Purged
from tests.conftest import sql
from tests.privacy.lives import NAMES, WORDS, Life, elsewhere, found, lived, places, rows_with, stored
from tests.privacy.test_erasure import KEPT_IN, audited
from tests.test_cli import command
from tests.world import PILOT, World


@pytest.fixture
def life(world: World) -> Life:
    return lived(world)


def purged(world: World, moment: str, *, dry_run: bool = False) -> dict[str, Purged]:
    """What went at a moment, by edition."""
    world.at(moment)
    world.work()  # answers kept for repeats, and refused rows of files, go by themselves
    state = world.app.state
    means = Means.of(state.settings)
    work = partial(purging.purge, state.database, state.storage, means, state.clock.now(), dry_run=dry_run)
    reports: list[Purged] = world.http.portal.call(work)
    return {one.edition: one for one in reports}


def words(world: World) -> set[str]:
    return {one.word for one in found(world)}


def test_each_kind_goes_at_its_own_term_and_no_sooner(world: World, life: Life) -> None:
    """The last session of the pilot ends on 7 April 2022, 17.30."""
    assert purged(world, "2022-10-07T17:00+02:00")["noord-midden-2021"].rows.keys() == {"unsuccessful"}
    assert "motivatiezwaluw" in words(world)
    report = purged(world, "2022-10-07T17:30+02:00")[PILOT]
    assert report.rows == {"motivation": {"registration": 1}}
    assert "motivatiezwaluw" not in words(world)

    assert "leervraagkievit" in words(world)  # wishes went after the last session
    assert purged(world, "2023-04-07T17:29+02:00") == {}
    assert purged(world, "2023-04-07T17:31+02:00")[PILOT].rows.keys() == {"forms"}
    # Messages go a year after they were made.
    assert purged(world, "2023-04-21T12:00+02:00")[PILOT].rows.keys() == {"messages"}
    assert not {"leervraagkievit", "werkplevier", "dieetgrutto", "drempelkluut"} & words(world)

    world.admin.patch(f"/v1/editions/{PILOT}", {"retention": {"participants": 36}})
    assert stored(world.app.state.settings.data_dir / "files", "Inhoudkluut")
    report = purged(world, "2024-04-08T12:00+02:00")[PILOT]
    assert {"attendance", "evidence"} <= report.rows.keys()
    assert (report.rows["attendance"]["attendance_version"], report.rows["evidence"]["file"]) == (11, 1)
    assert stored(world.app.state.settings.data_dir / "files", "Inhoudkluut") == []
    gone = {"correctietureluur", "inhaalredensijs", "intrekredenmees", "bewijskneu", "terugkoppelgors"}
    assert not ({"inleverfitis", "bestandsnaamwulp", *gone} & words(world))
    # The minutes that count are still there, and the certificate is as it was issued.
    assert sql(world.database_url, "SELECT count(*) FROM attendance")[0][0] == 8
    assert world.lkca.get(f"/v1/certificates/{life.certificate}/pdf").status_code == 200
    assert purged(world, "2024-04-08T12:00+02:00") == {}


def test_after_every_term_only_certificate_and_invoice_are_left(world: World, life: Life) -> None:
    elsewhere(world, world.mocca)
    purged(world, "2025-12-31T12:00+01:00")
    whole = {"certificate.product_title", "certificate.credential", "certificate.credential_jwt"}
    left = places(found(world)) - {"certificate.sessions", "certificate_review.reason"}
    assert left - {"webhook_attempt.response_start"} <= KEPT_IN | whole
    assert rows_with(world.database_url, *WORDS) <= {"certificate", "invoice", "invoice_payment"}
    # The holder's page, the check, and the PDF serve on.
    holder = world.admin.get(f"/v1/registrations/{life.registration}/personal-links").json()["holder"]
    assert world.http.get(holder.removeprefix("https://register.example")).status_code == 200
    assert world.http.get(f"/v1/verifications/{life.code}").json()["holderName"] == " ".join(NAMES)
    assert [fault for fault in audited(world) if not fault.startswith("No head")] == []

    assert purged(world, "2028-12-31T12:00+01:00") == {}
    report = purged(world, "2029-01-01T12:00+01:00")[PILOT]
    assert report.rows == {"invoices": {"invoice": 1, "invoice_payment": 1}}
    assert "factuurscholekster" not in words(world)


@pytest.mark.usefixtures("life")
def test_a_dry_run_tells_the_same_and_changes_nothing(world: World) -> None:
    world.at("2025-12-31T12:00+01:00")
    world.work()
    before = rows_with(world.database_url, *WORDS)
    events = len(world.events())
    told = purged(world, "2025-12-31T12:00+01:00", dry_run=True)
    assert rows_with(world.database_url, *WORDS) == before
    assert len(world.events()) == events
    assert stored(world.app.state.settings.data_dir / "files", "Inhoudkluut")
    assert purged(world, "2025-12-31T12:00+01:00")[PILOT].rows == told[PILOT].rows
    (event,) = [one for one in world.events("edition.changed") if "purged" in one["data"]]
    assert event["data"]["purged"] == {kind: sum(n.values()) for kind, n in told[PILOT].rows.items()}


def test_who_was_never_placed_goes_after_the_edition(world: World) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 1, "quotas": []})
    first = [world.complete(world.mocca) for _ in range(2)]
    left = world.register(world.fleck)
    assert world.fleck.post(f"/v1/registrations/{left['id']}/_withdraw").status_code == 200
    world.draw()
    purged(world, "2022-01-07T12:00+01:00")  # half a year after the window, while the edition goes on
    erased = {one["id"] for one in world.admin.get("/v1/applicants").json()["items"] if one["erasedAt"]}
    assert erased == {left["applicant"]["id"]}
    purged(world, "2022-10-08T12:00+02:00")
    status = {
        one["id"]: (one["status"], one["applicant"]["familyName"])
        for one in world.admin.get("/v1/registrations").json()["items"]
    }
    assert {status[one["id"]] for one in first} == {("withdrawn", "[gewist]")}


def test_the_command_reports_and_searches(world: World, life: Life, tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": world.database_url,
        "DATA_DIR": str(world.app.state.settings.data_dir),
        "SECRET_KEY": "a key for tests, of more than 32 characters",
        "PUBLIC_URL": "https://register.example",
        "AT": "2022-05-01T12:00:00Z",
        "ALLOW_AT_WITH_DATABASE_URL": "true",
    }
    purged_now = command("privacy", "purge", "--dry-run", **environment)
    assert "unsuccessful: 1 applicant, 1 duplicate_decision, 1 enrolment_form" in purged_now.stdout
    assert purged_now.stdout.endswith("Nothing was changed.\n")
    searched = command("privacy", "search", "Leervraagkievit", **environment)
    assert (searched.returncode, searched.stdout) == (1, "enrolment_form.answers  leervraagkievit  1\n")
    exported = command("privacy", "export", life.applicant, **environment)
    assert "Leervraagkievit" in exported.stdout
    pdf = tmp_path / "person.pdf"
    assert command("privacy", "export", life.applicant, "--pdf", str(pdf), **environment).returncode == 0
    assert pdf.read_bytes().startswith(b"%PDF-")
    told = command("privacy", "erase", life.applicant, **environment)
    assert json.loads(told.stdout)["kept"][0]["id"] == life.certificate
    nothing = command("privacy", "search", "Leervraagkievit", **environment)
    assert (nothing.returncode, nothing.stdout) == (0, "Nothing was found.\n")
    assert json.loads(command("privacy", "processing", **environment).stdout)["uses"]
    later = {**environment, "AT": "2029-02-01T12:00:00Z"}
    report = json.loads(command("privacy", "purge", "--json", **later).stdout)
    assert report["editions"][0]["erased"]["invoices"] == {"invoice": 1, "invoice_payment": 1}


def test_months_are_those_of_the_calendar() -> None:
    moment = datetime(2024, 8, 31, 12, tzinfo=UTC)
    assert terms.before(moment, 6) == datetime(2024, 2, 29, 12, tzinfo=UTC)
    assert terms.before(moment, 12) == datetime(2023, 8, 31, 12, tzinfo=UTC)
    assert terms.before(moment + timedelta(days=1), 1) == datetime(2024, 8, 1, 12, tzinfo=UTC)
    assert terms.end_of_invoices(datetime(2021, 9, 20, tzinfo=UTC).date(), 84).isoformat() == "2028-12-31"
    assert terms.end_of_invoices(datetime(2021, 9, 20, tzinfo=UTC).date(), 90).isoformat() == "2029-06-30"
