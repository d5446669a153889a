"""Sessions as values."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from proxy.sessions.base import CachedVector, Event
from proxy.sessions.record import (
    REMEMBERED,
    Kept,
    append,
    pack,
    pack_cached,
    prefix,
    record_of,
    unpack,
    unpack_cached,
)

CACHED = CachedVector("20250101120000abc123", 7, b"\0\0\x80?")

texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)
ids = st.one_of(st.just(b""), st.binary(min_size=8, max_size=8).filter(any))
events = st.builds(Event, texts, texts, st.integers(0, 253_402_300_799_999), ids)


def event(number: int, id_: int | None = None) -> Event:
    return Event(f"sku {number}", "view", number, b"" if id_ is None else id_.to_bytes(8, "big"))


@given(st.integers(0, 2**64 - 1), st.lists(events, max_size=30), st.lists(ids.filter(len), max_size=30))
def test_packing_keeps_everything(sequence: int, kept: list[Event], dropped: list[bytes]) -> None:
    session = Kept(sequence, tuple(sorted(kept, key=lambda each: each.time)), tuple(dropped))
    packed = pack(session)
    assert unpack(packed) == session
    assert packed.startswith(prefix(sequence))


@given(st.binary(max_size=300))
def test_bytes_that_are_no_session_are_none_or_a_session_never_an_exception(garbage: bytes) -> None:
    assert unpack(b"\x02" + garbage) is None
    found = unpack(garbage)
    assert found is None or all(len(each.id) in (0, 8) for each in found.events)
    unpack_cached(garbage)


@pytest.mark.parametrize(
    "garbage",
    [
        None,
        b"",
        b"\x97\x00\x91\xa1a\x91\xa1v\x91\x00\x90\xc4\x08AAAAAAAA\xc4\x00",
        b"\x01" + bytes(8) + b"\x97\x00\x91\xa1a\x91\xa1v\x91\x7f\x90\xc4\x08AAAAAAAA\xc4\x00",
        b"\x01" + bytes(8) + b"\x97\x00\x91\xa1a\x91\xa1v\x91\xff\x90\xc4\x08AAAAAAAA\xc4\x00",
        b"\x01" + bytes(8) + b"\x97\x00\x91\xa1a\x91\xa1v\x91\x00\x90\xc4\x07AAAAAAA\xc4\x00",
        b"\x01" + bytes(8) + b"\x97\x00\x91\xa1a\x91\xa1v\x91\x00\x90\xc4\x08AAAAAAAA\xc4\x01A",
        b"\x01" + bytes(8) + b"\x97\x00\x91\xa1\xff\x91\xa1v\x91\x00\x90\xc4\x08AAAAAAAA\xc4\x00",
        b"\x01" + bytes(8) + b"\x97\xff\x91\xa1a\x91\xa1v\x91\x00\x90\xc4\x08AAAAAAAA\xc4\x00",
        b"\x01" + bytes(8) + b"\x97\x00\x90\x91\xa1v\x90\x91\x05\xc4\x00\xc4\x00",
    ],
)
def test_parts_that_do_not_fit_together_are_no_session(garbage: bytes | None) -> None:
    assert unpack(garbage) is None


def test_the_sound_neighbour_of_those_examples_is_a_session() -> None:
    found = unpack(b"\x01" + bytes(8) + b"\x97\x00\x91\xa1a\x91\xa1v\x91\x00\x90\xc4\x08AAAAAAAA\xc4\x00")
    assert found == Kept(0, (Event("a", "v", 0, b"AAAAAAAA"),))


def test_a_cut_session_is_none_at_every_length() -> None:
    packed = pack(append(None, [event(i, i) for i in range(5)], cap=3, now=1)[0])
    assert all(unpack(packed[:length]) is None for length in range(len(packed)))


@pytest.mark.parametrize(
    "blob",
    [
        None,
        b"",
        b"\x93",
        os.urandom(64),
        pack_cached(CachedVector("r", 1, b"123")),
        pack_cached(CachedVector("r", 1, b"1234", 1.0, b"123")),
    ],
)
def test_bytes_that_are_no_cached_vector_are_none(blob: bytes | None) -> None:
    assert unpack_cached(blob) is None
    assert unpack_cached(pack_cached(CACHED)) == CACHED


def test_parts_of_a_cached_vector_take_room_only_where_there_are_any() -> None:
    with_parts = replace(CACHED, weight=2.0, parts=b"\0\0\x80?" * 3)
    assert unpack_cached(pack_cached(with_parts)) == with_parts
    # A list of four as it was before there were parts, and one of five.
    assert (pack_cached(CACHED)[0], pack_cached(with_parts)[0]) == (0x94, 0x95)


@pytest.mark.parametrize("bad", [Event("a", "view", 1, b"short"), Event("a", "view", -1), Event("a", "view", 2**60)])
def test_an_event_that_cannot_be_kept_is_refused_before_it_spoils_the_session(bad: Event) -> None:
    with pytest.raises(ValueError, match=r"8 bytes|milliseconds"):
        pack(Kept(1, (bad,)))


@given(st.lists(st.lists(events, max_size=8), max_size=8), st.integers(1, 10))
def test_whatever_is_added_the_latest_stay_in_order_and_no_id_stands_twice(
    batches: list[list[Event]], cap: int
) -> None:
    kept = None
    for batch in batches:
        kept, new = append(kept, batch, cap=cap, now=5)
        assert len(new) == len(batch)
        assert len(kept.events) <= cap
        times = [each.time for each in kept.events]
        assert times == sorted(times)
        known = [each.id for each in kept.events if each.id]
        assert len(known) == len(set(known))
    everything = [each.time for batch in batches for each in batch if not each.id]
    if kept is not None and kept.events and len(kept.events) == cap:
        assert sum(time > kept.events[0].time for time in everything) <= cap


def test_a_session_begins_with_the_time_and_counts_changes_of_its_events() -> None:
    first, _ = append(None, [event(1, 1)], cap=2, now=100)
    repeat, _ = append(first, [event(1, 1)], cap=2, now=200)
    second, _ = append(repeat, [event(2, 2)], cap=2, now=300)
    assert [first.sequence, repeat.sequence, second.sequence] == [101, 101, 102]


def test_only_so_many_ids_of_dropped_events_are_remembered() -> None:
    kept = None
    for i in range(500):
        kept, _ = append(kept, [event(i, i)], cap=100, now=1)
    assert kept is not None
    assert len(kept.dropped_ids) == REMEMBERED
    assert kept.dropped_ids[-1] == event(399, 399).id


def test_a_vector_of_another_state_is_not_shown() -> None:
    kept = Kept(CACHED.sequence, (event(1),))
    assert record_of(kept, CACHED, 5).cached == CACHED
    assert record_of(Kept(CACHED.sequence + 1, kept.events), CACHED, 5).cached is None
