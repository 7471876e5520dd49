"""What goes in and out about certificates."""

from uuid import UUID

from pydantic import ConfigDict, Field

from app.certificates.models import CertificateStatus
from app.core.paging import Page
from app.core.values import Day, Input, Moment, Output, Text


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
