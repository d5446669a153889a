"""A sparse shop, made of Online Retail by leaving three purchases an item to learn from: cosine alone harms it.

Everything as a team would do it, by the real commands on a real engine: learn, load, measure on searches of the weeks
after, and evaluate on searches that come later still.
"""

from __future__ import annotations

import csv
import json
import random
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.online_retail import SPLIT, Shop, read_lines, shop_of
from sessionrank.covisits import CovisitsFile
from tests.support.search_run import run_here, searching
from tests.support.shop import command
from tests.support.stack import TestStack

DATA = Path(__file__).parents[2] / "demo" / "data" / "OnlineRetail.csv.gz"
#: Purchases of each item, on average, that models learn from.
PURCHASES = 3
LATER = "2011-11-05"
#: Searches to measure the release on, and those that come later.
LOGS = {
    "earlier.jsonl": ("--after", f"{SPLIT:%Y-%m-%d}", "--until", LATER, "--cases", "1500"),
    "later.jsonl": ("--after", LATER, "--cases", "1500"),
}


def test_the_shop_is_one_that_cosine_harms(measured: Measured) -> None:
    harm = measured.before["cosine"]["difference"]["mrr"]
    assert harm["high"] < 0
    assert measured.before["cosine"]["ratio"]["mean"] < 0.95
    assert any(part["harmed"] for part in measured.before["cosine"]["slices"])
    assert measured.before["cosine"]["reasons"]["personalised"] > 500


def test_the_defaults_leave_the_order_where_training_cannot_be_told_from_chance(measured: Measured) -> None:
    assert measured.reliability < 0.1
    assert measured.before["release"] == measured.before["mix"]
    assert measured.before["mix"]["reasons"]["personalised"] > 500
    assert measured.before["mix"]["sign"]["better"] + measured.before["mix"]["sign"]["worse"] < 30
    assert harmed(measured.before["mix"]) == []


def test_what_was_measured_for_the_release_does_none_on_later_searches_either(measured: Measured) -> None:
    figures = measured.ranking["measured"]
    assert measured.written
    assert (measured.ranking["strategy"] == "none") == (figures["low"] <= 0)
    assert figures["cases"] > 300
    assert harmed(measured.after["release"]) == []
    # What was chosen is what orders: the defaults had looked at most of the searches.
    asked = {reason for reason in measured.after["release"]["reasons"] if reason != "exact-query"}
    assert ("personalised" in asked) == (measured.ranking["strategy"] != "none")
    assert ("strategy-none" in asked) == (measured.ranking["strategy"] == "none")


def harmed(figures: dict[str, Any]) -> list[str]:
    """Where an order is significantly worse than the engine's: in all, or in a part of the searches."""
    parts = [f"{part['by']}: {part['part']}" for part in figures["slices"] if part["harmed"]]
    return [*(["all"] if figures["difference"]["mrr"]["high"] < 0 else []), *parts]


@dataclass(frozen=True)
class Measured:
    """Figures of each strategy on the later searches, before and after the release was measured on earlier ones."""

    before: dict[str, Any]
    after: dict[str, Any]
    written: bool
    ranking: dict[str, Any]
    #: What training tells of its sessions.
    reliability: float


@pytest.fixture(scope="module")
def measured(stack: TestStack, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    folder = tmp_path_factory.mktemp("thin")
    write_shop(folder, shop_of(read_lines(DATA)))
    learn(folder)
    alias = f"thin{secrets.token_hex(4)}"
    environment = {**stack.environment, "SESSIONRANK_REDIS_URL": stack.redis_url.rpartition("/")[0] + "/12"}
    load(folder, alias, environment)
    with pytest.MonkeyPatch.context() as patch:
        search = searching(patch, environment, index=alias)
        later = folder / "later.jsonl"
        before = search("evaluate", later, "--strategies", "cosine,mix,release", "--controls", "", "--json").json
        tuned = search("tune", folder / "earlier.jsonl", "--json").json
        after = search("evaluate", later, "--strategies", "release", "--controls", "", "--json").json
    reliability = CovisitsFile.load(folder / "c.npz").meta["reliability"]
    ranking = tuned["rows"][0]["ranking"]
    return Measured(before["strategies"], after["strategies"], tuned["written"], ranking, reliability)


def write_shop(folder: Path, shop: Shop) -> None:
    """Catalogue, thinned orders to learn from, and whole visits after them."""
    draw = random.Random(7)
    bought = [line for line in shop.orders if line.customer]
    kept = [line for line in bought if draw.random() < PURCHASES * len(shop.products) / len(bought)]
    header = ("session_id", "product_id", "event_time_stamp")
    rows_of(folder / "catalog.csv", ("sku", "name"), ((product.sku, product.name) for product in shop.products))
    rows_of(folder / "learn.csv", header, ((line.customer, line.sku, line.time.isoformat()) for line in kept))
    visits = ((one.customer, sku, one.time) for one in shop.baskets for sku in one.skus)
    rows_of(folder / "visits.csv", header, visits)


def rows_of(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def learn(folder: Path) -> None:
    """Vectors, covisits, and the two logs."""
    shape = ("--min-length", "2", "--max-length-percentile", "100")
    run("model", "train", "word2vec", folder / "learn.csv", *shape, "--min-count", "2", "--out", folder / "v.npz")
    run("model", "train", "covisit", folder / "learn.csv", *shape, "--out", folder / "c.npz")
    for log, period in LOGS.items():
        cut = ("--gap", "30", "--max-length-percentile", "100", *period)
        run("search", "log", folder / "visits.csv", "--catalog", folder / "catalog.csv", *cut, "--out", folder / log)


def load(folder: Path, alias: str, environment: dict[str, str]) -> None:
    """By popularity, and not measured."""
    orders = ("--orders", "learn.csv", "--order-sku", "product_id", "--order-quantity", "none")
    paths = [str(folder / word) if word.endswith((".csv", ".npz")) else word for word in (
        "catalog.csv", "--vectors", "v.npz", "--covisit", "c.npz", *orders, "--order-time", "event_time_stamp",
    )]  # fmt: skip
    report = json.loads(command(["index", "load", *paths, "--alias", alias, "--no-measure", "--json"], environment))
    assert report["ranking"] is None, report


def run(*words: object) -> None:
    """Run a command that must end well."""
    ran = run_here(*words)
    assert ran.code == 0, ran.err
