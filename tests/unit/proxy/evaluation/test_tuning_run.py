"""A log's searches over a recording engine, and what becomes of them: a ranking that tells where it comes from."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from proxy.backends.base import BackendRequest
from proxy.evaluation.publishing import still_serving
from proxy.evaluation.query import match_form
from proxy.evaluation.refused import Refused
from proxy.evaluation.replay import settings_for
from proxy.evaluation.searched import Searched, Task, searched
from proxy.evaluation.tuning import FEWEST_CASES
from proxy.evaluation.tuning_run import verdict
from proxy.sessions.memory import MemorySessions
from proxy.settings import ProxySettings
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.searchlog import LoggedEvent, SearchCase, write_log
from tests.support.fake_backend import FakeBackend, FakeResponse
from tests.support.own_endpoints import RELEASE
from tests.support.pipeline_shop import INDEX, ORDER, VECTORS, engine

LATER = "20991231235959ffffff"


def serving(indices: Iterator[str]) -> FakeBackend:
    """An engine whose alias leads to each of these in turn, and which has the products of ORDER."""
    search = engine()

    def answer(request: BackendRequest) -> FakeResponse:
        if request.target.endswith("/_alias"):
            return FakeResponse({next(indices): {"aliases": {"catalog": {}}}})
        if b"broken" in request.body:
            return FakeResponse({"error": {"reason": "cannot parse"}}, status=400)
        body = json.loads(request.body)
        if (asked := body["query"].get("bool", {}).get("filter")) is None:
            made = search(request)
            assert isinstance(made, FakeResponse)
            return made
        hits = [{"_id": sku} for sku in asked[0]["ids"]["values"] if sku in ORDER]
        aggregations = {"all": {"popularity": {"values": {"90.0": None}}}}
        return FakeResponse({"_shards": {"failed": 0}, "hits": {"hits": hits}, "aggregations": aggregations})

    return FakeBackend(handler=answer)


def cases_of(count: int) -> list[SearchCase]:
    """Whoever looked at red things clicks the red one, which the engine has as its fourth."""
    return [SearchCase((LoggedEvent("scarlet"),), f"shoe {number}", "red") for number in range(count)]


def task_of(folder: Path, cases: list[SearchCase], seed: int = 1) -> Task:
    write_log(folder / "log.jsonl", cases)
    return Task(folder / "log.jsonl", "catalog", match_form("name"), seed=seed)


def found_in(
    task: Task,
    cases: list[SearchCase],
    indices: Iterator[str] | None = None,
    vectors: Mapping[str, bytes] = VECTORS,
    done: list[int] | None = None,
) -> Searched:
    store = MemorySessions(cap=20, ttl=60)
    store.publish(RELEASE, vectors)
    told = [] if done is None else done
    backend = serving(indices or itertools.repeat(INDEX))
    settings = settings_for(ProxySettings(), "catalog")
    return searched(task, settings, cases, told.append, backend=backend, store=store)


def test_searches_are_asked_once_and_those_of_products_that_are_gone_are_left_out(tmp_path: Path) -> None:
    cases = [*cases_of(3), SearchCase((), "shoe", "gone"), SearchCase((), "shoe", "blue")]
    done: list[int] = []
    found = found_in(task_of(tmp_path, cases), cases, done=done)
    assert found.release == RELEASE
    assert [case.clicked for case in found.cases] == ["red", "red", "red", "blue"]
    assert [one.reason for one in found.captured] == [*["personalised"] * 3, "empty-session"]
    assert found.note == (
        "1 of the 3 clicked products (33.3 %) are not in catalog; 1 of 5 searches are left out"
    )  # fmt: skip
    assert sum(done) == 5
    columns = found.columns([3, 0])
    assert (columns.lengths, columns.inside, columns.totals) == ([0, 1], [True, True], [5, 5])
    assert columns.popular == [None, None]


def test_a_release_that_takes_the_place_of_another_meanwhile_is_told(tmp_path: Path) -> None:
    cases = cases_of(3)
    with pytest.raises(ConfigurationError, match="another release of catalog was published meanwhile; run it again"):
        found_in(task_of(tmp_path, cases), cases, iter([INDEX, f"catalog-{LATER}"]))


def test_searches_that_are_refused_are_left_out_with_a_note(tmp_path: Path) -> None:
    cases = [*cases_of(20), SearchCase((), "broken (", "red"), SearchCase((), "shoe", "gone")]
    done: list[int] = []
    found = found_in(task_of(tmp_path, cases), cases, done=done)
    assert [case.query for case in found.cases] == [f"shoe {number}" for number in range(20)]
    assert len(found.captured) == 20
    refused = "the search 'broken (' was answered with 400: cannot parse"
    assert found.note.endswith(f"; 1 of 21 searches are refused and left out, such as this: {refused}")
    assert found.refused == Refused(1, refused)
    assert sum(done) == 22
    few = cases[15:21]
    with pytest.raises(DataError, match="more than a tenth of the 6 searches is refused"):
        found_in(task_of(tmp_path, few), few)


def test_what_was_measured_goes_into_the_release_that_still_serves_alone() -> None:
    store = MemorySessions(cap=20, ttl=60)
    for index, serves in ((INDEX, True), (f"catalog-{LATER}", False), ("catalog-by-hand", False)):
        backend = serving(itertools.repeat(index))
        if serves:
            assert still_serving(RELEASE, "catalog", backend, store) == RELEASE
            continue
        with pytest.raises(
            ConfigurationError, match="another release of catalog was published meanwhile; run it again"
        ):
            still_serving(RELEASE, "catalog", backend, store)


def test_a_release_with_nothing_to_order_by_is_told_and_so_is_an_index_without_one(tmp_path: Path) -> None:
    cases = cases_of(3)
    task = task_of(tmp_path, cases)
    with pytest.raises(ConfigurationError, match=f"and release {RELEASE} of catalog has none"):
        found_in(task, cases, vectors={})
    with pytest.raises(ConfigurationError, match="nothing is published for catalog"):
        found_in(task, cases, itertools.repeat("catalog-by-hand"))


def test_a_ranking_tells_what_it_was_measured_on(tmp_path: Path) -> None:
    cases = cases_of(3 * FEWEST_CASES)
    task = task_of(tmp_path, cases, seed=5)
    tried: list[None] = []
    ranking, choice = verdict(task, found_in(task, cases), lambda: tried.append(None))
    assert choice is not None
    assert ranking.strategy == choice.strategy == "cosine"
    measured = ranking.measured
    assert (measured["log"], measured["seed"]) == ("log.jsonl", 5)
    assert measured["sha256"] == hashlib.sha256((tmp_path / "log.jsonl").read_bytes()).hexdigest()
    assert measured["at"].endswith("Z")
    assert (measured["mrr_plain"], measured["mrr"]) == (pytest.approx(1 / 4), pytest.approx(1.0))
    assert 100 <= measured["cases"] <= 200
    assert len(tried) > 30
    other, _ = verdict(task_of(tmp_path, cases, seed=6), found_in(task, cases), lambda: None)
    assert other.measured["cases"] != measured["cases"]


def test_with_too_few_searches_in_a_part_the_cautious_defaults_stay_and_say_so(tmp_path: Path) -> None:
    for cases in (
        cases_of(FEWEST_CASES + 20),
        # Many, but of one visitor: nobody is left to judge on.
        [SearchCase(case.session, case.query, case.clicked, id="one") for case in cases_of(3 * FEWEST_CASES)],
    ):
        task = task_of(tmp_path, cases)
        ranking, choice = verdict(task, found_in(task, cases), lambda: None)
        assert choice is None
        assert (ranking.strategy, ranking.weights) == ("mix", {})
        assert ranking.measured["too_few"] == len(cases)
        assert "mrr" not in ranking.measured


def test_moves_are_bounded_as_the_setting_says(tmp_path: Path) -> None:
    cases = cases_of(3 * FEWEST_CASES)
    task = task_of(tmp_path, cases)
    # From the fourth place it might move to the second, but that is held by one of which nothing is known.
    ranking, _ = verdict(task, found_in(task, cases), lambda: None, max_displacement=2)
    assert ranking.measured["mrr"] == pytest.approx(1 / 3)
