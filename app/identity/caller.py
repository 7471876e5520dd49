"""Who calls and what they may do. Pure: no database, no clock, no HTTP."""

from dataclasses import dataclass
from enum import StrEnum

from app.core.problems import Problem


class Role(StrEnum):
    """What an API client is to the training."""

    PARTNER = "partner"  # takes in registrations
    PROVIDER = "provider"  # gives the sessions, judges progress
    CERTIFIER = "certifier"  # issues certificates
    ADMIN = "admin"  # keeps the register


class Scope(StrEnum):
    """One right. A token carries those of its role, or fewer when its client asked for fewer."""

    ORGANISATIONS_WRITE = "organisations:write"
    CLIENTS_READ = "clients:read"
    CLIENTS_WRITE = "clients:write"
    EDITIONS_WRITE = "editions:write"
    SESSIONS_WRITE = "sessions:write"
    REGISTRATIONS_READ = "registrations:read"
    REGISTRATIONS_WRITE = "registrations:write"
    ENROLMENT_FORMS_READ = "enrolment-forms:read"
    APPLICANTS_READ = "applicants:read"
    APPLICANTS_WRITE = "applicants:write"
    DRAWS_WRITE = "draws:write"
    ATTENDANCE_READ = "attendance:read"
    ATTENDANCE_WRITE = "attendance:write"
    PROGRESS_READ = "progress:read"
    PROGRESS_WRITE = "progress:write"
    FILES_READ = "files:read"
    ELIGIBILITY_READ = "eligibility:read"
    CERTIFICATES_READ = "certificates:read"
    CERTIFICATES_WRITE = "certificates:write"
    INVOICES_READ = "invoices:read"
    INVOICES_WRITE = "invoices:write"
    INVOICE_ADDRESSES_WRITE = "invoice-addresses:write"
    EVENTS_READ = "events:read"
    MESSAGES_READ = "messages:read"
    MESSAGES_WRITE = "messages:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


SCOPE_TEXTS: dict[Scope, str] = {
    Scope.ORGANISATIONS_WRITE: "Add and change organisations",
    Scope.CLIENTS_READ: "See API clients",
    Scope.CLIENTS_WRITE: "Add, rotate and end API clients",
    Scope.EDITIONS_WRITE: "Add and change editions",
    Scope.SESSIONS_WRITE: "Plan, move and cancel sessions",
    Scope.REGISTRATIONS_READ: "See registrations",
    Scope.REGISTRATIONS_WRITE: "Register teachers and carry their registrations on",
    Scope.ENROLMENT_FORMS_READ: "See the answers on enrolment forms",
    Scope.APPLICANTS_READ: "See applicants",
    Scope.APPLICANTS_WRITE: "Change applicants' names and addresses",
    Scope.DRAWS_WRITE: "Announce, run and void draws",
    Scope.ATTENDANCE_READ: "See attendance",
    Scope.ATTENDANCE_WRITE: "Record attendance",
    Scope.PROGRESS_READ: "See progress per phase",
    Scope.PROGRESS_WRITE: "Record progress per phase and judge products",
    Scope.FILES_READ: "Download files of evidence",
    Scope.ELIGIBILITY_READ: "See what is met and missing for a certificate",
    Scope.CERTIFICATES_READ: "See certificates",
    Scope.CERTIFICATES_WRITE: "Issue and revoke certificates",
    Scope.INVOICES_READ: "See invoices and how they stand",
    Scope.INVOICES_WRITE: "Issue and credit invoices, and record payments",
    Scope.INVOICE_ADDRESSES_WRITE: "Correct where an invoice goes",
    Scope.EVENTS_READ: "See the audit trail",
    Scope.MESSAGES_READ: "See which messages were sent, and who has not been told",
    Scope.MESSAGES_WRITE: "See messages as they are sent, personal links included, and send them again",
    Scope.WEBHOOKS_READ: "See webhooks and what was delivered to them",
    Scope.WEBHOOKS_WRITE: "Add, change, try and remove webhooks, and have events sent again",
}

_PARTICIPATION = {
    Scope.REGISTRATIONS_READ,
    Scope.ATTENDANCE_READ,
    Scope.PROGRESS_READ,
    Scope.ELIGIBILITY_READ,
    Scope.CERTIFICATES_READ,
}
_TEACHING = {
    Scope.SESSIONS_WRITE,
    Scope.ATTENDANCE_WRITE,
    Scope.PROGRESS_WRITE,
    Scope.ENROLMENT_FORMS_READ,
    Scope.FILES_READ,
}
_INTAKE = {
    Scope.REGISTRATIONS_WRITE,
    Scope.ENROLMENT_FORMS_READ,
    Scope.APPLICANTS_READ,
    Scope.APPLICANTS_WRITE,
    Scope.EVENTS_READ,
    Scope.MESSAGES_READ,
    Scope.WEBHOOKS_READ,
    Scope.WEBHOOKS_WRITE,
}
_BILLING = {Scope.INVOICES_READ, Scope.INVOICE_ADDRESSES_WRITE}

ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.PARTNER: frozenset(_PARTICIPATION | _INTAKE | _BILLING),
    Role.PROVIDER: frozenset(_PARTICIPATION | _TEACHING | _BILLING | {Scope.INVOICES_WRITE}),
    Role.CERTIFIER: frozenset(_PARTICIPATION | {Scope.CERTIFICATES_WRITE, Scope.FILES_READ}),
    # Certificates are the certifier's alone: who keeps the register cannot write one into it.
    Role.ADMIN: frozenset(set(Scope) - {Scope.CERTIFICATES_WRITE}),
}


# What the pseudonym of a person begins with; no client's id can.
PERSON = "person:"


@dataclass(frozen=True)
class Caller:
    """Who is behind a request, with its organisation, role and the scopes of its token.

    `client_id` is that of an API client, or the pseudonym of a person.
    """

    client_id: str
    organisation: str
    role: Role
    scopes: frozenset[Scope]

    @property
    def is_person(self) -> bool:
        """Whether somebody signed in, rather than a system."""
        return self.client_id.startswith(PERSON)


# The actor of what the register does of its own accord, such as lapsing an unanswered offer.
SYSTEM = Caller("system", "system", Role.ADMIN, frozenset())


class Unauthenticated(Problem):
    """No valid token came with the request (RFC 6750, section 3)."""

    status, code = 401, "unauthenticated"
    title, title_nl = "Not authenticated", "Niet ingelogd"


class Forbidden(Problem):
    """The token is valid but does not carry the right."""

    status, code = 403, "forbidden"
    title, title_nl = "Not allowed", "Niet toegestaan"
