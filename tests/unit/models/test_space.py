"""Similar items and analogies on vectors whose answers are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.space import ItemSpace
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import VectorsFile


def space(**vectors: list[float]) -> ItemSpace:
    return ItemSpace(VectorsFile.build(list(vectors), np.array(list(vectors.values())), range(len(vectors)), {}))


#: First two axes: man, woman; third: royal; fourth: something else.
ROYALS = space(
    man=[1, 0, 0, 0],
    woman=[0, 1, 0, 0],
    king=[1, 0, 1, 0],
    queen=[0, 1, 1, 0],
    prince=[1, 0, 0.8, 0.4],
    carrot=[0, 0, 0, 1],
)


def test_similar_is_by_cosine_best_first_without_the_item_itself() -> None:
    found = ROYALS.nearest(["king"], n=3)
    assert [one.sku for one in found] == ["prince", "man", "queen"]
    assert found[1].score == pytest.approx(1 / np.sqrt(2))
    assert found[2].score == pytest.approx(0.5)
    assert found[0].support == 4


@pytest.mark.parametrize("method", ["cosine", "cosmul"])
def test_man_is_to_king_as_woman_is_to_queen(method: str) -> None:
    found = ROYALS.analogy("man", "king", "woman", n=2, method=method)
    assert found[0].sku == "queen"
    assert not {one.sku for one in found} & {"man", "king", "woman"}


def test_cosmul_is_the_product_of_moved_cosines_over_the_unwanted_ones() -> None:
    (found, *_) = ROYALS.analogy("man", "king", "woman", n=1, method="cosmul")
    near_king, near_woman, near_man = (1 + 0.5) / 2, (1 + 1 / np.sqrt(2)) / 2, (1 + 0) / 2
    assert found.score == pytest.approx(near_king * near_woman / (near_man + 0.001), rel=1e-5)


def test_cosmul_and_cosine_disagree_where_one_large_cosine_outweighs_the_other() -> None:
    items = space(a=[1, 0], b=[-0.6, 0.8], one_sided=[0.95, -0.31], balanced=[0.25, 0.97])
    assert [one.sku for one in items.nearest(["a", "b"], n=1, method="cosmul")] == ["balanced"]
    lopsided = space(a=[1, 0, 0], b=[0, 1, 0], near_a=[1, 0, 0.05], middle=[0.5, 0.5, 0.8])
    assert lopsided.nearest(["a", "b"], n=1)[0].sku == "near_a"
    assert lopsided.nearest(["a", "b"], n=1, method="cosmul")[0].sku == "middle"


def test_for_one_item_cosmul_gives_the_order_of_cosine() -> None:
    by_cosine = [one.sku for one in ROYALS.nearest(["prince"])]
    assert [one.sku for one in ROYALS.nearest(["prince"], method="cosmul")] == by_cosine


def test_equal_scores_keep_the_order_of_the_file() -> None:
    names = [f"i{number * 37 % 101}" for number in range(100)]
    items = space(x=[1, 0], **{name: [0, 1] for name in names})
    assert [one.sku for one in items.nearest(["x"], n=100)] == names


def test_more_items_than_there_are_gives_all_others_once() -> None:
    assert sorted(one.sku for one in ROYALS.nearest(["king", "king"], ["man"], n=1000)) == [
        "carrot",
        "prince",
        "queen",
        "woman",
    ]


def test_an_unknown_item_is_refused_with_near_ones() -> None:
    with pytest.raises(DataError, match=r"no vector for 'quen'; did you mean queen\?"):
        ROYALS.nearest(["quen"])
    with pytest.raises(DataError, match="knows no such item"):
        ROYALS.analogy("man", "king", "§" * 100_000)


def test_no_item_and_an_unknown_method_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least one"):
        ROYALS.nearest([])
    with pytest.raises(ConfigurationError, match="cosine and cosmul"):
        ROYALS.nearest(["king"], method="manhattan")
