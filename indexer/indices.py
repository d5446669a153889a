"""The few questions and orders to the engine that loading and publishing are made of, the same for every engine.

An index is *ours* when both its name (``<alias>-<release>``) and the ``_meta.sessionrank`` of its mapping say so; no
other index is ever changed or deleted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sessionrank.errors import BackendError, ConfigurationError
from sessionrank.releases import index_name, is_release, release_of

from .engines.base import Engine, EngineRefusal

__all__ = [
    "OwnIndex",
    "check_alias",
    "check_foreign",
    "check_served_by_us",
    "cluster_id",
    "count",
    "create",
    "delete",
    "holds_any",
    "own_indices",
    "put_meta",
    "put_settings",
    "refresh",
    "served_by",
    "swap",
    "wait_for_copies",
]

_FORBIDDEN = set('\\/*?"<>| ,#:%')


@dataclass(frozen=True, slots=True)
class OwnIndex:
    """An index that a load of ours made."""

    name: str
    alias: str
    release: str
    #: The mapping's whole ``_meta``; a user's mapping file may have put things there.
    all_meta: dict[str, Any]
    #: Whether the alias points to it now.
    served: bool
    documents: int

    @property
    def meta(self) -> dict[str, Any]:
        """Our own record in it, as ``LoadPlan.meta`` makes it; ``served`` stands in it once it was published."""
        return dict(self.all_meta["sessionrank"])

    @property
    def has_signals(self) -> bool:
        """Whether its load wrote vectors or covisits into the store."""
        return self.meta.get("dimensions") is not None or bool(self.meta.get("covisits"))

    @property
    def created(self) -> str:
        """When its load began (ISO 8601, UTC): what releases are ordered by."""
        return str(self.meta.get("created", ""))


def check_alias(alias: str, *, foreign: bool = False) -> None:
    """Raise ``ConfigurationError`` when no index could be called so; a foreign one may begin with a dot."""
    problem = None
    if not alias or alias in {".", ".."} or alias[0] in ("-_+" if foreign else "-_+."):
        problem = "must begin with a letter or a digit"
    elif alias != alias.lower() or _FORBIDDEN & set(alias) or not alias.isprintable():
        problem = "must be in lower case and hold none of " + " ".join(sorted(_FORBIDDEN - {" "})) + " and no space"
    elif len(alias.encode()) > 200:
        problem = "is longer than 200 bytes"
    if problem:
        raise ConfigurationError(f"index name {alias[:60]!r} {problem}")


def check_foreign(engine: Engine, name: str) -> None:
    """Make sure that ``name`` is an index, or an alias of indices, that we did not load.

    Raises:
        ConfigurationError: there is none of this name, or one behind it is ours.
    """
    try:
        found = engine.request("GET", f"/{quote(name)}?filter_path=*.mappings._meta")
    except EngineRefusal as error:
        if error.status != 404:
            raise
        raise ConfigurationError(f"the search engine has no index or alias {name}; see --index") from error
    for index, parts in found.items():
        meta = parts.get("mappings", {}).get("_meta", {}).get("sessionrank")
        release = release_of(index)
        if isinstance(meta, dict) and release is not None and meta.get("release") == release:
            raise ConfigurationError(
                f"{name} was loaded by sessionrank ({index}); give its vectors to `sessionrank index load … --vectors`"
            )


def holds_any(engine: Engine, name: str, ids: Sequence[str]) -> bool:
    """Whether a document of ``name``, an index or an alias, has one of ``ids`` as its ``_id``."""
    answer = engine.request("POST", f"/{quote(name)}/_count", {"query": {"ids": {"values": list(ids)}}})
    return int(answer["count"]) > 0


def own_indices(engine: Engine, alias: str) -> list[OwnIndex]:
    """All indices of ours for ``alias``, the oldest first."""
    pattern = quote(alias) + "-*"
    paths = "*.aliases,*.mappings._meta"
    found = engine.request("GET", f"/{pattern}?expand_wildcards=all&filter_path={paths}")
    counts = engine.request(
        "GET", f"/{pattern}/_stats/docs?expand_wildcards=open,hidden&filter_path=indices.*.primaries.docs.count"
    )
    own = []
    for name, parts in found.items():
        release = release_of(name)
        all_meta = parts.get("mappings", {}).get("_meta", {})
        meta = all_meta.get("sessionrank", {})
        if release is None or name != index_name(alias, release) or not isinstance(meta, dict):
            continue
        if meta.get("release") != release or meta.get("alias") != alias:
            continue
        docs = counts.get("indices", {}).get(name, {}).get("primaries", {}).get("docs", {}).get("count", 0)
        own.append(OwnIndex(name, alias, release, all_meta, alias in parts.get("aliases", {}), docs))
    return sorted(own, key=lambda index: (index.created, index.release))


def served_by(engine: Engine, alias: str) -> list[str]:
    """The indices that ``alias`` points to.

    Raises:
        ConfigurationError: ``alias`` is the name of a concrete index.
    """
    try:
        found: dict[str, Any] = engine.request("GET", f"/{quote(alias)}/_alias")
    except EngineRefusal as error:
        if error.status == 404:
            return []
        raise
    if alias in found:
        raise ConfigurationError(
            f"{alias} is an index itself, not an alias; it is left alone: give another --alias, or, once its "
            f"data are elsewhere, delete it yourself"
        )
    return sorted(found)


def check_served_by_us(engine: Engine, alias: str) -> str | None:
    """The index of ours that serves ``alias``, or None when nothing does.

    Raises:
        ConfigurationError: ``alias`` is an index, or points to one that we did not load.
    """
    names = served_by(engine, alias)
    foreign = [name for name in names if (release_of(name) or "") == "" or not name.startswith(alias + "-")]
    if foreign:
        raise ConfigurationError(
            f"the alias {alias} points to {foreign[0]}, which sessionrank did not load; give another --alias"
        )
    if len(names) > 1:
        raise BackendError(f"the alias {alias} points to several indices: {', '.join(names)}; leave it one of them")
    return names[0] if names else None


def create(engine: Engine, name: str, body: dict[str, Any]) -> None:
    """Create an index and wait for its primaries."""
    engine.request("PUT", f"/{quote(name)}?wait_for_active_shards=1", body)


def delete(engine: Engine, index: OwnIndex) -> None:
    """Delete an index of ours that is not served; gone already is fine."""
    if index.served or not is_release(index.release):
        raise BackendError(f"{index.name} is served; it is not deleted")
    try:
        engine.request("DELETE", f"/{quote(index.name)}")
    except EngineRefusal as error:
        if error.status != 404:
            raise


def put_meta(engine: Engine, name: str, all_meta: dict[str, Any]) -> None:
    """Replace the ``_meta`` of an index's mapping."""
    engine.request("PUT", f"/{quote(name)}/_mapping", {"_meta": all_meta})


