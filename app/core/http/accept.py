"""Whether a request asks for a page for people, by its Accept header (RFC 9110, section 12.5.1)."""

from typing import Annotated, Any

from fastapi import Depends, Request

PAGE, DATA = "text/html", "application/json"
Answers = dict[int | str, dict[str, Any]]


def or_page(answers: Answers, *statuses: int) -> Answers:
    """The `responses` of a route, which has a page too for these statuses."""
    content = {"content": {PAGE: {"schema": {"type": "string"}}}}
    return {**answers, **{status: {**answers.get(status, {}), **content} for status in statuses}}


def wants_page(accept: str) -> bool:
    """Whether HTML is named, and liked at least as well as JSON; browsers name it, programs seldom do."""
    likings = dict(map(_liking, accept.split(",")))
    page = likings.get(PAGE, likings.get("text/*", 0.0))
    data = likings.get(DATA, likings.get("application/*", likings.get("*/*", 0.0)))
    return page > 0 and page >= data


def prefers(request: Request, kind: str) -> bool:
    """Whether the request names a media type, and likes it at least as well as JSON."""
    likings = dict(map(_liking, _accepted(request).split(",")))
    named = likings.get(kind, 0.0)
    data = likings.get(DATA, 0.0)
    return named > 0 and named >= data


def _accepted(request: Request) -> str:
    """Its Accept header, which may have come in several lines."""
    return ", ".join(request.headers.getlist("accept"))


def _liking(part: str) -> tuple[str, float]:
    """A media range, and its weight: from 0 (not at all) to 1."""
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weights = [value for name, _, value in (one.partition("=") for one in parameters) if name.strip() == "q"]
    try:
        return kind, min(max(float(weights[0]), 0.0), 1.0) if weights else 1.0
    except ValueError:
        return kind, 0.0


def is_for_people(request: Request) -> bool:
    """Whether the request asks for a page."""
    return wants_page(_accepted(request))


async def _for_people(request: Request) -> bool:
    return is_for_people(request)


ForPeople = Annotated[bool, Depends(_for_people)]
