"""The register as a chain: every change enters it, a head a day, and nothing is changed unseen."""

import asyncio
import hashlib
import json
import os
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import pytest

from app import migrate, worker
from app.certificates import audit
from app.certificates.chain import NOTHING
from app.core.database import Database
from app.credentials.keys import Vault
from tests.conftest import sql
from tests.stories.server import COMMAND
from tests.world import World

JSON = dict[str, Any]


def _verified(world: World, *kept: str) -> audit.Verified:
    async def verify() -> audit.Verified:
        database = Database(world.database_url)
        try:
            async with database.transaction() as db:
                return await audit.verify(db, world.app.state.clock.now(), kept)
        finally:
            await database.close()

    return asyncio.run(verify())


def _publish(world: World) -> int:
    state = world.app.state
    published: int = world.http.portal.call(
        worker.publish_heads, state.database, state.clock, Vault.of(state.settings)
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


UNREVOKE = (
    "UPDATE certificate SET status = 'valid', revoked_at = NULL, revoke_reason = NULL"
    " WHERE number = 'CCVO-2022-000002'"
)
CUT = "DELETE FROM register_salt WHERE entry = 4; DELETE FROM register_entry WHERE number = 4"
# As somebody who owns the database can: no foreign key is in the way.
LOOSE = """
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT conrelid::regclass AS place, conname FROM pg_constraint WHERE contype = 'f' LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.place, one.conname);
  END LOOP;
END $$
"""
GONE = "DELETE FROM certificate WHERE number = 'CCVO-2022-000002'"


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
    assert _publish(history) == 1
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
    assert _verified(history) == audit.Verified(4, 2, 1, [])


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
        # A revocation undone, and what would have told of it taken away.
        (
            f"{UNREVOKE}; DELETE FROM register_salt WHERE entry = 4",
            "The salt of entry 4 is gone",
        ),
        (UNREVOKE, "Certificate CCVO-2022-000002 is valid, and its status list says otherwise"),
        (UNREVOKE, "Certificate CCVO-2022-000002 is valid, and the log says that it was revoked"),
        (f"{UNREVOKE}; {CUT}", "the log says that it was revoked"),
        # Certificates that are gone, with what was entered of them or without.
        ("DELETE FROM certificate WHERE number = 'CCVO-2022-000002'", "which is not there"),
        (f"{GONE}; DELETE FROM register_salt WHERE entry > 2", "There is no certificate CCVO-2022-000002"),
        (
            (
                f"{GONE}; DELETE FROM register_salt WHERE entry > 2; "
                "DELETE FROM register_entry WHERE number > 2;"
                " DELETE FROM register_head"
            ),
            "2 numbers were given out, and the chain has 1 certificates issued",
        ),
        (
            (
                "DELETE FROM register_salt; DELETE FROM register_entry; DELETE FROM register_head;"
                " DELETE FROM certificate"
            ),
            "There is no certificate CCVO-2022-000001, CCVO-2022-000002",
        ),
        ("UPDATE certificate_counter SET last = 2000000000", "and 3 more, though the number was given out"),
        ("UPDATE certificate_counter SET last = 1", "CCVO-2022-000002 has a number that was never given out"),
        # Heads.
        ("DELETE FROM register_head", "No head is published of 2022-04-20."),
        ("DELETE FROM register_head WHERE \"on\" = '2022-04-21'", "No head is published of 2022-04-21."),
        (
            "UPDATE register_head SET token = 'x.y.z'",
            "The head of 2022-04-21 is not what the register signed",
        ),
        (
            "UPDATE register_head SET hash = '\\x00' WHERE \"on\" = '2022-04-20'",
            "The head of 2022-04-20 is not that of the chain",
        ),
        (
            (
                "UPDATE register_head SET size = 1, hash = (SELECT hash FROM register_entry WHERE number = 1)"
                " WHERE \"on\" = '2022-04-21'"
            ),
            "The head of 2022-04-21 is not what the register signed",
        ),
        (
            "INSERT INTO register_head SELECT '2030-01-01', size, hash, at, token FROM register_head LIMIT 1",
            "The head of 2030-01-01 is of a day that is not over",
        ),
        # What no entry commits to.
        ("UPDATE certificate SET code_digest = number::bytea", "its digest is not that of its code"),
        ("UPDATE certificate SET credential_jwt = 'x.y.z'", "its token was not signed by the register"),
        (
            "UPDATE certificate SET credential_jwt = (SELECT credential_jwt FROM certificate LIMIT 1)",
            "its token says otherwise than its credential",
        ),
        ("UPDATE certificate SET credential = '{}'", "its credential was not signed by the register"),
        ("UPDATE certificate SET status_index = status_index + 1", "its credential says otherwise"),
        (
            "UPDATE certificate SET issued_at = issued_at - interval '1 year'",
            "its credential says otherwise",
        ),
        (
            "UPDATE certificate SET revoke_reason = 'x' WHERE revoke_reason IS NOT NULL",
            "Entry 4 does not say",
        ),
        ("UPDATE certificate SET registration = '00000000-0000-0000-0000-000000000000'", "Entry 1 does not"),
        ("UPDATE status_list SET credential = '[]'", "Status list 1 is not what the register signed"),
        ("DELETE FROM signing_key", "The head of 2022-04-20 is not what the register signed"),
    ],
)
def test_whatever_is_changed_behind_the_register_is_found(history: World, statement: str, fault: str) -> None:
    history.at("2022-04-23T00:00+00:00")
    assert _publish(history) == 3
    sql(history.database_url, LOOSE, *statement.split("; "))
    found = _verified(history).faults
    assert any(fault in one for one in found), found


