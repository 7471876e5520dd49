"""What goes in and out about attendance, make-up hours, forecasts, progress and eligibility."""

from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.attendance.hours import Code, Outlook
from app.attendance.models import MakeUpKind, ProductKind, Verdict
from app.attendance.presence import Channel, Presence, Said
from app.core.filetypes import FileType
from app.core.paging import Page
from app.core.values import WHOLE, Day, Flag, Input, Minutes, Moment, Output, Text, Title
from app.trainings.terms import EvidenceKind

Version = Annotated[int, Field(strict=True, ge=1, le=1_000_000), WHOLE]
MadeUpMinutes = Annotated[int, Field(strict=True, ge=1, le=6000), WHOLE]


class AttendanceBody(Input):
    """What a participant attended of a session."""

    presence: Presence | None = Field(
        default=None, description="left out: present with minutes, absent without", examples=["present"]
    )
    late_minutes: Minutes | None = Field(default=None, description="missed at the beginning")
    early_minutes: Minutes | None = Field(default=None, description="missed at the end")
    channel: Channel | None = Field(
        default=None, description="left out: as the session is held; in person where it can be both"
    )
    reason: Text | None = Field(default=None, description="of a correction", examples=["Kwam een uur later"])
    # After what it may be left out for.
    minutes: Minutes | None = Field(
        default=None,
        validate_default=True,
        description="0 for who was not there; left out: the session's, less those late and early",
        examples=[180],
    )

    @field_validator("minutes")
    @classmethod
    def _or_what_gives_them(cls, minutes: int | None, info: ValidationInfo) -> int | None:
        others = ("presence", "late_minutes", "early_minutes")
        # One that is not valid is not there, and is told by itself.
        if minutes is None and all(name in info.data and info.data[name] is None for name in others):
            raise PydanticCustomError("missing", "Field required")
        return minutes

    @property
    def said(self) -> Said:
        """The same, as the rules of `presence` ask for it."""
        return Said(self.minutes, self.presence, self.late_minutes, self.early_minutes, self.channel)


class AttendanceItem(AttendanceBody):
    """What one participant attended."""

    registration: UUID
    expected: Version | None = Field(
        default=None,
        description="the version that you saw, null for none yet: when it is another by now, nothing of the "
        "list is saved. Left out: what stands is replaced, and the answer says so",
        examples=[1],
    )


class AttendanceList(Input):
    """What several participants attended of one session; saved together or not at all."""

    items: list[AttendanceItem] = Field(min_length=1, max_length=500)

    @field_validator("items")
    @classmethod
    def _once_each(cls, items: list[AttendanceItem]) -> list[AttendanceItem]:
        if len({item.registration for item in items}) < len(items):
            raise PydanticCustomError("duplicate", "each registration should stand in the list once")
        return items


class AttendanceRead(Output):
    """What a participant attended of a session."""

    model_config = ConfigDict(title="Attendance", from_attributes=True)

    session: UUID
    registration: UUID
    presence: Presence
    minutes: int
    late_minutes: int | None = Field(description="null where nobody said")
    early_minutes: int | None = Field(description="null where nobody said")
    channel: Channel | None = Field(description="null for who was not there")
    version: int = Field(description="1 at first, one more with each correction")
    recorded_by: str
    recorded_at: Moment


class AttendancePage(Page[AttendanceRead]):
    """One page of attendance."""


class AttendanceVersionRead(AttendanceRead):
    """What a participant attended, as it stood at one time."""

    model_config = ConfigDict(title="AttendanceVersion", from_attributes=True)

    reason: str | None = Field(description="why it was recorded or corrected so")


class AttendanceHistory(Page[AttendanceVersionRead]):
    """One page of what was recorded of one participant at one session, oldest first."""


class AttendanceReplaced(Output):
    """What stood of one participant, and was replaced."""

    registration: UUID
    stood: AttendanceRead


class AttendanceSaved(Output):
    """What was saved, and what it replaced without `expected`."""

    items: list[AttendanceRead]
    replaced: list[AttendanceReplaced]


class CheckInCode(Output):
    """The code by which participants check in, for the trainer to show."""

    session: UUID
    code: str = Field(examples=["348833"])
    next_code_at: Moment = Field(description="when the next code comes; this one is taken a minute longer")


