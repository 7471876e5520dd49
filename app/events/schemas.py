"""What the audit trail shows."""

from typing import Any

from pydantic import ConfigDict, Field

from app.core.paging import Page
from app.core.values import Moment, Output


class EventRead(Output):
    """One event."""

    model_config = ConfigDict(title="Event", from_attributes=True)

    id: int = Field(examples=[17])
    type: str = Field(examples=["registration.received"])
    subject: str = Field(description="id of what it happened to")
    edition: str | None
    partner: str | None
    actor: str = Field(description="id of the client that acted; `system` for the register itself")
    at: Moment
    origin: str | None = Field(
        default=None,
        description="where the request came from: a client's address, a person's network; for administrators",
        examples=["203.0.113.7"],
    )
    data: dict[str, Any]


class EventPage(Page[EventRead]):
    """One page of events, oldest first."""

    model_config = ConfigDict(title="EventPage")
