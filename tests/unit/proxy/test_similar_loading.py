"""How the vectors of a release come into memory and get their index, while requests go on."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from proxy.deadline import Deadline
from proxy.errors import HttpError
from proxy.sessions.memory import MemorySessions
from proxy.similar import SimilarItems
from sessionrank.errors import StoreError
from tests.support.own_endpoints import RELEASE, vector_of

NEWER, NEWEST = "20250102120000abc123", "20250103120000abc123"
VECTORS = {f"p{angle:02}": vector_of(np.cos(angle / 60), np.sin(angle / 60)) for angle in range(60)}


def soon() -> Deadline:
    return Deadline(30)


def skus(similar: SimilarItems, release: str, sku: str, n: int = 2) -> list[str]:
    return [each.sku for each in similar.nearest(release, sku, n, soon()) or ()]


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "similar-items"]


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    yield
    for thread in threads():
        thread.join(30)
    assert threads() == []


@pytest.fixture
def store() -> MemorySessions:
    store = MemorySessions(cap=5, ttl=10)
    for release in (RELEASE, NEWER, NEWEST):
        store.publish(release, VECTORS)
    return store


class FakeFaiss(ModuleType):
    """In place of faiss: training waits until it may go on, and all that happens is kept."""

    METRIC_INNER_PRODUCT = 0

    def __init__(self) -> None:
        super().__init__("faiss")
        self.__spec__ = ModuleSpec("faiss", None)
        self.training, self.go_on = threading.Event(), threading.Event()
        self.fails: Exception | None = None
        self.at_once = self.most_at_once = 0
        self.made: list[FakeIndex] = []

    def omp_set_num_threads(self, count: int) -> None:
        assert count == 1

    def index_factory(self, *_: Any) -> FakeIndex:
        self.made.append(FakeIndex(self))
        return self.made[-1]


class FakeIndex:
    """Finds whatever was added first."""

    def __init__(self, faiss: FakeFaiss) -> None:
        self.faiss, self.cp, self.nprobe, self.added = faiss, ModuleType("cp"), 0, 0

    def train(self, rows: Any) -> None:
        faiss = self.faiss
        faiss.at_once += 1
        faiss.most_at_once = max(faiss.most_at_once, faiss.at_once)
        faiss.training.set()
        faiss.go_on.wait(30)
        faiss.at_once -= 1
        if faiss.fails is not None:
            raise faiss.fails

    def add(self, rows: Any) -> None:
        self.added += len(rows)

    def search(self, asked: Any, k: int) -> tuple[None, Any]:
        return None, np.arange(k)[None]


@pytest.fixture
def faiss(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeFaiss]:
    fake = FakeFaiss()
    monkeypatch.setitem(sys.modules, "faiss", fake)
    yield fake
    fake.go_on.set()
    for thread in threads():
        thread.join(30)


def until_built() -> None:
    for thread in threads():
        thread.join(30)


def test_answers_are_exact_while_the_index_is_built_and_come_from_it_afterwards(
    store: MemorySessions, faiss: FakeFaiss
) -> None:
    similar = SimilarItems(store, exact_to=10)
    assert skus(similar, RELEASE, "p30") == ["p29", "p31"]
    assert faiss.training.wait(30)
    assert skus(similar, RELEASE, "p40") == ["p39", "p41"]
    faiss.go_on.set()
    until_built()
    assert faiss.made[0].added == 60
    # The fake knows the first few only; the best of these by their cosines.
    assert skus(similar, RELEASE, "p30") == ["p11", "p10"]
    assert len(faiss.made) == 1


def test_with_the_library_itself_the_answers_stay_what_they_were(store: MemorySessions) -> None:
    similar = SimilarItems(store, exact_to=10)
    exact = [similar.nearest(RELEASE, f"p{angle:02}", 1, soon()) for angle in range(60)]
    until_built()
    assert [similar.nearest(RELEASE, f"p{angle:02}", 1, soon()) for angle in range(60)] == exact


def test_few_items_need_no_index(store: MemorySessions, faiss: FakeFaiss) -> None:
    similar = SimilarItems(store, exact_to=60)
    assert skus(similar, RELEASE, "p30") == ["p29", "p31"]
    until_built()
    assert faiss.made == []


def test_a_build_for_a_release_that_is_gone_is_dropped_and_never_two_at_once(
    store: MemorySessions, faiss: FakeFaiss
) -> None:
    similar = SimilarItems(store, exact_to=10)
    skus(similar, RELEASE, "p30")
    assert faiss.training.wait(30)
    for release in (NEWER, NEWEST, NEWER):
        with pytest.raises(HttpError, match="being loaded") as error:
            similar.nearest(release, "p30", 2, Deadline(0.02))
        assert error.value.status == 503
    assert len(threads()) == 2  # the build that cannot be stopped midway, and what waits for its end
    faiss.go_on.set()
    assert skus(similar, NEWER, "p30") != []
    until_built()
    assert [index.added for index in faiss.made] == [0, 60]
    assert faiss.most_at_once == 1


def test_when_the_build_fails_answers_stay_exact_and_the_log_says_so(
    store: MemorySessions, faiss: FakeFaiss, caplog: pytest.LogCaptureFixture
) -> None:
    faiss.fails = MemoryError("no room")
    faiss.go_on.set()
    similar = SimilarItems(store, exact_to=10)
    skus(similar, RELEASE, "p30")
    until_built()
    assert skus(similar, RELEASE, "p30") == ["p29", "p31"]
    assert f"the index of similar items of release {RELEASE} was not built" in caplog.text
    assert len(faiss.made) == 1


class Slow(MemorySessions):
    """A store whose vectors come when they may."""

    def __init__(self) -> None:
        super().__init__(cap=5, ttl=10)
        self.go_on = threading.Event()
        self.scans: list[str] = []
        self.fails: Exception | None = None

    def scan(self, key: str) -> Iterator[tuple[str, bytes]]:
        self.scans.append(key)
        self.go_on.wait(30)
        if self.fails is not None:
            raise self.fails
        return super().scan(key)


@pytest.fixture
def slow() -> Iterator[Slow]:
    store = Slow()
    for release in (RELEASE, NEWER):
        store.publish(release, VECTORS)
    yield store
    store.go_on.set()


def test_not_even_the_first_request_waits_longer_than_it_may(slow: Slow) -> None:
    similar = SimilarItems(slow)
    for release in (RELEASE, RELEASE, NEWER):
        with pytest.raises(HttpError, match="being loaded"):
            similar.nearest(release, "p30", 2, Deadline(0.02))
    slow.go_on.set()
    assert skus(similar, RELEASE, "p30") == ["p29", "p31"]
    assert len(slow.scans) == 1


def test_two_releases_asked_for_in_turns_are_both_answered(slow: Slow) -> None:
    similar = SimilarItems(slow)
    found: list[tuple[str, list[str]]] = []

    def ask(release: str) -> None:
        for _ in range(5):
            found.append((release, skus(similar, release, "p30")))

    asking = [threading.Thread(target=ask, args=(release,)) for release in (RELEASE, NEWER) * 3]
    slow.go_on.set()
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(30)
    assert sorted(found) == sorted([(release, ["p29", "p31"]) for release in (RELEASE, NEWER) * 15])


def test_what_failed_is_told_to_all_who_wait_and_tried_again_by_the_next(slow: Slow) -> None:
    similar = SimilarItems(slow)
    slow.fails = StoreError("Redis is gone")
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(StoreError) as error:
            similar.nearest(RELEASE, "p30", 2, soon())
        told.append(str(error.value))

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    while not slow.scans:
        time.sleep(0.001)
    slow.go_on.set()
    for thread in asking:
        thread.join(30)
    assert told == ["Redis is gone"] * 3
    slow.fails = None
    assert skus(similar, RELEASE, "p30") == ["p29", "p31"]


def test_what_nobody_foresaw_is_a_store_error_and_the_log_says_more(
    slow: Slow, caplog: pytest.LogCaptureFixture
) -> None:
    slow.fails = ZeroDivisionError("oops")
    slow.go_on.set()
    with pytest.raises(StoreError, match="cannot be loaded"):
        SimilarItems(slow).nearest(RELEASE, "p30", 2, soon())
    assert "ZeroDivisionError: oops" in caplog.text


def test_too_many_items_are_counted_once_a_release_and_the_error_does_not_grow(slow: Slow) -> None:
    slow.go_on.set()
    similar = SimilarItems(slow, max_items=59)
    slow._values.clear()
    slow._values[f"sr:r:{RELEASE}"] = b'{"dimensions": 2}'
    depths = set()
    for _ in range(3):
        with pytest.raises(HttpError, match="more than 59 items") as error:
            similar.nearest(RELEASE, "p30", 2, soon())
        assert error.value.status == 501
        depths.add(len(error.traceback))
    assert len(slow.scans) == 1
    assert len(depths) == 1


def test_ids_count_for_the_memory_that_a_release_may_take(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    slow.go_on.set()
    long = {"x" * 40 + str(i): vector_of(1, i) for i in range(30)}
    slow.publish(NEWEST, long)
    monkeypatch.setattr("proxy.similar._MAX_BYTES", 60 * (8 + 3))
    assert skus(SimilarItems(slow), RELEASE, "p30") == ["p29", "p31"]
    with pytest.raises(HttpError, match="MiB"):
        SimilarItems(slow).nearest(NEWEST, next(iter(long)), 2, soon())


def test_an_item_that_comes_twice_counts_once(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    slow.go_on.set()
    scan = slow.scan
    monkeypatch.setattr(slow, "scan", lambda key: [*scan(key), *scan(key)])
    assert skus(SimilarItems(slow, max_items=60), RELEASE, "p30") == ["p29", "p31"]


def test_a_sum_is_completed(store: MemorySessions) -> None:
    similar = SimilarItems(store)
    found = similar.completing(RELEASE, ["p20", "p30"], ["p25"], 2, soon())
    assert sorted(each.sku for each in found) == ["p24", "p26"]
    with pytest.raises(KeyError, match="nobody"):
        similar.completing(RELEASE, ["p20", "nobody"], ["p25"], 2, soon())
