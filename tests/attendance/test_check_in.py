"""Check-in by the code that the trainer shows: right, old and wrong ones, and what a trainer recorded."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attendance.check_in import Codes
from app.trainings.models import Session
from app.trainings.terms import Mode
from tests.conftest import sql
from tests.world import JSON, World

CODES = Codes(b"a key of the tests' own", timedelta(minutes=15), timedelta(minutes=10))
MINUTES = st.integers(25_000_000, 40_000_000)  # since 1970


def _session(number: int) -> Session:
    return Session(id=UUID(int=number), title="Bijeenkomst", mode=Mode.PHYSICAL)


@given(MINUTES, st.integers(0, 119))
def test_a_code_is_taken_for_its_minute_and_the_next(minute: int, seconds: int) -> None:
    shown = datetime.fromtimestamp(60 * minute, UTC)
    code = CODES.at(_session(1), shown)
    assert len(code) == 6
    assert CODES.is_shown(code, _session(1), shown + timedelta(seconds=seconds))


def test_codes_are_of_their_minute_session_and_key_alone() -> None:
    now = datetime(2021, 10, 7, 12, 30, tzinfo=UTC)
    code = CODES.at(_session(1), now)
    others = [
        CODES.at(_session(2), now),
        CODES.at(_session(1), now + timedelta(minutes=1)),
        Codes(b"another key", CODES.opens, CODES.grace).at(_session(1), now),
    ]
    assert code not in others
    assert not CODES.is_shown(code, _session(1), now + timedelta(minutes=2))
    assert not CODES.is_shown(code, _session(1), now - timedelta(seconds=1))
    assert not CODES.is_shown(code, _session(2), now)


class Hall:
    """A session that begins at half past two, with one participant in front of the trainer's screen."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.participant = world.participant()["id"]
        self.session: JSON = world.sessions()[0]
        links = world.fleck.get(f"/v1/registrations/{self.participant}/personal-links").json()
        self.page = links["page"].removeprefix("https://register.example")

    def code(self) -> str:
        """What the trainer shows."""
        answer = self.world.provider.get(f"/v1/sessions/{self.session['id']}/check-in-code")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["code"])

    def check_in(self, code: str, **body: Any) -> httpx.Response:
        """The answer to the participant."""
        body = {"session": self.session["id"], "code": code, **body}
        return self.world.http.post(f"{self.page}/check-ins", json=body)

    def record(self, **body: Any) -> httpx.Response:
        """The answer to the trainer."""
        path = f"/v1/sessions/{self.session['id']}/attendance/{self.participant}"
        return self.world.provider.put(path, body)


@pytest.fixture
def hall(world: World) -> Hall:
    return Hall(world)


def _kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_the_code_changes_every_minute_and_is_shown_while_check_in_is_open(world: World, hall: Hall) -> None:
    path = f"/v1/sessions/{hall.session['id']}/check-in-code"
    world.at("2021-10-07T14:14:59+02:00")
    assert _kind(world.provider.get(path)) == (409, "check-in-closed")
    world.at("2021-10-07T14:15:00+02:00")
    first = world.provider.get(path).json()
    assert (first["session"], first["nextCodeAt"]) == (hall.session["id"], "2021-10-07T12:16:00Z")
    world.at("2021-10-07T14:16:00+02:00")
    assert world.provider.get(path).json()["code"] != first["code"]
    assert world.fleck.get(path).status_code == 403
    world.at("2021-10-07T17:30:00+02:00")
    assert _kind(world.provider.get(path)) == (409, "check-in-closed")
    world.at("2021-10-07T17:00:00+02:00")
    world.provider.post(f"/v1/sessions/{hall.session['id']}/_cancel")
    assert _kind(world.provider.get(path)) == (409, "session-cancelled")


def test_who_checks_in_is_present_and_in_time(world: World, hall: Hall) -> None:
    world.at("2021-10-07T14:25+02:00")
    code = hall.code()
    answer = hall.check_in(f"{code[:3]} {code[3:]}")
    assert answer.status_code == 200, answer.text
    said = answer.json()
    known = (said["presence"], said["minutes"], said["lateMinutes"], said["earlyMinutes"], said["channel"])
    assert known == ("present", 180, 0, 0, "in-person")
    assert said["recordedBy"] == "applicant"
    world.at("2021-10-07T15:30+02:00")
    again = hall.check_in(hall.code())
    assert (again.status_code, again.json()) == (200, said)
    assert len(world.events("attendance.recorded")) == 1
    assert world.events("attendance.corrected") == []


def test_who_comes_after_the_grace_is_late_since_the_start(world: World, hall: Hall) -> None:
    world.at("2021-10-07T14:40+02:00")
    code = hall.code()
    world.at("2021-10-07T14:41:59+02:00")
    said = hall.check_in(code).json()
    assert (said["lateMinutes"], said["minutes"]) == (11, 169)


def test_the_code_before_is_taken_and_no_older_one(world: World, hall: Hall) -> None:
    world.at("2021-10-07T14:30:10+02:00")
    code = hall.code()
    world.at("2021-10-07T14:32:00+02:00")
    assert _kind(hall.check_in(code)) == (409, "wrong-code")
    world.at("2021-10-07T14:31:59+02:00")
    assert hall.check_in(code).status_code == 200


