"""What every route refuses by itself: parts of a query that it does not know, patches of another kind."""

from collections.abc import Container, Iterable
from typing import Annotated, Any

from fastapi import Depends, Header, Query
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, create_model
from starlette.routing import BaseRoute

from app.core.problems import UnsupportedMediaType

MERGE_PATCH = "application/merge-patch+json"


def refuse_what_is_unknown(routes: Iterable[BaseRoute], *, any_query: Container[str | None] = ()) -> None:
    """Make each route refuse what it does not read; `any_query` names the operations that take any query."""
    for route in routes:
        if isinstance(route, APIRoute):
            if route.operation_id not in any_query:
                route.dependencies.append(Depends(_only_known(route)))
            if "PATCH" in (route.methods or ()):
                route.dependencies.append(Depends(_merge_patch))


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

    async def only_known(_query: Any) -> None:
        pass

    only_known.__annotations__["_query"] = Annotated[known, Query(include_in_schema=False)]
    return only_known


def _query_names(dependant: Dependant) -> set[str]:
    own = {field.alias for field in dependant.query_params}
    return own.union(*map(_query_names, dependant.dependencies))


async def _merge_patch(content_type: Annotated[str, Header(include_in_schema=False)] = "") -> None:
    """Refuse what is JSON but another kind of patch, such as application/json-patch+json (RFC 6902)."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith("+json") and kind != MERGE_PATCH:
        detail = f"Send the change as {MERGE_PATCH} or application/json."
        raise UnsupportedMediaType(detail, headers={"Accept-Patch": f"{MERGE_PATCH}, application/json"})
