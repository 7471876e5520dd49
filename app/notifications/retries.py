"""When a message is tried again, and which refusals of a mail server are final. Pure."""

import re
from dataclasses import dataclass
from datetime import timedelta

FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=4)
_PERMANENT = 500
# An enhanced status code (RFC 3463), such as 5.1.1.
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True)
class Refusal:
    """Why a message was not taken, in no words of the mail server's: those often name the recipient."""

    final: bool
    why: str


def judged(stage: str, code: int, reply: str) -> Refusal:
    """What the answer `code` at `stage` of the conversation means: 5xx is final, 4xx may pass."""
    enhanced = _ENHANCED.search(reply)
    words = f"{code} {enhanced.group()}" if enhanced else str(code)
    return Refusal(code >= _PERMANENT, f"{words} at {stage}")


def pause(attempts: int, chance: float) -> timedelta:
    """How long to wait after so many attempts: twice as long each time, up to four hours.

    `chance`, from 0 to 1, spreads it from half as long to half as long again, so that what failed together
    does not come back together.
    """
    doubled = FIRST * (1 << min(attempts - 1, 10))
    return min(doubled, LONGEST) * (0.5 + chance)
