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

from sessionrank.errors import BackendError, DataError, SessionrankError
from sessionrank.ranking import Ranking
from sessionrank.releases import index_name

from . import indices
from .documents import IndexDefinition, Product, Reject
from .engines.base import BulkOutcome, Engine
from .moments import now, written
from .publish import publish
from .rejects import RejectsFile
from .release_store import Record, ReleaseStore
from .signal_files import Rows, SignalFiles, described, write_signals

__all__ = ["HEARTBEAT_S", "LoadPlan", "LoadReport", "Measure", "Watch", "load"]

#: How often a running load writes into its index that it is alive; ``prune`` reads it.
HEARTBEAT_S = 15.0

#: Measures an index that is not published yet and writes its ranking into the store; called with the index and with
#: what is to be called every few seconds meanwhile. Gives why it could not, or None.
Measure = Callable[[str, Callable[[], None]], str | None]


@dataclass(frozen=True)
class Watch:
    """What a load tells whoever watches it; by default nobody."""

    #: Some rows more were read and dealt with.
    rows: Callable[[int], None] = lambda _n: None
    #: The vectors and covisits of some items more were written.
    signals: Callable[[int], None] = lambda _n: None
    #: The release is measured now, by a program that shows its own progress.
    measuring: Callable[[], None] = lambda: None
    #: A remark for the user.
    note: Callable[[str], None] = lambda _text: None


@dataclass(frozen=True)
class LoadPlan:
    """What is to be loaded, and as what."""

    alias: str
    release: str
    created: datetime
    definition: IndexDefinition
    signals: SignalFiles = field(default_factory=SignalFiles)
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
            "dimensions": self.signals.dimensions,
            "covisits": self.signals.covisits is not None,
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
    #: None when there was no covisits file.
    covisits: int | None = None
    #: Items of that file that are not in the catalogue; they are not written.
    covisits_unused: int = 0
    #: How the hits are ordered, where that was measured.
    ranking: Ranking | None = None
    #: Why it was not, where it should have been.
    measure_error: str | None = None
    replaced: str | None = None
    health: str = ""


@dataclass
class _Load:
    plan: LoadPlan
    engine: Engine
    rejects: RejectsFile
    watch: Watch
    #: None when the plan has no signals.
    store: ReleaseStore | None
    report: LoadReport = field(default_factory=LoadReport)
    last_beat: datetime = field(default_factory=now)
    #: Who the release is, as its record in the store says.
    identity: Record = field(default_factory=dict)

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
    store: ReleaseStore | None = None,
    measure: Measure | None = None,
    watch: Watch | None = None,
) -> LoadReport:
    """Load ``entries`` as a new release and publish it; ``store`` is needed when the plan has signals.

    ``measure`` runs when all is loaded and checked and nothing is published yet. That it fails is noted, no more: the
    release goes without a ranking then. On any error the new index and what the store has of it are removed again, and
    the error goes on.
    """
    run = _Load(plan, engine, rejects, watch or Watch(), store if plan.signals else None)
    indices.check_served_by_us(engine, plan.alias)
    try:
        indices.create(engine, plan.index, plan.definition.loading_body(plan.meta(now())))
        if run.store is not None:
            _announce(run, run.store)
        vectors, covisits = _stream(run, entries)
        if run.store is not None:
            _write_signals(run, run.store, vectors=vectors.chosen, covisits=covisits.chosen)
        _finish(run)
        if measure is not None and run.store is not None:
            _measure(run, run.store, measure)
        run.report.replaced = publish(engine, plan.alias, plan.release)
    except BaseException:
        _discard(run)
        raise
    return run.report


def _announce(run: _Load, store: ReleaseStore) -> None:
    """Write the record of the release before anything else of it, so that whatever a kill leaves is found by it."""
    plan = run.plan
    run.identity = {
        "release": plan.release,
        "index": plan.index,
        "alias": plan.alias,
        "cluster": indices.cluster_id(run.engine),
        "created": written(plan.created),
    }
    store.put_record({**run.identity, **described(plan.signals)})


