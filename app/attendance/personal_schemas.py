"""What a participant's own page holds."""

from uuid import UUID

from pydantic import ConfigDict, Field

from app.attendance.hours import Outlook
from app.attendance.presence import Channel, Presence
from app.attendance.schemas import OwnPhaseRead
from app.core.values import Output
from app.registrations.lifecycle import Status
from app.trainings.schemas import SessionRead


class PersonalAttendance(Output):
    """What is recorded of the participant at a session."""

    model_config = ConfigDict(title="PersonalAttendance", from_attributes=True)

    presence: Presence
    minutes: int
    late_minutes: int | None
    early_minutes: int | None
    channel: Channel | None


class PersonalSession(Output):
    """A session, as it is for the participant."""

    session: SessionRead
    attendance: PersonalAttendance | None
    check_in_open: bool = Field(description="whether a code is taken now")


class PersonalHours(Output):
    """The participant's contact time in minutes, and in words."""

    attended: int
    make_up: int
    possible: int
    needed: int
    minimum: int
    outlook: Outlook
    explanation: list[str] = Field(description="in Dutch or English by Accept-Language")


class PersonalPageRead(Output):
    """Everything that a participant wants to know of the edition, behind the personal link."""

    model_config = ConfigDict(title="PersonalPage")

    registration: UUID
    name: str
    status: Status
    edition: str
    edition_title: str
    training_title: str
    time_zone: str
    sessions: list[PersonalSession] = Field(description="in their order; unscheduled ones last")
    contact_hours: PersonalHours | None = Field(description="null for who is no participant")
    phases: list[OwnPhaseRead]
    calendar_url: str = Field(description="the participant's own calendar, to subscribe to")
