"""A draw by drand over real HTTP, with a round that was really published, announced before it came."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.draws.test_beacon import SIGNATURES
from tests.stories.server import HTTP, JSON, Caller, Server
from tests.world import form, registration

EDITION = "noord-midden-2023"
INTAKE = {"fleck": 6, "mocca": 12, "kunst-centraal": 9}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as server:
        yield server


def test_a_draw_that_nobody_could_steer_and_anyone_can_recompute(server: Server, tmp_path: Path) -> None:
    server.at("2023-08-20T12:00+02:00")
    admin = server.client("lkca", "admin")
    partners = {slug: server.client(slug, "partner") for slug in INTAKE}
    _open_edition(admin)
    tokens = _register(server, partners)

    server.at("2023-08-23T16:30+02:00")
    body = {"beacon": {"kind": "drand", "round": 1000}, "publishAt": "2023-08-24T12:00:00+02:00"}
    announced = admin.post(f"/v1/editions/{EDITION}/draws", body, status=201)
    path = f"/v1/draws/{announced['id']}"
    assert {one["partner"]: one["chance"] for one in announced["groups"]}["fleck"] == "2/3"
    receipt = HTTP.get(f"{server.url}/v1/draw-receipts/{tokens[0]}").json()
    assert (receipt["chance"], receipt["outcome"]) == ("2/3", None)
    early = admin.request("POST", f"{path}/_run", {"signature": SIGNATURES[1000]})
    assert early.status_code == 409
    admin.post(f"{path}/_rehearse", {"value": "proefloting"})

    server.at("2023-08-23T18:00+02:00")
    assert admin.request("POST", f"{path}/_run", {"signature": SIGNATURES[1001]}).status_code == 400
    admin.post(f"{path}/_run", {"signature": SIGNATURES[1000]})
    assert HTTP.get(server.url + path).json()["outcome"] is None
    assert len(admin.get(f"/v1/registrations?edition={EDITION}&status=complete&limit=100")["items"]) == 27

    server.at("2023-08-24T12:00+02:00")  # the worker publishes by itself
    record = _published(server.url + path)
    assert record["listHash"] == announced["listHash"]
    placed = admin.get(f"/v1/registrations?edition={EDITION}&status=placed&limit=100")["items"]
    assert len(placed) == 20
    assert 2 <= sum(one["partner"] == "fleck" for one in placed) <= 4
    _verify(server.url + path, tmp_path)
    receipt = HTTP.get(f"{server.url}/v1/draw-receipts/{tokens[0]}").json()
    own = next(one for one in record["outcome"]["lots"] if one["label"] == receipt["label"])
    assert (receipt["lot"], receipt["outcome"], receipt["number"]) == (
        own["lot"],
        own["outcome"],
        own["number"],
    )


def _open_edition(admin: Caller) -> None:
    edition = {
        "slug": EDITION,
        "training": "cultuurcoordinator-vo",
        "title": "Noord/Midden 2023-2024",
        "region": "Noord/Midden",
        "window": {"opensAt": "2023-08-01T00:00:00+02:00", "closesAt": "2023-08-23T16:00:00+02:00"},
        "capacity": 20,
        "quotas": [{"organisation": "fleck", "minimum": 2, "maximum": 4}],
    }
    admin.post("/v1/editions", edition, status=201)


def _register(server: Server, partners: dict[str, Caller]) -> list[str]:
    """27 teachers, forms returned; gives the tokens of their links, those from Flevoland first."""
    tokens = []
    for slug, count in INTAKE.items():
        for _ in range(count):
            made = partners[slug].post("/v1/registrations", registration(edition=EDITION), status=201)
            token = made["enrolmentForm"]["token"]
            assert HTTP.put(f"{server.url}/v1/enrolment-forms/{token}", json=form()).status_code == 200
            tokens.append(token)
    return tokens


def _published(address: str) -> JSON:
    """The record, when the background work has published it."""
    for _ in range(100):
        record: JSON = HTTP.get(address).json()
        if record["status"] == "completed":
            return record
        time.sleep(0.1)
    raise AssertionError(record["status"])


def _verify(address: str, folder: Path) -> None:
    """From the address, and from the downloaded file, by people who have the one script and Python."""
    file = folder / "record.json"
    file.write_bytes(HTTP.get(address).content)
    for source in (address, str(file)):
        done = subprocess.run(
            [sys.executable, "-I", "-S", "app/draws/verify_draw.py", source],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert done.stdout.endswith("ALLES KLOPT\n")
    changed = json.loads(file.read_text())
    changed["outcome"]["lots"][0]["outcome"] = "waitlisted"
    file.write_text(json.dumps(changed))
    again = subprocess.run([sys.executable, "app/draws/verify_draw.py", str(file)], check=False, timeout=60)
    assert again.returncode == 1
