"""What goes in and out about certificates."""

from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.attendance.hours import Code
from app.certificates.chain import EntryKind
from app.certificates.models import CertificateStatus, ItemState, ReviewVerdict
from app.core.paging import Page
from app.core.values import Day, Flag, Input, Moment, Output, Slug, Text


class CertificateCreate(Input):
    """For whom to issue a certificate."""

    registration: UUID


class RevokeReason(Input):
    """Why a certificate no longer counts; not public."""

    reason: Text = Field(examples=["Uitgegeven op de verkeerde naam"])


class ReissueReason(Input):
    """Why a certificate is issued anew; not public."""

    reason: Text = Field(examples=["Naamswijziging na huwelijk"])


class CertificateRead(Output):
    """A certificate as it was issued."""

    model_config = ConfigDict(title="Certificate")

    number: str = Field(examples=["CCVO-2022-000001"])
    registration: UUID
    status: CertificateStatus
    holder_name: str
    training_title: str
    edition_title: str
    issuer: str
    contact_minutes: int
    product_title: str
    issued_at: Moment
    issued_on: Day
    verification_url: str = Field(description="where anyone can check it; also in the QR code")
    revoked_at: Moment | None
    revoke_reason: str | None
    supersedes: str | None = Field(description="the number of the certificate that this one replaces")
    superseded_at: Moment | None


class CertificatePage(Page[CertificateRead]):
    """One page of certificates, by number."""


class VerificationRead(Output):
    """What anyone may know of a certificate, and no more."""

    model_config = ConfigDict(title="Verification")

    status: CertificateStatus
    holder_name: str
    training_title: str
    issuer: str
    issued_on: Day
    contact_hours: float = Field(examples=[21])
    revoked_on: Day | None
    superseded_on: Day | None


class CheckVerdict(StrEnum):
    """What came of a check."""

    VALID = "valid"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    ALTERED = "altered"
    UNKNOWN = "unknown"


Base64 = Annotated[str, Field(min_length=1, max_length=1_000_000, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]


class CheckBody(Input):
    """What to check: a credential, or a certificate's PDF."""

    credential: Annotated[str, Field(min_length=1, max_length=100_000)] | None = Field(
        default=None, description="a credential, as JSON text or as a VC-JWT"
    )
    pdf: Base64 | None = Field(default=None, description="a certificate's PDF, in base64 (RFC 4648)")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.credential is None) == (self.pdf is None):
            raise PydanticCustomError("one_of", "Send either credential or pdf")
        return self


class CheckRead(Output):
    """What came of checking a credential or a PDF."""

    model_config = ConfigDict(title="CredentialCheck")

    verdict: CheckVerdict = Field(
        description="`altered`: names a certificate of ours but is not what was signed; `unknown`: not ours"
    )
    certificate: VerificationRead | None = Field(
        description="what stands in the register, when it is genuine"
    )
    as_issued: bool | None = Field(
        description="of a PDF: whether the whole file is byte by byte what the register gives out"
    )


class HeldCertificate(Output):
    """A certificate as its holder finds it, with where to download it in each form."""

    number: str
    holder_name: str = Field(description="the name on it; after a reissue the old one keeps its own")
    status: CertificateStatus
    training_title: str
    issuer: str
    issued_on: Day
    verification_url: str
    pdf_url: str
    credential_url: str = Field(description="Open Badge 3.0, JSON with a proof")
    token_url: str = Field(description="Open Badge 3.0, VC-JWT")


class HolderPage(Output):
    """Everything of the certificates that somebody holds."""

    holder_name: str = Field(description="the name on the newest of them")
    evidence_url: str = Field(description="the evidence sheet as a PDF, for a portfolio")
    certificates: list[HeldCertificate] = Field(description="the newest first")


class UpholdReason(Input):
    """Why a certificate stands although its ground was corrected; not public."""

    reason: Text = Field(examples=["Verschil van tien minuten; er blijft ruim 20 uur over."])


class ReviewFound(Output):
    """What is otherwise now than the certificate says."""

    contact_minutes: int = Field(description="contact time as it counts now")
    unmet: list[Code] = Field(description="requirements that are not met any more")


