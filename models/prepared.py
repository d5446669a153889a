"""The session file that ``sessionrank model prepare`` writes: all sessions of a data set as a few compact arrays.

An ``.npz`` without pickles: ``items`` and ``item_lengths`` (ids as UTF-8, one behind the other, and the bytes of each),
``codes`` (int32, one an event), ``lengths`` (int32, one a session), where the data had them ``times`` (int64),
``visits`` (int32), ``returned`` (int8), ``names`` and ``name_lengths``, and ``meta``: a JSON text with the format
version, the counts, where the data come from and what was left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError
from sessionrank.npz import opened
from sessionrank.writing import replacing

from .sessions import Sessions

__all__ = ["FORMAT_VERSION", "load_sessions", "save_sessions"]

FORMAT_VERSION = 1


def save_sessions(path: Path, sessions: Sessions, meta: Mapping[str, Any]) -> None:
    """Write the file; a reader sees the old one or the whole new one. Equal sessions and meta give equal bytes.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    counts = {"sessions": len(sessions), "items": len(sessions.items), "events": sessions.events}
    items, item_lengths = _packed(sessions.items)
    arrays = {
        "meta": np.array(json.dumps({"session_file_version": FORMAT_VERSION, **counts, **meta}, sort_keys=True)),
        "items": items,
        "item_lengths": item_lengths,
        "codes": sessions.codes,
        "lengths": sessions.lengths.astype(np.int32),
    }
    if sessions.times is not None:
        arrays["times"] = sessions.times
    if sessions.visits is not None:
        arrays["visits"] = sessions.visits
    if sessions.returned is not None:
        arrays["returned"] = sessions.returned.astype(np.int8)
    if sessions.names is not None:
        arrays["names"], arrays["name_lengths"] = _packed(sessions.names)
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def load_sessions(path: Path | str, *, names: bool = False) -> tuple[Sessions, dict[str, Any]]:
    """The sessions of a file and its meta; the sessions' own ids only when asked for, where the file has them.

    Raises:
        DataError: the file is missing, is something else or of another version, or its parts do not fit together.
    """
    otherwise = "not a session file of `sessionrank model prepare`, or damaged"
    with opened(path, missing="no such file", otherwise=otherwise) as parts:
        meta = json.loads(str(parts["meta"]))
        if not isinstance(meta, dict) or "session_file_version" not in meta:
            raise ValueError("its meta names no session_file_version")
        version = meta["session_file_version"]
        if version != FORMAT_VERSION:
            again = "make it again with `sessionrank model prepare`"
            raise DataError(f"{path}: a session file of version {version}, not {FORMAT_VERSION}; {again}")
        sessions = _sessions(parts, names)
    return sessions, meta


def _sessions(parts: Mapping[str, NDArray[Any]], names: bool) -> Sessions:
    """The sessions that the arrays stand for; raises :class:`ValueError` when they do not fit together."""
    items = _unpacked(parts["items"], parts["item_lengths"])
    codes, lengths = _whole(parts["codes"], np.int32), _whole(parts["lengths"], np.int64)
    if len(set(items)) < len(items):
        raise ValueError("an item stands twice")
    if (lengths.size and lengths.min() < 0) or lengths.sum() != codes.size:
        raise ValueError("the lengths of the sessions do not add up to the events")
    if codes.size and not 0 <= codes.min() <= codes.max() < len(items):
        raise ValueError("an event of an item that is not there")
    made = Sessions(
        items=items,
        codes=codes,
        offsets=np.concatenate(([0], np.cumsum(lengths))),
        times=_whole(parts["times"], np.int64) if "times" in parts else None,
        visits=_whole(parts["visits"], np.int32) if "visits" in parts else None,
        returned=_whole(parts["returned"], np.bool_) if "returned" in parts else None,
        names=_unpacked(parts["names"], parts["name_lengths"]) if names and "names" in parts else None,
    )
    if any(column is not None and column.size != codes.size for column in (made.times, made.visits, made.returned)):
        raise ValueError("not as many times, visits or returns as events")
    if made.names is not None and len(made.names) != len(made):
        raise ValueError("not as many names as sessions")
    return made


def _whole(numbers: NDArray[Any], dtype: Any) -> NDArray[Any]:
    if numbers.ndim != 1 or numbers.dtype.kind != "i":
        raise ValueError("a part is no list of whole numbers")
    return numbers.astype(dtype, copy=False)


def _packed(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    # Not numpy's fixed-width text: it pads every id to the longest and loses NULs at the end.
    encoded = [text.encode() for text in texts]
    lengths = np.array([len(one) for one in encoded], dtype=np.int32)
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), lengths


def _unpacked(packed: NDArray[Any], lengths: NDArray[Any]) -> tuple[str, ...]:
    lengths = _whole(lengths, np.int64)
    if packed.dtype != np.uint8 or (lengths.size and lengths.min() < 0) or lengths.sum() != packed.size:
        raise ValueError("the ids do not fit their lengths")
    blob, ends = packed.tobytes(), np.cumsum(lengths).tolist()
    return tuple(blob[start:end].decode() for start, end in zip([0, *ends], ends, strict=False))
