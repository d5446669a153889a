"""Which release serves an index, and the nearest products of a release."""

import threading

import pytest

from proxy.backends.base import BackendRequest, BackendResponse
from proxy.deadline import Deadline
from proxy.errors import HttpError
from proxy.releases import ReleaseFinder, default_index, named_indices
from proxy.sessions.memory import MemorySessions
from proxy.similar import SimilarItems
from sessionrank import keys
from sessionrank.errors import BackendTimeout, StoreError
from tests.support.fake_backend import FakeBackend, FakeResponse
from tests.support.own_endpoints import RELEASE, vector_of

NEWER = "20250102120000abc123"


def soon() -> Deadline:
    return Deadline(30)


@pytest.fixture
def store() -> MemorySessions:
    return MemorySessions(cap=5, ttl=10)


def test_an_answer_holds_for_two_seconds_and_then_the_engine_is_asked_again(store: MemorySessions) -> None:
    now = [0.0]
    backend = FakeBackend([FakeResponse({f"shop-{RELEASE}": {}}), FakeResponse({f"shop-{NEWER}": {}})])
    finder = ReleaseFinder(backend, store, clock=lambda: now[0])
    found = []
    for now[0] in (0.0, 1.9, 2.1, 4.0):
        found.append(finder.find("shop", soon()))
    assert found == [RELEASE, RELEASE, NEWER, NEWER]
    assert len(backend.requests) == 2


def test_a_failure_holds_for_two_seconds_too(store: MemorySessions) -> None:
    now = [0.0]
    finder = ReleaseFinder(
        FakeBackend([BackendTimeout("slow"), FakeResponse({f"shop-{RELEASE}": {}})]), store, clock=lambda: now[0]
    )
    for now[0] in (0.0, 1.0):
        with pytest.raises(BackendTimeout, match="slow"):
            finder.find("shop", soon())
    now[0] = 3.0
    assert finder.find("shop", soon()) == RELEASE


def test_of_several_releases_under_one_alias_the_newest_counts(store: MemorySessions) -> None:
    backend = FakeBackend([FakeResponse({f"shop-{NEWER}": {}, f"shop-{RELEASE}": {}, "other": {}})])
    assert ReleaseFinder(backend, store).find("shop", soon()) == NEWER


def test_a_name_is_quoted_on_its_way_to_the_engine(store: MemorySessions) -> None:
    backend = FakeBackend([FakeResponse({})])
    ReleaseFinder(backend, store).find("a/b?c", soon())
    assert backend.requests[0].target == "/a%2Fb%3Fc/_alias"


def test_a_pointer_to_what_is_no_release_is_none(store: MemorySessions) -> None:
    store.publish("../../etc", {"a": vector_of(1, 0)}, index="shop")
    assert ReleaseFinder(FakeBackend([FakeResponse({})]), store).find("shop", soon()) is None


def test_what_is_remembered_is_bounded(store: MemorySessions) -> None:
    finder = ReleaseFinder(FakeBackend(handler=lambda request: FakeResponse({})), store)
    for i in range(2000):
        finder.find(f"shop-{i}", soon())
    assert len(finder._known) <= 256


def test_the_default_index_is_the_only_named_one() -> None:
    assert default_index(("catalog",)) == "catalog"
    assert default_index(("cat*",)) is None
    assert default_index(("a", "b")) is None
    assert named_indices(("a", "b-*", "c?", "d")) == ["a", "d"]


def test_equal_cosines_come_in_the_order_of_the_skus(store: MemorySessions) -> None:
    store.publish(RELEASE, {"z": vector_of(1, 1), **{sku: vector_of(1, 0) for sku in "dbca"}})
    found = SimilarItems(store).nearest(RELEASE, "z", 2, soon())
    assert [each.sku for each in found or ()] == ["a", "b"]


def test_an_item_alone_has_no_neighbours(store: MemorySessions) -> None:
    store.publish(RELEASE, {"a": vector_of(1, 0)})
    assert SimilarItems(store).nearest(RELEASE, "a", 5, soon()) == []


def test_a_release_with_too_many_items_is_a_501_whatever_its_record_says(store: MemorySessions) -> None:
    store.publish(RELEASE, {str(i): vector_of(1, i) for i in range(11)})
    similar = SimilarItems(store, max_items=10)
    with pytest.raises(HttpError, match="more than 10 items") as error:
        similar.nearest(RELEASE, "1", 5, soon())
    assert error.value.status == 501
    store._values[keys.release_info(RELEASE)] = b'{"dimensions": 2}'
    with pytest.raises(HttpError, match="more than 10 items"):
        similar.nearest(RELEASE, "1", 5, soon())


@pytest.mark.parametrize(
    "record",
    [b"", b"[]", b"{}", b"\xff", b'{"dimensions": 0}', b'{"dimensions": 1e99}', b'{"dimensions": 2, "buckets": 0}'],
)
def test_a_record_that_is_none_is_a_store_error(store: MemorySessions, record: bytes) -> None:
    store._values[keys.release_info(RELEASE)] = record
    with pytest.raises(StoreError, match="not of our making"):
        SimilarItems(store).nearest(RELEASE, "a", 5, soon())


def test_a_release_that_is_not_in_the_store_is_a_404(store: MemorySessions) -> None:
    with pytest.raises(HttpError, match="no vectors") as error:
        SimilarItems(store).nearest(RELEASE, "a", 5, soon())
    assert error.value.status == 404


def test_one_release_is_loaded_once_and_gives_way_to_the_next() -> None:
    class Counting(MemorySessions):
        scans = 0

        def scan(self, key: str):  # type: ignore[no-untyped-def]
            self.scans += 1
            threading.Event().wait(0.05)  # time for the other threads to come as far as the lock
            return super().scan(key)

    store = Counting(cap=5, ttl=10)
    store.publish(RELEASE, {"a": vector_of(1, 0), "b": vector_of(1, 1)})
    store.publish(NEWER, {"a": vector_of(1, 0), "c": vector_of(1, 1)})
    similar = SimilarItems(store)
    together = threading.Barrier(8)

    def ask() -> None:
        together.wait()
        similar.nearest(RELEASE, "a", 1, soon())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.scans == 1
    assert [each.sku for each in similar.nearest(NEWER, "a", 1, soon()) or ()] == ["c"]
    assert store.scans == 2


def test_while_a_release_is_loaded_others_wait_no_longer_than_they_may() -> None:
    loading, go_on = threading.Event(), threading.Event()

    class Slow(MemorySessions):
        def scan(self, key: str):  # type: ignore[no-untyped-def]
            loading.set()
            go_on.wait(30)
            return super().scan(key)

    store = Slow(cap=5, ttl=10)
    store.publish(RELEASE, {"a": vector_of(1, 0)})
    similar = SimilarItems(store)
    first = threading.Thread(target=similar.nearest, args=(RELEASE, "a", 1, soon()))
    first.start()
    loading.wait(30)
    with pytest.raises(HttpError, match="being loaded") as error:
        similar.nearest(RELEASE, "a", 1, Deadline(0.01))
    assert error.value.status == 503
    go_on.set()
    first.join()


def test_the_fake_backend_gives_what_the_handler_says() -> None:
    def echo(request: BackendRequest) -> BackendResponse:
        return FakeResponse(request.body)

    assert FakeBackend(handler=echo).send(BackendRequest("POST", "/", [], b"hello"), timeout=1).read() == b"hello"
