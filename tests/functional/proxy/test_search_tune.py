"""``search tune`` against a real engine and a real Redis: what it writes into the release, and what follows from it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
import urllib3

from proxy.backends.registry import backend_from_urls
from proxy.commands.search_tune import _write
from proxy.deadline import Deadline
from proxy.gate import Route
from proxy.pipeline import Pipeline
from proxy.ranking.registry import BY_RELEASE
from proxy.rankings import Rankings
from proxy.request import ClientRequest
from proxy.sessions.base import Event
from proxy.sessions.identity import Hasher
from proxy.sessions.registry import from_url
from proxy.settings import ProxySettings
from sessionrank import keys
from sessionrank.errors import ConfigurationError
from sessionrank.ranking import NOTHING_HELPS, Ranking
from sessionrank.searchlog import SearchCase, write_log
from sessionrank.settings import read_settings
from tests.support.model_run import Ran
from tests.support.search_run import searching
from tests.support.search_shop import SearchShop, load_search_shop, planned_searches, sku_of
from tests.support.shop import command
from tests.support.stack import TestStack

Tune = Callable[..., Ran]
#: A ranking that tuning would not make.
MARK = Ranking("mix", {"covisit": 0.25}, {"cases": 1}).to_json().encode()


@pytest.fixture(scope="module")
def environment(stack: TestStack) -> dict[str, str]:
    own = stack.redis_url.rpartition("/")[0] + "/12"
    return {**stack.environment, "SESSIONRANK_REDIS_URL": own, "SESSIONRANK_BUDGET_MS": "10000"}


@pytest.fixture(scope="module")
def planned(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> SearchShop:
    folder = tmp_path_factory.mktemp("tuned")
    return load_search_shop(folder, environment, f"tuned{secrets.token_hex(4)}", cases=300)


@pytest.fixture
def tune(environment: dict[str, str], planned: SearchShop, monkeypatch: pytest.MonkeyPatch) -> Tune:
    """``search tune`` on the log of the shop, or another one, told in wide lines."""
    monkeypatch.setenv("COLUMNS", "200")
    search = searching(monkeypatch, environment, index=planned.alias)
    return lambda *words, log=planned.log: search("tune", log, *words)


@dataclass(frozen=True)
class Kept:
    """What the store has as the ranking of the release."""

    client: redis.Redis
    release: str

    @property
    def key(self) -> str:
        return keys.ranking(self.release)

    def __call__(self) -> bytes:
        found = self.client.get(self.key)
        assert isinstance(found, bytes)
        return found


@pytest.fixture
def kept(environment: dict[str, str], planned: SearchShop) -> Iterator[Kept]:
    """At first :data:`MARK`."""
    with redis.Redis.from_url(environment["SESSIONRANK_REDIS_URL"]) as client:
        kept = Kept(client, planned.index.removeprefix(f"{planned.alias}-"))
        client.set(kept.key, MARK)
        yield kept


def test_what_is_best_on_the_searches_is_written_into_the_release_with_its_figures(
    tune: Tune, planned: SearchShop, kept: Kept
) -> None:
    document = tune("--json").json
    assert {name: document[name] for name in ("log", "index", "release", "written")} == {
        "log": "searches.jsonl", "index": planned.alias, "release": kept.release, "written": True,
    }  # fmt: skip
    (row,) = document["rows"]
    ranking = Ranking.from_json(kept())
    assert row["ranking"] == {
        "strategy": ranking.strategy, "weights": dict(ranking.weights), "measured": dict(ranking.measured),
    }  # fmt: skip
    # Each search ends with another thing of the style that was looked at before, and covisits know just that.
    assert ranking.strategy == "covisit"
    measured = ranking.measured
    assert measured["mrr"] == 1.0
    assert 0.1 < measured["low"] <= measured["difference"] == pytest.approx(1.0 - measured["mrr_plain"])
    assert (measured["seed"], measured["log"], measured["harmed"]) == (1, "searches.jsonl", [])
    assert 100 <= measured["cases"] <= 200
    assert measured["visitors"] == measured["cases"] / 2
    assert row["chosen_on"]["mrr"] == row["chosen_on"]["tried"]["covisit"] == 1.0
    assert row["settings"] == {}
    assert row["refused"] == {"searches": 0, "first": None}
    told, defaults = measured["settings"], ProxySettings()
    assert (told["window"], told["session_decay"], told["popularity"], told["event_weights"]) == (
        defaults.window, defaults.session_decay, defaults.popularity, list(defaults.event_weights),
    )  # fmt: skip


def test_the_table_tells_the_choice_and_what_it_is_worth(tune: Tune, kept: Kept) -> None:
    told = tune()
    assert (told.code, told.err) == (0, "")
    assert "as they are" in told.out
    assert "1.000" in told.out
    assert "searches that nothing was chosen on: cosine 0." in told.out
    assert "Written into release " in told.out
    assert kept() != MARK


@dataclass
class RunningProxy:
    """A proxy in this process, with a clock of its own for what it believes of releases, and a visitor of a style."""

    pipeline: Pipeline
    alias: str
    session: str
    now: float = 1000.0

    def search(self, query: str) -> tuple[str, str]:
        """Why the order is the engine's (empty where it is not), and the first hit."""
        body = json.dumps({"query": {"match": {"name": query}}}).encode()
        headers = [("Content-Type", "application/json"), ("X-Session-Id", self.session)]
        request = ClientRequest("POST", f"/{self.alias}/_search", headers, body)
        answer = self.pipeline.search(request, Route((self.alias,), "search", repeatable=True))
        assert isinstance(answer.body, bytes)
        return answer.reason, json.loads(answer.body)["hits"]["hits"][0]["_id"]


