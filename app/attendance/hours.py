"""What a certificate asks, what of it is met, and what can still be. Pure: no database, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.core.language import Language


class Code(StrEnum):
    """The requirements, each with a stable name."""

    CONTACT_HOURS = "contact-hours"
    PHASES = "phases"
    PRODUCT = "product"


@dataclass(frozen=True)
class Requirement:
    """One requirement: whether it is met, and in words how it stands."""

    code: Code
    met: bool
    explanation: str


@dataclass(frozen=True)
class Standing:
    """What a participant has done: minutes attended, phases with whether passed, product if any."""

    contact_minutes: int
    minimum_contact_minutes: int
    phases: Sequence[tuple[str, bool]]
    product_title: str | None
    product_approved: bool
    made_up_minutes: int = 0  # of the contact minutes


# How long after a session its attendance may still be recorded, before nobody expects that any more.
GRACE = timedelta(days=7)


class Outlook(StrEnum):
    """Whether a participant gets to the contact time that is asked."""

    MET = "met"
    REACHABLE = "reachable"
    OUT_OF_REACH = "out-of-reach"


@dataclass(frozen=True)
class Meeting:
    """A session that is not cancelled, as it counts for one participant.

    `minutes` is None while nobody knows how long it will be; `ends_at` while it is unscheduled; `attended`
    while nothing is recorded.
    """

    minutes: int | None
    ends_at: datetime | None
    attended: int | None = None

    @property
    def settled_at(self) -> datetime | None:
        """When nothing more comes of it: at its end if attendance says what came, otherwise after GRACE."""
        if self.ends_at is None:
            return None
        return self.ends_at if self.attended is not None else self.ends_at + GRACE

    def possible(self, now: datetime) -> int:
        """The minutes that may still be added to those attended."""
        settled_at = self.settled_at
        if self.minutes is None or (settled_at is not None and now >= settled_at):
            return 0
        return max(self.minutes - (self.attended or 0), 0)


@dataclass(frozen=True)
class Forecast:
    """How a participant's contact time stands, in minutes; `unknown` sessions have no length yet."""

    attended: int
    made_up: int
    possible: int
    minimum: int
    unknown: int

    @property
    def needed(self) -> int:
        """The minutes that are missing."""
        return max(self.minimum - self.attended - self.made_up, 0)

    @property
    def outlook(self) -> Outlook:
        """What becomes of it. As long as a session has no length, nothing is certainly out of reach."""
        if not self.needed:
            return Outlook.MET
        return Outlook.REACHABLE if self.unknown or self.possible >= self.needed else Outlook.OUT_OF_REACH


def forecast(meetings: Sequence[Meeting], made_up: int, minimum: int, now: datetime) -> Forecast:
    """How contact time stands at `now`, by what was recorded."""
    return Forecast(
        attended=sum(meeting.attended or 0 for meeting in meetings),
        made_up=made_up,
        possible=sum(meeting.possible(now) for meeting in meetings),
        minimum=minimum,
        unknown=sum(meeting.minutes is None for meeting in meetings),
    )


def certain_at(meetings: Sequence[Meeting], made_up: int, minimum: int, now: datetime) -> datetime | None:
    """Since when the minimum is out of reach, by the passing of time; None where it is not.

    By what is recorded now: who is recorded as absent missed the session at its end, whenever that was
    written down. Where it never was within reach there is no such moment but `now`.
    """
    if forecast(meetings, made_up, minimum, now).outlook is not Outlook.OUT_OF_REACH:
        return None
    moments = sorted(at for meeting in meetings if (at := meeting.settled_at) is not None and at <= now)
    for number, at in enumerate(moments):
        if forecast(meetings, made_up, minimum, at).outlook is Outlook.OUT_OF_REACH:
            before = forecast(meetings, made_up, minimum, at - timedelta(microseconds=1)).outlook
            return now if number == 0 and before is Outlook.OUT_OF_REACH else at
    return now


def in_hours(minutes: int, language: Language) -> str:
    """Minutes as hours in words: 1170 is "19,5 uur" or "19.5 hours"; minutes that do not fit stay minutes."""
    hours, rest = divmod(minutes, 60)
    if rest % 15:
        amount = f"{hours}:{rest:02d}"
    else:
        decimals = {0: "", 15: ".25", 30: ".5", 45: ".75"}[rest]
        amount = f"{hours}{decimals}"
    if language == "nl":
        return f"{amount.replace('.', ',')} uur"
    return f"{amount} hour" if amount == "1" else f"{amount} hours"


