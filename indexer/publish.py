"""Publishing a release, and going back: each is one update of the alias.

An index carries ``served`` in its ``_meta`` once it has been published: the outgoing one is marked before the swap and
the new one after it. So what is neither marked nor served is what a dead load left behind, or one that still runs.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sessionrank.errors import BackendError, ConfigurationError, StoreError
from sessionrank.releases import index_name

from . import indices
from .engines.base import Engine
from .indices import OwnIndex
from .moments import now, written
from .release_store import ReleaseStore

__all__ = ["publish", "rollback", "target_of_rollback"]


def publish(engine: Engine, alias: str, release: str) -> str | None:
    """Let ``release`` serve ``alias``; gives the index that served it before.

    Raises:
        ConfigurationError: the alias is an index or points to one that is not ours.
        BackendError: the engine did not do it.
    """
    name = index_name(alias, release)
    before = indices.check_served_by_us(engine, alias)
    _mark_served(engine, alias, before)
    try:
        indices.swap(engine, alias, name)
    except BackendError:
        # The order may have been carried out although its answer was lost.
        if indices.served_by(engine, alias) != [name]:
            raise
    # It is published now, whatever comes: without the mark, the next publication would set it.
    with suppress(BackendError):
        _mark_served(engine, alias, name)
    return before


def _mark_served(engine: Engine, alias: str, name: str | None) -> None:
    for index in indices.own_indices(engine, alias) if name else ():
        if index.name == name and "served" not in index.meta:
            marked = {**index.meta, "served": written(now())}
            indices.put_meta(engine, index.name, {**index.all_meta, "sessionrank": marked})


def target_of_rollback(own: list[OwnIndex], alias: str, to: str | None) -> tuple[OwnIndex, OwnIndex]:
    """(the release that is served, the one to go back to): ``to``, else the last published one before it.

    Raises:
        ConfigurationError: there is none, or ``to`` was never published.
    """
    served = next((index for index in own if index.served), None)
    if served is None:
        raise ConfigurationError(f"no release of ours is served as {alias}; see `sessionrank index status`")
    published = [index for index in own if "served" in index.meta and index is not served]
    if to is not None:
        if to == served.release:
            raise ConfigurationError(f"release {to} is the one that is served")
        if not any(index.release == to for index in own):
            raise ConfigurationError(f"there is no release {to} of {alias}; see `sessionrank index status`")
        chosen = next((index for index in published if index.release == to), None)
        if chosen is None:
            raise ConfigurationError(f"release {to} was never published, so it may not be complete; load again instead")
        return served, chosen
    older = [index for index in published if (index.created, index.release) < (served.created, served.release)]
    if not older:
        raise ConfigurationError(f"there is no release of {alias} before {served.release} to go back to")
    return served, older[-1]


def rollback(engine: Engine, store_url: str, alias: str, *, to: str | None = None) -> dict[str, Any]:
    """Go back to an earlier release in one step; gives what was served before and what is now.

    Raises:
        ConfigurationError: there is nothing to go back to.
        StoreError: the earlier release's vectors or covisits are not all in the store any more.
    """
    indices.check_served_by_us(engine, alias)
    served, chosen = target_of_rollback(indices.own_indices(engine, alias), alias, to)
    if chosen.has_signals:
        _check_store(store_url, chosen.release)
    publish(engine, alias, chosen.release)
    return {"alias": alias, "from": served.release, "to": chosen.release, "index": chosen.name}


def _check_store(store_url: str, release: str) -> None:
    store = ReleaseStore.connect(store_url)
    try:
        whole = store.whole(release)
    finally:
        store.close()
    if not whole:
        raise StoreError(f"release {release} lacks vectors or covisits in the store; load again instead")
