"""What every route refuses by itself: queries, bodies and patches that it would read in part or wrongly."""

import json
from collections.abc import Container, Iterable
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Header, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, create_model
from starlette.routing import BaseRoute

from app.core.problems import Fault, InvalidInput, UnsupportedMediaType

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MERGE_PATCH = "application/merge-patch+json"
LONGEST_CONDITION = 4000  # characters of If-Match or If-None-Match


def refuse_what_is_unknown(routes: Iterable[BaseRoute], *, any_query: Container[str | None] = ()) -> None:
    """Make each route refuse what it does not read; `any_query` names the operations that take any query."""
    for route in routes:
        if isinstance(route, APIRoute):
            if route.operation_id not in any_query:
                route.dependencies.append(Depends(_only_known(route)))
            if route.body_field is not None:
                is_form = isinstance(route.body_field.field_info, Form)
                route.dependencies.append(Depends(_a_form if is_form else _clear_json))
            if "PATCH" in (route.methods or ()):
                route.dependencies.append(Depends(_merge_patch))
            if "GET" in (route.methods or ()):
                route.dependencies.append(Depends(_of_bounded_length))


def _only_known(route: APIRoute) -> Any:
    """A dependency that finds fault with every part of the query that the route does not read.

    It is a model that knows the route's names and forbids others, so that its faults are told together
    with all the other ones.
    """
    names = sorted(_query_names(route.dependant))
    members: dict[str, Any] = {
        f"known_{n}": (Annotated[Any, Query(alias=name)], None) for n, name in enumerate(names)
    }
    known: type[BaseModel] = create_model("Known", __config__=ConfigDict(extra="forbid"), **members)

    async def only_known(request: Request, _query: Any) -> None:
        try:
            unquote_to_bytes(request.scope["query_string"]).decode()
        except UnicodeDecodeError as error:
            fault = Fault(
                pointer="#", location="query", code="string-unicode", detail="The query is not UTF-8."
            )
            raise InvalidInput([fault]) from error

    only_known.__annotations__["_query"] = Annotated[known, Query(include_in_schema=False)]
    return only_known


def _query_names(dependant: Dependant) -> set[str]:
    own = {field.alias for field in dependant.query_params}
    return own.union(*map(_query_names, dependant.dependencies))


async def _a_form(request: Request) -> None:
    """Refuse what is no form, which would be taken for an empty one; `error` is OAuth's word for it."""
    if _kind(request) != FORM and await request.body():
        detail = f"Send the body as {FORM}, with that Content-Type."
        raise UnsupportedMediaType(detail, headers={"Accept": FORM}, error="invalid_request")


async def _clear_json(request: Request) -> None:
    """Refuse what is no JSON, and JSON that not every reader reads alike (RFC 8259, sections 4 and 8.1)."""
    body = await request.body()
    if not body:
        return
    kind = _kind(request)
    if kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType(
            f"Send the body as {JSON}, with that Content-Type.", headers={"Accept": JSON}
        )
    try:
        json.loads(body.decode(), object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        detail = f"The body is not clear JSON: {error}."
        raise InvalidInput([Fault(pointer="#", code="json-invalid", detail=detail)]) from error


def _each_once(members: list[tuple[str, object]]) -> None:
    """Nothing, for only the names count; ValueError when one of them stands twice."""
    seen = set()
    for name, _ in members:
        if name in seen:
            raise ValueError(f"{json.dumps(name[:100])} stands twice in one object")
        seen.add(name)


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _of_bounded_length(
    _none_match: Annotated[
        str, Header(alias="If-None-Match", max_length=LONGEST_CONDITION, include_in_schema=False)
    ] = "",
) -> None:
    """Refuse a longer condition than the contract allows; `conditional.py` reads it."""


async def _merge_patch(request: Request) -> None:
    """Refuse what is JSON but another kind of patch, such as application/json-patch+json (RFC 6902)."""
    kind = _kind(request)
    if kind.endswith("+json") and kind != MERGE_PATCH:
        detail = f"Send the change as {MERGE_PATCH} or {JSON}."
        raise UnsupportedMediaType(detail, headers={"Accept-Patch": f"{MERGE_PATCH}, {JSON}"})