def told(standing: Forecast, language: Language) -> list[str]:
    """How contact time stands, to the participant, in words."""
    attended, made_up = in_hours(standing.attended, language), in_hours(standing.made_up, language)
    asked, needed = in_hours(standing.minimum, language), in_hours(standing.needed, language)
    possible = in_hours(standing.possible, language)
    if language == "nl":
        made = f" en {made_up} ingehaald" if standing.made_up else ""
        words = [f"Je hebt {attended} contacttijd gevolgd{made}; er wordt {asked} gevraagd."]
        words += {
            Outlook.MET: ["Dat is genoeg."],
            Outlook.REACHABLE: [f"Je hebt nog {needed} nodig. Er kan nog {possible} bij komen."],
            Outlook.OUT_OF_REACH: [
                f"Je hebt nog {needed} nodig, en er kan nog maar {possible} bij komen.",
                "Overleg met je docent hoe je tijd kunt inhalen.",
            ],
        }[standing.outlook]
        if standing.unknown and standing.needed:
            words.append("Er komen ook nog bijeenkomsten waarvan de lengte niet bekend is.")
        return words
    made = f" and made up for {made_up}" if standing.made_up else ""
    words = [f"You have attended {attended} of contact time{made}; {asked} are asked."]
    words += {
        Outlook.MET: ["That is enough."],
        Outlook.REACHABLE: [f"You still need {needed}. As much as {possible} can still be added."],
        Outlook.OUT_OF_REACH: [
            f"You still need {needed}, and no more than {possible} can be added.",
            "Ask your trainer how you can make up for time.",
        ],
    }[standing.outlook]
    if standing.unknown and standing.needed:
        words.append("There will also be sessions whose length is not known yet.")
    return words


def requirements(standing: Standing, language: Language) -> list[Requirement]:
    """Every requirement of the certificate (design, section 7), in a fixed order."""
    return [_hours(standing, language), _phases(standing, language), _product(standing, language)]


def _hours(standing: Standing, language: Language) -> Requirement:
    missing = standing.minimum_contact_minutes - standing.contact_minutes
    attended = in_hours(standing.contact_minutes, language)
    asked = in_hours(standing.minimum_contact_minutes, language)
    made_up = ""
    if standing.made_up_minutes:
        made_up = in_hours(standing.made_up_minutes, language)
        made_up = f" (waarvan {made_up} ingehaald)" if language == "nl" else f" ({made_up} of it made up)"
    if missing <= 0:
        words = {
            "nl": f"{attended} contacttijd gevolgd{made_up}; {asked} gevraagd.",
            "en": f"{attended} of contact time attended{made_up}; {asked} asked.",
        }
    else:
        short = in_hours(missing, language)
        words = {
            "nl": f"Nog {short} contacttijd nodig: {attended} gevolgd{made_up} van de gevraagde {asked}.",
            "en": f"{short} of contact time missing: {attended} attended{made_up} of the {asked} asked.",
        }
    return Requirement(Code.CONTACT_HOURS, missing <= 0, words[language])


def _phases(standing: Standing, language: Language) -> Requirement:
    missing = [title for title, passed in standing.phases if not passed]
    if not missing:
        words = {"nl": "Alle fasen zijn behaald.", "en": "All phases are passed."}
    else:
        names = ", ".join(missing)
        words = {"nl": f"Nog niet behaald: {names}.", "en": f"Not yet passed: {names}."}
    return Requirement(Code.PHASES, not missing, words[language])


def _product(standing: Standing, language: Language) -> Requirement:
    if standing.product_approved:
        words = {
            "nl": f"Het beroepsproduct «{standing.product_title}» is goedgekeurd.",
            "en": f"The product «{standing.product_title}» is approved.",
        }
    elif standing.product_title:
        words = {
            "nl": f"Het beroepsproduct «{standing.product_title}» is nog niet goedgekeurd.",
            "en": f"The product «{standing.product_title}» is not yet approved.",
        }
    else:
        words = {"nl": "Er is nog geen beroepsproduct.", "en": "There is no product yet."}
    return Requirement(Code.PRODUCT, standing.product_approved, words[language])
