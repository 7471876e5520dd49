"""What every route refuses by itself: queries, bodies and patches that it would read in part or wrongly."""

import codecs
import json
from collections.abc import Container, Iterable, Iterator
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes, urlencode

from fastapi import Depends, Header, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, ConfigDict, create_model
from pydantic_core import PydanticCustomError
from starlette.routing import BaseRoute

from app.core.http import refusals
from app.core.problems import Fault, InvalidInput, UnsupportedMediaType

JSON = "application/json"
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
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
    """A dependency that finds fault with every part of the query that the route does not read, or reads once.

    It is a model that knows the route's names and forbids others, so that its faults are told together
    with all the other ones.
    """
    members: dict[str, Any] = {
        f"known_{n}": (Annotated[list[Any], AfterValidator(_once), Query(alias=name)], [])
        for n, name in enumerate(sorted(_query_defaults(route.dependant)))
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
        request.state.query_is_known = True

    only_known.__annotations__["_query"] = Annotated[known, Query(include_in_schema=False)]
    return only_known


def _query_defaults(dependant: Dependant) -> dict[str, Any]:
    """The names that a route reads in the query, each with the value that it has when it is left out."""
    found = {field.alias: field.field_info.default for field in dependant.query_params}
    for below in dependant.dependencies:
        found |= _query_defaults(below)
    return found


def _once(values: list[Any]) -> list[Any]:
    if len(values) > 1:
        raise PydanticCustomError("repeated", "Input should be given once")
    return values


def query_is_known(request: Request) -> bool:
    """Whether nothing is wrong with the names in the query; otherwise the request is going to be refused."""
    return getattr(request.state, "query_is_known", False)


def conditions_are_short(request: Request) -> bool:
    """Whether no condition is longer than its route takes; otherwise the request is going to be refused."""
    taken = set(_header_names(request.scope["route"].dependant)) & {"If-Match", "If-None-Match"}
    return all(len(request.headers.get(name, "")) <= LONGEST_CONDITION for name in taken)


def _header_names(dependant: Dependant) -> Iterator[str]:
    """The names of the headers that a route reads."""
    yield from (field.alias for field in dependant.header_params)
    for below in dependant.dependencies:
        yield from _header_names(below)


def query_as_read(request: Request, but: Container[str]) -> str:
    """Path and query as the route reads them: a default counts as left out, what is unknown not at all."""
    defaults = _query_defaults(request.scope["route"].dependant)
    read = [
        (name, value)
        for name, value in sorted(request.query_params.multi_items())
        if name not in but and name in defaults and value != defaults[name]
    ]
    return urlencode([("", request.url.path), *read])


async def _a_form(request: Request) -> None:
    """Refuse what is no form, which would be taken for an empty one; `error` is OAuth's word for it.

    The framework reads a multipart form too, and has read the body by now.
    """
    kind = _kind(request)
    if kind == MULTIPART or (kind != FORM and await request.body()):
        detail = f"Send the body as {FORM}, with that Content-Type."
        raise UnsupportedMediaType(detail, headers={"Accept": FORM}, error="invalid_request")


async def _clear_json(request: Request) -> None:
    """Refuse what is no JSON, and JSON that not every reader reads alike (RFC 8259, sections 4 and 8.1)."""
    body = await request.body()
    if not body:
        return
    kind = _kind(request)
    is_patch = request.method == "PATCH" and kind.startswith("application/") and kind.endswith("+json")
    if kind != JSON and not is_patch:
        raise UnsupportedMediaType(
            f"Send the body as {JSON}, with that Content-Type.", headers={"Accept": JSON}
        )
    if body.startswith(codecs.BOM_UTF8):
        raise _unclear(detail="The body begins with a byte order mark; send it without.")
    try:
        said = json.loads(body.decode(), object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise InvalidInput([refusals.unreadable(error)]) from error
    if said is None:
        # Where a body may be left out, the framework would take null for none.
        raise _unclear(detail="The body is null; send an object.")


def _each_once(members: list[tuple[str, object]]) -> bool:
    """True, for only the names count; InvalidInput when one of them stands twice."""
    seen = set()
    for name, _ in members:
        if name in seen:
            raise _unclear(detail=f"The body has {json.dumps(name[:100])} twice in one object.")
        seen.add(name)
    return True


def _unclear(detail: str) -> InvalidInput:
    return InvalidInput([Fault(pointer="#", code="json-invalid", detail=detail)])


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
