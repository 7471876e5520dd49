"""Operations that will go, in a small application, for nothing of ours is deprecated yet."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, HTTPException, Response
from fastapi.routing import APIRoute

from app import main
from app.core.http import deprecation
from app.core.http.deprecation import Deprecation, Deprecations
from tests.world import Http

OLD = Deprecation(
    since=datetime(2027, 1, 1, tzinfo=UTC),
    sunset=datetime(2028, 1, 1, tzinfo=UTC),
    policy="https://register.example/changes",
    successor="/v2/things",
)
DEPRECATED = {"listThings": OLD}


def small() -> FastAPI:
    """An application with an old operation, and one that stays."""
    router = APIRouter()

    @router.get("/v1/things", operation_id="listThings")
    async def list_things(response: Response, page: int = 1) -> list[str]:
        if page > 2:
            raise HTTPException(404)
        response.headers["Link"] = '</v1/things?page=2>; rel="next"'
        return ["one"]

    @router.get("/v1/others", operation_id="listOthers")
    async def list_others() -> list[str]:
        return []

    deprecation.mark(router.routes, DEPRECATED)
    app = FastAPI()
    app.include_router(router)
    app.add_middleware(Deprecations, deprecated=DEPRECATED)
    return app


def told(headers: Any) -> tuple[str | None, str | None, list[str]]:
    return headers.get("deprecation"), headers.get("sunset"), headers.get_list("link")


def test_an_old_operation_says_so_in_whatever_it_answers() -> None:
    links = [
        '<https://register.example/changes>; rel="deprecation"; type="text/html"',
        '<https://register.example/changes>; rel="sunset"',
        '</v2/things>; rel="successor-version"',
    ]
    with Http(small()) as http:
        for query, status, own in (
            ("", 200, ['</v1/things?page=2>; rel="next"']),
            ("?page=3", 404, []),
            ("?page=x", 422, []),
        ):
            answer = http.get(f"/v1/things{query}")
            assert answer.status_code == status
            assert told(answer.headers) == ("@1798761600", "Sat, 01 Jan 2028 00:00:00 GMT", own + links)
        for path in ("/v1/others", "/v1/nothing"):
            assert told(http.get(path).headers) == (None, None, [])


def test_the_document_shows_it() -> None:
    paths = small().openapi()["paths"]
    assert paths["/v1/things"]["get"]["deprecated"] is True
    assert "deprecated" not in paths["/v1/others"]["get"]


def test_what_is_not_there_is_not_deprecated() -> None:
    with pytest.raises(KeyError, match="listNothing"):
        deprecation.mark([], {"listNothing": OLD})


def test_nothing_goes_within_a_year() -> None:
    day = timedelta(days=1)
    assert Deprecation(OLD.since, OLD.since + 365 * day, OLD.policy).links()[-1].endswith('rel="sunset"')
    with pytest.raises(ValueError, match="365 days"):
        Deprecation(OLD.since, OLD.since + 364 * day, OLD.policy)


def test_what_is_deprecated_is_shown_and_told_alike() -> None:
    routes = [route for router in main.ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert {route.operation_id for route in routes if route.deprecated} == set(main.DEPRECATED)
