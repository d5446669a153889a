"""Association rules, sequential rules, item-kNN and V-SKNN on sessions small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from models.algorithms.association_rules import AssociationRules
from models.algorithms.base import best
from models.algorithms.item_knn import ItemKnn
from models.algorithms.item_to_item import strongest
from models.algorithms.popularity import Popularity
from models.algorithms.prefixes import recency_matrix
from models.algorithms.sequential_rules import SequentialRules
from models.algorithms.vsknn import SessionKnn
from models.sessions import Sessions, encoded


def said(model: object, *prefix: str) -> dict[str, float]:
    """What a model says of each item, rounded; items that it says nothing of are left out."""
    scores = model.score([prefix])[0]  # type: ignore[attr-defined]
    found = zip(model.items, scores.tolist(), strict=True)  # type: ignore[attr-defined]
    return {item: round(score, 4) for item, score in found if score > -np.inf}


def test_association_rules_count_every_pair_of_events_in_its_order() -> None:
    model = AssociationRules().fit([["a", "b", "a", "c"], ["b", "a"]])
    # After an a: b once (the first a), c twice; never itself, though a followed a.
    assert said(model, "a") == {"b": 1, "c": 2}
    assert said(model, "b") == {"a": 2, "c": 1}
    assert said(model, "c") == {}
    both = AssociationRules(both=1).fit([["a", "b", "a", "c"], ["b", "a"]])
    assert said(both, "a") == {"b": 3, "c": 2}


def test_association_rules_of_a_long_session_come_from_its_newest_events() -> None:
    model = AssociationRules(longest=2).fit([["a", "b", "c"]])
    assert said(model, "a") == {}
    assert said(model, "b") == {"c": 1}


def test_sequential_rules_fall_with_the_distance_and_are_shares() -> None:
    model = SequentialRules(steps=2, back=0, decay=0).fit([["a", "b", "c", "d"]])
    # b follows at once (1), c two steps later (1/2), d lies beyond two steps.
    assert said(model, "a") == {"b": round(2 / 3, 4), "c": round(1 / 3, 4)}
    back = SequentialRules(steps=1, back=0.5, decay=0).fit([["a", "b", "c", "d"]])
    assert said(back, "b") == {"c": round(1 / 1.5, 4), "a": round(0.5 / 1.5, 4)}


def test_rules_never_cross_from_one_session_into_the_next() -> None:
    model = SequentialRules(steps=5).fit([["a", "b"], ["c", "d"]])
    assert said(model, "b").keys() == {"a"}


def test_older_items_of_the_prefix_count_less() -> None:
    model = SequentialRules(steps=1, back=0, decay=0.5).fit([["a", "x"], ["b", "y"]])
    assert said(model, "a", "b") == {"y": 1, "x": 0.5}
    assert said(model, "a", "unknown", "b") == {"y": 1, "x": 0.5}
    assert said(SequentialRules(steps=1, back=0, decay=0).fit([["a", "x"], ["b", "y"]]), "a", "b") == {"y": 1}


def test_recency_counts_the_newest_place_of_an_item_and_stops_at_the_last_few() -> None:
    column = {"a": 0, "b": 1, "c": 2}
    matrix = recency_matrix([["c", "a", "b", "a"], [], ["x"]], column, decay=0.5).toarray()
    assert matrix.tolist() == [[1, 0.5, 0.125], [0, 0, 0], [0, 0, 0]]
    assert recency_matrix([["c", "a", "b"]], column, decay=0.5, last=2).toarray().tolist() == [[0.5, 1, 0]]


def test_item_knn_counts_baskets_which_are_visits_where_there_are_any() -> None:
    plain = encoded([["a", "b", "c"], ["a", "b"]])
    # a is with b in a basket of 3 and one of 2, with c in the one of 3: 1/3 + 1/2 against 1/3.
    knn = ItemKnn(damping=0, decay=0)
    assert said(knn.fit(plain), "a") == {"b": round((5 / 6) / (7 / 6), 4), "c": round((1 / 3) / (7 / 6), 4)}
    visits = np.array([0, 0, 1, 2, 2], dtype=np.int32)
    assert said(knn.fit(Sessions(plain.items, plain.codes, plain.offsets, visits=visits)), "a") == {"b": 1}


def test_item_knn_damps_popular_items_and_keeps_the_strongest() -> None:
    sessions = [["a", "b"], ["a", "c"], ["c", "d"], ["c", "e"], ["c", "f"]]
    assert said(ItemKnn(damping=0, decay=0).fit(sessions), "a") == {"b": 0.5, "c": 0.5}
    assert said(ItemKnn(damping=1, decay=0).fit(sessions), "a") == {"b": 0.8, "c": 0.2}
    assert said(ItemKnn(damping=1, decay=0, neighbours=1).fit(sessions), "a") == {"b": 1}


def test_of_equal_rules_those_of_the_first_columns_are_kept() -> None:
    rules = sparse.csr_array(np.array([[0, 2, 2, 2], [1, 0, 0, 3]], dtype=np.float32))
    assert strongest(rules, 2).toarray().tolist() == [[0, 2, 2, 0], [1, 0, 0, 3]]


def test_session_knn_finds_what_like_sessions_held() -> None:
    sessions = [["a", "b", "x"], ["a", "b", "y", "z"], ["c", "d"], ["c", "e"]]
    model = SessionKnn(neighbours=1).fit(sessions)
    assert said(model, "a", "b").keys() == {"a", "b", "x"}
    assert said(SessionKnn(neighbours=2).fit(sessions), "a", "b").keys() == {"a", "b", "x", "y", "z"}


def test_session_knn_does_not_take_the_prefix_itself_for_a_neighbour() -> None:
    model = SessionKnn(neighbours=1).fit([["a", "b"], ["b", "a", "x"]])
    assert model.recommend(["a", "b"], 1) == ["x"]
    assert said(model, "b", "a").keys() == {"a", "b"}, "another order is another session, and the nearest one"


def test_fitting_leaves_the_sessions_as_they_were() -> None:
    data = encoded([["c", "a", "b", "a"], ["b", "a", "c"]])
    before = data.codes.tolist()
    for algorithm in (SessionKnn(), ItemKnn(), SequentialRules(), AssociationRules(), Popularity()):
        algorithm.fit(data)
        assert data.codes.tolist() == before, algorithm.name


@pytest.mark.parametrize("k", [1, 2, 3, 5, 9])
def test_the_best_are_the_best_and_ties_go_to_the_first_columns(k: int) -> None:
    scores = np.random.default_rng(3).integers(0, 4, (50, 7)).astype(np.float32)
    scores[0] = -np.inf
    scores[1, 2:] = -np.inf
    ranked = best(scores, k)
    for row, found in zip(scores.tolist(), ranked.tolist(), strict=True):
        order = sorted(range(7), key=lambda at: (-row[at], at))[:k]
        assert found == [at if row[at] > -np.inf else -1 for at in order]
