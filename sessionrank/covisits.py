"""Which items are bought or looked at together: the file that training writes, and the bytes of one item in the store.

A covisits file is an ``.npz`` with ``ids`` (unicode, n), ``support`` (int64, n: how often training saw each item),
``reliability`` (float32, n: how far what its pairs say can be told from chance, 0 to 1), and the pruned matrix by rows
as in scipy's CSR: ``offsets`` (int64, n + 1), ``neighbours`` (int32) and ``weights`` (float32, the share of all that
the item was seen with, what was pruned too, 0 to 1); ``meta`` (a JSON text) as in the vectors file.

In the store an item is ``<f4 reliability>`` and then six bytes for each neighbour, the strongest first: the CRC-32 of
its id and its share as a float16, little-endian. A hash is enough to find the few hits of a window among the neighbours
of the few items of a session: two of 5,000 ids collide in 0.3 % of all windows, and it costs one wrong number then.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError
from sessionrank.npz import opened, save

__all__ = ["FORMAT_VERSION", "Covisited", "CovisitsFile", "covisited", "item_hash"]

FORMAT_VERSION = 2
_HEAD = struct.Struct("<f")  # reliability
_NEIGHBOUR = np.dtype([("item", "<u4"), ("share", "<f2")])
#: The head of what is not there.
_NOTHING = _HEAD.pack(0.0)
#: A whole and what rounding adds to it.
_LARGEST_SHARE = 1.001
_LOW_BITS = np.uint32(0xFFF)


@dataclass(frozen=True)
class CovisitsFile:
    """The strongest neighbours of each item; row ``i`` is ``neighbours[offsets[i]:offsets[i + 1]]``, of ``ids[i]``."""

    ids: NDArray[np.str_]
    support: NDArray[np.int64]
    reliability: NDArray[np.float32]
    offsets: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    weights: NDArray[np.float32]
    meta: dict[str, Any]

    @classmethod
    def build(
        cls,
        ids: Sequence[str],
        support: NDArray[Any],
        reliability: NDArray[Any],
        offsets: NDArray[Any],
        neighbours: NDArray[Any],
        weights: NDArray[Any],
        meta: dict[str, Any],
    ) -> CovisitsFile:
        """From the parts of a CSR matrix of shares; adds the format version.

        Raises:
            DataError: the parts do not fit together.
        """
        made = cls(
            np.asarray(ids, dtype=np.str_),
            np.asarray(support, dtype=np.int64),
            np.asarray(reliability, dtype=np.float32),
            np.asarray(offsets, dtype=np.int64),
            np.asarray(neighbours, dtype=np.int32),
            np.asarray(weights, dtype=np.float32),
            {"format_version": FORMAT_VERSION, **meta},
        )
        made._check("covisits")
        return made

    def save(self, path: Path | str) -> None:
        """Write the file; a reader sees the old one or the whole new one.

        Raises:
            ConfigurationError: it cannot be written; nothing is left behind then.
        """
        save(
            path,
            self.meta,
            ids=self.ids,
            support=self.support,
            reliability=self.reliability,
            offsets=self.offsets,
            neighbours=self.neighbours,
            weights=self.weights,
        )

    @classmethod
    def load(cls, path: Path | str) -> CovisitsFile:
        """Read and check a covisits file.

        Raises:
            DataError: the file is missing, is something else, or its parts do not fit together.
        """
        missing = "no such covisits file; make one with `sessionrank model train covisit`"
        otherwise = "not a covisits file (.npz with ids, support, reliability, offsets, neighbours, weights, meta)"
        with opened(path, missing=missing, otherwise=otherwise) as parts:
            made = cls(
                ids=parts["ids"],
                support=_numbers(parts["support"], "iu", np.int64),
                reliability=_numbers(parts["reliability"], "f", np.float32),
                offsets=_numbers(parts["offsets"], "iu", np.int64),
                neighbours=_numbers(parts["neighbours"], "iu", np.int32),
                weights=_numbers(parts["weights"], "f", np.float32),
                meta=json.loads(str(parts["meta"])),
            )
        made._check(str(path))
        return made

    @staticmethod
    def head(reliability: float) -> bytes:
        """The bytes of an item of which no neighbours are known, only how far training can be relied on for it."""
        return _HEAD.pack(reliability)

    def packed(self, row: int, hashes: NDArray[np.uint32]) -> bytes:
        """The bytes of item ``row`` in the store; ``hashes`` are those of all ids (:meth:`hashes`)."""
        start, end = int(self.offsets[row]), int(self.offsets[row + 1])
        head = self.head(float(self.reliability[row]))
        body = np.empty(end - start, dtype=_NEIGHBOUR)
        order = np.argsort(-self.weights[start:end], kind="stable")
        body["item"] = hashes[self.neighbours[start:end][order]]
        body["share"] = self.weights[start:end][order]
        return head + body.tobytes()

    def hashes(self) -> NDArray[np.uint32]:
        """:func:`item_hash` of every id."""
        return np.array([item_hash(str(item)) for item in self.ids], dtype=np.uint32)

    def _check(self, name: str) -> None:
        self._check_shapes(name)
        if not np.isfinite(self.weights).all():
            raise DataError(f"{name}: a weight is not finite")
        if np.any(self.weights < 0) or np.any(self.support < 0):
            raise DataError(f"{name}: a weight or a count is negative")
        if not np.all((self.reliability >= 0) & (self.reliability <= 1)):
            raise DataError(f"{name}: a reliability is not from 0 to 1")
        if np.any(self.weights > _LARGEST_SHARE):
            raise DataError(f"{name}: a weight is above 1; weights are shares of what was seen of their item")
        if len(set(self.ids.tolist())) != self.ids.size:
            raise DataError(f"{name}: an id stands twice")
        if not isinstance(self.meta, dict) or self.meta.get("format_version") != FORMAT_VERSION:
            raise DataError(f"{name}: format version {FORMAT_VERSION} expected; make the file again")

    def _check_shapes(self, name: str) -> None:
        n, kept = self.ids.size, self.weights.size
        if self.ids.ndim != 1 or self.ids.dtype.kind != "U" or n == 0:
            raise DataError(f"{name}: ids must be a list of at least one text")
        sizes = {"support": n, "reliability": n, "offsets": n + 1, "neighbours": kept, "weights": kept}
        for part, size in sizes.items():
            if (shape := getattr(self, part).shape) != (size,):
                raise DataError(f"{name}: {n} ids, but {part} of shape {shape} where ({size},) would fit")
        if self.offsets[0] != 0 or self.offsets[-1] != kept or np.any(np.diff(self.offsets) < 0):
            raise DataError(f"{name}: its offsets do not fit its {kept} neighbours")
        if kept and not 0 <= int(self.neighbours.min()) <= int(self.neighbours.max()) < n:
            raise DataError(f"{name}: a neighbour is none of its {n} items")


def _numbers(array: NDArray[Any], kinds: str, dtype: type[np.generic]) -> NDArray[Any]:
    if array.dtype.kind not in kinds:
        raise ValueError(f"{np.dtype(dtype)} expected, not {array.dtype}")
    made = array.astype(dtype, copy=False)
    if np.dtype(dtype).kind == "i" and not np.array_equal(made, array):
        raise ValueError(f"a number is too large for {np.dtype(dtype)}")
    return made


@dataclass(frozen=True, slots=True)
class Covisited:
    """How strongly the hits of a window go with the items of a session."""

    #: For each hit the weighted sum of its shares among the items of the session (float64, n).
    shares: NDArray[np.float64]
    #: Of each item of the session how far training can be relied on, 0 where nothing is kept of it (float64).
    reliability: NDArray[np.float64]


def item_hash(item_id: str) -> int:
    """The 32 bits that stand for an item among the neighbours of another."""
    return zlib.crc32(item_id.encode(errors="surrogatepass"))


def covisited(blobs: Sequence[bytes | None], weights: NDArray[np.float64], hits: Sequence[str]) -> Covisited:
    """Score the hits of a window.

    Args:
        blobs: the stored bytes of each item of the session, None where there are none; damaged ones count as none.
        weights: the weight of each item of the session (not negative).
        hits: the ids of the hits.
    """
    shares = np.zeros(len(hits))
    heads: list[bytes] = []
    bodies: list[bytes] = []
    ends = []
    end = 0
    for blob in blobs:
        if blob is not None and len(blob) % _NEIGHBOUR.itemsize == _HEAD.size:
            heads.append(blob[: _HEAD.size])
            bodies.append(blob[_HEAD.size :])
            end += len(blob) // _NEIGHBOUR.itemsize
        else:
            heads.append(_NOTHING)
        ends.append(end)
    reliability = np.frombuffer(b"".join(heads), "<f4").astype(np.float64)
    # Whatever a damaged blob holds: numbers that are none of these count for nothing.
    reliability[~((reliability >= 0.0) & (reliability <= 1.0))] = 0.0
    if not end or not hits:
        return Covisited(shares, reliability)
    found = np.frombuffer(b"".join(bodies), _NEIGHBOUR)
    wanted = _hashes(hits)
    there, at, ranked, order = _matches(np.ascontiguousarray(found["item"]), wanted)
    share = found["share"][there].astype(np.float64)
    share[~((share >= 0.0) & (share <= 1.0))] = 0.0
    share *= weights[np.array(ends).searchsorted(there, side="right")]
    sums = np.bincount(at, share, minlength=len(ranked))
    # The first of equal hashes got all; ids that stand twice among the hits are one product of two indices.
    shares[order] = sums[ranked.searchsorted(ranked)]
    return Covisited(shares, reliability)


def _hashes(ids: Sequence[str]) -> NDArray[np.uint32]:
    try:
        # What item_hash does, in a third of the time for the ids of a window.
        return np.fromiter(map(zlib.crc32, map(str.encode, ids)), np.uint32, len(ids))
    except UnicodeEncodeError:
        return np.fromiter(map(item_hash, ids), np.uint32, len(ids))


def _matches(
    neighbours: NDArray[np.uint32], wanted: NDArray[np.uint32]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.uint32], NDArray[np.intp]]:
    """Where the few ``wanted`` hashes stand among the thousands of ``neighbours``.

    Returns:
        (places of the neighbours that are wanted, for each its place in the sorted wanted, these, their order)
    """
    # A look at the low bits leaves a few in a hundred; to seek each of them all is what costs.
    likely = np.zeros(_LOW_BITS + 1, dtype=bool)
    likely[wanted & _LOW_BITS] = True
    (there,) = likely[neighbours & _LOW_BITS].nonzero()
    order = wanted.argsort(kind="stable")
    ranked = wanted[order]
    at = ranked.searchsorted(neighbours[there])
    at[at == len(ranked)] = 0
    same = ranked[at] == neighbours[there]
    return there[same], at[same], ranked, order
