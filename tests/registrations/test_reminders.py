"""Reminders of forms that were not returned: each goes out once, and only to who can still act on it."""

from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import worker
from app.registrations.reminding import due
from tests.world import JSON, PILOT, World

DUE = datetime(2021, 6, 30, tzinfo=UTC)
MOMENTS = st.integers(-30 * 24, 5 * 24).map(lambda hours: DUE + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("days", "since", "now", "wanted"),
    [
        ([7, 2], 1, 22, None),
        ([7, 2], 1, 23, 23),
        ([7, 2], 1, 27, 23),
        ([7, 2], 1, 28, 28),
        ([2, 7], 1, 29, 28),
        ([7, 2], 1, 30, None),
        ([7, 2], 23, 23, 23),
        ([7, 2], 24, 25, None),
        ([7, 2], 29, 29, None),
        ([], 1, 29, None),
    ],
)
def test_the_last_moment_that_has_passed_counts(
    days: list[int], since: int, now: int, wanted: int | None
) -> None:
    at = [datetime(2021, 6, day, tzinfo=UTC) for day in (since, now)]
    assert due(days, DUE, *at) == (datetime(2021, 6, wanted, tzinfo=UTC) if wanted else None)


@given(st.lists(st.integers(1, 60), max_size=5), MOMENTS, MOMENTS, MOMENTS)
def test_a_reminder_lies_between_handing_out_and_the_date(
    days: list[int], due_at: datetime, since: datetime, now: datetime
) -> None:
    found = due(days, due_at, since, now)
    if found is None:
        assert not [n for n in days if since <= due_at - timedelta(days=n) <= now < due_at]
    else:
        assert since <= found <= now < due_at
        assert (due_at - found).days in days


@pytest.fixture
def dated(world: World) -> World:
    """The pilot with forms due on 30 June, reminders a week and two days before."""
    body = {"formsDueAt": "2021-06-30T00:00:00Z", "formReminderDays": [2, 7, 7]}
    edition = world.admin.patch(f"/v1/editions/{PILOT}", body)
    assert edition.json()["formReminderDays"] == [7, 2]
    return world


def _reminded(world: World) -> list[tuple[str, bool]]:
    told = world.events("enrolment-form.reminder-due")
    return [(event["subject"], event["data"]["byHand"]) for event in told]


def test_who_has_not_returned_the_form_is_reminded_once_a_reminder(dated: World) -> None:
    slow, quick = dated.register(), dated.complete()
    for moment, count in (
        ("2021-06-22T23:59:59Z", 0),
        ("2021-06-23T00:00:00Z", 1),
        ("2021-06-25T00:00:00Z", 1),
        ("2021-06-28T00:00:00Z", 2),
        ("2021-06-29T23:59:59Z", 2),
    ):
        dated.at(moment)
        dated.work()
        dated.work()
        assert _reminded(dated) == [(slow["id"], False)] * count, moment
    told = dated.events("enrolment-form.reminder-due")[0]
    assert (told["actor"], told["partner"], told["edition"]) == ("system", "fleck", PILOT)
    assert told["data"] == {"byHand": False, "dueAt": "2021-06-30T00:00:00Z"}
    assert quick["id"] not in str(_reminded(dated))


def test_a_worker_that_was_away_sends_the_last_one_only(dated: World) -> None:
    early = dated.register()
    dated.at("2021-06-24T00:00:00Z")
    late = dated.register()
    dated.at("2021-06-29T00:00:00Z")
    dated.register()
    dated.work()
    assert sorted(_reminded(dated)) == sorted([(early["id"], False), (late["id"], False)])


def test_two_workers_at_once_remind_once(dated: World) -> None:
    people = [dated.register() for _ in range(3)]
    dated.at("2021-06-23T00:00:00Z")
    clock, database = dated.app.state.clock, dated.app.state.database
    work = partial(dated.http.portal.call, worker.once, database, clock)
    dated.http.together([work, work, work])
    assert sorted(_reminded(dated)) == sorted((one["id"], False) for one in people)