def _without_spaces(value: object) -> object:
    return value.replace(" ", "") if isinstance(value, str) else value


class CheckInBody(Input):
    """A participant's own word of being there, by the code that the trainer shows."""

    session: UUID
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$"), BeforeValidator(_without_spaces)] = Field(
        examples=["348833"]
    )
    channel: Channel | None = Field(
        default=None, description="left out: as the session is held; in person where it can be both"
    )


class MakeUpCreate(Input):
    """Contact time that a participant makes up for elsewhere, which you approve."""

    kind: MakeUpKind = Field(examples=["assignment"])
    session: UUID | None = Field(
        default=None, description="of another edition, where it stands in this register"
    )
    title: Title | None = Field(
        default=None,
        description="what it was; the certificate says so too. Left out: as the session is called",
        examples=["Verslag van de studiedag in Zwolle"],
    )
    done_on: Day | None = Field(default=None, description="left out: the session's day, or today")
    minutes: MadeUpMinutes = Field(examples=[120])
    reason: Text = Field(description="why you approve it", examples=["Miste bijeenkomst 3 door ziekte"])


class MakeUpRead(Output):
    """Contact time that was made up for, and who approved it."""

    model_config = ConfigDict(title="MakeUp", from_attributes=True)

    id: UUID
    registration: UUID
    kind: MakeUpKind
    session: UUID | None
    title: str
    done_on: Day
    minutes: int
    reason: str
    approved_by: str = Field(description="id of the client that approved it")
    approved_at: Moment
    revoked_by: str | None
    revoked_at: Moment | None = Field(description="since then it counts no longer")
    revoke_reason: str | None


class MakeUpPage(Page[MakeUpRead]):
    """One page of make-up hours, in the order in which they were approved."""


class MakeUpRevoke(Input):
    """Why approved make-up hours do not count any more."""

    reason: Text = Field(examples=["Het verslag is niet ingeleverd"])


class ContactHoursRead(Output):
    """How a participant's contact time stands, in minutes, and what can become of it."""

    model_config = ConfigDict(title="ContactHours")

    registration: UUID
    edition: str
    partner: str
    applicant_name: str
    attended: int = Field(description="at the edition's sessions", examples=[900])
    make_up: int = Field(description="made up for elsewhere", examples=[120])
    possible: int = Field(description="of sessions to come, or whose attendance is not in yet")
    needed: int = Field(description="what is missing of the minimum")
    minimum: int = Field(description="what the edition asks", examples=[1200])
    unknown_sessions: int = Field(
        description="sessions without a date whose length nobody has said; as long as there are any, nothing "
        "is out of reach"
    )
    outlook: Outlook
    became_certain_at: Moment | None = Field(description="since when the minimum is out of reach")


class ContactHoursPage(Page[ContactHoursRead]):
    """One page of participants' contact time."""


class ProductBody(Input):
    """The policy plan or other professional product."""

    title: Title = Field(examples=["Cultuurbeleidsplan Het Lyceum 2022-2026"])
    kind: ProductKind = ProductKind.POLICY_PLAN
    approved: Flag = False


