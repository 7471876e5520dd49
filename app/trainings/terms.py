"""What editions lay down about draw and form, what phases ask, how sessions stand. Pure: no database."""

from collections.abc import Mapping
from enum import StrEnum


class UnfilledMinimum(StrEnum):
    """What becomes of the seats of a minimum that too few candidates came for."""

    RELEASED = "released"  # the others get them
    HELD = "held"  # they stay free for that partner


class CarryMode(StrEnum):
    """What it brings in a draw to have been drawn out in an earlier edition."""

    NONE = "none"
    PRIORITY = "priority"
    WEIGHT = "weight"


class EvidenceKind(StrEnum):
    """What a participant shows at the end of a phase."""

    LEARNING_QUESTION = "learning-question"
    RESEARCH = "research"
    PRODUCT = "product"
    NEXT_STEPS = "next-steps"  # insights, and what one will do


class Mode(StrEnum):
    """How a session is attended."""

    PHYSICAL = "physical"
    ONLINE = "online"
    HYBRID = "hybrid"


class SessionStatus(StrEnum):
    """Whether a session will be held."""

    PLANNED = "planned"
    UNSCHEDULED = "unscheduled"  # it has no times yet, or no longer
    CANCELLED = "cancelled"


class FormPart(StrEnum):
    """What the enrolment form leaves open unless the edition asks for it; each is a member of the answers."""

    COORDINATOR_HOURS = "coordinatorHours"
    COORDINATOR_MANDATE = "coordinatorMandate"
    SCHOOL_LEADER = "schoolLeader"
    INVOICE_ADDRESS = "invoiceAddress"


class Retained(StrEnum):
    """What of people is kept for a term of its own, and then erased."""

    UNSUCCESSFUL = "unsuccessful"  # the whole registration, where it came to nothing
    MOTIVATION = "motivation"
    FORMS = "forms"
    ATTENDANCE = "attendance"  # its detail; the minutes that count stay
    EVIDENCE = "evidence"
    MESSAGES = "messages"
    PARTICIPANTS = "participants"  # the whole registration of who took part; certificates stay
    INVOICES = "invoices"


# In months from the moment that it had served. Of invoices the law says seven years (article 52 AWR).
RETENTION: Mapping[Retained, int] = {
    Retained.UNSUCCESSFUL: 6,
    Retained.MOTIVATION: 6,
    Retained.FORMS: 12,
    Retained.ATTENDANCE: 24,
    Retained.EVIDENCE: 24,
    Retained.MESSAGES: 12,
    Retained.PARTICIPANTS: 24,
    Retained.INVOICES: 84,
}
