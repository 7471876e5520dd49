#!/usr/bin/env python3
"""Recomputes a draw from its public record: one file, Python's standard library alone.

    python verify_draw.py RECORD            a file, or the address of a draw
    python verify_draw.py --lang en RECORD  in English

It checks what docs/draw-protocol.md, section 8, lists, in that order, and says what it checked. It ends
with 0 when everything holds, with 1 and the first difference when something does not, with 2 when the
file or the address cannot be read, and with 3 when everything holds but it is a rehearsal, no draw. It
shares no code with the register on purpose.
"""

import argparse
import hashlib
import hmac
import json
import sys
import urllib.request
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

PROTOCOL = "cultuurcoordinator-draw-1"
LABEL = 16  # hexadecimal digits
SHOWN = 300  # of a difference, so that it fits a screen
QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
QUICKNET_KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
FIRST_ROUND = datetime.fromtimestamp(1_692_803_367, timezone.utc)  # noqa: UP017  runs on Python 3.9 too

# With a result a record is one of these, and without one of those; a run one is not public yet.
WITH_OUTCOME = ("run", "completed", "void", "rehearsal")
WITHOUT_OUTCOME = ("announced", "run", "void")

WORDS: dict[str, tuple[str, str]] = {
    "protocol": ("Protocol: {0}", "Protocol: {0}"),
    "hash": ("Vingerafdruk van de lijst klopt: {0}", "The list's hash is right: {0}"),
    "sorted": (
        "De lijst is gesorteerd, elk kenmerk komt een keer voor",
        "The list is sorted, labels are distinct",
    ),
    "chances": ("Kansen van {0} kandidaten nagerekend:", "Chances of {0} candidates recomputed:"),
    "group": ("  {0}{1}: {2} kandidaten, kans {3}", "  {0}{1}: {2} candidates, chance {3}"),
    "carried": (" (eerder uitgeloot)", " (drawn out before)"),
    "seats-few": (
        "{0} plaatsen voor {1} kandidaten: loten is nodig",
        "{0} seats for {1} candidates: a draw is needed",
    ),
    "seats-enough": ("Genoeg plaatsen: loten is niet nodig", "Seats for all: no draw is needed"),
    "beacon-drand": (
        "Toeval uit drand-ronde {0} van {1}, minstens een uur na de aankondiging",
        "Random value from drand round {0} of {1}, an hour or more after the announcement",
    ),
    "beacon-source": (
        "Toeval uit openbare bron: {0}; {1}; bekend vanaf {2}",
        "Random value from a public source: {0}; {1}; known from {2}",
    ),
    "no-outcome": ("Er is nog geen uitslag om na te rekenen", "There is no result to recompute yet"),
    "void": (
        "LET OP: deze loting is ongeldig verklaard en telt niet",
        "NOTE: this draw was voided and does not count",
    ),
    "unpublished": (
        "LET OP: deze uitslag is nog niet gepubliceerd en kan nog ongeldig worden verklaard",
        "NOTE: this result is not published yet and may still be voided",
    ),
    "rehearsal": (
        "GEEN LOTING: het klopt, maar dit is een PROEFLOTING en telt niet",
        "NOT A DRAW: it is right, but this is a REHEARSAL and does not count",
    ),
    "signature": ("Handtekening van drand klopt", "drand's signature is right"),
    "signature-unchecked": (
        "NIET gecontroleerd: de handtekening van drand (installeer py-arkworks-bls12381, of vergelijk haar"
        " met ronde {0} bij een drand-dienst)",
        "NOT checked: drand's signature (install py-arkworks-bls12381, or compare it with round {0} at any"
        " drand relay)",
    ),
    "value-unchecked": (
        "NIET te controleren door een computer: zoek zelf op of de bron dit zei: {0}",
        "NOT for a computer to check: look up yourself whether the source said: {0}",
    ),
    "randomness": ("Het toevalsgetal volgt uit die waarde", "The random number follows from that value"),
    "seats": ("Plaatsen per groep nagerekend", "Seats per group recomputed"),
    "lots": (
        "Loten, plaatsen en wachtlijst nagerekend: {0} geplaatst, {1} op de wachtlijst",
        "Lots, seats and waiting list recomputed: {0} placed, {1} on the waiting list",
    ),
    "withdrawn": ("{0} kandidaten hadden zich teruggetrokken", "{0} candidates had withdrawn"),
    "record": ("Het verslag zelf is ongewijzigd", "The record itself is unchanged"),
    "right": ("ALLES KLOPT", "EVERYTHING IS RIGHT"),
    "wrong": ("KLOPT NIET: {0}", "NOT RIGHT: {0}"),
    "unreadable": ("Geen leesbaar verslag van een loting: {0}", "Not a readable record of a draw: {0}"),
}


