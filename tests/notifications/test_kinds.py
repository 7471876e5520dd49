"""Which event becomes which message: every event that the code can write has been thought of."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.notifications import kinds
from app.notifications.kinds import Audience, Kind, Telling
from app.registrations.lifecycle import Status
from app.tables import metadata
from tests.world import World

APP = Path(kinds.__file__).parents[1]
TYPE = re.compile(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*")
# Where the code fills in the last part of a type: with what.
VARYING = {"registration": [*Status], "session": ["planned", "changed", "cancelled"]}


def _trees() -> Iterator[ast.Module]:
    for file in APP.rglob("*.py"):
        yield ast.parse(file.read_text(encoding="utf-8"))


def _texts(tree: ast.AST) -> Iterator[str]:
    """Every text that may be a type; where the code fills in its last part, all that it can be."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and TYPE.fullmatch(str(node.value)):
            yield str(node.value)
        elif isinstance(node, ast.JoinedStr) and isinstance(first := node.values[0], ast.Constant):
            noun = str(first.value).removesuffix(".")
            if f"{noun}." == first.value and noun in VARYING:
                yield from (f"{noun}.{last}" for last in VARYING[noun])


def _types() -> set[str]:
    """Every type of event in the code: what is recorded, and whatever else begins with the same nouns."""
    trees = list(_trees())
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    recorded = {text for call in calls if "record" in ast.unparse(call.func) for text in _texts(call)}
    nouns = {text.partition(".")[0] for text in recorded}
    columns = {
        f"{table}.{column.name}" for table in metadata.tables for column in metadata.tables[table].columns
    }
    files = {path.name for path in APP.rglob("*.*")}
    found = {text for tree in trees for text in _texts(tree) if text.partition(".")[0] in nouns}
    return found - columns - files - set(kinds.TOLD) - set(kinds.SILENT) | recorded


def test_every_type_of_event_is_told_or_silent_on_purpose() -> None:
    types = _types()
    assert {"registration.received", "registration.placed", "session.cancelled", "draw.announced"} <= types
    unconsidered = types - set(kinds.TOLD) - set(kinds.SILENT)
    assert unconsidered == set(), "say in app/notifications/kinds.py what becomes of them"
    assert not set(kinds.TOLD) & set(kinds.SILENT)
    assert all(why.strip() for why in kinds.SILENT.values())


def test_what_happened_in_a_whole_pilot_was_considered_too(world: World) -> None:
    world.certified()
    happened = {event["type"] for event in world.events()}
    assert len(happened) > 10
    assert happened <= set(kinds.TOLD) | set(kinds.SILENT)


@pytest.mark.parametrize(
    ("type", "data", "actor", "kind"),
    [
        ("registration.received", {}, "a-client", Kind.REGISTRATION_RECEIVED),
        ("registration.received", {"before": "complete"}, "a-client", Kind.FORM_REOPENED),
        ("registration.received", {"carriedOverFrom": "x"}, "a-client", Kind.REGISTRATION_CARRIED_OVER),
        ("registration.complete", {"before": "received"}, "applicant", Kind.FORM_RECEIVED),
        ("registration.complete", {"before": "received"}, "a-client", None),
        ("registration.placed", {"before": "complete"}, "system", Kind.SEAT_PLACED),
        ("registration.placed", {"before": "waitlisted"}, "system", Kind.SEAT_OFFERED),
        ("registration.confirmed", {"before": "placed"}, "a-client", Kind.SEAT_CONFIRMED),
        ("registration.confirmed", {"before": "certified"}, "a-client", None),
        ("registration.certified", {"before": "confirmed"}, "a-client", None),
        ("draw.completed", {}, "a-client", None),
        ("what.nobody-knows", {}, "a-client", None),
    ],
)
def test_an_event_of_a_registration_or_a_draw(
    type: str, data: dict[str, str], actor: str, kind: Kind | None
) -> None:
    assert kinds.telling(type, data, actor) == (Telling(kind) if kind else None)


PLANNED, UNSCHEDULED = {"status": "planned"}, {"status": "unscheduled"}


@pytest.mark.parametrize(
    ("type", "data", "kind"),
    [
        ("session.planned", {"after": PLANNED}, Kind.SESSION_PLANNED),
        ("session.planned", {"after": UNSCHEDULED}, None),
        ("session.changed", {"fields": [], "membership": "kept"}, None),
        ("session.changed", {"fields": ["phase", "contactMinutes"], "membership": "kept"}, None),
        ("session.changed", {"fields": ["mode"], "before": PLANNED, "after": PLANNED}, Kind.SESSION_CHANGED),
        (
            "session.changed",
            {"fields": ["startsAt"], "before": UNSCHEDULED, "after": PLANNED},
            Kind.SESSION_PLANNED,
        ),
        (
            "session.changed",
            {"fields": ["startsAt"], "before": PLANNED, "after": UNSCHEDULED},
            Kind.SESSION_CHANGED,
        ),
        ("session.changed", {"fields": ["editions"], "membership": "added"}, Kind.SESSION_PLANNED),
        ("session.changed", {"fields": ["editions"], "membership": "removed"}, Kind.SESSION_CANCELLED),
        ("session.cancelled", {"before": PLANNED}, Kind.SESSION_CANCELLED),
    ],
)
def test_an_event_of_a_session(type: str, data: dict[str, object], kind: Kind | None) -> None:
    telling = kinds.telling(type, data, "a-client")
    assert telling == (Telling(kind, Audience.PARTICIPANTS) if kind else None)


def test_every_kind_can_still_be_true_of_somebody() -> None:
    for kind in set(Kind) - kinds.TO_ORGANISATIONS:
        assert any(kinds.is_still_true(kind, status) for status in Status), kind
        assert not kinds.is_still_true(kind, Status.WITHDRAWN) or kind is Kind.WITHDRAWN


def test_every_kind_comes_of_some_event() -> None:
    came = {
        rule(data, "applicant")
        for rule in kinds.TOLD.values()
        for data in (
            {"before": "placed"},
            {"before": "waitlisted"},
            {"carriedOverFrom": "x"} | {"before": ""},
            {"before": ""},
            {"membership": "added", "before": {}},
            {"fields": ["mode"], "before": {}},
        )
    }
    assert {telling.kind for telling in came if telling} == set(Kind)


@pytest.mark.parametrize(
    ("unsent", "new", "said"),
    [
        (Kind.SESSION_PLANNED, Kind.SESSION_CHANGED, Kind.SESSION_PLANNED),
        (Kind.SESSION_PLANNED, Kind.SESSION_CANCELLED, None),
        (Kind.SESSION_CHANGED, Kind.SESSION_CHANGED, Kind.SESSION_CHANGED),
        (Kind.SESSION_CHANGED, Kind.SESSION_CANCELLED, Kind.SESSION_CANCELLED),
        (Kind.DRAW_ANNOUNCED, Kind.DRAW_VOIDED, None),
        (Kind.OUT_OF_REACH, Kind.WITHIN_REACH, None),
        (Kind.WITHIN_REACH, Kind.OUT_OF_REACH, None),
    ],
)
def test_who_has_not_heard_the_first_hears_what_makes_sense(
    unsent: Kind, new: Kind, said: Kind | None
) -> None:
    assert unsent in kinds.family(new)
    assert kinds.merged(unsent, new) is said


def test_most_messages_stand_by_themselves() -> None:
    assert kinds.family(Kind.SEAT_PLACED) == frozenset()
    assert not kinds.waits(Kind.SEAT_PLACED)
    assert kinds.waits(Kind.SESSION_CHANGED)
