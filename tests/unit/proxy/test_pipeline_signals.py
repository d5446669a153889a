"""The way of a search by more than vectors: what a release says, covisits, exact searches, bounds, kinds of events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from proxy.backends.base import BackendRequest, BackendResponse
from proxy.deadline import Deadline
from proxy.exchange import Answer
from proxy.gate import Route
from proxy.request import ClientRequest
from proxy.sessions.base import CachedVector, Event
from proxy.sessions.memory import MemorySessions
from sessionrank import keys
from sessionrank.ranking import Ranking
from tests.support.fake_backend import FakeResponse
from tests.support.own_endpoints import RELEASE, vector_of
from tests.support.pipeline_shop import INDEX, ORDER, VECTORS, content, engine, ids, neighbours
from tests.support.pipeline_shop import PipelineShop as Shop

OTHER = "20250202120000def456"
#: Who looked at scarlet went on to rose, and now and then to navy.
COVISITS = {"scarlet": neighbours(0.99, rose=0.9, navy=0.1), "indigo": neighbours(0.99, blue=1.0)}
HOUR = 3_600_000


def publish(shop: Shop, ranking: Ranking | None = None, release: str = RELEASE, **parts: Any) -> None:
    """Beside the shop's vectors: covisits, names, what the release says of its order."""
    assert isinstance(shop.store, MemorySessions)
    values: Mapping[str, bytes] = {keys.ranking(release): ranking.to_json().encode()} if ranking else {}
    shop.store.publish(release, **{"vectors": {}, **parts}, values=values)


def asking(text: str) -> dict[str, Any]:
    return {"query": {"bool": {"must": [{"match": {"name": text}}]}}}


def test_the_release_tells_how_its_hits_are_ordered() -> None:
    shop = Shop(strategy="release")
    publish(shop, Ranking("covisit"), covisits=COVISITS)
    shop.views("scarlet")
    answer = shop.search()
    assert (answer.reason, ids(answer)) == ("", ["rose", "navy", "blue", "unknown", "red"])


def test_a_release_that_nothing_helped_is_plain_and_says_why() -> None:
    shop = Shop(strategy="release")
    publish(shop, Ranking("none", measured={"cases": 750}), covisits=COVISITS)
    shop.views("scarlet")
    answer = shop.search()
    assert (answer.reason, ids(answer)) == ("strategy-none", ORDER)
    assert b"script_score" in shop.backend.requests[0].body, "popularity lifts its hits as before"


def test_a_release_that_weighs_no_signal_of_the_session_is_plain_as_well() -> None:
    shop = Shop(strategy="release")
    publish(shop, Ranking("mix", {"rank": 1.0, "cosine": 0.0}))
    shop.views("scarlet")
    assert (shop.search().reason, ids(shop.search())) == ("strategy-none", ORDER)


def test_a_release_that_says_nothing_is_ordered_cautiously() -> None:
    shop = Shop(strategy="release", weight=1.0)
    publish(shop, covisits=COVISITS)
    shop.views("scarlet")
    answer = shop.search()
    assert answer.reason == ""
    assert ids(answer)[0] == "rose", "by vectors it would be red"
    assert ids(answer)[1] == "unknown", "of which neither tells anything"


def test_the_settings_win_over_the_release() -> None:
    shop = Shop(strategy="cosine")
    publish(shop, Ranking("none"), covisits=COVISITS)
    shop.views("scarlet")
    assert ids(shop.search())[0] == "red"


def test_what_was_seen_may_be_all_that_a_release_looks_at() -> None:
    shop = Shop(strategy="release")
    publish(shop, Ranking("mix", {"rank": 0.1, "seen": -9.0}))
    shop.views("blue")
    answer = shop.search()
    assert (answer.reason, ids(answer)) == ("", ["unknown", "navy", "red", "rose", "blue"])


