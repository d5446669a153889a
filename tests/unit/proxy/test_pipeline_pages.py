"""Pages of one search, before a recording engine: the order of the first one, kept for those behind it."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.deadline import Deadline
from proxy.sessions.base import FrozenHits, Lookup, OfSession, Record
from proxy.sessions.memory import MemorySessions
from sessionrank.errors import StoreError
from tests.support.own_endpoints import RELEASE, vector_of
from tests.support.pipeline_shop import ORDER, VECTORS, content, engine, ids
from tests.support.pipeline_shop import PipelineShop as Shop


def test_later_pages_keep_the_order_of_the_first_though_the_session_moves_on() -> None:
    shop = Shop()
    shop.views("scarlet")
    first = shop.search({"size": 2})
    shop.views(*["indigo"] * 10)
    second, third = shop.search({"from": 2, "size": 2}), shop.search({"from": 4, "size": 2})
    assert [*ids(first), *ids(second), *ids(third)] == ["red", "unknown", "rose", "navy", "blue"]
    assert (second.reason, second.moved) == ("", 4)
    assert ids(shop.search({"size": 2})) == ["blue", "unknown"], "a first page ranks afresh"
    assert ids(shop.search({"from": 2, "size": 3})) == ["navy", "rose", "red"], "and the later ones follow that"


def test_a_page_after_a_plain_first_one_stays_plain_and_says_why() -> None:
    shop = Shop()
    assert shop.search({"size": 2}).reason == "empty-session"
    shop.views("scarlet")
    second = shop.search({"from": 2, "size": 3})
    assert (second.reason, ids(second)) == ("empty-session", ORDER[2:])


class Failing(MemorySessions):
    """Fails where it is told to."""

    fails: tuple[str, ...] = ()

    def read(
        self, digest: str | None, lookups: Sequence[Lookup | OfSession], deadline: Deadline
    ) -> tuple[Record | None, list[list[bytes | None]]]:
        if "read" in self.fails:
            raise StoreError("gone")
        return super().read(digest, lookups, deadline)

    def frozen(self, digest: str, walk: str, shown: int, deadline: Deadline) -> FrozenHits | None:
        if "frozen" in self.fails:
            raise StoreError("gone")
        return super().frozen(digest, walk, shown, deadline)


def failing_shop() -> tuple[Shop, Failing]:
    store = Failing(cap=20, ttl=60)
    store.publish(RELEASE, VECTORS)
    return Shop(store=store), store


def test_a_later_page_that_the_store_failed_leaves_the_order_to_those_behind_it() -> None:
    shop, store = failing_shop()
    shop.views("scarlet")
    shop.search({"size": 2})
    shop.views(*["indigo"] * 10)
    store.fails = ("frozen",)
    assert shop.search({"from": 2, "size": 2}).reason == "store-error"
    store.fails = ()
    third = shop.search({"from": 4, "size": 2})
    assert (third.reason, ids(third)) == ("", ["blue"])


def test_a_store_that_cannot_explain_a_later_page_costs_the_explanation() -> None:
    shop, store = failing_shop()
    shop.views("scarlet")
    shop.search({"size": 2})
    store.fails = ("read",)
    second = shop.search({"from": 2, "size": 2}, X_Sessionrank_Explain="true")
    assert (second.reason, ids(second)) == ("", ["rose", "navy"])


def test_a_first_page_that_the_store_failed_is_kept_as_it_was_shown() -> None:
    shop, store = failing_shop()
    shop.views("scarlet")
    store.fails = ("read",)
    assert ids(shop.search({"size": 2})) == ORDER[:2]
    store.fails = ()
    assert ids(shop.search({"from": 2, "size": 3})) == ORDER[2:]


def test_another_search_or_session_or_no_first_page_ranks_afresh() -> None:
    shop = Shop()
    shop.views("indigo")
    shop.search({"size": 2})
    shop.views(*["scarlet"] * 10)
    shop.views("scarlet", session="s2")
    assert ids(shop.search({"from": 2, "size": 3, "query": {"match": {"a": "b"}}})) == ["rose", "navy", "blue"]
    assert ids(shop.search({"from": 2, "size": 3}, session="s2")) == ["rose", "navy", "blue"]
    assert ids(shop.search({"from": 2, "size": 3})) == ["navy", "rose", "red"]


def test_following_pages_rank_afresh_each() -> None:
    shop = Shop(pages="follow")
    shop.views("scarlet")
    shop.search({"size": 2})
    shop.views(*["indigo"] * 10)
    assert ids(shop.search({"from": 2, "size": 3})) == ["navy", "rose", "red"]


def test_an_order_of_another_release_is_not_resumed() -> None:
    shop = Shop()
    shop.views("scarlet")
    shop.search({"size": 2})
    other = "20260101000000ffffff"
    assert isinstance(shop.store, MemorySessions)
    shop.store.publish(other, {**VECTORS, "navy": vector_of(1, 0)})
    shop.backend.handler = engine(index=f"catalog-{other}")
    assert ids(shop.search({"from": 2, "size": 3})) == ["red", "rose", "blue"]


def test_explain_of_a_later_page_tells_the_places_that_were_frozen() -> None:
    shop = Shop()
    shop.views("scarlet")
    shop.search({"size": 2})
    shop.views(*["indigo"] * 10)
    hits = content(shop.search({"from": 2, "size": 2}, X_Sessionrank_Explain="true"))["hits"]["hits"]
    told = [(hit["_id"], hit["_sessionrank"]["rank_before"], hit["_sessionrank"]["rank_after"]) for hit in hits]
    assert told == [("rose", 5, 3), ("navy", 3, 4)]
    assert [hit["_sessionrank"]["nearest_viewed"] for hit in hits] == ["scarlet", "indigo"]
    assert hits[0]["_sessionrank"]["cosine"] is not None


def test_an_order_of_huge_ids_is_not_kept() -> None:
    huge = [f"{n}{'x' * 500}" for n in range(3000)]
    shop = Shop(engine(["red", "blue", *huge]), window=4000)
    shop.views("scarlet")
    shop.search({"size": 1})
    shop.views(*["indigo"] * 10)
    assert ids(shop.search({"from": 1, "size": 1})) == ["red"], "ranked afresh"


class NoOrders(MemorySessions):
    """Keeps no orders."""

    def freeze(self, digest: str, walk: str, order: FrozenHits, deadline: Deadline) -> None:
        raise StoreError("full")

    def frozen(self, digest: str, walk: str, shown: int, deadline: Deadline) -> FrozenHits | None:
        return FrozenHits(b"garbage", 3)


def test_a_store_that_keeps_no_orders_costs_only_that() -> None:
    store = NoOrders(cap=20, ttl=60)
    store.publish(RELEASE, VECTORS)
    shop = Shop(store=store)
    shop.views("scarlet")
    assert (shop.search().reason, ids(shop.search({"size": 2}))) == ("", ["red", "unknown"])
    assert ids(shop.search({"from": 2})) == ["rose", "navy", "blue"]
