"""What a session is made of, as values: adding events to it, and its bytes in a store.

The bytes are one version byte, the sequence (8 bytes, big-endian) and a msgpack list by columns, which is what keeps 20
events within a kibibyte: a sku each, one byte for the type, the milliseconds since the event before, eight bytes of id.
The sequence stands in front so that a script in the store can compare it without unpacking the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import msgspec

from .base import CachedVector, Event, Record

__all__ = ["ID_BYTES", "Kept", "append", "pack", "pack_cached", "prefix", "record_of", "unpack", "unpack_cached"]

#: Length of an event's id.
ID_BYTES = 8
#: How many ids of dropped events are remembered at most: a late repeat of one of those is still known as a repeat.
REMEMBERED = 32

_VERSION = b"\x01"
_PREFIX_BYTES = 9
_NO_ID = bytes(ID_BYTES)
#: The first millisecond that no date can show.
_YEAR_10000 = 253_402_300_800_000


@dataclass(frozen=True, slots=True)
class Kept:
    """All that is kept of a session but its cached vector."""

    sequence: int
    #: Oldest first.
    events: tuple[Event, ...] = ()
    #: Ids of events that the cap dropped, the latest to go last.
    dropped_ids: tuple[bytes, ...] = ()


class _Columns(msgspec.Struct, array_like=True):
    start: int
    skus: list[str]
    #: The names that occur, and for each event the position of its own.
    types: list[str]
    type_of: list[int]
    steps: list[int]
    ids: bytes
    dropped_ids: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode_columns = msgspec.msgpack.Decoder(_Columns).decode
_decode_cached = msgspec.msgpack.Decoder(CachedVector).decode


def append(kept: Kept | None, events: Iterable[Event], *, cap: int, now: int) -> tuple[Kept, tuple[bool, ...]]:
    """Add events: ordered by time (equal times as they came), an id counted once, the oldest dropped beyond ``cap``.

    A session begins with ``now`` (milliseconds) as its sequence, so that one which was forgotten and begun again cannot
    be taken for the old one; each change of its events adds 1.

    Returns:
        (the session afterwards, for each event whether it was new).
    """
    kept = kept or Kept(now)
    known = {event.id for event in kept.events if event.id}.union(kept.dropped_ids)
    new: list[bool] = []
    merged = list(kept.events)
    for event in events:
        new.append(event.id not in known)
        if new[-1]:
            merged.append(event)
            if event.id:
                known.add(event.id)
    merged.sort(key=lambda event: event.time)
    surplus = max(0, len(merged) - cap)
    dropped_ids = (*kept.dropped_ids, *(event.id for event in merged[:surplus] if event.id))
    left = tuple(merged[surplus:])
    changed = left != kept.events
    return Kept(kept.sequence + changed, left, dropped_ids[-min(cap, REMEMBERED) :]), tuple(new)


def record_of(kept: Kept, cached: CachedVector | None, cap: int) -> Record:
    """The view of a session that the contract gives out: at most ``cap`` events, no vector of an earlier state."""
    current = cached is not None and cached.sequence == kept.sequence
    return Record(kept.sequence, kept.events[-cap:], cached if current else None)


def prefix(sequence: int) -> bytes:
    """What the bytes of a session with this sequence begin with."""
    return _VERSION + sequence.to_bytes(8, "big")


def pack(kept: Kept) -> bytes:
    """The bytes of a session. Raises ``ValueError`` for an event whose id or time cannot be kept."""
    events = kept.events
    if any(len(event.id) not in (0, ID_BYTES) for event in events):
        raise ValueError(f"an event id is {ID_BYTES} bytes or empty")
    if not all(0 <= event.time < _YEAR_10000 for event in events):
        raise ValueError("an event's time is milliseconds since 1970")
    types = sorted({event.type for event in events})
    place = {name: i for i, name in enumerate(types)}
    times = [event.time for event in events]
    columns = _Columns(
        start=times[0] if times else 0,
        skus=[event.sku for event in events],
        types=types,
        type_of=[place[event.type] for event in events],
        steps=[after - before for before, after in pairwise(times)],
        ids=b"".join([event.id or _NO_ID for event in events]),
        dropped_ids=b"".join(kept.dropped_ids),
    )
    return prefix(kept.sequence) + _encode(columns)


def unpack(blob: bytes | None) -> Kept | None:
    """The session that :func:`pack` made these bytes of, or None for anything else."""
    if not isinstance(blob, bytes) or len(blob) <= _PREFIX_BYTES or not blob.startswith(_VERSION):
        return None
    try:
        columns = _decode_columns(memoryview(blob)[_PREFIX_BYTES:])
        events = _events(columns)
    except (msgspec.MsgspecError, UnicodeDecodeError, IndexError, ValueError):
        return None
    dropped_ids = tuple(_pieces(columns.dropped_ids))
    return Kept(int.from_bytes(blob[1:_PREFIX_BYTES], "big"), events, dropped_ids)


def _events(columns: _Columns) -> tuple[Event, ...]:
    """The events that columns stand for; raises ``IndexError`` or ``ValueError`` where they do not fit together."""
    ids = _pieces(columns.ids)
    times = list(accumulate(columns.steps, initial=columns.start)) if columns.skus else columns.steps
    whole = len(columns.ids) % ID_BYTES == len(columns.dropped_ids) % ID_BYTES == 0
    if not whole or min(columns.type_of, default=0) < 0:
        raise ValueError("not of our making")
    if min(times, default=0) < 0 or max(times, default=0) >= _YEAR_10000:
        raise ValueError("a time that is none")
    if not len(columns.skus) == len(columns.type_of) == len(times) == len(ids):
        raise ValueError("columns of different lengths")
    types = map(columns.types.__getitem__, columns.type_of)
    return tuple(map(Event, columns.skus, types, times, [b"" if id_ == _NO_ID else id_ for id_ in ids]))


def _pieces(ids: bytes) -> Sequence[bytes]:
    return [ids[i : i + ID_BYTES] for i in range(0, len(ids), ID_BYTES)]


def pack_cached(cached: CachedVector) -> bytes:
    """The bytes of a cached session vector."""
    # Most have no parts of their own, and need no room for them.
    return _encode(cached if cached.parts else (cached.release, cached.sequence, cached.vector, cached.weight))


def unpack_cached(blob: bytes | None) -> CachedVector | None:
    """The cached vector that :func:`pack_cached` made these bytes of, or None for anything else."""
    if not isinstance(blob, bytes):
        return None
    try:
        cached = _decode_cached(blob)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return cached if cached.vector and len(cached.vector) % 4 == len(cached.parts) % 4 == 0 else None
