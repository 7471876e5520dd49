"""How routers answer: with a tag, an address, or a page that links to the next."""

from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import Request, Response

from app.core import etags
from app.core.language import Language
from app.core.paging import Page
from app.core.problems import Problem, ProblemDocument
from app.core.values import Output

One = TypeVar("One", bound=Output)
Many = TypeVar("Many", bound=Page[Any])
Sent = TypeVar("Sent", bound=Response)


def tagged(response: Response, body: One) -> One:
    """`body`, with its entity tag."""
    response.headers["ETag"] = etags.of(body)
    return body


def spoken(response: Sent, language: Language) -> Sent:
    """`response`, which holds words in `language`; another reader may get others."""
    response.headers["Content-Language"] = language
    response.headers.append("Vary", "Accept-Language")
    return response


def created(response: Response, path: str, body: One) -> One:
    """`body`, with its address (relative to the server) and its entity tag."""
    response.headers["Location"] = path
    return tagged(response, body)


def page(request: Request, response: Response, body: Many) -> Many:
    """`body`, with a Link header (RFC 8288) to the next page when there is one."""
    if body.next_cursor:
        query = [(key, value) for key, value in request.query_params.multi_items() if key != "cursor"]
        following = urlencode([*query, ("cursor", body.next_cursor)])
        response.headers["Link"] = f'<{request.url.path}?{following}>; rel="next"'
    return body


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may refuse in these ways, for the OpenAPI document."""
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        titles.setdefault(kind.status, []).append(kind.title)
    return {
        status: {"model": ProblemDocument, "description": "; ".join(dict.fromkeys(names))}
        for status, names in titles.items()
    }
