"""Dietary and accessibility wishes: in a table of their own, and gone once they have served."""

import pytest

from tests.conftest import sql
from tests.world import JSON, PILOT, World, form

WISHES = {"dietary": "Geen noten, vanwege een allergie", "accessibility": "Een ringleiding"}


def _with_wishes(world: World) -> JSON:
    made = world.register()
    path = f"/v1/enrolment-forms/{made['enrolmentForm']['token']}"
    answer = world.http.put(path, json=form(wishes=WISHES))
    assert answer.status_code == 200, answer.text
    return made


def _kept(world: World) -> int:
    return len(sql(world.database_url, "SELECT * FROM wishes"))


def _everywhere(world: World) -> str:
    """Every table's rows as text."""
    tables = sql(world.database_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = [sql(world.database_url, f'SELECT * FROM "{table[0]}"') for table in tables]
    return str([tuple(row) for table in rows for row in table])


def test_they_stand_nowhere_but_in_their_own_table(world: World) -> None:
    _with_wishes(world)
    assert "allergie" in _everywhere(world)
    sql(world.database_url, "DELETE FROM wishes")
    assert "allergie" not in _everywhere(world)
    assert "ringleiding" not in _everywhere(world)


def test_what_is_cleared_is_gone(world: World) -> None:
    made = world.register()
    path = f"/v1/enrolment-forms/{made['enrolmentForm']['token']}"
    world.http.request("PATCH", path, json={"wishes": WISHES})
    world.http.request("PATCH", path, json={"wishes": {"dietary": None}})
    assert world.http.get(path).json()["answers"]["wishes"] == {**WISHES, "dietary": None}
    world.http.request("PATCH", path, json={"wishes": {"accessibility": None}})
    assert (world.http.get(path).json()["answers"]["wishes"], _kept(world)) == (None, 0)


def test_they_are_erased_after_the_last_session(world: World) -> None:
    made = _with_wishes(world)
    world.draw()
    world.fleck.post(f"/v1/registrations/{made['id']}/_confirm")
    world.schedule_national()
    world.at("2022-04-07T17:29:59+02:00")
    world.work()
    assert (_kept(world), world.events("enrolment-form.wishes-erased")) == (1, [])
    world.at("2022-04-07T17:30:00+02:00")
    world.work()
    world.work()
    (told,) = world.events("enrolment-form.wishes-erased")
    assert (told["subject"], told["actor"], told["partner"]) == (made["id"], "system", "fleck")
    assert (told["edition"], told["data"]) == (PILOT, {})
    assert "allergie" not in _everywhere(world)
    answers = world.fleck.get(f"/v1/registrations/{made['id']}/enrolment-form").json()["answers"]
    assert (answers["wishes"], answers["learningQuestion"]) == (None, form()["learningQuestion"])


def test_they_wait_for_a_session_without_a_date_and_not_for_ever(world: World) -> None:
    made = _with_wishes(world)
    world.draw()
    world.fleck.post(f"/v1/registrations/{made['id']}/_confirm")
    world.at("2022-07-06T17:29:59+02:00")
    world.work()
    assert _kept(world) == 1
    world.at("2022-07-06T17:30:00+02:00")  # ninety days after the last session that had one
    world.work()
    assert _kept(world) == 0


def test_a_cancelled_session_is_not_waited_for(world: World) -> None:
    made = _with_wishes(world)
    world.draw()
    world.fleck.post(f"/v1/registrations/{made['id']}/_confirm")
    for session in world.sessions():
        if session["status"] == "unscheduled" or session["startsAt"] > "2022-03":
            assert world.provider.post(f"/v1/sessions/{session['id']}/_cancel").status_code == 200
    world.at("2022-01-28T09:00+01:00")
    world.work()
    assert _kept(world) == 0


@pytest.mark.parametrize("verb", ["_withdraw", "_reject"])
def test_who_leaves_leaves_none(world: World, verb: str) -> None:
    gone, stays = _with_wishes(world), _with_wishes(world)
    world.fleck.post(f"/v1/registrations/{gone['id']}/{verb}")
    world.work()
    assert [event["subject"] for event in world.events("enrolment-form.wishes-erased")] == [gone["id"]]
    read = world.fleck.get(f"/v1/registrations/{stays['id']}/enrolment-form").json()
    assert read["answers"]["wishes"] == WISHES
