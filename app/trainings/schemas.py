"""What goes in and out about trainings, phases, editions and sessions."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from app.core.paging import Page
from app.core.values import WHOLE, Change, Count, Input, Minutes, Moment, Name, Output, Slug, Title
from app.trainings.models import EvidenceKind, Mode
from app.trainings.terms import CarryMode, UnfilledMinimum

AnswerDays = Annotated[int, Field(strict=True, ge=1, le=365), WHOLE]


class TrainingRead(Output):
    """What is taught, and what its certificate asks."""

    model_config = ConfigDict(title="Training", from_attributes=True)

    slug: str = Field(examples=["cultuurcoordinator-vo"])
    title: str
    summary: str
    study_load_hours: int = Field(examples=[40])
    minimum_contact_minutes: int = Field(examples=[1200])
    price_cents: int = Field(description="in euro cents", examples=[75000])


class TrainingPage(Page[TrainingRead]):
    """One page of trainings."""


class PhaseRead(Output):
    """A part of a training that a participant passes."""

    model_config = ConfigDict(title="Phase", from_attributes=True)

    slug: str = Field(examples=["orientatie"])
    training: str
    number: int
    title: str
    summary: str
    yields_product: bool = Field(description="whether the professional product is made in this phase")
    asks: str | None = Field(description="the evidence that it asks, in words for people, in Dutch")
    evidence_kind: EvidenceKind | None = Field(description="the kind of evidence that it asks")


class PhasePage(Page[PhaseRead]):
    """One page of phases, in their order."""


class RegistrationWindowBody(Input):
    """When registrations are taken in: from `opensAt` until just before `closesAt`."""

    opens_at: Moment = Field(examples=["2021-06-08T00:00:00+02:00"])
    closes_at: Moment = Field(
        description="the first moment that is too late", examples=["2021-07-06T00:00:00+02:00"]
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.closes_at <= self.opens_at:
            raise PydanticCustomError("window", "closesAt should come after opensAt")
        return self


class QuotaBody(Input):
    """How many seats a partner gets at least and at most."""

    organisation: Slug = Field(examples=["fleck"])
    minimum: Count = Field(examples=[2])
    maximum: Count = Field(examples=[4])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.maximum < self.minimum:
            raise PydanticCustomError("quota", "maximum should not be under minimum")
        return self


class CarryOverBody(Input):
    """What it brings in a draw to have been drawn out in an earlier edition; nothing unless it is set."""

    mode: CarryMode = Field(examples=["none"])
    weight: Annotated[int, Field(strict=True, ge=2, le=100), WHOLE] | None = Field(
        default=None, description="how many times the chance of others"
    )

    @model_validator(mode="after")
    def _weight_with_its_mode(self) -> Self:
        if (self.mode is CarryMode.WEIGHT) != (self.weight is not None):
            raise PydanticCustomError(
                "carry_over", "weight should be given with the mode weight, and only then"
            )
        return self


_NO_CARRY_OVER = CarryOverBody(mode=CarryMode.NONE)


def _distinct_partners(quotas: list[QuotaBody]) -> list[QuotaBody]:
    if len({quota.organisation for quota in quotas}) < len(quotas):
        raise PydanticCustomError("duplicate", "each organisation should stand in the quotas once")
    return quotas


def _known_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise PydanticCustomError("time_zone", "Input should be a time zone, such as Europe/Amsterdam")
    return name


class EditionCreate(Input):
    """A new edition."""

    slug: Slug = Field(examples=["noord-midden-2027"])
    training: Slug = Field(examples=["cultuurcoordinator-vo"])
    title: Title = Field(examples=["Noord/Midden 2027-2028"])
    region: Name = Field(examples=["Noord/Midden"])
    time_zone: Name = Field(default="Europe/Amsterdam", examples=["Europe/Amsterdam"])
    window: RegistrationWindowBody
    capacity: Count = Field(examples=[20])
    quotas: list[QuotaBody] = Field(default=[], max_length=100)
    providers: list[Slug] = Field(default=[], max_length=20, examples=[["mocca"]])
    forms_due_at: Moment | None = Field(default=None, description="a form not returned by then lapses")
    answer_days: AnswerDays | None = Field(
        default=None, description="days to answer an offered seat; null: no limit"
    )
    unfilled_minimum: UnfilledMinimum = Field(
        default=UnfilledMinimum.RELEASED,
        description="what becomes of the seats of a minimum that too few candidates came for",
    )
    carry_over: CarryOverBody = _NO_CARRY_OVER

    _quotas = field_validator("quotas")(_distinct_partners)
    _zone = field_validator("time_zone")(_known_time_zone)


_UNUSED = datetime(1, 1, 1, tzinfo=UTC)


class RegistrationWindowChange(Change):
    """What to change of the window."""

    # The defaults are never used: only the members that were sent count.
    opens_at: Moment = _UNUSED
    closes_at: Moment = _UNUSED


class EditionChange(Change):
    """What to change of an edition (merge patch): absent stays, null clears where a null can be."""

    title: Title = ""
    region: Name = ""
    window: RegistrationWindowChange = RegistrationWindowChange()
    capacity: Count = 0
    quotas: list[QuotaBody] = Field(default=[], max_length=100)
    providers: list[Slug] = Field(default=[], max_length=20)
    forms_due_at: Moment | None = None
    answer_days: AnswerDays | None = None
    unfilled_minimum: UnfilledMinimum = UnfilledMinimum.RELEASED
    carry_over: CarryOverBody = _NO_CARRY_OVER

    _quotas = field_validator("quotas")(_distinct_partners)


class WindowRead(Output):
    """When registrations are taken in: from `opensAt` until just before `closesAt`."""

    model_config = ConfigDict(title="RegistrationWindow")

    opens_at: Moment
    closes_at: Moment


class QuotaRead(Output):
    """How many seats a partner gets at least and at most."""

    model_config = ConfigDict(title="Quota", from_attributes=True)

    organisation: str
    minimum: int
    maximum: int


class CarryOverRead(Output):
    """What it brings in a draw to have been drawn out in an earlier edition."""

    model_config = ConfigDict(title="CarryOver")

    mode: CarryMode
    weight: int | None


class Seats(Output):
    """How the seats of an edition stand."""

    capacity: int
    taken: int = Field(description="offered or accepted")
    free: int
    waiting: int = Field(description="registrations on the waiting list")


class EditionRead(Output):
    """One run of a training in one region."""

    model_config = ConfigDict(title="Edition")

    slug: str = Field(examples=["noord-midden-2021"])
    training: str
    title: str
    region: str
    time_zone: str
    window: WindowRead
    capacity: int
    quotas: list[QuotaRead]
    providers: list[str]
    seats: Seats
    forms_due_at: Moment | None
    answer_days: int | None
    unfilled_minimum: UnfilledMinimum
    carry_over: CarryOverRead


class EditionPage(Page[EditionRead]):
    """One page of editions."""


class LocationBody(Input):
    """Where a session is held."""

    name: Title | None = Field(default=None, examples=["Het Theater"])
    city: Name = Field(examples=["Utrecht"])
    address: Title | None = Field(default=None, examples=["Cultuurplein 1"])


class SessionCreate(Input):
    """A new session; without times it is unscheduled."""

    title: Title = Field(examples=["Bijeenkomst 1"])
    mode: Mode
    editions: list[Slug] = Field(min_length=1, max_length=50, examples=[["noord-midden-2021"]])
    starts_at: Moment | None = Field(default=None, examples=["2021-10-07T14:30:00+02:00"])
    ends_at: Moment | None = Field(default=None, examples=["2021-10-07T17:30:00+02:00"])
    contact_minutes: Minutes | None = Field(default=None, description="null: the whole duration counts")
    phase: Slug | None = Field(default=None, examples=["orientatie"])
    location: LocationBody | None = None


class LocationChange(Change):
    """What to change of where a session is held."""

    name: Title | None = None
    city: Name = ""
    address: Title | None = None


class SessionChange(Change):
    """What to change of a session (merge patch): absent stays, null clears where a null can be."""

    title: Title = ""
    mode: Mode = Mode.PHYSICAL
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    contact_minutes: Minutes | None = None
    phase: Slug | None = None
    location: LocationChange | None = None


class LocationRead(Output):
    """Where a session is held."""

    model_config = ConfigDict(title="Location")

    name: str | None
    city: str | None
    address: str | None


class SessionRead(Output):
    """A meeting of one or more editions."""

    model_config = ConfigDict(title="Session")

    id: UUID
    title: str
    mode: Mode
    status: Literal["planned", "unscheduled", "cancelled"]
    starts_at: Moment | None
    ends_at: Moment | None
    contact_minutes: int = Field(description="the minutes that it can count for", examples=[180])
    phase: str | None
    location: LocationRead | None
    editions: list[str]


class SessionPage(Page[SessionRead]):
    """One page of sessions, in the order in which they are held; unscheduled ones last."""
