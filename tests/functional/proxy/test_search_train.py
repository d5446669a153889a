"""``search train`` against a real engine and a real Redis: learned, judged, published, served."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from proxy.commands.search_train import _publish
from proxy.ranking.features import FEATURES
from proxy.settings import ProxySettings
from sessionrank import keys
from sessionrank.errors import ConfigurationError
from sessionrank.ranking import Ranking
from sessionrank.releases import release_of
from sessionrank.searchlog import SearchCase, write_log
from sessionrank.settings import read_settings
from tests.support.search_run import Search, searching
from tests.support.search_shop import STYLES, SearchShop, load_search_shop, planned_searches
from tests.support.stack import TestStack


def fickle_searches(count: int, seed: int = 5) -> list[SearchCase]:
    """Who has seen one product alone clicks the next style instead of its own; the others are as planned."""
    return [
        replace(case, clicked=f"S{(int(case.clicked[1:3]) + 1) % len(STYLES):02d}{case.clicked[3:]}")
        if len(case.session) == 1
        else case
        for case in planned_searches(count, seed)
    ]


@pytest.fixture(scope="module")
def environment(stack: TestStack) -> dict[str, str]:
    return {**stack.environment, "SESSIONRANK_BUDGET_MS": "10000"}


@pytest.fixture(scope="module")
def shop(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> SearchShop:
    folder = tmp_path_factory.mktemp("trained")
    loaded = load_search_shop(folder, environment, f"trained{secrets.token_hex(4)}")
    write_log(folder / "many.jsonl", fickle_searches(400))
    return SearchShop(loaded.alias, loaded.index, folder / "many.jsonl")


@pytest.fixture
def search(environment: dict[str, str], shop: SearchShop, monkeypatch: pytest.MonkeyPatch) -> Search:
    return searching(monkeypatch, environment, index=shop.alias)


@pytest.fixture
def published(
    environment: dict[str, str], shop: SearchShop
) -> Iterator[Callable[[], tuple[bytes | None, Ranking | None]]]:
    """The model and the ranking of the release, as they stand in Redis; afterwards it has neither."""
    release = release_of(shop.index) or ""
    with redis.Redis.from_url(environment["SESSIONRANK_REDIS_URL"]) as client:

        def read() -> tuple[bytes | None, Ranking | None]:
            model, ranking = client.get(keys.learned_model(release)), client.get(keys.ranking(release))
            return model, Ranking.from_json(ranking) if ranking else None

        yield read
        client.delete(keys.learned_model(release), keys.ranking(release))


def test_what_was_learned_orders_the_release_once_it_is_published(
    search: Search, shop: SearchShop, published: Callable[[], tuple[bytes | None, Ranking | None]], tmp_path: Path
) -> None:
    tried = search("train", shop.log, "--json", "--out", tmp_path / "deep" / "model.json").json
    assert published() == (None, None)
    assert tried["better"] is True
    assert tried["published"] is False
    assert tried["present"]["strategy"] == "mix"
    assert tried["protocol"]["learned_on"] + tried["protocol"]["cases"] == 400
    # A sum of signals brings what was seen alone to the top as well; how long a session is can be learned.
    learned, before = (tried["strategies"][name]["metrics"]["mrr"]["mean"] for name in ("learned", "mix"))
    assert learned > before + 0.01
    assert tried["against"]["difference"]["mrr"]["low"] > 0
    written = (tmp_path / "deep" / "model.json").read_bytes()
    assert json.loads(written)["features"] == list(FEATURES)

    shown = search("train", shop.log, "--publish")
    assert shown.code == 0
    assert "Written into release" in shown.out
    model, ranking = published()
    assert model == written
    assert ranking is not None
    assert (ranking.strategy, ranking.measured["cases"]) == ("learned", tried["protocol"]["cases"])
    settings = ranking.measured["settings"]
    assert settings == tried["protocol"]["settings"]
    assert (settings["window"], settings["session_decay"]) == (ProxySettings().window, ProxySettings().session_decay)
    assert ranking.measured["mrr"] == pytest.approx(learned)

    other = tmp_path / "other.jsonl"
    write_log(other, fickle_searches(120, seed=77))
    served = search("evaluate", other, "--strategies", "release,learned,mix", "--controls", "", "--json").json
    mixed = served["strategies"]["mix"]["metrics"]["mrr"]["mean"]
    for name in ("release", "learned"):
        assert served["strategies"][name]["metrics"]["mrr"]["mean"] > mixed
        assert served["strategies"][name]["reasons"] == {"personalised": 120}


def test_what_is_not_better_is_published_by_force_alone(
    search: Search, shop: SearchShop, published: Callable[[], tuple[bytes | None, Ranking | None]], tmp_path: Path
) -> None:
    """Clicks that nothing can foretell: the product of the visitor before."""
    cases = planned_searches(400, seed=8)
    turned = [replace(case, session=other.session) for case, other in zip(cases, [*cases[7:], *cases[:7]], strict=True)]
    write_log(tmp_path / "turned.jsonl", turned)
    kept = search("train", tmp_path / "turned.jsonl", "--publish", "--holdout", "0.5", "--json").json
    assert (kept["better"], kept["published"]) == (False, False)
    assert published() == (None, None)
    forced = search("train", tmp_path / "turned.jsonl", "--publish", "--force", "--holdout", "0.5")
    assert "Not better than mix, or not surely better than the engine's own order" in forced.out
    assert published()[0]


def test_a_release_that_the_alias_has_left_since_gets_no_model(
    search: Search, shop: SearchShop, environment: dict[str, str]
) -> None:
    gone = "20990101000000abcdef"
    with pytest.raises(ConfigurationError, match=f"another release of {shop.alias} was published meanwhile"):
        _publish(read_settings(ProxySettings), shop.alias, gone, b"a model", Ranking("learned"))
    with redis.Redis.from_url(environment["SESSIONRANK_REDIS_URL"]) as client:
        assert client.exists(keys.learned_model(gone), keys.ranking(gone)) == 0


def test_bad_input_is_one_line_that_says_what_to_do(search: Search, shop: SearchShop, tmp_path: Path) -> None:
    write_log(tmp_path / "few.jsonl", planned_searches(150))
    for words, said in (
        (("train", shop.log, "--force"), "say --publish as well"),
        (("train", tmp_path / "none.jsonl"), "none.jsonl"),
        (("train", shop.log, "--cases", "200"), "searches are held back; 100 are the least"),
        (("train", tmp_path / "few.jsonl", "--holdout", "0.5"), "100 are the least"),
        (("train", shop.log, "--index", "nowhere-at-all"), "nowhere-at-all"),
        (("evaluate", shop.log, "--strategies", "learned"), "search train LOG --publish"),
    ):
        ran = search(*words)
        assert ran.code == 2
        assert said in ran.err
        assert ran.err.count("\n") == 1
