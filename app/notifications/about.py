"""A message, and everything that it may speak of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.language import Language, spoken
from app.events.models import Event
from app.identity.models import Organisation
from app.notifications.models import Message
from app.registrations.links import Links
from app.registrations.models import Applicant, Registration
from app.trainings.models import Edition, Training

Values = dict[str, Any]


@dataclass(frozen=True)
class About:
    """A message with everything that it may speak of."""

    message: Message
    event: Event
    registration: Registration
    applicant: Applicant
    edition: Edition
    training: Training
    partner: Organisation

    def personal_page(self, links: Links) -> str:
        """The address of the participant's own page."""
        return links.page(self.registration.id, self.registration.links_generation)

    @property
    def language(self) -> Language:
        """The language that the applicant reads."""
        return self.applicant.language

    def moment(self, moment: datetime | None) -> str:
        """A moment in the words of the edition's place; nothing for none."""
        return spoken(moment, self.edition.time_zone, self.language) if moment else ""


async def load(db: AsyncSession, message: Message) -> About:
    """What is known of a message that exists."""
    query: Any = (
        sa.select(Event, Registration, Applicant, Edition, Training, Organisation)
        .select_from(Registration)
        .join(Event, col(Event.id) == message.event)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .join(Training, col(Training.slug) == Edition.training)
        .join(Organisation, col(Organisation.slug) == Registration.partner)
        .where(col(Registration.id) == message.registration)
        .execution_options(populate_existing=True)
    )
    return About(message, *(await db.exec(query)).one())
