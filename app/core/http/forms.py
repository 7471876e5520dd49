"""Bodies that pages for people send: a form, without JavaScript, to a route that reads JSON."""

import json
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.types import Message

from app.core.http.strictness import FORM, JSON
from app.core.problems import Fault, InvalidInput


def is_form(request: Request) -> bool:
    """Whether a page sent it."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM


async def as_json(request: Request) -> Request:
    """The same request, with the fields of its form as the members of a JSON object; empty ones left out.

    Raises InvalidInput for a form that is not clear.
    """
    try:
        members = _members((await request.body()).decode())
    except ValueError as error:
        detail = "The form is not clear: each field once, as UTF-8."
        raise InvalidInput([Fault(pointer="#", code="form-invalid", detail=detail)]) from error
    content = json.dumps(members).encode()
    replaced = {b"content-type": JSON.encode(), b"content-length": str(len(content)).encode()}
    headers = [(name, replaced.get(name, value)) for name, value in request.scope["headers"]]

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    scope: dict[str, Any] = {**request.scope, "headers": headers}
    return Request(scope, receive)


def _members(form: str) -> dict[str, str]:
    """The fields of a form; ValueError when one stands twice, or it is none."""
    pairs = parse_qsl(form, strict_parsing=True, errors="strict", max_num_fields=100)
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a field stands twice")
    return members
