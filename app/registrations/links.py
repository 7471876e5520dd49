"""Personal links: whoever holds one acts for the applicant, so they are made here and nowhere else."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.core.tokens import link_token

_ID, _SEAL = 16, 16  # bytes
_LENGTH = 43  # characters of a token, which holds both


class Purpose(StrEnum):
    """What a participant's link opens: each has a token of its own, for a calendar hands its link on."""

    PAGE = "page"
    CALENDAR = "calendar"
    HOLDER = "holder"


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
        return self.enrolment_form_of(self.enrolment_token(registration))

    def enrolment_form_of(self, token: str) -> str:
        """The address of the enrolment form that has this token."""
        return f"{self.base_url}/v1/enrolment-forms/{token}"

    def personal_token(self, purpose: Purpose, registration: UUID, generation: int) -> str:
        """The token of a participant's link: the registration's id and a seal of 128 bits.

        It stops working when the registration's links get another `generation`.
        """
        seal = self._seal(purpose, registration, generation)
        return urlsafe_b64encode(registration.bytes + seal).decode().rstrip("=")

    def page(self, registration: UUID, generation: int) -> str:
        """The address of a participant's own page."""
        return (
            f"{self.base_url}/v1/personal-pages/{self.personal_token(Purpose.PAGE, registration, generation)}"
        )

    def calendar(self, registration: UUID, generation: int) -> str:
        """The address of a participant's own calendar feed."""
        token = self.personal_token(Purpose.CALENDAR, registration, generation)
        return f"{self.base_url}/v1/personal-calendars/{token}"

    def holder(self, registration: UUID, generation: int) -> str:
        """The address where the holder of a certificate finds everything of it."""
        token = self.personal_token(Purpose.HOLDER, registration, generation)
        return f"{self.base_url}/v1/holder-pages/{token}"

    def is_genuine(self, token: str, purpose: Purpose, registration: UUID, generation: int) -> bool:
        """Whether `token` is the one of this purpose, registration and generation; in constant time."""
        genuine = self.personal_token(purpose, registration, generation)
        return hmac.compare_digest(token.encode(), genuine.encode())

    def _seal(self, purpose: Purpose, registration: UUID, generation: int) -> bytes:
        message = "\x1f".join(("personal-link", purpose, str(registration), str(generation))).encode()
        return hmac.digest(self.key, message, "sha256")[:_SEAL]


def registration_in(token: str) -> UUID | None:
    """The registration that a personal token speaks of, genuine or not; None for what is no such token."""
    if len(token) != _LENGTH or not token.isascii():
        return None
    try:
        return UUID(bytes=urlsafe_b64decode(f"{token}=")[:_ID])
    except ValueError:
        return None
