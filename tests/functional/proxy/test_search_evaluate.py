"""``search evaluate`` against a real engine and a real Redis: what it finds in a shop whose visits are planned."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis

from sessionrank import keys
from sessionrank.searchlog import LoggedEvent, SearchCase, write_log
from tests.support.asking import Ask
from tests.support.model_run import Ran
from tests.support.search_run import searching
from tests.support.search_shop import STYLES, THINGS, SearchShop, load_search_shop, planned_searches, sku_of
from tests.support.served import served
from tests.support.shop import command, planted_vectors
from tests.support.stack import TestStack

Evaluate = Callable[..., Ran]


@pytest.fixture(scope="module")
def environment(stack: TestStack) -> dict[str, str]:
    """A database of Redis of its own, in which sessions can be counted."""
    own = stack.redis_url.rpartition("/")[0] + "/13"
    return {**stack.environment, "SESSIONRANK_REDIS_URL": own, "SESSIONRANK_BUDGET_MS": "10000"}


@pytest.fixture(scope="module")
def planned(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> SearchShop:
    return load_search_shop(tmp_path_factory.mktemp("planned"), environment, f"planned{secrets.token_hex(4)}")


@pytest.fixture
def sessions(environment: dict[str, str]) -> Iterator[Callable[[], int]]:
    """How many sessions Redis keeps."""
    with redis.Redis.from_url(environment["SESSIONRANK_REDIS_URL"]) as client:
        yield lambda: sum(1 for _ in client.scan_iter("sr:[so]:*"))


@pytest.fixture
def evaluate(environment: dict[str, str], planned: SearchShop, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """``search evaluate`` on the log of the shop, or another one."""
    search = searching(monkeypatch, environment, index=planned.alias)
    return lambda *words, log=planned.log: search("evaluate", log, *words)


def mrr(document: dict[str, Any], name: str) -> float:
    return float(document["strategies"][name]["metrics"]["mrr"]["mean"])


def test_in_a_shop_with_plain_habits_sessions_help_and_chance_harms(
    evaluate: Evaluate, planned: SearchShop, sessions: Callable[[], int], tmp_path: Path
) -> None:
    before = sessions()
    document = evaluate("--strategies", "covisit,cosine,release", "--raw", "--json", "--plot", tmp_path / "p.svg").json
    assert sessions() == before
    plain = document["plain"]["mrr"]["mean"]
    # Of twelve hits in any order: 1/12 (1 + 1/2 + … + 1/12) = .26; popularity knows the styles that are clicked most.
    assert 0.35 < plain < 0.8
    assert mrr(document, "covisit") == 1.0
    assert mrr(document, "cosine") > 0.9
    assert document["strategies"]["covisit"]["difference"]["mrr"]["low"] > 0.1
    assert mrr(document, "release") > plain
    none, shuffle = document["strategies"]["none"], document["strategies"]["shuffle"]
    assert none["difference"]["mrr"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert none["reasons"] == {"strategy-none": 120}
    assert shuffle["difference"]["mrr"]["high"] < 0
    assert shuffle["sign"]["p"] < 0.01
    assert document["raw"]["mrr"]["mean"] < plain
    protocol = document["protocol"]
    assert (protocol["cases"], protocol["visitors"], protocol["left_out"]) == (120, 60, 0)
    assert planned.index.endswith(protocol["release"])
    parts = {(part["by"], part["part"]): part["cases"] for part in document["strategies"]["covisit"]["slices"]}
    assert parts["session length", "1"] == 30
    assert parts["hits of the query", "at most 100"] == 120
    assert 0 < parts["clicked product", "popular"] < 120
    assert (tmp_path / "p.svg").read_text().count("covisit") >= 1


def test_over_http_through_a_running_proxy_it_finds_the_same(
    evaluate: Evaluate, planned: SearchShop, environment: dict[str, str], sessions: Callable[[], int]
) -> None:
    before = sessions()
    here = evaluate("--json", "--strategy", "cosine", "--controls", "").json
    settings = {"SESSIONRANK_INDICES": planned.alias, "SESSIONRANK_STRATEGY": "cosine"}
    with served({**environment, **settings}) as port:
        there = evaluate("--json", "--url", f"http://127.0.0.1:{port}").json
    assert there["plain"].keys() == here["plain"].keys()
    for name, found in there["plain"].items():
        assert found == pytest.approx(here["plain"][name], abs=5e-4)
    assert mrr(there, "proxy") == pytest.approx(mrr(here, "cosine"), abs=5e-4)
    assert there["strategies"]["proxy"]["reasons"] == here["strategies"]["cosine"]["reasons"] == {"personalised": 120}
    assert sessions() == before


def test_items_count_by_the_length_of_their_vectors_where_a_setting_says_so(
    evaluate: Evaluate,
    planned: SearchShop,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # One thing of a style whose vectors are long, then two of the next style, then the first style again.
    long = range(0, len(STYLES), 2)
    cases = [
        SearchCase(
            tuple(LoggedEvent(sku_of(*one)) for one in ((style, 0), (style + 1, 0), (style + 1, 2))),
            THINGS[1], sku_of(style, 1), id=str(style),
        )
        for style in long
    ]  # fmt: skip
    write_log(tmp_path / "long.jsonl", cases)
    lengths = {sku_of(style, 0): np.array([40.0], "<f4").tobytes() for style in long}
    with redis.Redis.from_url(environment["SESSIONRANK_REDIS_URL"]) as client:
        key = keys.lengths(planned.index.removeprefix(f"{planned.alias}-"), 0)
        assert client.hlen(key) == len(STYLES) * len(THINGS)
        client.hset(key, mapping=lengths)
    found = {}
    for setting in ("true", "false"):
        monkeypatch.setenv("SESSIONRANK_UNIT_LENGTH", setting)
        told = evaluate("--strategy", "cosine", "--controls", "", "--json", log=tmp_path / "long.jsonl").json
        assert str(told["protocol"]["settings"]["unit_length"]).lower() == setting
        found[setting] = mrr(told, "cosine")
    assert found["true"] < 0.6
    assert found["false"] > 0.8


def test_a_gate_for_ci_exits_1_with_a_line(evaluate: Evaluate) -> None:
    high = evaluate("--strategy", "covisit", "--controls", "", "--fail-under", 50)
    assert (high.code, high.err.count("\n")) == (1, 1)
    assert high.err.startswith("Too low: the MRR of covisit is ")
    harm = evaluate("--strategy", "shuffle", "--controls", "none", "--fail-on-harm")
    assert (harm.code, harm.err) == (
        1, "Harm: the MRR of shuffle is significantly below the plain one; --fail-on-harm\n",
    )  # fmt: skip
    good = evaluate("--strategy", "covisit", "--fail-under", 1.1, "--fail-on-harm")
    assert (good.code, good.err) == (0, "")
    assert "covisit, by part of the searches" in good.out


def test_a_shops_own_body_is_asked_with_the_query_in_its_place(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text(
        json.dumps(
            {"query": {"multi_match": {"query": "{{query}}", "fields": ["name^2"]}}, "size": 5, "sort": ["_score"]}
        )
    )
    document = evaluate("--query-template", tmp_path / "body.json", "--strategy", "covisit", "--json").json
    assert mrr(document, "covisit") == 1.0
    assert document["protocol"]["search"] == "template body.json"


def test_products_that_are_gone_are_counted_and_may_be_left_out(evaluate: Evaluate, tmp_path: Path) -> None:
    cases = [*planned_searches(40), *(SearchCase((), "mug", f"GONE{number}") for number in range(10))]
    write_log(tmp_path / "old.jsonl", cases)
    clicked = len({case.clicked for case in cases})
    told = evaluate("--controls", "", log=tmp_path / "old.jsonl")
    assert f": 10 of the {clicked} clicked products ({1000 / clicked:.1f} %) are not in planned" in told.error
    left = evaluate("--controls", "", "--allow-missing", "--json", log=tmp_path / "old.jsonl")
    assert left.json["protocol"]["left_out"] == 10
    assert left.err.endswith("10 of 50 searches are left out\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--index", "no-such-index"], "the engine has no index no-such-index"),
        (["--index", "a,b"], "more than one"),
        (["--strategies", "covisit,guess"], "--strategies: 'guess' is unknown; known are blend"),
        (["--controls", "guess"], "--controls: 'guess' is unknown"),
        (["--url", "http://127.0.0.1:1"], "http://127.0.0.1:1 cannot be reached"),
        (["--url", "here"], "--url: 'here' must start with http:// or https://"),
        (["--url", "http://127.0.0.1:1", "--controls", "none"], "--url measures what that proxy does"),
        (["--plot", "picture.pdf"], "must end in .png or .svg"),
        (["--fail-under", "nan"], "--fail-under: give a number"),
        (["--query-template", "nowhere.json"], "nowhere.json: cannot be read"),
        (["--field", "no.such.field"], "not one of its 120 searches has a hit in"),
    ],
)
def test_bad_input_ends_in_one_line(evaluate: Evaluate, words: list[str], complaint: str) -> None:
    ran = evaluate(*words)
    assert complaint in ran.error


def test_a_log_with_nothing_in_it_and_one_with_something_else_end_in_one_line(
    evaluate: Evaluate, tmp_path: Path
) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    assert "no search stands in it" in evaluate(log=tmp_path / "empty.jsonl").error
    (tmp_path / "odd.jsonl").write_text(
        '{"session": [{"sku": "a", "type": "wished"}], "query": "mug", "clicked": "a"}\n'
    )
    assert "events of type 'wished'; known are view" in evaluate(log=tmp_path / "odd.jsonl").error


def test_an_engine_that_is_not_up_ends_in_one_line(evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONRANK_UPSTREAM", "http://127.0.0.1:1")
    assert "http://127.0.0.1:1 cannot be reached" in evaluate().error


def test_a_store_that_is_not_up_ends_in_one_line(evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONRANK_REDIS_URL", "redis://127.0.0.1:1/0")
    assert "Redis at 127.0.0.1:1" in evaluate("--strategy", "covisit").error


def test_a_release_without_the_signal_asked_for_ends_in_one_line(
    evaluate: Evaluate, environment: dict[str, str], direct: Ask, tmp_path: Path
) -> None:
    name = f"vectors{secrets.token_hex(4)}"
    assert direct("PUT", f"/{name}/_doc/a?refresh=true", {"name": "heart"}).status == 201
    planted_vectors(["a", "b"], seed=1)[0].save(tmp_path / "v.npz")
    command(["index", "vectors", str(tmp_path / "v.npz"), "--index", name], environment)
    write_log(tmp_path / "log.jsonl", [SearchCase((), "heart", "a")])
    told = evaluate("--index", name, "--strategy", "covisit", log=tmp_path / "log.jsonl")
    assert "`covisit` orders by covisits, and release" in told.error
    direct("DELETE", f"/{name}")
