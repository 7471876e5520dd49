"""Structured logs: one JSON object a line on standard error, with the request's id."""

import json
import logging
import sys
from typing import Any

import pydantic_core
import structlog


def configure(level: str) -> None:
    """Send our own log lines and those of libraries (from warning on) the same way."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_line)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(serializer=_line), foreign_pre_chain=shared
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _line(said: dict[str, Any], **_: Any) -> str:
    """As JSON: a line for each request is what a short one spends most on, so not by the standard library."""
    try:
        return pydantic_core.to_json(said, fallback=repr).decode()
    except pydantic_core.PydanticSerializationError:  # text that is not Unicode, such as half a character
        return json.dumps(said, default=repr)
