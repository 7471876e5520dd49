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

    what: Use = Field(description="what it is kept for")
    id: str | None = Field(description="of what it is: the number of a certificate or an invoice")
    holds: list[str] = Field(description="the particulars that stay")
    ground: str = Field(description="by which law or interest it is kept")
    until: date | None = Field(description="when it goes by itself; null: as `term` says")
    term: str = Field(description="for how long it is kept, in words")


class ErasureRead(Output):
    """What came of erasing somebody."""

    model_config = ConfigDict(title="Erasure")

    applicant: UUID
    registrations: list[UUID] = Field(description="of which everything was erased that is not kept")
    erased_at: Moment = Field(description="since when nothing else is known of the person")
    certificates: Certificates = Field(description="what becomes of the certificates")
    erased: dict[str, int] = Field(description="how many rows were erased or blanked, by table")
    kept: list[KeptRead] = Field(description="what stays, and why")


class UseRead(Output):
    """What personal data is used for, on which ground, and for how long."""

    model_config = ConfigDict(title="DataUse")

    use: Use = Field(description="the purpose, for programs")
    purpose: str = Field(description="the purpose, in words")
    ground: str = Field(description="by which law or interest it is processed")
    term: str = Field(description="for how long it is kept, in words")
    recipients: str = Field(description="who sees it")
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
    made_at: Moment = Field(description="when it was put together")
    registrations: list[KnownRegistration]
    known: dict[str, list[dict[str, JsonValue]]] = Field(
        description="by table, each row as it is stored, without secrets"
    )
    uses: list[UseRead] = Field(description="what personal data is used for")
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
    organisations: list[ProcessingOrganisation] = Field(description="who has a part in it")
    people: str = Field(description="the categories of people")
    transfers: str = Field(description="whether anything goes to countries outside the EEA")
    security: str = Field(description="how it is protected")
    uses: list[UseRead] = Field(description="what personal data is used for")
