"""Vectors and covisits for an index that we did not load: a pointer in the store says which release serves it.

The index itself is not touched.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import numpy as np

from sessionrank.errors import ConfigurationError, StoreError

from .loader import HEARTBEAT_S
from .moments import now, written
from .release_store import ReleaseStore
from .signal_files import SignalFiles, described, write_signals

__all__ = ["publish_vectors", "rollback_vectors"]


def publish_vectors(
    store: ReleaseStore,
    index: str,
    files: SignalFiles,
    *,
    release: str,
    advance: Callable[[int], None] = lambda _n: None,
) -> dict[str, Any]:
    """Write ``files`` as a new release and let it serve ``index``, in one step; gives the release's record.

    On any error what was written is removed again, and the error goes on.
    """
    previous = store.pointer(index)
    created = now()
    rows = {
        "vectors": np.arange(0 if files.vectors is None else files.vectors.ids.size),
        "covisits": np.arange(0 if files.covisits is None else files.covisits.ids.size),
    }
    record: dict[str, Any] = {
        "release": release,
        "index": index,
        "foreign": True,
        "previous": previous,
        "created": written(created),
        "heartbeat": written(created),
        **described(files, vectors=len(rows["vectors"]), covisits=len(rows["covisits"])),
    }
    try:
        record = write_signals(store, record, files, **rows, advance=_beating(store, record, advance))
        _mark_served(store, previous)
        store.move_pointer(index, before=previous, release=release)
    except BaseException:
        _discard(store, index, release)
        raise
    _mark_served(store, release)
    return record


def _mark_served(store: ReleaseStore, release: str | None) -> None:
    """What is marked was published once; what is neither marked nor pointed to is left from a load that died."""
    record = store.record(release) if release else None
    if record is not None and "served" not in record:
        store.put_record({**record, "served": written(now())})


def _discard(store: ReleaseStore, index: str, release: str) -> None:
    """Remove what a failed publication wrote, unless it turns out to be served; `prune` does it when this cannot."""
    with suppress(StoreError):
        if store.pointer(index) != release:
            store.delete(release)


def _beating(store: ReleaseStore, record: dict[str, Any], advance: Callable[[int], None]) -> Callable[[int], None]:
    last: list[datetime] = [now()]

    def step(n: int) -> None:
        advance(n)
        if (moment := now()) and (moment - last[0]).total_seconds() >= HEARTBEAT_S:
            last[0] = moment
            store.put_record({**record, "heartbeat": written(moment)})

    return step


def rollback_vectors(store: ReleaseStore, index: str, *, to: str | None = None) -> dict[str, Any]:
    """Let the release before (or ``to``) serve ``index`` again, in one step; gives what served and what does.

    Raises:
        ConfigurationError: there is none.
        StoreError: what it needs is not all in the store any more.
    """
    served = store.pointer(index)
    if served is None:
        raise ConfigurationError(f"no vectors were published for {index}; see `sessionrank index vectors --help`")
    record = store.record(served)
    chosen = to or (record or {}).get("previous")
    if chosen is None:
        raise ConfigurationError(f"there is no release of {index} before {served} to go back to")
    if chosen == served:
        raise ConfigurationError(f"release {chosen} is the one that is served")
    target = store.record(chosen)
    if to is not None and (target is None or target.get("index") != index):
        raise ConfigurationError(f"there is no release {to} of {index}; see `sessionrank index status --index {index}`")
    if not store.whole(chosen):
        raise StoreError(f"release {chosen} lacks vectors or covisits in the store; publish them again")
    store.move_pointer(index, before=served, release=chosen)
    return {"index": index, "from": served, "to": chosen}
