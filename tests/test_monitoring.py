"""What those who keep the register running see of the background work."""

import re

from pydantic import SecretStr

from tests.webhooks.receivers import Answer, Deliverer, Receiver, subscribe
from tests.world import World


def _figures(world: World) -> dict[str, float]:
    answer = world.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = re.findall(r"^cultuurcoordinator_(\w+) (\S+)$", answer.text, re.MULTILINE)
    return {name: float(value) for name, value in lines}


def test_how_far_the_background_work_is_behind(world: World) -> None:
    deliverer = Deliverer(world)
    deliverer.round()
    with Receiver(lambda _: Answer(500)) as receiver:
        subscribe(world.fleck, receiver, "registration.*")
        deliverer.round()
        world.register()
        deliverer.later(seconds=90)
        ready = world.http.get("/health/ready")
        assert (ready.status_code, ready.json()) == (
            200,
            {"status": "ready", "workers": 0, "oldestEventSeconds": 90.0},
        )
        figures = _figures(world)
        assert figures["outbox_events"] == 1
        assert figures["outbox_oldest_seconds"] == 90
        deliverer.round()
        deliverer.later(seconds=2)
        figures = _figures(world)
    assert figures["outbox_events"] == figures["outbox_oldest_seconds"] == 0
    assert figures["webhook_deliveries_pending"] == figures["webhooks_failing"] == 1
    assert figures["webhook_oldest_delivery_seconds"] == 2
    assert figures["messages_pending"] >= 1
    assert figures["workers"] == figures["webhooks_stopped"] == 0


def test_figures_are_for_who_has_the_token(world: World) -> None:
    state = world.app.state
    state.settings = state.settings.model_copy(update={"environment": "production"})
    assert world.http.get("/metrics").status_code == 404
    state.settings = state.settings.model_copy(update={"metrics_token": SecretStr("a token for Prometheus")})
    for header in ({}, {"Authorization": "Bearer another"}, {"Authorization": "a token for Prometheus"}):
        assert world.http.get("/metrics", headers=header).status_code == 404
    told = world.http.get("/metrics", headers={"Authorization": "Bearer a token for Prometheus"})
    assert told.status_code == 200