@pytest.fixture
def running(environment: dict[str, str], planned: SearchShop) -> Iterator[RunningProxy]:
    upstream = (environment["SESSIONRANK_UPSTREAM"],)
    settings = ProxySettings(upstream=upstream, indices=(planned.alias,), budget_ms=10_000)
    engine = backend_from_urls(upstream, pool_size=1)
    store = from_url(environment["SESSIONRANK_REDIS_URL"], cap=20, ttl=60)
    hasher, session = Hasher(store, b"a key of sixteen bytes or more"), secrets.token_hex(8)
    store.append(hasher.digest(session, Deadline(10)), [Event(sku_of(9, 3), "view", 1)], Deadline(10))
    rankings = Rankings(store, BY_RELEASE, clock=lambda: made.now)
    made = RunningProxy(Pipeline(settings, engine, store, hasher, rankings), planned.alias, session)
    yield made
    store.close()
    engine.close()


def test_another_release_that_serves_by_the_time_of_writing_is_not_touched_nor_is_the_one_measured(
    tune: Tune, planned: SearchShop, kept: Kept
) -> None:
    """Given what was measured of a release that the alias has left since."""
    (row,) = tune("--dry-run", "--json").json["rows"]
    gone = "20990101000000abcdef"
    with pytest.raises(ConfigurationError, match=f"another release of {planned.alias} was published meanwhile"):
        _write(read_settings(ProxySettings), planned.alias, {**row, "release": gone})
    assert kept() == MARK
    assert kept.client.get(keys.ranking(gone)) is None


def test_a_query_that_the_engine_cannot_parse_is_left_out_and_told(
    tune: Tune, planned: SearchShop, tmp_path: Path
) -> None:
    (tmp_path / "body.json").write_text('{"query": {"query_string": {"query": "{{query}}", "fields": ["name"]}}}')
    write_log(tmp_path / "odd.jsonl", [*planned_searches(30), SearchCase((), "mug (", sku_of(0, 0))])
    told = tune("--query-template", tmp_path / "body.json", "--dry-run", "--json", log=tmp_path / "odd.jsonl")
    (row,) = told.json["rows"]
    assert row["refused"]["searches"] == 1
    assert row["refused"]["first"].startswith("the search 'mug (' was answered with 400: Failed to parse query")
    assert told.err.startswith("1 of 31 searches are refused and left out, such as this: the search 'mug (' was")
    assert told.err.count("\n") == 1
    assert row["ranking"]["measured"]["too_few"] == 30


