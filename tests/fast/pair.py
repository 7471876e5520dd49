"""Two applications on equal copies of one database, with the short ways and without, and what differs."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.clock import Clock
from app.core.settings import Settings
from app.fast.middleware import Fast
from app.main import create_app
from app.tables import metadata
from tests.conftest import TEMPLATE, at_database, sql
from tests.world import Http, World

Call = Callable[[World], httpx.Response]
# These differ from one answer to the next, whichever way it came.
OF_ONE_ANSWER = ("x-request-id",)
_MOMENTARY = re.compile(r"(?<=;)t=\d+$")  # until when the count of calls goes on


class _Gate:
    """What lies behind the short ways; it counts what comes through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.passed = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.passed += scope["type"] == "http"
        IDS.again()
        await self.app(scope, receive, send)


@dataclass
class Pair:
    """Both, and what their answers come to."""

    short: World
    long: World
    gate: _Gate

    def at(self, moment: str) -> None:
        """Set both clocks."""
        self.short.at(moment)
        self.long.at(moment)

    def send(self, call: Call, *, short: bool | None = True, same_tables: bool = True) -> httpx.Response:
        """The answer to a request of both, which is the same; `short` says which way it should have gone."""
        before = self.gate.passed
        answers = []
        IDS.request += 1
        with patch("uuid_utils.compat.uuid7", IDS), patch("app.core.idempotency.os.urandom", bytes):
            for world in (self.short, self.long):
                IDS.again()
                answers.append(call(world))
        if short is not None:
            assert (self.gate.passed == before) is short, f"the other way: {answers[0].text}"
        first, second = (_told(answer) for answer in answers)
        assert first == second, (first, second)
        if same_tables:
            self.compare()
        return answers[0]

    def compare(self) -> None:
        """Every row of every table is the same in both."""
        first, second = (_rows(world.database_url) for world in (self.short, self.long))
        assert first == second, [one for one in (*first, *second) if (one in first) is not (one in second)]


class _Ids:
    """Ids in the place of random ones: for each request the same, whichever way it goes."""

    def __init__(self) -> None:
        self.request, self.number = 0, 0

    def again(self) -> None:
        """From the first of this request on: what the short way took was in vain."""
        self.number = 0

    def __call__(self) -> UUID:
        self.number += 1
        return UUID(int=0x01900000_0000_7000_8000_000000000000 + self.request * 1000 + self.number)


IDS = _Ids()


def _told(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], Any]:
    """All that an answer says, but for what names this one alone."""
    headers = sorted(
        (name, _MOMENTARY.sub("", value))
        for name, value in answer.headers.multi_items()
        if name not in OF_ONE_ANSWER
    )
    content: Any = answer.content
    if content and answer.headers.get("content-type") == "application/problem+json":
        content = {**answer.json(), "instance": None}
    return answer.status_code, headers, content


def _rows(url: str) -> list[tuple[str, str]]:
    every = " UNION ALL ".join(f"SELECT '{table}', t::text FROM \"{table}\" t" for table in metadata.tables)
    return sorted(tuple(row) for row in sql(url, every))


@contextmanager
def prepared(
    postgres: str, settings: Settings, clients: Any, prepare: Callable[[World], None]
) -> Iterator[tuple[str, Clock]]:
    """The name of a database as `prepare` left it, by the long ways, from 15 June 2021 on; and its moment."""
    name = f"test_{uuid4().hex}"
    sql(postgres, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    long = settings.model_copy(update={"fast_connections": 0})
    with _world(
        long, at_database(postgres, name), clients, Clock(datetime(2021, 6, 15, 7, tzinfo=UTC))
    ) as world:
        prepare(world)
        moment = world.app.state.clock
    yield name, moment
    sql(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def pair(postgres: str, template: str, settings: Settings, clients: Any, clock: Clock) -> Iterator[Pair]:
    """Both, on copies of the database `template`, at the moment of `clock`."""
    names = [f"test_{uuid4().hex}" for _ in range(2)]
    ways = settings, settings.model_copy(update={"fast_connections": 0})
    try:
        with ExitStack() as stack:
            worlds = []
            for name, way in zip(names, ways, strict=True):
                sql(postgres, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
                worlds.append(stack.enter_context(_world(way, at_database(postgres, name), clients, clock)))
            short, long = worlds
            yield Pair(short, long, _gate(short.app))
    finally:
        for name in names:
            sql(postgres, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def _world(settings: Settings, url: str, clients: Any, clock: Clock) -> Iterator[World]:
    app = create_app(settings, url)
    app.state.clock = clock
    with Http(app) as http:
        yield World(app, http, clients, url)


def _gate(app: FastAPI) -> _Gate:
    """A gate, set behind the application's short ways."""
    app.middleware_stack = layer = app.build_middleware_stack()
    while not isinstance(layer, Fast):
        layer = layer.app  # type: ignore[attr-defined]
    layer.app = gate = _Gate(layer.app)
    return gate
