"""One load: a new index beside the served one, filled, checked, and only then published.

The steps are in the order in which they must happen: whatever fails or is killed before the last one leaves the old
release serving, untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank import keys
from sessionrank.errors import BackendError, DataError, SessionrankError
from sessionrank.releases import index_name
from sessionrank.vectors import VectorsFile

from . import indices
from .documents import IndexDefinition, Product, Reject
from .engines.base import BulkOutcome, Engine
from .moments import now, written
from .publish import publish
from .rejects import RejectsFile
from .vectors_store import VectorStore

__all__ = ["HEARTBEAT_S", "LoadPlan", "LoadReport", "Watch", "load"]

#: How often a running load writes into its index that it is alive; ``prune`` reads it.
HEARTBEAT_S = 15.0


@dataclass(frozen=True)
class Watch:
    """What a load tells whoever watches it; by default nobody."""

    #: Some rows more were read and dealt with.
    rows: Callable[[int], None] = lambda _n: None
    #: Some vectors more were written.
    vectors: Callable[[int], None] = lambda _n: None
    #: A remark for the user.
    note: Callable[[str], None] = lambda _text: None


@dataclass(frozen=True)
class LoadPlan:
    """What is to be loaded, and as what."""

    alias: str
    release: str
    created: datetime
    definition: IndexDefinition
    vectors: VectorsFile | None = None
    #: Documents a bulk request.
    chunk: int = 500
    #: Seconds to wait for the copies of the shards.
    wait_s: float = 60.0

    @property
    def index(self) -> str:
        """The new index."""
        return index_name(self.alias, self.release)

    def meta(self, heartbeat: datetime) -> dict[str, Any]:
        """The record in the index's ``_meta``."""
        return {
            "alias": self.alias,
            "release": self.release,
            "created": written(self.created),
            "heartbeat": written(heartbeat),
            "dimensions": None if self.vectors is None else self.vectors.dimensions,
        }


@dataclass
class LoadReport:
    """What came of it."""

    loaded: int = 0
    rejected: int = 0
    #: None when there was no vectors file.
    vectors: int | None = None
    #: Those of them with no support: training never saw their item, they were made from its text.
    vectors_from_texts: int = 0
    #: Vectors in the file whose item is not in the catalogue; they are not written.
    vectors_unused: int = 0
    without_vector: int = 0
    replaced: str | None = None
    health: str = ""


@dataclass
class _Load:
    plan: LoadPlan
    engine: Engine
    rejects: RejectsFile
    watch: Watch
    report: LoadReport = field(default_factory=LoadReport)
    last_beat: datetime = field(default_factory=now)

    def beat(self) -> None:
        """Say in the index that this load is alive, at most every :data:`HEARTBEAT_S`."""
        moment = now()
        if (moment - self.last_beat).total_seconds() >= HEARTBEAT_S:
            self.last_beat = moment
            indices.put_meta(self.engine, self.plan.index, self.plan.definition.all_meta(self.plan.meta(moment)))


def load(
    plan: LoadPlan,
    entries: Iterable[Product | Reject],
    engine: Engine,
    *,
    rejects: RejectsFile,
    store: VectorStore | None = None,
    watch: Watch | None = None,
) -> LoadReport:
    """Load ``entries`` as a new release and publish it; ``store`` is needed when the plan has vectors.

    On any error the new index and its vectors are removed again, and the error goes on.
    """
    run = _Load(plan, engine, rejects, watch or Watch())
    indices.check_served_by_us(engine, plan.alias)
    try:
        indices.create(engine, plan.index, plan.definition.loading_body(plan.meta(now())))
        has_vector = _stream(run, entries)
        if plan.vectors is not None and store is not None:
            _write_vectors(run, store, plan.vectors, has_vector)
        _finish(run)
        run.report.replaced = publish(engine, plan.alias, plan.release)
    except BaseException:
        _discard(run, store)
        raise
    return run.report


