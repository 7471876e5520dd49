"""What goes in and out about the rights of people: what is known of them, what was erased, what is kept."""

from datetime import date
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from app.core.values import Day, Flag, Input, Moment, Output
from app.privacy.uses import Certificates, Use


class EraseBody(Input):
    """How to erase somebody."""

    forget_certificates: Flag = Field(
        default=False,
        description="administrators alone: forget certificates too, so that nobody can check them any more",
    )


class KeptRead(Output):
    """Something that stays, and why."""

    model_config = ConfigDict(title="Kept")

    what: Use
    id: str | None = Field(description="of what it is: the number of a certificate or an invoice")
    holds: list[str] = Field(description="the particulars that stay")
    ground: str
    until: date | None = Field(description="when it goes by itself; null: as `term` says")
    term: str


class ErasureRead(Output):
    """What came of erasing somebody."""

    model_config = ConfigDict(title="Erasure")

    applicant: UUID
    registrations: list[UUID] = Field(description="of which everything was erased that is not kept")
    erased_at: Moment
    certificates: Certificates
    erased: dict[str, int] = Field(description="how many rows were erased or blanked, by table")
    kept: list[KeptRead]


class UseRead(Output):
    """What personal data is used for, on which ground, and for how long."""

    model_config = ConfigDict(title="Use")

    use: Use
    purpose: str
    ground: str
    term: str
    recipients: str
    months: dict[str, int] = Field(description="for how many months, where an edition sets no other")
    holds: list[str] = Field(description="the columns of the register, as `table.column`")


class KnownRegistration(Output):
    """A registration of the person."""

    id: UUID
    edition: str
    partner: str
    status: str
    months: dict[str, int] = Field(description="for how many months the edition keeps what")


class PersonExport(Output):
    """Everything that the register knows of one person (AVG, article 15), as far as the caller may see it."""

    model_config = ConfigDict(title="PersonExport")

    applicant: UUID
    made_at: Moment
    registrations: list[KnownRegistration]
    known: dict[str, list[dict[str, JsonValue]]] = Field(
        description="by table, each row as it is stored, without secrets"
    )
    uses: list[UseRead]
    rights: list[str] = Field(description="what the person may ask")


class ProcessingOrganisation(Output):
    """An organisation that has a part in the processing."""

    organisation: str
    name: str
    roles: list[str]
    email: str | None


class ProcessingRegister(Output):
    """The register of processing activities (AVG, article 30)."""

    model_config = ConfigDict(title="ProcessingRegister")

    made_on: Day
    organisations: list[ProcessingOrganisation]
    people: str = Field(description="the categories of people")
    transfers: str
    security: str
    uses: list[UseRead]