def _stream(run: _Load, entries: Iterable[Product | Reject]) -> tuple[Rows, Rows]:
    """Send the products; gives which of the plan's vectors and covisits belong to one that the engine took."""
    files = run.plan.signals
    vectors = Rows([] if files.vectors is None else files.vectors.ids)
    covisits = Rows([] if files.covisits is None else files.covisits.ids)
    sent: dict[str, Product] = {}
    names: list[str] = []
    done = 0
    for outcome in run.engine.bulk(run.plan.index, _documents(run, entries, sent), chunk=run.plan.chunk):
        product = sent.pop(outcome.id)
        if _taken(run, product, outcome):
            names.append(product.document["name"])
            covisits.want(product.sku)
            if not vectors.want(product.sku) and files.vectors is not None:
                run.report.without_vector += 1
        done += 1
        if done % run.plan.chunk == 0:
            run.watch.rows(run.plan.chunk)
            _write_names(run, names)
            run.beat()
    _write_names(run, names)
    run.watch.rows(done % run.plan.chunk)
    run.report.rejected = run.rejects.count
    if run.report.loaded == 0:
        first = run.rejects.first
        reason = f"; row {first.number}: {first.reason}" if first else ""
        raise DataError(f"not one row could be loaded, nothing was published{reason}")
    return vectors, covisits


def _write_names(run: _Load, names: list[str]) -> None:
    """Write what searches for a whole name are told by, and forget the names."""
    if run.store is not None:
        run.store.add_names(run.plan.release, names)
    names.clear()


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


def _write_signals(run: _Load, store: ReleaseStore, *, vectors: NDArray[np.intp], covisits: NDArray[np.intp]) -> None:
    plan, files, report = run.plan, run.plan.signals, run.report
    if files.vectors is not None and not len(vectors):
        raise DataError("not one product of the catalogue has a vector; are the vectors of another shop?")
    if files.covisits is not None and not len(covisits):
        raise DataError("not one product of the catalogue has covisits; are the covisits of another shop?")
    names = store.names(plan.release)
    record = {**run.identity, **described(files, vectors=len(vectors), covisits=len(covisits), names=names)}

    def advance(n: int) -> None:
        run.watch.signals(n)
        run.beat()

    write_signals(store, record, files, vectors=vectors, covisits=covisits, advance=advance)
    if files.vectors is not None:
        report.vectors = len(vectors)
        report.vectors_from_texts = int((files.vectors.support[vectors] == 0).sum())
        report.vectors_unused = files.vectors.ids.size - len(vectors)
    if files.covisits is not None:
        report.covisits = len(covisits)
        report.covisits_unused = files.covisits.ids.size - len(covisits)


def _measure(run: _Load, store: ReleaseStore, measure: Measure) -> None:
    plan, report = run.plan, run.report
    run.watch.measuring()
    report.measure_error = measure(plan.index, run.beat)
    if report.measure_error is None:
        try:
            report.ranking = store.ranking(plan.release)
            report.measure_error = None if report.ranking else "it left no ranking in the store"
        except DataError as error:
            report.measure_error = str(error)
    if report.measure_error is not None:
        # Half of a measurement may be there; without it the proxy's defaults apply.
        store.forget_ranking(plan.release)


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


def _discard(run: _Load) -> None:
    """Remove what this load made, unless it turns out to be served after all."""
    try:
        own = [i for i in indices.own_indices(run.engine, run.plan.alias) if i.release == run.plan.release]
        if any(index.served for index in own):
            return
        for index in own:
            indices.delete(run.engine, index)
        if run.store is not None:
            run.store.delete(run.plan.release)
    except SessionrankError as error:
        run.watch.note(f"could not clean up ({error}); `sessionrank index prune` will")
