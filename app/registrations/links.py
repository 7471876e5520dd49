"""Personal links: whoever holds one acts for the applicant, so they are made here and nowhere else."""

from dataclasses import dataclass
from uuid import UUID

from app.core.tokens import link_token


@dataclass(frozen=True)
class Links:
    """Makes links that are unguessable without `key`, below `base_url`; the same link each time."""

    base_url: str
    key: bytes

    def enrolment_token(self, registration: UUID) -> str:
        """The token of the enrolment form of a registration."""
        return link_token(self.key, "enrolment-form", registration)

    def enrolment_form(self, registration: UUID) -> str:
        """The address of the enrolment form of a registration."""
        return f"{self.base_url}/v1/enrolment-forms/{self.enrolment_token(registration)}"
