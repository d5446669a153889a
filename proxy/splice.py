"""Pages cut out of the engine's answer, hit by hit, without re-encoding what stays.

Number texts, the order of keys, each hit and the layout of ``?pretty`` remain the engine's bytes: only the text of the
``hits.hits`` array is put together anew, from slices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from .searchbody import Unreadable, without

__all__ = [
    "EngineAnswer",
    "MultiAnswer",
    "Outcome",
    "UnreadableAnswer",
    "failed_shards",
    "outcome_of",
    "read_answer",
    "without_extras",
    "without_shards",
]


class UnreadableAnswer(Unreadable):
    """The engine's answer is not a search answer as we know it."""


class _Hit(msgspec.Struct):
    index: str = msgspec.field(name="_index")
    id: str = msgspec.field(name="_id")
    fields: dict[str, msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    #: Raw, because a score can also come as a text (``"Infinity"``).
    score: msgspec.Raw | msgspec.UnsetType = msgspec.field(name="_score", default=msgspec.UNSET)


class _Shards(msgspec.Struct):
    failed: int = 0


class _Nameless(msgspec.Struct):
    index: str = msgspec.field(name="_index")
    fields: dict[str, msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    score: msgspec.Raw | msgspec.UnsetType = msgspec.field(name="_score", default=msgspec.UNSET)


class _Hits(msgspec.Struct):
    hits: msgspec.Raw = msgspec.Raw(b"[]")


class _ShardCounts(msgspec.Struct):
    shards: _Shards = msgspec.field(name="_shards", default_factory=_Shards)


class Outcome(msgspec.Struct):
    """How one response of a multi-search went."""

    status: int = 200
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    shards: _Shards = msgspec.field(name="_shards", default_factory=_Shards)

    @property
    def is_error(self) -> bool:
        """Whether it holds an error instead of hits."""
        return self.status >= 400 or self.error is not msgspec.UNSET

    @property
    def is_partial(self) -> bool:
        """Whether some shards failed."""
        return self.shards.failed > 0


class _Responses(msgspec.Struct):
    responses: msgspec.Raw


class _Answer(msgspec.Struct):
    #: Left out by ``filter_path`` when nothing was found.
    hits: _Hits = msgspec.field(default_factory=_Hits)
    shards: _Shards = msgspec.field(name="_shards", default_factory=_Shards)
    timed_out: bool = False


#: Bytes of the array of hits by which its place in the answer is found.
_BEGINNING = 100

#: Not JSON, not UTF-8, or nested deeper than the decoder goes.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_answers = msgspec.json.Decoder(_Answer)
_outcomes = msgspec.json.Decoder(Outcome)
_responses = msgspec.json.Decoder(_Responses)
_shard_counts = msgspec.json.Decoder(_ShardCounts)
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_hits = msgspec.json.Decoder(list[_Hit])
_nameless = msgspec.json.Decoder(list[_Nameless])
_first_value = msgspec.json.Decoder(list[str | int])


class EngineAnswer:
    """A search answer whose hits can be read and put in another order."""

    def __init__(self, body: bytes, id_field: str = "") -> None:
        try:
            answer = _answers.decode(body)
            self._array = bytes(answer.hits.hits)
            self._raw = _raw_list.decode(self._array)
            self._hits = _identified(self._array, id_field) if id_field else _hits.decode(self._array)
        except _UNREADABLE as error:
            raise UnreadableAnswer(str(error)) from error
        self.body = body
        self.failed_shards = answer.shards.failed
        self.timed_out = answer.timed_out

    def __len__(self) -> int:
        return len(self._raw)

    def named(self) -> list[tuple[str, str]]:
        """The concrete index and the id of each hit."""
        return [(hit.index, hit.id) for hit in self._hits]

    @property
    def first_index(self) -> str:
        """The concrete index of the first hit; empty where there is none."""
        return self._hits[0].index if self._hits else ""

    def indices(self) -> set[str]:
        """The concrete indices of the hits."""
        return {hit.index for hit in self._hits}

    def scored(self) -> list[tuple[str, str, bytes]]:
        """Index, id and the text of the score of each hit; empty where it has none."""
        return [(hit.index, hit.id, b"" if hit.score is msgspec.UNSET else bytes(hit.score)) for hit in self._hits]

    def texts(self) -> list[bytes]:
        """Each hit, as the engine wrote it."""
        return list(map(bytes, self._raw))

    @property
    def bytes_a_hit(self) -> float:
        """The mean size of its hits; 0 where there are none."""
        return len(self._array) / len(self._raw) if self._raw else 0.0

    def items(self, field: str) -> list[str]:
        """The product id of each hit: its ``_id``, or the first value of a doc-value field (empty where missing)."""
        if field == "_id":
            return [hit.id for hit in self._hits]
        return [_value_of(hit, field) for hit in self._hits]

    def scores(self) -> NDArray[np.float64]:
        """The score of each hit; NaN where there is none (float64, n)."""
        return np.fromiter(map(_score_of, self._hits), np.float64, len(self._hits))

    def with_hits(
        self,
        positions: Sequence[int],
        edit: Callable[[int, bytes], bytes | None] | None = None,
        *,
        drops_empty: bool = False,
    ) -> bytes:
        """The body with only the hits at ``positions``, in that order.

        Args:
            edit: gets a position and the hit's text and returns the text to use, or None to leave the hit out.
            drops_empty: leave the array out when it has no hits, and what contains nothing else.
        """
        if not self._raw:
            return self.body
        chosen = [bytes(self._raw[p]) for p in positions]
        if edit is not None:
            edited = [edit(p, text) for p, text in zip(positions, chosen, strict=True)]
            chosen = [text for text in edited if text is not None]
        if drops_empty and not chosen:
            return _laid_out(self.body, without(self.body, ("hits",), inside="hits"))
        return _with_elements(self.body, self._array, self._raw, chosen)


class MultiAnswer:
    """An answer of the multi-search endpoint, whose responses can be replaced."""

    def __init__(self, body: bytes, count: int) -> None:
        """Raises ``UnreadableAnswer`` when it does not hold ``count`` responses."""
        try:
            self._array = bytes(_responses.decode(body).responses)
            self._raw = _raw_list.decode(self._array)
        except _UNREADABLE as error:
            raise UnreadableAnswer(str(error)) from error
        if len(self._raw) != count:
            raise UnreadableAnswer(f"{len(self._raw)} responses instead of {count}")
        self._body = body

    def parts(self) -> list[bytes]:
        """The responses, in order."""
        return [bytes(raw) for raw in self._raw]

    def with_parts(self, parts: Sequence[bytes]) -> bytes:
        """The body with these responses; without any it is left out, as ``filter_path`` has it."""
        if not parts:
            return without(self._body, ("responses",))
        return _with_elements(self._body, self._array, self._raw, parts)


def _laid_out(body: bytes, made: bytes) -> bytes:
    """An object of which nothing is left, as the engine writes it where it writes lines."""
    return b"{ }" + body[len(body.rstrip()) :] if made == b"{}" and body.startswith(b"{\n") else made


def _with_elements(body: bytes, array: bytes, raw: Sequence[msgspec.Raw], chosen: Sequence[bytes]) -> bytes:
    """An answer whose one array, of the elements ``raw``, holds ``chosen`` instead, in the same layout."""
    opening, separator, closing = _layout(array, raw)
    empty = b"[]" if opening == b"[" else b"[ ]"
    start = _start(body, array)
    made = opening + separator.join(chosen) + closing if chosen else empty
    return body[:start] + made + body[start + len(array) :]


def _start(body: bytes, array: bytes) -> int:
    """Where the array stands: before it an answer holds only its time and its shard counts, so at the first match.

    Its beginning is looked for: to prepare a search for all of it takes longer than the search.
    """
    start = body.index(array[:_BEGINNING])
    while not body.startswith(array, start):
        start = body.index(array[:_BEGINNING], start + 1)
    return start


def _layout(array: bytes, raw: Sequence[msgspec.Raw]) -> tuple[bytes, bytes, bytes]:
    """The text in front of the first element, between two elements, and behind the last one."""
    first, last = bytes(raw[0]), bytes(raw[-1])
    start = array.index(first)
    separator = b","
    if len(raw) > 1:
        end = start + len(first)
        separator = array[end : array.index(bytes(raw[1]), end)]
    return array[:start], separator, array[array.rindex(last) + len(last) :]


def _identified(array: bytes, id_field: str) -> list[_Hit]:
    """Hits whose id is the first value of a doc-value field."""
    hits = [_Hit(hit.index, "", hit.fields, hit.score) for hit in _nameless.decode(array)]
    for hit in hits:
        if not (name := _value_of(hit, id_field)):
            raise UnreadableAnswer(f"a hit without {id_field}")
        hit.id = name
    return hits


def read_answer(body: bytes, id_field: str = "") -> EngineAnswer:
    """Read an answer of the search endpoint.

    Args:
        id_field: the doc-value field that holds the id of each hit, where hits do not bring their ``_id``.

    Raises:
        UnreadableAnswer: it is not JSON, or its hits lack ``_index`` or the id.
    """
    return EngineAnswer(body, id_field)


def outcome_of(part: bytes) -> Outcome:
    """How one response of a multi-search went. Raises ``UnreadableAnswer``."""
    try:
        return _outcomes.decode(part)
    except _UNREADABLE as error:
        raise UnreadableAnswer(str(error)) from error


def failed_shards(body: bytes) -> int:
    """How many shards failed, by an answer that is not looked at otherwise.

    Raises:
        UnreadableAnswer: it is not JSON.
    """
    try:
        return _shard_counts.decode(body).shards.failed
    except _UNREADABLE as error:
        raise UnreadableAnswer(str(error)) from error


def without_extras(hit: bytes, members: Sequence[str], item_field: str) -> bytes | None:
    """A hit without what only ranking asked for; None when nothing is left, as the engine leaves such hits out."""
    text = without(hit, members)
    text = without(text, (item_field,), inside="fields") if item_field else text
    return text if text != b"{}" else None


def without_shards(body: bytes, part: str) -> bytes:
    """An answer without ``_shards`` (part ``all``), or without its ``failed``."""
    return without(body, ("_shards",)) if part == "all" else without(body, ("failed",), inside="_shards")


def _score_of(hit: _Hit) -> float:
    try:
        return float(bytes(hit.score)) if hit.score is not msgspec.UNSET else math.nan
    except ValueError:
        return math.nan


def _value_of(hit: _Hit, field: str) -> str:
    raw = hit.fields.get(field) if isinstance(hit.fields, dict) else None
    if raw is None:
        return ""
    try:
        values = _first_value.decode(raw)
    except msgspec.DecodeError:
        return ""
    return str(values[0]) if values else ""