def _stream(run: _Load, entries: Iterable[Product | Reject]) -> NDArray[np.bool_]:
    """Send the products; gives which of the plan's vectors belong to one that the engine took."""
    vectors = run.plan.vectors
    place = {} if vectors is None else {str(item): i for i, item in enumerate(vectors.ids)}
    used = np.zeros(len(place), dtype=np.bool_)
    sent: dict[str, Product] = {}
    done = 0
    for outcome in run.engine.bulk(run.plan.index, _documents(run, entries, sent), chunk=run.plan.chunk):
        product = sent.pop(outcome.id)
        if _taken(run, product, outcome):
            if (at := place.get(product.sku)) is not None:
                used[at] = True
            elif vectors is not None:
                run.report.without_vector += 1
        done += 1
        if done % run.plan.chunk == 0:
            run.watch.rows(run.plan.chunk)
            run.beat()
    run.watch.rows(done % run.plan.chunk)
    run.report.rejected = run.rejects.count
    if run.report.loaded == 0:
        first = run.rejects.first
        reason = f"; row {first.number}: {first.reason}" if first else ""
        raise DataError(f"not one row could be loaded, nothing was published{reason}")
    return used


def _documents(
    run: _Load, entries: Iterable[Product | Reject], sent: dict[str, Product]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The documents of the good rows, remembered in ``sent`` until their outcome; bad rows go to the rejects."""
    for entry in entries:
        if isinstance(entry, Reject):
            run.rejects.add(entry)
            run.watch.rows(1)
        else:
            sent[entry.sku] = entry
            yield entry.sku, entry.document


def _taken(run: _Load, product: Product, outcome: BulkOutcome) -> bool:
    if outcome.stored:
        run.report.loaded += 1
        return True
    if outcome.status == 429:
        raise BackendError("the search engine stayed too busy (429) for a document, however often it was sent again")
    if outcome.status >= 500:
        raise BackendError(f"the search engine failed ({outcome.status}) on row {product.number}: {outcome.reason}")
    run.rejects.add(Reject(product.number, f"the search engine: {outcome.reason}", product.document))
    return False


def _write_vectors(run: _Load, store: VectorStore, file: VectorsFile, used: NDArray[np.bool_]) -> None:
    plan = run.plan
    count = int(used.sum())
    if count == 0:
        raise DataError("not one product of the catalogue has a vector; are the vectors of another shop?")
    record: dict[str, Any] = {
        "release": plan.release,
        "index": plan.index,
        "alias": plan.alias,
        "cluster": indices.cluster_id(run.engine),
        "dimensions": file.dimensions,
        "buckets": keys.BUCKETS,
        "count": count,
        "created": written(plan.created),
        "complete": False,
        "vectors": file.meta,
    }
    store.put_record(record)

    def advance(n: int) -> None:
        run.watch.vectors(n)
        run.beat()

    store.write(record, file.ids[used], file.vectors[used], advance=advance)
    if (stored := store.stored(record)) != count:
        raise BackendError(f"the store holds {stored} of {count} vectors; does it evict keys? see maxmemory-policy")
    store.put_record({**record, "complete": True})
    run.report.vectors = count
    run.report.vectors_from_texts = int((file.support[used] == 0).sum())
    run.report.vectors_unused = len(used) - count


def _finish(run: _Load) -> None:
    plan, engine = run.plan, run.engine
    indices.put_settings(engine, plan.index, plan.definition.serving_settings())
    indices.refresh(engine, plan.index)
    run.report.health = indices.wait_for_copies(engine, plan.index, seconds=plan.wait_s)
    if run.report.health != "green":
        run.watch.note(f"{plan.index} has fewer copies than it asks for; its primaries are all there")
    found = indices.count(engine, plan.index)
    if found != run.report.loaded:
        raise BackendError(f"the engine took {run.report.loaded} products but finds {found}; nothing was published")


def _discard(run: _Load, store: VectorStore | None) -> None:
    """Remove what this load made, unless it turns out to be served after all."""
    try:
        own = [i for i in indices.own_indices(run.engine, run.plan.alias) if i.release == run.plan.release]
        if any(index.served for index in own):
            return
        for index in own:
            indices.delete(run.engine, index)
        if store is not None:
            store.delete(run.plan.release)
    except SessionrankError as error:
        run.watch.note(f"could not clean up ({error}); `sessionrank index prune` will")