def test_a_head_that_was_kept_tells_of_a_chain_that_was_cut(history: World) -> None:
    history.at("2022-04-21T00:00+00:00")
    _publish(history)
    (head,) = history.http.get("/v1/register-heads").json()["items"]
    assert _verified(history, head["token"]).faults == []
    forged = head["token"][:-20] + "A" * 20
    assert (
        _verified(history, forged, "x.y.z").faults
        == ["The head that was given is not signed with a key of this register."] * 2
    )
    sql(history.database_url, *f"{CUT}; DELETE FROM register_head".split("; "))
    assert _publish(history) == 1
    said = "The chain does not contain the head of 2022-04-20 that was given."
    assert said in _verified(history, head["token"]).faults


def test_days_on_which_no_server_ran_get_their_head_later(history: World) -> None:
    history.at("2022-04-23T00:30+00:00")
    assert _publish(history) == 3
    sql(history.database_url, "DELETE FROM register_head WHERE \"on\" = '2022-04-21'")
    assert _publish(history) == 1
    heads = history.http.get("/v1/register-heads").json()["items"]
    assert [head["on"] for head in heads] == ["2022-04-22", "2022-04-21", "2022-04-20"]
    assert _verified(history).faults == []


def test_the_command_names_each_fault_and_takes_a_head_that_was_kept(history: World, tmp_path: Path) -> None:
    history.at("2022-04-21T00:00+00:00")
    _publish(history)
    kept = tmp_path / "heads.json"
    kept.write_text(history.http.get("/v1/register-heads").text)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(COMMAND), "register", "verify", *arguments]
        environment = {**os.environ, "DATABASE_URL": history.database_url}
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    good = run("--head", str(kept))
    assert (good.returncode, "Everything fits." in good.stdout) == (0, True), good.stderr
    assert run("--head", str(tmp_path / "none")).returncode == 2
    sql(history.database_url, *f"{CUT}; {UNREVOKE}; DELETE FROM register_head".split("; "))
    cut = run("--head", str(kept))
    assert cut.returncode == 1
    assert "does not contain the head of 2022-04-20 that was given" in cut.stderr
    assert "Traceback" not in cut.stderr


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
    assert _verified(world) == audit.Verified(4, 4, 0, [])


def test_what_was_issued_before_there_was_a_chain_is_entered(history: World) -> None:
    url = history.database_url
    sql(
        url,
        "UPDATE certificate SET supersedes = NULL, superseded_at = NULL, revoked_at = issued_at,"
        " revoke_reason = 'Proef', status = 'revoked'",
    )
    migrate.downgrade(url, "0010")
    migrate.upgrade(url)
    assert _verified(history) == audit.Verified(4, 2, 0, [])
