"""Each race twice: as the register is, and with the lock or the constraint off, when it must show.

What makes the difference is slowed down in the database, in both the same way, so that requests meet.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from app.certificates import register, signing
from app.certificates import service as certificates
from app.core import idempotency
from app.draws import service as draws
from app.draws.models import Draw
from app.registrations import waiting_list
from app.registrations.lifecycle import SEATED
from app.registrations.models import Registration
from app.trainings import service as trainings
from app.trainings.models import Edition
from tests.conftest import sql
from tests.faults.conftest import Stand
from tests.faults.stand import announcing, world_on
from tests.world import World

ON_AND_OFF = pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
Request = Callable[[], httpx.Response]


@pytest.fixture
def world(stand: Stand, url: str, tmp_path: Path) -> Iterator[World]:
    with world_on(url, stand.prepared, tmp_path) as world:
        yield world


def slowed(world: World, table: str, what: str) -> None:
    """From now on each row that is written there takes a moment, in which others come by."""
    sql(
        world.database_url,
        "CREATE FUNCTION slowed() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN PERFORM pg_sleep(0.15); RETURN NEW; END$$",
        f"CREATE TRIGGER slowed BEFORE {what} ON {table} FOR EACH ROW EXECUTE FUNCTION slowed()",
    )


def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody locks an edition any more."""
    edition = trainings.edition

    async def read(db: AsyncSession, slug: str, *, lock: bool = False) -> Edition:
        return await edition(db, slug, lock=lock and False)

    monkeypatch.setattr(trainings, "edition", read)


def statuses(world: World, requests: Sequence[Request]) -> list[int]:
    """What requests that come at once are answered, sorted."""
    return sorted(answer.status_code for answer in world.http.together(requests))


def drawn(world: World, stand: Stand) -> str:
    """An edition of one seat with one placed and one waiting."""
    id = stand.prepared.draws[0]
    assert world.admin.post(f"/v1/draws/{id}/_run", {"value": "739.55"}).status_code == 200
    answer = world.admin.post(f"/v1/draws/{id}/_publish")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["edition"])


def seats(world: World, edition: str) -> tuple[int, int, int]:
    """Capacity, the seats that the edition says are taken, and those that are."""
    taken = ", ".join(f"'{status}'" for status in SEATED)
    [row] = sql(
        world.database_url,
        f"SELECT capacity, seats_taken, (SELECT count(*) FROM registration r WHERE r.edition = e.slug "
        f"AND r.status IN ({taken})) AS really FROM edition e WHERE slug = '{edition}'",
    )
    return row["capacity"], row["seats_taken"], row["really"]


