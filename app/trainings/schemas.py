"""What goes in and out about trainings, phases, editions and sessions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from app.core.paging import Page
from app.core.values import (
    WHOLE,
    Change,
    Count,
    Flag,
    Input,
    Minutes,
    Moment,
    Name,
    Output,
    Slug,
    Text,
    Title,
)
from app.trainings.prices import VatCategory
from app.trainings.terms import (
    RETENTION,
    CarryMode,
    EvidenceKind,
    FormPart,
    Mode,
    Retained,
    SessionStatus,
    UnfilledMinimum,
)

AnswerDays = Annotated[int, Field(strict=True, ge=1, le=365), WHOLE]
ReminderDays = Annotated[int, Field(strict=True, ge=1, le=60), WHOLE]
Cents = Annotated[int, Field(strict=True, ge=0, le=10_000_000), WHOLE]
Percent = Annotated[int, Field(strict=True, ge=0, le=100), WHOLE]
# Of the VATEX code list (CEF), such as VATEX-EU-132-1I: vocational training.
VatexCode = Annotated[str, Field(pattern=r"^VATEX-[A-Z0-9]{2,6}(-[A-Z0-9]{1,6}){0,3}$")]


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


class VatBody(Input):
    """How VAT is charged: category E (exempt, with the reason) or S (at a rate), as EN 16931 names them."""

    category: VatCategory = Field(examples=["E"])
    rate_percent: Percent = Field(default=0, description="0 for category E", examples=[0])
    exemption_reason: Title | None = Field(
        default=None,
        description="stands on the invoice; for category E, and only then",
        examples=["Vrijgesteld van btw: onderwijs (artikel 11, lid 1, onderdeel o, Wet OB 1968)"],
    )
    exemption_reason_code: VatexCode | None = Field(default=None, examples=["VATEX-EU-132-1I"])
    price_includes_vat: Flag = Field(default=False, description="whether the price has the VAT in it")

    @model_validator(mode="after")
    def _as_its_category_asks(self) -> Self:
        exempt = self.category is VatCategory.EXEMPT
        if exempt != (self.exemption_reason is not None) or (not exempt and self.exemption_reason_code):
            raise PydanticCustomError(
                "exemption_reason", "exemptionReason should be given with category E, and only then"
            )
        if exempt != (self.rate_percent == 0):
            raise PydanticCustomError("rate", "ratePercent should be 0 with category E, and above 0 with S")
        return self


_NO_CARRY_OVER = CarryOverBody(mode=CarryMode.NONE)


Months = Annotated[int, Field(strict=True, ge=1, le=240), WHOLE]
# Seven years, to the end of the year in which the last invoice fell.
FiscalMonths = Annotated[int, Field(strict=True, ge=84, le=240), WHOLE]


# What each term is of, and from when it runs.
_OF: Mapping[str, str] = {
    "unsuccessful": "a registration that came to nothing, since its last step or the end of the window",
    "motivation": "the motivation, since the last session",
    "forms": "the enrolment form's answers, since the last session",
    "attendance": "the detail of attendance, since the last session; the minutes that count stay",
    "evidence": "what was handed in, files too, and feedback, since the last session",
    "messages": "which messages were sent, since they were made",
    "participants": "everything of who took part, since the last session; certificates and invoices stay",
    "invoices": "invoices, since the end of the year that they are of",
}


class RetentionBody(Input):
    """For how many months what is known of people is kept, from the moment that it had served."""

    unsuccessful: Months = Field(default=RETENTION[Retained.UNSUCCESSFUL], description=_OF["unsuccessful"])
    motivation: Months = Field(default=RETENTION[Retained.MOTIVATION], description=_OF["motivation"])
    forms: Months = Field(default=RETENTION[Retained.FORMS], description=_OF["forms"])
    attendance: Months = Field(default=RETENTION[Retained.ATTENDANCE], description=_OF["attendance"])
    evidence: Months = Field(default=RETENTION[Retained.EVIDENCE], description=_OF["evidence"])
    messages: Months = Field(default=RETENTION[Retained.MESSAGES], description=_OF["messages"])
    participants: Months = Field(default=RETENTION[Retained.PARTICIPANTS], description=_OF["participants"])
    invoices: FiscalMonths = Field(default=RETENTION[Retained.INVOICES], description=_OF["invoices"])


def _distinct_partners(quotas: list[QuotaBody]) -> list[QuotaBody]:
    if len({quota.organisation for quota in quotas}) < len(quotas):
        raise PydanticCustomError("duplicate", "each organisation should stand in the quotas once")
    return quotas


def _farthest_first(days: list[int]) -> list[int]:
    """Each day once, in the order in which they come."""
    return sorted(set(days), reverse=True)


def _each_once(parts: list[FormPart]) -> list[FormPart]:
    return [part for part in FormPart if part in parts]


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
    form_reminder_days: list[ReminderDays] = Field(
        default=[7, 2],
        max_length=10,
        description="how many days before `formsDueAt` who has not returned the form is reminded",
    )
    form_required: list[FormPart] = Field(
        default=[], max_length=10, description="what the form asks beside what it always does"
    )
    answer_days: AnswerDays | None = Field(
        default=None, description="days to answer an offered seat; null: no limit"
    )
    minimum_contact_minutes: Minutes | None = Field(
        default=None, description="the contact time that a certificate asks; null: the training's"
    )
    unfilled_minimum: UnfilledMinimum = Field(
        default=UnfilledMinimum.RELEASED,
        description="what becomes of the seats of a minimum that too few candidates came for",
    )
    carry_over: CarryOverBody = _NO_CARRY_OVER
    price_cents: Cents | None = Field(
        default=None, description="in euro cents; null: the training's", examples=[75000]
    )
    invoiced_by: Slug | None = Field(
        default=None, description="the organisation that invoices the participants", examples=["mocca"]
    )
    vat: VatBody | None = Field(default=None, description="null: as the organisation that invoices has it")
    mails_applicants: Flag = Field(
        default=True, description="whether the register sends its messages; false where the partners do"
    )
    retention: RetentionBody = RetentionBody()

    _quotas = field_validator("quotas")(_distinct_partners)
    _days = field_validator("form_reminder_days")(_farthest_first)
    _parts = field_validator("form_required")(_each_once)
    _zone = field_validator("time_zone")(_known_time_zone)


_UNUSED = datetime(1, 1, 1, tzinfo=UTC)


class RegistrationWindowChange(Change):
    """What to change of the window."""

    # The defaults are never used: only the members that were sent count.
    opens_at: Moment = _UNUSED
    closes_at: Moment = _UNUSED


class RetentionChange(Change):
    """What to change of how long what is known of people is kept, in months."""

    unsuccessful: Months = Field(default=1, description=_OF["unsuccessful"])
    motivation: Months = Field(default=1, description=_OF["motivation"])
    forms: Months = Field(default=1, description=_OF["forms"])
    attendance: Months = Field(default=1, description=_OF["attendance"])
    evidence: Months = Field(default=1, description=_OF["evidence"])
    messages: Months = Field(default=1, description=_OF["messages"])
    participants: Months = Field(default=1, description=_OF["participants"])
    invoices: FiscalMonths = Field(default=84, description=_OF["invoices"])


class EditionChange(Change):
    """What to change of an edition (merge patch): absent stays, null clears where a null can be."""

    title: Title = ""
    region: Name = ""
    window: RegistrationWindowChange = RegistrationWindowChange()
    capacity: Count = 0
    quotas: list[QuotaBody] = Field(default=[], max_length=100)
    providers: list[Slug] = Field(default=[], max_length=20)
    forms_due_at: Moment | None = None
    form_reminder_days: list[ReminderDays] = Field(default=[], max_length=10)
    form_required: list[FormPart] = Field(default=[], max_length=10)
    answer_days: AnswerDays | None = None
    minimum_contact_minutes: Minutes | None = None
    unfilled_minimum: UnfilledMinimum = UnfilledMinimum.RELEASED
    carry_over: CarryOverBody = _NO_CARRY_OVER
    price_cents: Cents | None = None
    invoiced_by: Slug | None = None
    vat: VatBody | None = None
    mails_applicants: Flag = True
    retention: RetentionChange = RetentionChange()

    _quotas = field_validator("quotas")(_distinct_partners)
    _days = field_validator("form_reminder_days")(_farthest_first)
    _parts = field_validator("form_required")(_each_once)


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


class VatRead(Output):
    """How VAT is charged."""

    model_config = ConfigDict(title="Vat", from_attributes=True)

    category: VatCategory
    rate_percent: int
    exemption_reason: str | None
    exemption_reason_code: str | None
    price_includes_vat: bool


class RetentionRead(Output):
    """For how many months what is known of people is kept, from the moment that it had served."""

    model_config = ConfigDict(title="Retention")

    unsuccessful: int = Field(description=_OF["unsuccessful"])
    motivation: int = Field(description=_OF["motivation"])
    forms: int = Field(description=_OF["forms"])
    attendance: int = Field(description=_OF["attendance"])
    evidence: int = Field(description=_OF["evidence"])
    messages: int = Field(description=_OF["messages"])
    participants: int = Field(description=_OF["participants"])
    invoices: int = Field(description=_OF["invoices"])


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
    form_reminder_days: list[int] = Field(description="days before `formsDueAt`, the farthest first")
    form_required: list[FormPart]
    answer_days: int | None
    minimum_contact_minutes: int = Field(
        description="the contact time that a certificate asks", examples=[1200]
    )
    unfilled_minimum: UnfilledMinimum
    carry_over: CarryOverRead
    price_cents: int = Field(description="in euro cents; the training's unless it has its own")
    invoiced_by: str | None = Field(description="the organisation that invoices the participants")
    vat: VatRead | None = Field(description="null: as the organisation that invoices has it")
    mails_applicants: bool = Field(
        description="whether the register sends its messages; false where the partners do"
    )
    retention: RetentionRead


class EditionPage(Page[EditionRead]):
    """One page of editions."""


class LocationBody(Input):
    """Where a session is held."""

    name: Title | None = Field(default=None, examples=["Het Theater"])
    city: Name = Field(examples=["Utrecht"])
    address: Title | None = Field(default=None, examples=["Cultuurplein 1"])
    travel_note: Text | None = Field(
        default=None, description="how to get there", examples=["10 minuten lopen vanaf het station"]
    )


# A web address as RFC 3986 writes it, without user name or password, over TLS only.
OnlineUrl = Annotated[
    str,
    StringConstraints(
        max_length=2000,
        pattern=r"^https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?"
        r"([/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?$",
    ),
]
AllowOverlap = Annotated[
    Flag, Field(description="true: it may overlap with another session of one of its editions")
]


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
    online_url: OnlineUrl | None = Field(
        default=None,
        description="address of the online meeting: for who gives or attends the session, never public",
        examples=["https://meet.example/abc-defg"],
    )
    allow_overlap: AllowOverlap = False


class LocationChange(Change):
    """What to change of where a session is held."""

    name: Title | None = None
    city: Name = ""
    address: Title | None = None
    travel_note: Text | None = None


class SessionChange(Change):
    """What to change of a session (merge patch): absent stays, null clears where a null can be."""

    title: Title = ""
    mode: Mode = Mode.PHYSICAL
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    contact_minutes: Minutes | None = None
    phase: Slug | None = None
    location: LocationChange | None = None
    editions: list[Slug] = Field(
        default=[],
        min_length=1,
        max_length=50,
        description="all that it counts for from now on; you add and take away those that you give",
    )
    online_url: OnlineUrl | None = None
    allow_overlap: AllowOverlap = False
    reason: Text | None = Field(default=None, description="why; participants are told")


class LocationRead(Output):
    """Where a session is held."""

    model_config = ConfigDict(title="Location")

    name: str | None
    city: str | None
    address: str | None
    travel_note: str | None


class SessionRead(Output):
    """A meeting of one or more editions."""

    model_config = ConfigDict(title="Session")

    id: UUID
    title: str
    mode: Mode
    status: SessionStatus
    starts_at: Moment | None
    ends_at: Moment | None
    contact_minutes: int = Field(description="the minutes that it can count for", examples=[180])
    phase: str | None
    location: LocationRead | None
    editions: list[str]


class OnlineMeetingRead(Output):
    """Where a session is held online."""

    model_config = ConfigDict(title="OnlineMeeting")

    session: UUID
    online_url: str | None


class SessionPage(Page[SessionRead]):
    """One page of sessions, in the order in which they are held; unscheduled ones last."""