def test_a_proxy_that_runs_follows_within_five_seconds(tune: Tune, running: RunningProxy, kept: Kept) -> None:
    wanted = sku_of(9, 0)
    kept.client.set(kept.key, NOTHING_HELPS.to_json())
    reason, first = running.search("mug")
    assert (reason, first != wanted) == ("strategy-none", True)
    assert tune("--json").json["written"]
    running.now += 4.9
    assert running.search("mug") == (reason, first)
    running.now += 0.2
    assert running.search("mug") == ("", wanted)


def test_that_proxies_are_told_another_strategy_is_said(tune: Tune, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONRANK_STRATEGY", "cosine")
    told = tune("--json")
    assert told.json["written"]
    assert told.err == "SESSIONRANK_STRATEGY is cosine here: proxies so set do not ask the release.\n"
    assert tune("--dry-run").err == ""


def test_a_dry_run_writes_nothing(tune: Tune, kept: Kept) -> None:
    document = tune("--dry-run", "--json").json
    assert document["written"] is False
    assert document["rows"][0]["ranking"]["strategy"] == "covisit"
    assert kept() == MARK
    assert tune("--dry-run").out.endswith("\nNothing was written.\n")


def test_a_grid_of_settings_tells_the_best_and_writes_nothing(tune: Tune, kept: Kept) -> None:
    """With a window of six of twelve hits what is clicked is not always among them."""
    document = tune("--grid", "window=6,12", "--grid", "event_weights=click=2+view=1,", "--json").json
    rows = document["rows"]
    assert [row["settings"] for row in rows] == [
        {"window": window, "event_weights": weights} for window in (6, 12) for weights in (["click=2", "view=1"], [])
    ]
    measured_under = [row["ranking"]["measured"]["settings"] for row in rows]
    assert [(each["window"], each["event_weights"]) for each in measured_under] == [
        tuple(row["settings"].values()) for row in rows
    ]
    narrow, wide = rows[0]["chosen_on"]["mrr"], rows[2]["chosen_on"]["mrr"]
    assert narrow < wide == 1.0
    assert document["written"] is False
    assert kept() == MARK
    told = tune("--grid", "window=6,12", "--grid", "event_weights=click=2+view=1").out
    assert "Best where it was chosen: SESSIONRANK_WINDOW=12 SESSIONRANK_EVENT_WEIGHTS=click=2,view=1." in told
    assert "window 6, event_weights click=2,view=1" in told


def test_with_too_few_searches_what_was_measured_stays_and_else_the_cautious_defaults_say_so(
    tune: Tune, kept: Kept, tmp_path: Path
) -> None:
    write_log(tmp_path / "few.jsonl", planned_searches(150))
    told = tune(log=tmp_path / "few.jsonl")
    assert (told.code, told.err, kept()) == (0, "", MARK)
    assert "Fewer than 100 searches in a part have signals and their click in the window" in told.out
    assert told.out.endswith("\nNothing was written.\n")
    kept.client.delete(kept.key)
    assert tune(log=tmp_path / "few.jsonl").code == 0
    ranking = Ranking.from_json(kept())
    assert (ranking.strategy, ranking.weights, ranking.measured["too_few"]) == ("mix", {}, 150)
    grid = tune("--grid", "window=6,12", log=tmp_path / "few.jsonl")
    assert grid.out.endswith("\nNothing was written.\n")
    assert "Best where" not in grid.out


def test_a_release_whose_visits_say_nothing_is_left_in_the_engines_order(
    tune: Tune, kept: Kept, tmp_path: Path
) -> None:
    """The same searches, but each with another one's click: who looks at a style wants any."""
    cases = planned_searches(300)
    others = [
        SearchCase(case.session, case.query, other.clicked[:3] + case.clicked[3:], id=case.id)
        for case, other in zip(cases, [*cases[150:], *cases[:150]], strict=True)
    ]
    write_log(tmp_path / "any.jsonl", others)
    told = tune(log=tmp_path / "any.jsonl")
    assert "Nothing was significantly better than the engine's order (tried: " in told.out
    ranking = Ranking.from_json(kept())
    assert (ranking.strategy, ranking.weights) == ("none", {})
    assert ranking.measured["low"] <= 0


def test_products_that_are_gone_are_left_out_with_a_note_unless_all_are(tune: Tune, kept: Kept, tmp_path: Path) -> None:
    cases = [*planned_searches(300), *(SearchCase((), "mug", f"GONE{number}") for number in range(10))]
    write_log(tmp_path / "old.jsonl", cases)
    told = tune("--grid", "window=6,12", "--json", log=tmp_path / "old.jsonl")
    assert told.code == 0
    assert told.err.count("10 of 310 searches are left out\n") == told.err.count("\n") == 1
    write_log(tmp_path / "gone.jsonl", cases[300:])
    gone = tune(log=tmp_path / "gone.jsonl")
    assert "gone.jsonl: none of the 10 clicked products is in tuned" in gone.error
    assert kept() == MARK


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--index", "no-such-index"], "the engine has no index no-such-index"),
        (["--grid", "strategy=mix"], "--grid strategy=mix: give SETTING=V,V,… with one of"),
        (["--grid", "window=0"], "--grid window=0: 0 is not between 1 and 10000"),
        (["--query-template", "nowhere.json"], "nowhere.json: cannot be read"),
    ],
)
def test_bad_input_ends_in_one_line(
    tune: Tune, kept: Kept, words: list[str], complaint: str
) -> None:  # fmt: skip
    told = tune(*words)
    assert complaint in told.error
    assert told.err.count("\n") == 1
    assert kept() == MARK


