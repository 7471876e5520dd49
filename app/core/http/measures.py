"""What one process measures of itself: requests by route and status, their time, connections in use."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

PREFIX = "cultuurcoordinator"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # seconds
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
OTHER = "other"  # a method or an address that is none of ours: there is no end to those


class Measures:
    """The counts of one process since it started; a registry of its own, so that tests do not share them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            f"{PREFIX}_requests",
            "Requests that were answered",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            f"{PREFIX}_request_seconds",
            "How long requests took to be answered",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self._registry,
        )
        pool = engine.pool
        if isinstance(pool, QueuePool):
            size = Gauge(f"{PREFIX}_pool_connections", "Connections there may be", registry=self._registry)
            size.set_function(pool.size)
            used = Gauge(f"{PREFIX}_pool_connections_in_use", "Of those, in use", registry=self._registry)
            used.set_function(pool.checkedout)

    def note(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count one request: by its route's template, for addresses hold secrets and have no end."""
        method, route = method if method in METHODS else OTHER, route or OTHER
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self._registry)