@ON_AND_OFF
def test_no_more_seats_than_there_are(
    world: World, stand: Stand, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """An administrator takes a seat back at the moment at which it is offered."""
    edition = drawn(world, stand)
    path = f"/v1/editions/{edition}"
    assert world.admin.patch(path, {"capacity": 2}).status_code == 200
    slowed(world, "edition", "UPDATE")
    if not guarded:
        unlocked(monkeypatch)
        sql(world.database_url, "ALTER TABLE edition DROP CONSTRAINT ck_edition_seats_taken")
    world.http.together([world.work, lambda: world.admin.patch(path, {"capacity": 1}).status_code])
    capacity, said, really = seats(world, edition)
    assert (said, really <= capacity) == (really, guarded)


@ON_AND_OFF
def test_each_seat_that_falls_free_is_passed_on_once(
    world: World, monkeypatch: pytest.MonkeyPatch, guarded: bool, stand: Stand
) -> None:
    """Four participants of the pilot leave at once; two seats were free."""
    slowed(world, "registration", "UPDATE")
    if not guarded:
        unlocked(monkeypatch)
    leaving = stand.prepared.attending
    requests = [partial(world.mocca.post, f"/v1/registrations/{id}/_withdraw") for id in leaving]
    assert set(statuses(world, requests)) == {200}
    _, said, really = seats(world, "noord-midden-2021")
    assert really == 14
    assert (said == really) is guarded


@ON_AND_OFF
def test_who_waits_is_offered_one_seat(
    world: World, stand: Stand, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Two workers, and a seat for the one who waits."""
    edition = drawn(world, stand)
    assert world.admin.patch(f"/v1/editions/{edition}", {"capacity": 3}).status_code == 200
    slowed(world, "registration", "UPDATE")
    if not guarded:
        unlocked(monkeypatch)

        async def read(db: AsyncSession, id: UUID) -> Registration:
            return await db.get_one(Registration, id)

        # The second lock, on who is offered the seat.

        monkeypatch.setattr(waiting_list, "locked", read)
    world.http.together([world.work, world.work])
    offers = sql(world.database_url, f"SELECT FROM seat_offer WHERE edition = '{edition}'")
    assert (len(offers) == 1) is guarded


@ON_AND_OFF
def test_certificate_numbers_are_given_once(
    world: World, stand: Stand, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Six certificates at once; the control looks up the last number and writes the next, as one would."""

    async def next_number(db: AsyncSession, prefix: str, year: int) -> str:
        connection = await db.connection()
        last = (await connection.execute(sa.text("SELECT count(*) FROM certificate"))).scalar_one() + 1
        return f"{prefix}-{year}-{last:06d}"

    slowed(world, "certificate", "INSERT")
    if not guarded:
        monkeypatch.setattr(certificates, "_next_number", next_number)
    people = stand.prepared.certifiable[:6]
    said = statuses(
        world, [partial(world.lkca.post, "/v1/certificates", {"registration": id}) for id in people]
    )
    numbers = [row["number"] for row in sql(world.database_url, "SELECT number FROM certificate ORDER BY 1")]
    places = [int(number.rpartition("-")[2]) for number in numbers]
    assert places == list(range(1, len(places) + 1))
    assert (said == [201] * 6) is guarded


@ON_AND_OFF
def test_the_chain_grows_by_one_entry_at_a_time(
    world: World, stand: Stand, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Four certificates are revoked at once."""
    people = stand.prepared.certifiable[:4]
    made = [world.lkca.post("/v1/certificates", {"registration": id}).json()["number"] for id in people]
    slowed(world, "register_entry", "INSERT")
    if not guarded:
        monkeypatch.setattr(register, "LOCK", "(random() * 1e9)::bigint")  # each its own

        async def nothing(*_: object) -> None:
            return None

        # Where certificates are struck off is locked too, and would keep them apart.
        monkeypatch.setattr(signing, "strike_off", nothing)
    reason = {"reason": "Verkeerde persoon"}
    said = statuses(
        world, [partial(world.lkca.post, f"/v1/certificates/{number}/_revoke", reason) for number in made]
    )
    entries = sql(world.database_url, "SELECT number FROM register_entry ORDER BY number")
    assert (said == [200] * 4 and len(entries) == 8) is guarded


@ON_AND_OFF
def test_a_draw_is_announced_once(
    world: World, stand: Stand, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    edition = stand.prepared.to_announce[0]
    slowed(world, "draw", "INSERT")
    if not guarded:
        unlocked(monkeypatch)
        sql(world.database_url, "DROP INDEX uq_draw_edition_pending")
    path = f"/v1/editions/{edition}/draws"
    said = statuses(world, [partial(world.admin.post, path, announcing()) for _ in range(3)])
    draws = sql(world.database_url, f"SELECT FROM draw WHERE edition = '{edition}'")
    assert (said == [201, 409, 409] and len(draws) == 1) is guarded


@ON_AND_OFF
def test_a_draw_is_run_once(
    world: World, stand: Stand, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Whoever runs it again, with another value, would draw again."""
    id = stand.prepared.draws[0]
    slowed(world, "draw", "UPDATE")
    if not guarded:
        unlocked(monkeypatch)

        async def pending(db: AsyncSession, id: UUID, *_: object) -> tuple[Draw, Edition]:
            draw = await db.get_one(Draw, id)
            return draw, await trainings.edition(db, draw.edition)

        monkeypatch.setattr(draws, "_pending", pending)
    values = [{"value": f"739.5{n}"} for n in range(3)]
    said = statuses(world, [partial(world.admin.post, f"/v1/draws/{id}/_run", value) for value in values])
    run = [one for one in world.events("draw.run") if one["subject"] == id]
    assert (said == [200, 409, 409] and len(run) == 1) is guarded


@ON_AND_OFF
def test_a_repeated_key_counts_once(
    world: World, stand: Stand, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Where nothing else would refuse the second; the control looks for the key before it writes it."""
    id = stand.prepared.attending[0]
    slowed(world, "make_up", "INSERT")
    if not guarded:
        sql(world.database_url, "ALTER TABLE idempotent_answer DROP CONSTRAINT pk_idempotent_answer")
        monkeypatch.setattr(
            idempotency,
            "CLAIM",
            sa.text(
                "INSERT INTO idempotent_answer (id, fingerprint, sealed, kept_until) "
                "SELECT CAST(:id AS bytea), CAST(:fingerprint AS bytea), '', "
                "CAST(:kept_until AS timestamptz) WHERE CAST(:patience AS text) <> '' AND NOT EXISTS "
                "(SELECT FROM idempotent_answer WHERE id = CAST(:id AS bytea) "
                "AND kept_until > CAST(:now AS timestamptz)) RETURNING 1"
            ),
        )
    body = {"kind": "assignment", "title": "Verslag", "minutes": 60, "reason": "Miste een bijeenkomst"}
    headers = {"Idempotency-Key": str(uuid4())}
    path = f"/v1/registrations/{id}/make-up-hours"
    requests = [partial(world.provider.post, path, body, headers=headers) for _ in range(4)]
    said = statuses(world, requests)
    rows = sql(world.database_url, "SELECT FROM make_up")
    assert said == [201] * 4
    assert (len(rows) == 1) is guarded
