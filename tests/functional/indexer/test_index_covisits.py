"""Covisits and rankings beside the vectors of a release, on a real engine and a real Redis."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil
import redis
import urllib3

from sessionrank import keys
from sessionrank.covisits import CovisitsFile
from sessionrank.ranking import Ranking
from sessionrank.searchlog import SearchCase, write_log
from sessionrank.vectors import VectorsFile
from tests.support.index_command import IndexCommand
from tests.support.search_shop import load_search_shop, planned_searches
from tests.support.shop import command
from tests.support.stack import TestStack

MEASURED = {"cases": 750, "mrr_plain": 0.205, "mrr": 0.383, "difference": 0.178, "low": 0.15, "high": 0.206}


def test_covisits_are_published_shown_missed_and_removed_with_their_release(
    index: IndexCommand, catalogue: Path, vectors: Path, covisits: Path, alias: str, keys_in_redis: redis.Redis
) -> None:
    signals = ("--vectors", vectors, "--covisit", covisits, "--alias", alias)
    first = index("load", catalogue, *signals, "--json").record
    assert (first["vectors"], first["covisits"], first["covisits_unused"]) == (50, 40, 20)
    assert (first["vectors_left_out"], first["ranking"], first["measure_error"]) == (0, None, None)
    file = CovisitsFile.load(covisits)
    stored = keys_in_redis.hgetall(keys.covisits(first["release"], 0))
    expected = {str(file.ids[row]).encode(): file.packed(row, file.hashes()) for row in range(40)}
    assert stored == expected
    trained = VectorsFile.load(vectors)
    lengths = {str(item).encode(): trained.lengths[row].tobytes() for row, item in enumerate(trained.ids)}
    found = keys_in_redis.hgetall(keys.lengths(first["release"], 0))
    assert len(found) == 50
    assert found.items() <= lengths.items()

    second = index("load", catalogue, "--covisit", covisits, "--alias", alias, "--no-measure")
    assert (second.code, second.err) == (0, "")
    assert "products with covisits" in second.out
    for release in (first["release"], "20200101000000abcdef"):
        keys_in_redis.set(keys.ranking(release), Ranking("mix", {"covisit": 1.0}, MEASURED).to_json())
        keys_in_redis.set(keys.learned_model(release), b"trees")
    old, new = index("status", "--alias", alias, "--json").record["releases"]
    assert (old["vectors"], old["covisits"], old["covisits_whole"]) == (50, 40, True)
    assert (old["lengths"], old["lengths_whole"]) == (50, True)
    assert old["ranking"] == {"strategy": "mix", "weights": {"covisit": 1.0}, "measured": MEASURED}
    assert (new["vectors"], new["vectors_whole"], new["dimensions"]) == (0, True, None)
    assert (new["covisits"], new["covisits_whole"], new["ranking"]) == (40, True, None)
    assert (new["lengths"], new["lengths_whole"]) == (0, True)

    keys_in_redis.hdel(keys.covisits(first["release"], 0), "P30")
    refused = index("rollback", "--alias", alias)
    assert refused.code == 2
    assert f"release {first['release']} lacks vectors or covisits in the store" in refused.err
    wide = IndexCommand(index.folder, {**index.environment, "COLUMNS": "200"})
    shown = wide("status", "--alias", alias).out
    assert "39 (not all)" in shown
    worth = "mix (covisit 1), MRR 0.205 → 0.383 (+0.178, +0.150 to +0.206) in 750 searches"
    assert f"Order of {first['release']}: {worth}\n" in shown
    assert f"Order of {new['release']}: cautious defaults, not measured\n" in shown

    assert index("prune", "--alias", alias, "--keep", "0", "--json").record["vectors"] == [first["release"]]
    assert keys_in_redis.keys(f"*{first['release']}*") == []
    assert keys_in_redis.exists(keys.ranking("20200101000000abcdef")) == 1
    keys_in_redis.delete(keys.ranking("20200101000000abcdef"), keys.learned_model("20200101000000abcdef"))


def test_what_was_measured_of_a_release_without_signals_goes_with_its_index(
    index: IndexCommand, catalogue: Path, alias: str, keys_in_redis: redis.Redis
) -> None:
    release = index("load", catalogue, "--alias", alias, "--json").record["release"]
    keys_in_redis.set(keys.ranking(release), b"damaged")
    assert index("load", catalogue, "--alias", alias).code == 0
    shown = index("status", "--alias", alias)
    assert (shown.code, shown.err) == (0, "")
    assert f"Order of {release}: cautious defaults, the store has not a ranking" in shown.out
    assert index("prune", "--alias", alias, "--keep", "0").code == 0
    assert keys_in_redis.keys(f"*{release}*") == []


def test_a_release_that_cannot_be_measured_is_published_with_a_note(
    index: IndexCommand,
    stack: TestStack,
    catalogue: Path,
    covisits: Path,
    alias: str,
    keys_in_redis: redis.Redis,
    tmp_path: Path,
) -> None:
    missing = index("load", catalogue, "--covisit", covisits, "--alias", alias, "--measure", "none.jsonl")
    assert (missing.code, missing.err) == (2, "Error: none.jsonl: no such file\n")
    write_log(tmp_path / "other.jsonl", [SearchCase((), "boot", "of another shop")])
    log = str(tmp_path / "other.jsonl")
    loaded = index("load", catalogue, "--covisit", covisits, "--alias", alias, "--measure", log, "--json")
    record = loaded.record
    assert loaded.err.count("\n") == 1
    assert "published with cautious defaults, for it could not be measured: " in loaded.err
    assert record["measure_error"] in loaded.err
    assert record["ranking"] is None
    assert keys_in_redis.get(keys.ranking(record["release"])) is None
    served = urllib3.request("GET", f"{stack.upstream}/_alias/{alias}", retries=False).json()
    assert list(served) == [record["index"]]


def test_a_release_is_ordered_by_what_was_best_on_the_searches_it_was_measured_on(
    index: IndexCommand, stack: TestStack, tmp_path: Path, alias: str, keys_in_redis: redis.Redis
) -> None:
    shop = load_search_shop(tmp_path, stack.environment, alias, cases=260)
    signals = ("--vectors", "v.npz", "--covisit", "c.npz", "--alias", alias)
    loaded = index("load", "catalog.jsonl", *signals, "--measure", shop.log)
    assert (loaded.code, loaded.err) == (0, "")
    status = index("status", "--alias", alias, "--json").record["releases"]
    assert [(release["index"] == shop.index, release["state"]) for release in status] == [
        (True, "published before"),
        (False, "served"),
    ]
    ranking = status[1]["ranking"]
    stored = Ranking.from_json(keys_in_redis.get(keys.ranking(status[1]["release"])) or b"")
    assert ranking == {"strategy": stored.strategy, "weights": stored.weights, "measured": stored.measured}
    measured = ranking["measured"]
    assert ranking["strategy"] != "none"
    assert measured["low"] > 0.1
    shown = " ".join(loaded.out.replace("│", " ").split())
    assert f"order of hits {ranking['strategy']}" in shown
    assert f"worth MRR {measured['mrr_plain']:.3f} → {measured['mrr']:.3f} (+{measured['difference']:.3f}," in shown


def test_a_release_is_measured_by_itself_on_the_sessions_that_training_left_out(
    index: IndexCommand, stack: TestStack, tmp_path: Path, alias: str
) -> None:
    shop = load_search_shop(tmp_path, stack.environment, alias, cases=1)
    visits = planned_searches(1200, seed=8)
    lines = (f"{case.id}.{n}\t{' '.join([*(event.sku for event in case.session), case.clicked])}\n"
             for n, case in enumerate(visits))  # fmt: skip
    (tmp_path / "visits.txt").write_text("".join(lines))
    train = ("model", "train", "covisit", str(tmp_path / "visits.txt"), "--min-length", "2", "--out")
    command([*train, str(tmp_path / "own.npz"), "--leave-out-share", "0.4"], stack.environment)
    load = ("load", "catalog.jsonl", "--covisit", "own.npz", "--alias", alias, "--json")
    measured = index(*load)
    assert (measured.code, measured.err) == (0, "")
    record = measured.record
    assert record["measured_on"] == "own.left-out.npz"
    assert record["ranking"]["measured"]["cases"] > 100
    assert record["ranking"]["measured"]["low"] > 0.1
    unasked = index(*load, "--no-measure")
    assert (unasked.err, unasked.record["ranking"], unasked.record["measured_on"]) == ("", None, None)
    by_hand = index(*load, "--measure", "own.left-out.npz").record
    assert by_hand["ranking"]["weights"] == record["ranking"]["weights"]
    # Trained anew on everything, nothing is left to measure on.
    command([*train, str(tmp_path / "own.npz")], stack.environment)
    assert not (tmp_path / "own.left-out.npz").exists()
    whole = index(*load)
    assert whole.record["ranking"] is None
    assert "published with cautious defaults: no sessions were left out when own.npz was trained" in whole.err
    assert whole.record["not_measured"] in whole.err
    assert shop.index != whole.record["index"]


def test_a_load_that_is_terminated_while_it_measures_ends_its_child_and_leaves_nothing(
    index: IndexCommand, stack: TestStack, catalogue: Path, covisits: Path, alias: str, keys_in_redis: redis.Redis
) -> None:
    log = catalogue.parent / "searches.jsonl"
    log.write_text('{"session": ["P20"], "query": "boot", "clicked": "P21"}\n' * 20_000)
    with index.start("load", catalogue, "--covisit", covisits, "--alias", alias, "--measure", log) as process:
        children: list[psutil.Process] = []
        while process.poll() is None and not children:
            time.sleep(0.01)
            children = psutil.Process(process.pid).children()
        (made,) = urllib3.request("GET", f"{stack.upstream}/{alias}-*", retries=False).json()
        assert keys_in_redis.keys(f"*{made.removeprefix(alias + '-')}*") != []
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    assert [child for child in children if child.is_running()] == []
    assert urllib3.request("GET", f"{stack.upstream}/{alias}-*", retries=False).json() == {}
    assert keys_in_redis.keys(f"*{made.removeprefix(alias + '-')}*") == []


def test_covisits_are_published_for_an_index_that_is_not_ours(
    index: IndexCommand, stack: TestStack, covisits: Path, alias: str, keys_in_redis: redis.Redis
) -> None:
    theirs = f"{stack.upstream}/{alias}"
    assert urllib3.request("PUT", f"{theirs}/_doc/P20?refresh=true", json={}, retries=False).status == 201
    published = index("vectors", "--covisit", covisits, "--index", alias)
    assert (published.code, published.err) == (0, "")
    assert published.out.startswith(f"covisits of 60 items serve {alias} as release ")
    release = (keys_in_redis.get(keys.pointer(alias)) or b"").decode()
    assert keys_in_redis.hlen(keys.covisits(release, 0)) == 60
    (status,) = index("status", "--index", alias, "--json").record["releases"]
    assert (status["vectors"], status["covisits"], status["covisits_whole"]) == (0, 60, True)
    keys_in_redis.hdel(keys.covisits(release, 0), "P30")
    (status,) = index("status", "--index", alias, "--json").record["releases"]
    assert (status["covisits"], status["covisits_whole"]) == (59, False)
    urllib3.request("DELETE", theirs, retries=False)
