"""Events that flow to three receivers while workers are killed; `make faults` does it for a minute."""

from pathlib import Path

from tests.faults.webhooks import Flow, Plan


def test_whoever_is_killed_everybody_is_told_everything_in_order(tmp_path: Path) -> None:
    plan = Plan(events=50, seconds=4, workers=2, slow=0.05, patience=90)
    report = Flow(tmp_path, plan).run()
    assert report.faults() == []
    assert report.kills >= 1
    assert all(len(one.taken) == 50 for one in report.told)
