"""Ten thousand fuzzed requests through served proxies before a real engine: bytes that hypothesis draws and shrinks."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.support.asking import Ask
from tests.support.fuzz_bodies import Names
from tests.support.fuzz_client import Talk
from tests.support.fuzz_forwarder import forwarder
from tests.support.fuzz_judge import Judge, Place
from tests.support.fuzz_talks import talks
from tests.support.served import Served, serving
from tests.support.shop import Shop
from tests.support.stack import TestStack

REQUESTS = 10_000
EXAMPLES_A_ROUND = 100
CLIENTS = 8
#: The proxies that are asked; each has its own way of refusing.
PROXIES = {
    "open": {},
    "guarded": {
        "SESSIONRANK_GUARD_SCRIPTS": "true",
        "SESSIONRANK_GUARD_PATTERNS": "true",
        "SESSIONRANK_MAX_SIZE": "1000",
        "SESSIONRANK_MAX_AGGREGATIONS": "2",
        "SESSIONRANK_MAX_NESTING": "60",
    },
    "signed": {},
}
#: Small enough for what is drawn to reach them.
LIMITS = {"SESSIONRANK_MAX_BODY_BYTES": str(128 * 1024), "SESSIONRANK_MAX_RESPONSE_BYTES": str(64 * 1024)}


@pytest.fixture(scope="module")
def secret(direct: Ask) -> Iterator[tuple[str, str]]:
    """An index that is nobody's business, and the word that stands in it."""
    index, word = f"fuzzsecret{secrets.token_hex(4)}", f"tangerine{secrets.token_hex(8)}"
    made = direct("PUT", f"/{index}/_doc/1?refresh=true", {"word": word, "name": f"red heart {word}"})
    assert made.status == 201, made.body
    yield index, word
    direct("DELETE", f"/{index}")


@pytest.fixture(scope="module")
def names(shop: Shop, secret: tuple[str, str], visit: Callable[[Sequence[str]], dict[str, str]]) -> Names:
    """What the words in the drawn bytes stand for; the session is known."""
    skus = shop.of_cluster(1)
    session = visit(skus)["X-Session-Id"]
    return Names(shop=shop.alias, index=shop.index, secret=secret[0], session=session, sku=skus[0])


@pytest.fixture(scope="module")
def stage(stack: TestStack, shop: Shop, secret: tuple[str, str]) -> Iterator[tuple[Judge, list[Served]]]:
    """The proxies, each behind a forwarder of its own, and who judges them."""
    places, running = {}, []
    with ExitStack() as exits:
        for name, own in PROXIES.items():
            behind = exits.enter_context(forwarder(stack.upstream))
            signs = name == "signed"
            upstream = f"http://{'proxy:word@' if signs else ''}127.0.0.1:{behind.port}"
            environment = {**stack.environment, **LIMITS, **own, "SESSIONRANK_UPSTREAM": upstream}
            environment |= {"SESSIONRANK_INDICES": shop.alias, "SESSIONRANK_BUDGET_MS": "10000"}
            proxy = exits.enter_context(serving(environment))
            places[name] = Place(proxy.port, behind, secret[1].encode() if signs else b"")
            running.append(proxy)
        yield Judge(places), running


def _nothing_unforeseen(proxy: Served) -> None:
    log = proxy.log()
    assert "Traceback" not in log, log[log.index("Traceback") - 2000 :][:8000]
    assert len(proxy.workers()) == 1, log[-5000:]


def _state(direct: Ask, indices: str) -> list[bytes]:
    """What a write, a setting or a new index would change."""
    counts = "filter_path=indices.*.primaries.indexing.*_total,indices.*.primaries.docs"
    stored = "filter_path=metadata.stored_scripts,metadata.templates"
    targets = (
        f"/{indices}/_stats/indexing,docs?{counts}",
        f"/{indices}/_mapping",
        f"/{indices}/_settings",
        f"/_cluster/state/metadata?{stored}",
        "/_cluster/settings",
        "/_search/pipeline",
        "/_alias",
        "/_cat/indices?h=index,status&s=index",
    )
    return [direct("GET", target).body for target in targets]


@pytest.mark.timeout(1200)
def test_ten_thousand_fuzzed_requests_get_answers_that_explain_themselves_and_change_nothing(
    stage: tuple[Judge, list[Served]], direct: Ask, shop: Shop, secret: tuple[str, str], names: Names
) -> None:
    judge, running = stage
    before = _state(direct, f"{shop.index},{secret[0]}")
    with ThreadPoolExecutor(CLIENTS) as clients:

        @settings(
            max_examples=EXAMPLES_A_ROUND,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        )
        @given(st.lists(talks(names, ("open", "open", "open", "guarded", "signed")), min_size=1, max_size=12))
        def hold(drawn: list[Talk]) -> None:
            for done in [clients.submit(judge.hear, talk) for talk in drawn]:
                done.result()

        number = 0
        while judge.requests < REQUESTS:
            number += 1
            seed(number)(hold)()
    _let_go(direct, judge)
    assert _state(direct, f"{shop.index},{secret[0]}") == before
    for place, proxy in zip(judge.places.values(), running, strict=True):
        assert not place.behind.harmful
        _nothing_unforeseen(proxy)
    _saw_all_kinds(judge)


def _let_go(direct: Ask, judge: Judge) -> None:
    scrolls = [id_ for kind, id_ in judge.contexts if kind == "_scroll_id"]
    points = [id_ for kind, id_ in judge.contexts if kind == "pit_id"]
    if scrolls:
        answer = direct("DELETE", "/_search/scroll", {"scroll_id": scrolls})
        # 404 says that none is left: all may have outlived their second where the machine is slow.
        assert answer.status == 200 or (answer.status, answer.json()["num_freed"]) == (404, 0), answer.body
    if points:
        assert direct("DELETE", "/_search/point_in_time", {"pit_id": points}).status == 200


def _saw_all_kinds(judge: Judge) -> None:
    """A fuzz that only ever hears `403` proves nothing."""
    seen = {outcome.split(" ")[0] for outcome in judge.outcomes}
    assert seen >= {"personalised", "plain", "refused"}, judge.outcomes
    few = {"personalised", "plain no-session", "plain endpoint", "plain unreadable", "plain own-endpoint",
           "refused gate", "refused guard", "refused not-http", "refused too-large"}  # fmt: skip
    assert all(judge.outcomes[outcome] >= 20 for outcome in few), judge.outcomes
