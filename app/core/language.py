"""Dutch or English, by what the reader asked for."""

from typing import Literal

Language = Literal["nl", "en"]


def preferred(accept_language: str | None, default: Language = "en") -> Language:
    """The language of ours that an Accept-Language header (RFC 9110, section 12.5.4) ranks highest.

    A header that names neither, or is not well formed, gives `default`.
    """
    best: tuple[float, Language] | None = None
    for part in (accept_language or "").split(","):
        tag, _, weight = part.strip().partition(";")
        language = tag.strip().lower().split("-")[0]
        if language not in ("nl", "en"):
            continue
        quality = _quality(weight)
        if quality > 0 and (best is None or quality > best[0]):
            best = (quality, "nl" if language == "nl" else "en")
    return best[1] if best else default


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
