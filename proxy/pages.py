"""Pages that fit together: what names a walk over the pages of one search, and the order that its first page froze.

The first page of a search (``from`` 0) ranks afresh and keeps its order; later ones reuse it, though the session has
moved on meanwhile. On an index that changes, hits that are gone drop out and new ones come after the frozen ones; what
has been shown keeps its places, so that the pages to come neither repeat a hit nor skip one.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from .searchbody import Fields

__all__ = ["FrozenOrder", "Hit", "Resumed", "resume", "walk_key"]

#: What names a hit: its concrete index and its id.
Hit = tuple[str, str]

#: Members of the body, and parameters of the URL, that decide neither which hits there are nor their order.
_SHOWN_ONLY = frozenset({
    "from", "size", "_source", "fields", "stored_fields", "docvalue_fields", "script_fields", "aggs", "aggregations",
    "highlight", "suggest", "explain", "version", "seq_no_primary_term", "track_total_hits", "track_scores", "profile",
    "stats", "query", "_source_includes", "_source_excludes", "_source_include", "_source_exclude", "filter_path",
    "typed_keys", "pretty", "human", "error_trace", "rest_total_hits_as_int", "request_cache", "batched_reduce_size",
    "pre_filter_shard_size", "max_concurrent_shard_requests", "format",
})  # fmt: skip
_canonical = msgspec.json.Encoder(order="sorted").encode


class FrozenOrder(msgspec.Struct, frozen=True, array_like=True):
    """The order of the window's hits that a first page has shown."""

    #: Why it is the engine's own order, or empty where it was personalised.
    reason: str
    indexes: list[str]
    #: In order: the place of each hit's index in ``indexes``, and its id.
    hits: list[tuple[int, str]]

    @classmethod
    def of(cls, reason: str, hits: Iterable[Hit]) -> FrozenOrder:
        """From hits in the order to keep."""
        numbers: dict[str, int] = {}
        kept = [(numbers.setdefault(index, len(numbers)), id_) for index, id_ in hits]
        return cls(reason, list(numbers), kept)

    @classmethod
    def unpacked(cls, packed: bytes) -> FrozenOrder | None:
        """From what :meth:`packed` gave; None for anything else."""
        try:
            order = _decoder.decode(packed)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return order if all(0 <= number < len(order.indexes) for number, _ in order.hits) else None

    def packed(self) -> bytes:
        """As bytes for the store."""
        return msgspec.msgpack.encode(self)

    def named(self) -> list[Hit]:
        """Its hits, in order."""
        return [(self.indexes[number], id_) for number, id_ in self.hits]


_decoder = msgspec.msgpack.Decoder(FrozenOrder)


@dataclass(frozen=True, slots=True)
class Resumed:
    """A kept order, carried over to the engine's hits of now."""

    #: Positions among the hits of now; None in the place of a hit that was shown and is gone.
    positions: list[int | None]
    #: What to keep from now on.
    kept: list[Hit]
    #: Whether that is something else than before.
    changed: bool


def resume(kept: Sequence[Hit], shown: int, now: Sequence[Hit]) -> Resumed | None:
    """The engine's hits of ``now`` in the kept order, then the new ones as the engine has them.

    Args:
        shown: how many of the kept hits, from the first on, pages have shown.

    Returns:
        None where none of the kept hits is there any more.
    """
    # A document id can stand twice in an index, by routing.
    places: defaultdict[Hit, list[int]] = defaultdict(list)
    for position in range(len(now) - 1, -1, -1):
        places[now[position]].append(position)
    found = [(hit, places[hit].pop() if places[hit] else None) for hit in kept]
    new = sorted(position for positions in places.values() for position in positions)
    if len(new) == len(now):
        return None
    stay = [(hit, position) for i, (hit, position) in enumerate(found) if i < shown or position is not None]
    return Resumed(
        [*(position for _, position in stay), *new],
        [*(hit for hit, _ in stay), *(now[position] for position in new)],
        bool(new) or len(stay) < len(found),
    )


def walk_key(names: Sequence[str], url: Mapping[str, str], body: Fields, query: bytes, weight: str) -> str:
    """A name (32 hex digits) for all searches whose hits and order are the same, whatever page and fields they ask for.

    Args:
        names: the indices that are searched.
        query: the client's query; texts that mean the same JSON count as one.
        weight: what the request says of the session's weight.
    """
    parts = [_plain(name, value) for name, value in sorted(body.items()) if name not in _SHOWN_ONLY]
    parts += [f"{name}={value}".encode() for name, value in sorted(url.items()) if name not in _SHOWN_ONLY]
    parts += [_plain("query", query), ",".join(names).encode(), weight.encode()]
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()


def _plain(name: str, value: bytes | msgspec.Raw) -> bytes:
    try:
        text = _canonical(msgspec.json.decode(value))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = bytes(value)
    return name.encode() + b":" + text