class ProgressPut(Input):
    """The verdict on a phase; `product` only for the phase that yields it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"verdict": "passed", "evidence": "Leervraag en startfoto van de eigen praktijk"}]
        }
    )

    verdict: Verdict = Field(examples=["passed"])
    evidence: Text | None = Field(default=None, examples=["Leervraag en startfoto van de eigen praktijk"])
    feedback: Text | None = None
    product: ProductBody | None = Field(default=None, description="left out or null: stays as it is")


class ProductRead(Output):
    """The professional product."""

    model_config = ConfigDict(title="Product", from_attributes=True)

    title: str
    kind: ProductKind
    approved: bool


class SubmissionRead(Output):
    """What a participant handed in for a phase, apart from files."""

    model_config = ConfigDict(title="Submission")

    evidence: str | None = Field(description="the participant's own text")
    submitted_at: Moment = Field(description="when text or files were handed in or changed last")


class PhaseProgress(Output):
    """How one phase stands."""

    phase: str
    number: int
    title: str
    asks: str | None = Field(description="the evidence that it asks, in words for people, in Dutch")
    evidence_kind: EvidenceKind | None
    submission: SubmissionRead | None = Field(description="what the participant handed in; null: nothing yet")
    file_count: int
    verdict: Verdict
    evidence: str | None
    feedback: str | None
    recorded_at: Moment | None


class ProgressRead(Output):
    """How a participant stands: phases in their order, product, contact time."""

    model_config = ConfigDict(title="Progress")

    registration: UUID
    phases: list[PhaseProgress]
    product: ProductRead | None
    contact_minutes: int
    minimum_contact_minutes: int


class RequirementRead(Output):
    """One requirement of the certificate."""

    model_config = ConfigDict(title="Requirement", from_attributes=True)

    code: Code
    met: bool
    explanation: str = Field(
        examples=["2 hours of contact time missing: 18 hours attended of the 20 hours asked."]
    )


class EligibilityRead(Output):
    """Whether a certificate can be issued, and why or why not."""

    model_config = ConfigDict(title="Eligibility")

    registration: UUID
    eligible: bool
    contact_minutes: int
    minimum_contact_minutes: int
    requirements: list[RequirementRead]


class ProductSubmission(Input):
    """The product as the participant calls it; approval is the provider's."""

    title: Title = Field(examples=["Cultuurbeleidsplan Het Lyceum 2022-2026"])
    kind: ProductKind = ProductKind.POLICY_PLAN


class SubmissionPut(Input):
    """What a participant hands in for a phase; `product` only for the phase that yields it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"evidence": "Mijn leervraag: hoe maak ik een doorlopende leerlijn?"}]
        }
    )

    evidence: Text | None = Field(default=None, examples=["Mijn leervraag: hoe maak ik een leerlijn?"])
    product: ProductSubmission | None = Field(default=None, description="left out or null: stays as it is")


class SubmissionForm(Input):
    """The same, as a form in a browser sends it: without what is in it."""

    evidence: Text | None = None
    product_title: Title | None = None
    product_kind: ProductKind = ProductKind.POLICY_PLAN

    @field_validator("evidence", mode="before")
    @classmethod
    def _lines(cls, text: object) -> object:
        """Lines as they were counted while they were typed: a form sends each end as two characters."""
        return text.replace("\r\n", "\n") if isinstance(text, str) else text

    @property
    def submission(self) -> SubmissionPut:
        """What is handed in."""
        named = (
            ProductSubmission(title=self.product_title, kind=self.product_kind)
            if self.product_title
            else None
        )
        return SubmissionPut(evidence=self.evidence, product=named)


class FileRead(Output):
    """A file with evidence of a phase, without its content."""

    model_config = ConfigDict(title="File", from_attributes=True)

    id: UUID
    registration: UUID
    phase: str
    name: str = Field(description="as it was called, made safe to save by", examples=["beleidsplan.pdf"])
    media_type: FileType = Field(description="by its content")
    size: int = Field(description="in bytes", examples=[482113])
    sha256: str = Field(description="of its content, in hexadecimal")
    added_by: str = Field(description="id of the client that added it; `applicant` for the participant")
    added_at: Moment


class ProgressEvent(Output):
    """Something that happened to a phase of a participant."""

    type: str = Field(examples=["progress.recorded"])
    by: str = Field(description="id of the client that acted; `applicant` for the participant")
    at: Moment
    before: Verdict | None = Field(description="of a verdict: what it was")
    after: Verdict | None = Field(description="of a verdict: what it became")


class PhaseDetail(PhaseProgress):
    """How one phase of a participant stands, with its files and history."""

    registration: UUID
    product: ProductRead | None = Field(description="in the phase that yields it")
    files: list[FileRead] = Field(description="those that you may download, in the order they came")
    history: list[ProgressEvent] = Field(description="oldest first")


class OwnPhaseRead(PhaseProgress):
    """How one phase stands, for the participant."""

    model_config = ConfigDict(title="OwnPhase")

    product: ProductRead | None = Field(description="in the phase that yields it")
    files: list[FileRead] = Field(description="in the order they came")
    yields_product: bool = Field(description="whether the product is handed in here")
    open: bool = Field(description="whether it can be handed in or changed")
