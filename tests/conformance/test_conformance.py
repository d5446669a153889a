"""Every request of the catalogue, on every engine: through the proxy it is answered as the promise says."""

from __future__ import annotations

import pytest

from tests.conformance.catalogue.registry import CATALOGUE
from tests.conformance.report import COMMITTED, table
from tests.conformance.results import OWN_URL, Results, engine_names
from tests.conformance.shop import cluster_of
from tests.conformance.stand import VIEWED_CLUSTER


@pytest.mark.parametrize("group", CATALOGUE)
@pytest.mark.parametrize("engine", engine_names())
def test_answers_through_the_proxy_are_the_engines_but_for_the_order(results: Results, engine: str, group: str) -> None:
    problems = results.problems(engine, group)
    assert not problems, "\n" + problems


@pytest.mark.parametrize("engine", engine_names())
def test_a_session_sees_its_own_kind_first(results: Results, engine: str) -> None:
    """The order that all rows were compared in is one that a session makes: those of the viewed cluster lead."""
    trial = results.trial(engine)
    headers = (("Content-Type", "application/json"), *trial.engine.authorization, *trial.session)
    body = b'{"query":{"match_all":{}},"size":20}'
    got = trial.proxy.ask("POST", f"/{trial.names['index']}/_search", headers, body)
    clusters = [cluster_of(int(each[1:])) for each in got.ids() if each[0] == "p"]
    known = [cluster == VIEWED_CLUSTER for cluster in clusters if cluster is not None]
    assert sum(known) >= 3
    assert not all(known)
    assert known == sorted(known, reverse=True)


if not OWN_URL:

    @pytest.mark.timeout(900)
    def test_the_committed_table_is_what_the_run_gives(results: Results) -> None:
        assert COMMITTED.read_text(encoding="utf-8") == table(results), (
            "docs/compatibility.md is not what the run gives; write it anew: python -m tests.conformance.report"
        )
