"""verify_draw.py on records that the register served, on ones tampered with, and on what is none."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.draws import verify_draw
from tests.draws.test_beacon import SIGNATURES
from tests.draws.test_second import node
from tests.world import JSON, PILOT, World

SCRIPT = Path("app/draws/verify_draw.py")
VECTOR = Path("docs/draw-vector.json")


def _verify(text: str | bytes, folder: Path, *options: str) -> tuple[int, str]:
    """The script as people run it: on its own, with nothing of ours and no library but Python's."""
    file = folder / "record.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), *options, str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def _raw(world: World, draw: JSON) -> str:
    return world.http.get(f"/v1/draws/{draw['id']}").text


def _draw(world: World, capacity: int, **change: Any) -> JSON:
    assert world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": capacity, **change}).status_code == 200
    for number in range(9):
        world.complete((world.fleck, world.mocca, world.kunst_centraal)[number % 3])
    return world.announce()


@pytest.mark.parametrize(
    "terms",
    [
        {"capacity": 5},
        {"capacity": 9},
        {"capacity": 0, "quotas": []},
        {"capacity": 4, "quotas": [{"organisation": "neos", "minimum": 0, "maximum": 1}]},
        {
            "capacity": 6,
            "quotas": [{"organisation": "fleck", "minimum": 4, "maximum": 9}],
            "unfilledMinimum": "held",
        },
        {"capacity": 5, "carryOver": {"mode": "weight", "weight": 3}},
    ],
    ids=lambda terms: " ".join(map(str, terms)),
)
def test_every_state_of_a_draw_verifies(world: World, terms: JSON, tmp_path: Path) -> None:
    if any(quota["organisation"] == "neos" for quota in terms.get("quotas", [])):
        roles = {"roles": ["provider", "partner"]}
        assert world.admin.patch("/v1/organisations/neos", roles).status_code == 200
    announced = _draw(world, **terms)
    assert _verify(_raw(world, announced), tmp_path)[0] == 0
    rehearsal = world.admin.post(f"/v1/draws/{announced['id']}/_rehearse", {"value": "proef"}).text
    code, said = _verify(rehearsal, tmp_path)
    assert (code, said.rstrip().endswith("PROEFLOTING en telt niet"), "ALLES KLOPT" in said) == (
        3,
        True,
        False,
    )
    world.run(announced)
    world.publish(announced)
    record = _raw(world, announced)
    code, said = _verify(record, tmp_path, "--lang", "en")
    assert (code, said.rstrip().endswith("EVERYTHING IS RIGHT")) == (0, True), said


def test_a_rehearsal_cannot_be_passed_off_as_the_draw(world: World, tmp_path: Path) -> None:
    announced = _draw(world, 4)
    rehearsal = world.admin.post(f"/v1/draws/{announced['id']}/_rehearse", {"value": "739.55"}).json()
    rehearsal["status"] = "completed"
    head = {key: value for key, value in rehearsal.items() if key not in {"list", "outcome", "recordHash"}}
    rehearsal["recordHash"] = verify_draw.sha256(verify_draw.canonical(head))
    code, said = _verify(json.dumps(rehearsal), tmp_path)
    assert (code, "KLOPT NIET" in said) == (1, True)


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        ("completed", True, 0),
        ("void", True, 0),
        ("void", False, 0),
        ("run", True, 0),
        ("run", False, 0),
        ("announced", False, 0),
        ("announced", True, 1),
        ("completed", False, 1),
        ("rehearsal", False, 1),
        ("bogus", True, 1),
        ("bogus", False, 1),
        ("", True, 1),
        (["completed"], True, 1),
        (None, True, 1),
    ],
)
def test_both_programs_know_which_status_goes_with_a_result(
    status: Any, outcome: bool, code: int, tmp_path: Path
) -> None:
    """Whatever the status, the record's hash is the right one."""
    record = {**json.loads(VECTOR.read_bytes()), "status": status}
    if not outcome:
        record.update(outcome=None, outcomeHash=None)
    head = {key: value for key, value in record.items() if key not in {"list", "outcome", "recordHash"}}
    record["recordHash"] = verify_draw.sha256(verify_draw.canonical(head))
    found, said = _verify(json.dumps(record), tmp_path, "--lang", "en")
    assert (found, said.rstrip().endswith("EVERYTHING IS RIGHT")) == (code, code == 0), said
    assert node(str(tmp_path / "record.json")).returncode == code


def test_a_result_that_is_not_public_yet_verifies_and_says_so(world: World, tmp_path: Path) -> None:
    record = json.dumps(world.run(_draw(world, 4)))
    code, said = _verify(record, tmp_path)
    assert (code, "LET OP: deze uitslag is nog niet gepubliceerd" in said) == (0, True)


def test_a_draw_by_drand_says_what_it_could_not_check(world: World, tmp_path: Path) -> None:
    _draw(world, 4)
    [waiting] = world.events("draw.announced")
    world.admin.post(f"/v1/draws/{waiting['subject']}/_void", {"reason": "Liever drand"})
    world.at("2023-08-23T16:30+02:00")
    body = {"beacon": {"kind": "drand", "round": 1000}}
    announced = world.admin.post(f"/v1/editions/{PILOT}/draws", body).json()
    world.at("2023-08-23T18:00+02:00")
    world.admin.post(f"/v1/draws/{announced['id']}/_run", {"signature": SIGNATURES[1000]})
    world.publish(announced)
    record = _raw(world, announced)
    code, said = _verify(record, tmp_path)
    assert (code, "NIET gecontroleerd: de handtekening van drand" in said) == (0, True)

    file = tmp_path / "record.json"
    assert verify_draw.main([str(file)]) == 0  # here the library is present
    other = json.loads(record)
    other["outcome"]["random"]["signature"] = SIGNATURES[1001]
    file.write_text(json.dumps(other))
    assert verify_draw.main([str(file)]) == 1


def test_every_changed_byte_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    """Every byte of the fixed vector's record, each with a few other values."""
    record, report = VECTOR.read_bytes(), verify_draw.Report("en")
    source = random.Random(1)
    assert verify_draw.verdict(record, report) == 0
    for place, byte in enumerate(record):
        for changed in {byte ^ 1, byte ^ 32, source.randrange(256)} - {byte}:
            other = record[:place] + bytes([changed]) + record[place + 1 :]
            assert verify_draw.verdict(other, report) == 1, (place, bytes([byte]), bytes([changed]))
    capsys.readouterr()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("status", "completed"),
        ("status", "certainly"),
        ("drawNeeded", 1),
        ("list", None),
        ("groups", []),
        ("outcome", {}),
        ("outcome", []),
        ("listHash", None),
        ("voidReason", "x"),
    ],
)
def test_a_member_of_another_kind_is_a_difference(member: str, value: Any, tmp_path: Path) -> None:
    record = {**json.loads(VECTOR.read_bytes()), member: value}
    record.update({} if member != "status" or value != "completed" else {"outcome": None})
    code, said = _verify(json.dumps(record), tmp_path, "--lang", "en")
    assert (code, "NOT RIGHT: " in said) == (1, True)


@pytest.mark.parametrize("text", ["", "{}", "[]", "7", '{"list": {}, "list": {}}', "\x00", '{"a": NaN}'])
def test_what_is_no_record_is_not_right(text: str, tmp_path: Path) -> None:
    code, said = _verify(text, tmp_path, "--lang", "en")
    assert (code, said.startswith("NOT RIGHT: ")) == (1, True)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(tmp_path / "none.json")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("Geen leesbaar verslag van een loting")
