"""What goes in and out about attendance, progress and eligibility."""

from uuid import UUID

from pydantic import ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from app.attendance.hours import Code
from app.attendance.models import Presence, ProductKind, Verdict
from app.core.filetypes import FileType
from app.core.paging import Page
from app.core.values import Flag, Input, Minutes, Moment, Output, Text, Title
from app.trainings.models import EvidenceKind


class AttendanceBody(Input):
    """What a participant attended of a session."""

    minutes: Minutes = Field(description="0 for who was not there", examples=[180])
    presence: Presence | None = Field(
        default=None, description="left out: present with minutes, absent without", examples=["present"]
    )
    reason: Text | None = Field(default=None, description="of a correction", examples=["Kwam een uur later"])


class AttendanceItem(AttendanceBody):
    """What one participant attended."""

    registration: UUID


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
    recorded_by: str
    recorded_at: Moment


class AttendancePage(Page[AttendanceRead]):
    """One page of attendance."""


class AttendanceSaved(Output):
    """What was saved."""

    items: list[AttendanceRead]


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
    open: bool = Field(description="whether it can be handed in or changed")
