"""Signals, names and measuring within a load, against an engine and a Redis in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

import pytest

from indexer.catalogue.base import Row
from indexer.documents import products, read_definition
from indexer.engines.base import BulkOutcome
from indexer.loader import LoadPlan, LoadReport, Measure, Watch, load
from indexer.popularity.column import from_column
from indexer.publish import rollback
from indexer.rejects import RejectsFile
from indexer.release_store import ReleaseStore
from indexer.schemas import ProductSchema
from indexer.signal_files import SignalFiles
from sessionrank import keys
from sessionrank.errors import ConfigurationError, DataError, StoreError
from sessionrank.exact import fingerprint
from sessionrank.ranking import Ranking
from sessionrank.releases import new_release
from tests.support.fake_engine import FakeEngine
from tests.support.fake_redis import FakeRedis
from tests.support.signal_files import ring_of_covisits, some_vectors

NAMES = {"P1": "Red Boot", "P2": "Blue Boot", "P3": " ", "P4": "Boot", "P5": "blue  BOOT"}
#: P3 is rejected for its name, P5 by the engine.
REFUSED = BulkOutcome("P5", 400, "no")
MIX = Ranking("mix", {"covisit": 1.0}, {"cases": 10, "mrr_plain": 0.2, "mrr": 0.3})


class Stage:
    """One load after another of the same five products."""

    def __init__(self, folder: Path) -> None:
        self.engine, self.redis = FakeEngine(), FakeRedis()
        self.engine.judge = lambda sku, _document: REFUSED if sku == "P5" else None
        self.store = ReleaseStore(self.redis, "redis://fake")  # type: ignore[arg-type]
        self.notes: list[str] = []
        self.told: list[int] = []
        self.measured: list[str] = []
        self._folder = folder

    def plan(self, vectors: Sequence[str] = (), covisits: Sequence[str] = ()) -> LoadPlan:
        created = datetime.now(timezone.utc)
        files = SignalFiles(
            some_vectors(vectors, [0, *[9] * (len(vectors) - 1)]) if vectors else None,
            ring_of_covisits(covisits) if covisits else None,
        )
        return LoadPlan("shop", new_release(created), created, read_definition(), files, chunk=2)

    def load(self, plan: LoadPlan, measure: Measure | None = None) -> LoadReport:
        rows = (Row(n, {"sku": sku, "name": name}) for n, (sku, name) in enumerate(NAMES.items(), 1))
        entries = products(rows, ProductSchema(), from_column("popularity"))
        watch = Watch(signals=self.told.append, note=self.notes.append)
        with RejectsFile(self._folder / "r.jsonl") as rejects:
            return load(plan, entries, self.engine, rejects=rejects, store=self.store, measure=measure, watch=watch)

    def keys(self, release: str) -> set[str]:
        return {key for key in self.redis.values if release in key}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_only_what_belongs_to_products_that_were_taken_is_written(stage: Stage) -> None:
    plan = stage.plan(vectors=["P1", "P2", "P3", "P5", "Z"], covisits=["P4", "P5", "X", "Y"])
    report = stage.load(plan)
    assert (report.vectors, report.vectors_from_texts, report.vectors_unused, report.without_vector) == (2, 1, 3, 1)
    assert (report.covisits, report.covisits_unused) == (1, 3)
    assert list(stage.redis.values[keys.vectors(plan.release, 0)]) == [b"P1", b"P2"]
    assert list(stage.redis.values[keys.covisits(plan.release, 0)]) == [b"P4"]
    assert sum(stage.told) == 3
    record = stage.store.record(plan.release)
    assert record is not None
    assert (record["count"], record["covisits"], record["complete"]) == (2, 1, True)
    assert (record["alias"], record["index"], record["cluster"]) == ("shop", plan.index, "fake")
    assert record["covisits_meta"]["algorithm"] == "covisit"


def test_names_of_products_that_were_taken_are_kept_as_fingerprints(stage: Stage) -> None:
    plan = stage.plan(covisits=["P1", "P2"])
    stage.load(plan)
    kept = {(fingerprint(NAMES[sku]) or "").encode() for sku in ("P1", "P2")}
    assert set(stage.redis.values[keys.exact(plan.release)]) == kept
    assert stage.store.whole(plan.release)


def test_a_load_without_signals_writes_nothing_into_the_store(stage: Stage) -> None:
    stage.load(stage.plan())
    assert stage.redis.told == []


def test_the_record_is_there_before_anything_else_of_the_release(stage: Stage) -> None:
    plan = stage.plan(vectors=["P1"], covisits=["P1", "P2"])
    stage.load(plan)
    first, *between, last = stage.redis.told
    assert first == last == ("SET", keys.release_info(plan.release))
    assert between[-4:] == [
        first,
        ("HSET", keys.vectors(plan.release, 0)),
        ("HSET", keys.lengths(plan.release, 0)),
        ("HSET", keys.covisits(plan.release, 0)),
    ]


def test_a_release_of_covisits_alone_has_no_dimensions_and_can_be_gone_back_to_only_when_whole(stage: Stage) -> None:
    first, second = stage.plan(covisits=["P1", "P2"]), stage.plan(covisits=["P1", "P2"])
    assert stage.load(first).vectors is None
    stage.load(second)
    record = stage.store.record(first.release)
    assert record is not None
    assert (record["dimensions"], record["count"], record["vectors"]) == (None, 0, None)
    # The store is asked, and this one cannot be.
    with pytest.raises(ConfigurationError, match="memory://"):
        rollback(stage.engine, "memory://", "shop")


@pytest.mark.parametrize(
    ("vectors", "covisits", "told"),
    [
        (["X", "P3"], ["P1", "P2"], "not one product of the catalogue has a vector"),
        (["P1"], ["X", "P5"], "not one product of the catalogue has covisits"),
    ],
)
def test_files_of_another_shop_publish_nothing(
    stage: Stage, vectors: list[str], covisits: list[str], told: str
) -> None:
    with pytest.raises(DataError, match=told):
        stage.load(stage.plan(vectors=vectors, covisits=covisits))
    assert stage.engine.indices == {}
    assert stage.redis.values == {}


@pytest.mark.parametrize(
    "key",
    [
        keys.release_info,
        keys.exact,
        lambda release: keys.lengths(release, 0),
        lambda release: keys.covisits(release, 0),
    ],
)
def test_a_store_that_fails_at_any_write_leaves_the_old_release_alone(stage: Stage, key: Callable[[str], str]) -> None:
    old, new = (stage.plan(vectors=["P1"], covisits=["P1", "P2"]) for _ in range(2))
    stage.load(old)

    def fail(command: str, at: str) -> None:
        if command != "UNLINK" and at == key(new.release):
            raise OSError("gone")

    stage.redis.trouble = fail
    with pytest.raises(StoreError):
        stage.load(new)
    assert stage.engine.serving("shop") == [old.index]
    assert list(stage.engine.indices) == [old.index]
    assert stage.keys(new.release) == set()
    assert stage.store.whole(old.release)


def measuring(stage: Stage, plan: LoadPlan, ranking: bytes | None, said: str | None) -> Measure:
    """Writes ``ranking`` and gives ``said``; notes what was there at that moment."""

    def measure(index: str, alive: Callable[[], None]) -> str | None:
        alive()
        stage.measured.append(index)
        assert stage.store.whole(plan.release)
        assert len(stage.engine.indices[index]["documents"]) == 3
        assert ("POST", f"/{index}/_refresh") in stage.engine.asked
        assert index not in stage.engine.serving("shop")
        if ranking is not None:
            stage.redis.values[keys.ranking(plan.release)] = ranking
        return said

    return measure


def test_a_release_is_measured_whole_and_before_it_is_published(stage: Stage) -> None:
    plan = stage.plan(covisits=["P1", "P2"])
    report = stage.load(plan, measuring(stage, plan, MIX.to_json().encode(), None))
    assert stage.measured == [plan.index]
    assert (report.ranking, report.measure_error) == (MIX, None)
    assert stage.store.ranking(plan.release) == MIX
    assert stage.engine.serving("shop") == [plan.index]


@pytest.mark.parametrize(
    ("ranking", "said", "told"),
    [
        (None, "no such file", "no such file"),
        (MIX.to_json().encode(), "it was ended by signal 9", "it was ended by signal 9"),
        (None, None, "it left no ranking in the store"),
        (b"{}", None, "not a ranking"),
    ],
)
def test_a_release_that_cannot_be_measured_is_published_without_a_ranking(
    stage: Stage, ranking: bytes | None, said: str | None, told: str
) -> None:
    plan = stage.plan(covisits=["P1", "P2"])
    report = stage.load(plan, measuring(stage, plan, ranking, said))
    assert report.ranking is None
    assert told in (report.measure_error or "")
    assert keys.ranking(plan.release) not in stage.redis.values
    assert stage.engine.serving("shop") == [plan.index]


def test_a_load_that_is_stopped_while_it_is_measured_leaves_nothing(stage: Stage) -> None:
    plan = stage.plan(vectors=["P1"], covisits=["P1", "P2"])

    def measure(_index: str, _alive: Callable[[], None]) -> str | None:
        stage.redis.values[keys.ranking(plan.release)] = MIX.to_json().encode()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage.load(plan, measure)
    assert stage.engine.indices == {}
    assert stage.redis.values == {}
