"""Workers that are killed while events flow to three receivers: webhooks.py, for a moment."""

from pathlib import Path

from tests.faults.stand import say
from tests.faults.test_kills import SEED
from tests.faults.webhooks import Flow, Plan


def test_nothing_is_lost_unsigned_or_out_of_order(tmp_path: Path) -> None:
    report = Flow(tmp_path, Plan(events=150, seconds=6, workers=2, seed=SEED)).run()
    assert report.faults() == []
    assert report.kills > 0
    say("\n".join(report.lines()))
