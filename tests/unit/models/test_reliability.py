"""How far counted pairs can be told from chance, on shops of which it is known."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from models import reliability as module
from models.algorithms.covisit import Covisit
from models.algorithms.item_to_item import weights_by_distance
from models.reliability import reliability, sample
from models.sessions import Sessions, encoded


def visits(sessions: int, items: int, *, styles: int = 0, seed: int = 1) -> Sessions:
    """Visits of six products, popular ones oftener; with ``styles`` all of a visit are of one style."""
    chance = random.Random(seed)
    weights = [1 / (item + 3) for item in range(items)]
    made = []
    for _ in range(sessions):
        style = chance.randrange(styles) if styles else None
        fitting = [0 if style is not None and item % styles != style else weights[item] for item in range(items)]
        made.append([f"P{item}" for item in chance.choices(range(items), fitting, k=6)])
    return encoded(made)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("sessions", "items"), [(30, 20), (400, 60), (3000, 60), (500, 2000)])
def test_visits_without_structure_have_none_however_many(sessions: int, items: int, seed: int) -> None:
    found = reliability(visits(sessions, items, seed=seed))
    assert found.whole < 0.05
    assert found.items.max() < 0.05


def test_visits_with_structure_have_the_more_the_more_there_are() -> None:
    found = [reliability(visits(sessions, 60, styles=4)) for sessions in (60, 300, 3000)]
    assert found[0].whole < found[1].whole < found[2].whole
    assert found[0].whole > 0.3
    assert found[2].whole > 0.95
    assert found[2].items.mean() > 0.8
    assert all(0 <= each.items.min() <= each.items.max() <= each.whole <= 1 for each in found)


def test_what_training_hardly_saw_is_told_less() -> None:
    data = visits(150, 60, styles=4)
    items = reliability(data).items
    often = np.argsort(-data.support)
    assert items[often[:15]].mean() > 1.3 * items[often[-15:]].mean()


def test_one_visitor_who_goes_back_and_forth_is_no_crowd() -> None:
    alone = visits(300, 60, seed=3)
    again = [list(session) for session in alone] + [["P40", "P50"] * 200]
    assert reliability(encoded(again)).whole < 0.05


def test_a_file_that_was_read_several_times_tells_no_more_than_once() -> None:
    alone = visits(400, 60, seed=3)
    assert reliability(encoded([*alone] * 4)).whole < 0.05
    # Visits too short to be known for copies are those of many.
    pairs = encoded([["a", "b"], ["c", "d"], ["a", "b", "e"], ["c", "d", "f"]] * 50)
    assert reliability(pairs).whole > 0.9


def test_robots_that_all_crawl_alike_are_one() -> None:
    crawl = [f"P{item}" for item in range(30)]
    assert reliability(encoded([*visits(400, 60, seed=3), *[crawl] * 40])).whole < 0.05


def test_structure_that_is_sure_but_small_counts_for_little() -> None:
    strong = visits(3000, 20, styles=2)
    weak = encoded([*strong, *visits(30_000, 20, seed=9)])
    assert reliability(strong).whole > 0.8
    assert 0 < reliability(weak).whole < 0.3


def test_the_figures_are_those_of_the_definition_counted_by_hand() -> None:
    data = encoded([["a", "b", "c"], ["a", "b"], ["b", "a", "b"], ["c", "d"], ["d", "c", "d"], ["a", "d"]] * 4)
    added: list[Counter[frozenset[str]]] = []
    for session in data:
        pairs: Counter[frozenset[str]] = Counter()
        for (at, one), (to, other) in combinations(enumerate(session), 2):
            if one != other:
                pairs[frozenset((one, other))] += 1 / (to - at)
        added.append(pairs)
    sums = sum(added, Counter())
    of_item = {item: sum(each for pair, each in sums.items() if item in pair) for item in data.items}
    total = sum(of_item.values())
    noise, differing, expected = {}, {}, {}
    for item in data.items:
        others = [other for other in data.items if other != item]
        noise[item] = sum(pairs[frozenset((item, other))] ** 2 for pairs in added for other in others)
        left = total - of_item[item]
        chance = {other: of_item[item] * of_item[other] / left for other in others}
        differing[item] = sum((sums[frozenset((item, other))] - chance[other]) ** 2 for other in others)
        expected[item] = sum(each**2 for each in chance.values())
    beyond = sum(differing.values()) - sum(noise.values())
    whole = beyond / sum(differing.values()) * beyond / (beyond + sum(expected.values()) / 10)
    found = reliability(data)
    assert found.whole == pytest.approx(whole, rel=1e-5)
    items = [max(0.0, 1 - noise[item] / differing[item]) * whole for item in data.items]
    assert found.items == pytest.approx(items, rel=1e-5)
    assert whole > 0


def test_pieces_give_what_all_at_once_does(monkeypatch: pytest.MonkeyPatch) -> None:
    data = visits(200, 30, styles=3)
    together = weights_by_distance(data, steps=10, back=1.0)
    expected = reliability(data, together=together)
    for events in (1, 7, 500):
        monkeypatch.setattr(module, "_BLOCK_EVENTS", events)
        assert reliability(data).items == pytest.approx(expected.items)


def test_where_no_two_items_stand_together_nothing_is_told() -> None:
    found = reliability(encoded([["a"], ["b", "b"], ["a"]]))
    assert (found.whole, found.items.tolist()) == (0, [0, 0])


def test_of_much_data_sessions_from_all_over_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    data = visits(100, 30)
    assert sample(data) is data
    monkeypatch.setattr(module, "SAMPLE_EVENTS", 100)
    assert [*sample(data)] == [*data][::6]


def test_covisits_carry_it_and_do_so_whatever_counts_for_them() -> None:
    data = visits(300, 40, styles=4)
    expected = reliability(data)
    for back in (1.0, 0.5):
        made = Covisit(back=back, neighbours=5).fit(data)
        assert made.covisits.reliability == pytest.approx(expected.items, rel=1e-6)
        assert made.meta["reliability"] == round(expected.whole, 4)
