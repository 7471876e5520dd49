"""Erasure: after a full year nothing is left of a person but what the answer says."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.certificates import audit
from tests.privacy.lives import (
    KEPT,
    WORDS,
    Life,
    elsewhere,
    found,
    lived,
    places,
    rows_with,
    stored,
)
from tests.world import JSON, World

# Where the certificate and the invoice stand: what their public check and the law ask for.
KEPT_IN = {
    "certificate.holder_name",
    "invoice.buyer",
    "invoice.participant_name",
    "invoice.lines",
    "invoice_payment.note",
}


@pytest.fixture
def life(world: World) -> Life:
    return lived(world)


def erased(world: World, life: Life, **body: object) -> JSON:
    answer = world.admin.post(f"/v1/applicants/{life.applicant}/_erase", body or None)
    assert answer.status_code == 200, answer.text
    told: JSON = answer.json()
    return told


def audited(world: World) -> list[str]:
    """What is wrong with the register of certificates."""
    state = world.app.state

    async def verify() -> list[str]:
        async with state.database.transaction() as db:
            return (await audit.verify(db, state.clock.now() + timedelta(minutes=1))).faults

    faults: list[str] = world.http.portal.call(verify)
    return faults


def test_after_a_year_nothing_is_left_but_what_the_answer_says(world: World, life: Life) -> None:
    elsewhere(world, world.mocca)
    before = found(world)
    # Every word is somewhere before, the one way or the other: the search misses none.
    assert {one.word for one in before} == {word.casefold() for word in WORDS}
    assert rows_with(world.database_url, *WORDS)
    assert "idempotent_answer.sealed" in places(before)
    assert "file" in places(before)

    told = erased(world, life)
    assert places(found(world)) <= KEPT_IN
    assert {one.word for one in found(world)} <= {word.casefold() for word in KEPT}
    assert rows_with(world.database_url, *WORDS) == {"certificate", "invoice", "invoice_payment"}
    assert stored(Path(world.app.state.settings.data_dir) / "files", *WORDS) == []
    kept = [(one["what"], one["id"], one["until"]) for one in told["kept"]]
    assert kept == [
        ("certificates", life.certificate, None),
        ("invoices", life.invoice, "2028-12-31"),
        ("audit", None, None),
    ]
    assert "52" in told["kept"][1]["ground"]
    assert audited(world) == []