class ReviewRead(Output):
    """A review of a certificate; it is valid until the certifier decides."""

    model_config = ConfigDict(title="CertificateReview", from_attributes=True)

    id: UUID
    certificate: str = Field(description="its number", examples=["CCVO-2022-000001"])
    opened_at: Moment
    found: ReviewFound
    verdict: ReviewVerdict | None = Field(description="null while it waits for a decision")
    reason: str | None
    decided_by: str | None
    decided_at: Moment | None


class ReviewPage(Page[ReviewRead]):
    """One page of reviews, oldest first."""

    model_config = ConfigDict(title="CertificateReviewPage")


class EvidenceSession(Output):
    """A session that was attended, or what was made up for one."""

    held_on: Day
    title: str
    place: str | None
    mode: str = Field(examples=["physical"])
    minutes: int


class EvidencePhase(Output):
    """How a phase stands, with its evidence."""

    phase: str
    number: int
    title: str
    passed: bool
    evidence: str | None


class EvidenceCriterion(Output):
    """One thing that the certificate asks."""

    code: Code
    met: bool
    explanation: str


class EvidenceSheet(Output):
    """What a participant did, for a teacher's portfolio."""

    registration: UUID
    holder_name: str
    training_title: str
    edition_title: str
    certificate: str | None = Field(
        description="the number of the certificate that counts, once there is one"
    )
    made_on: Day
    contact_minutes: int
    minimum_contact_minutes: int
    study_load_hours: int
    product_title: str | None
    sessions: list[EvidenceSession]
    phases: list[EvidencePhase]
    criteria: list[EvidenceCriterion]


class BatchCreate(Input):
    """For which edition to issue certificates; a dry run issues none."""

    edition: Slug = Field(examples=["noord-midden-2021"])
    dry_run: Flag = Field(default=False, description="only tell who is eligible", examples=[True])


class BatchCounts(Output):
    """How many participants of a batch are in each state."""

    eligible: int = Field(description="met every requirement; the certificate is still to be issued")
    not_eligible: int
    issued: int
    refused: int = Field(
        description="had a certificate revoked, or no longer met every requirement when it was their turn"
    )


class BatchRead(Output):
    """Certificates for a whole edition."""

    model_config = ConfigDict(title="CertificateBatch")

    id: UUID
    edition: str
    dry_run: bool
    status: Literal["running", "done"]
    asked_at: Moment
    counts: BatchCounts


class BatchItemRead(Output):
    """One participant in a batch."""

    model_config = ConfigDict(title="CertificateBatchItem", from_attributes=True)

    registration: UUID
    state: ItemState
    certificate: str | None = Field(description="its number, once it has been issued")
    explanation: str | None = Field(description="what is missing, or why it was refused, in words")


class BatchItemPage(Page[BatchItemRead]):
    """One page of those in a batch."""

    model_config = ConfigDict(title="CertificateBatchItemPage")


class RegisterEntryRead(Output):
    """An entry of the register's hash chain; nothing in it is personal."""

    model_config = ConfigDict(title="RegisterEntry")

    number: int = Field(description="from 1, without gaps", examples=[1])
    kind: EntryKind = Field(
        json_schema_extra={"x-grows": True}
    )  # readers pass over those that they do not know
    commitment: str = Field(description="salted hash of what the certificate says, hexadecimal")
    previous: str = Field(description="hash of the entry before, hexadecimal; zeros for the first")
    hash: str = Field(description="SHA-256 of the other members as canonical JSON (RFC 8785), hexadecimal")
    at: Moment


class RegisterEntryPage(Page[RegisterEntryRead]):
    """One page of the register's entries, in order."""


class RegisterHeadRead(Output):
    """How the register's hash chain stood at the end of a day (UTC)."""

    model_config = ConfigDict(title="RegisterHead")

    on: Day
    size: int = Field(description="number of the last entry")
    hash: str = Field(description="hash of the last entry, hexadecimal")
    at: Moment = Field(description="when it was published")
    token: str = Field(description="the same as a JWT, signed with a key of the register")


class RegisterHeadPage(Page[RegisterHeadRead]):
    """One page of the register's heads, the newest first."""
