"""Searches through the pipeline of a release that carries a learned model."""

from __future__ import annotations

import logging

import pytest

from proxy.ranking.features import FEATURES
from proxy.ranking.trees import LearnedModel
from sessionrank import keys
from sessionrank.ranking import Ranking
from tests.support.own_endpoints import RELEASE
from tests.support.pipeline_shop import ORDER, PipelineShop, ids
from tests.support.planted_model import by_cosine

SOUND = by_cosine()


def shop_with(model: bytes | None, **settings: str) -> PipelineShop:
    shop = PipelineShop(**{"strategy": "release", **settings})
    values = {keys.ranking(RELEASE): Ranking("learned").to_json().encode()}
    shop.store.publish(RELEASE, {}, values=values | ({keys.learned_model(RELEASE): model} if model is not None else {}))
    shop.views("scarlet")
    return shop


@pytest.mark.parametrize("strategy", ["release", "learned"])
def test_hits_are_ordered_by_the_model_of_the_release(strategy: str) -> None:
    answer = shop_with(SOUND.packed(), strategy=strategy).search()
    # Red and rose are nearest; blue and navy, of which the model says the same, and the unknown hit keep their order.
    assert (answer.reason, ids(answer)) == ("", ["red", "unknown", "rose", "blue", "navy"])


@pytest.mark.parametrize(
    "model",
    [
        None,
        b"",
        b"garbage",
        SOUND.packed()[:-20],
        LearnedModel(list(FEATURES[1:]), {}, SOUND.trees, {}).packed(),
        b"tree\nversion=v4\n" * 1000,
    ],
    ids=["missing", "empty", "garbage", "cut", "of other features", "as LightGBM writes it"],
)
def test_without_a_model_that_can_be_used_the_answer_is_plain_and_says_so(
    model: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = shop_with(model).search()
    assert (answer.status, answer.reason, ids(answer)) == (200, "no-model", ORDER)
    (told,) = caplog.messages
    assert RELEASE in told
    assert "\n" not in told
