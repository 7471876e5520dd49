"""What those who keep the register running see of the background work."""

import re

from pydantic import SecretStr

from tests.conftest import sql
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


def _measured(world: World, name: str, **labels: str) -> float:
    """A figure with labels, such as requests_total; 0 when there is none."""
    text = world.http.get("/metrics").text
    found = {
        tuple(sorted(re.findall(r'(\w+)="([^"]*)"', said))): float(value)
        for said, value in re.findall(rf"^cultuurcoordinator_{name}{{(.*)}} (\S+)$", text, re.MULTILINE)
    }
    return found.get(tuple(sorted(labels.items())), 0.0)


def test_requests_are_counted_by_route_and_status_and_timed(world: World) -> None:
    made = world.register()
    path = f"/v1/registrations/{made['id']}"
    for _ in range(3):
        assert world.fleck.get(path).status_code == 200
    assert world.mocca.get(path).status_code == 404
    assert world.http.request("SPY", f"/v1/nowhere/{made['id']}").status_code in (404, 405)
    route = "/v1/registrations/{registrationId}"
    assert _measured(world, "requests_total", method="GET", route=route, status="200") == 3
    assert _measured(world, "requests_total", method="GET", route=route, status="404") == 1
    assert _measured(world, "request_seconds_count", method="GET", route=route) == 4
    assert _measured(world, "request_seconds_bucket", method="GET", route=route, le="+Inf") == 4
    text = world.http.get("/metrics").text
    assert 'method="other",route="other"' in text
    for secret in (made["id"], "SPY", "nowhere", made["enrolmentForm"]["token"]):
        assert secret not in text


def test_connections_in_use_are_told_beside_how_many_there_may_be(world: World) -> None:
    figures = _figures(world)
    assert figures["pool_connections"] == world.app.state.settings.pool_size
    assert 1 <= figures["pool_connections_in_use"] <= figures["pool_connections"]


def test_an_email_that_should_have_gone_is_told_by_its_lateness(world: World) -> None:
    deliverer = Deliverer(world)
    deliverer.round()
    assert _figures(world)["messages_overdue_seconds"] == 0
    world.register()
    deliverer.collect()
    deliverer.later(minutes=10)
    assert _figures(world)["messages_overdue_seconds"] == 600


def test_the_last_backup_is_told(world: World) -> None:
    assert _figures(world)["last_backup_timestamp_seconds"] == 0
    record = (
        "INSERT INTO event (type, subject, actor, at, data) "
        "VALUES ('backup.made', 'backup', 'command-line', '2021-06-15T06:00Z', '{\"rows\": 1}')"
    )
    sql(world.database_url, record)
    assert _figures(world)["last_backup_timestamp_seconds"] == 1623736800


def test_a_process_that_is_about_to_end_is_not_ready(world: World) -> None:
    world.app.state.ending = True
    answer = world.http.get("/health/ready", headers={"Accept-Language": "nl"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["detail"] == "Dit proces stopt zo; een ander neemt het over."
    assert world.http.get("/v1/organisations").status_code == 200
