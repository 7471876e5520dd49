"""What was recorded before attendance kept versions is there afterwards, with its history."""

import json
from uuid import UUID, uuid4

from app import migrate
from tests.conftest import sql

TIMES = "'2021-10-07T12:30Z', '2021-10-07T15:30Z'"


def _plant(url: str) -> tuple[UUID, UUID]:
    """One participant, who was recorded twice at an online session, and once without an event."""
    applicant, registration, online, other = (uuid4() for _ in range(4))
    sql(
        url,
        "INSERT INTO organisation (slug, name, roles) VALUES ('fleck', 'FleCk', '{partner}')",
        "INSERT INTO training VALUES ('t', 'T', 'T', 40, 1200, 75000, 'T')",
        "INSERT INTO edition (slug, training, title, region, time_zone, opens_at, closes_at, capacity, "
        "seats_taken, waiting, frozen) "
        "VALUES ('e', 't', 'E', 'E', 'UTC', '2021-01-01', '2021-02-01', 9, 1, 0, false)",
        "INSERT INTO applicant (id, partner, family_name, email, search_text) "
        f"VALUES ('{applicant}', 'fleck', 'Meer', 'noor@lyceum.example', '')",
        "INSERT INTO registration (id, edition, partner, applicant, email_key, name_key, school_name, "
        f"school_city, status, received_at) VALUES ('{registration}', 'e', 'fleck', '{applicant}', 'n', 'n', "
        "'S', 'S', 'confirmed', '2021-01-02')",
    )
    for id, mode in ((online, "online"), (other, "hybrid")):
        sql(
            url,
            "INSERT INTO session (id, title, mode, starts_at, ends_at) "
            f"VALUES ('{id}', 'S', '{mode}', {TIMES})",
        )
    for id, minutes, presence in ((online, 120, "present"), (other, 0, "excused")):
        sql(
            url,
            "INSERT INTO attendance (session, registration, presence, minutes, recorded_by, recorded_at) "
            f"VALUES ('{id}', '{registration}', '{presence}', {minutes}, 'client', '2021-10-08')",
        )
    for type, minutes, reason in (("recorded", 0, None), ("corrected", 120, "Was er toch")):
        after = {"minutes": minutes, "presence": "present" if minutes else "absent"}
        data = json.dumps({"session": str(online), "after": after, "reason": reason})
        sql(
            url,
            "INSERT INTO event (type, subject, actor, at, data) VALUES "
            f"('attendance.{type}', '{registration}', 'client', '2021-10-08', '{data}')",
        )
    return online, other


def test_history_comes_from_the_events(empty_database: str) -> None:
    migrate.upgrade(empty_database, "0005")
    online, other = _plant(empty_database)
    migrate.upgrade(empty_database)
    rows = sql(empty_database, "SELECT session, channel, version FROM attendance ORDER BY version DESC")
    assert [tuple(row) for row in rows] == [(online, "online", 2), (other, None, 1)]
    rows = sql(
        empty_database,
        "SELECT session, version, presence, minutes, channel, reason FROM attendance_version "
        "ORDER BY session = (SELECT session FROM attendance WHERE version = 1), version",
    )
    assert [tuple(row) for row in rows] == [
        (online, 1, "absent", 0, None, None),
        (online, 2, "present", 120, "online", "Was er toch"),
        (other, 1, "excused", 0, None, None),
    ]
    migrate.downgrade(empty_database, "0005")
    assert sql(empty_database, "SELECT count(*) FROM attendance")[0][0] == 2