def test_explain_tells_the_signals_that_the_order_was_made_of() -> None:
    shop = Shop(strategy="mix", weight=1.0)
    publish(shop, covisits=COVISITS)
    shop.views("scarlet")
    told = {
        hit["_id"]: hit["_sessionrank"] for hit in content(shop.search(X_Sessionrank_Explain="true"))["hits"]["hits"]
    }
    assert told["rose"]["covisit"] == pytest.approx(0.9, abs=1e-3)
    assert told["rose"]["cosine"] == pytest.approx(0.9939, abs=1e-4)
    assert (told["red"]["covisit"], told["red"]["cosine"]) == (0.0, 1.0)
    assert (told["unknown"]["cosine"], told["unknown"]["score"]) == (None, None)
    assert told["rose"]["score"] > told["red"]["score"]
    alone = Shop(strategy="cosine")
    publish(alone, covisits=COVISITS)
    alone.views("scarlet")
    first = content(alone.search(X_Sessionrank_Explain="true"))["hits"]["hits"][0]["_sessionrank"]
    assert (first["cosine"], first["covisit"]) == (1.0, None)


@pytest.mark.parametrize("text", ["navy", " NAVY "])
def test_a_search_for_the_number_of_a_product_that_it_found_is_left_alone(text: str) -> None:
    shop = Shop()
    shop.views("scarlet")
    answer = shop.search(asking(text))
    assert (answer.reason, ids(answer)) == ("exact-query", ORDER)
    assert shop.search(asking("navy blue")).reason == ""
    assert shop.search(asking("green")).reason == "", "no hit is called so"


@pytest.mark.parametrize("text", ["White metal lantern", "white  METAL lantern"])
def test_a_search_for_the_whole_name_of_a_product_is_left_alone(text: str) -> None:
    shop = Shop()
    publish(shop, names=["WHITE METAL LANTERN", "Lantern"])
    shop.views("scarlet")
    answer = shop.search(asking(text))
    assert (answer.reason, ids(answer)) == ("exact-query", ORDER)
    assert shop.search(asking("metal lantern")).reason == "", "a part of a name"
    assert shop.search(asking("lantern")).reason == "", "a name that is one word is what many are searched by"


def test_the_pages_behind_an_exact_one_stay_plain() -> None:
    shop = Shop()
    publish(shop, names=["white metal lantern"])
    shop.views("scarlet")
    pages = [shop.search({**asking("white metal lantern"), "from": start, "size": 2}) for start in (0, 2, 4)]
    assert [page.reason for page in pages] == ["exact-query"] * 3
    assert [item for page in pages for item in ids(page)] == ORDER


def asks(shop: Shop, *bodies: dict[str, Any]) -> Answer:
    """The searches as one multi-search."""

    def whole(request: BackendRequest) -> BackendResponse:
        items = [BackendRequest("POST", "/", [], body) for body in request.body.splitlines()[1::2]]
        return FakeResponse({"responses": [{**json.loads(engine()(item).body), "status": 200} for item in items]})

    shop.backend.handler = whole
    lines = b"".join(b"{}\n" + json.dumps(body).encode() + b"\n" for body in bodies)
    sent = [("Content-Type", "application/x-ndjson"), ("X-Session-Id", "s1")]
    request = ClientRequest("POST", "/catalog/_msearch", sent, lines)
    return shop.pipeline.answer(request, Route(("catalog",), "msearch", repeatable=True))


def test_items_of_a_multi_search_are_exact_each_by_itself() -> None:
    shop = Shop()
    publish(shop, names=["white metal lantern"])
    shop.views("scarlet")
    answer = asks(shop, asking("navy"), asking("metal"), asking("white metal lantern"))
    assert isinstance(answer.body, bytes)
    orders = [[hit["_id"] for hit in part["hits"]["hits"]] for part in json.loads(answer.body)["responses"]]
    assert orders == [ORDER, ["red", "unknown", "rose", "navy", "blue"], ORDER]
    assert (answer.items, answer.reason) == ((1, 3), "")
    assert asks(shop, asking("navy")).reason == "exact-query"


@pytest.mark.parametrize(
    ("most", "order"),
    [
        (0, ["red", "unknown", "rose", "navy", "blue"]),
        (1, ["blue", "unknown", "red", "navy", "rose"]),
        (2, ["navy", "unknown", "blue", "red", "rose"]),
        (4, ["red", "unknown", "rose", "navy", "blue"]),
    ],
)
def test_no_hit_moves_further_than_the_bound_and_unknown_ones_not_at_all(most: int, order: list[str]) -> None:
    shop = Shop(max_displacement=most)
    shop.views("scarlet")
    assert ids(shop.search()) == order


