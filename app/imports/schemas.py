"""What goes out about imports of registrations."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.core.paging import Page
from app.core.values import Moment, Output
from app.imports.models import ImportMode, RowVerdict
from app.imports.reading import ImportFormat
from app.registrations.schemas import EnrolmentFormLink


@dataclass(frozen=True)
class ImportWanted:
    """How a file is to be taken in; edition and partner are for the rows that name none themselves."""

    edition: str | None = None
    partner: str | None = None
    mode: ImportMode = ImportMode.PARTIAL
    dry_run: bool = False


class ImportCounts(Output):
    """How many rows there are, and with which verdict."""

    rows: int = Field(description="how many rows the file has")
    waiting: int = Field(description="how many have no verdict yet")
    accepted: int = Field(description="how many are good, and wait for all others to be")
    registered: int = Field(description="how many were registered; in a dry run: would be")
    present: int = Field(description="how many were registered before, through the same partner")
    refused: int = Field(description="how many were refused")
    skipped: int = Field(description="how many are good, and were left out because another was refused")


class ImportRead(Output):
    """A file of registrations, and how far it is."""

    model_config = ConfigDict(title="RegistrationImport")

    id: UUID
    status: Literal["waiting", "running", "done"] = Field(
        description="whether every row has its verdict, and all that can be registered is"
    )
    mode: ImportMode
    dry_run: bool
    format: ImportFormat = Field(description="how the rows are written")
    encoding: str = Field(description="as it was recognised: UTF-8, UTF-16 or Windows-1252")
    edition: str | None = Field(description="the slug of the edition for rows that name none")
    partner: str | None = Field(description="the slug of the partner for rows that name none")
    received_at: Moment = Field(description="when the file came in; the edition's window is judged by it")
    completed_at: Moment | None = Field(description="when the last verdict was given; null: not yet")
    expires_at: Moment | None = Field(
        description="when what refused rows say is forgotten; null: it has been"
    )
    counts: ImportCounts


class ImportFault(Output):
    """One thing wrong with a row."""

    pointer: str = Field(description="JSON Pointer (as URI fragment) to the value in the row's registration")
    column: str | None = Field(description="what the file calls its column; null where there is none")
    code: str = Field(description="stable name of the fault, the same as for a single registration")
    detail: str = Field(description="what is wrong, in words, in English or Dutch by Accept-Language")


class ImportRowRead(Output):
    """What came of one row of a file."""

    model_config = ConfigDict(title="RegistrationImportRow")

    number: int = Field(description="which of the rows it is, from 1, without header and blank lines")
    line: int = Field(description="the line of the file that the row begins on, from 1")
    verdict: RowVerdict
    registration: UUID | None = Field(
        description="the id of the registration that it made, or that was there; null: none that you may see"
    )
    faults: list[ImportFault] = Field(description="all that is wrong with it, at once")
    enrolment_form: EnrolmentFormLink | None = Field(
        description="of its registration, for you to send to the applicant"
    )


class ImportRowPage(Page[ImportRowRead]):
    """One page of rows, in their order."""

    model_config = ConfigDict(title="RegistrationImportRowPage")