def test_guesses_are_counted_and_too_many_make_one_wait(world: World, hall: Hall) -> None:
    world.at("2021-10-07T14:30:00+02:00")
    code = hall.code()
    guesses = [partial(hall.check_in, _wrong(code)) for _ in range(12)]
    kinds = sorted(_kind(answer) for answer in world.http.together(guesses))
    assert kinds == [(409, "wrong-code")] * 5 + [(429, "too-many-guesses")] * 7
    assert sql(world.database_url, "SELECT wrong FROM check_in_guess")[0][0] == 5
    world.at("2021-10-07T14:31:00+02:00")
    refused = hall.check_in(hall.code())
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "241")
    world.at("2021-10-07T14:35:01+02:00")
    assert _kind(hall.check_in(_wrong(hall.code()))) == (409, "wrong-code")
    assert hall.check_in(hall.code()).status_code == 200


def test_a_guess_for_one_session_counts_for_no_other(world: World, hall: Hall) -> None:
    world.at("2021-10-07T14:30:00+02:00")
    other = {**_planned("2021-10-07T14:30:00+02:00"), "mode": "hybrid"}
    made = world.provider.post("/v1/sessions", other).json()
    for _ in range(5):
        hall.check_in(_wrong(hall.code()))
    hall.session = made
    assert hall.check_in(hall.code()).status_code == 200


def _planned(starts_at: str) -> JSON:
    ends_at = (datetime.fromisoformat(starts_at) + timedelta(hours=2)).isoformat()
    editions = ["noord-midden-2021"]
    return {
        "title": "Extra",
        "mode": "online",
        "editions": editions,
        "startsAt": starts_at,
        "endsAt": ends_at,
        "allowOverlap": True,
    }


@pytest.mark.parametrize(
    ("mode", "channel", "kept"),
    [
        ("hybrid", None, "in-person"),
        ("hybrid", "online", "online"),
        ("online", None, "online"),
        ("online", "online", "online"),
        ("online", "in-person", None),
        ("physical", "online", None),
    ],
)
def test_the_participant_says_how(
    world: World, hall: Hall, mode: str, channel: str | None, kept: str | None
) -> None:
    world.at("2021-10-20T09:00+02:00")
    hall.session = world.provider.post(
        "/v1/sessions", {**_planned("2021-10-20T09:00:00+02:00"), "mode": mode}
    ).json()
    answer = hall.check_in(hall.code(), **({"channel": channel} if channel else {}))
    if kept is None:
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/channel"]
    else:
        assert answer.json()["channel"] == kept
        # A list that the trainer saves afterwards does not unsay it.
        assert hall.record(minutes=120).json() == answer.json()


def test_what_a_trainer_recorded_stays(world: World, hall: Hall) -> None:
    world.at("2021-10-07T14:50+02:00")
    recorded = hall.record(minutes=100, reason="Gaat eerder weg").json()
    assert hall.check_in(hall.code()).json() == recorded
    hall.record(presence="absent")
    assert _kind(hall.check_in(hall.code())) == (409, "recorded-by-trainer")


def test_a_trainer_replaces_a_check_in_and_is_told(world: World, hall: Hall) -> None:
    world.at("2021-10-07T15:00+02:00")
    checked_in = hall.check_in(hall.code()).json()
    body = {"items": [{"registration": hall.participant, "minutes": 90}]}
    saved = world.provider.put(f"/v1/sessions/{hall.session['id']}/attendance", body).json()
    assert saved["replaced"] == [{"registration": hall.participant, "stood": checked_in}]


def test_check_in_is_for_participants_of_the_session_alone(world: World, hall: Hall) -> None:
    world.at("2021-10-07T14:30+02:00")
    code = hall.code()
    hall.session = {"id": "01890000-0000-7000-8000-000000000000"}
    unknown = hall.check_in(code)
    assert [fault["pointer"] for fault in unknown.json()["errors"]] == ["#/session"]
    hall.session = world.sessions()[0]
    for bad in ("12345", "1234567", "abcdef", "１２３４５６"):
        assert hall.check_in(bad).status_code == 400
    assert hall.check_in(code, presence="present").status_code == 400
    world.fleck.post(f"/v1/registrations/{hall.participant}/_withdraw")
    assert _kind(hall.check_in(code)) == (409, "not-a-participant")
    world.fleck.post(f"/v1/registrations/{hall.participant}/personal-links/_renew")
    assert hall.check_in(code).status_code == 404
    assert world.events("attendance.recorded") == []


def test_nobody_checks_in_outside_the_hours(world: World, hall: Hall) -> None:
    for moment in ("2021-10-07T14:14:59+02:00", "2021-10-07T17:30:00+02:00"):
        world.at(moment)
        assert _kind(hall.check_in("123456")) == (409, "check-in-closed")
    hall.session = world.sessions()[-1]
    assert _kind(hall.check_in("123456")) == (409, "check-in-closed")


def test_two_check_ins_at_once_are_one(world: World, hall: Hall) -> None:
    world.at("2021-10-07T14:30+02:00")
    code = hall.code()
    answers = world.http.together([partial(hall.check_in, code) for _ in range(6)])
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(world.events("attendance.recorded")) == 1
