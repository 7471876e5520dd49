"""What goes in and out about registrations and applicants."""

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from app.core.language import Language
from app.core.paging import Page
from app.core.values import Change, Email, Input, Moment, Name, Output, Phone, Slug, Text, Title
from app.registrations.lifecycle import Status
from app.registrations.likeness import DuplicateVerdict, Ground

# For the edition that is open today, so that trying it out succeeds.
REGISTRATION_EXAMPLE: dict[str, JsonValue] = {
    "edition": "voorbeeld",
    "applicant": {
        "givenName": "Noor",
        "familyNamePrefix": "van der",
        "familyName": "Meer",
        "email": "noor@lyceum.example",
        "phone": "+31612345678",
    },
    "school": {"name": "Het Lyceum", "city": "Almere"},
    "position": "docent beeldende vorming",
    "motivation": "Ik wil cultuuronderwijs een vaste plek geven in ons schoolplan.",
}


class ApplicantCreate(Input):
    """Who registers; a person with one name has a family name only. Names are kept exactly as sent."""

    given_name: Name | None = Field(default=None, examples=["Noor"])
    family_name_prefix: Name | None = Field(default=None, examples=["van der"])
    family_name: Name = Field(examples=["Meer"])
    email: Email = Field(examples=["noor@lyceum.example"])
    phone: Phone | None = Field(default=None, examples=["+31612345678"])
    language: Language = Field(default="nl", description="of the messages that the applicant gets")


class ApplicantChange(Change):
    """What to change of an applicant (merge patch): absent stays, null clears where a null can be."""

    given_name: Name | None = None
    family_name_prefix: Name | None = None
    family_name: Name = ""
    email: Email = ""
    phone: Phone | None = None
    language: Language = "nl"


class SchoolBody(Input):
    """The school where the applicant teaches."""

    name: Title = Field(examples=["Het Lyceum"])
    city: Name = Field(examples=["Almere"])


class RegistrationCreate(Input):
    """A teacher for an edition; `partner` is the token's organisation unless an administrator names it."""

    model_config = ConfigDict(json_schema_extra={"examples": [REGISTRATION_EXAMPLE]})

    edition: Slug = Field(examples=["noord-midden-2021"])
    applicant: ApplicantCreate
    school: SchoolBody
    position: Title | None = Field(default=None, examples=["docent beeldende vorming"])
    motivation: Text | None = Field(
        default=None, examples=["Ik wil cultuuronderwijs een vaste plek geven in ons schoolplan."]
    )
    partner: Slug | None = Field(default=None, examples=["fleck"])


class SchoolChange(Change):
    """What to change of the school."""

    name: Title = ""
    city: Name = ""


class RegistrationChange(Change):
    """What to change of a registration (merge patch): absent stays, null clears where a null can be."""

    school: SchoolChange = SchoolChange()
    position: Title | None = None
    motivation: Text | None = None


class ApplicantRead(Output):
    """The person behind a registration."""

    model_config = ConfigDict(title="Applicant", from_attributes=True)

    id: UUID
    given_name: str | None
    family_name_prefix: str | None
    family_name: str
    email: str
    phone: str | None
    language: Language = Field(description="of the messages that the applicant gets")
    erased_at: Moment | None = Field(
        default=None, description="since when nothing is known of the person any more"
    )


class ApplicantPage(Page[ApplicantRead]):
    """One page of applicants."""


class SchoolRead(Output):
    """The school where the applicant teaches."""

    model_config = ConfigDict(title="School")

    name: str
    city: str


class EnrolmentFormLink(Output):
    """The enrolment form of a registration."""

    url: str | None = Field(description="the applicant's personal link; null once it has been used")
    token: str | None = Field(description="the last part of the link; null once it has been used")
    due_at: Moment | None
    submitted_at: Moment | None


class RegistrationRead(Output):
    """One applicant for one edition, through one partner."""

    model_config = ConfigDict(title="Registration")

    id: UUID
    edition: str
    partner: str
    applicant: ApplicantRead
    school: SchoolRead
    position: str | None
    motivation: str | None
    status: Status
    received_at: Moment
    answer_by: Moment | None = Field(description="until when an offered seat can be accepted")
    waiting_number: int | None = Field(description="place in the order of the waiting list")
    carried_over_from: UUID | None = Field(description="the registration for an earlier edition, drawn out")
    enrolment_form: EnrolmentFormLink | None = Field(
        description="for those who may send it on: the partner and administrators"
    )


class PersonalLinks(Output):
    """The links of a participant; whoever holds one acts for the participant."""

    page: str = Field(description="address of the participant's own page")
    calendar: str = Field(description="address of the participant's own calendar feed (iCalendar)")
    holder: str = Field(description="address where the holder of a certificate downloads everything of it")


class PossibleDuplicate(Output):
    """Two registrations that may be the same person's."""

    registrations: list[UUID] = Field(description="two, the older first", min_length=2, max_length=2)
    grounds: list[Ground]
    verdict: DuplicateVerdict | None = Field(description="null until an administrator has decided")
    reason: str | None
    decided_by: str | None
    decided_at: Moment | None


class PossibleDuplicateList(Output):
    """Every pair of registrations for an edition that may be the same person's."""

    items: list[PossibleDuplicate]


class DuplicateDecide(Input):
    """Whether two registrations are the same person's; of the same person's one is rejected."""

    registrations: list[UUID] = Field(min_length=2, max_length=2)
    verdict: DuplicateVerdict
    keep: UUID | None = Field(
        default=None, description="which of the two stays, when they are the same person's"
    )
    reason: Text = Field(examples=["Moeder en dochter met dezelfde naam, gebeld op 6 juli."])


class CarryOverFrom(Input):
    """The edition whose waiting list moves on."""

    source: Slug = Field(alias="from", examples=["noord-midden-2021"])


class NotCarriedOver(Output):
    """A registration that stayed where it was."""

    registration: UUID
    why: Literal["already-registered"]


class CarriedOver(Output):
    """What came of moving a waiting list on."""

    registrations: list[UUID] = Field(description="the new registrations, in the order of the waiting list")
    left: list[NotCarriedOver]


class RegistrationPage(Page[RegistrationRead]):
    """One page of registrations, oldest first."""
