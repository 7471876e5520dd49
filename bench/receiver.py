"""A receiver of webhooks to measure with: it notes what came in and when, and answers at once."""

import json
import time
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

came: list[tuple[float, float]] = []


async def take(request: Request) -> Response:
    """Note when an event happened, and when it came in."""
    arrived = time.time()
    said = json.loads(await request.body())
    came.append((datetime.fromisoformat(said["timestamp"]).timestamp(), arrived))
    return Response(status_code=204)


async def figures(_: Request) -> JSONResponse:
    """Everything that came in since this was last asked."""
    found = came[:]
    del came[: len(found)]
    return JSONResponse(found)


async def count(_: Request) -> JSONResponse:
    """How many came in."""
    return JSONResponse(len(came))


app = Starlette(
    routes=[
        Route("/hook/{number}", take, methods=["POST"]),
        Route("/figures", figures),
        Route("/count", count),
    ]
)
