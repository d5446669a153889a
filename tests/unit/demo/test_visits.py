"""The rule that chooses the three visits."""

from __future__ import annotations

import random

import numpy as np
import pytest

from demo.online_retail import Basket
from demo.visits import VIEWED, choose_visits, has_word
from sessionrank.errors import DataError
from sessionrank.vectors import VectorsFile

#: Three tastes, one axis each; ten products and two bags of each taste.
TASTES = ("toy", "tea", "garden")
NAMES = {f"{taste}{n}": f"{taste.upper()} THING {n}" for taste in TASTES for n in range(10)}
NAMES |= {f"{taste}-bag{n}": f"{taste.upper()} BAG {n}" for taste in TASTES for n in range(2)}


def vectors() -> VectorsFile:
    chance = np.random.default_rng(5)
    axis = {taste: np.eye(len(TASTES))[place] for place, taste in enumerate(TASTES)}
    rows = [
        next(axis[taste] for taste in TASTES if sku.startswith(taste)) + chance.normal(0, 0.1, len(TASTES))
        for sku in NAMES
    ]
    return VectorsFile.build(list(NAMES), np.array(rows), [9] * len(NAMES), {})


def basket(taste: str, customer: str, *, invoice: str = "", bag: bool = True, size: int = 10) -> Basket:
    skus = [f"{taste}{n}" for n in range(size)] + ([f"{taste}-bag0"] if bag else [])
    return Basket(invoice or f"i{customer}", customer, "France", "2011-10-05T10:00:00", tuple(skus))


def test_three_visits_of_different_customers_and_different_tastes_are_chosen() -> None:
    chance = random.Random(2)
    baskets = []
    for number in range(60):
        skus = [f"{TASTES[number % 3]}{n}" for n in range(10)]
        chance.shuffle(skus)
        place = f"i{number}", f"c{number % 40}", "France", "2011-10-05T10:00:00"
        baskets.append(Basket(*place, (*skus, f"{TASTES[number % 3]}-bag0")))
    visits = choose_visits(baskets, NAMES, vectors(), "bag")
    assert {visit.viewed[0].rstrip("0123456789") for visit in visits} == set(TASTES)
    assert len({visit.basket.customer for visit in visits}) == 3
    for visit in visits:
        assert visit.viewed + visit.later == visit.basket.skus
        assert len(visit.viewed) == VIEWED


def test_a_customer_is_played_once_however_many_baskets_they_have() -> None:
    baskets = [basket("toy", "same", invoice=str(n)) for n in range(9)] + [basket(taste, taste) for taste in TASTES]
    customers = [visit.basket.customer for visit in choose_visits(baskets, NAMES, vectors(), "bag")]
    assert len(set(customers)) == 3


def test_the_choice_does_not_change_from_one_time_to_the_next() -> None:
    baskets = [basket(TASTES[n % 3], str(n)) for n in range(30)]
    once = choose_visits(baskets, NAMES, vectors(), "bag")
    assert choose_visits(baskets, NAMES, vectors(), "BAG") == once


def test_baskets_that_break_a_rule_are_not_played() -> None:
    good = [basket(taste, taste) for taste in TASTES]
    early = Basket("early", "e", "France", "", ("toy-bag0", *(f"toy{n}" for n in range(10))))
    unknown = Basket("new", "n", "France", "", ("new", *(f"toy{n}" for n in range(10)), "toy-bag0"))
    bad = [
        basket("toy", "without", bag=False),
        basket("toy", "small", size=6),
        Basket("large", "l", "France", "", tuple(NAMES) + tuple(f"more{n}" for n in range(60))),
        early,
        unknown,
    ]
    names = {**NAMES, "new": "NEW THING", **{f"more{n}": "MORE" for n in range(60)}}
    assert {visit.basket for visit in choose_visits(bad + good, names, vectors(), "bag")} == set(good)


def test_fewer_than_three_fitting_baskets_are_refused_with_what_to_try() -> None:
    with pytest.raises(DataError, match=r"only 2 baskets .* 'bag'.* try a commoner word"):
        choose_visits([basket("toy", "1"), basket("tea", "2"), basket("tea", "2")], NAMES, vectors(), "bag")
    with pytest.raises(DataError, match="only 0 baskets"):
        choose_visits([basket(taste, taste) for taste in TASTES], NAMES, vectors(), "zeppelin")


def test_a_word_whose_products_nobody_knows_is_refused_too() -> None:
    names = {**NAMES, "new": "NEW ZEPPELIN"}
    baskets = [Basket(taste, taste, "", "", (*(f"{taste}{n}" for n in range(10)), "new")) for taste in TASTES]
    with pytest.raises(DataError, match="only 0 baskets"):
        choose_visits(baskets, names, vectors(), "zeppelin")


def test_a_word_is_a_whole_word_in_any_case() -> None:
    assert has_word("JUMBO BAG, RED", "bag")
    assert not has_word("BAGPIPE", "bag")
    assert not has_word("RED", "")
