"""The hash chain by itself: whole when nothing was touched, broken at whatever was."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.certificates import chain
from app.certificates.chain import Entry, EntryKind

START = datetime(2022, 4, 20, tzinfo=UTC)


def _chain(kinds: list[EntryKind]) -> list[Entry]:
    entries: list[Entry] = []
    for n, kind in enumerate(kinds):
        committed = chain.commitment(bytes([n]) * 32, {"number": f"CCVO-2022-{n:06d}"})
        last = entries[-1] if entries else None
        entries.append(chain.following(last, kind, committed, START + timedelta(seconds=n)))
    return entries


def _is_whole(entries: list[Entry]) -> bool:
    return all(chain.is_next(one, entries[n - 1] if n else None) for n, one in enumerate(entries))


KINDS = st.lists(st.sampled_from(EntryKind), min_size=2, max_size=8)


@given(KINDS)
def test_what_was_not_touched_is_whole(kinds: list[EntryKind]) -> None:
    entries = _chain(kinds)
    assert _is_whole(entries)
    assert [one.number for one in entries] == list(range(1, len(kinds) + 1))


@given(KINDS, st.data())
def test_whatever_is_changed_taken_out_or_slipped_in_breaks_it(
    kinds: list[EntryKind], data: st.DataObject
) -> None:
    entries = _chain(kinds)
    n = data.draw(st.integers(0, len(entries) - 1))
    one = entries[n]
    other = next(kind for kind in EntryKind if kind is not one.kind)
    changed = data.draw(
        st.sampled_from(
            [
                replace(one, kind=other),
                replace(one, at=one.at + timedelta(microseconds=1)),
                replace(one, commitment=bytes(32)),
                replace(one, previous=bytes(31) + b"\1"),
                replace(one, hash=bytes(32)),
                replace(one, number=one.number + 1),
            ]
        )
    )
    assert not _is_whole([*entries[:n], changed, *entries[n + 1 :]])
    if n < len(entries) - 1:
        assert not _is_whole([*entries[:n], *entries[n + 1 :]])
    assert not _is_whole([*entries[: n + 1], one, *entries[n + 1 :]])


def test_an_entry_hashes_as_the_guide_says() -> None:
    """Worked out by hand: SHA-256 of the canonical JSON, without the code above."""
    first = chain.following(None, EntryKind.ISSUED, b"\xaa" * 32, START)
    text = (
        f'{{"at":"2022-04-20T00:00:00Z","commitment":"{"aa" * 32}","kind":"issued","number":1,'
        f'"previous":"{"00" * 32}"}}'
    )
    assert first.hash == hashlib.sha256(text.encode()).digest()


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_commitment_tells_nothing_without_its_salt(one: bytes, other: bytes) -> None:
    facts = {"number": "CCVO-2022-000001"}
    assert (chain.commitment(one, facts) == chain.commitment(other, facts)) is (one == other)
