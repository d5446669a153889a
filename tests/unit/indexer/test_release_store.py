"""What the store keeps of a release, written in pieces, counted, and removed whole."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from indexer.release_store import ReleaseStore
from indexer.signal_files import SignalFiles, described, write_signals
from sessionrank import keys
from sessionrank.covisits import CovisitsFile
from sessionrank.errors import DataError, StoreError
from sessionrank.exact import fingerprint
from sessionrank.ranking import Ranking
from sessionrank.vectors import VectorsFile
from tests.support.fake_redis import FakeRedis
from tests.support.signal_files import ring_of_covisits, some_vectors

RELEASE = "20260101000000aaaaaa"
IDS = ["a", "b", "c", "d", "e"]
ALL = np.arange(len(IDS))


def written(store: ReleaseStore, files: SignalFiles, **rows: Any) -> dict[str, Any]:
    chosen = {"vectors": ALL if files.vectors else ALL[:0], "covisits": ALL if files.covisits else ALL[:0], **rows}
    record = {"release": RELEASE, **described(files, **{name: len(some) for name, some in chosen.items()})}
    return write_signals(store, record, files, **chosen, advance=lambda _n: None)


@pytest.fixture
def redis() -> FakeRedis:
    return FakeRedis()


@pytest.fixture
def store(redis: FakeRedis) -> ReleaseStore:
    return ReleaseStore(redis, "redis://fake")  # type: ignore[arg-type]


def test_what_is_stored_of_an_item_are_the_bytes_of_its_row(redis: FakeRedis, store: ReleaseStore) -> None:
    files = SignalFiles(some_vectors(IDS), ring_of_covisits(IDS))
    record = written(store, files, vectors=np.array([0, 3]), covisits=np.array([1, 4]))
    assert (record["count"], record["covisits"], record["dimensions"], record["complete"]) == (2, 2, 4, True)
    assert files.vectors is not None
    assert files.covisits is not None
    hashes = files.covisits.hashes()
    lengths = files.vectors.lengths
    assert redis.values[keys.vectors(RELEASE, 0)] == {b"a": files.vectors.vectors[0].tobytes()} | {
        b"d": files.vectors.vectors[3].tobytes()
    }
    assert redis.values[keys.lengths(RELEASE, 0)] == {b"a": lengths[0].tobytes(), b"d": lengths[3].tobytes()}
    assert redis.values[keys.covisits(RELEASE, 0)] == {
        b"b": files.covisits.packed(1, hashes),
        b"e": files.covisits.packed(4, hashes),
    }
    assert store.record(RELEASE) == record
    assert store.whole(RELEASE)


def test_the_record_comes_first_and_is_complete_last(redis: FakeRedis, store: ReleaseStore) -> None:
    seen: list[bool] = []

    def look(command: str, _key: str) -> None:
        if command == "HSET" and (record := store.record(RELEASE)) is not None:
            seen.append(record["complete"])

    redis.trouble = look
    written(store, SignalFiles(some_vectors(IDS), ring_of_covisits(IDS)))
    assert seen == [False, False, False]
    info, *hashes = keys.release_info(RELEASE), *(of(RELEASE, 0) for of in (keys.vectors, keys.lengths, keys.covisits))
    assert redis.told == [("SET", info), *(("HSET", key) for key in hashes), ("SET", info)]


@pytest.mark.parametrize(("items", "size"), [(2, 1 << 20), (1000, 32)])
def test_items_go_out_in_pieces_of_bounded_number_and_size(
    redis: FakeRedis, store: ReleaseStore, monkeypatch: pytest.MonkeyPatch, items: int, size: int
) -> None:
    monkeypatch.setattr("indexer.release_store.CHUNK", items)
    monkeypatch.setattr("indexer.release_store.CHUNK_BYTES", size)
    files = SignalFiles(covisits=ring_of_covisits(IDS))
    told: list[int] = []
    record = {"release": RELEASE, **described(files, covisits=5)}
    write_signals(store, record, files, vectors=ALL[:0], covisits=ALL, advance=told.append)
    # An item of two neighbours is 16 bytes.
    assert told == [2, 2, 1]
    assert redis.told.count(("HSET", keys.covisits(RELEASE, 0))) == 3
    assert store.whole(RELEASE)


def test_items_are_spread_over_buckets_and_counted_together(redis: FakeRedis, store: ReleaseStore) -> None:
    record = {"release": RELEASE, "buckets": 3, "count": 0, "covisits": 5, "names": 0, "complete": True}
    store.write(record, "covisits", [(item, b"x") for item in IDS])
    assert store.stored(record, "covisits") == 5
    found = {item.decode(): key for key, items in redis.values.items() for item in items}
    assert found == {item: keys.covisits(RELEASE, keys.bucket(item, 3)) for item in IDS}
    assert len(set(found.values())) > 1
    store.put_record(record)
    store.delete(RELEASE)
    assert redis.values == {}


@pytest.mark.parametrize("signal", ["vectors", "lengths", "covisits"])
def test_a_store_that_loses_items_is_told_of(redis: FakeRedis, store: ReleaseStore, signal: str) -> None:
    both = SignalFiles(some_vectors(IDS), ring_of_covisits(IDS))
    record = written(store, both)
    del redis.values[getattr(keys, signal)(RELEASE, 0)][b"c"]
    assert not store.whole(RELEASE)
    assert store.missing(record) == f"the store holds 4 of 5 {signal}"
    if signal == "lengths":
        return
    redis.loses = {b"c"}
    only = SignalFiles(both.vectors) if signal == "vectors" else SignalFiles(covisits=both.covisits)
    redis.values.clear()
    with pytest.raises(StoreError, match=f"the store holds 4 of 5 {signal}; does it evict keys"):
        written(store, only)
    assert not json.loads(redis.values[keys.release_info(RELEASE)])["complete"]


def test_names_are_kept_as_fingerprints_and_lost_ones_are_missed(redis: FakeRedis, store: ReleaseStore) -> None:
    store.add_names(RELEASE, ["Red Lantern", "red  lantern", "Lantern", "Blue Teapot"])
    found = redis.values[keys.exact(RELEASE)]
    assert set(found) == {(fingerprint(name) or "").encode() for name in ("red lantern", "blue teapot")}
    record = {"release": RELEASE, "buckets": 1, "count": 0, "covisits": 0, "names": 2, "complete": True}
    store.put_record(record)
    assert store.whole(RELEASE)
    found.clear()
    assert not store.whole(RELEASE)


def test_names_of_one_word_alone_make_no_key(redis: FakeRedis, store: ReleaseStore) -> None:
    store.add_names(RELEASE, ["Lantern", ""])
    assert redis.told == []
    assert store.names(RELEASE) == 0


def test_all_of_a_release_is_removed_its_record_last(redis: FakeRedis, store: ReleaseStore) -> None:
    written(store, SignalFiles(some_vectors(IDS), ring_of_covisits(IDS)))
    store.add_names(RELEASE, ["Red Lantern"])
    redis.values[keys.ranking(RELEASE)] = b"x"
    redis.values[keys.learned_model(RELEASE)] = b"x"
    redis.values["sr:w:20260101000000bbbbbb"] = b"kept"
    redis.told.clear()
    store.delete(RELEASE)
    assert list(redis.values) == ["sr:w:20260101000000bbbbbb"]
    assert redis.told[-1] == ("UNLINK", keys.release_info(RELEASE))


def test_a_release_without_a_record_loses_what_was_measured_of_it(redis: FakeRedis, store: ReleaseStore) -> None:
    redis.values[keys.ranking(RELEASE)] = b"x"
    redis.values[keys.learned_model(RELEASE)] = b"x"
    store.delete(RELEASE)
    assert redis.values == {}


def test_a_record_from_before_there_were_covisits_is_whole_without_any(redis: FakeRedis, store: ReleaseStore) -> None:
    written(store, SignalFiles(some_vectors(IDS)))
    old = json.loads(redis.values[keys.release_info(RELEASE)])
    for later in ("covisits", "names", "covisits_meta"):
        del old[later]
    del redis.values[keys.covisits(RELEASE, 0)]
    redis.values[keys.release_info(RELEASE)] = json.dumps(old).encode()
    assert store.whole(RELEASE)
    assert [record["covisits"] for record in store.records()] == [0]


@pytest.mark.parametrize("field", ["covisits", "names", "count", "buckets"])
def test_a_damaged_record_is_none_of_ours(redis: FakeRedis, store: ReleaseStore, field: str) -> None:
    record = {"release": RELEASE, "buckets": 1, "count": 0, "covisits": 0, "names": 0, "complete": True}
    store.put_record({**record, field: "many"})
    assert store.record(RELEASE) is None
    assert store.records() == []


def test_a_ranking_is_read_as_it_was_written_and_a_damaged_one_is_an_error(
    redis: FakeRedis, store: ReleaseStore
) -> None:
    assert store.ranking(RELEASE) is None
    ranking = Ranking("mix", {"covisit": 1.0}, {"cases": 3})
    redis.values[keys.ranking(RELEASE)] = ranking.to_json().encode()
    assert store.ranking(RELEASE) == ranking
    store.forget_ranking(RELEASE)
    assert store.ranking(RELEASE) is None
    redis.values[keys.ranking(RELEASE)] = b"\xff{"
    with pytest.raises(DataError, match="not a ranking"):
        store.ranking(RELEASE)


@pytest.mark.parametrize(("told", "whole"), [({}, 1.0), ({"reliability": 0.5}, 0.5), ({"reliability": "x"}, 1.0)])
def test_without_covisits_the_reliability_of_the_items_stands_in_their_place(
    redis: FakeRedis, store: ReleaseStore, told: dict[str, Any], whole: float
) -> None:
    file = some_vectors(IDS, [100, 300, 0, 900, 9][: len(IDS)])
    file.meta.update(told)
    written(store, SignalFiles(file))
    reliability = [whole * support / (support + 100) for support in file.support.tolist()]
    heads = {str(item): CovisitsFile.head(each) for item, each in zip(file.ids, reliability, strict=True)}
    found = redis.values[keys.covisits(RELEASE, 0)]
    assert {name if isinstance(name, str) else name.decode(): value for name, value in found.items()} == heads
    assert store.whole(RELEASE)


def test_lengths_are_published_only_where_a_vector_has_one_of_its_own(redis: FakeRedis, store: ReleaseStore) -> None:
    alike = VectorsFile.build(IDS, np.eye(5), [9] * 5, {})
    assert written(store, SignalFiles(alike))["lengths"] == 0
    assert keys.lengths(RELEASE, 0) not in redis.values
    assert store.whole(RELEASE)
    assert written(store, SignalFiles(some_vectors(IDS)))["lengths"] == 5
    assert len(redis.values[keys.lengths(RELEASE, 0)]) == 5
    store.delete(RELEASE)
    assert redis.values == {}


def test_the_record_of_a_release_from_before_there_were_lengths_is_whole(redis: FakeRedis, store: ReleaseStore) -> None:
    record = written(store, SignalFiles(some_vectors(IDS)))
    del redis.values[keys.lengths(RELEASE, 0)]
    assert not store.whole(RELEASE)
    store.put_record({name: value for name, value in record.items() if name != "lengths"})
    assert store.whole(RELEASE)
