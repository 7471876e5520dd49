"""What goes in and out about draws. The record's members are those of docs/draw-protocol.md."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.core.values import WHOLE, Input, Moment, Output, Text, Title
from app.draws.models import DrawStatus
from app.registrations.lifecycle import Status
from app.trainings.terms import CarryMode, UnfilledMinimum

LAST_ROUND = 10**10  # in the year 2974
Signature = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{96}$")]


class BeaconWanted(Input):
    """Where the random value is to come from, at least an hour ahead.

    `drand`: a round of that public beacon (quicknet), by its number or by its time. `public-source`: a named
    source, for where no beacon will do; people have to look its value up themselves.
    """

    kind: Literal["drand", "public-source"] = Field(examples=["drand"])
    round: Annotated[int, Field(strict=True, ge=1, le=LAST_ROUND), WHOLE] | None = Field(
        default=None, description="of drand"
    )
    at: Moment | None = Field(default=None, description="the first round of drand from this moment on")
    source: Title | None = Field(default=None, description="the name of the public source")
    field: Title | None = Field(default=None, description="the exact field in it")
    available_at: Moment | None = Field(default=None, description="when the public source will say it")


class DrawAnnounce(Input):
    """How a draw is to be held; without it, by the first drand round that is an hour ahead."""

    beacon: BeaconWanted | None = None
    publish_at: Moment | None = Field(
        default=None, description="when everybody hears the result; without it somebody publishes it by hand"
    )


class DrawRun(Input):
    """The random value: a drand round's signature, or what the public source says."""

    signature: Signature | None = Field(default=None, description="of the announced round, hexadecimal")
    value: Title | None = Field(default=None, description="the text of the announced field")


class RehearsalStart(Input):
    """The value to rehearse with; without it the server makes one."""

    value: Title | None = Field(default=None, examples=["proefloting 1"])


class VoidReason(Input):
    """Why a draw does not count."""

    reason: Text = Field(examples=["Een aanmelding ontbrak op de lijst."])


class DrandBeacon(Output):
    """The round of drand (quicknet) that decides."""

    kind: Literal["drand"]
    chain: str
    round: int
    round_at: Moment


class PublicSource(Output):
    """The public source that decides."""

    kind: Literal["public-source"]
    source: str
    field: str
    available_at: Moment


class DrawQuota(Output):
    """The seats of this draw that a partner gets at least and at most."""

    organisation: str
    minimum: int
    maximum: int


class DrawCarryOver(Output):
    """What it brings to have been drawn out in an earlier edition."""

    mode: CarryMode
    weight: int | None


class ListedCandidate(Output):
    """A candidate under a random label; names are not public."""

    label: str = Field(examples=["5f0c1de2a49b7783"])
    partner: str
    carried_over: bool
    chance: str = Field(description="of a seat, as a fraction", examples=["20/27"])


class FrozenList(Output):
    """The terms and the candidates, fixed and hashed before the random value exists."""

    protocol: Literal["cultuurcoordinator-draw-1"]
    draw: UUID
    edition: str
    announced_at: Moment
    publish_at: Moment | None
    beacon: Annotated[DrandBeacon | PublicSource, Field(discriminator="kind")] | None
    seats: int
    quotas: list[DrawQuota]
    unfilled_minimum: UnfilledMinimum
    carry_over: DrawCarryOver
    earlier_draws: list[UUID]
    candidates: list[ListedCandidate]


class DrawGroup(Output):
    """Candidates who have the same chance."""

    partner: str
    carried_over: bool
    candidates: int
    chance: str
    expected_seats: str


class Shortage(Output):
    """A minimum that too few candidates came for, and what became of its seats."""

    organisation: str
    seats: int
    became: UnfilledMinimum


class RandomValue(Output):
    """Where the result comes from."""

    signature: str | None
    value: str | None
    randomness: str = Field(description="SHA-256 of the signature or the value, hexadecimal")


class GroupSeats(Output):
    """The whole seats that a group got."""

    partner: str
    carried_over: bool
    seats: int


class LotOutcome(StrEnum):
    """What a draw decides about a candidate."""

    PLACED = "placed"
    WAITLISTED = "waitlisted"


class LotRead(Output):
    """What the draw gave a candidate."""

    model_config = ConfigDict(title="DrawnLot")

    label: str
    lot: int | None = Field(description="place in the order of the draw, from 1; null when nothing was drawn")
    outcome: LotOutcome
    number: int | None = Field(description="of the seat, or the place on the waiting list")


class Outcome(Output):
    """The random value and the result."""

    random: RandomValue | None
    seats: list[GroupSeats]
    lots: list[LotRead]
    withdrawn: list[str] = Field(description="candidates who had left when the result was published")


class DrawRead(Output):
    """The public record of a draw: everything that it takes to recompute it, without names."""

    model_config = ConfigDict(title="Draw")

    id: UUID
    edition: str
    status: DrawStatus | Literal["rehearsal"]
    draw_needed: bool = Field(description="false when everybody gets a seat: no draw was needed")
    announced_at: Moment
    drawable_at: Moment = Field(description="from when the draw can be run")
    publish_at: Moment | None
    run_at: Moment | None
    published_at: Moment | None
    voided_at: Moment | None
    void_reason: str | None
    machine_checked: bool = Field(description="whether the server can check the random value: drand only")
    groups: list[DrawGroup]
    shortages: list[Shortage]
    list_hash: str = Field(description="SHA-256 of `list` in the canonical form of RFC 8785, hexadecimal")
    outcome_hash: str | None = Field(description="SHA-256 of `outcome` in canonical form")
    record_hash: str = Field(
        description="SHA-256 of the canonical form of this object without `list`, `outcome` and `recordHash`"
    )
    list: FrozenList
    outcome: Outcome | None = Field(description="null until it is published")


class PassedOver(Output):
    """How often a seat went to somebody further down the list, and why."""

    times: int
    why: Literal["partner-at-maximum", "other-partner-under-minimum"]


class DrawReceipt(Output):
    """What a draw meant for one applicant."""

    edition: str
    edition_title: str
    draw: UUID
    draw_url: str
    status: DrawStatus
    list_hash: str
    label: str = Field(description="the applicant's own label in the public record")
    partner: str
    chance: str
    lot: int | None
    outcome: LotOutcome | None = Field(description="null until it is published")
    number: int | None = Field(description="of the seat, or the place on the waiting list that was drawn")
    seats: int
    place_in_line: int | None = Field(description="the place on the waiting list as it stands now")
    passed_over: list[PassedOver]
    registration_status: Status
    why: list[str] = Field(description="the same in words, in the reader's language")