def test_who_left_is_not_reminded_and_a_later_date_reminds_anew(dated: World) -> None:
    made, gone = dated.register(), dated.register()
    dated.fleck.post(f"/v1/registrations/{gone['id']}/_withdraw")
    dated.at("2021-06-23T00:00:00Z")
    dated.work()
    dated.admin.patch(f"/v1/editions/{PILOT}", {"formsDueAt": "2021-07-05T00:00:00Z"})
    dated.work()
    assert _reminded(dated) == [(made["id"], False)]
    dated.at("2021-06-28T00:00:00Z")
    dated.work()
    assert _reminded(dated) == [(made["id"], False)] * 2


def test_an_edition_need_not_remind(dated: World) -> None:
    dated.admin.patch(f"/v1/editions/{PILOT}", {"formReminderDays": []})
    dated.register()
    dated.at("2021-06-29T00:00:00Z")
    dated.work()
    assert _reminded(dated) == []


def test_who_gets_the_form_back_is_reminded_by_its_own_date(dated: World) -> None:
    made = dated.complete()
    dated.at("2021-06-24T00:00:00Z")
    path = f"/v1/registrations/{made['id']}/enrolment-form/_reopen"
    assert dated.fleck.post(path, {"dueAt": "2021-06-27T00:00:00Z"}).status_code == 200
    dated.work()
    assert _reminded(dated) == []
    dated.at("2021-06-25T00:00:00Z")
    dated.work()
    assert _reminded(dated) == [(made["id"], False)]
    assert dated.events("enrolment-form.reminder-due")[0]["data"]["dueAt"] == "2021-06-27T00:00:00Z"


def _remind(world: World, made: JSON) -> httpx.Response:
    return world.fleck.post(f"/v1/registrations/{made['id']}/enrolment-form/_remind")


def test_a_partner_reminds_by_hand_once_a_day(world: World) -> None:
    made = world.register()
    answer = _remind(world, made)
    assert (answer.status_code, answer.json()["remindedAt"]) == (200, "2021-06-15T07:00:00Z")
    again = _remind(world, made)
    assert (again.status_code, again.json()["remindableAt"]) == (409, "2021-06-16T07:00:00Z")
    world.at("2021-06-16T07:00:00Z")
    assert _remind(world, made).status_code == 200
    assert _reminded(world) == [(made["id"], True)] * 2
    assert world.events("enrolment-form.reminder-due")[0]["actor"] == world.fleck.id


def test_nobody_is_reminded_of_what_cannot_be_done(dated: World) -> None:
    returned, gone, late = dated.complete(), dated.register(), dated.register()
    dated.fleck.post(f"/v1/registrations/{gone['id']}/_withdraw")
    assert dated.mocca.post(f"/v1/registrations/{late['id']}/enrolment-form/_remind").status_code == 404
    dated.at("2021-06-30T00:00:00Z")
    kinds = [_remind(dated, one).json()["type"].rpartition(":")[2] for one in (returned, gone, late)]
    assert kinds == ["form-already-submitted", "move-not-allowed", "form-overdue"]
    assert _reminded(dated) == []


def test_new_editions_remind_unless_told_otherwise(world: World) -> None:
    body = {
        "slug": "zuid-2022",
        "training": "cultuurcoordinator-vo",
        "title": "Zuid",
        "region": "Zuid",
        "window": {"opensAt": "2021-06-01T00:00:00Z", "closesAt": "2021-07-01T00:00:00Z"},
        "capacity": 20,
    }
    assert world.admin.post("/v1/editions", body).json()["formReminderDays"] == [7, 2]
    refused = world.admin.post("/v1/editions", {**body, "formReminderDays": [0, 61, 1.5]})
    assert len(refused.json()["errors"]) == 3