def prefers_red(shop: Shop) -> bool:
    order = ids(shop.search())
    return order.index("red") < order.index("blue")


def test_what_was_put_into_the_cart_may_count_for_more_than_what_was_looked_at() -> None:
    events = (Event("scarlet", "cart", 1), Event("indigo", "view", 2))
    plain, carts = Shop(), Shop(event_weights=("cart=5",))
    for shop in (plain, carts):
        shop.did(*events)
    assert prefers_red(plain) is False
    assert prefers_red(carts) is True
    none = Shop(event_weights=("cart=0", "view=0"))
    none.did(*events)
    assert none.search().reason == "no-vector", "a session that weighs nothing"


def test_earlier_visits_may_count_for_less_than_the_present_one() -> None:
    times = (0, 1, 2, 5 * HOUR)
    events = [Event(sku, "view", time) for sku, time in zip(("indigo",) * 3 + ("scarlet",), times, strict=True)]
    long_term, in_visit = Shop(session_decay=1.0), Shop(session_decay=1.0, earlier_weight=0.1)
    for shop in (long_term, in_visit):
        shop.did(*events)
    assert prefers_red(long_term) is False
    assert prefers_red(in_visit) is True


def test_a_vector_that_was_cached_under_other_weights_is_made_again() -> None:
    shop = Shop()
    shop.did(Event("scarlet", "cart", 1), Event("indigo", "view", 2))
    assert prefers_red(shop) is False
    assert prefers_red(Shop(store=shop.store, event_weights=("cart=5",))) is True


@pytest.mark.parametrize("strategy", ["cosine", "covisit", "blend", "mix"])
def test_hits_of_two_releases_are_ordered_together(strategy: str) -> None:
    shop = Shop(engine(index=[INDEX, f"catalog-{OTHER}"]), strategy=strategy, weight=1.0)
    publish(shop, covisits=COVISITS)
    publish(shop, release=OTHER, vectors={**VECTORS, "unknown": vector_of(1, 0)}, covisits=COVISITS)
    shop.views("scarlet")
    answer = shop.search()
    assert answer.reason == ""
    assert ids(answer)[0] in ("red", "rose", "unknown")
    assert sorted(ids(answer)) == sorted(ORDER)


def test_the_engines_rank_is_that_of_the_window_also_where_its_hits_are_of_two_releases() -> None:
    shop = Shop(engine(index=[*[INDEX] * 3, *[f"catalog-{OTHER}"] * 2]), strategy="mix", weight=0.0)
    publish(shop, covisits=COVISITS)
    publish(shop, release=OTHER, vectors={**VECTORS, "unknown": vector_of(1, 0)}, covisits=COVISITS)
    shop.views("scarlet")
    answer = shop.search()
    assert (answer.reason, ids(answer)) == ("", ORDER)


def test_hits_of_an_index_without_a_release_keep_their_places() -> None:
    shop = Shop(engine(index=["somebody-elses", *[INDEX] * 4]), strategy="mix", weight=1.0)
    publish(shop, covisits=COVISITS)
    shop.views("scarlet")
    assert ids(shop.search())[:2] == ["blue", "unknown"]
    assert ids(shop.search())[2] == "rose"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 1e30])
def test_a_cached_vector_that_is_none_is_made_again(number: float) -> None:
    shop = Shop()
    shop.views("scarlet")
    digest = shop.hasher.digest("s1", Deadline(1))
    record, _ = shop.store.read(digest, [], Deadline(1))
    assert record is not None
    name = f"{RELEASE}/{shop.settings.attention().fingerprint}"
    garbage = CachedVector(name, record.sequence, np.full(2, number, "<f4").tobytes(), 1.0)
    shop.store.cache_vector(digest, garbage, Deadline(1))
    assert ids(shop.search())[0] == "red"


