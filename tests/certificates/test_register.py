"""The register as a chain: every change enters it, a head a day, and nothing is changed unseen."""

import asyncio
import hashlib
import json
from functools import partial
from typing import Any

import jwt
import pytest

from app import migrate, worker
from app.certificates import register
from app.certificates.chain import NOTHING
from app.core.database import Database
from app.credentials.keys import Vault
from tests.conftest import sql
from tests.world import World

JSON = dict[str, Any]


def _verified(world: World) -> register.Verified:
    async def verify() -> register.Verified:
        database = Database(world.database_url)
        try:
            async with database.transaction() as db:
                return await register.verify(db)
        finally:
            await database.close()

    return asyncio.run(verify())


def _publish(world: World) -> bool:
    state = world.app.state
    published: bool = world.http.portal.call(
        worker.publish_head, state.database, state.clock, Vault.of(state.settings)
    )
    return published


# A certificate that went past the register.
SLIPPED_IN = """
INSERT INTO certificate
SELECT (jsonb_populate_record(c, jsonb_build_object(
         'number', 'CCVO-2022-000009', 'code', 'x', 'code_digest', '\\x00',
         'supersedes', null, 'status_index', 1
       ))).*
  FROM certificate c WHERE number = 'CCVO-2022-000002'
"""


@pytest.fixture
def history(world: World) -> World:
    """A certificate that was issued anew, and revoked."""
    first = world.certified()
    second = world.lkca.post(f"/v1/certificates/{first['number']}/_reissue", {"reason": "Andere naam"}).json()
    assert world.lkca.post(f"/v1/certificates/{second['number']}/_revoke", {"reason": "Proef"}).is_success
    return world


def test_anyone_can_recompute_the_chain_from_what_is_published(history: World) -> None:
    entries = history.http.get("/v1/register-entries").json()["items"]
    assert [(one["number"], one["kind"]) for one in entries] == [
        (1, "issued"),
        (2, "superseded"),
        (3, "issued"),
        (4, "revoked"),
    ]
    previous = NOTHING.hex()
    for entry in entries:
        hash = entry.pop("hash")  # noqa: A001  the contract's own name
        assert entry["previous"] == previous
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == hash
        previous = hash


def test_nothing_personal_is_published(history: World) -> None:
    text = history.http.get("/v1/register-entries").text
    for personal in ("Meer", "Noor", "CCVO-2022"):
        assert personal not in text


def test_a_head_is_published_once_a_day_and_signed(history: World) -> None:
    assert not _publish(history)
    history.at("2022-04-21T00:00+00:00")
    assert _publish(history)
    assert not _publish(history)
    (head,) = history.http.get("/v1/register-heads").json()["items"]
    last = history.http.get("/v1/register-entries").json()["items"][-1]
    assert (head["on"], head["size"], head["hash"]) == ("2022-04-20", 4, last["hash"])
    assert history.http.get("/v1/register-heads/2022-04-20").json() == head
    assert history.http.get("/v1/register-heads/2022-04-19").status_code == 404
    assert history.http.get("/v1/register-heads/yesterday").status_code == 400
    (key,) = history.http.get("/.well-known/jwks.json").json()["keys"]
    claims = jwt.decode(head["token"], jwt.PyJWK(key), algorithms=["EdDSA"])
    assert claims == {"on": "2022-04-20", "size": 4, "hash": last["hash"], "iss": "did:web:register.example"}


def test_a_head_covers_its_day_alone(history: World) -> None:
    history.at("2022-04-21T12:00+00:00")
    registration = history.lkca.get("/v1/certificates").json()["items"][0]["registration"]
    assert history.lkca.post("/v1/certificates", {"registration": registration}).status_code == 201
    assert _publish(history)
    assert history.http.get("/v1/register-heads/2022-04-20").json()["size"] == 4


def test_what_was_not_touched_fits(history: World) -> None:
    history.at("2022-04-21T00:00+00:00")
    _publish(history)
    assert _verified(history) == register.Verified(4, 2, 1, 0, [])


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            "UPDATE certificate SET holder_name = 'Iemand' WHERE number = 'CCVO-2022-000001'",
            "Entry 1 does not say",
        ),
        ("UPDATE certificate SET credential = 'x' WHERE number = 'CCVO-2022-000002'", "Entry 3 does not say"),
        (
            "UPDATE certificate SET status = 'valid', revoked_at = NULL WHERE number = 'CCVO-2022-000002'",
            "Entry 4 does not say",
        ),
        (
            "UPDATE certificate SET revoked_at = revoked_at + interval '1 day'",
            "Entry 4",
        ),
        ("UPDATE register_entry SET at = at + interval '1 second' WHERE number = 2", "broken at entry 2"),
        ("UPDATE register_entry SET kind = 'issued' WHERE number = 4", "broken at entry 4"),
        (
            "DELETE FROM register_salt WHERE entry = 4; DELETE FROM register_entry WHERE number = 4",
            "The head of 2022-04-20 is not that of the chain",
        ),
        (
            "DELETE FROM register_salt WHERE entry = 2; DELETE FROM register_entry WHERE number = 2",
            "broken at entry 3",
        ),
        ("DELETE FROM register_salt WHERE entry = 3", "Certificate CCVO-2022-000002 is revoked"),
        (
            SLIPPED_IN,
            "Certificate CCVO-2022-000009 is revoked, which does not fit: issued, revoked",
        ),
    ],
)
def test_whatever_is_changed_behind_the_register_is_found(history: World, statement: str, fault: str) -> None:
    history.at("2022-04-21T00:00+00:00")
    _publish(history)
    sql(history.database_url, *statement.split("; "))
    found = _verified(history).faults
    assert any(fault in one for one in found), found


def test_many_issued_at_once_make_one_chain(world: World) -> None:
    people = [world.complete() for _ in range(4)]
    world.draw()
    for one in people:
        assert world.fleck.post(f"/v1/registrations/{one['id']}/_confirm").is_success
    world.schedule_national()
    for one in people:
        world.attend(one["id"], 8)
        world.pass_phases(one["id"])

    def issue(one: JSON) -> int:
        return world.lkca.post("/v1/certificates", {"registration": one["id"]}).status_code

    assert world.http.together([partial(issue, one) for one in people]) == [201] * 4
    assert _verified(world) == register.Verified(4, 4, 0, 0, [])


def test_what_was_issued_before_there_was_a_chain_is_entered(history: World) -> None:
    url = history.database_url
    sql(
        url,
        "UPDATE certificate SET supersedes = NULL, superseded_at = NULL, revoked_at = issued_at,"
        " revoke_reason = 'Proef', status = 'revoked'",
    )
    migrate.downgrade(url, "0010")
    migrate.upgrade(url)
    assert _verified(history) == register.Verified(4, 2, 0, 0, [])
