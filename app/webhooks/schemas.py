"""What goes in and out about webhooks and their deliveries."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.core.paging import Page
from app.core.values import LINE_SHAPE, ONE_LINE, WHOLE, Change, Input, Moment, Output, Slug, Title
from app.registrations.lifecycle import Status
from app.webhooks import addresses, catalogue
from app.webhooks.addresses import LONGEST_URL
from app.webhooks.models import DeliveryStatus, WebhookStatus

MOST_PATTERNS = 100
_PATTERN = r"^(\*|[a-z]+(-[a-z]+)*\.(\*|[a-z]+(-[a-z]+)*))$"


def _known(pattern: str) -> str:
    if not catalogue.is_pattern(pattern):
        raise PydanticCustomError(
            "unknown-type",
            "No type of event is called so. There are {types}; all of a noun, as in registration.*; and *.",
            {"types": ", ".join(catalogue.TYPES)},
        )
    return pattern


Pattern = Annotated[str, StringConstraints(max_length=60, pattern=_PATTERN), AfterValidator(_known)]
Patterns = Annotated[
    list[Pattern],
    Field(
        min_length=1,
        max_length=MOST_PATTERNS,
        description="types of events, all of a noun (`registration.*`), or `*`",
        examples=[["registration.*", "session.changed"]],
    ),
]


def _well_formed(url: str) -> str:
    """What is no URL anywhere; where it may lead, which the settings decide, is judged by the service."""
    code = addresses.fault(url, local=True)
    if code and code != "not-public":
        raise PydanticCustomError(code, addresses.DETAILS[code])
    return url


Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_URL),
    ONE_LINE,
    LINE_SHAPE,
    AfterValidator(_well_formed),
]
EventNumber = Annotated[int, Field(strict=True, ge=0, lt=2**63), WHOLE]


class WebhookCreate(Input):
    """A new webhook."""

    url: Url = Field(
        description="where events are posted to; https, to a public address",
        examples=["https://systeem.example/webhooks/register"],
    )
    types: Patterns
    description: Title | None = Field(
        default=None, description="what it is for", examples=["Ledenadministratie"]
    )
    partner: Slug | None = Field(
        default=None,
        description="for an administrator: whose events it is told of; left out: everybody's",
        examples=["fleck"],
    )


class WebhookChange(Change):
    """What to change of a webhook (merge patch): absent stays, null clears."""

    url: Url = Field(default="", description="where events are posted to; https, to a public address")
    types: Patterns = Field(default=[])
    description: Title | None = Field(default=None, description="what it is for")


class WebhookRead(Output):
    """A receiver of what happens, in a system of a partner's own."""

    model_config = ConfigDict(title="Webhook")

    id: UUID
    url: str = Field(description="where events are posted to")
    types: list[str] = Field(description="what it is told of")
    description: str | None = Field(description="what it is for")
    organisation: str = Field(
        description="the slug of the organisation whose it is, and which hears of trouble"
    )
    partner: str | None = Field(
        description="the slug of the partner whose events it is told of; null: everybody's"
    )
    status: WebhookStatus = Field(
        description="active; paused: it kept failing, and deliveries wait; off: it answered 410"
    )
    status_at: Moment = Field(description="since when")
    failing_since: Moment | None = Field(description="since when it has taken nothing; null: it does")
    created_at: Moment
    previous_secret_until: Moment | None = Field(
        description="until when the secret before signs too; null: one secret signs"
    )


class WebhookWithSecret(WebhookRead):
    """A webhook with its new secret, which is shown this once."""

    model_config = ConfigDict(title="WebhookWithSecret")

    secret: str = Field(description="what deliveries are signed with, in the form of Standard Webhooks")

    @property
    def without_secret(self) -> WebhookRead:
        """What is read afterwards, and what its entity tag is of."""
        return WebhookRead(**self.model_dump(exclude={"secret"}))


class WebhookPage(Page[WebhookRead]):
    """One page of webhooks, in the order in which they were made."""


class Resend(Input):
    """Which events to send again: after an event or a moment, until an event or a moment."""

    model_config = ConfigDict(title="ResendRange")

    after_event: EventNumber | None = Field(
        default=None, description="events with a higher number", examples=[17]
    )
    until_event: EventNumber | None = Field(
        default=None, description="events up to and including this number", examples=[99]
    )
    after: Moment | None = Field(default=None, description="what happened after this moment")
    until: Moment | None = Field(default=None, description="what happened up to and including this moment")


class Resent(Output):
    """What is sent again."""

    deliveries: int = Field(description="how many are sent again", examples=[12])
    next_after_event: int | None = Field(
        description="ask again with this as `afterEvent`, for there was more; null: that was all"
    )


class AttemptRead(Output):
    """One attempt: what was sent, and the head of what came back."""

    model_config = ConfigDict(title="WebhookAttempt")

    at: Moment
    duration_ms: int = Field(description="milliseconds until the answer was there, or the attempt had failed")
    request_headers: dict[str, str] = Field(description="as sent, without the signature")
    response_status: int | None = Field(description="the HTTP status; null: no answer came")
    response_headers: dict[str, str] | None = Field(description="those that say something")
    response_start: str | None = Field(description="the first 500 characters of the answer's content")
    error: str | None = Field(
        description="why it failed, in the register's own words", examples=["no answer in 10 seconds"]
    )


class DeliveryRead(Output):
    """One event for one webhook, or a ping."""

    model_config = ConfigDict(title="WebhookDelivery")

    id: UUID
    webhook: UUID = Field(description="the webhook's id")
    event: int | None = Field(description="the number of the event; null: a ping")
    message_id: str = Field(description="its `webhook-id`, the same at each attempt", examples=["evt_17"])
    type: str
    subject: str = Field(description="id of what the event is about")
    status: DeliveryStatus = Field(description="pending, delivered, or failed: given up")
    created_at: Moment
    attempts: int = Field(description="how often it was tried since it was last asked for")
    next_attempt_at: Moment | None = Field(description="when it is tried, while it is pending")
    finished_at: Moment | None = Field(description="when it was delivered or given up")
    last_attempt: AttemptRead | None = Field(description="the newest attempt; null: none yet")


class DeliveryWithAttempts(DeliveryRead):
    """A delivery with all that was tried."""

    model_config = ConfigDict(title="WebhookDeliveryWithAttempts")

    log: list[AttemptRead] = Field(description="every attempt, oldest first, the last hundred at most")


class DeliveryPage(Page[DeliveryRead]):
    """One page of deliveries."""


class EventTold(Output):
    """What a receiver is told of an event: ids, a status and a link; never personal data."""

    model_config = ConfigDict(title="WebhookEventData")

    event: int | None = Field(description="the number of the event, as GET /v1/events has it; null: a ping")
    subject: str = Field(description="id of what it happened to")
    edition: str | None = Field(description="the slug of the edition that it is about; null: none")
    partner: str | None = Field(description="the slug of the partner whose event it is; null: everybody's")
    registration: UUID | None = Field(description="id of the registration that it is about; null: none")
    status: str | None = Field(
        description="the status that a registration or a session has since; null: it changes none",
        examples=[Status.PLACED.value],
    )
    link: str | None = Field(
        description="where to read, with a token, how it stands now",
        examples=["https://register.example/v1/registrations/01890000-0000-7000-8000-000000000000"],
    )


class WebhookPayload(Output):
    """The body of a delivery (Standard Webhooks)."""

    model_config = ConfigDict(title="WebhookPayload")

    type: str = Field(description="what happened", examples=["registration.placed"])
    timestamp: Moment = Field(description="when it happened")
    data: EventTold
