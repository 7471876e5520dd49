"""What was attended of one session, from what somebody says of it. Pure: no database, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.core.problems import Fault


class Presence(StrEnum):
    """Whether a participant was at a session."""

    PRESENT = "present"
    ABSENT = "absent"
    EXCUSED = "excused"


class Channel(StrEnum):
    """How a participant was at a session."""

    IN_PERSON = "in-person"
    ONLINE = "online"


@dataclass(frozen=True)
class Attended:
    """What one participant attended; late and early are None where nobody said."""

    presence: Presence
    minutes: int
    late_minutes: int | None = None
    early_minutes: int | None = None
    channel: Channel | None = None


@dataclass(frozen=True)
class Said:
    """What somebody says of it; None is: left out."""

    minutes: int | None = None
    presence: Presence | None = None
    late_minutes: int | None = None
    early_minutes: int | None = None
    channel: Channel | None = None

    @property
    def early_or_late(self) -> bool:
        """Whether it says how much was missed at the beginning or the end."""
        return self.late_minutes is not None or self.early_minutes is not None

    @property
    def missed(self) -> int:
        """The minutes that were missed at the beginning and the end."""
        return (self.late_minutes or 0) + (self.early_minutes or 0)


def faults(said: Said, lasts: int, channels: Sequence[Channel], pointer: str) -> list[Fault]:
    """What cannot be so, for a session of `lasts` minutes that can be attended by `channels`."""
    away = said.presence not in (None, Presence.PRESENT)
    found: list[tuple[str, str, str]] = []
    if said.minutes is not None and said.minutes > lasts:
        detail = f"The session counts for {lasts} minutes."
        found.append(("minutes", "too-many-minutes", detail))
    if away and said.minutes:
        detail = f"Who is {said.presence} has 0 minutes."
        found.append(("minutes", "minutes-without-presence", detail))
    if said.missed > lasts:
        detail = f"Late and early together are more than the session's {lasts} minutes."
        name = "lateMinutes" if said.late_minutes else "earlyMinutes"
        found.append((name, "too-many-minutes", detail))
    elif not away and said.early_or_late and said.minutes not in (None, lasts - said.missed):
        detail = f"Of {lasts} minutes, {said.missed} missed, {lasts - said.missed} are left."
        found.append(("minutes", "contradiction", detail))
    for name, value in (
        ("lateMinutes", said.late_minutes),
        ("earlyMinutes", said.early_minutes),
        ("channel", said.channel),
    ):
        if away and value is not None:
            detail = f"Who is {said.presence} was neither late nor early, nor there by any channel."
            found.append((name, "minutes-without-presence", detail))
    if not away and said.channel is not None and said.channel not in channels:
        detail = f"The session is attended {', '.join(channels)} only."
        found.append(("channel", "channel", detail))
    return [Fault(pointer=f"{pointer}/{name}", code=code, detail=detail) for name, code, detail in found]


def understood(said: Said, lasts: int, channels: Sequence[Channel], stands: Attended | None) -> Attended:
    """What comes of it, where `faults` finds none.

    Minutes that are left out are the session's, less what was missed; who has none is absent. What is left
    out otherwise stays as it `stands` where that still fits, so that a list saved again changes nothing.
    """
    presence = said.presence
    if presence is None:
        presence = Presence.PRESENT if said.minutes or said.early_or_late else Presence.ABSENT
    if presence is not Presence.PRESENT:
        return Attended(presence, 0)
    minutes = lasts - said.missed if said.minutes is None else said.minutes
    late, early = None, None
    if said.early_or_late:
        late, early = said.late_minutes or 0, said.early_minutes or 0
    elif stands and stands.presence is presence and stands.minutes == minutes:
        late, early = stands.late_minutes, stands.early_minutes
    channel = said.channel or (stands and stands.channel) or channels[0]
    return Attended(presence, minutes, late, early, channel)
