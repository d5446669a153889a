"""What is fetched in two phases is answered as in one, byte for byte: all searches of the catalogue, on an engine."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.conformance.catalogue.registry import CATALOGUE
from tests.conformance.comparison import differences
from tests.conformance.results import Results, engine_names
from tests.conformance.rows import Row, filled
from tests.conformance.shop import PRODUCTS, Shop, cluster_of, product_id
from tests.conformance.stand import VIEWED_CLUSTER
from tests.conformance.trial import WINDOW, Trial
from tests.support.asking import Got
from tests.support.recorder import Asked
from tests.support.two_pipelines import Fetching, fetching

ENGINE = engine_names()[0]
RANKED = {
    group: [row for row in rows if row.expect in ("ranked", "either", "items")] for group, rows in CATALOGUE.items()
}
SEARCHES = [group for group, rows in RANKED.items() if rows]


@pytest.fixture(scope="module")
def trial(results: Results) -> Trial:
    return results.trial(ENGINE)


@pytest.fixture(scope="module")
def pair(results: Results, trial: Trial) -> Iterator[tuple[Fetching, Fetching]]:
    shop = Shop(trial.names)
    known = [n for n in range(PRODUCTS) if cluster_of(n) is not None]
    noise = np.random.default_rng(5).normal(0, 0.1, (len(known), 8))
    vectors = np.eye(8)[[cluster_of(n) or 0 for n in known]] + noise
    published = {product_id(n): vector.astype("<f4").tobytes() for n, vector in zip(known, vectors, strict=True)}
    viewed = [product_id(n) for n in known if cluster_of(n) == VIEWED_CLUSTER][:4]
    settings: dict[str, Any] = {"indices": shop.managed, "window": WINDOW, "popularity": results.mode(ENGINE)}
    with fetching(trial.engine.bare_url, published, viewed, index=shop.index, **settings) as both:
        yield both


def answer(fetching: Fetching, row: Row, trial: Trial) -> tuple[Got, str, int]:
    """To a row's request, which brings an id of its own: engines tell a warning once to each."""
    fresh = secrets.token_hex(6)
    values = {**trial.names, "fresh": fresh}
    body = row.step.body or b""
    for name, value in values.items():
        body = body.replace(b"{" + name.encode() + b"}", value.encode())
    headers = tuple((name, filled(value, values)) for name, value in row.step.headers)
    asked = Asked(row.step.method, filled(row.step.target, values), (*headers, *trial.engine.authorization), body)
    got, reason, moved = fetching.ask(asked)
    return Got(got.status, tuple((n, v.replace(fresh, "fresh")) for n, v in got.headers), got.body), reason, moved


@pytest.mark.parametrize("group", SEARCHES)
def test_answers_are_those_of_one_phase(pair: tuple[Fetching, Fetching], trial: Trial, group: str) -> None:
    problems, in_two = [], 0
    for row in RANKED[group]:
        (expected, *told), (got, *other) = (answer(each, row, trial) for each in pair)
        found = differences(expected, got, masks=row.masks)
        found += [] if told == other else [f"{other}, not {told}"]
        trips = [len(each.latest) for each in pair]
        if expected.status < 400 and trips[0] == 1 and trips[1] > 2:
            found.append("two phases had to be repeated in one")
        problems += [f"{row.name}: {each}" for each in found]
        in_two += trips == [1, 2]
    assert not problems, "\n" + "\n".join(problems)
    assert in_two