def put_settings(engine: Engine, name: str, settings: dict[str, Any]) -> None:
    """Change settings of an open index."""
    engine.request("PUT", f"/{quote(name)}/_settings", settings)


def refresh(engine: Engine, name: str) -> None:
    """Make everything that was indexed visible to searches."""
    engine.request("POST", f"/{quote(name)}/_refresh")


def count(engine: Engine, name: str) -> int:
    """Documents that a search would find; all shards must have answered."""
    answer = engine.request("GET", f"/{quote(name)}/_count")
    if answer["_shards"]["failed"] or answer["_shards"]["successful"] < answer["_shards"]["total"]:
        raise BackendError(f"not every shard of {name} answers")
    return int(answer["count"])


def wait_for_copies(engine: Engine, name: str, *, seconds: float) -> str:
    """Wait until every copy of every shard is started; gives the health in the end, ``green`` or ``yellow``.

    Raises:
        BackendError: a primary is missing.
    """
    deadline = time.monotonic() + seconds
    while True:
        step = max(1, min(10, round(deadline - time.monotonic())))
        status = _health(engine, name, f"?wait_for_status=green&timeout={step}s")
        if status == "green" or time.monotonic() >= deadline:
            break
    if status == "red":
        raise BackendError(f"a primary shard of {name} is not assigned; see GET /_cluster/allocation/explain")
    return status


def _health(engine: Engine, name: str, query: str) -> str:
    target = f"/_cluster/health/{quote(name)}"
    try:
        return str(engine.request("GET", target + query)["status"])
    except EngineRefusal as error:
        if error.status != 408:  # the answer when the wait was too short; the second question does not wait
            raise
        return str(engine.request("GET", target)["status"])


def swap(engine: Engine, alias: str, name: str) -> None:
    """Point ``alias`` to ``name`` alone, in one call: the engine applies the actions as one change of its state.

    The removal names our indices by wildcard, so that a release which another load has published in the meantime goes
    as well, and the alias never has two.
    """
    actions = [
        {"remove": {"index": f"{alias}-*", "alias": alias}},
        {"add": {"index": name, "alias": alias}},
    ]
    engine.request("POST", "/_aliases", {"actions": actions})


def cluster_id(engine: Engine) -> str:
    """What tells this cluster from others that share the store."""
    return str(engine.request("GET", "/_cluster/state/version?filter_path=cluster_uuid")["cluster_uuid"])
