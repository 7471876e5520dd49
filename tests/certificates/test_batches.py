"""Certificates of a whole edition: a dry run first, then each exactly once, whatever happens half-way."""

from typing import Any

import pytest

from app import worker
from app.certificates import batches
from app.credentials.keys import Vault
from tests.world import PILOT, World

JSON = dict[str, Any]


def _issue(world: World) -> int:
    state = world.app.state
    count: int = world.http.portal.call(
        worker.issue_certificates, state.database, state.clock, Vault.of(state.settings)
    )
    return count


def _ask(world: World, **body: Any) -> JSON:
    answer = world.lkca.post("/v1/certificate-batches", {"edition": PILOT, **body})
    assert answer.status_code == 201, answer.text
    made: JSON = answer.json()
    assert world.lkca.get(answer.headers["location"]).json() == made
    return made


def _items(world: World, batch: JSON, **query: str) -> list[JSON]:
    path = f"/v1/certificate-batches/{batch['id']}/items"
    items: list[JSON] = world.lkca.get(path, params=query).json()["items"]
    return items


@pytest.fixture
def year(world: World) -> World:
    """Five participants at the end of their year; the last one misses two hours."""
    people = [world.complete(world.mocca) for _ in range(5)]
    world.draw()
    for one in people:
        assert world.mocca.post(f"/v1/registrations/{one['id']}/_confirm").is_success
    world.schedule_national()
    for n, one in enumerate(people):
        world.attend(one["id"], 6 if n == 4 else 8)
        world.pass_phases(one["id"])
    return world


def test_a_dry_run_tells_who_is_eligible_and_issues_nothing(year: World) -> None:
    batch = _ask(year, dryRun=True)
    assert (batch["status"], batch["dryRun"]) == ("done", True)
    assert batch["counts"] == {"eligible": 4, "notEligible": 1, "issued": 0, "refused": 0}
    (short,) = _items(year, batch, state="not-eligible")
    assert short["explanation"] == "2 hours of contact time missing: 18 hours attended of the 20 hours asked."
    assert _issue(year) == 0
    assert year.lkca.get("/v1/certificates").json()["items"] == []


def test_each_is_issued_once_with_numbers_in_a_row(year: World) -> None:
    batch = _ask(year)
    assert (batch["status"], batch["counts"]["eligible"]) == ("running", 4)
    assert _issue(year) == 4
    done = year.lkca.get(f"/v1/certificate-batches/{batch['id']}").json()
    assert (done["status"], done["counts"]["issued"]) == ("done", 4)
    numbers = [one["number"] for one in year.lkca.get("/v1/certificates").json()["items"]]
    assert numbers == [f"CCVO-2022-{n:06d}" for n in range(1, 5)]
    assert sorted(one["certificate"] for one in _items(year, batch, state="issued")) == numbers
    assert _issue(year) == 0
    again = _ask(year)
    assert again["counts"] == {"eligible": 0, "notEligible": 1, "issued": 0, "refused": 0}


def test_what_was_ended_half_way_goes_on_without_a_gap(year: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third transaction ends after everything was written and before it commits."""
    _ask(year)
    issue, calls = batches.issue_next, iter(range(100))

    async def ended(*arguments: Any) -> bool:
        done = await issue(*arguments)
        if next(calls) == 2:
            raise ConnectionError("the process ended here")
        return done

    monkeypatch.setattr(batches, "issue_next", ended)
    with pytest.raises(ConnectionError):
        _issue(year)
    assert len(year.lkca.get("/v1/certificates").json()["items"]) == 2
    monkeypatch.undo()
    assert _issue(year) == 2
    numbers = [one["number"] for one in year.lkca.get("/v1/certificates").json()["items"]]
    assert numbers == [f"CCVO-2022-{n:06d}" for n in range(1, 5)]


def test_several_workers_share_a_batch(year: World) -> None:
    _ask(year)
    assert sum(year.http.together([lambda: _issue(year)] * 3)) == 4
    assert len(year.lkca.get("/v1/certificates").json()["items"]) == 4
    assert len({one["registration"] for one in year.lkca.get("/v1/certificates").json()["items"]}) == 4


def test_two_batches_at_once_issue_each_certificate_once(year: World) -> None:
    first, second = _ask(year), _ask(year)
    _issue(year)
    assert len(year.lkca.get("/v1/certificates").json()["items"]) == 4
    states = {one["state"] for batch in (first, second) for one in _items(year, batch)}
    assert states == {"issued", "refused", "not-eligible"}


def test_who_is_no_longer_eligible_is_refused_with_the_reason(year: World) -> None:
    batch = _ask(year)
    registration = _items(year, batch, state="eligible")[0]["registration"]
    for session in year.sessions()[:3]:
        path = f"/v1/sessions/{session['id']}/attendance/{registration}"
        assert year.provider.put(path, {"minutes": 0, "reason": "Vergissing"}).is_success
    assert _issue(year) == 4
    (refused,) = _items(year, batch, state="refused")
    assert refused["registration"] == registration
    assert "uur contacttijd nodig" in refused["explanation"]


def test_who_had_a_certificate_revoked_gets_no_new_one_from_a_batch(year: World) -> None:
    _ask(year)
    _issue(year)
    revoked = year.lkca.get("/v1/certificates").json()["items"][0]
    path = f"/v1/certificates/{revoked['number']}/_revoke"
    assert year.lkca.post(path, {"reason": "Fraude"}).is_success
    for dry_run in (True, False):
        batch = _ask(year, dryRun=dry_run)
        assert batch["counts"] == {"eligible": 0, "notEligible": 1, "issued": 0, "refused": 1}
        (refused,) = _items(year, batch, state="refused")
        assert (refused["registration"], refused["certificate"]) == (revoked["registration"], None)
        assert refused["explanation"].startswith(f"Certificate {revoked['number']} was revoked.")
    assert _issue(year) == 0
    singly = year.lkca.post("/v1/certificates", {"registration": revoked["registration"]})
    assert singly.status_code == 201


def test_who_is_revoked_while_a_batch_waits_is_refused(year: World) -> None:
    batch = _ask(year)
    registration = _items(year, batch, state="eligible")[0]["registration"]
    made = year.lkca.post("/v1/certificates", {"registration": registration}).json()
    path = f"/v1/certificates/{made['number']}/_revoke"
    assert year.lkca.post(path, {"reason": "Fraude"}).is_success
    assert _issue(year) == 4
    (refused,) = _items(year, batch, state="refused")
    assert refused["registration"] == registration
    assert refused["explanation"].startswith(f"Certificaat {made['number']} is ingetrokken.")


def test_an_unknown_edition_and_an_unknown_batch_are_refused(world: World) -> None:
    answer = world.lkca.post("/v1/certificate-batches", {"edition": "nergens"})
    assert answer.json()["errors"][0]["code"] == "unknown-edition"
    unknown = "/v1/certificate-batches/01890000-0000-7000-8000-000000000000"
    assert world.lkca.get(unknown).status_code == 404
    assert world.lkca.get(f"{unknown}/items").status_code == 404
