"""What goes in and out about messages."""

from uuid import UUID

from pydantic import ConfigDict, Field

from app.core.language import Language
from app.core.paging import Page
from app.core.values import Input, Moment, Output, Text
from app.notifications.kinds import Kind
from app.notifications.models import MessageStatus
from app.registrations.lifecycle import Status


class MessageRead(Output):
    """One event told to the person behind one registration, by e-mail."""

    model_config = ConfigDict(title="Message")

    id: UUID
    kind: Kind
    status: MessageStatus
    language: Language
    registration: UUID
    edition: str
    partner: str
    event: int = Field(description="the event that it tells of", examples=[17])
    created_at: Moment
    attempts: int = Field(description="how often it was handed to a mail server, or tried to be")
    next_attempt_at: Moment | None = Field(description="when it is tried, while it is pending")
    give_up_at: Moment | None = Field(description="until when it is worth sending, while it is pending")
    sent_at: Moment | None
    last_error: str | None = Field(
        description="why the last attempt failed, in the register's own words",
        examples=["550 5.1.1 at RCPT TO"],
    )
    message_id: str | None = Field(description="its Message-ID, the same at each attempt")


class MessagePage(Page[MessageRead]):
    """One page of messages, in the order in which they were made."""


class MessagePreview(Output):
    """A message in words."""

    kind: Kind
    language: Language
    subject: str
    text: str
    html: str


class MessageTemplateRead(Output):
    """A kind of message, with what it is called in both languages when it is filled in with examples."""

    model_config = ConfigDict(title="MessageTemplate")

    kind: Kind
    subject_nl: str = Field(description="its subject in Dutch, filled in with examples")
    subject_en: str = Field(description="its subject in English, filled in with examples")


class MessageTemplateList(Output):
    """Every kind of message that the register sends."""

    items: list[MessageTemplateRead]


class UntoldOutcome(Output):
    """A registration of which somebody has not been told the outcome."""

    registration: UUID
    partner: str
    outcome: Status = Field(description="placed, waitlisted, rejected or lapsed")
    since: Moment = Field(description="when it became so")
    answer_by: Moment | None = Field(description="until when an offered seat can be accepted")
    message: UUID | None = Field(description="the message that would tell it; null when there is none")
    message_status: MessageStatus | None
    last_error: str | None = Field(description="why the last attempt to send the message failed")


class UntoldOutcomePage(Page[UntoldOutcome]):
    """One page of outcomes that were not told, by registration."""


class ToldOtherwise(Input):
    """How somebody was told."""

    reason: Text = Field(examples=["Gebeld op 7 juli."])