@pytest.mark.parametrize("strategy", ["covisit", "mix"])
def test_hits_that_go_with_nothing_of_the_session_are_plain_and_say_so(strategy: str) -> None:
    shop = Shop(engine(items=["p", "q"]), strategy=strategy)
    publish(shop, covisits=COVISITS)
    shop.views("scarlet")
    answer = shop.search()
    assert (answer.reason, ids(answer)) == ("no-known-hits", ["p", "q"])
    shop.views("never heard of", session="s2")
    assert shop.search(session="s2").reason == "no-vector"


#: Indigo was seen last; scarlet's vector is so long that it counts for more nevertheless.
LONG = {"scarlet": np.array([5.0], "<f4").tobytes(), "indigo": np.array([1.0], "<f4").tobytes()}


def test_where_items_count_by_the_length_of_their_vectors_a_long_one_outweighs_a_newer_one() -> None:
    plain = Shop()
    publish(plain, lengths=LONG)
    plain.views("scarlet", "indigo")
    by_length = Shop(store=plain.store, unit_length=False)
    for _ in range(2):
        # The session vector that one of them cached is not the other's.
        assert prefers_red(plain) is False
        assert prefers_red(by_length) is True


def test_a_session_vector_that_lengths_weigh_in_orders_alike_made_or_cached() -> None:
    shop = Shop(unit_length=False)
    publish(shop, lengths=LONG | {"red": LONG["scarlet"]})
    shop.views("scarlet", "indigo", "red")
    made, cached = shop.search(X_Sessionrank_Explain="true"), shop.search(X_Sessionrank_Explain="true")
    record, _ = shop.store.read(shop.hasher.digest("s1", Deadline(1)), [], Deadline(1))
    assert record is not None
    assert record.cached is not None
    assert np.frombuffer(record.cached.parts, "<f4") == pytest.approx(np.array([0.64 * 5, 0.8, 5.0]) * 2.44 / 9.0), (
        "scarlet, indigo and red have 3.2, 0.8 and 5 of 9; the weight of the three is 2.44"
    )
    assert content(made)["hits"]["hits"] == content(cached)["hits"]["hits"]


def test_lengths_are_read_where_they_count_alone_and_with_the_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[list[str]] = []
    read = MemorySessions.read

    def recorded(self: MemorySessions, digest: str | None, lookups: Any, deadline: Deadline) -> Any:
        reads.append([lookup.key for lookup in lookups])
        return read(self, digest, lookups, deadline)

    monkeypatch.setattr(MemorySessions, "read", recorded)
    vectors, lengths = keys.vectors(RELEASE, 0), keys.lengths(RELEASE, 0)
    for unit_length, made in ((True, [vectors]), (False, [vectors, lengths])):
        reads.clear()
        shop = Shop(unit_length=unit_length)
        publish(shop, lengths=LONG)
        shop.views("scarlet")
        shop.search()
        shop.search()
        assert reads == [[vectors], made, [vectors]], "the window's, the session's, and the window's again"


@pytest.mark.parametrize(
    "bad", [b"", b"odd", b"\x00" * 8, *(np.array([n], "<f4").tobytes() for n in (-5, 0, np.nan, np.inf))]
)
def test_lengths_that_are_none_count_1(bad: bytes) -> None:
    shop = Shop(unit_length=False)
    publish(shop, lengths={"scarlet": bad})
    shop.views("scarlet", "indigo")
    assert prefers_red(shop) is False


@pytest.mark.parametrize("parts", [b"", b"\x00" * 4, np.full(2, np.nan, "<f4").tobytes()])
def test_a_cached_vector_whose_parts_are_none_is_made_again(parts: bytes) -> None:
    shop = Shop(unit_length=False)
    publish(shop, lengths=LONG)
    shop.views("scarlet", "indigo")
    digest = shop.hasher.digest("s1", Deadline(1))
    record, _ = shop.store.read(digest, [], Deadline(1))
    assert record is not None
    name = f"{RELEASE}/{shop.settings.attention().fingerprint}"
    shop.store.cache_vector(digest, CachedVector(name, record.sequence, vector_of(0, 1), 1.8, parts), Deadline(1))
    assert prefers_red(shop) is True
