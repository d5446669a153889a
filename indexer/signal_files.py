"""The files that a release's signals come from, and writing what of them belongs to its products into the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank import keys
from sessionrank.covisits import CovisitsFile
from sessionrank.errors import DataError, StoreError
from sessionrank.vectors import DTYPE, VectorsFile

from .release_store import Record, ReleaseStore

__all__ = ["MIN_SUPPORT", "Rows", "SignalFiles", "described", "read_signals", "write_signals"]

#: A vector that was learned from fewer sightings of its item is not published, unless somebody says otherwise.
MIN_SUPPORT = 5
#: So often must training have seen an item for half of what its vector says to count, where there are no covisits.
SUPPORT_HALF = 100.0


class Rows:
    """Which rows of a file belong to an item that is wanted: none at first."""

    def __init__(self, ids: Sequence[str] | NDArray[np.str_]) -> None:
        self._place = {str(item): row for row, item in enumerate(ids)}
        self._wanted = np.zeros(len(ids), dtype=np.bool_)

    def want(self, item: str) -> bool:
        """Want the row of ``item``; whether there is one."""
        if (row := self._place.get(item)) is None:
            return False
        self._wanted[row] = True
        return True

    @property
    def chosen(self) -> NDArray[np.intp]:
        """The wanted rows, in the order of the file."""
        return self._wanted.nonzero()[0]


@dataclass(frozen=True)
class SignalFiles:
    """What was trained for a release; either file may be missing."""

    vectors: VectorsFile | None = None
    covisits: CovisitsFile | None = None
    #: Vectors in the file that say too little to be published; ``vectors`` is without them.
    left_out: int = 0

    def __bool__(self) -> bool:
        return self.vectors is not None or self.covisits is not None

    @property
    def items(self) -> int:
        """Vectors and covisits together: what there is to write at most."""
        return sum(file.ids.size for file in (self.vectors, self.covisits) if file is not None)

    @property
    def dimensions(self) -> int | None:
        """Of the vectors."""
        return None if self.vectors is None else self.vectors.dimensions


def read_signals(
    vectors: Path | None, covisits: Path | None, *, min_support: int = MIN_SUPPORT, note: Callable[[str], None]
) -> SignalFiles:
    """Read and check both files, and leave the vectors out that were learned from too little.

    Raises:
        DataError: a file is missing or is something else, or holds nothing that could be published.
    """
    files = SignalFiles(covisits=None if covisits is None else CovisitsFile.load(covisits))
    if vectors is None:
        return files
    content = VectorsFile.load(vectors)
    supported = _supported(content, min_support)
    left_out = int(content.ids.size - supported.sum())
    told = f"of {content.ids.size:,} items were seen fewer than {min_support} times in training"
    if left_out == content.ids.size:
        if covisits is None:
            raise DataError(f"{vectors}: all {told}, so no vector of them is published; --min-support 0 takes them all")
        note(f"{vectors}: all {told}: no vectors are published (see --min-support)")
        return replace(files, left_out=left_out)
    if left_out > content.ids.size / 2:
        note(f"{vectors}: {left_out:,} {told}: no vectors of them are published (see --min-support)")
    if left_out:
        content = content.rows(supported)
    return replace(files, vectors=content, left_out=left_out)


def _supported(file: VectorsFile, min_support: int) -> NDArray[np.bool_]:
    """Rows that were learned from enough; those with no support at all were made from texts, and stay."""
    return np.asarray((file.support >= min_support) | (file.support == 0))


def described(files: SignalFiles, *, vectors: int = 0, covisits: int = 0, names: int = 0) -> Record:
    """What the record of a release says of its signals before they are written, with how many there are to be.

    Without covisits the reliability of the items with a vector stands in their place, so that whoever ranks knows it.
    """
    return {
        "dimensions": files.dimensions,
        "buckets": keys.BUCKETS,
        "count": vectors,
        "lengths": vectors if _has_lengths(files) else 0,
        "covisits": covisits if files.covisits is not None else vectors,
        "names": names,
        "complete": False,
        "vectors": _meta(files.vectors),
        "covisits_meta": _meta(files.covisits),
    }


def write_signals(
    store: ReleaseStore,
    record: Record,
    files: SignalFiles,
    *,
    vectors: NDArray[np.intp],
    covisits: NDArray[np.intp],
    advance: Callable[[int], None],
) -> Record:
    """Write rows of the files for a release, and its record before and after; gives the record, which is complete then.

    Args:
        record: who the release is, and what :func:`described` says of these rows.
        vectors, covisits: the rows; none where there is no such file.
        advance: told of how many items more were written.

    Raises:
        StoreError: the store failed, or does not have all of it in the end.
    """
    store.put_record(record)
    if files.vectors is not None:
        ids = files.vectors.ids
        store.write(record, "vectors", _floats(ids, files.vectors.vectors, vectors), advance=advance)
        if record["lengths"]:
            lengths = _floats(ids, files.vectors.lengths, vectors)
            store.write(record, "lengths", lengths, advance=lambda _n: None)
    if files.covisits is not None:
        store.write(record, "covisits", _covisits(files.covisits, covisits), advance=advance)
    elif files.vectors is not None:
        store.write(record, "covisits", _heads(files.vectors, vectors), advance=lambda _n: None)
    if (missing := store.missing(record)) is not None:
        raise StoreError(f"{missing}; does it evict keys? see maxmemory-policy")
    record = {**record, "complete": True}
    store.put_record(record)
    return record


def _meta(file: VectorsFile | CovisitsFile | None) -> dict[str, Any] | None:
    return None if file is None else file.meta


def _has_lengths(files: SignalFiles) -> bool:
    return files.vectors is not None and files.vectors.has_lengths


def _floats(ids: NDArray[np.str_], numbers: NDArray[np.float32], rows: NDArray[np.intp]) -> Iterator[tuple[str, bytes]]:
    """The bytes of each row of ``numbers``, by its id."""
    for row in rows:
        yield str(ids[row]), numbers[row].astype(DTYPE, copy=False).tobytes()


def _heads(file: VectorsFile, rows: NDArray[np.intp]) -> Iterator[tuple[str, bytes]]:
    # Of a file that somebody else has made it is not known how far its data can be told from chance.
    told = file.meta.get("reliability", 1.0)
    whole = min(1.0, max(0.0, float(told))) if isinstance(told, (int, float)) else 1.0
    reliability = whole * file.support[rows] / (file.support[rows] + SUPPORT_HALF)
    for row, each in zip(rows.tolist(), reliability.tolist(), strict=True):
        yield str(file.ids[row]), CovisitsFile.head(each)


def _covisits(file: CovisitsFile, rows: NDArray[np.intp]) -> Iterator[tuple[str, bytes]]:
    hashes = file.hashes()
    for row in rows.tolist():
        yield str(file.ids[row]), file.packed(row, hashes)
