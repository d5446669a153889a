"""Search that follows the visit, on a real engine, with the control that must not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean

import pytest

from proxy.ranking.registry import STRATEGIES
from tests.support.asking import Ask, untimed
from tests.support.shop import CLUSTERS, Shop

Visit = Callable[[Sequence[str]], dict[str, str]]
#: Queries that find 60 to 100 products of every cluster.
QUERIES = ({"match_all": {}}, {"match": {"name": "red"}}, {"match": {"name": "set of heart"}})


def searched(ask: Ask, shop: Shop, query: object, headers: dict[str, str], size: int = 100) -> list[str]:
    answer = ask("POST", f"/{shop.alias}/_search", {"query": query, "size": size}, headers)
    assert answer.status == 200, answer.body
    return answer.ids()


def mean_rank(shop: Shop, ids: Sequence[str], cluster: int) -> float:
    """Mean place of the hits of a cluster among those with a vector, 0 at the top and 1 at the bottom."""
    known = [sku for sku in ids if sku in shop.cluster]
    return mean(place / len(known) for place, sku in enumerate(known) if shop.cluster[sku] == cluster)


def improvements(ask: Ask, shop: Shop, visit: Visit, headers: dict[str, str] | None = None) -> list[float]:
    """For every query and cluster: how far a visit to the cluster lifts its hits (positive is up)."""
    found = []
    for cluster in range(CLUSTERS):
        session = visit(shop.of_cluster(cluster, 3)) | (headers or {})
        for query in QUERIES:
            plain, personal = searched(ask, shop, query, {}), searched(ask, shop, query, session)
            assert sorted(plain) == sorted(personal)
            found.append(mean_rank(shop, plain, cluster) - mean_rank(shop, personal, cluster))
    return found


def follows_the_visit(found: list[float]) -> bool:
    """The claim: hits near the visit rise, every time, and by a lot on average."""
    return min(found) > 0 and mean(found) > 0.15


def test_three_visits_give_three_orders_of_the_same_hits(proxy: Ask, shop: Shop, visit: Visit) -> None:
    orders = [searched(proxy, shop, QUERIES[1], visit(shop.of_cluster(n))) for n in range(3)]
    assert len({tuple(order) for order in orders}) == 3
    assert len({frozenset(order) for order in orders}) == 1


@pytest.mark.parametrize(
    # One that is learned has a model of its own shop, elsewhere.
    "strategy",
    [
        "release",
        *(name for name, made in STRATEGIES.items() if name not in ("none", "shuffle") and not made.needs_model),
    ],
)
def test_hits_near_the_visit_rise(proxy_with: Callable[..., Ask], shop: Shop, visit: Visit, strategy: str) -> None:
    assert follows_the_visit(improvements(proxy_with(strategy=strategy), shop, visit))


def test_the_same_claim_fails_for_the_control(proxy_with: Callable[..., Ask], shop: Shop, visit: Visit) -> None:
    found = improvements(proxy_with(strategy="shuffle"), shop, visit)
    assert any(found)
    assert not follows_the_visit(found)


def test_a_visit_that_moves_on_moves_the_order_along(proxy: Ask, shop: Shop, visit: Visit) -> None:
    session = visit(shop.of_cluster(0, 3))
    first = searched(proxy, shop, QUERIES[0], session)
    events = [{"session": session["X-Session-Id"], "type": "view", "sku": sku} for sku in shop.of_cluster(1, 8)]
    proxy("POST", "/_sessionrank/events", {"events": events})
    then = searched(proxy, shop, QUERIES[0], session)
    assert mean_rank(shop, then, 1) < mean_rank(shop, first, 1)
    assert mean_rank(shop, then, 0) > mean_rank(shop, first, 0)


def test_the_strategy_none_gives_the_engines_order_and_says_so(
    proxy_with: Callable[..., Ask], shop: Shop, visit: Visit
) -> None:
    ask = proxy_with(strategy="none")
    body = {"query": QUERIES[1], "size": 50}
    answer = ask("POST", f"/{shop.alias}/_search", body, visit(shop.of_cluster(0)))
    assert answer.reason == "strategy-none"
    assert untimed(answer.body) == untimed(ask("POST", f"/{shop.alias}/_search", body).body)


def test_a_weight_of_zero_keeps_the_engines_order_and_a_greater_one_moves_it_further(
    proxy_with: Callable[..., Ask], shop: Shop, visit: Visit
) -> None:
    ask, session = proxy_with(strategy="blend"), visit(shop.of_cluster(2))
    plain = searched(ask, shop, QUERIES[0], {})

    def weighted(weight: str) -> list[str]:
        return searched(ask, shop, QUERIES[0], session | {"X-Sessionrank-Weight": weight})

    assert weighted("0") == plain
    ranks = [mean_rank(shop, weighted(weight), 2) for weight in ("0", "0.5", "1")]
    assert ranks[0] > ranks[1] > ranks[2]
    assert weighted("nonsense") == weighted("7") == searched(ask, shop, QUERIES[0], session)


def test_hits_without_a_vector_keep_their_places(proxy: Ask, shop: Shop, visit: Visit) -> None:
    plain = searched(proxy, shop, QUERIES[0], {})
    personal = searched(proxy, shop, QUERIES[0], visit(shop.of_cluster(3)))
    places = [place for place, sku in enumerate(plain) if sku in shop.without_vector]
    assert len(places) > 3
    assert [personal[place] for place in places] == [plain[place] for place in places]


@pytest.mark.parametrize("page", [(0, 10), (20, 10)])
@pytest.mark.parametrize(("strategy", "by"), [("cosine", "cosine"), ("covisit", "covisit"), ("release", "score")])
def test_explain_says_where_a_hit_stood_and_what_brought_it_here(
    proxy_with: Callable[..., Ask], shop: Shop, visit: Visit, strategy: str, by: str, page: tuple[int, int]
) -> None:
    proxy = proxy_with(strategy=strategy)
    viewed = shop.of_cluster(4)
    session = visit(viewed) | {"X-Sessionrank-Explain": "true"}
    start, size = page
    plain = searched(proxy, shop, QUERIES[0], {})
    answer = proxy("POST", f"/{shop.alias}/_search", {"query": QUERIES[0], "from": start, "size": size}, session)
    hits = answer.json()["hits"]["hits"]
    assert [hit["_sessionrank"]["rank_after"] for hit in hits] == list(range(start + 1, start + size + 1))
    for hit in hits:
        why = hit["_sessionrank"]
        assert plain[why["rank_before"] - 1] == hit["_id"]
        if hit["_id"] in shop.cluster:
            assert strategy == "covisit" or -1.001 <= why["cosine"] <= 1.001
            assert strategy == "cosine" or 0.0 <= why["covisit"] <= 1.0
            assert why["nearest_viewed"] in viewed
        else:
            assert why["cosine"] is None
            assert why["nearest_viewed"] is None
            assert strategy == "covisit" or why["rank_before"] == why["rank_after"]
    told = [hit["_sessionrank"][by] for hit in hits if hit["_id"] in shop.cluster]
    assert told == sorted(told, reverse=True)
    assert b"_sessionrank" not in proxy("POST", f"/{shop.alias}/_search", {}, visit(viewed)).body
