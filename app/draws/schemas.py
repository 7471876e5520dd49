"""What goes in and out about draws."""

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.core.values import Input, Moment, Output, Text
from app.draws.models import DrawStatus


class VoidReason(Input):
    """Why a draw does not count."""

    reason: Text = Field(examples=["Een aanmelding ontbrak op de lijst."])


class DrawQuota(Output):
    """The seats of this draw that a partner gets at least and at most."""

    organisation: str
    minimum: int
    maximum: int


class Candidate(Output):
    """A candidate under a random label; names are not public."""

    label: str
    partner: str
    chance: str = Field(description="of a seat, as a fraction", examples=["20/27"])


class Lot(Output):
    """What the draw gave a candidate."""

    label: str
    lot: int = Field(description="place in the order of the draw, from 1")
    outcome: Literal["placed", "waitlisted"]


class DrawRead(Output):
    """The public record of a draw."""

    model_config = ConfigDict(title="Draw")

    id: UUID
    edition: str
    status: DrawStatus
    method: str
    draw_needed: bool = Field(description="false when everybody gets a seat")
    seats: int
    quotas: list[DrawQuota]
    candidates: list[Candidate]
    list_hash: str = Field(description="SHA-256 of the frozen list, hexadecimal")
    seed_hash: str = Field(description="SHA-256 of the seed, published before the draw is run")
    seed: str | None = Field(description="hexadecimal; published when the draw is run")
    lots: list[Lot] = Field(description="in the order of the draw; empty until it is run")
    announced_at: Moment
    run_at: Moment | None
    voided_at: Moment | None
    void_reason: str | None