class Difference(Exception):
    """The first thing in the record that is not as it should be."""


class Report:
    """Says what was checked, in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def say(self, key: str, *values: object) -> None:
        """One line."""
        print(self.text(key, *values))  # noqa: T201  its job is to print

    def text(self, key: str, *values: object) -> str:
        """The words for `key`."""
        return WORDS[key][self.language == "en"].format(*values)


class Part(NamedTuple):
    """Candidates with the same chance."""

    partner: str
    carried: bool
    size: int
    chance: Fraction


def check(record: Any, report: Report) -> None:
    """Every check of section 8 in its order; raises Difference at the first that fails."""
    frozen = record["list"]
    same("protocol", frozen["protocol"], PROTOCOL)
    report.say("protocol", PROTOCOL)
    same("listHash", record["listHash"], sha256(canonical(frozen)))
    report.say("hash", record["listHash"])
    check_members(record)
    report.say("sorted")
    parts = check_chances(record, report)
    check_beacon(record, report)
    if record["outcome"] is None:
        same("outcomeHash", record["outcomeHash"], None)
        one_of("status", record["status"], WITHOUT_OUTCOME)
        report.say("no-outcome")
    else:
        one_of("status", record["status"], WITH_OUTCOME)
        check_outcome(record, parts, report)
    head = {key: value for key, value in record.items() if key not in ("list", "outcome", "recordHash")}
    same("recordHash", record["recordHash"], sha256(canonical(head)))
    report.say("record")
    if record["status"] == "run" and record["outcome"] is not None:
        report.say("unpublished")
    if record["status"] == "void":
        report.say("void")


def check_members(record: Any) -> None:
    """The record says the same as its list, and everything in it is sorted and distinct."""
    frozen = record["list"]
    same("id", record["id"], frozen["draw"])
    for member in ("edition", "announcedAt", "publishAt"):
        same(member, record[member], frozen[member])
    for name, key, items in (
        ("list.candidates", "label", frozen["candidates"]),
        ("list.quotas", "organisation", frozen["quotas"]),
    ):
        keys = [item[key] for item in items]
        same(f"{name}: {key}", keys, sorted(set(keys)))
    for one in frozen["candidates"]:
        if frozen["carryOver"]["mode"] == "none":
            same("carriedOver", one["carriedOver"], False)
        same("label", len(one["label"]) == LABEL and set(one["label"]) <= set("0123456789abcdef"), True)


def check_chances(record: Any, report: Report) -> list[Part]:
    """Recompute every chance (section 3)."""
    frozen = record["list"]
    parts = chances(frozen)
    shown = [
        {
            "partner": part.partner,
            "carriedOver": part.carried,
            "candidates": part.size,
            "chance": str(part.chance),
            "expectedSeats": str(part.chance * part.size),
        }
        for part in parts
    ]
    same("groups", record["groups"], shown)
    chance = {(part.partner, part.carried): str(part.chance) for part in parts}
    for one in frozen["candidates"]:
        same(f"chance of {one['label']}", one["chance"], chance[one["partner"], one["carriedOver"]])
    same("drawNeeded", record["drawNeeded"], any(part.chance != 1 for part in parts))
    report.say("chances", len(frozen["candidates"]))
    for part in parts:
        carried = report.text("carried") if part.carried else ""
        report.say("group", part.partner, carried, part.size, part.chance)
    report.say(
        "seats-few" if record["drawNeeded"] else "seats-enough", frozen["seats"], len(frozen["candidates"])
    )
    return parts


def check_beacon(record: Any, report: Report) -> None:
    """The random value lies an hour ahead of the announcement, and a round has its own time."""
    beacon = record["list"]["beacon"]
    same("beacon", beacon is None, not record["drawNeeded"])
    if beacon is None:
        return
    if beacon["kind"] == "drand":
        same("beacon.chain", beacon["chain"], QUICKNET)
        at = FIRST_ROUND + timedelta(seconds=3 * (beacon["round"] - 1))
        same("beacon.roundAt", moment(beacon["roundAt"]), at)
        report.say("beacon-drand", beacon["round"], beacon["roundAt"])
    else:
        same("beacon.kind", beacon["kind"], "public-source")
        at = moment(beacon["availableAt"])
        report.say("beacon-source", beacon["source"], beacon["field"], beacon["availableAt"])
    same("an hour ahead", at - moment(record["list"]["announcedAt"]) >= timedelta(hours=1), True)


def check_outcome(record: Any, parts: list[Part], report: Report) -> None:
    """Recompute the result from the random value (sections 4 and 5)."""
    frozen, outcome = record["list"], record["outcome"]
    key = check_random(record, report)
    counts = [part.size for part in parts] if key is None else rounded(parts, key)
    shown = [
        {"partner": part.partner, "carriedOver": part.carried, "seats": count}
        for part, count in zip(parts, counts)  # noqa: B905  runs on Python 3.9 too
    ]
    same("outcome.seats", outcome["seats"], shown)
    report.say("seats")
    expected = lots(frozen, shown, key)
    same("outcome.lots: length", len(outcome["lots"]), len(expected))
    if canonical(outcome["lots"]) != canonical(expected):
        for found, right in zip(outcome["lots"], expected):  # noqa: B905  the lengths are the same by now
            same(f"lot of {right['label']}", found, right)
    placed = sum(one["outcome"] == "placed" for one in expected)
    report.say("lots", placed, len(expected) - placed)
    labels = {one["label"] for one in frozen["candidates"]}
    same("outcome.withdrawn", sorted(set(outcome["withdrawn"]) & labels), outcome["withdrawn"])
    same("outcomeHash", record["outcomeHash"], sha256(canonical(outcome)))
    if outcome["withdrawn"]:
        report.say("withdrawn", len(outcome["withdrawn"]))


def check_random(record: Any, report: Report) -> "bytes | None":
    """The key of the draw (section 5.1), or None when nothing was drawn."""
    beacon, random = record["list"]["beacon"], record["outcome"]["random"]
    rehearsal = record["status"] == "rehearsal"
    same("outcome.random", random is None, beacon is None and not rehearsal)
    if random is None:
        return None
    if beacon is not None and beacon["kind"] == "drand" and not rehearsal:
        same("outcome.random.value", random["value"], None)
        check_signature(beacon["round"], random["signature"], report)
        source = bytes.fromhex(random["signature"])
    else:
        same("outcome.random.signature", random["signature"], None)
        source = random["value"].encode()
        report.say("value-unchecked", random["value"])
    same("outcome.random.randomness", random["randomness"], sha256(source))
    report.say("randomness")
    if not record["drawNeeded"]:
        return None
    info = b"cultuurcoordinator draw" + (b" rehearsal" if rehearsal else b"")
    extracted = hmac_sha256(bytes.fromhex(record["listHash"]), bytes.fromhex(random["randomness"]))
    return hmac_sha256(extracted, info + b"\x01")


def check_signature(number: int, signature: str, report: Report) -> None:
    """The signature is the network's own, where a library for BLS12-381 is present."""
    same("outcome.random.signature: 96 digits", len(bytes.fromhex(signature)), 48)
    same("outcome.random.signature: lower case", signature, signature.lower())
    try:
        from py_arkworks_bls12381 import GT, G1Point, G2Point  # noqa: PLC0415  optional
    except ImportError:
        report.say("signature-unchecked", number)
        return
    message = hashlib.sha256(number.to_bytes(8, "big")).digest()
    hashed = G1Point.hash_to_curve(message, b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_")
    try:
        point = G1Point.from_compressed_bytes(bytes.fromhex(signature))
    except ValueError:
        raise Difference(f"outcome.random.signature: {signature}") from None
    public_key = G2Point.from_compressed_bytes(bytes.fromhex(QUICKNET_KEY))
    right = bool(GT.pairing_check([point, -hashed], [G2Point(), public_key]))
    same("outcome.random.signature", right, True)
    report.say("signature")


def chances(frozen: Any) -> "list[Part]":
    """Everybody's chance (section 3), found by taking out whoever hits a limit, one by one."""
    sizes: dict[str, list[int]] = {}
    for one in frozen["candidates"]:
        sizes.setdefault(one["partner"], [0, 0])[one["carriedOver"]] += 1
    quotas = {quota["organisation"]: quota for quota in frozen["quotas"]}
    short = sum(
        max(quota["minimum"] - sum(sizes.get(name, ())), 0)
        for name, quota in quotas.items()
        if frozen["unfilledMinimum"] == "held"
    )
    limits = {
        name: (
            Fraction(min(quotas[name]["minimum"] if name in quotas else 0, sum(both))),
            Fraction(min(quotas[name]["maximum"] if name in quotas else sum(both), sum(both))),
        )
        for name, both in sizes.items()
    }
    available = Fraction(frozen["seats"] - short)
    same("list.quotas: feasible", sum(low for low, _ in limits.values()) <= available, True)
    if frozen["carryOver"]["mode"] == "priority":
        found = in_two_rounds(sizes, limits, available)
    else:
        weight = frozen["carryOver"]["weight"] if frozen["carryOver"]["mode"] == "weight" else 1
        found = in_one_round(sizes, limits, available, weight)
    return [
        Part(name, carried, sizes[name][carried], found[name][carried])
        for name in sorted(sizes)
        for carried in (True, False)
        if sizes[name][carried]
    ]


def in_two_rounds(sizes: Any, limits: Any, available: Fraction) -> Any:
    """Those carried over first, then the others with what is left."""
    first = {
        name: (min(low, both[1]), min(limits[name][1], both[1]))
        for name, both in sizes.items()
        for low in (limits[name][0],)
    }
    kept = sum(max(limits[name][0] - both[1], Fraction(0)) for name, both in sizes.items())
    early = shares({name: [(1, both[1])] for name, both in sizes.items()}, first, available - kept)
    second = {
        name: (
            max(limits[name][0] - early[name], Fraction(0)),
            min(limits[name][1] - early[name], Fraction(both[0])),
        )
        for name, both in sizes.items()
    }
    late = shares(
        {name: [(1, both[0])] for name, both in sizes.items()}, second, available - sum(early.values())
    )
    return {name: (late[name] / (both[0] or 1), early[name] / (both[1] or 1)) for name, both in sizes.items()}


def in_one_round(sizes: Any, limits: Any, available: Fraction, weight: int) -> Any:
    """All together, those carried over with their weight."""
    parts = {name: [(1, both[0]), (weight, both[1])] for name, both in sizes.items()}
    seats = shares(parts, limits, available)
    found = {}
    for name in sizes:
        factor = factor_for(parts[name], seats[name])
        found[name] = (min(Fraction(1), factor), min(Fraction(1), factor * weight))
    return found


def shares(parts: Any, limits: Any, available: Fraction) -> Any:
    """Seats per partner with one factor, between its limits: exact, by bisection on the edges."""
    given = min(available, sum((high for _, high in limits.values()), Fraction(0)))

    def at(factor: Fraction) -> Any:
        return {
            name: min(max(asked(parts[name], factor), limits[name][0]), limits[name][1]) for name in parts
        }

    edges = {Fraction(0)}
    for name in parts:
        edges |= {factor_for(parts[name], limit) for limit in limits[name]}
        edges |= {Fraction(1, weight) for weight, size in parts[name] if size}
    below, above = Fraction(0), None
    for edge in sorted(edges):
        if sum(at(edge).values()) >= given:
            above = edge
            break
        below = edge
    if above is None:
        return at(below)
    low, high = sum(at(below).values()), sum(at(above).values())
    if high == low:
        return at(above)
    return at(below + (above - below) * (given - low) / (high - low))


def asked(parts: Any, factor: Fraction) -> Fraction:
    """The seats that a factor asks for."""
    return sum((size * min(Fraction(1), factor * weight) for weight, size in parts), Fraction(0))


def factor_for(parts: Any, seats: Fraction) -> Fraction:
    """The smallest factor that asks for `seats`."""
    sure: set[int] = set()
    while True:
        rest = [(weight, size) for weight, size in parts if weight not in sure and size]
        if not rest:
            return Fraction(1) if seats else Fraction(0)
        done: int = sum(size for weight, size in parts if weight in sure)
        factor = (seats - done) / Fraction(sum(weight * size for weight, size in rest))
        over = {weight for weight, _ in rest if factor * weight > 1}
        if not over:
            return factor
        sure.add(max(over))


def rounded(parts: "list[Part]", key: bytes) -> "list[int]":
    """Whole seats by systematic sampling (section 5.3)."""
    u = Fraction(int.from_bytes(hmac_sha256(key, b"rounding"), "big"), 2**256)
    sums = [u]
    for part in parts:
        sums.append(sums[-1] + part.chance * part.size)
    return [floor(after) - floor(before) for before, after in zip(sums, sums[1:])]  # noqa: B905, RUF007  3.9


def lots(frozen: Any, seats: Any, key: "bytes | None") -> "list[dict[str, Any]]":
    """What everybody got (sections 5.4 to 5.6)."""
    candidates = frozen["candidates"]
    if key is None:
        return [
            {"label": one["label"], "lot": None, "outcome": "placed", "number": None} for one in candidates
        ]
    ordered = sorted(candidates, key=lambda one: hmac_sha256(key, one["label"].encode()))
    left = {(group["partner"], group["carriedOver"]): group["seats"] for group in seats}
    found: list[dict[str, Any]] = []
    waiting: list[tuple[bool, dict[str, Any]]] = []
    seat = 0
    for number, one in enumerate(ordered, 1):
        group = (one["partner"], one["carriedOver"])
        lot = {"label": one["label"], "lot": number, "outcome": "waitlisted", "number": None}
        if left[group] > 0:
            left[group] -= 1
            seat += 1
            lot.update(outcome="placed", number=seat)
        else:
            waiting.append((frozen["carryOver"]["mode"] == "priority" and not one["carriedOver"], lot))
        found.append(lot)
    for place, (_, lot) in enumerate(sorted(waiting, key=lambda pair: pair[0]), 1):
        lot["number"] = place
    return found


def canonical(value: Any) -> bytes:
    """RFC 8785, for what a list is made of: texts, whole numbers, booleans, null, lists, objects."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """RFC 2104."""
    return hmac.new(key, message, hashlib.sha256).digest()


def moment(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # noqa: FURB162  Python 3.9 knows no Z


def same(what: str, found: object, right: object) -> None:
    """Go on when both are the same, also in kind: 1 is not true and not 1.0."""
    if found is right or (type(found) is type(right) is str and found == right):
        return  # what most are: a million times the short way
    if json.dumps(found, default=str, sort_keys=True) != json.dumps(right, default=str, sort_keys=True):
        raise Difference(f"{what}: {_short(found)} | {_short(right)}")


def one_of(what: str, found: object, right: "tuple[str, ...]") -> None:
    """Go on when it is one of these."""
    if found not in right:
        raise Difference(f"{what}: {_short(found)} | {' / '.join(right)}")


def _short(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _load(source: str) -> bytes:
    if source.startswith(("http://", "https://")):
        request = urllib.request.Request(source, headers={"Accept": "application/json"})  # noqa: S310  said by the user
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  the same
            text: bytes = answer.read()
    else:
        with open(source, "rb") as file:  # noqa: PTH123  as short as it can be
            text = file.read()
    return text


def _parse(text: bytes) -> Any:
    """JSON without what two readers may read in two ways: a member twice, or NaN."""

    def distinct(members: "list[tuple[str, Any]]") -> "dict[str, Any]":
        if len(dict(members)) < len(members):
            raise ValueError("a member stands twice in one object")
        return dict(members)

    def no_number(constant: str) -> None:
        raise ValueError(f"{constant} is no number")

    return json.loads(text.decode(), parse_constant=no_number, object_pairs_hook=distinct)


def main(arguments: "list[str] | None" = None) -> int:
    """The command: 0 right, 1 not right, 2 not readable, 3 right but a rehearsal."""
    parser = argparse.ArgumentParser(description="Recomputes a draw from its public record.")
    parser.add_argument("record", help="a file, or the address of a draw")
    parser.add_argument("--lang", choices=("nl", "en"), default="nl")
    given = parser.parse_args(arguments)
    report = Report(given.lang)
    try:
        text = _load(given.record)
    except (OSError, ValueError) as error:
        report.say("unreadable", error)
        return 2
    return verdict(text, report)


def verdict(text: bytes, report: Report) -> int:
    """The command's end for a record that could be read: 0, 1 or 3, as the report says in its last line."""
    try:
        record = _parse(text)
        check(record, report)
    except Difference as difference:
        report.say("wrong", difference)
        return 1
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, IndexError) as error:
        report.say("wrong", f"{type(error).__name__}: {error}")
        return 1
    rehearsal = record["status"] == "rehearsal"
    report.say("rehearsal" if rehearsal else "right")
    return 3 if rehearsal else 0


if __name__ == "__main__":
    sys.exit(main())