def test_a_log_or_a_template_that_is_none_ends_in_one_line(tune: Tune, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    assert "empty.jsonl: no search stands in it" in tune(log=tmp_path / "empty.jsonl").error
    assert "no such file" in tune(log=tmp_path / "missing.jsonl").error
    (tmp_path / "body.json").write_text('{"query": {"match": {"name": "mug"}}}')
    assert "{{query}} stands nowhere in it" in tune("--query-template", tmp_path / "body.json").error
    (tmp_path / "odd.jsonl").write_text('{"session": [{"sku": "a", "type": "wished"}], "query": "q", "clicked": "a"}\n')
    assert "events of type 'wished'" in tune(log=tmp_path / "odd.jsonl").error


def test_several_indices_and_none_chosen_ends_in_one_line(tune: Tune, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONRANK_INDICES", "a,b")
    assert "which index? SESSIONRANK_INDICES is a,b; say --index NAME" in tune().error


def test_an_engine_or_a_store_that_is_not_up_ends_in_one_line(tune: Tune, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("SESSIONRANK_UPSTREAM", "http://127.0.0.1:1")
        assert "http://127.0.0.1:1 cannot be reached" in tune().error
    monkeypatch.setenv("SESSIONRANK_REDIS_URL", "redis://127.0.0.1:1/0")
    assert "Redis at 127.0.0.1:1" in tune().error


def test_an_index_for_which_nothing_is_published_ends_in_one_line(
    tune: Tune, planned: SearchShop, environment: dict[str, str], tmp_path: Path
) -> None:
    foreign = f"foreign{secrets.token_hex(4)}"
    url = f"{environment['SESSIONRANK_UPSTREAM']}/{foreign}"
    document = f"{url}/_doc/{sku_of(0, 0)}?refresh=true"
    assert urllib3.request("PUT", document, json={"name": "red mug"}, retries=False).status == 201
    write_log(tmp_path / "log.jsonl", [SearchCase((), "mug", sku_of(0, 0))])
    try:
        told = tune("--index", foreign, log=tmp_path / "log.jsonl")
        assert f"nothing is published for {foreign}" in told.error
    finally:
        urllib3.request("DELETE", url, retries=False)


def test_a_release_without_vectors_and_covisits_ends_in_one_line(
    tune: Tune, environment: dict[str, str], tmp_path: Path
) -> None:
    alias = f"bare{secrets.token_hex(4)}"
    (tmp_path / "catalog.jsonl").write_text('{"sku": "A", "name": "red mug"}\n')
    command(["index", "load", str(tmp_path / "catalog.jsonl"), "--alias", alias, "--no-measure"], environment)
    write_log(tmp_path / "log.jsonl", [SearchCase((), "mug", "A")])
    told = tune("--index", alias, log=tmp_path / "log.jsonl")
    assert f" of {alias} has none; publish them with --vectors" in told.error
